from __future__ import annotations

import numpy as np
import pytest

from sim.optics import BenchOptions, OpticalBench
from sim.optics.balance import CELL_CENTRES_NM
from sim.optics.lamp import WARM_UP_TIME_S, LampSeat, draw_lamp, draw_seat
from sim.optics.lamp_certificate import certificate_text, draw_certificate
from sim.optics.lamp_state import LampState

SEEDS = range(60)


def burning(seed: int = 1, sample: str = "HET-Ce") -> OpticalBench:
    bench = OpticalBench(sample, seed)
    bench.set_lamp(0.0, True, settled=True)
    return bench


def usable(bench: OpticalBench) -> np.ndarray:
    wavelength = bench.true_pixel_wavelengths_nm
    return (wavelength > 915.0) & (wavelength < 1660.0)


def dip(humid: np.ndarray, dry: np.ndarray, wavelength: np.ndarray, low: float, high: float) -> float:
    inside = (wavelength >= low) & (wavelength <= high)
    return 1.0 - float((humid / dry)[inside].mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lamp_has_the_spectrum_of_a_halogen_lamp(seed: int) -> None:
    lamp = draw_lamp(seed, "HET-Ce")
    fluxes = lamp.flux_uw_per_nm(np.array([977.0, 1100.0, 1530.0]))
    np.testing.assert_allclose(fluxes / fluxes[1], [0.97, 1.0, 0.78], atol=0.012)
    assert 1050.0 < CELL_CENTRES_NM[np.argmax(lamp.flux_uw_per_nm(CELL_CENTRES_NM))] < 1105.0
    assert 100.0 < fluxes[1] < 140.0


@pytest.mark.parametrize("seed", range(1, 5))
def test_lamp_counts_times_the_true_response_are_the_lamp_s_flux(seed: int) -> None:
    bench = burning(seed)
    counts = bench.light_counts(10.0, 13.0)
    pixel_nm = np.diff(bench.spectrograph.pixel_edges_nm)
    flux = 1e6 * counts * bench.true_response_j_per_count() / (pixel_nm * 3.0)
    true = bench.true_lamp_flux_uw_per_nm(11.5, bench.true_pixel_wavelengths_nm)
    np.testing.assert_allclose(flux[usable(bench)], true[usable(bench)], rtol=1e-3)


def test_the_brightest_pixel_is_well_exposed_within_seconds() -> None:
    for seed in range(8):
        assert 1.0 < 50_000.0 / burning(seed).light_counts(1.0, 2.0).max() < 4.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_certificate_is_wrong_within_its_uncertainty_and_smoothly(seed: int) -> None:
    lamp = draw_lamp(seed, "HET")
    certificate = draw_certificate(lamp, seed, "HET")
    error = certificate.flux_uw_per_nm / lamp.flux_uw_per_nm(certificate.wavelength_nm) - 1.0
    assert np.all(np.abs(error) <= 0.01 * certificate.expanded_uncertainty_percent)
    assert np.abs(error).max() > 1e-4
    per_nm = np.abs(np.diff(error) / np.diff(certificate.wavelength_nm))
    assert per_nm[certificate.wavelength_nm[1:] > 800.0].max() < 1e-4


def test_certificates_scatter_as_they_say() -> None:
    pulls = []
    for seed in range(300):
        lamp = draw_lamp(seed, "HET")
        certificate = draw_certificate(lamp, seed, "HET")
        error = certificate.flux_uw_per_nm / lamp.flux_uw_per_nm(certificate.wavelength_nm) - 1.0
        pulls.append(error[20] / (0.005 * certificate.expanded_uncertainty_percent[20]))
    assert np.std(pulls) == pytest.approx(0.9, abs=0.15)
    assert abs(np.mean(pulls)) < 0.2


def test_the_certificate_s_text_names_its_unit_and_has_irregular_rows() -> None:
    lamp = draw_lamp(1, "HET")
    lines = certificate_text(draw_certificate(lamp, 1, "HET"), lamp, "2026-03-01").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    rows = np.array([[float(word) for word in line.split("\t")] for line in lines if line not in comments])
    assert any("Unit: µW/nm" in line for line in comments)
    assert any("k=2" in line for line in comments)
    assert any(lamp.serial_number in line for line in comments)
    assert 20 <= len(rows) <= 40
    assert rows.shape[1] == 3
    assert (rows[0, 0], rows[-1, 0]) == (350.0, 2400.0)
    assert len(set(np.diff(rows[:, 0]))) > 3


def test_a_cold_lamp_lacks_a_few_percent_most_in_the_blue_and_is_steady_after_its_warm_up() -> None:
    bench, warm = OpticalBench("HET-Ce", 1), burning()
    bench.set_lamp(100.0, True)
    wavelength = bench.true_pixel_wavelengths_nm
    blue, red = (int(np.argmin(np.abs(wavelength - nm))) for nm in (977.0, 1600.0))
    reference = warm.light_counts(1.0, 2.0)
    cold = bench.light_counts(100.0, 101.0) / reference
    assert 0.02 < 1.0 - cold[blue] < 0.04
    assert 1.0 - cold[blue] > 1.2 * (1.0 - cold[red])
    later = bench.light_counts(1300.0, 1301.0) / reference
    assert 1.0 - later[blue] < 5e-4
    assert np.all(np.diff([bench.light_counts(t, t + 1.0)[blue] for t in (100.0, 200.0, 400.0, 800.0)]) > 0.0)


def test_the_mean_over_a_frame_is_the_integral_of_the_warm_up() -> None:
    bench = OpticalBench("HET-Ce", 1)
    bench.set_lamp(0.0, True)
    long = bench.light_counts(0.0, 60.0)
    pieces = sum(bench.light_counts(float(second), second + 1.0) for second in range(60))
    np.testing.assert_allclose(long, pieces, rtol=1e-6)


def test_a_short_break_leaves_the_lamp_almost_warm() -> None:
    state = LampState().switched(0.0, True, settled=True).switched(1000.0, False).switched(1010.0, True)
    assert state.coldness_at(1010.0) == pytest.approx(10.0 / 600.0, rel=0.02)
    assert state.coldness_at(1010.0 + WARM_UP_TIME_S) < state.coldness_at(1010.0) / 2.7


def test_every_switching_on_and_every_reseating_is_a_new_seat_of_the_stated_scatter() -> None:
    state = LampState().switched(0.0, True)
    assert state.switched(1.0, True) is state
    assert state.switched(1.0, False).switched(2.0, True).seat == 2
    assert state.reseated().seat == 2
    seats = [draw_seat(3, "HET", number) for number in range(1, 600)]
    assert np.std([seat.scale for seat in seats]) == pytest.approx(0.003, rel=0.1)
    assert np.std([seat.tilt for seat in seats]) < 0.001
    assert draw_seat(3, "HET", 5) == seats[4]
    assert draw_seat(3, "HET", 0) == LampSeat()


def test_a_blocked_lamp_burns_on_in_the_dark() -> None:
    bench = burning()
    bench.set_lamp_block(5.0, True)
    np.testing.assert_array_equal(bench.light_counts(5.0, 9.0), 0.0)
    bench.set_lamp_block(3600.0, False)
    assert bench.lamp_state(3600.0).hours_at(3600.0) == pytest.approx(13.0)
    np.testing.assert_allclose(bench.light_counts(3601.0, 3602.0), bench.light_counts(1.0, 2.0), rtol=2e-4)


def test_an_old_lamp_is_dimmer() -> None:
    bench = burning()
    young = bench.light_counts(0.0, 1.0)
    bench.set_lamp_hours(1.0, 112.0)
    np.testing.assert_allclose(bench.light_counts(1.0, 2.0), 0.99 * young, rtol=2e-4)
    with pytest.raises(ValueError, match="hours"):
        bench.set_lamp_hours(2.0, -1.0)


def test_a_lamp_that_is_off_or_blocked_changes_no_byte_of_a_measurement() -> None:
    def frames(*, touched: bool) -> bytes:
        bench = OpticalBench("HET", 4)
        if touched:
            bench.set_lamp(0.0, True)
            bench.set_lamp_block(0.0, True)
            bench.set_purge(0.0, True)
        bench.set_laser_current(0.0, 0.3)
        bench.set_blade(0.0, True)
        random = np.random.default_rng(1)
        return b"".join(bench.expose(float(t), t + 0.7, -10.0, random).tobytes() for t in range(1, 6))

    assert frames(touched=True) == frames(touched=False)


def test_the_lamp_needs_no_laser_and_is_no_laser_light_on_the_sample() -> None:
    bench = burning()
    assert bench.power_on_sample_w(1.0) == 0.0
    assert not bench.light_on_sample(1.0)
    assert bench.dose_j(10.0) == 0.0


def test_a_sample_in_the_sphere_takes_some_of_the_lamp_at_its_line_and_emits() -> None:
    bench = burning()
    empty = bench.light_counts(0.0, 1.0)
    bench.place_sample(1.0, "direct")
    ratio = bench.light_counts(1.0, 2.0) / empty
    wavelength = bench.true_pixel_wavelengths_nm
    at_line, aside, at_er = (int(np.argmin(np.abs(wavelength - nm))) for nm in (977.0, 1250.0, 1530.0))
    assert ratio[at_line] == pytest.approx(1.0 - bench.truth()["mu"], abs=0.02)
    assert ratio[aside] == pytest.approx(1.0, abs=1e-3)
    assert ratio[at_er] > 1.002


def test_humid_air_of_three_metres_dims_the_lamp_at_1380_nm_by_the_expected_depth() -> None:
    dry, humid = burning(), burning()
    humid.set_purge(0.0, False, settled=True)
    counts = humid.light_counts(1.0, 2.0), dry.light_counts(1.0, 2.0)
    wavelength = dry.true_pixel_wavelengths_nm
    assert humid.water_vapour_path_m(1.0) == 3.0
    # Depths over 3.3 m: 0.14 and 0.04 in the two bands that overlap at 1377 nm; square root of 3 / 3.3.
    depth = np.sqrt(3.0 / 3.3) * (0.140 + 0.040 * np.exp(-0.5 * (23.0 / (75.0 / 2.3548)) ** 2))
    pixel = int(np.argmin(np.abs(wavelength - 1377.0)))
    assert counts[0][pixel] / counts[1][pixel] == pytest.approx(np.exp(-depth), rel=2e-3)
    assert 0.09 < dip(*counts, wavelength, 1350.0, 1410.0) < 0.13
    assert dip(*counts, wavelength, 1290.0, 1310.0) < 1e-3
    assert 0.005 < dip(*counts, wavelength, 920.0, 970.0) < 0.03
    assert 0.01 < dip(*counts, wavelength, 1100.0, 1160.0) < 0.03


def test_water_vapour_comes_and_goes_within_minutes() -> None:
    bench, dry = burning(), burning().light_counts(0.0, 1.0)
    wavelength = bench.true_pixel_wavelengths_nm

    def now(time_s: float) -> float:
        return dip(bench.light_counts(time_s, time_s + 1.0), dry, wavelength, 1350.0, 1400.0)

    bench.set_purge(10.0, False)
    rising = [now(time_s) for time_s in (10.0, 40.0, 130.0, 1500.0)]
    assert np.all(np.diff(rising) > 0.0)
    assert rising[0] < 0.02
    assert rising[-1] == pytest.approx(0.1157, abs=0.002)
    bench.set_purge(2000.0, True)
    falling = [now(2000.0 + minutes * 60.0) for minutes in (0, 2, 5, 15, 45)]
    assert np.all(np.diff(falling) < 0.0)
    assert falling[1] > 0.06
    assert falling[3] < 0.005
    # The lamp has aged by more than an hour in the meantime.
    assert falling[4] == pytest.approx(1.3e-4, abs=3e-5)


def test_a_long_frame_in_changing_air_is_the_sum_of_short_ones() -> None:
    bench = burning()
    bench.set_purge(0.0, False)
    long = bench.light_counts(30.0, 90.0)
    pieces = sum(bench.light_counts(30.0 + part, 31.0 + part) for part in range(60))
    np.testing.assert_allclose(long, pieces, rtol=2e-4)


def test_the_humid_path_is_an_option() -> None:
    bench = OpticalBench("HET", 1, BenchOptions(humid_path_m=1.5, water_vapour_path_m=0.1))
    assert bench.water_vapour_path_m(0.0) == 0.1
    bench.set_purge(0.0, False, settled=True)
    assert bench.water_vapour_path_m(0.0) == 1.5
