"""The SC10's blade and what drives it: travel, sensor, five modes, interlock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sim.instruments.optics_seam import BladeSeam


class Mode(Enum):
    """The five operating modes, numbered as in the manual."""

    MANUAL = 1
    AUTO = 2
    SINGLE = 3
    REPEAT = 4
    EXTERNAL_GATE = 5


class Blade:
    """A blade that takes its time, with an optical sensor at its end of travel.

    Light is let through or cut part of the way; the sensor follows at the end, so that a closed sensor
    means dark and an open one means light.
    """

    def __init__(self, optics: BladeSeam, travel_s: float, light_share: float, now_s: float) -> None:
        self._optics = optics
        self._travel_s = travel_s
        self._light_share = light_share
        self._driven_open = False
        self._light = False
        self._sensor_open = False
        self._light_due_s: float | None = None
        self._sensor_due_s: float | None = None
        self.stuck = False
        optics.set_blade(now_s, False)

    def drive(self, is_open: bool, now_s: float) -> None:
        """Pull the blade open or let it go."""
        self.advance(now_s)
        if is_open == self._driven_open:
            return
        self._driven_open = is_open
        if not self.stuck:
            self._move(now_s)

    def set_stuck(self, stuck: bool, now_s: float) -> None:
        """Jam the blade where it is, or free it: it then goes where it is driven."""
        self.advance(now_s)
        self.stuck = stuck
        if stuck:
            self._light_due_s = self._sensor_due_s = None
        elif self._light != self._driven_open or self._sensor_open != self._driven_open:
            self._move(now_s)

    def closed(self, now_s: float) -> bool:
        """What the sensor says."""
        self.advance(now_s)
        return not self._sensor_open

    def passes_light(self, now_s: float) -> bool:
        """Whether light gets through."""
        self.advance(now_s)
        return self._light

    def next_event_s(self) -> float | None:
        """When light or sensor change next."""
        times = [t for t in (self._light_due_s, self._sensor_due_s) if t is not None]
        return min(times, default=None)

    def advance(self, now_s: float) -> None:
        """Let the blade arrive where it is due until `now_s`."""
        if self._light_due_s is not None and self._light_due_s <= now_s:
            due_s, self._light_due_s = self._light_due_s, None
            if self._light != self._driven_open:
                self._light = self._driven_open
                self._optics.set_blade(due_s, self._light)
        if self._sensor_due_s is not None and self._sensor_due_s <= now_s:
            self._sensor_due_s = None
            self._sensor_open = self._driven_open

    def _move(self, now_s: float) -> None:
        self._light_due_s = now_s + self._light_share * self._travel_s
        self._sensor_due_s = now_s + self._travel_s


@dataclass(frozen=True)
class CycleSettings:
    """What ``savp`` stores."""

    mode: Mode = Mode.MANUAL
    external_trigger: int = 0
    open_ms: int = 1000
    shut_ms: int = 1000
    repeats: int = 1


class Sequencer:
    """Enable state, modes and the phases of the timed ones."""

    FACTORY = CycleSettings()

    def __init__(self, blade: Blade, *, cycles_end_disabled: bool, first_phase_closed: bool) -> None:
        self._blade = blade
        self._cycles_end_disabled = cycles_end_disabled
        self._first_phase_closed = first_phase_closed
        self.mode = Mode.MANUAL
        self.external_trigger = 0
        self.open_ms = 1000
        self.shut_ms = 1000
        self.repeats = 1
        self.enabled = False
        self.interlock_open = False
        self._gate_high = False
        self._phases: list[bool] = []
        """Remaining phases of the cycles under way, True = open; empty when none runs."""
        self._phase_ends_s: float | None = None

    def settings(self) -> CycleSettings:
        """What is in force."""
        return CycleSettings(self.mode, self.external_trigger, self.open_ms, self.shut_ms, self.repeats)

    def restore(self, settings: CycleSettings, now_s: float) -> None:
        """Put settings in force; disables."""
        self.disable(now_s)
        self.mode = settings.mode
        self.external_trigger = settings.external_trigger
        self.open_ms, self.shut_ms = settings.open_ms, settings.shut_ms
        self.repeats = settings.repeats

    def set_mode(self, mode: Mode, now_s: float) -> None:
        """Change the mode; what runs stops."""
        if mode is not self.mode:
            self.disable(now_s)
        self.mode = mode

    def toggle(self, now_s: float) -> bool:
        """``ens`` or the ENABLE key; False when the interlock forbids enabling."""
        if self.enabled:
            self.disable(now_s)
            return True
        if self.interlock_open:
            return False
        self.enabled = True
        if self.mode is Mode.MANUAL:
            self._blade.drive(True, now_s)
        elif self.mode is Mode.EXTERNAL_GATE:
            self._blade.drive(self._gate_high, now_s)
        elif not self.external_trigger:
            self._start(now_s)
        return True

    def disable(self, now_s: float) -> None:
        """Enable off, blade closed."""
        self.enabled = False
        self._phases, self._phase_ends_s = [], None
        self._blade.drive(False, now_s)

    def set_interlock(self, is_open: bool, now_s: float) -> None:
        """Opening it closes the shutter; closing it again enables nothing."""
        self.interlock_open = is_open
        if is_open and self.enabled:
            self.disable(now_s)

    def trigger_input(self, high: bool, now_s: float) -> None:
        """Level at the trigger input: a gate in mode 5, an edge to start from in modes 2-4."""
        rising = high and not self._gate_high
        self._gate_high = high
        if not self.enabled:
            return
        if self.mode is Mode.EXTERNAL_GATE:
            self._blade.drive(high, now_s)
        elif rising and self.external_trigger and self.mode is not Mode.MANUAL and not self._phases:
            self._start(now_s)

    def next_event_s(self) -> float | None:
        """When the present phase ends."""
        return self._phase_ends_s

    def advance(self, time_s: float) -> None:
        """End the phase that is due at `time_s`."""
        if self._phase_ends_s is None or self._phase_ends_s > time_s:
            return
        self._next_phase(self._phase_ends_s)

    def _start(self, now_s: float) -> None:
        cycle = [not self._first_phase_closed, self._first_phase_closed]
        cycles = {Mode.SINGLE: 1, Mode.REPEAT: self.repeats}.get(self.mode, 1)
        self._phases = cycle * cycles
        self._next_phase(now_s)

    def _next_phase(self, now_s: float) -> None:
        if not self._phases and self.mode is Mode.AUTO:
            self._phases = [not self._first_phase_closed, self._first_phase_closed]
        if not self._phases:
            self._phase_ends_s = None
            self._blade.drive(False, now_s)
            if self._cycles_end_disabled:
                self.enabled = False
            return
        is_open = self._phases.pop(0)
        self._blade.drive(is_open, now_s)
        self._phase_ends_s = now_s + (self.open_ms if is_open else self.shut_ms) / 1000.0
