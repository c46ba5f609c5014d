"""Models of the power dependence: published check values, recovered parameters, honest choices."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from calibration import Beam
from drivers.errors import ConfigurationError
from plqy_rig.evaluation import EvaluationChoices, Window, evaluate_run
from plqy_rig.evaluation.power_dependence import fit_power_dependence, fit_window
from plqy_rig.evaluation.power_models import (
    balancing,
    declining,
    n_photon,
    power_law,
    quadratic_rate,
)

DENSITY = np.geomspace(50, 1000, 20)


def fitted(plqy, relative=0.002, seed=1):
    sigma = relative * plqy
    noisy = plqy + sigma * np.random.default_rng(seed).normal(size=len(plqy))
    return fit_power_dependence(DENSITY, noisy, sigma**2)


def model(found, name):
    return next(fit for fit in found.models if fit.name == name)


@pytest.mark.parametrize(("power_mw", "diameter_mm", "density"), [(100, 4.0, 795.775), (100, 5.0, 509.296)])
def test_power_density_is_power_over_the_d4sigma_ellipse(power_mw, diameter_mm, density):
    beam = Beam(diameter_mm, diameter_mm, 0.0)
    found = beam.power_density_mw_per_cm2(np.array([power_mw / 1e3]))
    assert found[0] == pytest.approx(density, abs=5e-4)


def test_balancing_has_its_published_values():
    found = balancing(np.array([0.01, 0.1, 1.0, 10.0, 100.0]), 1.0) / 2
    np.testing.assert_allclose(found, [0.00990, 0.0909, 0.5, 0.909, 0.990], atol=5e-4)


def test_quadratic_rate_equation_has_its_published_values():
    found = quadratic_rate(np.array([0.01, 0.1, 1.0, 10.0, 100.0]), 1.0)
    np.testing.assert_allclose(found, [0.009805, 0.083920, 0.381966, 0.729844, 0.904875], atol=5e-7)


def test_quadratic_rate_equation_is_the_formula_that_is_printed():
    ratio = np.geomspace(1e-3, 1e3, 7)
    printed = 1 + (1 - np.sqrt(1 + 4 * ratio)) / (2 * ratio)
    np.testing.assert_allclose(quadratic_rate(ratio, 1.0), printed, rtol=1e-9)


def test_the_balancing_densitys_emission_slope_is_one_and_a_half():
    x = np.array([0.999, 1.001])
    emission = x * balancing(x, 1.0)
    assert np.diff(np.log(emission))[0] / np.diff(np.log(x))[0] == pytest.approx(1.5, abs=1e-6)


def test_a_flat_yield_is_called_constant_with_slope_one():
    found = fitted(np.full(20, 0.5))
    assert found.chosen == "constant"
    assert found.p_no_trend > 0.01
    assert found.emission_slope == pytest.approx(1.0, abs=4 * found.u_emission_slope)
    constant = model(found, "constant")
    assert constant.values["eta0"] == pytest.approx(0.5, abs=4 * constant.sigmas["eta0"])
    assert constant.sigmas["eta0"] == pytest.approx(0.001 / 20**0.5, rel=0.05)


@pytest.mark.parametrize(
    ("name", "true", "parameters"),
    [
        ("power_law", 0.3 * power_law(DENSITY, 200.0, 0.4), {"s": 0.4}),
        ("declining", 0.5 * declining(DENSITY, 1 / 2000.0), {"eta0": 0.5, "x_s": 2000.0}),
        ("balancing", 0.1 * balancing(DENSITY, 300.0), {"eta_b": 0.1, "x_b": 300.0}),
        ("quadratic_rate", 0.4 * quadratic_rate(DENSITY, 150.0), {"eta_inf": 0.4, "x_c": 150.0}),
        ("n_photon", 0.2 * n_photon(DENSITY, 120.0, 3.0), {"x_b": 120.0, "n": 3.0}),
    ],
)
def test_the_model_that_made_the_data_is_found_with_its_parameters(name, true, parameters):
    found = fitted(true, relative=0.001)
    fit = model(found, name)
    assert fit.chi_squared_reduced < 2.5
    for parameter, value in parameters.items():
        assert fit.values[parameter] == pytest.approx(value, abs=4 * fit.sigmas[parameter])
        assert fit.sigmas[parameter] < 0.1 * abs(value)
    assert found.chosen == name
    assert found.p_no_trend < 1e-6


def test_parameter_uncertainties_are_those_of_repeated_fits():
    fits = [model(fitted(0.5 * declining(DENSITY, 1 / 2000.0), seed=seed), "declining") for seed in range(60)]
    values = np.array([fit.values["eta0"] for fit in fits])
    assert values.std(ddof=1) == pytest.approx(fits[0].sigmas["eta0"], rel=0.3)
    assert np.mean([fit.chi_squared_reduced for fit in fits]) == pytest.approx(1.0, abs=0.15)


def test_all_models_are_shown_with_covariance_and_residuals():
    found = fitted(np.full(20, 0.5))
    assert [fit.name for fit in found.models] == [
        "constant",
        "power_law",
        "declining",
        "balancing",
        "quadratic_rate",
        "n_photon",
    ]
    law = model(found, "power_law")
    assert law.covariance is not None
    assert law.covariance.shape == (2, 2)
    assert law.free == ("eta0", "s")
    np.testing.assert_allclose(np.sum(law.residuals**2), law.chi_squared, rtol=1e-6)
    assert law.sigmas["x0"] == 0


def test_an_error_that_all_points_share_moves_the_height_and_makes_no_trend():
    shared = 0.01 * np.ones((20, 20)) * 0.5**2 * 0.01
    own = np.diag(np.full(20, (0.001 * 0.5) ** 2))
    noisy = 0.5 + 0.0005 * np.random.default_rng(2).normal(size=20)
    found = fit_power_dependence(DENSITY, noisy, own + shared)
    alone = fit_power_dependence(DENSITY, noisy, np.diag(own))
    assert found.u_emission_slope == pytest.approx(alone.u_emission_slope, rel=0.05)
    assert model(found, "constant").sigmas["eta0"] > 5 * model(alone, "constant").sigmas["eta0"]


def test_a_runs_window_is_fitted_from_its_result():
    choices = EvaluationChoices(windows=(Window("er", 1400, 1650),))
    result = evaluate_run(make_run(Truth(), 4), choices).windows["er"]
    found = fit_window(result)
    assert found.chosen == "constant"
    assert found.emission_slope == pytest.approx(1.0, abs=4 * found.u_emission_slope)
    assert len(found.density) == 8


def test_too_few_points_or_no_noise_is_refused():
    with pytest.raises(ConfigurationError, match="at least 3"):
        fit_power_dependence(DENSITY[:2], np.full(2, 0.5), np.full(2, 1e-6))
    with pytest.raises(ConfigurationError, match="uncertainty"):
        fit_power_dependence(DENSITY, np.full(20, 0.5), np.zeros(20))
    choices = EvaluationChoices(windows=(Window("er", 1400, 1650),))
    result = evaluate_run(make_run(Truth(), 4), choices).windows["er"]
    without = dataclasses.replace(result, plqy=np.full(8, np.nan))
    with pytest.raises(ConfigurationError, match="window er"):
        fit_window(without)
