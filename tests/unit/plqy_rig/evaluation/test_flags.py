"""Each disturbance raises its flag; a run in which nothing is wrong raises none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.synthetic_runs import WAVELENGTH, Truth, make_run

from calibration import CalibrationSet
from plqy_rig.data import Role
from plqy_rig.evaluation import NOTES, SENTENCES, EvaluationChoices, Flag, Window, evaluate_run
from plqy_rig.evaluation.flags import doubts, sentence
from plqy_rig.evaluation.noise_model import fit_noise_model
from plqy_rig.evaluation.statistics import alarm_sigmas, chi_squared_limit

CHOICES = EvaluationChoices(windows=(Window("er", 1400, 1650),))


def flags_of(run, choices=CHOICES):
    return evaluate_run(run, choices).windows["er"].flags


def raised(run):
    return {flag for flags in flags_of(run) for flag in flags}


def changed(run, role, **changes):
    """The run with arrays of one role replaced; a function gets the old array."""
    spectra = run.spectra[role]
    new = {
        name: value(np.array(getattr(spectra, name))) if callable(value) else value
        for name, value in changes.items()
    }
    return dataclasses.replace(run, spectra={**run.spectra, role: dataclasses.replace(spectra, **new)})


def with_counts(run, role, factor):
    """The run with the net counts of one role multiplied ([pixels], [steps, 1] or [steps, pixels])."""
    spectra = run.spectra[role]
    counts = spectra.dark + (spectra.counts - spectra.dark) * factor
    offset = (counts - spectra.counts)[:, None, :]
    return changed(run, role, counts=counts, scan_counts=lambda old: (old + offset).astype(np.float32))


def at_step(step, factor):
    def change(old):
        old[step] = old[step] * factor
        return old

    return change


@pytest.mark.parametrize("role", [Role.DIRECT_EMISSION, Role.DIRECT_EXCITATION])
def test_a_first_step_that_differs_when_repeated_is_told_at_both(role):
    """Four per cent less emission, or one more of laser light past the sample: degradation."""
    run = make_run(Truth(steps=8, repeat_first_step=True), 1)
    assert run.power_steps == 9
    factor = np.ones((9, 1))
    factor[-1] = 0.96 if role.is_emission else 1.01
    told = [Flag.REPEATED_STEP_DIFFERS in flags for flags in flags_of(with_counts(run, role, factor))]
    assert told == [True, *[False] * 7, True]


def test_a_first_step_repeated_without_harm_is_told_once_in_a_thousand_runs():
    truth = Truth(steps=3, repeat_first_step=True)
    told = [Flag.REPEATED_STEP_DIFFERS in raised(make_run(truth, seed)) for seed in range(150)]
    assert sum(told) <= 2
    # A run without a repetition makes no such comparison, however its steps differ.
    run = make_run(Truth(steps=8), 1)
    factor = np.linspace(1.0, 0.8, 8)[:, None]
    assert Flag.REPEATED_STEP_DIFFERS not in raised(with_counts(run, Role.DIRECT_EMISSION, factor))


@pytest.mark.parametrize(("nanometres", "is_in_window"), [(1530.0, True), (1300.0, False)])
def test_a_pixel_without_a_response_is_told_where_it_counts(nanometres, is_in_window):
    run = make_run(Truth(steps=4), 1)
    records = CalibrationSet.from_documents(run.calibration, "test")
    curve = records.response.joules_per_count.copy()
    curve[np.argmin(np.abs(WAVELENGTH - nanometres))] = np.nan
    lacking = dataclasses.replace(
        records, response=dataclasses.replace(records.response, joules_per_count=curve)
    )
    window = evaluate_run(run, CHOICES, lacking).windows["er"]
    assert ("uncalibrated_pixel" in {flag for flags in window.flags for flag in flags}) is is_in_window
    assert np.isnan(window.mean_plqy) == is_in_window


def test_every_flag_has_a_sentence():
    assert set(SENTENCES) == set(Flag)
    assert set(Flag) >= NOTES


def test_undisturbed_runs_raise_no_flag():
    for seed in range(30):
        assert raised(make_run(Truth(steps=20), seed)) <= {str(note) for note in NOTES}, seed


def test_thresholds_grow_with_the_number_of_tests():
    assert alarm_sigmas(1) == pytest.approx(3.29, abs=0.01)
    assert alarm_sigmas(20) == pytest.approx(4.06, abs=0.01)
    # Wilson and Hilferty against the exact 99.9 % point of chi squared with 19 degrees of freedom, 43.82.
    assert chi_squared_limit(np.array([19.0]), 3.0902)[0] == pytest.approx(43.82, abs=0.15)


def test_an_old_dark_is_flagged_at_its_step():
    run = changed(make_run(Truth()), Role.DIRECT_EMISSION, dark_time=at_step(3, 1 - 3600 / 1.78e9))
    assert [("dark_old" in flags) for flags in flags_of(run)] == [step == 3 for step in range(8)]


@pytest.mark.parametrize("name", ["detector_temperature_c", "dark_detector_temperature_c"])
def test_a_detector_at_another_temperature_is_flagged(name):
    run = changed(make_run(Truth()), Role.DIRECT_EMISSION, **{name: at_step(2, 0.8)})
    assert [("detector_temperature" in flags) for flags in flags_of(run)] == [step == 2 for step in range(8)]


def test_a_detector_at_another_temperature_than_at_the_calibration_is_flagged():
    from calibration import CalibrationSet, Record, RecordKind

    run = make_run(Truth())
    stored = CalibrationSet.from_documents(run.calibration, "test")
    record = stored.records[RecordKind.RESPONSE]
    warm = Record.seal(
        **{name: getattr(record, name) for name in ("kind", "created", "expires", "operator", "origin")},
        instruments={},
        values={**record.values, "detector_temperature_c": -5.0},
    )
    calibration = CalibrationSet.from_records({**stored.records, RecordKind.RESPONSE: warm})
    found = evaluate_run(run, CHOICES, calibration).windows["er"].flags
    assert all("detector_temperature" in flags for flags in found)


def test_a_spread_monitor_is_flagged():
    run = changed(make_run(Truth()), Role.INDIRECT_EXCITATION, monitor_power_std_w=lambda old: old + 1e-3)
    assert all("monitor_unsteady" in flags for flags in flags_of(run))


def test_a_jump_of_the_laser_line_is_flagged_at_its_step():
    run = make_run(Truth())
    spectra = run.spectra[Role.DIRECT_EXCITATION]
    net = spectra.counts - spectra.dark
    moved = np.interp(WAVELENGTH - 0.5, WAVELENGTH, net[4])
    counts = spectra.counts.copy()
    counts[4] = spectra.dark[4] + moved
    found = flags_of(changed(run, Role.DIRECT_EXCITATION, counts=counts))
    assert [("mode_hop" in flags) for flags in found] == [step == 4 for step in range(8)]


def test_a_jump_of_the_power_at_the_same_wheel_position_is_flagged():
    def hop(old):
        old[5:] *= 1.015
        return old

    run = changed(make_run(Truth()), Role.DIRECT_EMISSION, monitor_power_w=hop)
    assert "mode_hop" in flags_of(run)[5]
    assert "mode_hop" not in flags_of(run)[3]


def test_laser_power_that_drifted_between_passes_is_flagged():
    run = changed(make_run(Truth()), Role.INDIRECT_EMISSION, monitor_power_w=lambda old: old * 1.03)
    assert "laser_drift" in raised(run)


def test_power_corrected_by_the_wheel_is_no_drift():
    run = changed(
        make_run(Truth()),
        Role.INDIRECT_EMISSION,
        monitor_power_w=lambda old: old * 1.03,
        wheel_position_deg=lambda old: old + 2.0,
    )
    assert "laser_drift" not in raised(run)


def test_emission_that_fades_within_the_exposures_is_flagged():
    run = make_run(Truth())
    spectra = run.spectra[Role.DIRECT_EMISSION]
    fading = np.linspace(1.01, 0.99, spectra.scan_counts.shape[1])[None, :, None]
    dark = spectra.dark[:, None, :]
    scans = (dark + (spectra.scan_counts - dark) * fading).astype(np.float32)
    assert "emission_drift" in raised(changed(run, Role.DIRECT_EMISSION, scan_counts=scans))


def test_scans_that_scatter_more_than_the_detector_are_flagged_at_their_step():
    run = changed(make_run(Truth()), Role.DIRECT_EMISSION, counts_std=at_step(6, 4.0))
    assert [("noise_disagrees" in flags) for flags in flags_of(run)] == [step == 6 for step in range(8)]


def test_the_noise_model_finds_gain_and_read_noise():
    truth = Truth(read_noise=8.0, electrons_per_count=90.0, steps=12)
    model = fit_noise_model(make_run(truth, 2).spectra.values())
    assert model.counts_squared_per_count == pytest.approx(1 / 90, rel=0.1)
    # At 1500 counts of offset there is read noise alone.
    assert model.variance(np.array([1500.0]))[0] == pytest.approx(64.0, rel=0.05)


def test_water_vapour_is_flagged_where_the_sample_emits_there():
    def broad(run, dip):
        emission = 0.4 * np.exp(-0.5 * ((WAVELENGTH - 1380) / 120) ** 2)
        added = emission * (1 - dip * np.exp(-0.5 * ((WAVELENGTH - 1377) / 17) ** 2)) * 30000
        return changed(
            run,
            Role.DIRECT_EMISSION,
            counts=lambda old: old + added,
            scan_counts=lambda old: (old + added).astype(np.float32),
        )

    assert "water_vapour" in raised(broad(make_run(Truth()), 0.13))
    assert "water_vapour" not in raised(broad(make_run(Truth()), 0.0))
    assert "water_vapour" not in raised(make_run(Truth()))


def test_an_expired_record_is_flagged_at_every_step():
    run = make_run(Truth())
    run = dataclasses.replace(run, started=run.started + 4e7)
    assert all("calibration_expired" in flags for flags in flags_of(run))


def test_a_yield_that_falls_with_power_is_flagged():
    run = with_counts(make_run(Truth()), Role.DIRECT_EMISSION, np.linspace(1.0, 0.95, 8)[:, None])
    assert "plqy_trend" in raised(run)


def test_bleaching_absorption_is_flagged():
    run = with_counts(make_run(Truth()), Role.DIRECT_EXCITATION, np.linspace(1.0, 1.05, 8)[:, None])
    assert "absorptance_trend" in raised(run)


def test_steps_that_scatter_too_much_are_flagged():
    factor = 1 + 0.03 * np.array([1, -1, 1, -1, -1, 1, -1, 1.0])[:, None]
    run = with_counts(make_run(Truth()), Role.DIRECT_EMISSION, factor)
    result = evaluate_run(run, CHOICES).windows["er"]
    assert all("steps_scatter" in flags for flags in result.flags)
    assert result.details.mean.birge_factor > 3


def test_an_empty_sphere_that_is_not_comparable_shows_in_the_two_measurements():
    run = with_counts(make_run(Truth()), Role.EMPTY_EXCITATION, 1.03)
    assert "2m_disagrees" in raised(run)


def test_an_unusual_absorptance_is_a_note():
    found = raised(make_run(Truth(absorptance=0.35)))
    assert found == {"absorptance_unusual"}
    assert Flag.ABSORPTANCE_UNUSUAL in NOTES


def test_doubts_leave_notes_out_and_keep_what_a_later_version_may_call_a_flag():
    found = doubts([("weak_signal", "leakage"), ("saturated", "of_tomorrow"), ("leakage",)])
    assert found == ("saturated", "leakage", "of_tomorrow")
    assert sentence("of_tomorrow") == "of tomorrow"
    assert sentence("leakage") == SENTENCES[Flag.LEAKAGE]
