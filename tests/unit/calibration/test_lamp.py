"""Lamp certificates: what is read, refused and doubted; what lies between the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import (
    CurveError,
    LampTable,
    LampUncertainty,
    LampUnit,
    UncertaintyColumn,
    interpolate_lamp,
    leave_one_out,
    read_lamp_table,
    spline_flux,
    wien_flux,
)

THREE_PERCENT = LampUncertainty(percent=3.0)
ROWS = [f"{nm} {value}" for nm, value in zip(range(800, 1800, 100), range(10, 20), strict=True)]
PIXELS = np.linspace(900.0, 1700.0, 512)


def written(tmp_path, rows, header="wavelength nm, µW/nm\n"):
    path = tmp_path / "lamp.txt"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def read(path, **options):
    return read_lamp_table(path, **{"unit": LampUnit.FLUX, "uncertainty": THREE_PERCENT, **options})


def test_a_flux_becomes_watts_and_its_uncertainty_one_sigma(tmp_path):
    table = read(written(tmp_path, ROWS))
    assert table.flux_w_per_nm[0] == pytest.approx(10e-6)
    np.testing.assert_allclose(table.uncertainty_relative, 0.015)
    assert LampTable.from_values(table.record_values()).record_values() == table.record_values()


def test_an_irradiance_is_multiplied_by_the_collecting_area(tmp_path):
    path = written(tmp_path, ROWS)
    table = read(path, unit=LampUnit.IRRADIANCE, collecting_area_cm2=0.119)
    assert table.flux_w_per_nm[0] == pytest.approx(10e-6 * 0.119)
    with pytest.raises(CurveError, match="needs the collecting area"):
        read(path, unit=LampUnit.IRRADIANCE)
    with pytest.raises(CurveError, match="needs no collecting area"):
        read(path, collecting_area_cm2=0.119)


def test_a_third_column_is_never_guessed_at(tmp_path):
    path = written(tmp_path, [f"{row} 0.4" for row in ROWS])
    percent = LampUncertainty(column=UncertaintyColumn.RELATIVE_PERCENT, coverage_factor=1.0)
    assert read(path, uncertainty=percent).uncertainty_relative[0] == pytest.approx(0.004)
    absolute = LampUncertainty(column=UncertaintyColumn.ABSOLUTE, coverage_factor=2.0)
    assert read(path, uncertainty=absolute).uncertainty_relative[0] == pytest.approx(0.02)
    with pytest.raises(CurveError, match="line 2: there is a third column"):
        read(path)
    with pytest.raises(CurveError, match="line 2: there is no third column"):
        read(written(tmp_path, ROWS), uncertainty=percent)
    with pytest.raises(CurveError, match="uncertainty is needed"):
        read(path, uncertainty=LampUncertainty())


@pytest.mark.parametrize(
    ("row", "text", "message"),
    [
        (3, "1050 5", "line 6: wavelength 1100 nm"),
        (3, "850 5", "line 5: wavelength 850 nm comes after 1000 nm"),
        (3, "1000 5", "line 5: wavelength 1000 nm stands there twice"),
        (3, "1100 -5", "line 5: spectral output -5 isn't above 0"),
        (3, "1100 0", "line 5: spectral output 0"),
        (3, "1100 nan", "line 5: holds a number that isn't finite"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(tmp_path, row, text, message):
    rows = list(ROWS)
    rows[row] = text
    if text == "1050 5":
        rows[row], rows[row + 1] = "1200 5", "1100 5"
    with pytest.raises(CurveError, match=message):
        read(written(tmp_path, rows))


def test_too_few_rows_and_a_range_that_is_not_covered_are_refused_by_line(tmp_path):
    with pytest.raises(CurveError, match="line 6: only 5 rows"):
        read(written(tmp_path, ROWS[:5]))
    with pytest.raises(CurveError, match=r"line 11: the table covers 800 to 1700 nm, 900 to 1750 nm"):
        read(written(tmp_path, ROWS), needed_range_nm=(900.0, 1750.0))
    with pytest.raises(CurveError, match="line 2: the table covers"):
        read(written(tmp_path, ROWS), needed_range_nm=(700.0, 1700.0))


def test_an_implausible_unit_is_doubted_but_not_changed(tmp_path):
    rows = [f"{nm} {value * 1e6}" for nm, value in zip(range(600, 1800, 100), range(20, 8, -1), strict=True)]
    table = read(written(tmp_path, rows))
    assert "check the unit" in table.warnings[0]
    assert "maximum is at 600 nm" in table.warnings[1]
    assert table.flux_w_per_nm[0] == pytest.approx(20.0)
    tiny = read(written(tmp_path, ROWS), uncertainty=LampUncertainty(percent=0.03))
    assert "check what the column holds" in tiny.warnings[0]


def test_the_spline_passes_where_linear_interpolation_fails(make_lamp_table, true_lamp):
    table = make_lamp_table()
    truth = true_lamp(PIXELS)
    spline = np.abs(spline_flux(table, PIXELS) / truth - 1)
    linear = np.abs(np.interp(PIXELS, table.wavelength_nm, table.flux_w_per_nm) / truth - 1)
    assert spline.max() < 0.002
    assert 0.01 < linear.max() < 0.03


@settings(max_examples=20, deadline=None)
@given(st.floats(2600.0, 3300.0), st.floats(1e-3, 1e3))
def test_the_spline_follows_a_black_body_of_any_temperature(kelvin, scale):
    def flux(nm):
        return scale * nm**-5.0 / np.expm1(1.438777e7 / (nm * kelvin))

    rows = np.array([800.0, 900, 1050, 1150, 1200, 1300, 1540, 1600, 1700, 2000, 2100])
    table = LampTable(rows, flux(rows), np.full(len(rows), 0.01), LampUnit.FLUX, None, "black body")
    np.testing.assert_allclose(spline_flux(table, PIXELS), flux(PIXELS), rtol=5e-4)
    np.testing.assert_allclose(wien_flux(table, PIXELS, (900.0, 1700.0)), flux(PIXELS), rtol=2e-3)


def test_leaving_one_out_tells_what_each_interpolation_is_worth(make_lamp_table):
    table = make_lamp_table()
    near_infrared = leave_one_out(table, (900.0, 1700.0))
    assert near_infrared.spline_rms < 0.005
    assert near_infrared.wien_rms < 0.02
    whole = leave_one_out(table)
    assert whole.wien_rms > whole.spline_rms
    # In-sample the spline would have no residual at all.
    np.testing.assert_allclose(spline_flux(table, table.wavelength_nm), table.flux_w_per_nm)


def test_the_spread_of_both_interpolations_covers_the_error_of_the_spline(make_lamp_table, true_lamp):
    spectrum = interpolate_lamp(make_lamp_table(), PIXELS)
    error = np.abs(spectrum.flux_w_per_nm / true_lamp(PIXELS) - 1)
    assert (error <= 2 * spectrum.interpolation_uncertainty_relative).mean() > 0.9
    assert (spectrum.interpolation_uncertainty_relative > 0).all()
    assert spectrum.interpolation_uncertainty_relative.max() < 0.01
    assert spectrum.largest_gap_nm == 240.0


def test_the_slope_is_the_derivative_and_vanishes_at_the_maximum(make_lamp_table):
    spectrum = interpolate_lamp(make_lamp_table(), PIXELS)
    numeric = np.gradient(np.log(spectrum.flux_w_per_nm), PIXELS)
    np.testing.assert_allclose(spectrum.slope_relative_per_nm[2:-2], numeric[2:-2], atol=2e-6)
    peak = int(np.argmax(spectrum.flux_w_per_nm))
    assert abs(spectrum.slope_relative_per_nm[peak]) < 5e-5
    assert 1e-4 < spectrum.slope_relative_per_nm[0] < 2e-3


def test_nothing_is_extrapolated(make_lamp_table):
    table = make_lamp_table(rows_nm=np.array([950.0, 1000, 1050, 1100, 1150, 1200, 1250, 1300, 1400, 1500]))
    spectrum = interpolate_lamp(table, PIXELS)
    np.testing.assert_array_equal(spectrum.covered, (PIXELS >= 950) & (PIXELS <= 1500))
    for array in (spectrum.certificate_uncertainty_relative, spectrum.interpolation_uncertainty_relative):
        np.testing.assert_array_equal(np.isfinite(array), spectrum.covered)
    with pytest.raises(CurveError, match="none of the wavelengths"):
        interpolate_lamp(table, np.array([600.0, 700.0]))
    with pytest.raises(CurveError, match="only"):
        leave_one_out(make_lamp_table(rows_nm=np.array([900.0, 1200.0, 1400.0, 1700.0])))


def test_importing_the_package_does_not_import_scipy():
    import subprocess
    import sys

    code = "import sys, calibration; sys.exit(any(name.startswith('scipy') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
