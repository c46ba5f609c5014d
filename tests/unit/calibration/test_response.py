"""Responses from a lamp: the formula, the merging, what is refused, and whether the uncertainty is right."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import (
    BudgetAssumptions,
    CurveError,
    Linearity,
    Response,
    ResponseOptions,
    Scans,
    SourceExposure,
    calibrate_response,
    joules_per_count,
    merge_exposures,
    pixel_widths_nm,
)
from calibration.response_budget import coupling_from_repeats

NO_LAMP_ERROR = BudgetAssumptions(age_uncertainty_relative=0.0, wavelength_uncertainty_nm=0.1)
BENT = (1.0, -1.5e-6, 1.2e-11, *[0.0] * 5)


def calibrated(spectrometer, table, repeats=3, times=(0.03, 0.12), **options):
    seated = [
        [spectrometer.expose_lamp(time, factor) for time in times]
        for factor in 1 + 0.002 * np.linspace(-1, 1, repeats)
    ]
    return calibrate_response(
        table,
        seated,
        wavelength_nm=spectrometer.wavelength_nm,
        linearity=spectrometer.linearity(),
        options=ResponseOptions(**options),
    )


def test_the_published_example_gives_its_response():
    found = joules_per_count(np.array([35e-6]), np.array([1.566]), np.array([40000 / 0.1]))
    assert found[0] == pytest.approx(1.37025e-10, rel=1e-12)


def test_pixel_widths_are_central_and_one_sided_at_the_ends():
    np.testing.assert_allclose(pixel_widths_nm(np.array([900.0, 901.0, 903.0, 906.0])), [1.0, 1.5, 2.5, 3.0])


@pytest.mark.parametrize("coefficients", [(1.0, *[0.0] * 7), BENT])
def test_a_round_trip_gives_the_lamp_back_within_noise(
    make_spectrometer, make_lamp_table, true_lamp, coefficients
):
    spectrometer = make_spectrometer(coefficients=coefficients)
    found = calibrated(spectrometer, make_lamp_table())
    assert found.calibrated.all()
    again = merge_exposures([spectrometer.expose_lamp(0.12)], spectrometer.linearity())
    width = pixel_widths_nm(spectrometer.wavelength_nm)
    flux = again.counts_per_s * found.joules_per_count / width
    np.testing.assert_allclose(flux, true_lamp(spectrometer.wavelength_nm), rtol=0.006)
    assert np.std(flux / true_lamp(spectrometer.wavelength_nm)) < 0.0015


def test_linear_interpolation_of_the_lamp_would_show_in_the_round_trip(
    spectrometer, make_lamp_table, true_lamp
):
    """Around the lamp's maximum, between the rows at 900 and 1050 nm, the chord lies 1 to 3 % below it."""
    table = make_lamp_table()
    at = spectrometer.wavelength_nm
    rate = merge_exposures([spectrometer.expose_lamp(0.12)], spectrometer.linearity()).counts_per_s
    chord = np.interp(at, table.wavelength_nm, table.flux_w_per_nm)
    wrong = joules_per_count(chord, pixel_widths_nm(at), rate)
    gap = (at > 950) & (at < 1010)
    assert 0.008 < np.abs(wrong / spectrometer.response - 1)[gap].mean() < 0.03
    right = calibrated(spectrometer, table).joules_per_count
    assert np.abs(right / spectrometer.response - 1)[gap].mean() < 0.003


def test_forgotten_linearity_is_seen_where_exposures_overlap(make_spectrometer):
    spectrometer = make_spectrometer(coefficients=(1.0, -3e-6, *[0.0] * 6))
    exposures = [spectrometer.expose_lamp(time) for time in (0.03, 0.12)]
    merge_exposures(exposures, spectrometer.linearity())
    straight = Linearity(np.array([1.0, *[0.0] * 7]), 65535.0, 0.0)
    with pytest.raises(CurveError, match=r"0\.03 s and 0\.12 s disagree by"):
        merge_exposures(exposures, straight)


def test_each_pixel_takes_the_longest_exposure_that_is_not_saturated(spectrometer):
    short, long = spectrometer.expose_lamp(0.1), spectrometer.expose_lamp(0.6)
    merged = merge_exposures([long, short], spectrometer.linearity())
    saturated = long.saturated(65535.0)
    assert 10 < saturated.sum() < 512
    assert np.isfinite(merged.counts_per_s).all()
    alone = merge_exposures([short], spectrometer.linearity())
    np.testing.assert_array_equal(merged.counts_per_s[saturated], alone.counts_per_s[saturated])
    assert (merged.noise_relative < alone.noise_relative)[~saturated].all()
    assert merged.overlap_disagreement < 0.01


def test_exposures_that_do_not_overlap_are_refused(spectrometer):
    exposures = [spectrometer.expose_lamp(0.002), spectrometer.expose_lamp(0.12)]
    with pytest.raises(CurveError, match="share only"):
        merge_exposures(exposures, spectrometer.linearity())


def test_a_dark_that_drifted_has_to_be_repeated(spectrometer):
    steady = spectrometer.expose_lamp(0.12)
    steady.require_steady_dark()
    drifted = spectrometer.expose_lamp(0.12, dark_drift=8.0)
    with pytest.raises(CurveError, match=r"drifted by \+\d\.\d counts.*repeat it"):
        merge_exposures([drifted], spectrometer.linearity())
    some = steady.dark_after.mean.copy()
    some[:60] += 20.0
    moved = Scans(some, steady.dark_after.standard_deviation, steady.dark_after.number, some + 10)
    with pytest.raises(CurveError, match=r"dark of .* pixels changed"):
        SourceExposure(0.12, steady.light, steady.dark_before, moved).require_steady_dark()


def test_saturated_and_dark_lamps_are_refused_with_what_to_do(spectrometer, make_lamp_table):
    with pytest.raises(CurveError, match="take a shorter one"):
        calibrated(spectrometer, make_lamp_table(), times=(2.0,))
    with pytest.raises(CurveError, match="is the lamp on"):
        calibrated(spectrometer, make_lamp_table(), times=(1e-5,))


def test_one_seating_needs_a_statement_about_re_seating(spectrometer, make_lamp_table):
    with pytest.raises(CurveError, match="seated once only"):
        calibrated(spectrometer, make_lamp_table(), repeats=1)
    stated = BudgetAssumptions(coupling_relative=0.01)
    found = calibrated(spectrometer, make_lamp_table(), repeats=1, assumptions=stated)
    assert any("re-seating the lamp 1.0%" in sentence for sentence in found.assumptions)
    assert found.budget.scale > 0.02


def test_re_seating_is_split_into_what_all_pixels_share_and_the_rest():
    random = np.random.default_rng(3)
    tilt = np.linspace(-1, 1, 512)
    scales, shapes = [], []
    for _ in range(300):
        rates = [1e5 * np.exp(0.01 * random.normal() + 0.004 * random.normal() * tilt) for _ in range(5)]
        found = coupling_from_repeats(rates, [np.zeros(512)] * 5)
        scales.append(found.scale)
        shapes.append(found.shape)
    assert np.sqrt(np.mean(np.square(scales))) == pytest.approx(0.01 * 1.142 / np.sqrt(5), rel=0.15)
    end = np.sqrt(np.mean(np.square(shapes), axis=0))[20]
    assert end == pytest.approx(0.004 * 1.142 / np.sqrt(5) * abs(tilt[20]), rel=0.15)


def test_a_hot_pixel_is_bridged_and_told(make_spectrometer, make_lamp_table):
    spectrometer = make_spectrometer()
    spectrometer.hot = (200, 201)
    found = calibrated(spectrometer, make_lamp_table())
    assert found.bridged_pixels == (200, 201)
    np.testing.assert_allclose(found.joules_per_count[200:202], spectrometer.response[200:202], rtol=0.01)
    assert found.budget.shape[200] > found.budget.shape[199]


def test_pixels_outside_the_lamp_table_have_no_response(spectrometer, make_lamp_table):
    rows = np.array([950.0, 1000, 1050, 1100, 1150, 1200, 1300, 1400, 1500, 1600])
    found = calibrated(spectrometer, make_lamp_table(rows_nm=rows))
    inside = (spectrometer.wavelength_nm >= 950) & (spectrometer.wavelength_nm <= 1600)
    np.testing.assert_array_equal(found.calibrated, inside)
    assert any("pixels have no response" in warning for warning in found.warnings)
    values = found.record_values()
    assert values["response_j_per_count"][0] is None
    response = Response.from_values(values)
    np.testing.assert_array_equal(np.isfinite(response.joules_per_count), inside)


def test_null_must_stand_at_the_same_pixels_of_response_and_uncertainty():
    values = {
        "wavelength_nm": [900.0, 901.0, 902.0],
        "response_j_per_count": [1e-10, None, 1e-10],
        "scale_uncertainty_relative": 0.02,
        "shape_uncertainty_relative": [0.01, 0.01, 0.01],
        "shape_correlation_length_nm": 100.0,
    }
    with pytest.raises(CurveError, match="null stands at other pixels"):
        Response.from_values(values)
    with pytest.raises(CurveError, match="null everywhere"):
        Response.from_values({**values, "response_j_per_count": [None] * 3})


def test_smoothing_never_touches_the_water_band(spectrometer, make_lamp_table):
    rough = calibrated(spectrometer, make_lamp_table())
    at = spectrometer.wavelength_nm
    with pytest.raises(CurveError, match="only 1"):
        ResponseOptions(smoothing_pixels=7)
    spectrometer = type(spectrometer)()
    smooth = calibrated(spectrometer, make_lamp_table(), smoothing_pixels=5)
    band = (at >= 1350) & (at <= 1400)
    np.testing.assert_array_equal(smooth.joules_per_count[band], rough.joules_per_count[band])
    outside = (at > 1000) & (at < 1340)

    def roughness(curve):
        return np.std(np.diff(np.log(curve[outside] / spectrometer.response[outside])))

    assert roughness(smooth.joules_per_count) < 0.6 * roughness(rough.joules_per_count)


def test_a_step_in_the_water_band_stays_a_step(spectrometer, make_lamp_table):
    from calibration.response import _smooth

    at = spectrometer.wavelength_nm
    step = np.where(at < 1375, 1.0, 2.0)
    np.testing.assert_array_equal(_smooth(step, at, 5), step)


def test_the_record_keeps_every_term_and_what_was_assumed(spectrometer, make_lamp_table):
    found = calibrated(spectrometer, make_lamp_table(uncertainty=0.02))
    values = found.record_values()
    response = Response.from_values(values)
    np.testing.assert_allclose(response.joules_per_count, found.joules_per_count, rtol=1e-7)
    terms = values["uncertainty_terms_relative"]
    assert set(terms) == {
        "lamp", "interpolation", "coupling", "noise", "linearity", "wavelength", "age"
    }  # fmt: skip
    np.testing.assert_allclose(terms["lamp"], 0.02)
    assert max(terms["wavelength"]) < 0.002
    assert values["shape_correlation_length_nm"] == 200.0
    assert any("40%" in sentence for sentence in values["assumptions"])
    assert response.scale_uncertainty_relative == pytest.approx(0.0207, abs=0.0005)
    assert np.median(response.shape_uncertainty_relative) == pytest.approx(0.0085, abs=0.001)
    np.testing.assert_allclose(values["lamp_counts_per_s"], found.lamp_counts_per_s, rtol=1e-6)


def one_calibration(make_spectrometer, make_lamp_table, true_lamp, seed):
    """One calibration whose lamp, seating and noise are wrong by what is stated; error and budget."""
    random = np.random.default_rng(1000 + seed)
    rows = make_lamp_table().wavelength_nm
    distance = rows[:, None] - rows[None, :]
    smooth = np.linalg.cholesky(np.exp(-0.5 * (distance / 150.0) ** 2) + 1e-9 * np.eye(len(rows)))
    error = 0.02 * (np.sqrt(1 - 0.4**2) * random.normal() + 0.4 * smooth @ random.normal(size=len(rows)))
    table = make_lamp_table(flux=lambda nm: true_lamp(nm) * (1 + error))
    spectrometer = make_spectrometer(seed=seed, scans=8)
    tilt = (spectrometer.wavelength_nm - 1300) / 400
    seatings = [np.exp(0.008 * random.normal() + 0.003 * random.normal() * tilt) for _ in range(3)]
    found = calibrate_response(
        table,
        [
            [spectrometer.expose(true_lamp(spectrometer.wavelength_nm) * seating, 0.12)]
            for seating in seatings
        ],
        wavelength_nm=spectrometer.wavelength_nm,
        linearity=spectrometer.linearity(),
        options=ResponseOptions(NO_LAMP_ERROR),
    )
    return found, found.joules_per_count / spectrometer.response - 1


def test_the_stated_uncertainty_covers_the_truth_as_often_as_it_says(
    make_spectrometer, make_lamp_table, true_lamp
):
    inside, ratios = [], []
    for seed in range(150):
        found, error = one_calibration(make_spectrometer, make_lamp_table, true_lamp, seed)
        total = np.hypot(found.budget.scale, found.budget.shape)
        inside.append(np.abs(error) <= total)
        laser, emission = np.searchsorted(found.wavelength_nm, (977.0, 1530.0))
        ratio = (1 + error[emission]) / (1 + error[laser]) - 1
        ratios.append(abs(ratio) <= np.hypot(found.budget.shape[laser], found.budget.shape[emission]))
    assert np.mean(inside) == pytest.approx(0.68, abs=0.10)
    assert np.mean(ratios) == pytest.approx(0.68, abs=0.10)
