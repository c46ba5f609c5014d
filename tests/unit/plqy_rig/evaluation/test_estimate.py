"""Derivatives, pooling, weights and the trend test."""

from __future__ import annotations

import numpy as np
import pytest

from plqy_rig.data import Role
from plqy_rig.evaluation.choices import LeakageModel
from plqy_rig.evaluation.estimate import (
    AbsorptanceEstimator,
    estimate_steps,
    mean_weights,
    shows_trend,
)
from plqy_rig.evaluation.statistics import birge_factor, chi_squared_about_mean

STEPS = 5


def integrals(seed=1, leakage=False):
    random = np.random.default_rng(seed)
    power = np.geomspace(1.0, 20.0, STEPS)

    def around(value):
        return value * power * random.normal(1.0, 0.01, STEPS)

    found = {
        Role.EMPTY_EXCITATION: around(1.0e15),
        Role.INDIRECT_EXCITATION: around(9.5e14),
        Role.DIRECT_EXCITATION: around(8.075e14),
        Role.INDIRECT_EMISSION: around(2.5e13),
        Role.DIRECT_EMISSION: around(9.625e13),
    }
    if leakage:
        # A third of the emission: whatever it does to the derivatives is seen.
        found[Role.EMPTY_EMISSION] = around(3.0e13)
    return found, power


@pytest.mark.parametrize("estimator", list(AbsorptanceEstimator))
@pytest.mark.parametrize("leakage", [False, True])
@pytest.mark.parametrize("model", list(LeakageModel))
@pytest.mark.parametrize("role", list(Role))
def test_gradient_equals_the_difference_quotient(estimator, leakage, model, role):
    values, power = integrals(leakage=leakage)
    if role not in values:
        return  # this case has no leakage spectrum
    tolerance = 1e-6
    gradients = estimate_steps(values, power, estimator, model).gradient
    gradient = gradients[role]
    # Leakage that follows the laser cancels: its derivative is 0 but for rounding.
    scale = np.abs(gradients[Role.DIRECT_EMISSION]).max()
    for step in range(STEPS):
        shift = np.zeros(STEPS)
        shift[step] = 1e-5 * values[role][step]
        up = estimate_steps({**values, role: values[role] + shift}, power, estimator, model).plqy
        down = estimate_steps({**values, role: values[role] - shift}, power, estimator, model).plqy
        quotient = (up - down) / (2 * shift[step])
        np.testing.assert_allclose(gradient[:, step], quotient, rtol=tolerance, atol=tolerance * scale)


def test_pooled_absorptance_gives_every_step_the_same_weight():
    values, power = integrals()
    estimate = estimate_steps(values, power, AbsorptanceEstimator.POOLED)
    per_power = {role: values[role] / power for role in values}
    expected = 1 - per_power[Role.DIRECT_EXCITATION].sum() / per_power[Role.INDIRECT_EXCITATION].sum()
    np.testing.assert_allclose(estimate.absorptance_used, expected, rtol=1e-12)


def test_published_inverse_variance_example():
    plqy, sigma = np.array([0.52, 0.50, 0.49]), np.array([0.02, 0.01, 0.01])
    weights = mean_weights(sigma**2, np.full(3, True))
    assert weights @ plqy == pytest.approx(0.497778, abs=5e-7)
    assert np.sqrt(weights**2 @ sigma**2) == pytest.approx(0.006667, abs=5e-7)


def test_published_chi_squared_and_birge_factor():
    plqy, sigma = np.array([0.52, 0.50, 0.49]), np.array([0.02, 0.01, 0.01])
    chi_squared, degrees = chi_squared_about_mean(plqy, np.diag(sigma**2))
    assert (chi_squared, degrees) == (pytest.approx(1.8889, abs=5e-5), 2)
    assert (chi_squared / degrees) ** 0.5 == pytest.approx(0.972, abs=5e-4)
    assert birge_factor(chi_squared, degrees) == 1.0
    assert birge_factor(8.0, 2) == pytest.approx(2.0)


def test_an_error_that_all_steps_share_makes_no_scatter():
    own, shared = np.diag(np.full(5, 0.01**2)), np.full((5, 5), 0.1**2)
    values = 0.5 + 0.01 * np.array([1.0, -1.0, 0.5, -0.5, 0.0])
    alone, _ = chi_squared_about_mean(values, own)
    together, _ = chi_squared_about_mean(values + 0.2, own + shared)
    assert together == pytest.approx(alone, rel=1e-9)


def test_steps_outside_the_range_have_no_weight():
    weights = mean_weights(np.array([1.0, 1.0, 1.0]), np.array([True, False, True]))
    np.testing.assert_allclose(weights, [0.5, 0.0, 0.5])


def test_unknown_noise_weights_the_steps_equally():
    weights = mean_weights(np.array([0.0, 1.0]), np.array([True, True]))
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_a_flat_series_shows_no_trend_and_a_sloped_one_does():
    x = np.linspace(50, 1000, 20)
    noise = np.random.default_rng(3).normal(0, 0.001, 20)
    assert not shows_trend(0.15 + noise, np.full(20, 0.001), x)
    assert shows_trend(0.15 + noise - 1e-5 * x, np.full(20, 0.001), x)


def test_two_points_never_show_a_trend():
    assert not shows_trend(np.array([0.1, 0.2]), np.array([1e-6, 1e-6]), np.array([1.0, 2.0]))
