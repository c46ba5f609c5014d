from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from sim.optics import PIXELS, PRESETS, WINDOWS_NM, BenchOptions, OpticalBench

QUIET = BenchOptions(laser_drift=0.0, laser_fast_noise=0.0, monitor_pointing_noise=0.0)


def lit_bench(sample: str = "HET-Ce", seed: int = 1, options: BenchOptions = QUIET) -> OpticalBench:
    bench = OpticalBench(sample, seed, options)
    bench.set_laser_current(0.0, 0.300)
    bench.set_wheel_angle(0.0, 0.0)
    bench.set_blade(0.0, True)
    return bench


def noise(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_full_power_reaches_beyond_the_highest_density_of_a_sweep() -> None:
    for seed in range(10):
        bench = lit_bench(seed=seed)
        assert 0.178 < bench.power_on_sample_w(1.0) < 0.188
        assert bench.power_density_mw_per_cm2(bench.power_on_sample_w(1.0)) > 1060.0
        assert bench.power_on_sample_w(1.0) / bench.monitor_power_w(1.0) == pytest.approx(
            bench.true_monitor_ratio
        )
        assert 23.0 < bench.true_monitor_ratio < 25.0


def test_the_lowest_density_of_a_sweep_is_within_the_coating() -> None:
    bench = lit_bench()
    bench.set_wheel_angle(1.0, 270.0)
    assert bench.power_density_mw_per_cm2(bench.power_on_sample_w(1.0)) < 25.0


def test_exposure_times_are_those_of_the_rig() -> None:
    bench = lit_bench()
    to_160_mw = 0.160 / bench.power_on_sample_w(0.5)
    laser_peak = bench.light_counts(0.0, 1.0).max() * to_160_mw
    assert 0.006 < 45_000.0 / laser_peak < 0.010
    bench.place_sample(2.0, "direct")
    bench.set_long_pass(2.0, True)
    emission_peak = bench.light_counts(2.0, 3.0).max() * to_160_mw
    assert 1.0 < 45_000.0 / emission_peak < 2.0


@pytest.mark.parametrize("dark", ["closed", "off", "below threshold"])
def test_without_light_a_frame_is_a_dark(dark: str) -> None:
    bench = lit_bench()
    if dark == "closed":
        bench.set_blade(1.0, False)
    else:
        bench.set_laser_current(1.0, 0.0 if dark == "off" else 0.03)
    assert not bench.light_on_sample(1.0)
    assert bench.monitor_power_w(1.0) == 0.0
    np.testing.assert_array_equal(bench.light_counts(1.0, 3.0), 0.0)
    assert 1300.0 < np.median(bench.expose(1.0, 1.01, -10.0, noise())) < 1700.0


def test_a_blade_that_opens_in_mid_frame_gives_half_the_light() -> None:
    bench = OpticalBench("HET", 1, QUIET)
    bench.set_laser_current(0.0, 0.300)
    bench.set_wheel_angle(0.0, 100.0)
    bench.set_blade(5.005, True)
    half, whole = bench.light_counts(5.0, 5.01), bench.light_counts(6.0, 6.01)
    np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-9)
    bench.set_blade(7.0, False)
    np.testing.assert_allclose(bench.light_counts(6.9925, 7.0225), 0.75 * whole, rtol=1e-9)


def test_a_frame_across_several_changes_is_the_sum_of_its_pieces() -> None:
    bench = lit_bench(options=BenchOptions())
    bench.set_wheel_angle(1.001, 50.0)
    bench.place_sample(1.002, "direct")
    bench.set_long_pass(1.006, True)
    bench.set_laser_temperature(1.008, 27.0)
    borders = [1.0, 1.001, 1.002, 1.006, 1.008, 1.02]
    pieces = sum(bench.light_counts(low, high) for low, high in pairwise(borders))
    np.testing.assert_allclose(bench.light_counts(1.0, 1.02), pieces, rtol=1e-9, atol=1e-9)


def test_a_bright_line_saturates() -> None:
    frame = lit_bench().expose(1.0, 1.05, -10.0, noise())
    assert frame.dtype == np.uint16
    assert frame.max() == 65535
    assert frame[300] < 2000


def test_the_same_seed_and_calls_give_the_same_bytes() -> None:
    def run(seed: int) -> bytes:
        bench = lit_bench(seed=seed, options=BenchOptions())
        random = noise()
        frames = [bench.expose(1.0 + step, 1.5 + step, -10.0, random) for step in range(5)]
        return b"".join(frame.tobytes() for frame in frames) + repr(bench.monitor_power_w(3.0)).encode()

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_presets_of_one_seed_are_different_benches() -> None:
    assert len({OpticalBench(name, 1).true_monitor_ratio for name in PRESETS}) == len(PRESETS)


def test_asking_changes_nothing() -> None:
    asked, left_alone = (lit_bench(options=BenchOptions()) for _ in range(2))
    asked.dose_j(50.0)
    asked.power_on_sample_w(1e4)
    asked.monitor_power_w(3.0)
    asked.truth()
    for bench in (asked, left_alone):
        bench.set_wheel_angle(60.0, 90.0)
    assert asked.monitor_power_w(61.0) == left_alone.monitor_power_w(61.0)
    assert (
        asked.expose(61.0, 61.1, -10.0, noise()).tobytes()
        == left_alone.expose(61.0, 61.1, -10.0, noise()).tobytes()
    )


def test_the_monitor_s_pointing_is_redrawn_by_wheel_and_blade_and_only_by_them() -> None:
    bench = lit_bench(options=BenchOptions(laser_drift=0.0, laser_fast_noise=0.0))

    def ratio(at_s: float) -> float:
        return bench.power_on_sample_w(at_s) / bench.monitor_power_w(at_s)

    first = ratio(1.0)
    bench.place_sample(2.0, "direct")
    bench.set_wheel_angle(2.0, 0.0)
    assert ratio(3.0) == pytest.approx(first, rel=1e-12)
    bench.set_wheel_angle(4.0, 10.0)
    second = ratio(5.0)
    bench.set_blade(6.0, False)
    bench.set_blade(7.0, True)
    third = ratio(8.0)
    assert len({round(value, 9) for value in (first, second, third)}) == 3
    assert ratio(1.0) == pytest.approx(first, rel=1e-12)


def test_the_pointing_noise_has_the_sd_of_the_options() -> None:
    bench = lit_bench(
        options=BenchOptions(laser_drift=0.0, laser_fast_noise=0.0, monitor_pointing_noise=0.004)
    )
    ratios = []
    for step in range(1, 2000):
        bench.set_wheel_angle(float(step), float(step % 7))
        ratios.append(bench.power_on_sample_w(step) / bench.monitor_power_w(step) / bench.true_monitor_ratio)
    assert np.std(ratios) == pytest.approx(0.004, rel=0.07)


def test_the_dose_is_the_energy_of_the_open_time_only() -> None:
    bench = OpticalBench("HET", 1, QUIET)
    bench.set_laser_current(0.0, 0.300)
    bench.set_wheel_angle(0.0, 0.0)
    assert bench.dose_j(9.0) == 0.0
    bench.set_blade(10.0, True)
    bench.set_blade(12.5, False)
    power_w = bench.power_on_sample_w(11.0)
    assert bench.dose_j(11.0) == pytest.approx(1.0 * power_w)
    assert bench.dose_j(40.0) == pytest.approx(2.5 * power_w)
    assert bench.mean_power_on_sample_w(5.0, 15.0) == pytest.approx(0.25 * power_w)


def test_a_late_setting_corrects_a_dose_that_was_already_asked_for() -> None:
    bench = lit_bench()
    bench.dose_j(20.0)
    bench.set_blade(10.0, False)
    assert bench.dose_j(20.0) == pytest.approx(10.0 * bench.power_on_sample_w(5.0))


def test_a_mode_hop_is_seen_as_a_jump_of_line_and_power() -> None:
    bench = lit_bench()
    hop = next(one for one in bench.parts.laser.hops if one.temperature_c > 25.0)
    before = bench.laser_wavelength_nm(1.0), bench.power_on_sample_w(1.0)
    bench.set_laser_temperature(2.0, hop.temperature_c - 0.01)
    bench.set_laser_temperature(3.0, hop.temperature_c + 0.01)
    jump_nm = bench.laser_wavelength_nm(3.0) - bench.laser_wavelength_nm(2.5)
    assert jump_nm == pytest.approx(hop.wavelength_step_nm + 0.3 * 0.02, abs=1e-6)
    assert bench.power_on_sample_w(3.0) / bench.power_on_sample_w(2.5) == pytest.approx(
        1 + hop.power_step, abs=1e-3
    )
    assert (bench.laser_wavelength_nm(1.0), bench.power_on_sample_w(1.0)) == before
    smooth = lit_bench(options=BenchOptions(mode_hops=False))
    assert smooth.parts.laser.hops == ()


@pytest.mark.parametrize("sample", list(PRESETS))
def test_photons_counted_without_noise_give_back_the_truth(sample: str) -> None:
    # Plain photon book-keeping with true calibrations; the rest is re-absorption, slit and window edges.
    bench = lit_bench(sample, options=QUIET)
    signals = {}
    for step, (place, filtered) in enumerate(
        (("out", False), ("indirect", False), ("direct", False), ("direct", True), ("indirect", True))
    ):
        bench.place_sample(step, place)
        bench.set_long_pass(step, filtered)
        signals[place, filtered] = bench.light_counts(step + 0.1, step + 0.9)
    wavelength = bench.true_pixel_wavelengths_nm
    photons = bench.true_response_j_per_count() * wavelength

    def total(place: str, filtered: bool, low: float, high: float) -> float:
        inside = (wavelength > low) & (wavelength < high)
        clear = signals[place, filtered] / (bench.true_long_pass(wavelength) if filtered else 1.0)
        return float((clear * photons)[inside].sum())

    empty, indirect, direct = (total(place, False, 967.0, 987.0) for place in ("out", "indirect", "direct"))
    truth = bench.truth()
    absorptance = 1.0 - direct / indirect
    assert absorptance == pytest.approx(truth["absorptance"], rel=3e-3)
    assert 1.0 - indirect / empty == pytest.approx(truth["mu"], rel=5e-3)
    for name in ("er", "total"):
        emitted = total("direct", True, *WINDOWS_NM[name]) - direct / indirect * total(
            "indirect", True, *WINDOWS_NM[name]
        )
        assert emitted / empty / absorptance == pytest.approx(truth["plqy"][name], rel=0.015)


def test_the_truth_names_the_fixed_windows_and_nothing_else() -> None:
    truth = OpticalBench("HET", 3).truth()
    assert set(truth) == {"sample", "plqy", "absorptance", "mu", "monitor_ratio", "seed"}
    assert set(truth["plqy"]) == {"er", "er_table1", "yb", "total"}
    assert truth["plqy"]["er"] == pytest.approx(0.30)
    assert truth["plqy"]["total"] == pytest.approx(0.41)
    assert OpticalBench("HET", 3, BenchOptions(absorptance=0.2)).truth()["absorptance"] == 0.2


def test_a_sample_with_a_decline_emits_half_at_its_density() -> None:
    plain = lit_bench()
    density = plain.power_density_mw_per_cm2(plain.power_on_sample_w(1.0))
    declining = lit_bench(
        options=BenchOptions(laser_drift=0.0, laser_fast_noise=0.0, decline_density_mw_per_cm2=density)
    )
    for place, share in (("direct", 0.5), ("indirect", 1.0)):
        counts = []
        for bench in (declining, plain):
            bench.place_sample(2.0 if place == "direct" else 4.0, place)
            counts.append(
                bench.light_counts(4.0, 5.0) if place == "indirect" else bench.light_counts(2.0, 3.0)
            )
        at_er = slice(380, 430)
        scattered = 0.0 if place == "indirect" else 0.25
        ratio = counts[0][at_er].sum() / counts[1][at_er].sum()
        assert share <= ratio <= share + scattered * (1.0 - share) + 1e-9


@pytest.mark.parametrize(
    ("option", "value", "place", "pixels"),
    [
        ("ase_fraction", 1e-3, "out", slice(64, 70)),
        ("stray_light_fraction", 1e-3, "out", slice(200, 300)),
    ],
)
def test_pedestals_are_off_unless_asked_for(option: str, value: float, place: str, pixels: slice) -> None:
    clean = lit_bench().light_counts(1.0, 2.0)[pixels].max()
    disturbed = lit_bench(options=BenchOptions(laser_drift=0, laser_fast_noise=0, **{option: value}))
    assert clean < 1.0
    assert disturbed.light_counts(1.0, 2.0)[pixels].min() > 20.0


def test_humid_air_dims_the_emission_at_1400_nm_and_spares_the_calibration() -> None:
    dry, humid = (
        lit_bench(options=BenchOptions(laser_drift=0, laser_fast_noise=0, water_vapour_path_m=path))
        for path in (0, 3.3)
    )
    np.testing.assert_array_equal(dry.true_response_j_per_count(), humid.true_response_j_per_count())
    for bench in (dry, humid):
        bench.place_sample(1.0, "direct")
    pixel = int(np.argmin(np.abs(dry.true_pixel_wavelengths_nm - 1420.0)))
    assert humid.light_counts(2.0, 3.0)[pixel] < 0.99 * dry.light_counts(2.0, 3.0)[pixel]


def test_a_frame_under_constant_light_costs_well_below_a_millisecond() -> None:
    bench, random = lit_bench(options=BenchOptions()), noise()
    bench.expose(0.5, 0.6, -10.0, random)
    costs = []
    for frame in range(300):
        begin = time.perf_counter()
        bench.expose(1.0 + frame, 1.9 + frame, -10.0, random)
        costs.append(time.perf_counter() - begin)
    assert np.median(costs) < 5e-4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda bench: bench.set_laser_current(1.0, -0.1), "laser current"),
        (lambda bench: bench.set_laser_temperature(1.0, float("nan")), "laser temperature"),
        (lambda bench: bench.set_wheel_angle(1.0, float("inf")), "wheel angle"),
        (lambda bench: bench.place_sample(1.0, "beside"), "out, indirect, direct"),
        (lambda bench: bench.expose(2.0, 2.0, -10.0, noise()), "frame"),
        (lambda bench: bench.mean_power_on_sample_w(2.0, 1.0), "before the start"),
        (lambda bench: OpticalBench("HAT", 1), "HET-Ce"),
        (lambda bench: OpticalBench("HET", -1), "seed"),
    ],
)
def test_nonsense_is_refused_with_a_reason(call: Callable[[OpticalBench], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(OpticalBench("HET", 1))


@pytest.mark.parametrize("name", [field.name for field in fields(BenchOptions) if field.type != "bool"])
def test_negative_options_are_refused_with_their_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        BenchOptions(**{name: -1.0})


def test_pixels_and_curves_have_one_shape() -> None:
    bench = OpticalBench("HET", 1)
    assert bench.true_response_j_per_count().shape == bench.true_pixel_wavelengths_nm.shape == (PIXELS,)
    assert len(bench.eeprom_wavelength_coefficients) == 4
    assert len(bench.eeprom_linearity_coefficients) == 8
    assert np.all(bench.true_linearity(np.array([0.0, 1000.0])) <= [0.0, 1000.0])
