"""What the interlocks look at: gathered where the run looks anyway, and asked for while it is held."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from drivers.errors import RigError
from drivers.protocols import LaserState
from plqy_rig.engine.interlocks import (
    DETECTOR_OFFSET,
    DETECTOR_TEMPERATURE,
    DISK_SPACE,
    LASER_PROTECTION,
    SHUTTER_INTERLOCK,
    good,
)
from plqy_rig.rig import Rig

log = logging.getLogger(__name__)

SHUTTER_OPEN, LASER_OUTPUT, LASER_CURRENT = "shutter_open", "laser_output", "laser_current"
"""Readings that faces show and no interlock looks at."""

_TOLD_BY_ITSELF = ("key", "interlock", "window")
"""Words of protections that have an interlock of their own."""


@runtime_checkable
class HasInterlock(Protocol):
    """A shutter whose interlock contact can be read."""

    @property
    def interlock_open(self) -> bool:
        """Get whether the contact is open."""
        ...


@dataclass(frozen=True)
class Reading:
    """One value as it was read.

    Attributes:
        value: in the unit of its name; 1 and 0 for yes and no.
        time_s: when, s since 1970 UTC.
    """

    value: float
    time_s: float


class Readings:
    """The latest value of each reading, by the interlocks' names; for any thread.

    What no interlock looks at (whether the shutter is open, the laser's current) is kept for the faces.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, Reading] = {}

    def note(self, name: str, value: float) -> None:
        """Keep a value."""
        with self._lock:
            self._values[name] = Reading(value, time.time())

    def forget(self, *names: str) -> None:
        """Drop values that mean nothing any more."""
        with self._lock:
            for name in names:
                self._values.pop(name, None)

    def all(self) -> dict[str, float]:
        """Every value that is known."""
        with self._lock:
            return {name: reading.value for name, reading in self._values.items()}

    def latest(self) -> dict[str, Reading]:
        """Every value that is known, with its time."""
        with self._lock:
            return dict(self._values)

    def note_laser(self, state: LaserState) -> None:
        """Keep what one look at the laser says."""
        words = [protection.lower() for protection in state.protections]
        others = [text for text in words if not any(word in text for word in _TOLD_BY_ITSELF)]
        self.note(LASER_OUTPUT, good(state.output_enabled))
        self.note(LASER_CURRENT, state.current_a)
        self.note("laser_temperature", state.temperature_c)
        self.note("laser_window", good(state.temperature_in_window))
        self.note("laser_tec", good(state.temperature_control_enabled))
        self.note("laser_key", good(not any("key" in text for text in words)))
        self.note("laser_interlock", good(not any("interlock" in text for text in words)))
        self.note(LASER_PROTECTION, good(not others))

    def note_detector(self, temperature_c: float) -> None:
        """Keep the detector's temperature, °C."""
        self.note(DETECTOR_TEMPERATURE, temperature_c)

    def note_detector_stable(self, temperature_c: float, set_point_c: float) -> None:
        """Keep where the detector stands stable, °C; the run goes on there, wherever it was told to go."""
        self.note(DETECTOR_OFFSET, temperature_c - set_point_c)
        self.note_detector(temperature_c)

    def note_disk(self, folder: Path) -> None:
        """Look how much room there is; a folder that is gone says nothing here, saving will."""
        try:
            self.note(DISK_SPACE, shutil.disk_usage(folder).free / 1e6)
        except OSError:
            self.forget(DISK_SPACE)

    def ask(self, rig: Rig) -> None:
        """Ask laser, detector and shutter; what doesn't answer is left as it was."""
        for name, action in (("laser", self._ask_laser), ("spectrometer", self._ask_detector)):
            try:
                action(rig)
            except RigError as error:
                log.info("%s could not be read: %s", name, error)
        self.ask_shutter(rig)

    def ask_laser(self, rig: Rig) -> None:
        """Ask the laser alone: that may be done while spectra are collected."""
        try:
            self._ask_laser(rig)
        except RigError as error:
            log.info("the laser could not be read: %s", error)

    def ask_shutter(self, rig: Rig) -> None:
        """Ask the shutter for its interlock, where it can tell."""
        shutter: object = rig.shutter
        try:
            if isinstance(shutter, HasInterlock):
                self.note(SHUTTER_INTERLOCK, good(not shutter.interlock_open))
        except RigError as error:
            log.info("the shutter's interlock could not be read: %s", error)

    def _ask_laser(self, rig: Rig) -> None:
        if rig.laser is not None:
            self.note_laser(rig.laser.read_state())

    def _ask_detector(self, rig: Rig) -> None:
        if rig.spectrometer is not None:
            self.note_detector(rig.spectrometer.read_temperature_c())
