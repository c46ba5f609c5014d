"""The monitor ratio: the number, its noise, and whether it is a constant."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import S120C, CurveError, MonitorRatio, PairedReadings, PowerHead, UncertaintyBand
from calibration import calibrate_monitor as calibrate

ANGLE = np.linspace(0.0, 260.0, 12)
REFERENCE = PowerHead("thermal", (UncertaintyBand(400.0, 2000.0, 0.03),), (1e-5, 1.0))


def readings(ratio=24.0, pointing=0.003, noise=0.0005, saturating=0.0, walking=0.0, seed=1, positions=12):
    random = np.random.default_rng(seed)
    angle = np.linspace(0.0, 260.0, positions)
    power = 0.18 * 10 ** (-0.00726 * angle)
    k = ratio * (1 + pointing * random.normal(size=positions) + walking * angle / 260)
    k = k * (1 - saturating * power / power.max())
    reference = power[:, None] * (1 + noise * random.normal(size=(positions, 10)))
    monitor = (power / k)[:, None] * (1 + noise * random.normal(size=(positions, 10)))
    return PairedReadings(angle, reference, monitor)


def found(pairs, **options):
    return calibrate(pairs, **{"reference_head": REFERENCE, "wavelength_nm": 977.0, **options})


def test_the_published_example_gives_its_ratio():
    power = np.full((10, 3), 96e-3) * np.linspace(0.1, 1, 10)[:, None]
    result = found(PairedReadings(np.arange(10.0), power, power / 24))
    assert result.ratio == pytest.approx(24.0, rel=1e-12)
    assert result.ratio * 2.000e-3 == pytest.approx(48.0e-3)


def test_ratio_and_noise_are_found_again():
    ratios, noises = [], []
    for seed in range(60):
        result = found(readings(seed=seed))
        ratios.append(result.ratio)
        noises.append(result.position_noise_relative)
        assert result.ratio_uncertainty_relative == pytest.approx(0.03, rel=0.01)
    assert np.mean(ratios) == pytest.approx(24.0, rel=0.001)
    assert np.sqrt(np.mean(np.square(noises))) == pytest.approx(0.003, rel=0.1)
    record = MonitorRatio.from_values(result.record_values())
    assert record.reading_noise_relative == noises[-1]
    assert result.single_reading_sd_relative > 0.8 * result.position_noise_relative


def test_a_constant_ratio_shows_no_trend_but_for_chance():
    seen = sum(
        result.against_power.significant or result.against_angle.significant
        for result in (found(readings(seed=seed)) for seed in range(100))
    )
    assert seen <= 8


def test_a_meter_that_saturates_shows_against_power():
    result = found(readings(saturating=0.03, pointing=0.0005))
    assert result.against_power.significant
    assert result.against_power.change_relative == pytest.approx(-0.03, rel=0.15)
    assert any("isn't linear" in warning for warning in result.warnings)


def test_a_wheel_that_moves_the_beam_shows_against_angle():
    result = found(readings(walking=0.02, pointing=0.0005))
    assert result.against_angle.change_relative == pytest.approx(0.02, rel=0.15)
    assert any("moves the beam" in warning for warning in result.warnings)


def test_one_position_that_differs_is_named():
    pairs = readings(pointing=0.0005)
    monitor = pairs.monitor_power_w.copy()
    monitor[4] *= 1.05
    result = found(PairedReadings(pairs.position_deg, pairs.reference_power_w, monitor))
    assert any(f"{pairs.position_deg[4]:g} deg" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("wavelength", "uncertainty"),
    [(400, 0.05), (439.9, 0.05), (440, 0.03), (977, 0.03), (980, 0.03), (980.5, 0.07), (1100, 0.07)],
)
def test_the_heads_uncertainty_steps_at_its_edges(wavelength, uncertainty):
    assert S120C.uncertainty_relative(wavelength) == uncertainty


def test_outside_the_heads_range_is_refused_and_powers_beyond_it_told():
    for wavelength in (399.9, 1100.1, 1530.0):
        with pytest.raises(CurveError, match="outside its range 400 to 1100 nm"):
            S120C.uncertainty_relative(wavelength)
    result = found(readings(), reference_head=S120C, reference_coverage_factor=2.0)
    assert result.reference_uncertainty_relative == 0.015
    assert any("specified" in warning for warning in result.warnings)
    with pytest.raises(CurveError, match="coverage factor"):
        found(readings(), reference_coverage_factor=0.0)


def test_too_few_positions_and_dead_meters_are_refused():
    with pytest.raises(CurveError, match="9 wheel positions; at least 10"):
        readings(positions=9)
    pairs = readings()
    dark = pairs.monitor_power_w.copy()
    dark[3, 2] = 0.0
    with pytest.raises(CurveError, match="the monitor read 0 W at"):
        PairedReadings(pairs.position_deg, pairs.reference_power_w, dark)
    with pytest.raises(CurveError, match="same readings"):
        PairedReadings(pairs.position_deg, pairs.reference_power_w, dark[:, :5])
    with pytest.raises(CurveError, match="can't be tested"):
        found(PairedReadings(np.full(12, 3.0), pairs.reference_power_w, pairs.monitor_power_w))


def test_a_ratio_that_no_wedge_has_is_doubted():
    assert any("check the wavelengths" in warning for warning in found(readings(ratio=2.4)).warnings)
