"""Drawing: the worked examples' distributions, the table of biases, agreement with the analytic budget."""

from __future__ import annotations

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.data import Role
from plqy_rig.evaluation import EvaluationChoices, LeakageModel, Window, evaluate_run
from plqy_rig.evaluation.content import WindowContent
from plqy_rig.evaluation.estimate import AbsorptanceEstimator
from plqy_rig.evaluation.monte_carlo import DrawnWindow, monte_carlo
from plqy_rig.evaluation.uncertainty import CommonErrors

NONE = CommonErrors(transmission_relative=0.0, linearity_per_count=0.0)
DRAWS = 200_000
ROLES = (
    Role.EMPTY_EXCITATION,
    Role.INDIRECT_EXCITATION,
    Role.DIRECT_EXCITATION,
    Role.INDIRECT_EMISSION,
    Role.DIRECT_EMISSION,
)


def integrals(absorptance=0.15, plqy=0.5, mu=0.05):
    indirect = plqy * mu
    direct = (1 - absorptance) * indirect + plqy * absorptance
    values = (1.0, 1 - mu, (1 - mu) * (1 - absorptance), indirect, direct)
    return {role: 1e15 * value for role, value in zip(ROLES, values, strict=True)}


def window(values, relative, *, steps=1, estimator=AbsorptanceEstimator.PER_STEP, correlation=0.0):
    """Integrals with independent relative noise; that of L_b and L_c may be correlated."""
    contents = {}
    for role, value in values.items():
        sigma = value * relative.get(role, 0.0)
        shared = correlation if role in (Role.INDIRECT_EXCITATION, Role.DIRECT_EXCITATION) else 0.0
        contents[role] = WindowContent(
            integral=np.full(steps, value),
            scan_variance=np.full(steps, (1 - shared) * sigma**2),
            monitor_noise_relative=np.zeros(steps),
            counts_weighted=np.zeros(steps),
            shape=np.full((steps, 1), shared**0.5 * sigma),
        )
    return DrawnWindow(
        contents,
        np.ones(steps),
        estimator,
        LeakageModel.LASER,
        np.full(steps, 1 / steps),
        np.zeros(steps),
    )


def drawn(*arguments, draws=DRAWS, **options):
    return monte_carlo([window(*arguments, **options)], NONE, draws, seed=7)[0]


EXAMPLE_A_NOISE = dict(zip(ROLES, (0.001, 0.001, 0.001, 0.005, 0.005), strict=True))


def test_example_a_has_the_published_distribution():
    result = drawn(integrals(), EXAMPLE_A_NOISE)
    assert result.sigma[0] / 0.5 == pytest.approx(0.010107, rel=0.01)
    np.testing.assert_allclose(result.ci68[0], [0.49501, 0.50506], atol=1e-4)
    np.testing.assert_allclose(result.ci95[0], [0.49022, 0.51005], atol=2e-4)
    assert result.not_positive[0] == 0


def test_example_a_with_correlated_laser_integrals_is_narrower():
    result = drawn(integrals(), EXAMPLE_A_NOISE, correlation=0.9)
    assert result.sigma[0] / 0.5 == pytest.approx(0.0070730, rel=0.01)


@pytest.mark.parametrize(
    ("absorptance", "noise", "sigma", "bias_of_average"),
    [
        (0.02, 0.001, 0.067, 0.005),
        (0.02, 0.003, 0.26, 0.049),
        (0.05, 0.003, 0.079, 0.006),
        (0.10, 0.005, 0.062, 0.004),
        (0.15, 0.001, 0.0076, 0.0),
        (0.20, 0.005, 0.027, 0.001),
    ],
)
def test_small_absorptance_skews_the_average_but_not_the_median(absorptance, noise, sigma, bias_of_average):
    relative = {Role.INDIRECT_EXCITATION: noise, Role.DIRECT_EXCITATION: noise}
    result = drawn(integrals(absorptance), relative)
    assert result.sigma[0] / 0.5 == pytest.approx(sigma, rel=0.06 if sigma < 0.2 else 0.2)
    assert result.average[0] / 0.5 - 1 == pytest.approx(bias_of_average, abs=0.001 + 0.15 * bias_of_average)
    assert result.median[0] / 0.5 == pytest.approx(1.0, abs=0.0005 + 0.01 * sigma)


@pytest.mark.parametrize(
    ("estimator", "bias", "sigma"),
    [(AbsorptanceEstimator.PER_STEP, 0.0069, 0.0180), (AbsorptanceEstimator.POOLED, 0.0005, 0.0175)],
)
def test_pooling_takes_the_bias_off_twenty_steps_with_one_per_cent_noise(estimator, bias, sigma):
    result = drawn(integrals(), dict.fromkeys(ROLES, 0.01), steps=20, estimator=estimator, draws=60_000)
    assert result.mean_average / 0.5 - 1 == pytest.approx(bias, abs=0.0006)
    assert result.mean_sigma / 0.5 == pytest.approx(sigma, rel=0.03)


def test_at_three_per_cent_noise_only_pooling_gives_a_number():
    noise = dict.fromkeys(ROLES, 0.03)
    pooled = drawn(integrals(), noise, steps=20, estimator=AbsorptanceEstimator.POOLED, draws=20_000)
    own = drawn(integrals(), noise, steps=20, estimator=AbsorptanceEstimator.PER_STEP, draws=20_000)
    assert pooled.mean_sigma / 0.5 == pytest.approx(0.052, rel=0.05)
    # Now and then a step has almost no absorptance: the standard deviation has no limit, the bias stays.
    assert own.mean_sigma > 2.5 * pooled.mean_sigma
    assert own.mean_median / 0.5 - 1 > 0.05


def test_draws_without_absorption_are_counted_not_discarded():
    noise = {Role.INDIRECT_EXCITATION: 0.01, Role.DIRECT_EXCITATION: 0.01}
    result = drawn(integrals(0.01), noise, draws=50_000)
    # r = 0.99 with a relative error of 1.4 %: 1 - r is 0 at 0.714 sigma.
    assert result.not_positive[0] == pytest.approx(0.2375, abs=0.008)


def evaluated(truth, seed=3, **choices):
    usual = EvaluationChoices(windows=(Window("er", 1400, 1650),), monte_carlo_draws=20_000, **choices)
    return evaluate_run(make_run(truth, seed), usual).windows["er"]


def test_drawing_and_propagating_agree_within_five_per_cent_where_the_absorptance_is_known():
    found = evaluated(Truth())
    steps = found.details.steps
    assert (steps.u_absorptance / steps.absorptance_used < 0.05).all()
    np.testing.assert_allclose(steps.u_plqy_monte_carlo, found.u_plqy, rtol=0.05)
    assert found.details.mean.u_monte_carlo == pytest.approx(found.u_mean_plqy, rel=0.05)
    np.testing.assert_allclose(steps.plqy_median, found.plqy, rtol=1e-3)


def test_fieller_limits_are_those_that_are_drawn_where_the_distribution_is_skewed():
    quick = Window("er", 1400, 1650)
    truth = Truth(absorptance=0.012, shape_uncertainty=1e-6)
    run = make_run(truth, 5)
    analytic = evaluate_run(run, EvaluationChoices(windows=(quick,))).windows["er"].details.mean
    found = evaluate_run(run, EvaluationChoices(windows=(quick,), monte_carlo_draws=100_000))
    window = found.windows["er"].details.mean
    width = window.ci95[1] - window.ci95[0]
    assert window.ci95[1] - window.median > 1.1 * (window.median - window.ci95[0])
    np.testing.assert_allclose(analytic.ci68, window.ci68, atol=0.02 * width)
    np.testing.assert_allclose(analytic.ci95, window.ci95, atol=0.04 * width)


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    first, again = evaluated(Truth()), evaluated(Truth())
    np.testing.assert_array_equal(first.ci68, again.ci68)
    other = evaluate_run(
        make_run(Truth(), 3),
        EvaluationChoices(windows=(Window("er", 1400, 1650),), monte_carlo_draws=20_000, seed=2),
    )
    assert not np.array_equal(first.ci68, other.windows["er"].ci68)
    assert other.settings["seed"] == 2
