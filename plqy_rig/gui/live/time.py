"""Monitor power and laser temperature against time."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from calibration.roles import PASS_ORDER
from plqy_rig.gui.host_link.live_run import LiveRun
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.live.readings import ReadingHistory, reading_in
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.plots.time_plot import TimePlot, TimePoints
from plqy_rig.gui.themes import theme

_EMPTY_POWER = "The power at the monitor, exposure by exposure"
_EMPTY_TEMPERATURE = "The laser diode's temperature"


class TimeView(QWidget):
    """Two plots beside each other.

    Attributes:
        power_plot: monitor power, mW.
        temperature_plot: laser temperature, °C.
    """

    def __init__(self, rig: RigModel, run: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rig, self._run = rig, run
        self.power_history, self.temperature_history = ReadingHistory(), ReadingHistory()
        self.power_plot = TimePlot("Monitor power", "Power", "mW")
        self.temperature_plot = TimePlot("Laser temperature", "Temperature", "°C", symbol="T")
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(12)
        splitter.setProperty("role", "gap")
        for plot in (self.power_plot, self.temperature_plot):
            splitter.addWidget(plot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self._draw_soon = Throttle(self, self._draw_if_seen, 250, delay_ms=60)
        rig.changed.connect(self._take)
        run.run_changed.connect(self._draw_soon.request)
        run.exposure_added.connect(lambda role, step: self._draw_soon.request())
        theme.on_change(self._draw_soon.request)
        self.draw()

    def _take(self, topic: str) -> None:
        if topic != "instruments":
            return
        for instrument, unit, history, scale in (
            ("monitor", "W", self.power_history, 1e3),
            ("laser", "°C", self.temperature_history, 1.0),
        ):
            found = reading_in(self._rig.instruments.get(instrument, {}), unit)
            if found is not None and history.add(found[0], scale * found[1]) and self._run.stop is None:
                self._draw_soon.request()

    def draw(self) -> None:
        """Draw what came since the run began."""
        begin_s = float(self._run.start.get("time", 0.0))
        # What the idle rig reads afterwards is none of the run's, and would push the run to the left.
        end_s = float((self._run.stop or {}).get("time", math.inf))
        for plot, history, key, scale, empty in (
            (self.power_plot, self.power_history, "monitor_power_w", 1e3, _EMPTY_POWER),
            (self.temperature_plot, self.temperature_history, "laser_temperature_c", 1.0, _EMPTY_TEMPERATURE),
        ):
            if not begin_s:
                plot.set_data(0.0, np.zeros(0), np.zeros(0))
                plot.set_empty(empty)
                continue
            points = self._points(key, scale)
            times, values = history.since(begin_s)
            times, values = times[times <= end_s], values[times <= end_s]
            if plot is self.power_plot:
                # The wheel moves between exposures: a line between their powers would mean nothing.
                times, values = times[:0], values[:0]
            plot.set_data(begin_s, times, values, points)
            plot.set_empty("" if points or len(times) else empty)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw what came while nobody looked."""
        super().showEvent(event)
        self._draw_soon.request()

    def _draw_if_seen(self) -> None:
        if self.isVisible():
            self.draw()

    def _points(self, key: str, scale: float) -> list[TimePoints]:
        made = []
        for role in PASS_ORDER:
            of_role = [exposure for exposure in self._run.exposures if exposure.role == role]
            if of_role:
                style = theme.role_style(role)
                times = np.array([exposure.time_s for exposure in of_role])
                values = np.array([scale * float(exposure.data[key]) for exposure in of_role])
                made.append(TimePoints(str(role), style.label, times, values, style.colour, style.symbol))
        return made
