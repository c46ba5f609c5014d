"""Light near the laser's is absorbed again: the bound from the run itself, and what follows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from calibration import CalibrationSet
from plqy_rig.evaluation import EvaluationChoices, Window, evaluate_run
from plqy_rig.evaluation.corrected_run import correct_run
from plqy_rig.evaluation.reabsorption import Reabsorption, reabsorbed_bound

NEAR = Window("near", 1480.0, 1580.0)


def bound_of(shift_per_cm, absorptance=0.15, mu=0.05):
    run = make_run(Truth(absorptance=absorptance, mu=mu))
    # The light is where it is; only the distance to the laser is pretended.
    choices = EvaluationChoices(windows=(NEAR,))
    corrected = correct_run(run, CalibrationSet.from_documents(run.calibration, "test"), choices)
    pretended = 1e7 / (1e7 / run.wavelength_nm - 1e7 / 1530.0 + 1e7 / 977.0 - shift_per_cm)
    corrected = dataclasses.replace(corrected, run=dataclasses.replace(run, wavelength_nm=pretended))
    weights = NEAR.pixel_fractions(np.linspace(900.0, 1700.0, 512))
    return reabsorbed_bound(corrected, weights, np.full(8, True))


def test_the_bound_falls_with_thermal_occupation():
    # The band is some 85 cm-1 wide (SD), which raises the mean of exp by exp((85/205)²/2) = 1.09.
    near, far = bound_of(300.0), bound_of(800.0)
    assert near / far == pytest.approx(np.exp(500 / 205.0), rel=0.05)
    ways = -0.6 * np.log(0.85) + 0.05
    assert near == pytest.approx(np.exp(-300 / 205.0) * ways, rel=0.2)


def test_the_bound_follows_the_absorptance():
    ways = {a: -0.6 * np.log(1 - a) + 0.05 for a in (0.05, 0.2)}
    assert bound_of(300.0, 0.2) / bound_of(300.0, 0.05) == pytest.approx(ways[0.2] / ways[0.05], rel=0.05)


def test_a_band_far_from_the_laser_is_left_alone():
    found = evaluate_run(make_run(Truth()), EvaluationChoices(windows=(Window("er", 1400, 1650),)))
    window = found.windows["er"]
    assert "reabsorption" not in window.budget
    assert np.isnan(window.details.mean.reabsorption_corrected)


def test_what_may_be_lost_is_in_the_uncertainty_and_the_corrected_yield_stands_beside():
    assumed = Reabsorption(0.01, 0.01 / 3**0.5, stated=False)
    # A known correction that isn't applied counts in full, beside the doubt about it.
    assert assumed.relative_uncertainty(np.array([0.0]))[0] == pytest.approx(0.01 * (4 / 3) ** 0.5, rel=0.02)
    assert assumed.relative_uncertainty_corrected(np.array([0.0]))[0] == pytest.approx(0.00577, rel=0.02)
    # With a yield of 1 nothing is lost: all that is absorbed again is emitted again.
    assert assumed.relative_uncertainty(np.array([1.0]))[0] == 0.0


def test_what_the_operator_states_takes_the_place_of_the_bound():
    run = make_run(Truth())
    windows = (Window("er", 1400, 1650),)
    stated = EvaluationChoices(windows=windows, reabsorbed_fraction=0.05, u_reabsorbed_fraction=0.02)
    window = evaluate_run(run, stated).windows["er"]
    mean = window.details.mean
    eta = window.mean_plqy
    assert mean.reabsorption_corrected == pytest.approx(eta / (1 - 0.05 + 0.05 * eta))
    assert window.budget["reabsorption"] == pytest.approx(
        0.02 * (1 - eta) / (1 - 0.05 + 0.05 * eta), rel=1e-4
    )
    assert "reabsorption" not in {flag for flags in window.flags for flag in flags}
    # The doubt about the share is in the corrected yield's uncertainty.
    plain = evaluate_run(run, EvaluationChoices(windows=windows)).windows["er"].u_mean_plqy / eta
    slope = 0.95 / (0.95 + 0.05 * eta)
    expected = np.hypot(plain * slope, window.budget["reabsorption"])
    assert mean.u_reabsorption_corrected / mean.reabsorption_corrected == pytest.approx(expected, rel=1e-4)
