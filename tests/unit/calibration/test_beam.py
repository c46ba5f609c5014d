"""D4σ diameters from typed values and from a profiler's scans."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import (
    Beam,
    CurveError,
    LengthUnit,
    Profile,
    beam_from_profiles,
    read_profiles,
    second_moment_width,
    typed_beam,
)

X = np.linspace(-10.0, 10.0, 401)


def gaussian(diameter, centre=0.0, x=X):
    return np.exp(-0.5 * ((x - centre) / (diameter / 4)) ** 2)


@settings(max_examples=30, deadline=None)
@given(st.floats(1.0, 5.0), st.floats(-1.5, 1.5), st.floats(-0.5, 0.5))
def test_a_gaussian_has_the_width_it_was_given(diameter, centre, background):
    found = second_moment_width(Profile(X, gaussian(diameter, centre) + background))
    # Three widths hold all but 0.3 % of the variance's wings of a Gaussian.
    assert found.diameter_mm == pytest.approx(diameter, rel=0.005)
    assert found.centroid_mm == pytest.approx(centre, abs=0.005)
    assert found.background == pytest.approx(background, abs=0.002)
    assert found.window_inside_scan


def test_a_flat_top_has_its_second_moment_not_its_half_width():
    found = second_moment_width(Profile(X, (np.abs(X) <= 2.0).astype(float)))
    assert found.diameter_mm == pytest.approx(4 * 4.0 / np.sqrt(12), rel=0.02)


def test_a_background_that_would_double_the_width_is_taken_out():
    intensity = gaussian(4.0) + 0.05
    naive = 4 * np.sqrt(np.sum(X**2 * intensity) / np.sum(intensity))
    assert naive > 6.0
    assert second_moment_width(Profile(X, intensity)).diameter_mm == pytest.approx(4.0, rel=0.005)


def test_the_slits_own_width_is_taken_out():
    slit = 1.0
    inside = np.abs(np.arange(-1.0, 1.001, 0.05)) <= slit / 2
    seen = np.convolve(gaussian(4.0), inside / inside.sum(), mode="same")
    assert second_moment_width(Profile(X, seen, slit)).diameter_mm == pytest.approx(4.0, rel=0.005)
    with pytest.raises(CurveError, match="slit is wider"):
        second_moment_width(Profile(X, gaussian(1.0), 2.0))


def test_the_stated_uncertainty_is_the_scatter_of_noisy_scans():
    random = np.random.default_rng(1)
    found = [
        second_moment_width(Profile(X, gaussian(4.5) + 0.02 + 0.005 * random.normal(size=len(X))))
        for _ in range(200)
    ]
    scatter = np.std([one.diameter_mm for one in found])
    assert np.mean([one.uncertainty_mm for one in found]) == pytest.approx(scatter, rel=0.35)


def test_both_axes_make_a_record_that_makes_an_area():
    found = beam_from_profiles(
        [Profile(X, gaussian(4.6)), Profile(X, gaussian(4.7))],
        [Profile(X, gaussian(4.4)), Profile(X, gaussian(4.4))],
        plane="12 mm before the cuvette",
    )
    assert found.diameter_x_mm == pytest.approx(4.65, rel=0.005)
    assert found.mean_diameter_mm == pytest.approx(np.sqrt(4.65 * 4.4), rel=0.005)
    # 0.07 mm between wheel positions and 2 % of 4.65 mm for the profiler's scale.
    assert found.diameter_uncertainty_mm == pytest.approx(np.hypot(0.0707, 0.093), rel=0.05)
    assert found.warnings == ()
    assert Beam.from_values(found.record_values()).area_cm2 == pytest.approx(0.1607, rel=0.01)


def test_typed_diameters_are_checked():
    found = typed_beam(4.0, 4.0, 0.05, plane="cuvette", wheel_positions_tested=2)
    density = Beam.from_values(found.record_values()).power_density_mw_per_cm2(np.array([0.1, 0.048]))
    assert density == pytest.approx([795.775, 381.97], abs=0.005)
    for bad in ((0.0, 4.0, 0.05), (4.0, float("nan"), 0.05), (4.0, 4.0, 0.0)):
        with pytest.raises(CurveError, match="must be above 0"):
            typed_beam(*bad, plane="cuvette")
    for micrometres in ((4600.0, 4400.0), (4.6, 4400.0), (0.0046, 0.0044)):
        with pytest.raises(CurveError, match="are the lengths in µm"):
            typed_beam(*micrometres, 0.05, plane="cuvette")
    warnings = typed_beam(6.0, 4.0, 0.05, plane="cuvette").warnings
    assert any("factor 1.50" in warning for warning in warnings)
    assert any("one wheel position" in warning for warning in warnings)


def test_scans_without_a_beam_or_cut_short_are_refused_or_told():
    with pytest.raises(CurveError, match=r"no beam above|no width above|fewer than 5|don't converge"):
        second_moment_width(Profile(X, np.zeros(len(X))))
    short = np.abs(X) < 4
    cut = Profile(X[short], gaussian(4.0)[short])
    assert not second_moment_width(cut).window_inside_scan
    with pytest.raises(CurveError, match="at least 20"):
        Profile(X[:10], X[:10])
    with pytest.raises(CurveError, match="positions must rise"):
        Profile(X[::-1], X)
    with pytest.raises(CurveError, match="as many scans"):
        beam_from_profiles([cut], [], plane="cuvette")


@pytest.mark.parametrize(("ends_mm", "usable"), [(1.0, False), (3.0, False), (4.5, True), (8.0, True)])
def test_a_scan_that_ends_within_the_beam_is_not_usable(ends_mm, usable):
    inside = np.linspace(-ends_mm, ends_mm, 81)
    profile = Profile(inside, np.exp(-8 * (inside / 4.6) ** 2))
    found = beam_from_profiles([profile], [profile], plane="cuvette")
    assert found.usable is usable
    assert (abs(found.diameter_x_mm / 4.6 - 1) < 0.02) is usable


def test_a_profilers_export_is_read(tmp_path):
    path = tmp_path / "scan.csv"
    table = zip(X * 1e3, gaussian(4.6), gaussian(4.4), strict=True)
    rows = [f"{x:.1f};{i:.6f};{x:.1f};{j:.6f}" for x, i, j in table]
    path.write_text("X [um];I;Y [um];I\n" + "\n".join(rows), encoding="utf-8")
    x, y = read_profiles(path, unit=LengthUnit.MICROMETRE)
    assert second_moment_width(x).diameter_mm == pytest.approx(4.6, rel=0.005)
    assert second_moment_width(y).diameter_mm == pytest.approx(4.4, rel=0.005)
    path.write_text("\n".join(row.replace("-9950.0", "-10050.0") for row in rows), encoding="utf-8")
    with pytest.raises(CurveError, match="line 2: position -10050 um comes after"):
        read_profiles(path, unit=LengthUnit.MICROMETRE)
