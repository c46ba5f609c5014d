"""Windows: partial pixels, names, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.errors import ConfigurationError
from plqy_rig.evaluation.windows import NAMED_WINDOWS, Window, named, parse_range, parse_window


def test_fractions_of_a_flat_spectrum_measure_the_width_of_the_window():
    wavelength = np.linspace(900.0, 1700.0, 512)
    pixel = wavelength[1] - wavelength[0]
    for low, high in ((1400, 1650), (967, 987), (1000.3, 1000.9)):
        width = Window("w", low, high).pixel_fractions(wavelength).sum() * pixel
        assert width == pytest.approx(high - low, rel=1e-9)


def test_adjoining_windows_share_no_pixel_content():
    wavelength = 900 + 1.5 * np.arange(512) + 1e-4 * np.arange(512) ** 2
    parts = Window("yb", 1000, 1400).pixel_fractions(wavelength) + Window("er", 1400, 1650).pixel_fractions(
        wavelength
    )
    np.testing.assert_allclose(parts, Window("total", 1000, 1650).pixel_fractions(wavelength), atol=1e-12)


def test_a_window_outside_the_spectrum_is_refused():
    with pytest.raises(ConfigurationError, match="outside the spectrum"):
        Window("far", 2000, 2100).pixel_fractions(np.linspace(900, 1700, 512))


def test_the_published_windows_are_named():
    assert {name: (w.low_nm, w.high_nm) for name, w in NAMED_WINDOWS.items()} == {
        "er": (1400, 1650),
        "er_table1": (1450, 1650),
        "total": (1000, 1650),
        "yb": (1000, 1400),
    }


def test_windows_are_written_as_name_bounds_or_both():
    assert parse_window("er") == NAMED_WINDOWS["er"]
    assert parse_window("1500:1600") == Window("1500_1600", 1500, 1600)
    assert parse_window("peak=1500:1600") == Window("peak", 1500, 1600)


@pytest.mark.parametrize(
    "text", ["err", "1500", "a:b", "1600:1500", "1:2:3", "x=5", "nan:5", "1500:inf", "", "a/b=1:2"]
)
def test_what_is_no_window_is_refused(text):
    with pytest.raises(ConfigurationError, match="window"):
        parse_window(text)


@pytest.mark.parametrize("text", ["900:50", "-1:50", "50", "a:b", "nan:5"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ConfigurationError, match="range"):
        parse_range(text)


def test_one_name_for_two_windows_is_refused():
    with pytest.raises(ConfigurationError, match="given twice"):
        named([Window("a", 1, 2), Window("a", 1, 3)])
