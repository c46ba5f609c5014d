"""What `plqy instruments` tells of each instrument: who it is, how it is, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.errors import RigError
from drivers.protocols import (
    Attenuator,
    Instrument,
    LaserDriver,
    PowerMonitor,
    Shutter,
    Spectrometer,
)
from plqy_rig.rig import Rig


def report_instruments(rig: Rig) -> list[dict[str, Any]]:
    """One entry per instrument of the rig file: name, connected, identity, state, problem."""
    states: dict[str, tuple[Instrument | None, Callable[[Any], str]]] = {
        "shutter": (rig.shutter, _shutter),
        "laser": (rig.laser, _laser),
        "attenuator": (rig.attenuator, _attenuator),
        "monitor": (rig.monitor, _monitor),
        "spectrometer": (rig.spectrometer, _spectrometer),
    }
    return [
        _report(name, instrument, state, rig.failures.get(name))
        for name, (instrument, state) in states.items()
    ]


def _report(
    name: str, instrument: Instrument | None, state: Callable[[Any], str], failure: RigError | None
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "name": name,
        "connected": instrument is not None,
        "identity": None,
        "state": "",
        "problem": "" if failure is None else str(failure),
    }
    if instrument is None:
        return report
    try:
        identity = instrument.identity
        report["identity"] = {
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "serial_number": identity.serial_number,
            "firmware": identity.firmware,
        }
        report["state"] = state(instrument)
    except RigError as error:
        report["problem"] = str(error)
        report["state"] = f"trouble: {error}"
    return report


def _shutter(shutter: Shutter) -> str:
    return "closed" if shutter.blade_closed else "OPEN"


def _attenuator(wheel: Attenuator) -> str:
    return (
        f"at {wheel.angle_deg:.1f}°" if wheel.homed else "not homed: a run homes it with the shutter closed"
    )


def _monitor(monitor: PowerMonitor) -> str:
    return f"reads {monitor.read_power_w():.3g} W"


def _spectrometer(spectrometer: Spectrometer) -> str:
    return f"detector at {spectrometer.read_temperature_c():.1f} °C"


def _laser(laser: LaserDriver) -> str:
    state = laser.read_state()
    parts = [
        f"output {'ON' if state.output_enabled else 'off'}",
        f"{state.temperature_c:.2f} °C",
        "temperature control " + ("on" if state.temperature_control_enabled else "OFF"),
        *state.protections,
    ]
    return ", ".join(parts)
