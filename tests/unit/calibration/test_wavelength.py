"""Wavelengths against known lines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration import (
    ARGON_LINES,
    ARGON_NEIGHBOURS_NM,
    CurveError,
    Medium,
    ReferenceLine,
    check_wavelengths,
    isolated_lines,
    line_centroid,
    vacuum_from_air_nm,
)

PIXELS = 898.0 + 1.62 * np.arange(512) - 1e-4 * np.arange(512) ** 2
LASER = (ReferenceLine("laser", 977.2, Medium.AIR, 0.05, verified=True),)


def spectrum(lines_nm, height=5000.0, fwhm=1.5, slope=0.0):
    """Lines integrated over pixels, never sampled at their centres."""
    sigma = fwhm / 2.3548
    steps = np.gradient(PIXELS)
    edges = np.append(PIXELS - steps / 2, PIXELS[-1] + steps[-1] / 2)
    total = slope * np.arange(512.0)
    for line in lines_nm:
        step = [math.erf((edge - line) / sigma / math.sqrt(2)) / 2 for edge in edges]
        total = total + height * np.diff(step)
    return total


@pytest.mark.parametrize("line", np.linspace(976.0, 978.0, 9))
def test_the_centroid_is_right_wherever_the_line_falls_between_pixels(line):
    centroid, _ = line_centroid(PIXELS, spectrum([line], slope=3.0), 977.0)
    assert centroid == pytest.approx(line, abs=0.03)


def test_a_shifted_scale_is_found_and_warned_about_beyond_a_pixel():
    lines = [line.wavelength_nm for line in ARGON_LINES]
    good = check_wavelengths(PIXELS, spectrum(lines), ARGON_LINES, noise_counts=5.0)
    assert abs(good.mean_offset_nm) < 0.02
    assert len(good.lines) == 6  # the one at 1694 nm lies too close to the end of these pixels
    assert not any("pixels off" in warning for warning in good.warnings)
    assert any("weren't verified" in warning for warning in good.warnings)
    shifted = check_wavelengths(PIXELS + 2.0, spectrum(lines), ARGON_LINES, noise_counts=5.0)
    assert shifted.mean_offset_nm == pytest.approx(2.0, abs=0.02)
    assert shifted.largest_offset_pixels == pytest.approx(2.0 / 1.5, rel=0.1)
    assert any("have the device's coefficients renewed" in warning for warning in shifted.warnings)
    assert shifted.uncertainty_nm == pytest.approx(2.0, abs=0.1)


def test_the_lasers_own_line_serves_as_a_reference():
    found = check_wavelengths(PIXELS, spectrum([977.5]), LASER, noise_counts=5.0)
    assert found.mean_offset_nm == pytest.approx(0.3, abs=0.03)
    assert found.scatter_nm == 0.0
    assert found.warnings == ()
    assert found.record_values()["lines"][0]["reference_medium"] == "air"


def test_air_and_vacuum_differ_by_a_third_of_a_nanometre():
    assert vacuum_from_air_nm(912.30) - 912.30 == pytest.approx(0.250, abs=0.002)
    assert vacuum_from_air_nm(1694.06) - 1694.06 == pytest.approx(0.463, abs=0.002)
    line = ReferenceLine("x", 1047.287, Medium.VACUUM)
    assert line.wavelength_in_nm(Medium.AIR) == pytest.approx(1047.0, abs=0.001)
    vacuum = check_wavelengths(
        PIXELS, spectrum([977.2 + 0.268]), LASER, noise_counts=5.0, scale_medium=Medium.VACUUM
    )
    assert abs(vacuum.mean_offset_nm) < 0.03


def test_a_line_in_the_noise_is_not_a_line():
    random = np.random.default_rng(1)
    noise = random.normal(0, 5.0, 512)
    with pytest.raises(CurveError, match="stands out of the noise"):
        check_wavelengths(PIXELS, noise, ARGON_LINES, noise_counts=5.0)
    some = check_wavelengths(PIXELS, spectrum([965.78]) + noise, ARGON_LINES, noise_counts=5.0)
    assert sum(one.found_nm is None for one in some.lines) == 5
    assert "912.30 nm wasn't found" in some.warnings[0]


def test_the_offset_of_a_noisy_line_is_as_uncertain_as_stated():
    random = np.random.default_rng(2)
    line = (ReferenceLine("x", 1047.0, Medium.AIR, 1e-6, verified=True),)
    pulls = []
    for _ in range(200):
        noisy = spectrum([1047.0], height=1500) + random.normal(0, 15.0, 512)
        found = check_wavelengths(PIXELS, noisy, line, noise_counts=15.0).lines[0]
        pulls.append(found.offset_nm / found.uncertainty_nm)
    assert 0.3 < np.std(pulls) < 1.1  # an upper bound by construction


def test_a_line_with_a_neighbour_is_no_reference():
    left = isolated_lines(ARGON_LINES, ARGON_NEIGHBOURS_NM)
    assert [line.wavelength_nm for line in left] == [1047.00, 1213.97, 1371.86, 1504.65, 1694.06]
    assert isolated_lines(ARGON_LINES, ()) == ARGON_LINES


def test_lines_off_the_detector_are_refused():
    with pytest.raises(CurveError, match="none of the lines"):
        check_wavelengths(PIXELS, spectrum([]), (ReferenceLine("Hg", 546.07, Medium.AIR),), noise_counts=1.0)
    with pytest.raises(CurveError, match="above 0 counts"):
        check_wavelengths(PIXELS, spectrum([977]), LASER, noise_counts=0.0)
    with pytest.raises(CurveError, match="too close to the detector's end"):
        line_centroid(PIXELS, spectrum([900.0]), 900.0)
