"""Wavelength windows: their names, and how much of each pixel lies inside."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.errors import ConfigurationError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """A wavelength interval with the name its numbers carry.

    Attributes:
        name: label of every result of this window.
        low_nm: lower edge.
        high_nm: upper edge.
    """

    name: str
    low_nm: float
    high_nm: float

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_]+", self.name):
            raise ConfigurationError(
                f"window {self.name!r}: its name becomes a path in the run file and may hold letters, digits "
                "and underscores only"
            )
        if not (math.isfinite(self.low_nm) and math.isfinite(self.high_nm) and self.low_nm < self.high_nm):
            raise ConfigurationError(
                f"window {self.name}: needs two wavelengths in nm, the lower one first, "
                f"got {self.low_nm}:{self.high_nm}"
            )

    def overlaps(self, other: Window) -> bool:
        """Whether the two share any wavelength."""
        return self.low_nm < other.high_nm and other.low_nm < self.high_nm

    def pixel_fractions(self, wavelength_nm: FloatArray) -> FloatArray:
        """How much of each pixel lies inside, 0 to 1, [pixels].

        A pixel reaches halfway to its neighbours; the first and last are as wide as the spacing beside
        them. Summing pixel contents times these fractions is the integral (method, step 11).

        Raises:
            ConfigurationError: the window lies outside the spectrum altogether.
        """
        edges = pixel_edges_nm(wavelength_nm)
        inside = np.minimum(edges[1:], self.high_nm) - np.maximum(edges[:-1], self.low_nm)
        fractions = np.minimum(np.maximum(inside / np.diff(edges), 0.0), 1.0)
        if not fractions.any():
            raise ConfigurationError(
                f"window {self.name} ({self.low_nm:g}-{self.high_nm:g} nm) lies outside the spectrum "
                f"({wavelength_nm[0]:.0f}-{wavelength_nm[-1]:.0f} nm)"
            )
        return np.asarray(fractions, dtype=np.float64)


NAMED_WINDOWS = {
    window.name: window
    for window in (
        Window("er", 1400.0, 1650.0),
        Window("er_table1", 1450.0, 1650.0),
        Window("total", 1000.0, 1650.0),
        Window("yb", 1000.0, 1400.0),
    )
}
"""The windows of the published work: figure and text use 1400-1650 nm for erbium, its table 1450-1650."""


def pixel_edges_nm(wavelength_nm: FloatArray) -> FloatArray:
    """Edges between pixels, [pixels + 1]."""
    middle = (wavelength_nm[1:] + wavelength_nm[:-1]) / 2
    first = wavelength_nm[0] - (middle[0] - wavelength_nm[0])
    last = wavelength_nm[-1] + (wavelength_nm[-1] - middle[-1])
    return np.concatenate([[first], middle, [last]])


def parse_window(text: str) -> Window:
    """A window from `NAME`, `lo:hi` or `NAME=lo:hi`.

    Raises:
        ConfigurationError: none of these, or an unknown name.
    """
    name, _, bounds = text.partition("=") if "=" in text else ("", "", text)
    if ":" not in bounds:
        if text in NAMED_WINDOWS:
            return NAMED_WINDOWS[text]
        raise ConfigurationError(
            f"window {text!r}: write one of {', '.join(NAMED_WINDOWS)}, or lo:hi in nm, or NAME=lo:hi"
        )
    low, high = _two_numbers("window", text, bounds)
    return Window(name or f"{low:g}_{high:g}".replace(".", "p"), low, high)


def parse_range(text: str) -> tuple[float, float]:
    """A range of power density in mW/cm² from `lo:hi`; raises `ConfigurationError`."""
    low, high = _two_numbers("range", text, text)
    if not 0 <= low < high:
        raise ConfigurationError(f"range {text!r}: the lower power density comes first, in mW/cm²")
    return low, high


def named(windows: Sequence[Window]) -> dict[str, Window]:
    """Windows by name; raises `ConfigurationError` where two that differ share one."""
    result: dict[str, Window] = {}
    for window in windows:
        if result.setdefault(window.name, window) != window:
            raise ConfigurationError(f"window {window.name}: given twice with different limits")
    return result


def _two_numbers(what: str, text: str, bounds: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in bounds.split(":"))
    except ValueError as error:
        raise ConfigurationError(f"{what} {text!r}: expected two numbers as lo:hi") from error
    return low, high
