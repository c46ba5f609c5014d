"""Exposures to the calibration lamp, each between two darks with the lamp blocked, not off."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration import CurveError, Scans, SourceExposure
from drivers.errors import MeasurementError
from drivers.protocols import FloatArray
from procedures.calibrations.station import Station
from procedures.integration_time import IntegrationLimits, predict_integration_time_s

_LOGGER = logging.getLogger(__name__)

_TEST_TIME_S = 0.05
_TEST_SCANS = 3
_LONGEST_S = 60.0
_AIM = (0.80, 0.90)
_LEAST_TEST_COUNTS = 100.0
_ATTEMPTS = 3
_LONGEST_PORTION_S = 10.0
_LONG_S = 60.0
"""From so long on the operator is told how long it takes."""


@dataclass(eq=False)
class LampLight:
    """Takes lamp exposures; repeats those whose dark drifted.

    Attributes:
        station: the rig and who moves things.
        scans: per exposure and per dark.
        raw: every scan that was used, by name, [scans, pixels].
        repeated: how often a gate had an exposure repeated.
    """

    station: Station
    scans: int
    raw: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    repeated: int = 0
    _time_s: float = 0.0

    def switch_on(self, warm_up_s: float, following: str) -> None:
        """Have the lamp switched on (if it isn't) with its light in the sphere, and wait until it is warm."""
        self.station.arrange(self.station.with_lamp(blocked=False), following)
        self.station.warm_up_lamp(warm_up_s)

    def brightest_time_s(self, *, long_pass: bool = False) -> float:
        """The integration time at which the brightest pixel reaches 85 % of full scale.

        Raises:
            MeasurementError: there is no light, or too much for the shortest time.
        """
        spectrometer = self.station.instruments.spectrometer
        self.station.arrange(self.station.with_lamp(blocked=True, long_pass=long_pass), "dark")
        dark = self._scan(_TEST_TIME_S, _TEST_SCANS).mean(axis=0)
        self.station.arrange(self.station.with_lamp(blocked=False, long_pass=long_pass), "lamp")
        light = self._scan(_TEST_TIME_S, _TEST_SCANS).mean(axis=0)
        shortest_s, longest_s = spectrometer.integration_time_range_s
        limits = IntegrationLimits(
            shortest_s, min(longest_s, _LONGEST_S), spectrometer.full_scale_counts, *_AIM
        )
        if float(np.median(light - dark)) < _LEAST_TEST_COUNTS:
            raise MeasurementError(
                f"the lamp gives {np.median(light - dark):.0f} counts in {_TEST_TIME_S:g} s: is it on, at "
                "its port and not blocked?"
            )
        return predict_integration_time_s((light - dark) / _TEST_TIME_S, dark, 1.0, limits)

    def expose(self, times_s: Sequence[float], name: str, *, long_pass: bool = False) -> list[SourceExposure]:
        """Darks at all integration times, lamp at all, darks at all.

        Args:
            times_s: integration times, s.
            name: of the raw data.
            long_pass: with the filter in.

        Raises:
            CurveError: the dark drifted at every attempt.
            RunAbortedError: the operator aborted.
        """
        for attempt in range(_ATTEMPTS):
            taken, exposures = self._expose_once(times_s, long_pass=long_pass)
            try:
                for exposure in exposures:
                    exposure.require_steady_dark()
            except CurveError as error:
                if attempt == _ATTEMPTS - 1:
                    raise
                self.repeated += 1
                self.station.tell(f"repeated: {error}")
                continue
            break
        self.raw.update({f"{name}_{key}": scans.astype(np.float32) for key, scans in taken.items()})
        return exposures

    def _expose_once(
        self, times_s: Sequence[float], *, long_pass: bool
    ) -> tuple[Mapping[str, FloatArray], list[SourceExposure]]:
        taken: dict[str, FloatArray] = {}
        in_force: dict[float, float] = {}
        for phase, blocked in (("dark_before", True), ("light", False), ("dark_after", True)):
            setup = self.station.with_lamp(blocked=blocked, long_pass=long_pass)
            following = "dark with the lamp blocked" if blocked else "the lamp's spectrum"
            self.station.arrange(setup, following)
            self._tell_if_long(following, times_s, self.scans)
            for time_s in times_s:
                taken[f"{phase}_{time_s:g}s"] = self._scan(time_s, self.scans)
                in_force[time_s] = self._time_s
        exposures = [
            SourceExposure(
                in_force[time_s],
                *(
                    Scans.of(taken[f"{phase}_{time_s:g}s"])
                    for phase in ("light", "dark_before", "dark_after")
                ),
            )
            for time_s in times_s
        ]
        return taken, exposures

    def darks(self, times_s: Sequence[float], scans: int) -> list[tuple[float, FloatArray]]:
        """Scans with the lamp blocked: time in force, s, and counts [scans, pixels], for each time."""
        self._tell_if_long(f"darks at {len(times_s)} integration times", times_s, scans)
        found = []
        for time_s in times_s:
            counts = self._scan(time_s, scans)
            self.raw[f"dark_{time_s:g}s"] = counts.astype(np.float32)
            found.append((self._time_s, counts))
        return found

    def _tell_if_long(self, what: str, times_s: Sequence[float], scans: int) -> None:
        duration_s = sum(times_s) * scans
        if duration_s >= _LONG_S:
            self.station.tell(f"{what}: about {duration_s / 60:.0f} min")

    def _scan(self, time_s: float, scans: int) -> FloatArray:
        """Scan in portions: between them a stop is heard. Nothing changes, so that none is thrown away."""
        spectrometer = self.station.instruments.spectrometer
        self.station.require_going_on()
        self._time_s = spectrometer.set_integration_time_s(time_s)
        portion = max(int(_LONGEST_PORTION_S / self._time_s), 1)
        parts = []
        for begun in range(0, scans, portion):
            self.station.require_going_on()
            parts.append(spectrometer.acquire(min(portion, scans - begun)))
        return np.concatenate(parts)
