"""Where a window without a rig begins: a simulated bench, a rig file, or a host that runs already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QPointF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.bench_process import BenchRequest
from plqy_rig.gui.host_link.host_process import HostRequest
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove_all
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from plqy_rig.gui.window.settings import Settings

SAMPLES = ("HET-Ce", "HOM-Ce", "HET", "HOM")
_LOOK_INTERVAL_MS = 2000
_SPEED = 30.0
_WIDTH = 860
_MARGIN_PX = 16


def _list_hosts() -> Sequence[Any]:
    from plqy_rig.server.discovery import list_hosts

    return list_hosts()


class _Picture(QLabel):
    """An icon that fades when it can't be pressed; Qt's own grey isn't a colour of the theme."""

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Draw it in the middle."""
        pixmap = self.pixmap()
        size = pixmap.deviceIndependentSize()
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else 0.5)
        place = QPointF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2)
        painter.drawPixmap(place, pixmap)
        painter.end()


class _Tile(QPushButton):
    """A large button: icon, what it does, a sentence below."""

    def __init__(self, icon_name: str, title: str, sentence: str) -> None:
        super().__init__()
        self.setProperty("role", "tile")
        self.setAccessibleName(title)
        self.setMinimumHeight(112)
        self._icon_name = icon_name
        self._picture = _Picture()
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        text = QLabel(sentence)
        text.setWordWrap(True)
        text.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(heading)
        words.addWidget(text, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(16)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        for label in (self._picture, heading, text):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.on_change(self._draw)
        self._draw()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """As large as what is in it."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def _draw(self) -> None:
        self._picture.setPixmap(theme.picture(self._icon_name, theme.current().accent, 44))


class StartPanel(QWidget):
    """The choice of a rig.

    Signals:
        host_wanted(HostRequest): start this one.
        attach_wanted(object): connect to a running host: its address.
    """

    host_wanted = pyqtSignal(object)
    attach_wanted = pyqtSignal(object)

    def __init__(self, session: Session, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._settings = settings
        self._hosts: list[Any] = []
        self._looking = False
        self._make_tiles()
        self._running = QVBoxLayout()
        self._running_card = self._card("Running now", self._running)
        self._recent = QVBoxLayout()
        self._recent_card = self._card("Rig files used before", self._recent)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_INTERVAL_MS)
        self._timer.timeout.connect(self.look_for_hosts)
        self.show_hosts([])
        self.show_recent()

    # -- what others call -----------------------------------------------------------------------------

    def set_active(self, active: bool) -> None:
        """Look for hosts now and then, or don't."""
        if active:
            self._timer.start()
            self.show_recent()
            self.look_for_hosts()
        else:
            self._timer.stop()

    def set_busy(self, words: str) -> None:
        """Show that a host is being started; empty: it isn't."""
        self.busy.setVisible(bool(words))
        self.busy_label.setVisible(bool(words))
        self.busy_label.setText(words)
        for widget in (self.bench_tile, self.rig_tile, self._running_card, self._recent_card, self._options):
            widget.setEnabled(not words)

    def look_for_hosts(self) -> None:
        """Look for running hosts, in a thread."""
        if self._looking:
            return
        self._looking = True
        self._session.in_background(_list_hosts, self._found, lambda _: self._found([]))

    def show_hosts(self, hosts: Sequence[Any]) -> None:
        """Show the hosts that run."""
        self._hosts = list(hosts)
        remove_all(self._running)
        for address in hosts:
            what = "simulated bench" if address.simulated else str(address.rig)
            self._running.addWidget(self._row("link", str(address.rig_name), what, "Connect", address))
        self._running_card.setVisible(bool(hosts))

    def show_recent(self) -> None:
        """Show the rig files used before."""
        remove_all(self._recent)
        recent = self._settings.recent_rigs
        for path in recent:
            self._recent.addWidget(self._row("rig", path.name, str(path.parent), "Open", path))
        self._recent_card.setVisible(bool(recent))

    def bench_request(self) -> BenchRequest:
        """The simulated bench as chosen."""
        return BenchRequest(
            sample=self.sample_box.currentText(), seed=self.seed_box.value(), speed=self.speed_box.value()
        )

    # -- inside ---------------------------------------------------------------------------------------

    def _found(self, hosts: Sequence[Any]) -> None:
        self._looking = False
        if [(host.pid, host.url) for host in hosts] != [(host.pid, host.url) for host in self._hosts]:
            self.show_hosts(hosts)

    def _make_tiles(self) -> None:
        self.bench_tile = _Tile(
            "cuvette", "Simulated bench", "Every instrument simulated down to its wires. Nothing to plug in."
        )
        self.bench_tile.clicked.connect(
            lambda: self.host_wanted.emit(HostRequest(bench=self.bench_request()))
        )
        self.rig_tile = _Tile(
            "rig", "Open a rig file…", "The real rig: a file that says which instruments are where."
        )
        self.rig_tile.clicked.connect(self._choose_file)
        self.sample_box = QComboBox()
        self.sample_box.addItems(SAMPLES)
        self.sample_box.setToolTip("What stands in the simulated sphere")
        self.speed_box = QDoubleSpinBox()
        self.speed_box.setDecimals(0)
        self.speed_box.setRange(1.0, 200.0)
        self.speed_box.setValue(_SPEED)
        self.speed_box.setSuffix(" ×")
        self.speed_box.setToolTip("Times as fast as a real rig")
        self.seed_box = QSpinBox()
        self.seed_box.setRange(0, 999_999)
        self.seed_box.setValue(1)
        self.seed_box.setToolTip("The same seed gives the same bench, noise included")

    def _make_options(self) -> QWidget:
        options = QWidget()
        layout = QGridLayout(options)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(12)
        layout.setVerticalSpacing(2)
        boxes = (("Sample", self.sample_box), ("Speed", self.speed_box), ("Seed", self.seed_box))
        for column, (text, box) in enumerate(boxes):
            label = QLabel(text)
            label.setProperty("role", "muted")
            label.setBuddy(box)
            layout.addWidget(label, 0, column)
            layout.addWidget(box, 1, column)
            layout.setColumnStretch(column, 1)
        return options

    def _make_hint(self) -> QLabel:
        hint = QLabel(
            "New here? Simulated bench, then Measure, then Start: a quantum yield curve in a minute."
        )
        hint.setProperty("role", "muted")
        hint.setWordWrap(True)
        return hint

    def _lay_out(self) -> None:
        title = QLabel("PLQY rig")
        title.setProperty("role", "title")
        subtitle = QLabel(
            "Photoluminescence quantum yield against excitation power, with an integrating sphere."
        )
        subtitle.setProperty("role", "muted")
        subtitle.setWordWrap(True)
        self._options = self._make_options()
        tiles = QGridLayout()
        tiles.setSpacing(12)
        tiles.addWidget(self.bench_tile, 0, 0)
        tiles.addWidget(self.rig_tile, 0, 1)
        tiles.addWidget(self._options, 1, 0)
        tiles.addWidget(self._make_hint(), 1, 1)
        tiles.setColumnStretch(0, 1)
        tiles.setColumnStretch(1, 1)
        self.busy_label = QLabel()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        inner = QWidget()
        inner.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(inner)
        column.setContentsMargins(_MARGIN_PX, 28, 0, _MARGIN_PX)
        column.setSpacing(12)
        for widget in (title, subtitle):
            column.addWidget(widget)
        column.addSpacing(8)
        column.addLayout(tiles)
        for card in (self.busy_label, self.busy, self._running_card, self._recent_card):
            column.addWidget(card)
        column.addStretch()
        self.busy.hide()
        self.busy_label.hide()
        self._put_in_the_middle(inner)

    def _put_in_the_middle(self, inner: QWidget) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inner, 1000)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(ScrollColumn(holder, _MARGIN_PX))

    def _card(self, title: str, content: QVBoxLayout) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.addWidget(heading)
        layout.addLayout(content)
        return card

    def _row(self, icon_name: str, title: str, where: str, verb: str, target: Any) -> QWidget:
        from plqy_rig.gui.window.header import ElidedLabel

        picture, name, place = _Picture(), ElidedLabel(title), ElidedLabel(where)
        picture.setPixmap(theme.picture(icon_name, theme.current().muted, 22))
        place.setProperty("role", "muted")
        button = QPushButton(verb)
        button.setAccessibleName(f"{verb} {title}")
        button.clicked.connect(lambda: self._chosen(target))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(name)
        words.addWidget(place)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(picture)
        layout.addLayout(words, 1)
        layout.addWidget(button)
        return row

    def _chosen(self, target: Any) -> None:
        if isinstance(target, Path):
            self.host_wanted.emit(HostRequest(rig=target))
        else:
            self.attach_wanted.emit(target)

    def _choose_file(self) -> None:
        recent = self._settings.recent_rigs
        dialog = QFileDialog(self, "Open a rig file", str(recent[0].parent if recent else Path.cwd()))
        dialog.setNameFilters(["Rig files (*.toml)", "All files (*)"])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.host_wanted.emit(HostRequest(rig=Path(name))))
        dialog.open()
