"""Response files from elsewhere become J per count, whatever unit they are in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration import (
    CurveError,
    Response,
    ResponseUnit,
    StatedUncertainty,
    import_response,
    joules_per_count_from,
    pixel_widths_nm,
)

AT = 898.0 + 1.62 * np.arange(512) - 1e-4 * np.arange(512) ** 2
JOULES = 1.4e-10 * (1 + 0.2 * np.sin(AT / 90))
WIDTH = np.gradient(AT)
PHOTON = 6.62607015e-34 * 299792458.0 / (AT * 1e-9)
IN_UNIT = {
    ResponseUnit.MICROJOULE_PER_COUNT: JOULES * 1e6,
    ResponseUnit.WATT_PER_NM_PER_COUNT_RATE: JOULES / WIDTH,
    ResponseUnit.PHOTONS_PER_COUNT: JOULES / PHOTON,
    ResponseUnit.PHOTONS_PER_NM_PER_COUNT: JOULES / PHOTON / WIDTH,
}
UNCERTAINTY = StatedUncertainty(0.05, 0.02)
HEADER = """\
Sphere response
Date: 2026-04-01
Spectrometer: NQ5120427
Integration time (s): 0.2
Scans: 50
Boxcar: 0
Collection area (cm2): none, sphere
Lamp: HL 4711
nm\tresponse
"""


def written(tmp_path, at, values, header=HEADER):
    path = tmp_path / "old.IRRADCAL"
    rows = "\n".join(f"{nm:.3f}\t{value:.9E}" for nm, value in zip(at, values, strict=True))
    path.write_text(header + rows + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("unit", IN_UNIT)
def test_every_unit_gives_the_same_joules_per_count(tmp_path, unit):
    path = written(tmp_path, AT, IN_UNIT[unit])
    for pixels in (None, AT):
        found = import_response(path, unit=unit, pixel_wavelength_nm=pixels, uncertainty=UNCERTAINTY)
        np.testing.assert_allclose(found.joules_per_count, JOULES, rtol=1e-3)
    assert len(found.header) == 9
    record = found.record_values()
    assert record["imported_unit"] == str(unit)
    np.testing.assert_allclose(Response.from_values(record).joules_per_count, JOULES, rtol=1e-3)
    assert str(unit) in found.origin


@given(st.sampled_from(list(ResponseUnit)), st.floats(1e-20, 1e3))
def test_conversion_is_linear(unit, factor):
    one = joules_per_count_from(np.ones(512), unit, AT, WIDTH)
    np.testing.assert_allclose(
        joules_per_count_from(np.full(512, factor), unit, AT, WIDTH), factor * one, rtol=1e-12
    )


def test_another_grid_is_joined_in_the_files_own_unit(tmp_path):
    grid = np.arange(905.0, 1690.0, 1.0)
    joules = 1.4e-10 * (1 + 0.2 * np.sin(grid / 90))
    found = import_response(
        written(tmp_path, grid, joules * 1e6),
        unit=ResponseUnit.MICROJOULE_PER_COUNT,
        pixel_wavelength_nm=AT,
        uncertainty=UNCERTAINTY,
    )
    inside = (AT >= 905) & (AT <= 1689)
    np.testing.assert_array_equal(np.isfinite(found.joules_per_count), inside)
    np.testing.assert_allclose(found.joules_per_count[inside], JOULES[inside], rtol=1e-4)
    assert found.record_values()["response_j_per_count"][0] is None
    # A density per nm needs the spectrometer's Δλ, not that of the file's grid.
    density = import_response(
        written(tmp_path, grid, np.full(len(grid), 1e-10)),
        unit=ResponseUnit.WATT_PER_NM_PER_COUNT_RATE,
        pixel_wavelength_nm=AT,
    )
    np.testing.assert_allclose(density.joules_per_count[inside], 1e-10 * pixel_widths_nm(AT)[inside])


def test_a_relative_curve_makes_no_record(tmp_path):
    found = import_response(written(tmp_path, AT, JOULES), unit=ResponseUnit.RELATIVE_ENERGY)
    np.testing.assert_allclose(found.joules_per_count, JOULES, rtol=1e-8)
    with pytest.raises(CurveError, match="has no scale"):
        found.record_values()
    photons = import_response(written(tmp_path, AT, JOULES / PHOTON), unit=ResponseUnit.RELATIVE_PHOTONS)
    np.testing.assert_allclose(
        photons.joules_per_count / photons.joules_per_count[0], JOULES / JOULES[0], rtol=1e-5
    )


def test_a_record_needs_a_stated_uncertainty(tmp_path):
    found = import_response(written(tmp_path, AT, JOULES * 1e6), unit=ResponseUnit.MICROJOULE_PER_COUNT)
    with pytest.raises(CurveError, match="state the uncertainty"):
        found.record_values()
    with pytest.raises(CurveError, match="above 0"):
        StatedUncertainty(0.0, 0.01)


@pytest.mark.parametrize(
    ("row", "text", "message"),
    [
        (5, "905.000\t0", "line 15: response 0 isn't above 0"),
        (5, "900.000\t1e-4", "line 15: wavelength 900 nm comes after"),
        (5, "905.000\tabc", "line 15: not a row"),
        (5, "905.000\tNaN", "line 15: holds a number that isn't finite"),
        (0, "0.898\t1e-4", "line 10: wavelength 0.898: must be in nm"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(tmp_path, row, text, message):
    path = written(tmp_path, AT, JOULES * 1e6)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[9 + row] = text
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CurveError, match=message):
        import_response(path, unit=ResponseUnit.MICROJOULE_PER_COUNT)


def test_a_file_of_another_range_is_refused(tmp_path):
    path = written(tmp_path, AT + 900, JOULES * 1e6)
    with pytest.raises(CurveError, match="none of the spectrometer's pixels"):
        import_response(path, unit=ResponseUnit.MICROJOULE_PER_COUNT, pixel_wavelength_nm=AT)
