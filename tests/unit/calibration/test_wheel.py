"""The wheel's curve and its backlash."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import CurveError, WheelCurve, WheelScan, calibrate_wheel

SLOPE = 1.96 / 270


def scan(angle, noise=0.0005, lag=0.0, uneven=0.0, seed=1):
    random = np.random.default_rng(seed)
    true = angle + lag
    density = 0.04 + SLOPE * true + uneven * np.sin(true / 20)
    power = 8e-3 * 10**-density * (1 + noise * random.normal(size=len(angle)))
    return WheelScan(angle, power, max(noise, 1e-6))


UP = np.linspace(0.0, 265.0, 54)


def test_the_published_example_needs_its_angle():
    found = calibrate_wheel(scan(UP, noise=0.0))
    assert found.slope_per_deg == pytest.approx(0.007259, abs=1e-6)
    assert found.angle_for_power(50.0, 1000.0) == pytest.approx(179.22, abs=0.005)
    with pytest.raises(CurveError, match="highest power"):
        found.angle_for_power(2000.0, 1000.0)


def test_curve_slope_and_unevenness_are_found_again():
    found = calibrate_wheel(scan(UP, uneven=0.01), scan(UP[::-1], uneven=0.01, seed=2))
    true = 0.04 + SLOPE * UP + 0.01 * np.sin(UP / 20)
    np.testing.assert_allclose(found.optical_density, true, atol=5 * found.density_uncertainty)
    assert np.std(found.optical_density - true) < 2 * found.density_uncertainty
    assert found.slope_per_deg == pytest.approx(SLOPE, rel=0.01)
    np.testing.assert_allclose(
        found.intercept + found.slope_per_deg * UP + found.residuals, found.optical_density
    )
    assert WheelCurve.from_values(found.record_values()).optical_density_at(100.0) == pytest.approx(
        found.curve.optical_density_at(100.0)
    )


@pytest.mark.parametrize("lag", [0.0, 0.5, 1.5])
def test_backlash_is_how_far_the_wheel_stays_ahead_on_the_way_back(lag):
    pulls = []
    for seed in range(30):
        found = calibrate_wheel(scan(UP, seed=seed), scan(UP[::-1], lag=lag, seed=100 + seed))
        assert found.backlash_deg == pytest.approx(lag, abs=0.15)
        pulls.append((found.backlash_deg - lag) / found.backlash_uncertainty_deg)
    assert 0.5 < np.std(pulls) < 2.5


def test_without_a_scan_back_no_backlash_is_claimed():
    found = calibrate_wheel(scan(UP))
    assert found.backlash_deg is None
    assert found.record_values()["backlash_uncertainty_deg"] is None


def test_the_seam_or_lost_steps_are_refused_by_their_angle():
    good = scan(UP)
    power = good.power_w.copy()
    power[40:] *= 1.3
    with pytest.raises(CurveError, match=r"falls by .* between 195 and 200 deg"):
        calibrate_wheel(WheelScan(UP, power, 0.0005))


def test_noise_alone_is_not_taken_for_a_fall():
    fine = np.linspace(0.0, 265.0, 1000)
    calibrate_wheel(scan(fine, noise=0.003))


def test_wrong_orders_and_dark_monitors_are_refused():
    with pytest.raises(CurveError, match="doesn't rise"):
        calibrate_wheel(scan(UP[::-1]))
    with pytest.raises(CurveError, match="must fall"):
        calibrate_wheel(scan(UP), scan(UP))
    with pytest.raises(CurveError, match="too little"):
        calibrate_wheel(scan(UP[:30]), scan(UP[::-1][:20]))
    with pytest.raises(CurveError, match="at least 10"):
        scan(UP[:5])
    with pytest.raises(CurveError, match=r"power 0 W at 5 deg"):
        WheelScan(UP, np.where(UP == 5.0, 0.0, 1.0), 0.001)


def test_large_backlash_and_a_damaged_film_are_told():
    found = calibrate_wheel(scan(UP, uneven=0.1), scan(UP[::-1], lag=5.0, uneven=0.1))
    assert any("backlash" in warning for warning in found.warnings)
    assert any("off its straight line" in warning for warning in found.warnings)
    assert any("30 or more" in warning for warning in calibrate_wheel(scan(UP[::4])).warnings)
