from __future__ import annotations

import time

import numpy as np
import pytest

from sim.optics import PRESETS, BenchOptions, OpticalBench, scan_beam
from sim.optics.entrance_head import LARGEST_CALIBRATION_ERROR, EntranceHead
from sim.optics.long_pass import LongPass

QUIET = BenchOptions(laser_drift=0.0, laser_fast_noise=0.0, monitor_pointing_noise=0.0)


def lit(seed: int = 1, options: BenchOptions = QUIET, sample: str = "HET-Ce") -> OpticalBench:
    bench = OpticalBench(sample, seed, options)
    bench.set_laser_current(0.0, 0.300)
    bench.set_wheel_angle(0.0, 0.0)
    bench.set_blade(0.0, True)
    return bench


def test_a_tilted_filter_has_its_edge_further_in_the_blue_and_softer() -> None:
    straight = LongPass()
    tilted = straight.tilted(10.0)
    sine = np.sin(np.radians(10.0)) / 1.85
    assert tilted.edge_nm == pytest.approx(988.0 * np.sqrt(1.0 - sine**2))
    assert tilted.edge_scale_nm > 1.5 * straight.edge_scale_nm
    assert straight.tilted(0.0) is straight
    assert tilted.transmission(np.array([1100.0]))[0] == pytest.approx(0.97)


def test_a_tilted_filter_lets_laser_light_through() -> None:
    bench = lit()
    bench.set_long_pass(0.0, True)
    leaks = []
    for step, angle in enumerate((0.0, 8.0, 10.0, 15.0), start=1):
        bench.change_surroundings(float(step), filter_angle_deg=angle)
        leaks.append(bench.light_counts(step, step + 1.0).sum())
    assert leaks[1] > 2.0 * leaks[0]
    assert leaks[2] > 50.0 * leaks[1]
    assert leaks[3] > 50.0 * leaks[2]


def test_leakage_is_a_floor_under_the_blocked_range() -> None:
    bench = lit()
    clear = bench.light_counts(0.0, 1.0)
    bench.set_long_pass(1.0, True)
    bench.change_surroundings(1.0, filter_leakage=1e-4)
    leaked = bench.light_counts(1.0, 2.0)
    assert leaked.sum() / clear.sum() == pytest.approx(1e-4, rel=0.02)
    assert bench.true_long_pass(np.array([950.0]))[0] == pytest.approx(1e-4, rel=0.02)


def test_a_pedestal_passes_the_filter_and_ends_with_its_cause() -> None:
    bench = lit()
    bench.set_long_pass(0.0, True)
    clean = bench.light_counts(0.0, 1.0)
    bench.change_surroundings(1.0, ase_fraction=1e-3)
    assert bench.light_counts(1.0, 2.0)[60:75].min() > clean[60:75].max() + 20.0
    bench.change_surroundings(2.0, ase_fraction=0.0)
    np.testing.assert_array_equal(bench.light_counts(2.0, 3.0), clean)


def test_a_diluted_sample_absorbs_what_the_truth_then_says() -> None:
    bench = lit()
    bench.change_surroundings(0.0, absorptance=0.03)
    signals = []
    for step, place in enumerate(("indirect", "direct")):
        bench.place_sample(step, place)
        signals.append(bench.light_counts(step + 0.1, step + 0.9)[:55].sum())
    assert 1.0 - signals[1] / signals[0] == pytest.approx(0.03, rel=5e-3)
    assert bench.truth()["absorptance"] == 0.03
    assert bench.truth()["mu"] == pytest.approx(0.0119, abs=0.001)
    assert bench.truth()["plqy"]["er"] == pytest.approx(0.5)


def test_a_moved_fibre_scales_everything_and_the_true_response() -> None:
    bench = lit()
    before, response = bench.light_counts(0.0, 1.0), bench.true_response_j_per_count()
    bench.change_surroundings(1.0, fibre_throughput=0.9)
    np.testing.assert_allclose(bench.light_counts(1.0, 2.0), 0.9 * before, rtol=1e-12)
    np.testing.assert_allclose(bench.true_response_j_per_count(), response / 0.9, rtol=1e-12)


def test_a_strongly_drifting_laser_drifts_as_strongly_as_it_was_told() -> None:
    bench = lit(options=BenchOptions(laser_fast_noise=0.0))
    still = lit().power_on_sample_w(1.0)
    bench.change_surroundings(0.0, laser_drift=0.03)
    powers = np.array([bench.power_on_sample_w(60.0 * minute) for minute in range(3000)]) / still
    assert powers.std() == pytest.approx(0.03, rel=0.15)
    bench.change_surroundings(2e5, laser_drift=0.0)
    assert bench.power_on_sample_w(2e5 + 1.0) == pytest.approx(still, rel=1e-12)


def test_a_quiet_laser_can_be_made_to_drift() -> None:
    bench = lit()
    bench.change_surroundings(1.0, laser_drift=0.05)
    assert abs(bench.power_on_sample_w(500.0) / bench.power_on_sample_w(0.5) - 1.0) > 1e-4


@pytest.mark.parametrize("sample", list(PRESETS))
def test_the_set_point_is_quiet_and_hops_lie_around_it_for_every_seed(sample: str) -> None:
    for seed in range(1, 201):
        hops = [hop.temperature_c for hop in OpticalBench(sample, seed).true_hops()]
        assert min(abs(celsius - 25.0) for celsius in hops) >= 0.8
        assert len([celsius for celsius in hops if 15.0 <= celsius <= 35.0]) >= 4
        assert min(np.diff(hops)) >= 1.0


def test_a_temperature_scan_finds_the_hops_where_the_truth_says() -> None:
    bench = lit(seed=5)
    temperatures = np.arange(15.0, 35.0, 0.05)
    lines, powers = [], []
    for step, celsius in enumerate(temperatures, start=1):
        bench.set_laser_temperature(float(step), celsius)
        lines.append(bench.laser_wavelength_nm(step))
        powers.append(bench.power_on_sample_w(step))
    jumps_nm = np.diff(lines) - 0.3 * 0.05
    found = temperatures[:-1][np.abs(jumps_nm) > 0.2]
    inside = [hop for hop in bench.true_hops() if 15.0 < hop.temperature_c < 34.9]
    assert [hop.temperature_c for hop in inside] == pytest.approx([c + 0.025 for c in found], abs=0.03)
    assert np.sum(np.abs(np.diff(powers) / powers[:-1]) > 0.008) == len(inside)
    assert all(0.3 <= abs(jump) <= 1.0 for jump in jumps_nm[np.abs(jumps_nm) > 0.2])


def test_a_current_scan_meets_hops_too() -> None:
    bench = lit(seed=5)
    lines = []
    for step, current in enumerate(np.arange(0.07, 0.349, 0.001), start=1):
        bench.set_laser_current(float(step), current)
        lines.append(bench.laser_wavelength_nm(step))
    assert np.sum(np.abs(np.diff(lines) - 0.3 * 13.0 * 0.001) > 0.2) >= 1


def test_a_hop_can_be_moved_to_the_set_point_and_over_it() -> None:
    bench = lit()
    before = bench.laser_wavelength_nm(0.5)
    bench.change_surroundings(1.0, hop_distance_c=0.1)
    assert bench.laser_wavelength_nm(1.5) == before
    first = next(hop for hop in bench.true_hops() if hop.temperature_c > 25.0)
    assert first.temperature_c == pytest.approx(25.1)
    bench.change_surroundings(2.0, hop_distance_c=-0.1)
    assert bench.laser_wavelength_nm(2.5) - before == pytest.approx(first.wavelength_step_nm)
    assert bench.power_on_sample_w(2.5) / bench.power_on_sample_w(0.5) == pytest.approx(1 + first.power_step)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("absorptance", 1.0),
        ("filter_angle_deg", -1.0),
        ("filter_leakage", 0.5),
        ("fibre_throughput", float("nan")),
        ("laser_drift", True),
        ("hop_distance_c", 11.0),
    ],
)
def test_disturbances_out_of_range_are_refused_with_their_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        lit().change_surroundings(1.0, **{name: value})


def test_nothing_reaches_the_sphere_while_a_head_stands_in_its_entrance() -> None:
    bench = lit()
    bench.set_lamp(0.0, True, settled=True)
    power_w = bench.power_on_sample_w(0.5)
    bench.change_surroundings(1.0, entrance_blocked=True)
    np.testing.assert_array_equal(bench.light_counts(1.0, 2.0), 0.0)
    assert bench.power_on_sample_w(1.5) == 0.0
    assert bench.dose_j(2.0) == pytest.approx(power_w)
    assert bench.power_at_entrance_w(1.5) == pytest.approx(power_w)
    assert bench.monitor_power_w(1.5) > 0.0


def test_a_second_head_is_wrong_by_its_own_calibration_and_a_little_noise() -> None:
    errors = []
    for seed in range(100):
        bench = OpticalBench("HET", 1, QUIET)
        errors.append(EntranceHead(bench, seed, "HET").calibration_error)
    assert 0.008 < np.std(errors) < 0.02
    assert np.abs(errors).max() <= LARGEST_CALIBRATION_ERROR
    bench = lit()
    head = EntranceHead(bench, 1, "HET-Ce")
    readings = np.array([head.monitor_power_w(1.0 + 0.1 * k) for k in range(400)])
    assert readings.mean() / bench.power_at_entrance_w(1.0) == pytest.approx(
        1.0 + head.calibration_error, abs=3e-4
    )
    assert 5e-4 < readings.std() / readings.mean() < 2e-3


def test_a_scan_of_the_beam_has_the_beam_s_second_moment() -> None:
    diameters = []
    for seed in range(60):
        scan = scan_beam(4.6, np.random.default_rng(seed))
        weight = scan.intensity / scan.intensity.sum()
        centre = (scan.slit_position_mm * weight).sum()
        diameters.append(4.0 * np.sqrt((((scan.slit_position_mm - centre) ** 2) * weight).sum()))
    assert np.mean(diameters) == pytest.approx(4.6, abs=0.005)
    assert np.std(diameters) < 0.02


def test_frames_stay_cheap_with_lamp_and_disturbances_on() -> None:
    bench, random = lit(options=BenchOptions()), np.random.default_rng(1)
    bench.set_lamp(0.0, True)
    bench.set_purge(0.0, False, settled=True)
    bench.change_surroundings(0.0, filter_angle_deg=9.0, stray_light_fraction=1e-4, fibre_throughput=0.9)
    bench.expose(0.5, 0.6, -10.0, random)
    costs = []
    for frame in range(300):
        begin = time.perf_counter()
        bench.expose(1.0 + frame, 1.9 + frame, -10.0, random)
        costs.append(time.perf_counter() - begin)
    assert np.median(costs) < 5e-4
