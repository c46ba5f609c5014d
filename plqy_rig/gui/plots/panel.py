"""A plot with a title, a readout under the pointer, an empty state and a menu of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QGuiApplication, QResizeEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

from drivers.errors import RigError
from plqy_rig.gui.plots.canvas import Canvas
from plqy_rig.gui.plots.export import Column, save_picture, table_text, write_csv
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel

log = logging.getLogger(__name__)

_POINTER_RATE_HZ = 25
_OTHER_AXIS_PX = 55
"""What the axis across takes of the length of an axis."""


class PlotView(pg.ViewBox):  # type: ignore[misc]
    """The area with the data; a right click asks for the panel's menu instead of pyqtgraph's own."""

    menu_wanted = pyqtSignal(QPoint)

    def __init__(self) -> None:
        # Its own menu would be made with every plot and take a fifth of that time.
        super().__init__(enableMenu=False)

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:  # noqa: N802 -- pyqtgraph's
        """Tell where the menu is wanted."""
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.menu_wanted.emit(ev.screenPos().toPoint())


class PlotPanel(QFrame):
    """A plot and what belongs around it. Subclasses draw, and say what is in the table and under the pointer.

    Attributes:
        plot: pyqtgraph's item, for what a subclass draws.
        file_stem: beginning of a suggested file name.
    """

    def __init__(self, title: str, axes: dict[str, pg.AxisItem], parent: QWidget | None = None) -> None:
        """Lay out an empty plot.

        Args:
            title: above the plot, short.
            axes: "left" and "bottom".
            parent: as ever.
        """
        super().__init__(parent)
        self.setProperty("role", "card")
        self.file_stem = title.lower().replace(" ", "_")
        self._empty_text = ""
        self._labels: dict[str, tuple[str, str]] = {}
        view = PlotView()
        self.canvas = Canvas(viewBox=view, axisItems=axes)
        self.plot: pg.PlotItem = self.canvas.getPlotItem()
        self.plot.hideButtons()
        self.canvas.setMinimumSize(110, 90)
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.canvas.setAccessibleName(title)
        self._lay_out(title)
        self._empty = QLabel(self.canvas)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._empty.hide()
        self.canvas.installEventFilter(self)
        view.menu_wanted.connect(lambda where: self.menu().exec(where))
        # Kept: the proxy lives as long as somebody holds it.
        self._pointer = pg.SignalProxy(
            self.plot.scene().sigMouseMoved, rateLimit=_POINTER_RATE_HZ, slot=self._pointer_moved
        )

    def _lay_out(self, title: str) -> None:
        self.heading = ElidedLabel(title)
        self.heading.setStyleSheet("font-weight: 600;")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.readout = QLabel()
        self.readout.setProperty("role", "muted")
        self.readout.setTextFormat(Qt.TextFormat.PlainText)
        # A long readout must not push the window wider.
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.readout.hide()
        self.menu_button = QToolButton()
        self.menu_button.setText("⋯")
        self.menu_button.setProperty("role", "dots")
        self.menu_button.setToolTip("View, save and copy this plot")
        self.menu_button.setAccessibleName(f"Menu of the plot {title}")
        self.menu_button.clicked.connect(
            lambda: self.menu().exec(self.menu_button.mapToGlobal(self.menu_button.rect().bottomLeft()))
        )
        self.header = QHBoxLayout()
        self.header.setSpacing(4)
        self.header.addWidget(self.heading, 3)
        self.header.addWidget(self.readout, 2)
        self.header.addWidget(self.menu_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 8)
        layout.setSpacing(2)
        layout.addLayout(self.header)
        layout.addWidget(self.canvas, 1)

    # -- for subclasses -----------------------------------------------------------------------------

    def columns(self) -> Sequence[Column]:
        """The numbers behind what is shown."""
        return ()

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """What is at a place of the plot: a short readout and a tooltip, both may be empty."""
        return "", ""

    def add_to_menu(self, menu: QMenu) -> None:
        """Add what this plot can do beside saving and copying."""

    def redraw(self) -> None:
        """Draw everything again: the colours have changed."""

    def settle(self) -> None:
        """Work out the ranges now; a subclass calls it when it has drawn.

        pyqtgraph would do it while it paints, and then paint everything a second time.
        """
        scene = self.plot.scene()
        if self.isVisible() and scene is not None:
            scene.prepareForPaint()

    # -- looks --------------------------------------------------------------------------------------

    def follow_theme(self) -> None:
        """Dress as the theme says, now and after changes; a subclass calls it when it is complete."""
        theme.on_change(self.canvas.dress)
        self.canvas.dress()
        theme.on_change(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self._empty.setStyleSheet(f"color: {theme.current().muted}; background: transparent; padding: 12px;")
        self.redraw()

    def set_axis_label(self, side: str, text: str, short: str = "") -> None:
        """Name a quantity with its unit, e.g. `Wavelength (nm)`.

        Args:
            side: "left" or "bottom".
            text: the label.
            short: stands there instead where the plot is too small for the label; empty: there is none.
        """
        self._labels[side] = (text, short)
        self._label_axis(side)

    def _label_axis(self, side: str) -> None:
        text, short = self._labels[side]
        room = self.canvas.width() if side == "bottom" else self.canvas.height()
        room -= _OTHER_AXIS_PX
        if short and self.fontMetrics().horizontalAdvance(text) > room:
            text = short
        style = {"color": theme.current().text, "font-size": f"{theme.manager().font_size_pt:g}pt"}
        axis = self.plot.getAxis(side)
        if (axis.labelText, axis.labelStyle) != (text, style):
            # Setting it lays out the whole plot anew.
            self.plot.setLabel(side, text, **style)

    def set_empty(self, sentence: str) -> None:
        """Say what will come here; an empty sentence when there is something."""
        if bool(sentence) != bool(self._empty_text) and self.isVisible():
            # Plots that get their first data together are laid out now and painted one after the other.
            self.canvas.wait_for_turn()
        self._empty_text = sentence
        self._empty.setText(sentence)
        self._empty.setVisible(bool(sentence))
        # Axes without data would show numbers that mean nothing.
        self.plot.setVisible(not sentence)
        self._place_empty()

    @property
    def empty_text(self) -> str:
        """Get the sentence that stands in place of data; empty when there are data."""
        return self._empty_text

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's
        """Keep the empty state in the middle of the plot, and labels as long as there is room for."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place_empty()
            for side in self._labels:
                self._label_axis(side)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """Keep the empty state in place."""
        super().resizeEvent(event)
        self._place_empty()

    def _place_empty(self) -> None:
        if self._empty_text:
            size = self.canvas.size()
            self._empty.setGeometry(0, 0, size.width(), size.height())

    # -- pointer ------------------------------------------------------------------------------------

    def _pointer_moved(self, arguments: tuple[QPointF]) -> None:
        (place,) = arguments
        view = self.plot.getViewBox()
        if self._empty_text or not view.sceneBoundingRect().contains(place):
            self._show_readout("")
            return
        point = view.mapSceneToView(place)
        text, tip = self.describe_at(point.x(), point.y())
        self._show_readout(text)
        if tip:
            QToolTip.showText(
                self.canvas.mapToGlobal(self.canvas.mapFromScene(place)) + QPoint(14, 10), tip, self.canvas
            )
        elif QToolTip.isVisible():
            QToolTip.hideText()

    def _show_readout(self, text: str) -> None:
        self.readout.setText(text)
        self.readout.setVisible(bool(text))

    # -- menu ---------------------------------------------------------------------------------------

    def menu(self) -> QMenu:
        """Make the menu of this plot."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._add(menu, "Show everything", self.show_everything)
        self.add_to_menu(menu)
        menu.addSeparator()
        something = not self._empty_text
        self._add(menu, "Save picture…", self.ask_and_save_picture, something)
        self._add(menu, "Save numbers (CSV)…", self.ask_and_save_csv, something)
        self._add(menu, "Copy picture", self.copy_picture, something)
        self._add(menu, "Copy numbers", self.copy_numbers, something)
        return menu

    def _add(self, menu: QMenu, text: str, action: Callable[[], None], enabled: bool = True) -> QAction:
        made = QAction(text, menu)
        made.setEnabled(enabled)
        made.triggered.connect(lambda: action())
        menu.addAction(made)
        return made

    def show_everything(self) -> None:
        """Zoom so that all data are seen, and follow them again."""
        self.plot.getViewBox().enableAutoRange()

    def save_picture(self, path: Path) -> None:
        """Save the plot as PNG or SVG, by the name's ending; raises `RigError`."""
        save_picture(self.canvas, path)

    def save_csv(self, path: Path) -> None:
        """Save the numbers: names, units, rows; raises `StorageError`."""
        write_csv(self.columns(), path)

    def copy_picture(self) -> None:
        """Put the plot on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            self.canvas.take_turn()
            clipboard.setPixmap(self.canvas.grab())

    def copy_numbers(self) -> None:
        """Put the numbers on the clipboard, with tabs, as spreadsheets take them."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(table_text(self.columns(), separator="\t"))

    def ask_and_save_picture(self) -> None:
        """Ask for a file and save the plot there."""
        name, _ = QFileDialog.getSaveFileName(
            self, "Save picture", f"{self.file_stem}.png", "Picture (*.png);;Vector graphics (*.svg)"
        )
        if name:
            self._try_to_save(Path(name), self.save_picture)

    def ask_and_save_csv(self) -> None:
        """Ask for a file and save the numbers there."""
        name, _ = QFileDialog.getSaveFileName(self, "Save numbers", f"{self.file_stem}.csv", "CSV (*.csv)")
        if name:
            self._try_to_save(Path(name), self.save_csv)

    def _try_to_save(self, path: Path, save: Callable[[Path], None]) -> None:
        try:
            save(path)
        except RigError as error:
            QMessageBox.warning(self, "Not saved", str(error))
