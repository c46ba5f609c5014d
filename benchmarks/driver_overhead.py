"""What a driver's call costs more than the same bare call: `python benchmarks/driver_overhead.py`.

Each line: a reading by the driver, and the same bytes by pyvisa, pyserial or seabreeze on a device of
the same simulated bench, in turn, and the ratio of the medians. Budget: 1.10.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from drivers.clock import Clock
from drivers.usb_over_ip import register_usb_bus
from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.config import read_rig_file

Call = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--speed", type=float, default=1.0)
    arguments = parser.parse_args()
    with BenchProcess(BenchRequest(speed=arguments.speed)) as bench:
        rig = read_rig_file(bench.rig_path).configuration
        register_usb_bus(rig.connection.usb_bus)
        for name, ours, bare, calls in (
            *laser_calls(rig.laser.resource),
            *monitor_calls(rig.monitor.resource, arguments.speed),
            *shutter_calls(rig.shutter.port),
            *spectrometer_calls(),
        ):
            compare(name, ours, bare, min(arguments.calls, calls))


def compare(name: str, ours: Call, bare: Call, calls: int) -> None:
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for turn in range(calls + 5):
        pair = [("ours", ours), ("bare", bare)]
        for who, call in pair if turn % 2 else reversed(pair):
            began = time.perf_counter()
            call()
            if turn >= 5:
                times[who].append(time.perf_counter() - began)
    driver, library = (statistics.median(times[who]) * 1e3 for who in ("ours", "bare"))
    print(f"{name:34s} driver {driver:7.3f} ms   bare {library:7.3f} ms   ratio {driver / library:.3f}")


def laser_calls(resource: str) -> list[tuple[str, Call, Call, int]]:
    from drivers.itc4001 import ITC4001

    laser = ITC4001.connect(resource)
    bare = laser.adapter.connection
    return [
        ("laser: MEAS:CURR?", lambda: laser.current, lambda: float(bare.query("MEAS:CURR?")), 10**6),
        (
            "laser: STAT:MEAS:COND?",
            lambda: laser.protections,
            lambda: int(float(bare.query("STAT:MEAS:COND?"))),
            10**6,
        ),
    ]


def monitor_calls(resource: str, speed: float) -> list[tuple[str, Call, Call, int]]:
    from drivers.pm320 import PM320

    meter = PM320.connect(resource, clock=Clock(speed))
    bare = meter.adapter.connection

    last_s = time.monotonic()

    def slowly() -> float:
        # The meter can't bear commands in a row: whoever talks to it has to keep the distance.
        nonlocal last_s
        time.sleep(max(last_s + 0.005 / speed - time.monotonic(), 0.0))
        power_w = float(bare.query(":POW1:VAL?"))
        last_s = time.monotonic()
        meter._last_traffic = meter.clock.monotonic()  # the driver can't know of it
        return power_w

    def driver() -> float:
        nonlocal last_s
        power_w = float(meter.ch_1.power)
        last_s = time.monotonic()
        return power_w

    return [("monitor: :POW1:VAL? (5 ms apart)", driver, slowly, 200)]


def shutter_calls(port: str) -> list[tuple[str, Call, Call, int]]:
    from drivers.sc10 import SC10

    shutter = SC10.connect(port)
    line = shutter.adapter.connection

    def bare() -> int:
        line.write(b"closed?\r")
        reply = line.read_until(b"\r> ")
        while not reply.endswith(b"\r> "):  # the driver's port gives up after 50 ms and is asked again
            reply += line.read_until(b"\r> ")
        return int(reply.split(b"\r")[1])

    return [("shutter: closed?", lambda: shutter.blade_closed, bare, 150)]


def spectrometer_calls() -> list[tuple[str, Call, Call, int]]:
    from drivers.nirquest512 import NIRQuest512

    spectrometer = NIRQuest512.connect()
    transport = spectrometer._link._protocol  # the very device the driver holds: it can be opened once
    thermo = spectrometer._link._device.f.thermo_electric
    spectrometer.set_integration_time_s(0.02)
    spectrometer.acquire(1)

    def scans() -> None:
        for _ in range(10):
            transport.transport.write(b"\x09")
            transport.receive(size=1025, timeout_ms=2000, mode="high_speed")

    return [
        (
            "spectrometer: temperature",
            spectrometer.read_temperature_c,
            thermo.read_temperature_degrees_celsius,
            10**6,
        ),
        ("spectrometer: 10 scans of 20 ms", lambda: spectrometer.acquire(10), scans, 20),
    ]


if __name__ == "__main__":
    main()
