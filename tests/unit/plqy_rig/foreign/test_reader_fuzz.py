"""Whatever stands in a file: a right spectrum or one clear error, nothing else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign_files import grid, line, oceanview, rows, scanning_fluorometer, spectrasuite

from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.spectrum import read_curve, read_spectrum

WAVELENGTH = grid(960.0, 1000.0)
VALUES = 1e5 * line(WAVELENGTH, 977.0, 2.5) + 100.0
EXPORTS = [
    rows(WAVELENGTH, VALUES),
    rows(WAVELENGTH, VALUES, delimiter=";", decimal=","),
    "wavelength (nm),counts,error\n" + rows(WAVELENGTH, VALUES, VALUES, delimiter=","),
    oceanview(WAVELENGTH, VALUES, 0.1),
    spectrasuite(WAVELENGTH, VALUES, 0.1),
    scanning_fluorometer(WAVELENGTH, VALUES),
]
PIECES = st.sampled_from(
    [
        "",
        "\n",
        "\t",
        ",",
        ";",
        "NaN",
        "1e999",
        "-",
        "#",
        '"',
        "0",
        "977",
        "\x00",
        "ä",
        ">>>>>End Data<<<<<",
        "\r",
    ]
)


def read(content: bytes, reader=read_spectrum):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spectrum.txt"
        path.write_bytes(content)
        try:
            return reader(path)
        except ForeignFileError:
            return None


def assert_sound(found):
    if found is not None:
        assert np.isfinite(found.values).all()
        assert (np.diff(found.wavelength_nm) > 0).all()
        assert found.values.shape[1] == len(found.wavelength_nm) >= 3


@settings(deadline=None, max_examples=120)
@given(st.binary(max_size=300))
def test_any_bytes(content):
    assert_sound(read(content))


@settings(deadline=None, max_examples=120)
@given(st.text(alphabet='0123456789.,;\t \n\r-+eE#"nmaN>', max_size=200))
def test_any_text_that_looks_like_numbers(text):
    assert_sound(read(text.encode()))
    read(text.encode(), read_curve)


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(EXPORTS), st.integers(0, 10_000), st.integers(0, 6), PIECES)
def test_a_damaged_export_is_refused_or_what_is_read_was_in_it(text, place, cut, piece):
    at = place % len(text)
    found = read((text[:at] + piece + text[at + cut :]).encode())
    assert_sound(found)
    if found is None:
        return
    # One place was touched: it can have changed one number of one row, or taken rows off one end.
    same = np.isin(np.round(found.wavelength_nm, 6), np.round(WAVELENGTH, 6))
    assert (~same).sum() <= 1
    expected = dict(zip(np.round(WAVELENGTH, 6), VALUES, strict=True))
    wrong = [
        wavelength
        for wavelength, value in zip(np.round(found.wavelength_nm, 6), found.values[0], strict=True)
        if wavelength in expected and not np.isclose(value, expected[wavelength], rtol=1e-8)
    ]
    assert len(wrong) <= 1


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(EXPORTS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_undamaged_exports_are_read_right(text, encoding, end):
    found = read(text.replace("\n", end).encode(encoding))
    assert found is not None
    np.testing.assert_allclose(found.wavelength_nm, WAVELENGTH)
    np.testing.assert_allclose(found.values[0], VALUES, rtol=1e-8)
