"""The sanity checks that concern a whole run, whatever the window: laser, monitor, detector, darks, air.

Thresholds are such that an undisturbed run raises nothing: where noise could, the threshold grows with the
number of comparisons made in a run (docs/explanations/evaluation.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration import RecordKind
from plqy_rig.data import Role, RoleSpectra
from plqy_rig.evaluation.checks import signal_flags
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.light_checks import light_flags
from plqy_rig.evaluation.noise_model import fit_noise_model, noise_disagrees
from plqy_rig.evaluation.record_checks import record_flags
from plqy_rig.evaluation.statistics import alarm_sigmas
from plqy_rig.evaluation.water_vapour import shows_water_vapour

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_MONITOR_SPREAD = 0.01
_LASER_DRIFT = 0.02
_SAME_WHEEL_DEG = 0.05
_POWER_JUMP = 0.01
_LINE_JUMP_NM = 0.1
_OLD_DARK_S = 600.0
_DARK_TEMPERATURE_C = 0.5
_RESPONSE_TEMPERATURE_C = 1.0
_EMISSION_DRIFT = 0.005


def run_flags(corrected: CorrectedRun) -> dict[Flag, BoolArray]:
    """Which steps carry which of the run's flags, [steps] each."""
    steps = len(corrected.reference_power_w)
    laser = np.flatnonzero(corrected.laser_window.pixel_fractions(corrected.run.wavelength_nm))
    relative_powers = _relative_powers(corrected)
    return {
        **_measurement_flags(corrected),
        **signal_flags(corrected, laser, emission=False),
        Flag.LASER_DRIFT: np.full(steps, _laser_drifts(relative_powers)),
        Flag.MODE_HOP: _line_jumps(corrected) | _power_jumps(corrected, relative_powers),
        Flag.DETECTOR_TEMPERATURE: _detector_temperature(corrected),
        Flag.NOISE_DISAGREES: _noise(corrected),
        Flag.EMISSION_DRIFT: np.full(steps, _emission_drifts(corrected)),
        **{flag: np.full(steps, raised) for flag, raised in _of_the_whole_run(corrected).items()},
    }


def _of_the_whole_run(corrected: CorrectedRun) -> dict[Flag, bool]:
    of_records = record_flags(corrected)
    seen = bool(shows_water_vapour(corrected))
    return {
        **light_flags(corrected),
        **of_records,
        Flag.WATER_VAPOUR: of_records[Flag.WATER_VAPOUR] or seen,
    }


def _measurement_flags(corrected: CorrectedRun) -> dict[Flag, BoolArray]:
    power = corrected.reference_power_w
    unsteady, incomplete, single, old = (np.zeros(len(power), dtype=bool) for _ in range(4))
    for spectra in corrected.run.spectra.values():
        unsteady |= spectra.monitor_power_std_w > _MONITOR_SPREAD * spectra.monitor_power_w
        unsteady |= np.abs(spectra.monitor_power_w / power - 1) > 2 * _MONITOR_SPREAD
        incomplete |= ~spectra.measured
        single |= spectra.measured & (spectra.scans < 2)
        lasted_s = spectra.integration_time_s * (spectra.scans + spectra.dark_scans + 2)
        old |= np.abs(spectra.time - spectra.dark_time) > _OLD_DARK_S + 2 * lasted_s
    return {
        Flag.MONITOR_UNSTEADY: unsteady,
        Flag.INCOMPLETE: incomplete,
        Flag.SINGLE_SCANS: single,
        Flag.DARK_OLD: old,
    }


def _relative_powers(corrected: CorrectedRun) -> dict[Role, FloatArray]:
    """Monitor power over that of the other roles at the same wheel position, [steps]; NaN elsewhere."""
    found: dict[Role, FloatArray] = {}
    spectra = corrected.run.spectra
    for role, own in spectra.items():
        logs = []
        for other_role, other in spectra.items():
            if other_role is not role:
                same = np.abs(own.wheel_position_deg - other.wheel_position_deg) < _SAME_WHEEL_DEG
                logs.append(np.where(same, np.log(own.monitor_power_w / other.monitor_power_w), np.nan))
        stacked = np.stack(logs) if logs else np.full((1, len(own.measured)), np.nan)
        count = np.isfinite(stacked).sum(axis=0)
        total = np.where(np.isfinite(stacked), stacked, 0.0).sum(axis=0)
        found[role] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def _laser_drifts(relative_powers: Mapping[Role, FloatArray]) -> bool:
    means = [
        float(values[np.isfinite(values)].mean())
        for values in relative_powers.values()
        if np.isfinite(values).any()
    ]
    return bool(means) and max(means) - min(means) > _LASER_DRIFT


def _power_jumps(corrected: CorrectedRun, relative_powers: Mapping[Role, FloatArray]) -> BoolArray:
    """A jump from one step to the next in a pass that the other passes don't have."""
    noise = corrected.calibration.monitor_ratio.reading_noise_relative
    tests = len(relative_powers) * len(corrected.reference_power_w)
    # Two exposures of this pass against two means of the others.
    sigma = noise * (2.0 * (1.0 + 1.0 / max(len(relative_powers) - 1, 1))) ** 0.5
    limit = max(_POWER_JUMP, alarm_sigmas(tests) * sigma)
    jumped = np.zeros(len(corrected.reference_power_w), dtype=bool)
    for role, relative in relative_powers.items():
        spectra = corrected.run.spectra[role]
        pause_s = np.diff(spectra.time) - 3 * spectra.integration_time_s[1:] * (spectra.scans[1:] + 2)
        jump = (np.abs(np.diff(relative)) > limit) & (np.abs(pause_s) < _OLD_DARK_S)
        jumped[1:] |= jump
    return jumped


def _line_jumps(corrected: CorrectedRun) -> BoolArray:
    """Steps with an excitation spectrum whose laser line isn't where it is in most of them."""
    wavelength_nm = corrected.run.wavelength_nm
    inside = corrected.laser_window.pixel_fractions(wavelength_nm) > 0
    pixels_nm = wavelength_nm[inside]
    excitations = [photons for role, photons in corrected.photons.items() if not role.is_emission]
    photons = np.stack([role.photons_per_s[:, inside] for role in excitations])
    noise = np.stack([role.noise_per_s[:, inside] for role in excitations])
    total = photons.sum(axis=2)
    centroid = photons @ pixels_nm / np.where(total > 0, total, np.nan)
    usable = np.isfinite(centroid)
    if not usable.any():
        return np.zeros(centroid.shape[1], dtype=bool)
    off = centroid - np.median(centroid[usable])
    lever = (pixels_nm - centroid[..., None]) * noise / total[..., None]
    limit = np.maximum(_LINE_JUMP_NM, alarm_sigmas(centroid.size) * np.sqrt(np.sum(lever**2, axis=2)))
    return np.asarray((usable & (np.abs(off) > limit)).any(axis=0))


def _detector_temperature(corrected: CorrectedRun) -> BoolArray:
    spectra = list(corrected.run.spectra.values())
    exposure = np.stack([role.detector_temperature_c for role in spectra])
    dark = np.stack([role.dark_detector_temperature_c for role in spectra])
    off = np.abs(exposure - dark) > _DARK_TEMPERATURE_C
    known = exposure[np.isfinite(exposure)]
    if known.size:
        off |= np.abs(exposure - np.median(known)) > _RESPONSE_TEMPERATURE_C
    set_point = corrected.run.rig.get("spectrometer", {}).get("temperature_c")
    if isinstance(set_point, int | float):
        off |= np.abs(exposure - set_point) > _RESPONSE_TEMPERATURE_C
    record = corrected.calibration.records.get(RecordKind.RESPONSE)
    at_calibration = record.values.get("detector_temperature_c") if record is not None else None
    if isinstance(at_calibration, int | float):
        off |= np.abs(exposure - at_calibration) > _RESPONSE_TEMPERATURE_C
    return np.asarray(off.any(axis=0))


def _noise(corrected: CorrectedRun) -> BoolArray:
    disagrees = np.zeros(len(corrected.reference_power_w), dtype=bool)
    model = fit_noise_model(corrected.run.spectra.values())
    if model is None:
        return disagrees
    laser = np.flatnonzero(corrected.laser_window.pixel_fractions(corrected.run.wavelength_nm))
    emission = np.flatnonzero(corrected.passed)
    for role, spectra in corrected.run.spectra.items():
        disagrees |= noise_disagrees(spectra, emission if role.is_emission else laser, model)
    return disagrees


def _emission_drifts(corrected: CorrectedRun) -> bool:
    """Whether the emission changes within the exposures of the direct pass, all steps taken together."""
    spectra = corrected.run.spectra[Role.DIRECT_EMISSION]
    changes = _change_over_scans(spectra, corrected.passed)
    if len(changes) < 3:
        return False
    mean = float(changes.mean())
    sigma = float(changes.std(ddof=1)) / len(changes) ** 0.5
    return bool(abs(mean) > max(_EMISSION_DRIFT, alarm_sigmas(1) * sigma))


def _change_over_scans(spectra: RoleSpectra, pixels: BoolArray) -> FloatArray:
    """Relative change from the first to the last scan, for each step with three scans or more."""
    scans = spectra.scan_counts.shape[1]
    full = spectra.measured & (spectra.scans == scans) & ~spectra.saturated
    if scans < 3 or not full.any():
        return np.zeros(0)
    # The sum over all pixels the filter passes, for each scan: a matrix product reads the counts once.
    light = (spectra.scan_counts[full] @ pixels.astype(np.float32)).astype(np.float64)
    light -= (spectra.dark[full] @ pixels.astype(np.float64))[:, None]
    centred = np.arange(scans) - (scans - 1) / 2
    slope = light @ centred / np.sum(centred**2)
    mean = light.mean(axis=1)
    bright = mean > 0
    return np.asarray(slope[bright] * (scans - 1) / mean[bright], dtype=np.float64)
