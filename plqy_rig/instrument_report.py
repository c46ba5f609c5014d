"""What `plqy instruments` tells of each instrument: who it is, how it is, what is wrong, how to mend it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

from drivers.errors import InstrumentTimeoutError, InvalidReadingError, RigError
from drivers.protocols import (
    Attenuator,
    Instrument,
    LaserDriver,
    LaserState,
    PowerMonitor,
    Shutter,
    Spectrometer,
)
from plqy_rig.instrument_problems import Trouble, protection_trouble, trouble_of
from plqy_rig.rig import Rig

_WARM_BY_K = 1.0
"""A detector further above its set point hasn't been cooled."""


@dataclass
class _Look:
    """What one look at an instrument showed."""

    state: str = ""
    troubles: list[Trouble] = field(default_factory=list)


@runtime_checkable
class _HasInterlock(Protocol):
    @property
    def interlock_open(self) -> bool: ...


def report_instruments(rig: Rig) -> list[dict[str, Any]]:
    """One entry per instrument of the rig file.

    Returns:
        Of each: name, connected, identity (or None), state, problem and mend (empty when all is well;
        several of one instrument are joined by a space).
    """
    configuration = rig.rig_file.configuration
    looks: dict[str, tuple[Instrument | None, Callable[[Any], _Look]]] = {
        "shutter": (rig.shutter, _shutter),
        "laser": (rig.laser, _laser),
        "attenuator": (rig.attenuator, _attenuator),
        "monitor": (rig.monitor, _monitor(configuration.monitor.head_power_range_w)),
        "spectrometer": (rig.spectrometer, _spectrometer(configuration.spectrometer.temperature_c)),
    }
    return [
        _report(name, instrument, look, rig.failures.get(name)) for name, (instrument, look) in looks.items()
    ]


def _report(
    name: str, instrument: Instrument | None, look: Callable[[Any], _Look], failure: RigError | None
) -> dict[str, Any]:
    identity, seen = None, _Look()
    if failure is not None:
        seen.troubles.append(trouble_of(name, failure))
    if instrument is not None:
        try:
            identity = asdict(instrument.identity)
            seen = look(instrument)
        except RigError as error:
            seen = _Look(f"trouble: {error}", [trouble_of(name, error)])
    return {
        "name": name,
        "connected": instrument is not None,
        "identity": identity,
        "state": seen.state,
        "problem": " ".join(_sentence(trouble.problem) for trouble in seen.troubles),
        "mend": " ".join(_sentence(trouble.mend) for trouble in seen.troubles),
    }


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _shutter(shutter: Shutter) -> _Look:
    closed = shutter.blade_closed
    look = _Look("closed" if closed else "OPEN")
    if not closed:
        look.troubles.append(
            Trouble("the shutter is open", "Run `plqy safe`, or press ENABLE at the shutter controller.")
        )
    if isinstance(shutter, _HasInterlock) and shutter.interlock_open:
        look.state += ", interlock open"
        look.troubles.append(
            Trouble(
                "the shutter controller's interlock is open: it can't open",
                "Close the contact at its INTERLOCK jack, or put the shorting plug in.",
            )
        )
    return look


def _attenuator(wheel: Attenuator) -> _Look:
    if wheel.homed:
        return _Look(f"at {wheel.angle_deg:.1f}°")
    return _Look(
        "not homed",
        [
            Trouble(
                "the wheel isn't homed: its position is unknown",
                "Nothing to do: a run homes it with the shutter closed, and so does `plqy safe`.",
            )
        ],
    )


def _monitor(head_power_range_w: tuple[float, float]) -> Callable[[PowerMonitor], _Look]:
    lowest_w, highest_w = head_power_range_w

    def look(monitor: PowerMonitor) -> _Look:
        try:
            power_w = monitor.read_power_w()
        except (InvalidReadingError, InstrumentTimeoutError) as error:
            # It has just said who it is: what stays silent now is its measurement.
            mend = (
                f"Check that the head is in its input and that no more than {highest_w:g} W fall on it; "
                "check head_power_range_w under [monitor]; switch the meter off and on if it stays silent."
            )
            return _Look("no valid reading", [Trouble(str(error), mend)])
        dark = f", below the head's {lowest_w:.2g} W: no light" if power_w < lowest_w else ""
        return _Look(f"reads {power_w:.3g} W{dark}")

    return look


def _spectrometer(set_point_c: float) -> Callable[[Spectrometer], _Look]:
    def look(spectrometer: Spectrometer) -> _Look:
        temperature_c = spectrometer.read_temperature_c()
        seen = _Look(f"detector at {temperature_c:.1f} °C")
        if temperature_c - set_point_c > _WARM_BY_K:
            seen.troubles.append(
                Trouble(
                    f"the detector is warm: {temperature_c:.1f} °C instead of {set_point_c:.1f} °C",
                    "A run cools it and waits. If it stays warm, check the spectrometer's 5 V supply and its "
                    "fan; some units stand a few degrees off their set point, which is recorded.",
                )
            )
        return seen

    return look


def _temperature(temperature_c: float) -> str:
    return f"{temperature_c:.2f} °C" if math.isfinite(temperature_c) else "temperature unknown"


def _causes(state: LaserState) -> list[str]:
    """The protections that somebody has to do something about: without TEC the window is no news."""
    follows = () if state.temperature_control_enabled else ("temperature protection", "outside its window")
    return [text for text in state.protections if not any(words in text for words in follows)]


def _laser(laser: LaserDriver) -> _Look:
    state = laser.read_state()
    control = "on" if state.temperature_control_enabled else "OFF"
    output = "ON" if state.output_enabled else "off"
    look = _Look(
        f"output {output}, {_temperature(state.temperature_c)}, temperature control {control}",
        [protection_trouble(protection) for protection in _causes(state)],
    )
    if not state.temperature_control_enabled:
        look.troubles.append(
            Trouble(
                "the diode's temperature control (TEC) is off",
                "Temperature control needs nothing done: a run switches it on and waits until the "
                "temperature is in its window.",
            )
        )
    if state.output_enabled:
        look.troubles.append(
            Trouble("the laser is on", "Run `plqy safe` unless a run is going on in another program.")
        )
    return look
