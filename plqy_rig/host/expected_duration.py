"""How long a recipe will probably take, and what light the sample gets: arithmetic, no instrument.

The sweep chooses its integration times by the light it finds. Before a run that light isn't known, but the
calibration records say how much power goes into the sphere and what a count is worth; what is missing is
the fraction of that power that ends in the brightest pixel. Typical fractions are assumed, so the numbers
here are a forecast; the longest possible duration is `SweepSettings.estimate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration import Beam, Linearity, MonitorRatio, Record, RecordKind, Response
from calibration.roles import Role, SamplePosition
from procedures import PowerCalibration, SweepSettings
from procedures.integration_time import predict_integration_time_s

TYPICAL_SHARE: Mapping[Role, float] = {
    Role.EMPTY_EXCITATION: 0.25,
    Role.INDIRECT_EXCITATION: 0.25,
    Role.DIRECT_EXCITATION: 0.20,
    Role.DIRECT_EMISSION: 1e-3,
    Role.INDIRECT_EMISSION: 3e-4,
    Role.EMPTY_EMISSION: 0.0,
}
"""Typical fraction of the power sent into the sphere that the brightest pixel shows, by role.

A laser line a few pixels wide has a quarter of its light in one; a sample that absorbs takes some of it.
Emission of a few per cent quantum yield is spread over a hundred pixels.
"""

_UNLIMITED_S = float("inf")


@dataclass(frozen=True)
class RigScale:
    """What the records say about light and counts.

    Attributes:
        power: way from monitor to sample.
        laser_joules_per_count: energy into the sphere per count at the laser line, J.
        emission_joules_per_count: the same where the emission is, J.
        full_scale_counts: count at which a pixel is saturated.
        wavelength_range_nm: first and last pixel.
    """

    power: PowerCalibration
    laser_joules_per_count: float
    emission_joules_per_count: float
    full_scale_counts: float
    wavelength_range_nm: tuple[float, float]

    @classmethod
    def of(cls, records: Mapping[RecordKind, Record], laser_window_nm: tuple[float, float]) -> RigScale:
        """From the records in force; raises `CurveError` where one makes no calibration."""
        response = Response.from_values(records[RecordKind.RESPONSE].values)
        wheel = records[RecordKind.WHEEL].values
        known = np.isfinite(response.joules_per_count)
        wavelength, joules = response.wavelength_nm[known], response.joules_per_count[known]
        beyond = joules[wavelength > laser_window_nm[1]]
        return cls(
            power=PowerCalibration(
                beam_area_cm2=Beam.from_values(records[RecordKind.BEAM].values).area_cm2,
                monitor_ratio=MonitorRatio.from_values(records[RecordKind.MONITOR_RATIO].values).ratio,
                wheel_angle_deg=tuple(float(angle) for angle in wheel["angle_deg"]),
                wheel_optical_density=tuple(float(density) for density in wheel["optical_density"]),
            ),
            laser_joules_per_count=float(np.interp(sum(laser_window_nm) / 2, wavelength, joules)),
            emission_joules_per_count=float(np.median(beyond if beyond.size else joules)),
            full_scale_counts=Linearity.from_values(records[RecordKind.LINEARITY].values).full_scale_counts,
            wavelength_range_nm=(float(response.wavelength_nm[0]), float(response.wavelength_nm[-1])),
        )


@dataclass(frozen=True)
class PassForecast:
    """What one pass will probably take.

    Attributes:
        role: which.
        integration_times_s: of every power step, s.
        expected_duration_s: rig seconds, without the operator's move.
        longest_duration_s: if every step needs its longest integration time.
        energy_on_sample_j: light that falls directly on the sample, J.
    """

    role: Role
    integration_times_s: tuple[float, ...]
    expected_duration_s: float
    longest_duration_s: float
    energy_on_sample_j: float


def forecast_pass(
    role: Role, settings: SweepSettings, scale: RigScale, range_s: tuple[float, float] = (0.0, _UNLIMITED_S)
) -> PassForecast:
    """Foretell the integration times of a pass, and with them its duration and dose.

    Args:
        role: the pass.
        settings: the recipe.
        scale: what the records say.
        range_s: shortest and longest integration time of the spectrometer, s.
    """
    limits = settings.integration_limits(role, scale.full_scale_counts, range_s)
    joules = scale.emission_joules_per_count if role.is_emission else scale.laser_joules_per_count
    times, energy = [], 0.0
    for density in settings.power_densities_mw_per_cm2:
        monitor_w = scale.power.monitor_power_w(density)
        rate_per_s_per_w = np.array([TYPICAL_SHARE[role] * scale.power.monitor_ratio / joules])
        time_s = predict_integration_time_s(rate_per_s_per_w, np.zeros(1), monitor_w, limits)
        times.append(time_s)
        if role.arrangement.sample is SamplePosition.DIRECT:
            # One spectrum more than is wanted: the one that was begun before the light was on.
            lit_s = (settings.scans(role) + 1) * time_s + settings.settle_time_s
            energy += density * 1e-3 * scale.power.beam_area_cm2 * lit_s
    settling_s = settings.settle_time_s * settings.steps
    return PassForecast(
        role,
        tuple(times),
        sum(settings.step_duration_s(role, time_s) for time_s in times) + settling_s,
        settings.steps * settings.step_duration_s(role, limits.longest_s) + settling_s,
        energy,
    )
