"""From the diode to the sphere's entrance and to the monitor: power in time."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from sim.optics.attenuator import BeamProfile, DensityWheel, Wedge, draw_beam, draw_wedge, draw_wheel
from sim.optics.laser import LaserDiode, draw_laser
from sim.optics.noise import FastNoise, SlowDrift
from sim.optics.options import BenchOptions
from sim.optics.settings import BenchSettings, Conditions
from sim.optics.units import named_stream, seed_sequence

LIGHT_THRESHOLD_W = 1e-6
"""Power on the sample's place above which there is light."""

_ORDINARY_DRIFT = 0.003


@dataclass(frozen=True)
class LightParts:
    """The drawn parts between diode and sphere."""

    laser: LaserDiode
    wheel: DensityWheel
    wedge: Wedge
    beam: BeamProfile


def draw_light_parts(seed: int, sample: str, options: BenchOptions) -> LightParts:
    """Draw the parts of one bench, each from a stream of its own."""
    return LightParts(
        laser=draw_laser(named_stream(seed, sample, "laser"), options.mode_hops),
        wheel=draw_wheel(named_stream(seed, sample, "wheel")),
        wedge=draw_wedge(named_stream(seed, sample, "wedge")),
        beam=draw_beam(named_stream(seed, sample, "beam")),
    )


class Fluctuations:
    """The laser's power in time, relative to its mean."""

    def __init__(self, seed: int, sample: str, options: BenchOptions) -> None:
        """Draw the fluctuations of one bench."""
        stream = named_stream(seed, sample, "laser drift")
        # Drawn for one SD and scaled to the one in force; without any by default it could not be scaled up.
        self._drawn_sd = options.laser_drift or _ORDINARY_DRIFT
        self._drift = SlowDrift(self._drawn_sd, options.laser_drift_time_s, stream)
        key = int(seed_sequence(seed, sample, "laser fast noise").generate_state(1, np.uint64)[0])
        self._fast = FastNoise(options.laser_fast_noise, key)

    def value(self, time_s: float, drift: float) -> float:
        """Factor on the power at a time, the slow drift having this relative SD."""
        slow = self._drift.value(time_s) * (drift / self._drawn_sd)
        return max(1.0 + slow + self._fast.value(time_s), 0.0)

    def mean(self, start_s: float, end_s: float, drift: float) -> float:
        """Mean factor between two times; at one time if they are equal."""
        if end_s <= start_s:
            return self.value(start_s, drift)
        slow = self._drift.mean(start_s, end_s) * (drift / self._drawn_sd)
        return max(1.0 + slow + self._fast.mean(start_s, end_s), 0.0)


class LightPath:
    """Power at the diode, the sphere and the monitor at any time."""

    def __init__(self, parts: LightParts, fluctuations: Fluctuations, settings: BenchSettings) -> None:
        """Join parts, fluctuations and settings."""
        self.parts = parts
        self._fluctuations = fluctuations
        self._settings = settings
        self._dose_times_s = [0.0]
        self._doses_j = [0.0]
        settings.when_changed(self._forget_doses_after)

    def steady_power_w(self, conditions: Conditions) -> float:
        """Power into the sphere under these conditions, without fluctuations."""
        if conditions.surroundings.entrance_blocked:
            return 0.0
        return self._behind_wheel_w(conditions) * self.parts.wedge.sphere_share

    def emitted_power_w(self, time_s: float) -> float:
        """Power leaving the diode at a time."""
        now = self._settings.conditions(time_s)
        return self._from_diode_w(now) * self._fluctuations.value(time_s, now.surroundings.laser_drift)

    def power_w(self, time_s: float) -> float:
        """Power into the sphere at a time."""
        now = self._settings.conditions(time_s)
        return self._fluctuating(self.steady_power_w(now), time_s, now)

    def power_at_entrance_w(self, time_s: float) -> float:
        """Power that comes to the sphere's entrance, whatever stands there."""
        now = self._settings.conditions(time_s)
        return self._fluctuating(self._behind_wheel_w(now) * self.parts.wedge.sphere_share, time_s, now)

    def mean_power_of_stretch_w(self, start_s: float, end_s: float, conditions: Conditions) -> float:
        """Mean power into the sphere over a time in which these conditions hold."""
        steady = self.steady_power_w(conditions)
        if steady <= 0.0:
            return 0.0
        return steady * self._fluctuations.mean(start_s, end_s, conditions.surroundings.laser_drift)

    def monitor_power_w(self, time_s: float) -> float:
        """Power on the monitor's head at a time, with the pointing error of the moment."""
        now = self._settings.conditions(time_s)
        steady = self._behind_wheel_w(now) * self.parts.wedge.monitor_share
        return self._fluctuating(steady * self._settings.pointing(time_s), time_s, now)

    def wavelength_nm(self, conditions: Conditions) -> float:
        """Centre of the laser line under these conditions."""
        return self.parts.laser.wavelength_nm(
            conditions.laser_current_a, conditions.laser_temperature_c, self._hop_shift_c(conditions)
        )

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Energy that entered the sphere between two times."""
        return math.fsum(
            self.mean_power_of_stretch_w(low, high, conditions) * (high - low)
            for low, high, conditions in self._settings.stretches(start_s, end_s)
        )

    def dose_j(self, time_s: float) -> float:
        """Energy that entered the sphere since time 0."""
        index = bisect_right(self._dose_times_s, time_s) - 1
        if index < 0:
            return 0.0
        known_s, known_j = self._dose_times_s[index], self._doses_j[index]
        if time_s == known_s:
            return known_j
        dose = known_j + self.energy_j(known_s, time_s)
        if index == len(self._doses_j) - 1:
            self._dose_times_s.append(time_s)
            self._doses_j.append(dose)
        return dose

    def _behind_wheel_w(self, conditions: Conditions) -> float:
        if not conditions.blade_open or conditions.laser_current_a <= 0.0:
            return 0.0
        return self._from_diode_w(conditions) * self.parts.wheel.transmission(conditions.wheel_angle_deg)

    def _from_diode_w(self, conditions: Conditions) -> float:
        return self.parts.laser.power_w(
            conditions.laser_current_a, conditions.laser_temperature_c, self._hop_shift_c(conditions)
        )

    def _hop_shift_c(self, conditions: Conditions) -> float:
        distance_c = conditions.surroundings.hop_distance_c
        return 0.0 if distance_c is None else self.parts.laser.hop_shift_c(distance_c)

    def _fluctuating(self, steady_w: float, time_s: float, conditions: Conditions) -> float:
        if steady_w <= 0.0:
            return 0.0
        return steady_w * self._fluctuations.value(time_s, conditions.surroundings.laser_drift)

    def _forget_doses_after(self, time_s: float) -> None:
        # A setting may come late for a time that has been asked about; what was added up beyond it is void.
        keep = max(bisect_right(self._dose_times_s, time_s), 1)
        del self._dose_times_s[keep:], self._doses_j[keep:]
