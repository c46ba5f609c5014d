"""Interlocks as data: named conditions that hold a run and let it go on by themselves.

A condition trips when its reading leaves its limits, and lets go when the reading was back inside them, by
the hysteresis, for the settle time. A reading that isn't known trips nothing, and one that stays unknown lets
go after the settle time: who can't be read shows up as a lost instrument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.errors import ConfigurationError
from plqy_rig.config import InterlockSection, RigConfiguration

_BAD, _GOOD = 0.0, 1.0


@dataclass(frozen=True)
class Interlock:
    """One condition.

    Attributes:
        name: what the rig file calls it; also the name of the reading it looks at.
        low: lowest good reading; None if there is none.
        high: highest good reading; None if there is none.
        unit: of reading and limits; empty for yes or no.
        sentence: what is wrong when it trips, and what to do.
        hysteresis: how far back inside the limits the reading has to come before it lets go.
        settle_time_s: how long it has to stay there, rig seconds.
        moves_with: name of a reading by which the limits are moved; empty for limits that stay.
    """

    name: str
    low: float | None
    high: float | None
    unit: str
    sentence: str
    hysteresis: float = 0.0
    settle_time_s: float = 0.0
    moves_with: str = ""

    def moved(self, offset: float) -> Interlock:
        """The same with its limits moved."""
        low = None if self.low is None else self.low + offset
        high = None if self.high is None else self.high + offset
        return replace(self, low=low, high=high)

    def is_good(self, reading: float, *, margin: float = 0.0) -> bool:
        """Whether a reading is within the limits, by a margin."""
        above = self.low is None or reading >= self.low + margin
        below = self.high is None or reading <= self.high - margin
        return above and below and math.isfinite(reading)

    def in_words(self, reading: float) -> str:
        """Say what is wrong, with the number where there is one."""
        if not self.unit:
            return self.sentence
        limits = " to ".join("" if limit is None else f"{limit:g}" for limit in (self.low, self.high))
        return f"{self.sentence} (now {reading:g} {self.unit}; allowed {limits.strip()} {self.unit})"


@dataclass(frozen=True)
class Hold:
    """Something that holds the run.

    Attributes:
        name: of the interlock, or "operator" or "instrument".
        sentence: what it waits for.
    """

    name: str
    sentence: str


class InterlockBoard:
    """Looks at readings and knows which conditions hold. Not for several threads at once."""

    def __init__(self, interlocks: Sequence[Interlock], now: Callable[[], float]) -> None:
        """Begin with nothing tripped.

        Args:
            interlocks: the conditions.
            now: rig seconds.
        """
        self.interlocks = tuple(interlocks)
        self._now = now
        self._tripped: dict[str, str] = {}
        self._good_since: dict[str, float] = {}

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Get what holds now, in the order of the conditions."""
        return tuple(
            Hold(interlock.name, self._tripped[interlock.name])
            for interlock in self.interlocks
            if interlock.name in self._tripped
        )

    def update(self, readings: Mapping[str, float]) -> tuple[Hold, ...]:
        """Look at new readings, by the interlocks' names; gives what holds now."""
        for condition in self.interlocks:
            interlock = condition.moved(readings.get(condition.moves_with, 0.0))
            reading = readings.get(interlock.name)
            if reading is not None and not interlock.is_good(reading):
                self._tripped[interlock.name] = interlock.in_words(reading)
                self._good_since.pop(interlock.name, None)
            elif interlock.name in self._tripped:
                self._look_again(interlock, reading)
        return self.holds

    def reset(self) -> None:
        """Forget what tripped: a new run begins with new readings."""
        self._tripped.clear()
        self._good_since.clear()

    def _look_again(self, interlock: Interlock, reading: float | None) -> None:
        """A tripped one: lets go when it was good, or nothing was known of it, for the settle time."""
        name = interlock.name
        if reading is not None and not interlock.is_good(reading, margin=interlock.hysteresis):
            self._good_since.pop(name, None)
            return
        since = self._good_since.setdefault(name, self._now())
        if self._now() - since >= interlock.settle_time_s:
            del self._tripped[name], self._good_since[name]


LASER_TEMPERATURE_INTERLOCKS = frozenset({"laser_temperature", "laser_window", "laser_tec"})
SHUTTER_INTERLOCK = "shutter_interlock"
LASER_PROTECTION = "laser_protection"
DETECTOR_TEMPERATURE = "detector_temperature"
DETECTOR_OFFSET = "detector_offset"
"""A reading no interlock looks at: how far off its set point the detector stands, which is no fault."""
MONITOR_DRIFT = "monitor_drift"
DISK_SPACE = "disk_space"
PURGE = "purge"
GUARDIAN = "guardian"


def standard_interlocks(configuration: RigConfiguration) -> tuple[Interlock, ...]:
    """The conditions of a rig, with the rig file's changes.

    Raises:
        ConfigurationError: the rig file changes one that doesn't exist.
    """
    known = [*_interlocks_of_instruments(configuration), *_interlocks_of_the_run(configuration)]
    return _changed(known, configuration.interlocks)


def _interlocks_of_instruments(configuration: RigConfiguration) -> list[Interlock]:
    laser_c, detector_c = configuration.laser.temperature_c, configuration.spectrometer.temperature_c
    return [
        Interlock(
            "laser_temperature",
            laser_c - 1.0,
            laser_c + 1.0,
            "°C",
            "The laser diode isn't at its temperature.",
            hysteresis=0.5,
            settle_time_s=5.0,
        ),
        _yes_or_no("laser_window", "The laser driver says that its temperature is outside its window.", 5.0),
        _yes_or_no("laser_tec", "The laser's temperature control is off: switch it on at the driver.", 5.0),
        _yes_or_no("laser_key", "The laser driver's key switch is locked: turn the key.", 1.0),
        _yes_or_no("laser_interlock", "The laser driver's interlock is open: close it.", 1.0),
        _yes_or_no(LASER_PROTECTION, "The laser driver forbids light: look at its display.", 1.0),
        _yes_or_no(SHUTTER_INTERLOCK, "The shutter's interlock is open: close it.", 1.0),
        Interlock(
            DETECTOR_TEMPERATURE,
            detector_c - 2.0,
            detector_c + 2.0,
            "°C",
            "The spectrometer's detector isn't at its temperature.",
            hysteresis=1.0,
            settle_time_s=10.0,
            moves_with=DETECTOR_OFFSET,
        ),
    ]


def _interlocks_of_the_run(configuration: RigConfiguration) -> list[Interlock]:
    least_mb = configuration.safety.least_free_disk_mb
    known = [
        Interlock(
            MONITOR_DRIFT,
            -0.3,
            0.3,
            "(relative)",
            "The laser power at the monitor has drifted: is something in the beam?",
            settle_time_s=30.0,
        ),
        Interlock(
            DISK_SPACE,
            least_mb,
            None,
            "MB",
            "There is hardly any room left where the run is saved: make room.",
            hysteresis=least_mb * 0.1,
        ),
        _yes_or_no(GUARDIAN, "The guardian isn't watching; it is being started again.", 0.0),
    ]
    if configuration.safety.purge_must_be_confirmed:
        known.append(_yes_or_no(PURGE, "Nobody has confirmed yet that the sphere is purged.", 0.0))
    return known


def _yes_or_no(name: str, sentence: str, settle_time_s: float) -> Interlock:
    return Interlock(name, 0.5, None, "", sentence, settle_time_s=settle_time_s)


def _changed(known: list[Interlock], changes: Mapping[str, InterlockSection]) -> tuple[Interlock, ...]:
    by_name = {interlock.name: interlock for interlock in known}
    for name, change in changes.items():
        if name not in by_name:
            raise ConfigurationError(
                f"rig file: interlocks.{name}: unknown interlock, known are {', '.join(by_name)}"
            )
        given = change.model_dump(exclude={"enabled"}, exclude_none=True)
        if change.enabled:
            by_name[name] = replace(by_name[name], **given)
        else:
            del by_name[name]
    return tuple(by_name.values())


def good(yes: bool) -> float:
    """The reading of a yes-or-no condition."""
    return _GOOD if yes else _BAD
