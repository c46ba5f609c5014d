"""Spread between batches apart from each uncertainty; ratios of runs that share a calibration."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.errors import ConfigurationError
from plqy_rig.report import compare, comparison_json
from plqy_rig.report.comparison import relative_covariance, window_of


def test_three_published_batches_have_their_published_mean_and_spread(subject_with, with_mean):
    batches = [with_mean(subject_with(seed=seed), mean) for seed, mean in ((1, 0.49), (2, 0.51), (3, 0.64))]
    (sample,) = compare(batches, "er").samples
    assert 100 * sample.mean_plqy == pytest.approx(54.7, abs=0.05)
    assert 100 * sample.spread == pytest.approx(8.1, abs=0.05)
    assert sample.spread_relative == pytest.approx(0.15, abs=0.005)


def test_the_spread_is_no_part_of_the_measurement_s_uncertainty(subject_with, with_mean):
    near = [with_mean(subject_with(seed=seed), 0.50) for seed in (1, 2, 3)]
    far = [with_mean(subject_with(seed=seed), mean) for seed, mean in ((1, 0.49), (2, 0.51), (3, 0.50))]
    assert compare(near, "er").samples[0].spread == pytest.approx(0.0)
    assert compare(far, "er").samples[0].u_mean_plqy == pytest.approx(
        compare(near, "er").samples[0].u_mean_plqy, rel=0.01
    )


def test_one_run_has_no_spread(subject_with):
    (sample,) = compare([subject_with()], "er").samples
    assert np.isnan(sample.spread)


def test_the_ratio_of_the_published_samples(subject_with, with_mean):
    low = with_mean(subject_with(seed=1, sample="HOM"), 0.07)
    high = with_mean(subject_with(seed=2, sample="HET"), 0.30)
    (ratio,) = compare([low, high], "er", ratio_to="HOM").ratios
    assert (ratio.sample, ratio.reference) == ("HET", "HOM")
    assert ratio.ratio == pytest.approx(4.29, abs=0.005)


def test_runs_with_other_records_have_independent_errors(subject_with, with_mean):
    low = with_mean(subject_with(seed=1, sample="HOM"), 0.07)
    high = with_mean(subject_with(seed=2, sample="HET"), 0.30)
    comparison = compare([low, high], "er")
    (ratio,) = comparison.ratios
    assert ratio.u_ratio == pytest.approx(ratio.ratio * 0.02 * np.sqrt(2))
    assert comparison.shared_records == ()


def test_what_the_same_response_record_does_to_both_cancels_in_their_ratio(subject_with, with_mean):
    low = with_mean(subject_with(seed=1, sample="HOM"), 0.07)
    high = with_mean(subject_with(seed=2, sample="HET", calibrated_by=1), 0.30)
    comparison = compare([low, high], "er")
    (ratio,) = comparison.ratios
    # The same bands in the same window: of 2 % only the random 1.2 % of each is left.
    assert ratio.u_ratio == pytest.approx(ratio.ratio * 0.012 * np.sqrt(2), rel=0.01)
    assert ratio.u_ratio_unshared == pytest.approx(ratio.ratio * 0.02 * np.sqrt(2))
    assert "response" in comparison.shared_records


def test_a_shared_record_does_not_shrink_the_mean_s_uncertainty(subject_with, with_mean):
    shared = [with_mean(subject_with(seed=seed, calibrated_by=1), 0.5) for seed in (1, 2, 3)]
    (sample,) = compare(shared, "er").samples
    expected = 0.5 * np.hypot(0.016, 0.012 / np.sqrt(3))
    assert sample.u_mean_plqy == pytest.approx(expected, rel=0.01)


def test_the_covariance_is_positive_and_has_the_stated_uncertainties_on_its_diagonal(subject_with):
    subjects = [subject_with(seed=seed, calibrated_by=1) for seed in (1, 2)]
    results = [window_of(subject, "er") for subject in subjects]
    covariance = relative_covariance(subjects, results)
    assert np.linalg.eigvalsh(covariance).min() > 0
    stated = [result.u_mean_plqy / result.mean_plqy for result in results]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), stated)


def test_without_a_reference_each_sample_is_put_over_the_first(subject_with):
    names = ["HOM", "HET", "HET-Ce"]
    subjects = [subject_with(seed=seed, sample=name) for seed, name in enumerate(names, 1)]
    ratios = compare(subjects, "er").ratios
    assert [(ratio.sample, ratio.reference) for ratio in ratios] == [("HET", "HOM"), ("HET-Ce", "HOM")]


def test_an_unknown_reference_is_refused_with_the_samples_there_are(subject_with):
    with pytest.raises(ConfigurationError, match=r"--ratio-to 'XYZ'.*HET"):
        compare([subject_with()], "er", ratio_to="XYZ")


def test_runs_without_a_result_are_left_out_and_named(subject_with):
    whole, other = subject_with(seed=1), subject_with(seed=2)
    broken = type(other)(other.run, None, None, problem="Not measured yet: direct (emission).")
    comparison = compare([whole, broken], "er")
    assert len(comparison.subjects) == 1
    assert comparison.left_out == (("synthetic", "Not measured yet: direct (emission)."),)
    with pytest.raises(ConfigurationError, match="nothing to compare"):
        compare([broken], "er")


def test_the_json_object_has_samples_runs_and_ratios(subject_with):
    subjects = [subject_with(seed=1, sample="HOM"), subject_with(seed=2, sample="HET")]
    document = comparison_json(compare(subjects, "er"))
    assert [sample["sample"] for sample in document["samples"]] == ["HOM", "HET"]
    assert document["samples"][0]["runs"][0]["uid"] == "synthetic-1"
    assert {"ratio", "u_ratio", "u_batches"} <= set(document["ratios"][0])
