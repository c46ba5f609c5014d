"""What the figures show agrees with the result."""

from __future__ import annotations

import numpy as np
import pytest

from plqy_rig.evaluation.windows import Window, pixel_edges_nm
from plqy_rig.report.figures import in_range
from plqy_rig.report.quantities import (
    emission_spectrum,
    nearest_step,
    response_weights,
    step_values,
)


@pytest.mark.parametrize("name", ["er", "total"])
def test_the_area_of_the_emission_spectrum_is_the_yield(subject_with, name):
    subject = subject_with()
    window = subject.evaluation.windows[name]
    spectrum = emission_spectrum(subject.corrected, window, 200.0)
    inside = Window(window.name, window.low_nm, window.high_nm).pixel_fractions(spectrum.wavelength_nm)
    area = np.sum(spectrum.per_nm * np.diff(pixel_edges_nm(spectrum.wavelength_nm)) * inside)
    assert area == pytest.approx(window.plqy[spectrum.step], rel=1e-9)


def test_the_response_weights_give_the_budget_s_term(subject_with):
    subject = subject_with(steps=8)
    for window in subject.evaluation.windows.values():
        weights = response_weights(subject.corrected, window)
        covariance = subject.corrected.calibration.response.shape_covariance()
        assert np.sqrt(weights @ covariance @ weights) == pytest.approx(
            window.budget["response_shape"], rel=0.02
        )


def test_statistical_and_systematic_parts_make_the_whole(subject_with):
    for window in subject_with().evaluation.windows.values():
        whole = np.hypot(step_values(window, "u_plqy_random"), step_values(window, "u_plqy_systematic"))
        np.testing.assert_allclose(whole, window.u_plqy, rtol=1e-9)


def test_the_steps_said_to_be_in_the_mean_are_those_that_the_evaluation_took(subject_with):
    for steps in (1, 4, 20):
        for window in subject_with(steps=steps).evaluation.windows.values():
            assert in_range(window).sum() == window.details.mean.steps


def test_emitted_over_absorbed_photons_is_the_yield(subject_with):
    for window in subject_with().evaluation.windows.values():
        ratio = step_values(window, "emission_rate") / step_values(window, "absorbed_rate")
        np.testing.assert_allclose(ratio, window.plqy, rtol=1e-9)


def test_the_spectrum_comes_from_the_step_nearest_in_ratio(subject_with):
    window = subject_with(steps=8).evaluation.windows["er"]
    density = window.power_density_mw_per_cm2
    assert nearest_step(window, 1e-3) == 0
    assert nearest_step(window, 1e6) == 7
    between = np.sqrt(density[3] * density[4])
    assert nearest_step(window, between * 1.01) == 4
    assert nearest_step(window, between / 1.01) == 3
