"""What the window says of itself: a bar for errors that stays until it is read, toasts for notices."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.wire import Message
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.window.header import ElidedLabel

_MOST_MESSAGES = 3
_TOAST_TIME_MS = 6000
_TOAST_TIME_WARNING_MS = 12000
_MOST_TOASTS = 4
_TOAST_WIDTH = 380
_ICONS = {"bad": "bad", "warning": "warning", "good": "good", "info": "info"}


class _StateIcon(QLabel):
    """The picture of a state, in the colours of the theme in force."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self._state = state
        theme.on_change(self._draw)
        self._draw()

    def _draw(self) -> None:
        style = theme.state_style(self._state) if self._state != "info" else None
        colour = style.colour if style is not None else theme.current().accent
        self.setPixmap(theme.picture(_ICONS.get(self._state, "info"), colour, 22))


class _Tool(QToolButton):
    """A small button with a picture, in the colours of the theme in force."""

    def __init__(self, icon_name: str, tip: str) -> None:
        super().__init__()
        self._icon_name = icon_name
        self.setProperty("role", "flat")
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        theme.on_change(self._draw)
        self._draw()

    def _draw(self) -> None:
        self.setIcon(theme.icon(self._icon_name))


class _MessageRow(QFrame):
    """One message: what, where, what to do."""

    def __init__(self, message: Message, bar: MessageBar) -> None:
        super().__init__()
        self.message = message
        self.setProperty("role", "message")
        self.setProperty("state", message.state)
        self.text_label = QLabel(self._text(1))
        self.text_label.setTextFormat(Qt.TextFormat.PlainText)
        self.text_label.setWordWrap(True)
        self.text_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text_label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.brief = ElidedLabel()
        self.brief.setTextFormat(Qt.TextFormat.PlainText)
        self.brief.hide()
        copy, close = _Tool("copy", "Copy this message"), _Tool("close", "Close this message (Esc)")
        copy.clicked.connect(self._copy)
        close.clicked.connect(lambda: bar.remove(self))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(_StateIcon(message.state))
        layout.addWidget(self.text_label, 1)
        layout.addWidget(self.brief, 1)
        layout.addWidget(copy)
        layout.addWidget(close)
        self.times = 1

    def again(self) -> None:
        """The same happened once more."""
        self.times += 1
        self.text_label.setText(self._text(self.times))

    def fold(self, folded: bool) -> None:
        """Take one line, or as many as the message has."""
        self.brief.set_whole(self.text_label.text().replace("\n", "  "))
        self.brief.setVisible(folded)
        self.text_label.setVisible(not folded)

    def _text(self, times: int) -> str:
        message = self.message
        first = f"{message.where[:1].upper()}{message.where[1:]}: " if message.where else ""
        text = message.text[:1].upper() + message.text[1:]
        if not text.endswith((".", "!", "?", "…")):
            text += "."
        repeated = f"  (×{times})" if times > 1 else ""
        return f"{first}{text}{repeated}" + (f"\n{message.hint}" if message.hint else "")

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text_label.text())


class MessageBar(QWidget):
    """Messages above the page, the newest first; the same message again only counts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._rows: list[_MessageRow] = []
        self.hide()

    @property
    def texts(self) -> list[str]:
        """Get what is shown, the newest first."""
        return [row.text_label.text() for row in self._rows]

    def show_message(self, message: Message) -> None:
        """Show a message."""
        for row in self._rows:
            if row.message == message:
                row.again()
                return
        # "Writing the report…" ends with the next message about the same.
        for row in [row for row in self._rows if row.message.text.endswith("…")]:
            if row.message.where == message.where:
                self.remove(row)
        row = _MessageRow(message, self)
        self._rows.insert(0, row)
        self._layout.insertWidget(0, row)
        for old in self._rows[_MOST_MESSAGES:]:
            self.remove(old)
        self._fold()
        self.show()

    def remove(self, row: _MessageRow) -> None:
        """Take a message away."""
        if row in self._rows:
            self._rows.remove(row)
            remove(self._layout, row)
        self._fold()
        self.setVisible(bool(self._rows))

    def _fold(self) -> None:
        """Leave room for the page: the newest is shown whole, those before it in a line each."""
        for number, row in enumerate(self._rows):
            row.fold(number > 0)

    def remove_where(self, where: str) -> None:
        """Take away the messages about something that is over."""
        for row in [row for row in self._rows if row.message.where == where]:
            self.remove(row)

    def close_newest(self) -> bool:
        """Take the newest message away; returns whether there was one."""
        if not self._rows:
            return False
        self.remove(self._rows[0])
        return True


class _Toast(QFrame):
    def __init__(self, text: str, state: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "toast")
        self.setProperty("state", state)
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.addWidget(_StateIcon(state), 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(label, 1)
        self.text = text
        self.setFixedWidth(_TOAST_WIDTH)

    def fit(self) -> None:
        """Get as high as the text: letters have their size once the style sheet was put on."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.totalHeightForWidth(_TOAST_WIDTH))


class Toasts(QObject):
    """Notices that go away by themselves, at the lower left of a widget. A click takes one away.

    At the right are the buttons that start a run and answer the operator's panel: nothing may cover them.
    """

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._toasts: list[_Toast] = []
        host.installEventFilter(self)

    @property
    def texts(self) -> list[str]:
        """Get what is shown, the newest last."""
        return [toast.text for toast in self._toasts]

    def show_notice(self, text: str, warning: bool) -> None:
        """Show a notice for some seconds."""
        if text in self.texts:
            return
        toast = _Toast(text, "warning" if warning else "info", self._host)
        toast.installEventFilter(self)
        self._toasts.append(toast)
        while len(self._toasts) > _MOST_TOASTS:
            self._remove(self._toasts[0])
        timer = QTimer(toast)
        timer.setSingleShot(True)
        timer.timeout.connect(lambda: self._remove(toast))
        timer.start(_TOAST_TIME_WARNING_MS if warning else _TOAST_TIME_MS)
        toast.show()
        self._place()
        while len(self._toasts) > 1 and self._toasts[0].y() < 0:
            self._remove(self._toasts[0])

    def clear(self) -> None:
        """Take all of them away."""
        for toast in list(self._toasts):
            self._remove(toast)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's name
        """Follow the widget's size; take a clicked toast away."""
        if event is not None and event.type() == QEvent.Type.Resize and watched is self._host:
            self._place()
        if (
            event is not None
            and event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(watched, _Toast)
        ):
            self._remove(watched)
            return True
        return False

    def _remove(self, toast: _Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        bottom = self._host.height() - 16
        for toast in reversed(self._toasts):
            toast.fit()
            bottom -= toast.height()
            toast.move(16, bottom)
            toast.raise_()
            bottom -= 8
