"""When the firmware's steps really come, measured at the simulated pins.

`PYTHONPATH=tests python -m nd_wheel_far_ends.step_timing` prints the figures.
"""

from __future__ import annotations

import math
import sys
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from nd_wheel_far_ends.client import Client, sealed
from nd_wheel_far_ends.far_ends import CHARACTER_S, make_far_end
from numpy.typing import NDArray

from sim.instruments.nd_wheel_firmware import NdWheelFirmware

_CYCLES_PER_SECOND = 16e6


@dataclass(frozen=True)
class Movement:
    """Pulses of one movement."""

    rate: int
    acceleration: int
    times_s: NDArray[np.float64]
    """Rising edges; 0 is where the motor would have left if it had started with a step's wait."""
    up: bool
    shortest_pulse_s: float

    @property
    def ideal_s(self) -> NDArray[np.float64]:
        """Step times of the trapezoid with the same rate and acceleration."""
        steps = len(self.times_s)
        number = np.arange(1, steps + 1, dtype=np.float64)
        ramp = min(self.rate**2 / (2 * self.acceleration), steps / 2)
        top = math.sqrt(2 * self.acceleration * ramp)
        total_s = 2 * top / self.acceleration + (steps - 2 * ramp) / top
        going = np.sqrt(2 * np.minimum(number, ramp) / self.acceleration)
        going += np.clip(number - ramp, 0, steps - 2 * ramp) / top
        left = steps - number
        slowing = total_s - np.sqrt(2 * left / self.acceleration)
        return np.where(left < ramp, slowing, going)

    @property
    def shape_error(self) -> float:
        """Largest deviation of a step's time from the trapezoid, relative to the whole movement."""
        ideal_s = self.ideal_s
        offset_s = self.times_s[0] - ideal_s[0]
        return float(np.max(np.abs(self.times_s - offset_s - ideal_s)) / ideal_s[-1])

    @property
    def duration_error(self) -> float:
        """Duration first to last step against the trapezoid's, relative."""
        ideal_s = self.ideal_s
        return float((self.times_s[-1] - self.times_s[0]) / (ideal_s[-1] - ideal_s[0]) - 1.0)

    @property
    def waits_s(self) -> NDArray[np.float64]:
        return np.diff(self.times_s)

    @property
    def cruise_waits_s(self) -> NDArray[np.float64]:
        """Waits at full speed: without the ramps and two steps beside them."""
        ramp = math.ceil(self.rate**2 / (2 * self.acceleration)) + 2
        return self.waits_s[ramp:-ramp]


def measure(rate: int, acceleration: int, target: int, *, busy: bool) -> list[Movement]:
    """Home, set rate and acceleration, move to `target`; a busy host sends requests without a pause."""
    with closing(make_far_end("firmware")) as far_end:
        wheel = far_end.wheel
        assert isinstance(wheel, NdWheelFirmware)
        client = Client(far_end)
        client.wait(0.1)
        client.home()
        client.ask(f"SET VMAX {rate}")
        client.ask(f"SET ACC {acceleration}")
        wheel.command("steps start")
        client.ask(f"MOVE {target}")
        if busy:
            _chatter(client)
        assert client.until_still().position == target
        return _movements(rate, acceleration, wheel.command("steps get"))


def _chatter(client: Client) -> None:
    """As many bytes in both directions as the line carries, for a second and a half."""
    for number in range(100):
        client.far_end.write(sealed("@", f"{number} STAT"))
        client.lines(45 * CHARACTER_S)
    client.lines(0.1)


def _movements(rate: int, acceleration: int, pulses: list[str]) -> list[Movement]:
    rows = [
        (int(cycle), way == "+", int(width)) for cycle, way, width in (pulse.split(":") for pulse in pulses)
    ]
    movements = []
    for up in (False, True):
        chosen = [row for row in rows if row[1] is up]
        if chosen:
            times_s = np.array([row[0] for row in chosen]) / _CYCLES_PER_SECOND
            shortest_s = min(row[2] for row in chosen) / _CYCLES_PER_SECOND
            movements.append(Movement(rate, acceleration, times_s, up, shortest_s))
    return movements


def report() -> None:
    for rate, acceleration, target, busy in (
        (1600, 16000, 2400, False),
        (1600, 16000, 2400, True),
        (400, 2000, 1000, True),
        (1600, 16000, 90, False),
        (5000, 60000, 2400, True),
    ):
        (movement,) = measure(rate, acceleration, target, busy=busy)
        cruise_us = movement.cruise_waits_s * 1e6
        jitter = (
            f"{cruise_us.std():.2f} us rms, {np.ptp(cruise_us):.1f} us peak to peak"
            if cruise_us.size
            else "-"
        )
        sys.stdout.write(
            f"{rate} steps/s, {acceleration} steps/s^2, {'busy' if busy else 'quiet'} line: "
            f"{len(movement.times_s)} of {target} steps, shape error {movement.shape_error:.3%}, "
            f"duration {movement.duration_error:+.3%}, jitter at full speed {jitter}, "
            f"fastest step {1 / movement.waits_s.min():.1f}/s, "
            f"shortest pulse {movement.shortest_pulse_s * 1e6:.1f} us\n"
        )


if __name__ == "__main__":
    report()
