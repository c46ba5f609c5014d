"""What can be set at the bench's optics, with its history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from sim.optics.balance import SamplePlace
from sim.optics.history import StepTrack
from sim.optics.lamp_state import LampState
from sim.optics.laser import REFERENCE_TEMPERATURE_C
from sim.optics.options import BenchOptions
from sim.optics.surroundings import Air, Surroundings

DARKEST_ANGLE_DEG = 270.0
FIRST_LAMP_HOURS = 12.0
"""What the lamp has burned before the bench begins."""

Value = TypeVar("Value")


class Conditions(NamedTuple):
    """Everything that can be set, at one moment."""

    laser_current_a: float
    laser_temperature_c: float
    blade_open: bool
    wheel_angle_deg: float
    place: SamplePlace
    long_pass_in: bool
    lamp: LampState
    air: Air
    surroundings: Surroundings


class BenchSettings:
    """Laser, blade, wheel, sample, filter, lamp, air and disturbances as they were set.

    Setters take the bench time from which the new value holds; each of them goes forwards only. Any time may
    be asked for. At first the laser is off at 25 degrees Celsius, the blade closed, the wheel at its darkest,
    the sphere empty and purged, the filter out, the lamp off and cold.
    """

    def __init__(
        self, options: BenchOptions, surroundings: Surroundings, pointing_stream: np.random.Generator
    ) -> None:
        """Start with the resting state.

        Args:
            options: noise of the monitor's share of the light, paths and time constant of humid air.
            surroundings: disturbances at the beginning.
            pointing_stream: stream of the draws of the monitor's share.
        """
        self._current_a: StepTrack[float] = StepTrack("laser current", 0.0)
        self._temperature_c: StepTrack[float] = StepTrack("laser temperature", REFERENCE_TEMPERATURE_C)
        self._blade_open: StepTrack[bool] = StepTrack("shutter blade", False)
        self._angle_deg: StepTrack[float] = StepTrack("wheel angle", DARKEST_ANGLE_DEG)
        self._place: StepTrack[SamplePlace] = StepTrack("sample", SamplePlace.OUT)
        self._long_pass_in: StepTrack[bool] = StepTrack("long-pass", False)
        self._lamp: StepTrack[LampState] = StepTrack("lamp", LampState(hours=FIRST_LAMP_HOURS))
        dry_m = options.water_vapour_path_m
        self._dry_path_m, self._humid_path_m = dry_m, max(options.humid_path_m, dry_m)
        self._air: StepTrack[Air] = StepTrack("air", Air(0.0, dry_m, dry_m, options.purge_time_constant_s))
        self._surroundings: StepTrack[Surroundings] = StepTrack("surroundings", surroundings)
        self._listeners: list[Callable[[float], None]] = []
        self._pointing_noise = options.monitor_pointing_noise
        self._pointing_stream = pointing_stream
        self._pointing: StepTrack[float] = StepTrack("monitor pointing", self._new_pointing())

    def set_laser_current(self, time_s: float, amperes: float) -> None:
        """Set the current that flows through the diode; 0 is off.

        Raises:
            ValueError: current negative or not finite, or time going backwards.
        """
        if not math.isfinite(amperes) or amperes < 0.0:
            raise ValueError(f"the laser current must be 0 A or more, {amperes} was given")
        self._change(self._current_a, time_s, float(amperes))

    def set_laser_temperature(self, time_s: float, celsius: float) -> None:
        """Set the temperature that the diode's mount has reached.

        Raises:
            ValueError: temperature not finite, or time going backwards.
        """
        if not math.isfinite(celsius):
            raise ValueError(f"the laser temperature must be finite, {celsius} was given")
        self._change(self._temperature_c, time_s, float(celsius))

    def set_blade(self, time_s: float, open: bool) -> None:
        """Let light pass the shutter or not, at once. Opening redraws the monitor's pointing.

        Raises:
            ValueError: time going backwards.
        """
        if self._change(self._blade_open, time_s, bool(open)) and open:
            self._redraw_pointing(time_s)

    def set_wheel_angle(self, time_s: float, degrees: float) -> None:
        """Set the wheel's true angle: 0 starts the coating, 270 is the darkest, beyond lies the clear sector.

        A new angle redraws the monitor's pointing.

        Raises:
            ValueError: angle not finite, or time going backwards.
        """
        if not math.isfinite(degrees):
            raise ValueError(f"the wheel angle must be finite, {degrees} was given")
        if self._change(self._angle_deg, time_s, float(degrees)):
            self._redraw_pointing(time_s)

    def place_sample(self, time_s: float, place: str) -> None:
        """Put the sample "out", "indirect" or "direct".

        Raises:
            ValueError: no such place, or time going backwards.
        """
        try:
            wanted = SamplePlace(place)
        except ValueError:
            places = ", ".join(known.value for known in SamplePlace)
            raise ValueError(f"the sample can't be placed {place!r}; known places: {places}") from None
        self._change(self._place, time_s, wanted)

    def set_long_pass(self, time_s: float, inserted: bool) -> None:
        """Put the long-pass between sphere and fibre, or take it out.

        Raises:
            ValueError: time going backwards.
        """
        self._change(self._long_pass_in, time_s, bool(inserted))

    def set_lamp(self, time_s: float, on: bool, settled: bool = False) -> None:
        """Switch the calibration lamp; switching it on seats it anew.

        Args:
            time_s: when.
            on: whether it burns from then on.
            settled: it has been so for long: a lamp that burns is warm at once.

        Raises:
            ValueError: time going backwards.
        """
        self._change(self._lamp, time_s, self._last_lamp.switched(time_s, bool(on), settled))

    def reseat_lamp(self, time_s: float) -> None:
        """Take the lamp off the sphere and put it back; ValueError when time goes backwards."""
        self._change(self._lamp, time_s, self._last_lamp.reseated())

    def set_lamp_block(self, time_s: float, blocked: bool) -> None:
        """Put a blade between lamp and sphere or take it away; ValueError when time goes backwards."""
        self._change(self._lamp, time_s, self._last_lamp._replace(blocked=bool(blocked)))

    def set_lamp_hours(self, time_s: float, hours: float) -> None:
        """Set the lamp's hour meter, and its age with it.

        Raises:
            ValueError: hours negative or not finite, or time going backwards.
        """
        if not math.isfinite(hours) or hours < 0.0:
            raise ValueError(f"the lamp's hours must be 0 or more, {hours} was given")
        self._change(self._lamp, time_s, self._last_lamp.with_hours(time_s, float(hours)))

    def set_purge(self, time_s: float, on: bool, settled: bool = False) -> None:
        """Let dry nitrogen through the sphere or shut it off: humid air goes and comes within minutes.

        Args:
            time_s: when.
            on: whether the nitrogen flows from then on.
            settled: it has been so for long: the air has become dry, or humid, already.

        Raises:
            ValueError: time going backwards.
        """
        target_m = self._dry_path_m if on else self._humid_path_m
        before = self._air.at(math.inf)
        if target_m == before.target_m and not settled:
            return
        path_m = target_m if settled else before.path_at_m(time_s)
        self._change(self._air, time_s, before._replace(since_s=time_s, path_m=path_m, target_m=target_m))

    def change_surroundings(self, time_s: float, **changes: Any) -> None:
        """Change disturbances by the names of `Surroundings`' fields.

        Raises:
            ValueError: a value out of its range, or time going backwards.
        """
        self._change(self._surroundings, time_s, replace(self.last_surroundings, **changes))

    @property
    def last_surroundings(self) -> Surroundings:
        """The disturbances as they were set last."""
        return self._surroundings.at(math.inf)

    @property
    def _last_lamp(self) -> LampState:
        return self._lamp.at(math.inf)

    def conditions(self, time_s: float) -> Conditions:
        """What held at a time."""
        return Conditions(
            self._current_a.at(time_s),
            self._temperature_c.at(time_s),
            self._blade_open.at(time_s),
            self._angle_deg.at(time_s),
            self._place.at(time_s),
            self._long_pass_in.at(time_s),
            self._lamp.at(time_s),
            self._air.at(time_s),
            self._surroundings.at(time_s),
        )

    def stretches(self, start_s: float, end_s: float) -> Iterator[tuple[float, float, Conditions]]:
        """Pieces of time in which nothing changed: start, end and what held, in order."""
        changes: set[float] = set()
        for track in self._tracks():
            changes.update(track.changes_between(start_s, end_s))
        borders = [start_s, *sorted(changes), end_s]
        for low, high in pairwise(borders):
            yield low, high, self.conditions(low)

    def pointing(self, time_s: float) -> float:
        """Factor on the monitor's share of the light, about 1."""
        return self._pointing.at(time_s)

    def when_changed(self, listener: Callable[[float], None]) -> None:
        """Have a function called with the time of every change."""
        self._listeners.append(listener)

    def _tracks(self) -> tuple[StepTrack[Any], ...]:
        return (
            self._current_a,
            self._temperature_c,
            self._blade_open,
            self._angle_deg,
            self._place,
            self._long_pass_in,
            self._lamp,
            self._air,
            self._surroundings,
        )

    def _change(self, track: StepTrack[Value], time_s: float, value: Value) -> bool:
        changed = track.set(time_s, value)
        if changed:
            for listener in self._listeners:
                listener(time_s)
        return changed

    def _new_pointing(self) -> float:
        return 1.0 + self._pointing_noise * float(self._pointing_stream.standard_normal())

    def _redraw_pointing(self, time_s: float) -> None:
        # Wheel and blade may be set for interleaved times; the pointing goes on from the later one.
        self._pointing.set(max(time_s, self._pointing.last_change_s), self._new_pointing())
