"""Whole runs: the right number, an uncertainty neither too small nor too large, and the flags."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.synthetic_runs import FULL_SCALE, Truth, make_run

from calibration import CurveError
from plqy_rig.data import Role
from plqy_rig.data.errors import StorageError
from plqy_rig.evaluation import EvaluationChoices, Window, evaluate_run

EXACT = {
    "shape_uncertainty": 1e-9,
    "long_pass_uncertainty": 0.0,
    "linearity_uncertainty": 0.0,
    "monitor_noise": 0.0,
    "read_noise": 0.0,
    "electrons_per_count": 1e12,
}
WIDE = EvaluationChoices(windows=(Window("er", 1400, 1650),))


def evaluated(truth, seed=1, **arguments):
    return evaluate_run(make_run(truth, seed, **arguments), WIDE).windows["er"]


@pytest.mark.parametrize("plqy", [0.07, 0.5, 0.95])
@pytest.mark.parametrize("absorptance", [0.05, 0.15, 0.4])
def test_without_errors_the_truth_is_found(plqy, absorptance):
    window = evaluated(Truth(plqy, absorptance, **EXACT))
    assert window.mean_plqy == pytest.approx(plqy, rel=2e-4)
    np.testing.assert_allclose(window.absorptance, absorptance, rtol=2e-3)
    np.testing.assert_allclose(window.mu, 0.05, rtol=5e-3)
    np.testing.assert_allclose(window.plqy_2m, plqy, rtol=2e-3)
    np.testing.assert_allclose(window.power_density_mw_per_cm2, np.geomspace(50, 900, 8), rtol=1e-9)


@pytest.mark.parametrize(
    "only",
    [
        {"shape_uncertainty": 0.012},
        {"long_pass_uncertainty": 0.01},
        {"linearity_uncertainty": 0.02},
        {"monitor_noise": 0.003},
        {"read_noise": 60.0},
        {},
    ],
    ids=["shape", "long pass", "linearity", "monitor", "scans", "all"],
)
def test_pulls_have_mean_zero_and_spread_one_for_each_source_of_error(only):
    truth = Truth(**({**EXACT, **only} if only else {}))
    windows = [evaluated(truth, seed) for seed in range(70)]
    pulls = np.array([(window.mean_plqy - truth.plqy) / window.u_mean_plqy for window in windows])
    # 70 draws: the mean is known to 0.12 and the spread to 0.085; four of these are allowed.
    assert abs(pulls.mean()) < 0.48
    assert 0.66 < pulls.std(ddof=1) < 1.34


def test_pulls_of_single_steps_have_spread_one_too():
    truth = Truth()
    pulls = [
        (window.plqy - truth.plqy) / window.u_plqy
        for window in (evaluated(truth, seed) for seed in range(60))
    ]
    assert 0.8 < np.std(pulls) < 1.25


def test_a_common_factor_of_the_response_changes_nothing():
    run = make_run(Truth())
    document = {**run.calibration["response"]}
    scaled = dataclasses.replace(run, calibration={**run.calibration})
    from calibration import CalibrationSet, Record, RecordKind

    record = Record.from_document(document, "test")
    values = {**record.values}
    values["response_j_per_count"] = [1.01 * value for value in values["response_j_per_count"]]
    other = Record.seal(
        **{name: getattr(record, name) for name in ("kind", "created", "expires", "operator", "origin")},
        instruments={},
        values=values,
    )
    stored = CalibrationSet.from_documents(run.calibration, "test")
    changed = CalibrationSet.from_records({**stored.records, RecordKind.RESPONSE: other})
    before = evaluate_run(run, WIDE).windows["er"]
    after = evaluate_run(scaled, WIDE, changed).windows["er"]
    assert after.mean_plqy == pytest.approx(before.mean_plqy, rel=1e-12)
    assert after.u_mean_plqy == pytest.approx(before.u_mean_plqy, rel=1e-9)


def test_leakage_that_follows_the_laser_is_subtracted_and_flagged():
    truth = Truth(leakage=0.01, **EXACT)
    with_leak = evaluated(truth, roles=tuple(Role))
    assert with_leak.mean_plqy == pytest.approx(truth.plqy, rel=2e-4)
    assert all("leakage" in flags for flags in with_leak.flags)


def test_windows_share_nothing_and_add_up():
    windows = tuple(Window(*parts) for parts in (("a", 1400, 1520), ("b", 1520, 1650), ("ab", 1400, 1650)))
    found = evaluate_run(make_run(Truth()), EvaluationChoices(windows=windows)).windows
    np.testing.assert_allclose(found["ab"].plqy, found["a"].plqy + found["b"].plqy, rtol=1e-12)


def test_an_undisturbed_run_raises_no_flag():
    window = evaluated(Truth())
    assert [flags for flags in window.flags if flags] == []


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"mu": -0.02}, "mu_negative"),
        ({"absorptance": 0.03}, "absorptance_low"),
        ({"absorptance": 0.004}, "absorptance_uncertain"),
        ({"plqy": 1.1}, "plqy_above_one"),
        ({"scans": 1}, "single_scans"),
    ],
)
def test_what_a_referee_would_ask_about_is_flagged(change, flag):
    window = evaluated(Truth(**change))
    assert all(flag in flags for flags in window.flags)


def test_a_saturated_pixel_leaves_no_number_and_says_so():
    run = make_run(Truth())
    spectra = run.spectra[Role.DIRECT_EMISSION]
    scans = spectra.scan_counts.copy()
    scans[2, 0, int(np.argmax(spectra.counts[2]))] = FULL_SCALE
    damaged = dataclasses.replace(spectra, scan_counts=scans)
    run = dataclasses.replace(run, spectra={**run.spectra, Role.DIRECT_EMISSION: damaged})
    window = evaluate_run(run, WIDE).windows["er"]
    assert np.isnan(window.plqy[2])
    assert "saturated" in window.flags[2]
    assert np.isfinite(window.plqy[[0, 1, 3]]).all()
    assert np.isfinite(window.mean_plqy)


def test_a_window_over_the_laser_or_the_filter_edge_is_flagged():
    found = evaluate_run(make_run(Truth()), EvaluationChoices(windows=(Window("w", 960, 1650),)))
    assert all({"windows_overlap", "filter_edge_in_window"} <= set(f) for f in found.windows["w"].flags)


def test_an_unmeasured_step_is_told_and_has_no_number():
    run = make_run(Truth())
    spectra = run.spectra[Role.INDIRECT_EMISSION]
    measured = spectra.measured.copy()
    measured[0] = False
    counts, power = spectra.counts.copy(), spectra.monitor_power_w.copy()
    counts[0], power[0] = np.nan, np.nan
    damaged = dataclasses.replace(spectra, measured=measured, counts=counts, monitor_power_w=power)
    run = dataclasses.replace(run, spectra={**run.spectra, Role.INDIRECT_EMISSION: damaged})
    window = evaluate_run(run, WIDE).windows["er"]
    assert np.isnan(window.plqy[0])
    assert "incomplete" in window.flags[0]


def test_a_range_without_steps_gives_no_mean():
    choices = EvaluationChoices(windows=WIDE.windows, range_mw_per_cm2=(1e4, 2e4))
    window = evaluate_run(make_run(Truth()), choices).windows["er"]
    assert np.isnan(window.mean_plqy)
    assert np.isfinite(window.plqy).all()


def test_a_missing_role_is_named():
    with pytest.raises(StorageError, match="no direct_emission"):
        evaluated(Truth(), roles=tuple(role for role in tuple(Role)[:5] if role is not Role.DIRECT_EMISSION))


def test_another_spectrometers_record_is_refused():
    run = make_run(Truth())
    with pytest.raises(CurveError, match="use the record of this spectrometer"):
        evaluate_run(dataclasses.replace(run, wavelength_nm=run.wavelength_nm + 5.0))


def test_an_absorptance_with_a_trend_is_not_pooled():
    run = make_run(Truth(**EXACT | {"monitor_noise": 0.0005}))
    assert evaluate_run(run, WIDE).windows["er"].estimator == "pooled"
    spectra = run.spectra[Role.DIRECT_EXCITATION]
    bleached = spectra.dark + (spectra.counts - spectra.dark) * np.linspace(1.0, 1.05, 8)[:, None]
    changed = dataclasses.replace(spectra, counts=bleached)
    run = dataclasses.replace(run, spectra={**run.spectra, Role.DIRECT_EXCITATION: changed})
    assert evaluate_run(run, WIDE).windows["er"].estimator == "per_step"


def test_an_expired_record_is_stamped_not_refused():
    run = dataclasses.replace(make_run(Truth()), started=make_run(Truth()).started + 4e7)
    assert any("calibration expired: response" in warning for warning in evaluate_run(run, WIDE).warnings)


def test_a_run_without_one_usable_step_gives_flags_and_no_number():
    run = make_run(Truth())
    spectra = run.spectra[Role.DIRECT_EMISSION]
    dazzled = dataclasses.replace(spectra, scan_counts=np.full_like(spectra.scan_counts, FULL_SCALE))
    run = dataclasses.replace(run, spectra={**run.spectra, Role.DIRECT_EMISSION: dazzled})
    window = evaluate_run(run, WIDE).windows["er"]
    assert np.isnan(window.plqy).all()
    assert np.isnan(window.mean_plqy)
    assert all("saturated" in flags for flags in window.flags)
