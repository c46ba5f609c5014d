"""`python -m sim` with the real firmware as the wheel: same options, same first line.

PYTHONPATH=tests python -m nd_wheel_far_ends.firmware_bench --speed 20
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from nd_wheel_far_ends import tools

import sim.__main__ as bench_program
from sim.bench import Bench, BenchSetup
from sim.clock import BenchClock
from sim.instruments.nd_wheel import NdWheelOptions
from sim.instruments.nd_wheel_firmware import NdWheelFirmware


def _make_wheel(
    seed: int, on_angle: Callable[[float, float], None], options: NdWheelOptions | None
) -> NdWheelFirmware:
    return NdWheelFirmware(tools.host(), tools.firmware(), seed, on_angle, options)


def _make_bench(setup: BenchSetup, speed: float) -> Bench:
    tools.host(), tools.firmware()  # built before the bench's time begins
    return Bench(setup, BenchClock(speed), make_wheel=_make_wheel)


if __name__ == "__main__":
    bench_program.make_bench = _make_bench
    sys.exit(bench_program.main())
