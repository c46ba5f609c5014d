"""One measured step as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.roles import Role
from drivers.protocols import FloatArray, LaserState
from procedures.exposure import Dark, Exposure
from procedures.history import StepSummary


@dataclass(frozen=True)
class Surroundings:
    """How the rig stood during an exposure.

    Attributes:
        target_mw_per_cm2: power density the step aims at, mW/cm².
        wheel_position_deg: where the wheel stood, degrees.
        laser: current and temperature of the diode.
        detector_temperature_c: temperature of the spectrometer's detector, °C.
    """

    target_mw_per_cm2: float
    wheel_position_deg: float
    laser: LaserState
    detector_temperature_c: float


@dataclass(frozen=True, eq=False)
class MeasuredStep:
    """An exposure and its dark, ready to be recorded.

    Attributes:
        exposure: data of the stream "exposure".
        dark: data of the stream "dark".
        summary: what later steps need of it.
    """

    exposure: Mapping[str, Any]
    dark: Mapping[str, Any]
    summary: StepSummary


def measured_step(
    role: Role, step: int, exposure: Exposure, dark: Dark, around: Surroundings
) -> MeasuredStep:
    """Put everything of a step together; keys carry their units.

    Args:
        role: what it was for.
        step: index of the power step, from 0.
        exposure: the spectra with light; never saturated ones.
        dark: the spectra without.
        around: how the rig stood.
    """
    of_exposure = {"role": role.value, "step": step, **_exposure_data(exposure, around)}
    of_dark = {"role": role.value, "step": step, **_dark_data(dark, around)}
    return MeasuredStep(of_exposure, of_dark, StepSummary.from_data(of_exposure, of_dark))


def _exposure_data(exposure: Exposure, around: Surroundings) -> dict[str, Any]:
    return {
        "target_power_density_mw_per_cm2": around.target_mw_per_cm2,
        "integration_time_s": exposure.integration_time_s,
        "scans": len(exposure.scan_counts),
        "counts": _mean(exposure.scan_counts),
        "counts_std": _spread(exposure.scan_counts),
        "scan_counts": exposure.scan_counts.astype(np.float32),
        "monitor_power_w": exposure.monitor.mean_w,
        "monitor_power_std_w": exposure.monitor.std_w,
        "monitor_readings": exposure.monitor.readings,
        "wheel_position_deg": around.wheel_position_deg,
        "laser_current_a": around.laser.current_a,
        "laser_temperature_c": around.laser.temperature_c,
        "detector_temperature_c": around.detector_temperature_c,
        "saturated": False,
        "light_on_s": exposure.light_on_s,
    }


def _dark_data(dark: Dark, around: Surroundings) -> dict[str, Any]:
    return {
        "integration_time_s": dark.integration_time_s,
        "scans": len(dark.scan_counts),
        "dark": _mean(dark.scan_counts),
        "dark_std": _spread(dark.scan_counts),
        "detector_temperature_c": around.detector_temperature_c,
    }


def _mean(scan_counts: FloatArray) -> FloatArray:
    return np.asarray(scan_counts.mean(axis=0), dtype=np.float64)


def _spread(scan_counts: FloatArray) -> FloatArray:
    if len(scan_counts) < 2:
        return np.zeros(scan_counts.shape[1])
    return np.asarray(scan_counts.std(axis=0, ddof=1), dtype=np.float64)
