"""The check with a laser of known power, and what its failures look like."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import (
    CurveError,
    LaserPoint,
    LaserPointResult,
    Response,
    check_with_laser,
    diagnose,
    measure_laser,
    summarise_check,
    water_vapour_change,
)
from calibration.laser_check import photons_per_joule

AT = np.linspace(898.0, 1700.0, 512)
JOULES = 1.4e-10 * (1 + 0.2 * np.sin(AT / 90))
POWERS = (0.01, 0.05, 0.1)


def response(factor=1.0):
    return Response(AT, JOULES * factor, 0.03, np.full(512, 0.01), 150.0)


def point(power_w, line_nm=977.0, compress=0.0, time_s=0.05):
    shape = np.exp(-0.5 * ((AT - line_nm) / 1.2) ** 2)
    watts = power_w * shape / shape.sum()
    counts = watts * time_s / JOULES
    return LaserPoint(power_w, counts * (1 - compress * power_w / max(POWERS)), time_s)


def check(factor=1.0, **options):
    return check_with_laser([point(power, **options) for power in POWERS], response(factor), near_nm=977.0)


def test_photons_of_100_mw_at_977_nm():
    assert 0.1 * float(photons_per_joule(977.0)) == pytest.approx(4.918332e17, rel=1e-6)


@pytest.mark.parametrize(
    ("measured", "deviation", "passed"), [(4.80e17, -0.0241, True), (4.70e17, -0.0444, False)]
)
def test_the_published_examples_pass_and_fail(measured, deviation, passed):
    expected = 0.1 * float(photons_per_joule(977.0))
    result = LaserPointResult(0.1, 977.0, measured, expected)
    assert result.deviation == pytest.approx(deviation, abs=5e-5)
    others = [
        LaserPointResult(power, 977.0, measured * power / 0.1, expected * power / 0.1)
        for power in (0.02, 0.05)
    ]
    assert summarise_check([*others, result]).passed is passed


def test_a_right_response_passes_and_the_line_is_found():
    found = check(line_nm=978.3)
    assert found.passed
    assert found.slope_minus_one == pytest.approx(0.0, abs=1e-9)
    assert found.points[0].line_nm == pytest.approx(978.3, abs=0.05)
    assert found.record_values()["passed"] is True
    assert diagnose(found)[0].startswith("The check passed")
    assert len(diagnose(found)) == 1


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1e6, "a million: the lamp table's unit"),
        (1e-6, "a millionth"),
        (1e4, "cm² against m²"),
        (1e-3, "a thousandth"),
        (0.119, "collecting area .* multiplied by it once too often"),
        (1 / 0.119, "collecting area .* not multiplied by it"),
        (1.06, r"\+6.0%: the coupling changed"),
        (0.9, r"-10.0%: the coupling changed"),
        (0.4, "a factor 0.4: another fibre"),
    ],
)
def test_a_constant_factor_is_recognised(factor, words):
    found = check(factor)
    assert not found.passed
    assert not found.depends_on_power
    with_area = diagnose(found, collecting_area_cm2=0.119)
    assert len(with_area) == 2
    assert pytest.approx(factor - 1) == found.slope_minus_one
    import re

    assert re.search(words, with_area[1]), with_area


def test_forgotten_linearity_shows_as_a_dependence_on_power():
    found = check(compress=0.025)
    assert found.depends_on_power
    assert not found.passed
    assert found.trend == pytest.approx(-0.0225, rel=0.05)
    assert any(
        "no linearity correction was applied" in said for said in diagnose(found, linearity_applied=False)
    )
    assert any("compresses more" in said for said in diagnose(found))
    rising = check(compress=-0.025)
    assert any("rises with power" in said for said in diagnose(rising))


def test_noise_is_not_taken_for_a_dependence_on_power():
    random = np.random.default_rng(1)
    seen = 0
    for _ in range(200):
        deviation = 0.002 * random.normal(size=5)
        points = [
            LaserPointResult(power, 977.0, 1e17 * power * (1 + each), 1e17 * power)
            for power, each in zip((0.01, 0.03, 0.05, 0.08, 0.1), deviation, strict=True)
        ]
        seen += summarise_check(points).depends_on_power
    assert seen <= 2


def test_points_that_can_not_be_used_are_refused():
    with pytest.raises(CurveError, match="2 powers; at least 3"):
        check_with_laser([point(0.1), point(0.05)], response(), near_nm=977.0)
    good = point(0.1)
    saturated = np.where(np.abs(AT - 977) < 1, np.nan, good.net_counts)
    with pytest.raises(CurveError, match="saturated"):
        measure_laser(LaserPoint(0.1, saturated, 0.05), response(), near_nm=977.0)
    with pytest.raises(CurveError, match="no light"):
        measure_laser(LaserPoint(0.1, np.zeros(512), 0.05), response(), near_nm=977.0)
    with pytest.raises(CurveError, match="doesn't reach"):
        measure_laser(good, response(), near_nm=800.0)
    with pytest.raises(CurveError, match="above 0"):
        measure_laser(LaserPoint(0.0, good.net_counts, 0.05), response(), near_nm=977.0)
    same = [LaserPointResult(0.1, 977.0, 1e17, 1e17)] * 3
    with pytest.raises(CurveError, match="all powers are the same"):
        summarise_check(same)
    close = [LaserPointResult(power, 977.0, 1e17, 1e17) for power in (0.09, 0.1, 0.11)]
    assert "can't be told" in summarise_check(close).warnings[0]


def test_water_vapour_shows_in_its_band_only():
    then = 1e5 * np.exp(-0.5 * ((AT - 1100) / 300) ** 2)
    wet = then * np.where((AT > 1350) & (AT < 1400), 0.96, 1.0) * 1.2
    change = water_vapour_change(AT, wet, then)
    assert change == pytest.approx(-0.04, abs=0.002)
    assert water_vapour_change(AT, 0.8 * then, then) == pytest.approx(0.0, abs=1e-12)
    verdict, *said = diagnose(check(), water_change=change)
    assert verdict.startswith("The check failed")
    assert any("more water vapour now" in sentence for sentence in said)
    (verdict,) = diagnose(check(), water_change=0.005)
    assert verdict.startswith("The check passed")
    with pytest.raises(CurveError, match="no lamp signal"):
        water_vapour_change(AT, wet, np.where(AT > 1340, 0.0, then))
