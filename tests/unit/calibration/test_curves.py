"""Curves: the published numbers, and every way a record's values can be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import Beam, CurveError, Linearity, LongPass, MonitorRatio, Response, WheelCurve

BEAM = {
    "diameter_x_mm": 4.0,
    "diameter_y_mm": 4.0,
    "diameter_uncertainty_mm": 0.05,
    "definition": "D4sigma",
}
WAVELENGTH = np.linspace(900.0, 1700.0, 16).tolist()
RESPONSE = {
    "wavelength_nm": WAVELENGTH,
    "response_j_per_count": [1e-13] * 16,
    "scale_uncertainty_relative": 0.03,
    "shape_uncertainty_relative": [0.01] * 16,
    "shape_correlation_length_nm": 150.0,
}


@pytest.mark.parametrize(("diameter", "density"), [(4.0, 795.775), (5.0, 509.296)])
def test_power_density_is_power_over_the_d4sigma_ellipse(diameter, density):
    beam = Beam.from_values({**BEAM, "diameter_x_mm": diameter, "diameter_y_mm": diameter})
    found = beam.power_density_mw_per_cm2(np.array([0.1]))
    assert found[0] == pytest.approx(density, abs=0.0005)


def test_monitor_example_gives_the_published_density():
    ratio = MonitorRatio.from_values(
        {"ratio": 24.0, "ratio_uncertainty_relative": 0.03, "reading_noise_relative": 0.001}
    )
    density = Beam.from_values(BEAM).power_density_mw_per_cm2(np.array([ratio.ratio * 2.0e-3]))
    assert density[0] == pytest.approx(381.97, abs=0.005)


def test_wheel_example_needs_the_published_angle():
    angle = np.linspace(0, 270, 271)
    curve = WheelCurve.from_values(
        {"angle_deg": angle.tolist(), "optical_density": (0.04 + angle * 1.96 / 270).tolist()}
    )
    assert curve.angle_for(0.04 + np.log10(20)) == pytest.approx(179.22, abs=0.01)
    assert curve.optical_density_at(curve.angle_for(1.0)) == pytest.approx(1.0, abs=1e-9)
    with pytest.raises(CurveError, match=r"0\.040 to 2\.000"):
        curve.angle_for(2.5)


def test_beam_of_another_definition_is_refused():
    with pytest.raises(CurveError, match="FWHM"):
        Beam.from_values({**BEAM, "definition": "FWHM"})


def test_long_pass_is_masked_below_half_and_outside_its_curve():
    curve = LongPass.from_values(
        {
            "wavelength_nm": [980.0, 990.0, 1700.0],
            "transmission": [0.0, 1.0, 1.0],
            "transmission_uncertainty_relative": 0.003,
        }
    )
    found = curve.usable_at(np.array([970.0, 984.0, 986.0, 1500.0, 1701.0]))
    np.testing.assert_array_equal(np.isnan(found), [True, True, False, False, True])


def test_long_pass_in_per_cent_is_refused():
    with pytest.raises(CurveError, match="per cent"):
        LongPass.from_values(
            {
                "wavelength_nm": [980.0, 990.0],
                "transmission": [0.0, 97.0],
                "transmission_uncertainty_relative": 0.0,
            }
        )


def test_linearity_without_coefficients_is_no_correction():
    values = {
        "coefficients": [0.0] * 8,
        "full_scale_counts": 65535.0,
        "uncertainty_relative_at_full_scale": 0.0,
    }
    with pytest.raises(CurveError, match="all coefficients are 0"):
        Linearity.from_values(values)
    falling = Linearity.from_values({**values, "coefficients": [1.0, -1e-4, 0, 0, 0, 0, 0, 0]})
    with pytest.raises(CurveError, match="above 0"):
        falling.linear(np.array([30000.0]))


def test_a_response_of_another_spectrometer_is_refused():
    response = Response.from_values(RESPONSE)
    response.require_grid(np.array(WAVELENGTH) + 0.5)
    with pytest.raises(CurveError, match="the spectra have 8"):
        response.require_grid(np.linspace(900, 1700, 8))
    with pytest.raises(CurveError, match=r"20\.00 nm"):
        response.require_grid(np.array(WAVELENGTH) + 20.0)


def test_shape_covariance_is_full_at_home_and_falls_with_distance():
    covariance = Response.from_values(RESPONSE).shape_covariance()
    np.testing.assert_allclose(np.diag(covariance), 1e-4)
    distance = WAVELENGTH[3] - WAVELENGTH[0]
    assert covariance[0, 3] == pytest.approx(1e-4 * np.exp(-0.5 * (distance / 150) ** 2))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("wavelength_nm", [900.0, 900.0], "must rise"),
        ("wavelength_nm", ["a", "b"], "no number"),
        ("response_j_per_count", [1e-13] * 15, "list of 16"),
        ("response_j_per_count", [1e-13] * 15 + [float("nan")], r"\[15\] is not a finite"),
        ("response_j_per_count", [1e-13] * 15 + [-1e-13], "above 0"),
        ("shape_uncertainty_relative", [-0.1] * 16, "negative"),
        ("scale_uncertainty_relative", -0.1, "negative"),
        ("scale_uncertainty_relative", "3 %", "finite number"),
        ("scale_uncertainty_relative", True, "finite number"),
        ("shape_correlation_length_nm", 0.0, "above 0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(key, value, message):
    with pytest.raises(CurveError, match=message) as refused:
        Response.from_values({**RESPONSE, key: value})
    assert "response" in str(refused.value)


def test_a_missing_value_is_refused_by_name():
    values = {key: value for key, value in RESPONSE.items() if key != "response_j_per_count"}
    with pytest.raises(CurveError, match="no response_j_per_count"):
        Response.from_values(values)
