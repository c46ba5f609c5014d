"""What may be chosen: leakage, baselines, estimator, re-absorption, response behind the filter, intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.synthetic_runs import WAVELENGTH, Truth, make_run

from calibration import CalibrationSet, Record, RecordKind
from drivers.errors import ConfigurationError
from plqy_rig.data import Role
from plqy_rig.evaluation import (
    EstimatorChoice,
    EvaluationChoices,
    LeakageModel,
    Window,
    evaluate_run,
)
from plqy_rig.evaluation.choices import steps_in_range
from plqy_rig.evaluation.content import window_weights
from plqy_rig.evaluation.intervals import fieller_interval
from plqy_rig.evaluation.smooth_errors import correlation_factor

ER = Window("er", 1400, 1650)
EXACT = {
    "shape_uncertainty": 1e-9,
    "long_pass_uncertainty": 0.0,
    "linearity_uncertainty": 0.0,
    "monitor_noise": 0.0,
    "read_noise": 0.0,
    "electrons_per_count": 1e12,
}


def evaluated(run, **choices):
    return evaluate_run(run, EvaluationChoices(windows=(ER,), **choices)).windows["er"]


def lifted(run, roles, counts):
    """The run with counts added to the spectra of some roles ([pixels] or a number)."""
    spectra = dict(run.spectra)
    for role in roles:
        old = spectra[role]
        spectra[role] = dataclasses.replace(
            old, counts=old.counts + counts, scan_counts=(old.scan_counts + counts).astype(np.float32)
        )
    return dataclasses.replace(run, spectra=spectra)


def test_a_background_that_ignores_the_sample_is_subtracted_whole():
    run = make_run(Truth(**EXACT), roles=tuple(Role))
    brightest = run.spectra[Role.DIRECT_EMISSION]
    rate = (brightest.counts - brightest.dark)[0].max() / brightest.integration_time_s[0]
    per_second_and_watt = 0.02 * rate / brightest.monitor_power_w[0] * (np.abs(WAVELENGTH - 1500) < 60)
    spectra = dict(run.spectra)
    for role in (Role.DIRECT_EMISSION, Role.INDIRECT_EMISSION, Role.EMPTY_EMISSION):
        old = spectra[role]
        if role is Role.EMPTY_EMISSION:
            old = dataclasses.replace(old, integration_time_s=brightest.integration_time_s)
        # The same light in every arrangement, in proportion to time and power.
        counts = per_second_and_watt * (old.integration_time_s * old.monitor_power_w)[:, None]
        spectra[role] = dataclasses.replace(
            old,
            counts=old.counts + counts,
            scan_counts=old.scan_counts + counts[:, None, :].astype(np.float32),
        )
    run = dataclasses.replace(run, spectra=spectra)
    fixed = evaluated(run, leakage=LeakageModel.FIXED)
    assert fixed.mean_plqy == pytest.approx(0.5, rel=3e-4)
    laser = evaluated(run, leakage=LeakageModel.LASER)
    assert laser.mean_plqy != pytest.approx(0.5, rel=3e-4)
    assert laser.budget["leakage_model"] == pytest.approx(
        abs(laser.mean_plqy - fixed.mean_plqy) / 3**0.5 / laser.mean_plqy, rel=0.02
    )


def test_a_residual_offset_is_taken_off_and_told():
    run = lifted(make_run(Truth(**EXACT)), (Role.DIRECT_EMISSION,), 25.0)
    assert evaluated(run).mean_plqy != pytest.approx(0.5, rel=1e-3)
    region = EvaluationChoices(windows=(ER,), baseline_region=Window("dark", 910, 940))
    found = evaluate_run(run, region)
    assert found.windows["er"].mean_plqy == pytest.approx(0.5, rel=3e-4)
    np.testing.assert_allclose(found.settings["baseline_counts"]["direct_emission"], 25.0, atol=0.01)
    assert found.settings["baseline_region_nm"] == [910, 940]


def test_the_noise_of_the_baseline_is_in_the_uncertainty():
    run = make_run(Truth(read_noise=60.0, **{k: v for k, v in EXACT.items() if k != "read_noise"}))
    without, narrow = evaluated(run), evaluated(run, baseline_region=Window("dark", 910, 916))
    assert narrow.details.mean.u_random > 1.5 * without.details.mean.u_random


def test_a_local_baseline_removes_a_sloped_background_and_leaves_the_band():
    flanks = (Window("low", 1330, 1400), Window("high", 1660, 1690))
    run = make_run(Truth(**EXACT))
    # Sloped in photons per nm behind the response: added in counts by dividing it out again.
    slope = (1 + (WAVELENGTH - 1400) / 500) * WAVELENGTH**-1 / Truth().response * 3e-8
    dirty = lifted(run, (Role.DIRECT_EMISSION,), slope)
    clean, off = evaluated(run, local_baseline=flanks), evaluated(dirty)
    found = evaluated(dirty, local_baseline=flanks)
    assert clean.mean_plqy == pytest.approx(0.5, rel=2e-3)
    assert abs(found.mean_plqy - clean.mean_plqy) < 0.05 * abs(off.mean_plqy - clean.mean_plqy)


def test_weights_of_a_local_baseline_see_no_straight_line():
    flanks = (Window("low", 1330, 1400), Window("high", 1660, 1690))
    weights = window_weights(ER, WAVELENGTH, flanks)
    width = np.gradient(WAVELENGTH)
    for line in (np.ones_like(WAVELENGTH), WAVELENGTH):
        assert abs(weights @ (line * width)) < 1e-9 * np.abs(weights * line * width).sum()


def test_both_estimators_are_offered_and_stand_side_by_side():
    run = make_run(Truth(absorptance=0.1))
    pooled = evaluated(run, estimator=EstimatorChoice.POOLED)
    own = evaluated(run, estimator=EstimatorChoice.PER_STEP)
    assert (pooled.estimator, own.estimator) == ("pooled", "per_step")
    assert pooled.details.mean.other_estimator == pytest.approx(own.mean_plqy, rel=1e-12)
    assert own.details.mean.u_other_estimator == pytest.approx(pooled.u_mean_plqy, rel=1e-9)
    assert np.ptp(pooled.details.steps.absorptance_used) == 0
    np.testing.assert_array_equal(own.details.steps.absorptance_used, own.absorptance)


def test_re_absorption_is_an_extra_column_and_a_stated_uncertainty():
    run = make_run(Truth())
    plain = evaluated(run)
    stated = evaluated(run, reabsorbed_fraction=0.1, u_reabsorbed_fraction=0.02)
    np.testing.assert_array_equal(stated.plqy, plain.plqy)
    eta = stated.plqy
    expected = eta / (1 - 0.1 + 0.1 * eta)
    np.testing.assert_allclose(stated.details.steps.plqy_reabsorption_corrected, expected, rtol=1e-12)
    assert plain.details.steps.plqy_reabsorption_corrected is None
    assert stated.budget["reabsorption"] == pytest.approx((1 - 0.5) / (1 - 0.1 + 0.05) * 0.02, rel=0.05)
    assert stated.u_mean_plqy > plain.u_mean_plqy


def test_a_response_measured_behind_the_filter_replaces_its_transmission():
    truth = Truth(**EXACT)
    run = make_run(truth)
    stored = CalibrationSet.from_documents(run.calibration, "test").records[RecordKind.RESPONSE]
    behind = np.array(stored.values["response_j_per_count"]) / np.maximum(truth.transmission, 1e-6)
    record = Record.seal(
        **{name: getattr(stored, name) for name in ("kind", "created", "expires", "operator", "origin")},
        instruments={},
        values={**stored.values, "response_j_per_count": behind.tolist()},
    )
    choices = EvaluationChoices(windows=(ER,), response_behind_long_pass=record)
    found = evaluate_run(run, choices)
    assert found.windows["er"].mean_plqy == pytest.approx(0.5, rel=3e-4)
    assert found.windows["er"].budget["long_pass"] == 0
    assert found.settings["long_pass"] == "in the response"
    assert found.records["response_behind_long_pass"] == record.sha256


@pytest.mark.parametrize(
    "wrong",
    [
        {"reabsorbed_fraction": 1.0},
        {"u_reabsorbed_fraction": -0.1},
        {"monte_carlo_draws": 5},
        {"monte_carlo_draws": -1},
        {"seed": -1},
    ],
)
def test_choices_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigurationError):
        EvaluationChoices(**wrong)


def test_a_record_of_another_kind_is_no_response():
    run = make_run(Truth())
    beam = CalibrationSet.from_documents(run.calibration, "test").records[RecordKind.BEAM]
    with pytest.raises(ConfigurationError, match="beam record"):
        EvaluationChoices(response_behind_long_pass=beam)


def test_random_and_systematic_parts_make_the_whole():
    window = evaluated(make_run(Truth()))
    steps, mean = window.details.steps, window.details.mean
    np.testing.assert_allclose(
        np.hypot(steps.u_plqy_random, steps.u_plqy_systematic), window.u_plqy, rtol=1e-12
    )
    assert np.hypot(mean.u_random, mean.u_systematic) == pytest.approx(window.u_mean_plqy, rel=1e-12)
    whole = np.sqrt(sum(part**2 for part in window.details.step_budget.values()))
    np.testing.assert_allclose(whole, window.u_plqy / window.plqy, rtol=1e-12)
    # Random errors shrink in the mean, systematic ones don't.
    assert mean.u_random < 0.95 * steps.u_plqy_random.min()
    assert mean.u_systematic == pytest.approx(np.median(steps.u_plqy_systematic), rel=0.05)


def test_intervals_equal_the_symmetric_ones_where_the_absorptance_is_known_well():
    window = evaluated(make_run(Truth(absorptance=0.4, monitor_noise=1e-4)))
    np.testing.assert_allclose(window.ci68[:, 1] - window.plqy, window.u_plqy, rtol=0.01)
    np.testing.assert_allclose(window.plqy - window.ci95[:, 0], 1.96 * window.u_plqy, rtol=0.02)


def test_no_symmetric_uncertainty_is_given_above_twenty_per_cent():
    window = evaluated(make_run(Truth(absorptance=0.004, monitor_noise=0.003), 2))
    assert not window.details.mean.symmetric
    assert np.isnan(window.u_mean_plqy)
    assert np.isnan(window.u_plqy).all()
    assert all("interval_only" in flags for flags in window.flags)


def test_an_absorptance_compatible_with_nothing_has_no_upper_limit():
    known = fieller_interval(np.array([0.5]), np.array([0.01]), np.array([0.04]), np.array([-0.02]), 1.0)
    assert known[0, 0] < 0.5 < known[0, 1]
    assert known[0, 1] - 0.5 > 0.5 - known[0, 0]
    unknown = fieller_interval(np.array([0.5]), np.array([0.3]), np.array([1.2]), np.array([-0.5]), 1.0)
    assert np.isnan(unknown).all()


def test_the_birge_factor_enlarges_the_random_part_only_when_asked():
    run = make_run(Truth(), 3)
    spectra = run.spectra[Role.DIRECT_EMISSION]
    factor = 1 + 0.01 * np.array([1, -1, 1, -1, -1, 1, -1, 1.0])[:, None]
    uneven = dataclasses.replace(spectra, counts=spectra.dark + (spectra.counts - spectra.dark) * factor)
    run = dataclasses.replace(run, spectra={**run.spectra, Role.DIRECT_EMISSION: uneven})
    plain, enlarged = evaluated(run), evaluated(run, birge=True)
    assert plain.details.mean.birge_factor > 2
    assert enlarged.details.mean.u_random == pytest.approx(
        plain.details.mean.u_random * plain.details.mean.birge_factor, rel=1e-9
    )
    assert enlarged.details.mean.u_systematic == plain.details.mean.u_systematic


def test_few_columns_hold_the_correlation_of_the_response():
    run = make_run(Truth())
    response = CalibrationSet.from_documents(run.calibration, "test").response
    factor = correlation_factor(response)
    assert factor.shape[1] < 30
    spread = response.shape_uncertainty_relative
    np.testing.assert_allclose(
        (factor @ factor.T) * np.outer(spread, spread),
        response.shape_covariance(),
        atol=1e-7 * spread.max() ** 2,
    )


def test_steps_aimed_at_the_edges_of_the_range_belong_to_it_although_a_little_off():
    density = np.array([47.0, 48.7, 51.0, 300.0, 925.0, 945.0, np.nan])
    np.testing.assert_array_equal(
        steps_in_range(density, (50.0, 900.0)), [False, True, True, True, True, False, False]
    )
