"""The long-pass in place: the true transmission is found, and nothing is divided where there is no light."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import (
    CurveError,
    LongPass,
    measure_long_pass,
    read_data_sheet,
    stray_light_fraction,
)


def transmission(wavelength_nm):
    return 0.97 / (1 + np.exp(-(wavelength_nm - 988.0) / 1.5))


def measured(spectrometer, lamp, change=1.0, leak=0.0, time_s=0.12, **options):
    at = spectrometer.wavelength_nm
    return measure_long_pass(
        spectrometer.expose(lamp(at), time_s),
        spectrometer.expose(lamp(at) * change * (transmission(at) + leak), time_s),
        wavelength_nm=at,
        linearity=spectrometer.linearity(0.002),
        **options,
    )


def test_the_true_transmission_is_found_and_the_blocked_range_masked(spectrometer, true_lamp):
    at = spectrometer.wavelength_nm
    found = measured(spectrometer, true_lamp)
    bright = np.isfinite(found.transmission)
    np.testing.assert_allclose(found.transmission[at > 1000], transmission(at)[at > 1000], rtol=0.006)
    assert not bright[at < 970].any()
    pull = (found.transmission - transmission(at))[at > 1000] / (found.noise_relative * found.transmission)[
        at > 1000
    ]
    assert np.std(pull) == pytest.approx(1.0, abs=0.15)
    values = found.record_values()
    curve = LongPass.from_values(values)
    usable = curve.usable_at(np.array([950.0, 985.0, 1000.0, 1500.0]))
    np.testing.assert_array_equal(np.isnan(usable), [True, True, False, False])


def test_the_data_sheet_steps_in_where_the_measurement_is_too_weak(spectrometer, true_lamp, tmp_path):
    path = tmp_path / "sheet.txt"
    path.write_text("nm;%T\n800;0,01\n980;0,2\n1000;96,0\n1700;97,0\n", encoding="utf-8")
    sheet = read_data_sheet(path, in_percent=True)
    found = measured(spectrometer, true_lamp, data_sheet=sheet)
    at = spectrometer.wavelength_nm
    assert found.from_data_sheet[at < 970].all()
    assert not found.from_data_sheet[at > 1000].any()
    assert np.isfinite(found.transmission).all()
    assert found.transmission[0] < 0.01
    assert found.record_values()["pixels_from_data_sheet"][0] == 0


@pytest.mark.parametrize(
    ("text", "percent", "message"),
    [
        ("900 0.1\n1000 97\n", False, "line 2: transmission 97 .* is it in per cent"),
        ("900 -0.1\n1000 0.97\n", False, "line 1: transmission -0.1"),
        ("900 0.1\n890 0.97\n", False, "line 2: wavelength 890 nm comes after"),
    ],
)
def test_a_wrong_data_sheet_is_refused_by_line(tmp_path, text, percent, message):
    path = tmp_path / "sheet.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CurveError, match=message):
        read_data_sheet(path, in_percent=percent)


def test_a_steady_drift_of_the_lamp_is_averaged_out(spectrometer, true_lamp):
    again = spectrometer.expose(true_lamp(spectrometer.wavelength_nm) * 1.02, 0.12)
    found = measured(spectrometer, true_lamp, change=1.01, without_again=again)
    at = spectrometer.wavelength_nm > 1000
    ratio = found.transmission[at] / transmission(spectrometer.wavelength_nm)[at]
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.001)
    assert found.common_uncertainty_relative == pytest.approx(0.01, abs=0.002)
    assert not any("wasn't measured" in warning for warning in found.warnings)


def test_more_light_with_the_filter_than_without_is_refused(spectrometer, true_lamp):
    with pytest.raises(CurveError, match="more light with the filter"):
        measured(spectrometer, true_lamp, change=1.2, time_s=0.06)


def test_unequal_times_and_no_light_are_refused(spectrometer, true_lamp):
    at = spectrometer.wavelength_nm
    with pytest.raises(CurveError, match="same integration time"):
        measure_long_pass(
            spectrometer.expose_lamp(0.1),
            spectrometer.expose_lamp(0.05),
            wavelength_nm=at,
            linearity=spectrometer.linearity(),
        )
    with pytest.raises(CurveError, match="expose longer"):
        measured(spectrometer, lambda nm: 1e-4 * true_lamp(nm))


def test_light_left_in_the_blocked_range_is_reported(spectrometer, true_lamp):
    clean = measured(spectrometer, true_lamp)
    assert abs(clean.stray_fraction) < 1e-3
    leaky = measured(spectrometer, true_lamp, leak=0.004)
    assert leaky.stray_fraction == pytest.approx(0.004, rel=0.1)
    assert any("stray light" in warning for warning in leaky.warnings)
    dark = np.full(512, 10.0)
    assert stray_light_fraction(dark, dark, spectrometer.wavelength_nm) is None
