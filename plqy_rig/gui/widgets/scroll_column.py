"""A column that can be scrolled up and down; its cards stay where they are when the scroll bar comes."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QSize
from PyQt6.QtWidgets import QFrame, QScrollArea, QWidget


class ScrollColumn(QScrollArea):
    """A scroll area whose bar lies in a strip at the right that is kept free for it.

    It never gets narrower than what is in it, as long as the layout around it allows: a card that has to be
    scrolled sideways is as good as cut.
    """

    def __init__(self, content: QWidget, gutter_px: int, parent: QWidget | None = None) -> None:
        """Make it.

        Args:
            content: with a layout, whose right margin is taken care of here.
            gutter_px: width of the strip, as free space at the right of the content.
            parent: as ever.
        """
        super().__init__(parent)
        self._gutter_px = gutter_px
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(content)
        bar = self.verticalScrollBar()
        assert bar is not None
        # A method, not a lambda: Qt forgets it together with this widget.
        bar.rangeChanged.connect(self._range_changed)
        self._keep_gutter()

    def set_gutter(self, gutter_px: int) -> None:
        """Take another width of the strip."""
        self._gutter_px = gutter_px
        self._keep_gutter()
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 -- Qt's name
        """As wide as the content has to be, and the strip; its height can be scrolled."""
        content = self.widget()
        layout = None if content is None else content.layout()
        if layout is None:
            return super().minimumSizeHint()
        inside = layout.minimumSize().width() - layout.contentsMargins().right()
        return QSize(inside + max(self._gutter_px, self.bar_width), super().minimumSizeHint().height())

    def viewportEvent(self, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's name
        """What is in it may need another width now.

        Not heard by a filter on the content: events of its destruction would leave Python with an object
        that isn't there any more.
        """
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().viewportEvent(event)

    def fit(self) -> None:
        """Ask for the room that the content needs now."""
        self.updateGeometry()

    def _range_changed(self, _low: int, _high: int) -> None:
        self._keep_gutter()

    @property
    def bar_width(self) -> int:
        """Get the width of the scroll bar; 0 while there is none."""
        bar = self.verticalScrollBar()
        return bar.sizeHint().width() if bar is not None and bar.maximum() > 0 else 0

    def _keep_gutter(self) -> None:
        content = self.widget()
        layout = None if content is None else content.layout()
        if layout is None:
            return
        margins = layout.contentsMargins()
        margins.setRight(max(self._gutter_px - self.bar_width, 0))
        if margins != layout.contentsMargins():
            layout.setContentsMargins(margins)
