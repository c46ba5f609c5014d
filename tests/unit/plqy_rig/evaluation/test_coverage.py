"""Intervals hold the truth as often as they promise (the full proof is benchmarks/coverage.py)."""

from __future__ import annotations

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.evaluation import EvaluationChoices, Window, evaluate_run

CHOICES = EvaluationChoices(windows=(Window("er", 1400, 1650),))
CASES = [
    Truth(plqy, absorptance, monitor_noise=noise, steps=6)
    for plqy in (0.07, 0.5)
    for absorptance in (0.05, 0.1, 0.2)
    for noise in (0.0005, 0.001, 0.003)
]


@pytest.fixture(scope="module")
def found():
    runs = [(CASES[seed % len(CASES)], make_run(CASES[seed % len(CASES)], seed)) for seed in range(180)]
    return [(truth.plqy, evaluate_run(run, CHOICES).windows["er"]) for truth, run in runs]


def coverage(found, name, stretched=1.0):
    inside = []
    for true, window in found:
        limits = np.array(getattr(window.details.mean, name))
        low, high = window.mean_plqy + stretched * (limits - window.mean_plqy)
        inside.append(low <= true <= high)
    return np.mean(inside)


def is_68(share):
    # 180 runs: one sigma is 3.5 %.
    return 0.56 < share < 0.80


def is_95(share):
    return 0.89 < share <= 0.995


def test_the_68_per_cent_interval_of_the_mean_holds_the_truth_in_68_per_cent(found):
    assert is_68(coverage(found, "ci68"))


def test_the_95_per_cent_interval_of_the_mean_holds_the_truth_in_95_per_cent(found):
    assert is_95(coverage(found, "ci95"))


def test_uncertainties_that_are_a_third_wrong_are_noticed(found):
    assert not is_68(coverage(found, "ci68", 0.7))
    assert not is_95(coverage(found, "ci95", 0.7))
    assert not is_68(coverage(found, "ci68", 1.45))


def test_the_median_is_not_biased(found):
    pulls = [(window.mean_plqy - true) / window.u_mean_plqy for true, window in found]
    # One sigma of the median of 180 is 0.09.
    assert abs(np.median(pulls)) < 0.3
