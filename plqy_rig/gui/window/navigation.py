"""The list of pages at the left."""

from __future__ import annotations

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import Page

_WIDTH = 172


class NavigationBar(QFrame):
    """One button per page, with icon, name and a short text such as how many wait.

    Signals:
        chosen(str): the title of the page to show.
    """

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "side")
        self.setFixedWidth(_WIDTH)
        self._buttons: dict[str, QPushButton] = {}
        self._icons: dict[str, str] = {}
        self._shown = ""
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 8, 0, 8)
        self._layout.setSpacing(2)
        self._layout.addStretch()
        theme.on_change(self._draw)

    @property
    def titles(self) -> list[str]:
        """Get the titles, from top to bottom."""
        return list(self._buttons)

    def add(self, title: str, icon_name: str, keys: str) -> None:
        """Add a page below the others.

        Args:
            title: of the page.
            icon_name: of the page.
            keys: of the shortcut that shows it, for the tooltip.
        """
        button = QPushButton(title)
        button.setProperty("role", "navigation")
        button.setCheckable(True)
        button.setIconSize(QSize(20, 20))
        button.setToolTip(f"{title} ({keys})" if keys else title)
        button.clicked.connect(lambda: self.chosen.emit(title))
        self._buttons[title], self._icons[title] = button, icon_name
        self._layout.insertWidget(self._layout.count() - 1, button)
        self._draw()

    def follow(self, page: Page) -> None:
        """Show what a page wants to be shown beside its title."""
        title = page.title
        page.badge_changed.connect(lambda text: self._set_badge(title, text))

    def add_at_foot(self, widget: QWidget) -> None:
        """Add something at the foot of the bar."""
        self._layout.addWidget(widget)

    def button(self, title: str) -> QPushButton:
        """The button of a page."""
        return self._buttons[title]

    def mark(self, title: str) -> None:
        """Show which page is shown."""
        self._shown = title
        self._draw()

    def _set_badge(self, title: str, text: str) -> None:
        self._buttons[title].setText(f"{title} · {text}" if text else title)

    def _draw(self) -> None:
        colours = theme.current()
        for title, button in self._buttons.items():
            shown = title == self._shown
            button.setChecked(shown)
            button.setIcon(theme.icon(self._icons[title], colours.accent if shown else colours.muted))
