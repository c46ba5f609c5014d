"""A line that is drawn quickly however many points it has."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg

_POINTS_PER_PIXEL = 2.0
"""Lowest and highest of as many points as lie under half a pixel: what is left out can't be seen."""


def add_long_line(plot: pg.PlotItem, **options: Any) -> pg.PlotDataItem:
    """Add a line that draws no more than can be seen; its points must be in ascending order of x.

    Args:
        plot: gets the line.
        options: PlotDataItem's.
    """
    line = pg.PlotDataItem(connect="finite", autoDownsampleFactor=_POINTS_PER_PIXEL, **options)
    plot.addItem(line)
    # Only now: a plot gives each line that it gets its own settings, which are to draw all points.
    line.setDownsampling(auto=True, method="peak")
    line.setClipToView(True)
    return line
