from __future__ import annotations

import numpy as np
import pytest

from sim.optics.balance import CELL_CENTRES_NM, CELL_EDGES_NM, SamplePlace
from sim.optics.detector import FULL_SCALE_COUNTS, Detector, draw_detector, draw_linearity
from sim.optics.optical_bench import OpticalBench
from sim.optics.signals import Passage
from sim.optics.spectrograph import PIXELS, draw_spectrograph, line_shares
from sim.optics.units import PHOTON_ENERGY_J_NM

PITCH_NM = 1.566
EDGES = 900.0 + PITCH_NM * (np.arange(PIXELS + 1) - 0.5)


def detector(seed: int = 1, on_dark: bool = False) -> Detector:
    return draw_detector(np.random.default_rng(seed), 0.002, on_dark)


@pytest.mark.parametrize("offset", np.linspace(0.0, PITCH_NM, 7))
def test_a_narrow_line_keeps_its_area_wherever_it_falls_between_pixels(offset: float) -> None:
    assert line_shares(EDGES, np.array([977.0 + offset]), 1.5).sum() == pytest.approx(1.0, abs=1e-6)


def test_sampling_a_narrow_line_at_pixel_centres_would_not_keep_its_area() -> None:
    centres = 0.5 * (EDGES[1:] + EDGES[:-1])
    sigma = 1.5 / 2.3548
    areas = [
        PITCH_NM
        * np.sum(np.exp(-0.5 * ((centres - 977.0 - offset) / sigma) ** 2))
        / (sigma * np.sqrt(2 * np.pi))
        for offset in np.linspace(0.0, PITCH_NM, 21)
    ]
    assert min(areas) < 0.95
    assert max(areas) > 1.05


@pytest.mark.parametrize("seed", range(20))
def test_stored_wavelengths_are_wrong_by_one_or_two_tenths_of_a_nanometre(seed: int) -> None:
    spectrograph = draw_spectrograph(np.random.default_rng(seed))
    stored = np.polynomial.polynomial.polyval(np.arange(PIXELS), spectrograph.stored_coefficients)
    true = spectrograph.pixel_wavelengths_nm
    assert np.all((np.abs(stored - true) > 0.095) & (np.abs(stored - true) < 0.205))
    assert 898.0 < true[0] < 902.0
    assert 1696.0 < true[-1] < 1704.0
    assert np.all(np.diff(true) > 1.4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_flat_lamp_gives_back_the_true_response(seed: int) -> None:
    bench = OpticalBench("HET-Ce", seed)
    watts_per_nm, seconds = 3.5e-5, 0.1
    energy = watts_per_nm * np.diff(CELL_EDGES_NM) * seconds
    reaching = bench.balance.laser_shares(CELL_CENTRES_NM, SamplePlace.OUT).detector
    photons = energy * CELL_CENTRES_NM / PHOTON_ENERGY_J_NM * reaching
    counts = bench.signals.counts_of_cells(photons, Passage(SamplePlace.OUT))
    in_pixel = watts_per_nm * seconds * np.diff(bench.spectrograph.pixel_edges_nm)
    response = bench.true_response_j_per_count()
    # Beyond the detector's cut-off the slit mixes in the brighter side; there the curve is taken where it is.
    usable = (bench.true_pixel_wavelengths_nm > 915.0) & (bench.true_pixel_wavelengths_nm < 1660.0)
    np.testing.assert_allclose((in_pixel / counts)[usable], response[usable], rtol=1e-3)


def test_the_response_turns_the_laser_line_back_into_its_energy() -> None:
    bench = OpticalBench("HET-Ce", 4)
    wavelength_nm = bench.parts.laser.wavelength_nm_at_reference
    unit = bench.signals.unit(Passage(SamplePlace.OUT), wavelength_nm).total
    assert (unit * bench.true_response_j_per_count()).sum() == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("shift_nm", [0.0003, 0.0011, 0.0078])
def test_the_line_s_centroid_moves_as_smoothly_as_the_diode_s_wavelength(shift_nm: float) -> None:
    bench = OpticalBench("HET-Ce", 4)
    first_nm = bench.parts.laser.wavelength_nm_at_reference
    centroids_nm = []
    for step in range(60):
        counts = bench.signals.unit(Passage(SamplePlace.OUT), first_nm + step * shift_nm).total
        centroids_nm.append(counts @ bench.true_pixel_wavelengths_nm / counts.sum())
    steps_nm = np.diff(centroids_nm)
    # A shift is seen a little differently across a pixel, but from one step to the next alike.
    np.testing.assert_allclose(steps_nm, shift_nm, rtol=0.1)
    assert np.abs(np.diff(steps_nm)).max() < 0.02 * shift_nm


def test_the_electronics_bend_by_a_few_percent_and_never_fall() -> None:
    for seed in range(30):
        linearity = draw_linearity(np.random.default_rng(seed), 0.002)
        linear = np.linspace(0.0, 1.5 * FULL_SCALE_COUNTS, 1000)
        measured = linearity.measured_counts(linear)
        assert np.all(np.diff(measured) > 0.0)
        assert (
            0.015
            < 1.0 - linearity.measured_counts(np.array([FULL_SCALE_COUNTS]))[0] / FULL_SCALE_COUNTS
            < 0.05
        )


def _error_of_correction(seed: int, share: float, error_sd: float) -> float:
    linearity = draw_linearity(np.random.default_rng(seed), error_sd)
    linear = np.array([share * FULL_SCALE_COUNTS])
    measured = linearity.measured_counts(linear)
    divisor = np.polynomial.polynomial.polyval(measured, linearity.stored_coefficients)
    return float((measured / divisor / linear)[0] - 1.0)


def test_the_stored_correction_is_wrong_in_proportion_to_the_counts() -> None:
    full = np.array([_error_of_correction(seed, 1.0, 0.002) for seed in range(300)])
    assert full.std() == pytest.approx(0.002, rel=0.15)
    half = np.array([_error_of_correction(seed, 0.5, 0.002) for seed in range(300)])
    np.testing.assert_allclose(half, 0.5 * full, atol=5e-5)


def test_without_an_error_the_stored_correction_is_right_to_a_few_millionths() -> None:
    for seed in range(10):
        for share in (0.01, 0.1, 0.3, 0.7, 1.0):
            assert _error_of_correction(seed, share, 0.0) == pytest.approx(0.0, abs=5e-6)


def test_the_stored_numbers_fit_into_fifteen_characters_with_their_zero_byte() -> None:
    for seed in range(20):
        linearity = draw_linearity(np.random.default_rng(seed), 0.002)
        assert len(linearity.stored_coefficients) == 8
        for value in linearity.stored_coefficients:
            assert len(f"{value:.6e}") <= 14
            assert float(f"{value:.6e}") == value


def test_noise_grows_with_the_light_as_shot_noise_does() -> None:
    one, random = detector(), np.random.default_rng(5)
    levels = np.array([0.0, 2_000.0, 10_000.0, 40_000.0])
    for level in levels:
        frames = np.stack(
            [one.frame(np.full(PIXELS, level), 0.01, -10.0, random) for _ in range(200)]
        ).astype(float)
        dark = one.dark_counts(0.01, -10.0).mean()
        # Rounding to whole counts adds a twelfth.
        expected = (level + dark) / one.electrons_per_count + one.read_noise_counts**2 + 1.0 / 12.0
        assert frames.var(axis=0, ddof=1).mean() == pytest.approx(expected, rel=0.02)


def test_a_frame_s_mean_is_offset_plus_dark_plus_bent_light() -> None:
    one, random = detector(), np.random.default_rng(6)
    light = np.full(PIXELS, 30_000.0)
    frames = np.stack([one.frame(light, 2.0, -10.0, random) for _ in range(400)]).astype(float)
    expected = one.offset_counts + one.dark_counts(2.0, -10.0) + one.linearity.measured_counts(light)
    assert np.abs(frames.mean(axis=0) - expected).max() < 6.0


def test_dark_charge_can_be_made_to_take_up_part_of_the_non_linear_range() -> None:
    light = np.full(PIXELS, 40_000.0)
    apart = detector(on_dark=False).frame(light, 5.0, -10.0, np.random.default_rng(1)).astype(float)
    shared = detector(on_dark=True).frame(light, 5.0, -10.0, np.random.default_rng(1)).astype(float)
    assert shared.mean() < apart.mean() - 30.0


def test_dark_charge_doubles_every_seven_and_a_half_degrees() -> None:
    one = detector()
    np.testing.assert_allclose(one.dark_counts(1.0, -2.5), 2.0 * one.dark_counts(1.0, -10.0))
    assert 300.0 < np.median(one.dark_counts(1.0, -10.0)) < 500.0
    assert np.count_nonzero(one.dark_counts_per_s > 2.5 * np.median(one.dark_counts_per_s)) == 5


def test_too_much_light_is_clipped_at_full_scale() -> None:
    one, random = detector(), np.random.default_rng(5)
    for level in (80_000.0, 1e6, 1e12):
        assert np.all(one.frame(np.full(PIXELS, level), 0.01, -10.0, random) == 65535)
