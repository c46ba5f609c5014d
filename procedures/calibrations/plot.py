"""Curves of a calibration as plain data, for whatever draws: a window, a page, a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """One curve.

    Attributes:
        name: for the legend.
        x: finite values.
        y: as many; NaN where there is none.
        y_error: one sigma, as many; None where none is known.
    """

    name: str
    x: FloatArray
    y: FloatArray
    y_error: FloatArray | None = None

    @classmethod
    def of(cls, name: str, x: ArrayLike, y: ArrayLike, y_error: ArrayLike | None = None) -> Series:
        """Make one of anything that is an array; raises `ValueError` where the lengths differ."""
        arrays = [np.asarray(values, dtype=np.float64) for values in (x, y)]
        error = None if y_error is None else np.asarray(y_error, dtype=np.float64)
        if arrays[0].shape != arrays[1].shape or (error is not None and error.shape != arrays[0].shape):
            raise ValueError(f"series {name}: x, y and errors differ in length")
        return cls(name, arrays[0], arrays[1], error)


@dataclass(frozen=True, eq=False)
class Plot:
    """What there is to see of a calibration.

    Attributes:
        title: what it shows.
        x_label: with the unit.
        y_label: with the unit.
        series: the curves.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]

    def to_document(self) -> dict[str, Any]:
        """Give it as plain lists; NaN is None, as JSON has no NaN."""
        return {
            "title": self.title,
            "x_label": self.x_label,
            "y_label": self.y_label,
            "series": [_series_document(one) for one in self.series],
        }


Draw = Callable[[Plot], None]
"""Takes the plot of what has been measured so far."""


def no_drawing(plot: Plot) -> None:
    """Draw nothing: nobody looks."""


def _series_document(series: Series) -> dict[str, Any]:
    document: dict[str, Any] = {"name": series.name, "x": _plain(series.x), "y": _plain(series.y)}
    if series.y_error is not None:
        document["y_error"] = _plain(series.y_error)
    return document


def _plain(values: Sequence[float] | FloatArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
