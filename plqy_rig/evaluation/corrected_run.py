"""A run behind the correction chain: what every window is cut from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet, Response
from plqy_rig.data import Role, Run
from plqy_rig.evaluation.chain import RoleCalibration, RolePhotons, Stage, correct_role
from plqy_rig.evaluation.choices import EvaluationChoices
from plqy_rig.evaluation.content import WindowContent, window_weights
from plqy_rig.evaluation.smooth_errors import correlation_factor
from plqy_rig.evaluation.uncertainty import CommonErrors
from plqy_rig.evaluation.windows import Window

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_DEFAULT_LASER_WINDOW = Window("laser", 967.0, 987.0)


@dataclass(frozen=True)
class CorrectedRun:
    """A run behind the correction chain.

    Attributes:
        run: as measured.
        calibration: the records used.
        choices: how it is evaluated.
        photons: each role after the chain.
        reference_power_w: common monitor power of each step, [steps].
        laser_window: where the laser line is.
        passed: pixels that the long-pass passes, [pixels].
        shape_factors: unit errors of the response's shape times their size, [pixels, rank], for
            excitation (False) and emission (True).
        laser_contents: the excitation roles cut to the laser window, the same for every emission window.
    """

    run: Run
    calibration: CalibrationSet
    choices: EvaluationChoices
    photons: Mapping[Role, RolePhotons]
    reference_power_w: FloatArray
    laser_window: Window
    passed: BoolArray
    shape_factors: Mapping[bool, FloatArray]
    laser_contents: Mapping[Role, WindowContent]

    @property
    def power_density_mw_per_cm2(self) -> FloatArray:
        """At the sample, [steps] (method, section 8)."""
        sphere_power_w = self.calibration.monitor_ratio.ratio * self.reference_power_w
        return self.calibration.beam.power_density_mw_per_cm2(sphere_power_w)

    @property
    def common_errors(self) -> CommonErrors:
        """Sizes of the errors that the whole run shares."""
        linearity, long_pass = self.calibration.linearity, self.calibration.long_pass
        divided = self.choices.response_behind_long_pass is None
        return CommonErrors(
            transmission_relative=long_pass.transmission_uncertainty_relative if divided else 0.0,
            linearity_per_count=linearity.uncertainty_relative_at_full_scale / linearity.full_scale_counts,
        )

    def weights(self, window: Window) -> FloatArray:
        """How each pixel enters an emission window, [pixels]."""
        return window_weights(window, self.run.wavelength_nm, self.choices.local_baseline)

    def contents(self, window: Window) -> dict[Role, WindowContent]:
        """Every role cut to its window: the laser's for excitation, `window` for emission."""
        weights = self.weights(window)
        return {
            role: WindowContent.of(photons, weights, self.shape_factors[True])
            if role.is_emission
            else self.laser_contents[role]
            for role, photons in self.photons.items()
        }


def correct_run(
    run: Run,
    calibration: CalibrationSet,
    choices: EvaluationChoices,
    stages: dict[Role, list[Stage]] | None = None,
) -> CorrectedRun:
    """Take a run through the correction chain.

    Args:
        run: with all five roles.
        calibration: the records to use.
        choices: how it is evaluated.
        stages: gets every intermediate spectrum by role; None keeps none.

    Raises:
        CalibrationError: a record can't be used, or is for another spectrometer.
        ConfigurationError: a window lies outside the spectra.
    """
    emission_response = _emission_response(run, calibration, choices)
    calibration.response.require_grid(run.wavelength_nm)
    power = _reference_power_w(run)
    photons: dict[Role, RolePhotons] = {}
    for role, spectra in run.spectra.items():
        kept = None if stages is None else stages.setdefault(role, [])
        response = emission_response if role.is_emission else calibration.response
        used = _role_calibration(run, calibration, choices, role, response)
        photons[role] = correct_role(spectra, used, power, kept)
    laser_window = choices.laser_window or _recipe_laser_window(run)
    laser = laser_window.pixel_fractions(run.wavelength_nm)
    shape_factors = {
        emission: correlation_factor(calibration.response) * response.shape_uncertainty_relative[:, None]
        for emission, response in ((False, calibration.response), (True, emission_response))
    }
    return CorrectedRun(
        run=run,
        calibration=calibration,
        choices=choices,
        photons=photons,
        reference_power_w=power,
        laser_window=laser_window,
        passed=np.isfinite(calibration.long_pass.usable_at(calibration.response.wavelength_nm)),
        shape_factors=shape_factors,
        laser_contents={
            role: WindowContent.of(content, laser, shape_factors[False])
            for role, content in photons.items()
            if not role.is_emission
        },
    )


def _emission_response(run: Run, calibration: CalibrationSet, choices: EvaluationChoices) -> Response:
    """The response for the emission roles; one measured with the filter in place if there is one.

    Its shape errors are taken as the same curve as those of the other record: both come from one lamp.
    """
    record = choices.response_behind_long_pass
    if record is None:
        return calibration.response
    response = Response.from_values(record.values)
    response.require_grid(run.wavelength_nm)
    return response


def _role_calibration(
    run: Run, calibration: CalibrationSet, choices: EvaluationChoices, role: Role, response: Response
) -> RoleCalibration:
    # Either the transmission or a response measured behind the filter, never both.
    divide = role.is_emission and choices.response_behind_long_pass is None
    region = choices.baseline_region
    return RoleCalibration(
        linearity=calibration.linearity,
        wavelength_nm=response.wavelength_nm,
        joules_per_count=response.joules_per_count,
        transmission=calibration.long_pass.usable_at(response.wavelength_nm) if divide else None,
        full_scale_counts=run.full_scale_counts,
        reading_noise_relative=calibration.monitor_ratio.reading_noise_relative,
        baseline=None if region is None else region.pixel_fractions(run.wavelength_nm),
    )


def _reference_power_w(run: Run) -> FloatArray:
    """Common monitor power of each step: the mean over its roles, [steps]; NaN where none was measured."""
    powers = np.stack([spectra.monitor_power_w for spectra in run.spectra.values()])
    measured = np.isfinite(powers)
    total = np.where(measured, powers, 0.0).sum(axis=0)
    count = measured.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _recipe_laser_window(run: Run) -> Window:
    low, high = run.recipe.get("laser_window_low_nm"), run.recipe.get("laser_window_high_nm")
    if low is None or high is None:
        return _DEFAULT_LASER_WINDOW
    return Window("laser", float(low), float(high))
