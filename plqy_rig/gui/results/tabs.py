"""The tabs of the results: each is built when it is first looked at, and filled when it is looked at."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QSize, QTimer
from PyQt6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from plqy_rig.gui.results.reading import Reading

_LEAST_WIDTH_PX, _LEAST_HEIGHT_PX = 320, 360


class ResultsTabs(QTabWidget):
    """Builds and fills only what is seen, so that opening runs never holds up the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._makers: dict[str, Callable[[], QWidget]] = {}
        self._views: dict[str, QWidget] = {}
        self._stale: set[str] = set()
        self._reading: Reading | None = None
        self._fill_soon = QTimer(self)
        self._fill_soon.setSingleShot(True)
        self._fill_soon.setInterval(0)
        self._fill_soon.timeout.connect(self._fill_seen)
        self.currentChanged.connect(lambda _: self._changed())

    def offer(self, title: str, make: Callable[[], QWidget], *, padded: bool = False) -> None:
        """Add a tab.

        Args:
            title: of the tab.
            make: builds its widget, which has `show_reading`.
            padded: whether it needs room around it.
        """
        outer = QWidget()
        layout = QVBoxLayout(outer)
        margin = 12 if padded else 0
        layout.setContentsMargins(margin, margin, margin, margin)
        self._makers[title] = make
        self.addTab(outer, title)

    def view(self, title: str) -> QWidget:
        """The widget of a tab; built now if nobody has looked at it yet."""
        if title not in self._views:
            widget = self._makers[title]()
            self._views[title] = widget
            outer = self.widget(list(self._makers).index(title))
            layout = None if outer is None else outer.layout()
            assert layout is not None
            layout.addWidget(widget)
        return self._views[title]

    def built(self, title: str) -> QWidget | None:
        """The widget of a tab, where it was built already."""
        return self._views.get(title)

    def shows(self, reading: Reading | None) -> bool:
        """Whether these are the runs in the tab that is seen."""
        return self._reading is reading and self.tabText(self.currentIndex()) not in self._stale

    def show_title(self, title: str) -> None:
        """Look at a tab."""
        self.setCurrentIndex(list(self._makers).index(title))

    def show_reading(self, reading: Reading) -> None:
        """Show these runs: in the tab that is seen now, in the others when they are looked at."""
        self._reading = reading
        self._stale = set(self._makers)
        self._fill_seen()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Qt's: what the tab that is seen needs; in width what all can be narrowed down to."""
        seen, bar = self.currentWidget(), self.tabBar()
        height = 0 if seen is None else seen.minimumSizeHint().height()
        height += 4 + (0 if bar is None else bar.sizeHint().height())
        return QSize(_LEAST_WIDTH_PX, max(height, _LEAST_HEIGHT_PX))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Qt's: no more than needed; what room there is it gets by its stretch."""
        return self.minimumSizeHint()

    def event(self, event: QEvent | None) -> bool:
        """Qt's: the tab that is seen may need another height now."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(event)

    def _changed(self) -> None:
        self._fill_seen()
        self.updateGeometry()

    def _fill_seen(self) -> None:
        title = self.tabText(self.currentIndex())
        if self._reading is None or title not in self._stale:
            return
        if title not in self._views:
            # Built in this turn of the event loop, filled in the next.
            self.view(title)
            self._fill_soon.start()
            return
        self._stale.discard(title)
        view = self.view(title)
        view.show_reading(self._reading)  # type: ignore[attr-defined]  # every one has it
