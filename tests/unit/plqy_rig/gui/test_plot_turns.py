"""Plots are painted one after the other when many change at once, and drawn no finer than can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import QApplication, QSplitter

from plqy_rig.gui.plots.long_line import add_long_line
from plqy_rig.gui.plots.spectrum_plot import SpectrumLine, SpectrumPlot

POINTS = 100_000


@pytest.fixture
def beside(qtbot):
    """Two plots beside each other, painted."""
    splitter = QSplitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(splitter)
    plots = [SpectrumPlot(name) for name in ("left", "right")]
    for plot in plots:
        splitter.addWidget(plot)
        line = SpectrumLine("one", "one", np.linspace(900, 1700, 512), np.ones(512), "#4477aa")
        plot.set_lines([line])
    splitter.resize(900, 300)
    splitter.setSizes([450, 450])
    splitter.show()
    qtbot.waitUntil(lambda: not any(plot.canvas.is_waiting for plot in plots), timeout=5000)
    return splitter, plots


def test_plots_that_are_pushed_to_another_size_wait_for_their_turn(beside, qtbot):
    splitter, plots = beside
    splitter.setSizes([300, 600])
    assert [plot.canvas.is_waiting for plot in plots] == [True, True]
    qtbot.waitUntil(lambda: not any(plot.canvas.is_waiting for plot in plots), timeout=5000)


def test_plots_follow_at_once_while_the_window_is_drawn_larger(beside):
    splitter, plots = beside
    splitter.resize(1000, 400)
    QApplication.processEvents()
    assert not any(plot.canvas.is_waiting for plot in plots)


def test_a_plot_that_waits_keeps_its_picture(beside, monkeypatch):
    _, (plot, _) = beside
    painted = []
    monkeypatch.setattr("plqy_rig.gui.plots.canvas.QPainter", painted.append)
    plot.canvas.wait_for_turn()
    plot.canvas.paintEvent(QPaintEvent(plot.canvas.rect()))
    assert painted == []
    assert plot.canvas.viewport().testAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)


def test_a_picture_that_is_copied_is_whole_also_while_the_plot_waits(beside):
    _, (plot, _) = beside
    plot.canvas.take_turn()
    whole = plot.canvas.grab().toImage()
    plot.canvas.wait_for_turn()
    plot.copy_picture()
    assert QApplication.clipboard().pixmap().toImage() == whole


def test_a_long_line_draws_few_points_and_keeps_its_peaks(qtbot, beside):
    _, (plot, _) = beside
    values = np.zeros(POINTS)
    values[POINTS // 3], values[POINTS // 2] = 1000.0, -500.0
    line = add_long_line(plot.plot)
    line.setData(np.linspace(900.0, 1700.0, POINTS), values)
    plot.show_everything()
    _, drawn = line.getData()
    assert len(drawn) < 5 * plot.canvas.width()
    assert (drawn.max(), drawn.min()) == (1000.0, -500.0)
    assert np.array_equal(line.getOriginalDataset()[1], values)
