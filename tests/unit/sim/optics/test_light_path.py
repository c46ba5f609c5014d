from __future__ import annotations

import math

import numpy as np
import pytest

from sim.optics.attenuator import DensityWheel, draw_wheel
from sim.optics.history import StepTrack
from sim.optics.laser import REFERENCE_CURRENT_A, LaserDiode, ModeHop, draw_laser
from sim.optics.long_pass import LongPass, vapour_transmission
from sim.optics.noise import FastNoise, SlowDrift

SEEDS = range(40)


def test_the_diode_emits_nothing_up_to_its_threshold() -> None:
    laser = LaserDiode()
    assert laser.power_w(0.0, 25.0) == 0.0
    assert laser.power_w(laser.threshold_a, 25.0) == 0.0
    assert laser.power_w(0.300, 25.0) == pytest.approx(0.87 * 0.24)


def test_power_falls_and_the_line_moves_red_when_the_diode_warms() -> None:
    laser = LaserDiode()
    assert 0.002 < 1.0 - laser.power_w(0.3, 26.0) / laser.power_w(0.3, 25.0) < 0.006
    assert laser.wavelength_nm(0.3, 26.0) - laser.wavelength_nm(0.3, 25.0) == pytest.approx(0.3)


def test_a_mode_hop_jumps_in_wavelength_and_power_and_is_undone_on_the_way_back() -> None:
    hop = ModeHop(26.5, wavelength_step_nm=0.6, power_step=-0.015)
    smooth, hopping = LaserDiode(), LaserDiode(hops=(hop,))
    assert hopping.power_w(0.3, 26.49) == smooth.power_w(0.3, 26.49)
    assert hopping.power_w(0.3, 26.51) / smooth.power_w(0.3, 26.51) == pytest.approx(0.985)
    assert hopping.wavelength_nm(0.3, 26.51) - smooth.wavelength_nm(0.3, 26.51) == pytest.approx(0.6)


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_hops_are_of_the_documented_size_and_spare_the_set_point(seed: int) -> None:
    laser = draw_laser(np.random.default_rng(seed), mode_hops=True)
    assert any(25.0 < hop.temperature_c < 35.0 for hop in laser.hops)
    for hop in laser.hops:
        assert 0.3 <= abs(hop.wavelength_step_nm) <= 1.0
        assert 0.010 <= abs(hop.power_step) <= 0.020
        assert abs(hop.temperature_c - 25.0) >= 0.8
    around = [laser.power_w(REFERENCE_CURRENT_A, 25.0 + offset) for offset in np.linspace(-0.1, 0.1, 41)]
    assert max(np.abs(np.diff(around))) < 1e-4 * around[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wheel_s_density_rises_all_along_the_coating_within_a_percent_of_the_line(seed: int) -> None:
    wheel = draw_wheel(np.random.default_rng(seed))
    angles = np.linspace(0.0, 270.0, 1081)
    density = np.array([wheel.optical_density(angle) for angle in angles])
    assert np.all(np.diff(density) > 0.0)
    line = 0.04 + 1.96 * angles / 270.0
    assert np.max(np.abs(density / line - 1.0)) <= 0.01 + 1e-12


def test_the_clear_sector_begins_with_a_sharp_seam() -> None:
    wheel = DensityWheel()
    assert wheel.optical_density(270.0) == pytest.approx(2.0)
    assert wheel.optical_density(270.01) == pytest.approx(0.04)
    assert wheel.optical_density(359.99) == pytest.approx(wheel.optical_density(-0.01))
    assert wheel.optical_density(360.0) == pytest.approx(wheel.optical_density(0.0))


def test_the_long_pass_blocks_the_laser_and_passes_the_emission() -> None:
    transmission = LongPass().transmission(np.array([977.0, 981.0, 988.0, 1000.0, 1530.0]))
    assert np.all(transmission[:2] <= 1e-6)
    assert transmission[2] == pytest.approx(0.485, rel=1e-3)
    np.testing.assert_allclose(transmission[3:], 0.97, rtol=1e-6)


def test_vapour_bands_deepen_with_the_square_root_of_the_path() -> None:
    wavelengths = np.array([1377.0, 1131.0, 1250.0])
    once, four_times = vapour_transmission(wavelengths, 1.0), vapour_transmission(wavelengths, 4.0)
    np.testing.assert_allclose(np.log(four_times), 2.0 * np.log(once))
    np.testing.assert_array_equal(vapour_transmission(wavelengths, 0.0), 1.0)
    assert once[2] > 0.999


def test_the_slow_drift_has_its_sd_and_correlation_time() -> None:
    drift = SlowDrift(0.003, 300.0, np.random.default_rng(3))
    values = np.array([drift.value(60.0 * minute) for minute in range(60_000)])
    assert values.std() == pytest.approx(0.003, rel=0.05)
    lag = np.mean(values[:-5] * values[5:]) / values.var()
    assert lag == pytest.approx(math.exp(-1.0), abs=0.03)


def test_the_drift_is_the_same_whatever_is_asked_first() -> None:
    forwards, jumping = (SlowDrift(0.003, 300.0, np.random.default_rng(3)) for _ in range(2))
    late = jumping.value(9_000.0)
    early = forwards.value(10.0)
    assert jumping.value(10.0) == early
    assert forwards.value(9_000.0) == late


def test_means_over_time_are_integrals_of_the_values() -> None:
    drift, fast = SlowDrift(0.003, 300.0, np.random.default_rng(3)), FastNoise(0.001, 17)
    times = np.arange(2.003, 7.777, 2e-4)
    for noise in (drift, fast):
        values = np.array([noise.value(time) for time in times + 1e-4])
        assert noise.mean(2.003, 2.003 + 2e-4 * len(times)) == pytest.approx(values.mean(), abs=2e-6)


def test_fast_noise_averages_out_over_whole_seconds_and_can_be_asked_anywhere() -> None:
    noise = FastNoise(0.001, 17)
    assert noise.mean(100_000.0, 100_007.0) == pytest.approx(0.0, abs=1e-12)
    values = np.array([noise.value(0.005 + 0.01 * step) for step in range(5000)])
    assert values.std() == pytest.approx(0.001, rel=0.05)
    assert FastNoise(0.001, 17).value(12.345) == noise.value(12.345)
    assert FastNoise(0.001, 18).value(12.345) != noise.value(12.345)


def test_a_track_tells_the_past_and_the_present() -> None:
    track = StepTrack("thing", "a")
    assert track.set(1.0, "b")
    assert not track.set(1.5, "b")
    assert track.set(2.0, "c")
    assert [track.at(time) for time in (0.0, 1.0, 1.99, 2.0, 9.0)] == ["a", "b", "b", "c", "c"]
    assert track.changes_between(0.0, 2.0) == [1.0]
    assert track.changes_between(1.0, 2.5) == [2.0]


@pytest.mark.parametrize("time", [0.5, math.nan, math.inf])
def test_time_can_t_go_backwards_or_be_lost(time: float) -> None:
    track = StepTrack("thing", 0)
    track.set(1.0, 1)
    with pytest.raises(ValueError, match="thing"):
        track.set(time, 2)
