"""The instruments page: the live panel of each, manual control while nothing runs, the safe state."""

from __future__ import annotations

from typing import Any

import numpy as np
from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtWidgets import QBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.instruments.manual_card import NAMES, InstrumentPanel
from plqy_rig.gui.instruments.manual_safety import SafetyPanel
from plqy_rig.gui.plots.spectrum_plot import SpectrumLine, SpectrumPlot
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import Page

_IN_USE = {
    "run": "A run uses the rig. Manual control comes back when it is over.",
    "queue": "The queue uses the rig. Manual control comes back when it is over.",
    "calibration": "A calibration uses the rig. Manual control comes back when it is over.",
    "manual": "The rig is used by hand: light is on, or an action is under way.",
}
_TWO_COLUMNS_FROM_PX = 820
_LEAST_PLOT_PX = 250


class _TakenSpectrum(SpectrumPlot):
    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """Less than the canvas asks for: it takes what the panels leave, and never from them."""
        return QSize(420, _LEAST_PLOT_PX)


class InstrumentsPage(Page):
    """All instruments, the safe state, and the last spectrum taken by hand.

    Attributes:
        safety: verdict and "make safe".
        panels: by the instrument's name in the rig file.
        spectrum: the last spectrum taken by hand.
    """

    title = "Instruments"
    icon_name = "instruments"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.safety = SafetyPanel(session)
        self.hint = QLabel()
        self.hint.setProperty("state", "warning")
        self.hint.setWordWrap(True)
        self.panels = {name: InstrumentPanel(name, session) for name in NAMES}
        self.spectrum = _TakenSpectrum("Spectrum taken by hand")
        self.spectrum.setMinimumHeight(_LEAST_PLOT_PX)
        self.spectrum.set_quantity("Counts as read", "counts")
        self.spectrum.set_empty(
            "A spectrum taken at the spectrometer's panel appears here, without dark taken off."
        )
        self._taken: dict[str, Any] | None = None
        self._lay_out()
        self.panels["spectrometer"].controls.spectrum_taken.connect(self.show_spectrum)
        self._draw_soon = Throttle(self, self.draw, 200)
        session.rig.changed.connect(self._take)
        session.connected_changed.connect(lambda connected, why: self._draw_soon.request())
        theme.on_change(self.restyle)
        self._ages = QTimer(self)
        self._ages.setInterval(1000)
        self._ages.timeout.connect(self.draw)
        self.draw()

    def _lay_out(self) -> None:
        inside = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.setSpacing(12)
        for names, last in (
            (("laser", "shutter", "attenuator"), None),
            (("spectrometer", "monitor"), self.spectrum),
        ):
            one = QVBoxLayout()
            one.setSpacing(12)
            for name in names:
                one.addWidget(self.panels[name])
            if last is None:
                one.addStretch(1)
            else:
                one.addWidget(last, 1)
            self._columns.addLayout(one, 1)
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.safety)
        column.addWidget(self.hint)
        column.addLayout(self._columns, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 -- Qt's
        """One column where there is no room for two."""
        super().resizeEvent(event)
        beside = self.width() >= _TWO_COLUMNS_FROM_PX
        self._columns.setDirection(
            QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        )

    # -- page ---------------------------------------------------------------------------------------

    def activated(self) -> None:
        """Ages count on while somebody looks."""
        self.draw()
        self._ages.start()

    def deactivated(self) -> None:
        """Nobody looks."""
        self._ages.stop()

    def _take(self, topic: str) -> None:
        if topic in ("instruments", "occupation", "engine", "rig"):
            self._draw_soon.request()

    def draw(self) -> None:
        """Show how the instruments are."""
        for panel in self.panels.values():
            panel.draw()
        rig = self.session.rig
        busy = "run" if rig.run_under_way and rig.occupation == "idle" else rig.occupation
        self.hint.setText(_IN_USE.get(busy, ""))
        self.hint.setVisible(busy in _IN_USE)
        troubled = sum(panel.state == "bad" for panel in self.panels.values())
        self.badge_changed.emit(str(troubled) if troubled else "")

    def restyle(self) -> None:
        """Draw everything in the theme's colours."""
        self.draw()
        if self._taken is not None:
            self.show_spectrum(self._taken)

    def show_spectrum(self, taken: dict[str, Any]) -> None:
        """Draw a spectrum as the host gave it."""
        self._taken = taken
        style = theme.series_style(0)
        wavelength_nm = np.asarray(taken["wavelength_nm"], dtype=float)
        counts = np.asarray(taken["counts"], dtype=float)
        line = SpectrumLine("counts", "counts", wavelength_nm, counts, style.colour, emphasised=True)
        full = float(taken["full_scale_counts"])
        self.spectrum.set_empty("")
        self.spectrum.set_lines([line])
        self.spectrum.set_saturation((0.95 * full, full))
