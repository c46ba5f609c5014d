"""Detectors: what darks tell, and a linearity correction found again from a steady lamp."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import (
    CurveError,
    DarkExposure,
    Linearity,
    Scans,
    characterise_darks,
    compare_linearity,
    exposure_flatness,
    fit_linearity,
)

TIMES = (0.001, 0.01, 0.1, 1.0, 3.0, 10.0)
BENT = (1.0, -1.6e-6, 2.4e-11, -2e-16, *[0.0] * 4)


def darks(times=TIMES, scans=50, pixels=256, hot=(), seed=2):
    random = np.random.default_rng(seed)
    offset = random.normal(1500, 40, pixels)
    rate = random.normal(300, 15, pixels)
    rate[list(hot)] = 3000.0
    exposures = []
    for time in times:
        mean = offset + rate * time
        noise = np.sqrt(rate * time / 90.0 + 6.0**2)
        counts = np.clip(np.rint(random.normal(mean, noise, (scans, pixels))), 0, 65535)
        exposures.append(DarkExposure(time, Scans.of(counts)))
    return exposures, offset, rate


def test_offset_rate_and_noise_are_found_again():
    exposures, offset, rate = darks()
    found = characterise_darks(exposures, full_scale_counts=65535)
    pull = (found.dark_rate_counts_per_s - rate) / found.dark_rate_uncertainty_counts_per_s
    assert np.std(pull) == pytest.approx(1.0, abs=0.15)
    np.testing.assert_allclose(found.offset_counts, offset, atol=3.0)
    assert found.read_noise_counts == pytest.approx(6.0, rel=0.03)
    assert found.noise_gain_counts == pytest.approx(1 / 90, rel=0.2)
    assert found.hot_pixels == ()
    assert found.warnings == ()
    assert found.record_values()["hot_pixels"] == []


def test_hot_pixels_are_found_and_nothing_else():
    exposures, _, _ = darks(hot=(7, 100))
    assert characterise_darks(exposures, full_scale_counts=65535).hot_pixels == (7, 100)


def test_saturated_darks_take_no_part():
    exposures, _, rate = darks(times=(0.1, 1.0, 10.0, 1000.0))
    found = characterise_darks(exposures, full_scale_counts=65535)
    np.testing.assert_allclose(found.dark_rate_counts_per_s, rate, rtol=0.01)


def test_too_few_darks_are_refused_and_few_are_told():
    exposures, _, _ = darks(times=(0.1, 1.0))
    with pytest.raises(CurveError, match="2 integration times; 3 or more"):
        characterise_darks(exposures, full_scale_counts=65535)
    exposures, _, _ = darks(times=(0.1, 1.0, 10.0))
    assert "six" in characterise_darks(exposures, full_scale_counts=65535).warnings[0]


def test_a_dark_that_does_not_grow_straight_is_told():
    exposures, _, _ = darks()
    warm = exposures[-1].scans
    warmer = Scans(warm.mean + 800, warm.standard_deviation, warm.number, warm.highest + 800)
    found = characterise_darks([*exposures[:-1], DarkExposure(5.0, warmer)], full_scale_counts=65535)
    assert any("straight line" in warning for warning in found.warnings)


def staircase(spectrometer, times=(0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14)):
    return [spectrometer.expose_lamp(time) for time in times]


def test_a_linearity_correction_is_found_again_within_its_uncertainty(make_spectrometer):
    spectrometer = make_spectrometer(coefficients=BENT, seed=5)
    exposures = staircase(spectrometer)
    found = fit_linearity(exposures, full_scale_counts=65535)
    assert found.before.largest_deviation_relative > 0.01
    assert found.after.largest_deviation_relative < 0.003
    true = np.polynomial.polynomial.polyval(65535.0, BENT)
    fitted = np.polynomial.polynomial.polyval(65535.0, found.coefficients)
    assert abs(fitted / true - 1) < 3 * found.uncertainty_relative_at_full_scale + 5e-4
    assert found.uncertainty_relative_at_full_scale < 0.01
    assert Linearity.from_values(found.record_values()).coefficients[0] == 1.0
    flat = exposure_flatness(exposures, full_scale_counts=65535, coefficients=BENT)
    assert flat.largest_deviation_relative < 0.003


def test_the_uncertainty_of_the_fit_sees_a_lamp_that_drifts(make_spectrometer):
    spectrometer = make_spectrometer(coefficients=BENT, seed=6)
    steady = fit_linearity(staircase(spectrometer), full_scale_counts=65535)
    random = np.random.default_rng(1)
    times = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14)
    drifting = [spectrometer.expose_lamp(time, 1 + 0.005 * random.normal()) for time in times]
    found = fit_linearity(drifting, full_scale_counts=65535)
    assert found.uncertainty_relative_at_full_scale > 2 * steady.uncertainty_relative_at_full_scale


def test_the_device_is_compared_whatever_its_common_factor(make_spectrometer):
    fitted = Linearity(np.array(BENT), 65535.0, 0.001)
    same = compare_linearity(fitted, np.array(BENT) * 1.3)
    assert same.largest_difference_relative < 1e-12
    assert same.warnings == ()
    other = compare_linearity(fitted, (1.0, *[0.0] * 7))
    assert "stored in the device differs" in other.warnings[0]
    with pytest.raises(CurveError, match="never written"):
        compare_linearity(fitted, [0.0] * 8)
    with pytest.raises(CurveError, match="8 finite"):
        compare_linearity(fitted, [float("nan")] * 8)


def test_too_little_data_is_refused_or_told(make_spectrometer):
    spectrometer = make_spectrometer()
    with pytest.raises(CurveError, match="at least 5"):
        fit_linearity(staircase(spectrometer, (0.01, 0.02)), full_scale_counts=65535)
    with pytest.raises(CurveError, match="degree 8"):
        fit_linearity(staircase(spectrometer), full_scale_counts=65535, degree=8)
    low = fit_linearity(staircase(spectrometer, (0.005, 0.01, 0.02, 0.03, 0.04)), full_scale_counts=65535)
    assert "extrapolated" in low.warnings[0]
