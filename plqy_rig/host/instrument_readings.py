"""Readings as faces show them: name, value, unit, when, and whether that is how it should be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol, cast, runtime_checkable

from drivers.errors import InvalidReadingError
from drivers.protocols import Attenuator, Instrument, LaserDriver, PowerMonitor, Shutter, Spectrometer
from plqy_rig.config import RigConfiguration
from plqy_rig.engine.readings import LASER_CURRENT, LASER_OUTPUT, SHUTTER_OPEN, Reading

GOOD, WARNING, BAD, UNKNOWN = "good", "warning", "bad", "unknown"
_LASER_OFF_BY_K = 1.0
_DETECTOR_OFF_BY_K = 2.0

Row = dict[str, Any]


@runtime_checkable
class _HasInterlock(Protocol):
    @property
    def interlock_open(self) -> bool: ...


def row(name: str, value: float | str | bool | None, unit: str, time_s: float, state: str = GOOD) -> Row:
    """One reading; a number that isn't finite is None and unknown."""
    if isinstance(value, float) and not math.isfinite(value):
        value, state = None, UNKNOWN
    return {"name": name, "value": value, "unit": unit, "time_s": time_s, "state": state}


def read_instrument(
    name: str, instrument: Instrument, configuration: RigConfiguration, time_s: float
) -> list[Row]:
    """Ask one instrument for all that faces show of it.

    Args:
        name: its name in the rig file.
        instrument: connected.
        configuration: set points and limits.
        time_s: now, s since 1970 UTC.

    Raises:
        RigError: it doesn't answer, or makes no sense.
    """
    match name:
        case "shutter":
            return _shutter(cast("Shutter", instrument), time_s)
        case "laser":
            return _laser(cast("LaserDriver", instrument), configuration, time_s)
        case "attenuator":
            wheel = cast("Attenuator", instrument)
            angle_deg = wheel.angle_deg if wheel.homed else None
            return [
                row("homed", angle_deg is not None, "", time_s, WARNING if angle_deg is None else GOOD),
                row("angle", angle_deg, "°", time_s, UNKNOWN if angle_deg is None else GOOD),
            ]
        case "monitor":
            return [_power(cast("PowerMonitor", instrument), time_s)]
        case "spectrometer":
            temperature_c = cast("Spectrometer", instrument).read_temperature_c()
            return [_detector(temperature_c, configuration, time_s)]
    return []


def _shutter(shutter: Shutter, time_s: float) -> list[Row]:
    is_open = not shutter.blade_closed
    rows = [row("open", is_open, "", time_s, WARNING if is_open else GOOD)]
    if isinstance(shutter, _HasInterlock):
        contact = shutter.interlock_open
        rows.append(row("interlock_open", contact, "", time_s, BAD if contact else GOOD))
    return rows


def _laser(laser: LaserDriver, configuration: RigConfiguration, time_s: float) -> list[Row]:
    state = laser.read_state()
    control = state.temperature_control_enabled
    protections = ", ".join(state.protections)
    # Without temperature control the temperature is the room's, and light is forbidden: no news while idle.
    usual = GOOD if control else WARNING
    return [
        row("output_on", state.output_enabled, "", time_s, WARNING if state.output_enabled else GOOD),
        row("current", state.current_a, "A", time_s),
        _laser_temperature(state.temperature_c, configuration, time_s, control=control),
        row("temperature_in_window", state.temperature_in_window, "", time_s, usual),
        row("temperature_control_on", control, "", time_s, usual),
        row("protections", protections, "", time_s, BAD if protections and control else usual),
    ]


def _laser_temperature(
    temperature_c: float, configuration: RigConfiguration, time_s: float, *, control: bool
) -> Row:
    near = abs(temperature_c - configuration.laser.temperature_c) <= _LASER_OFF_BY_K
    return row("temperature", temperature_c, "°C", time_s, GOOD if near and control else WARNING)


def _power(monitor: PowerMonitor, time_s: float) -> Row:
    try:
        return row("power", monitor.read_power_w(), "W", time_s)
    except InvalidReadingError:
        # No light at all may be below what the head can tell: no number, and no trouble.
        return row("power", None, "W", time_s, UNKNOWN)


def _detector(temperature_c: float, configuration: RigConfiguration, time_s: float) -> Row:
    near = abs(temperature_c - configuration.spectrometer.temperature_c) <= _DETECTOR_OFF_BY_K
    return row("temperature", temperature_c, "°C", time_s, GOOD if near else WARNING)


def readings_of_run(
    read: Mapping[str, Reading], exposure: Mapping[str, float], configuration: RigConfiguration
) -> dict[str, list[Row]]:
    """What a run has read, by instrument; what it didn't look at is missing.

    Args:
        read: the engine's latest readings.
        exposure: numbers of the last saved exposure with its `time_s`; may be empty.
        configuration: set points and limits.
    """
    rows: dict[str, list[Row]] = {"shutter": [], "laser": [], "attenuator": [], "monitor": []}
    if (is_open := read.get(SHUTTER_OPEN)) is not None:
        rows["shutter"].append(row("open", bool(is_open.value), "", is_open.time_s))
    if (contact := read.get("shutter_interlock")) is not None:
        state = GOOD if contact.value else BAD
        rows["shutter"].append(row("interlock_open", not contact.value, "", contact.time_s, state))
    if (output := read.get(LASER_OUTPUT)) is not None:
        rows["laser"].append(row("output_on", bool(output.value), "", output.time_s))
    if (current := read.get(LASER_CURRENT)) is not None:
        rows["laser"].append(row("current", current.value, "A", current.time_s))
    if (laser := read.get("laser_temperature")) is not None:
        rows["laser"].append(_laser_temperature(laser.value, configuration, laser.time_s, control=True))
    if exposure:
        time_s = exposure["time_s"]
        rows["attenuator"].append(row("angle", exposure["wheel_position_deg"], "°", time_s))
        rows["monitor"].append(row("power", exposure["monitor_power_w"], "W", time_s))
    if (detector := read.get("detector_temperature")) is not None:
        rows["spectrometer"] = [_detector(detector.value, configuration, detector.time_s)]
    return rows
