"""The menus, and the keys that work on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMenu

from plqy_rig.gui.themes import THEMES, theme
from plqy_rig.gui.widgets.pages import KeyHelp

if TYPE_CHECKING:
    from plqy_rig.gui.window.main_window import MainWindow


class Menus(QObject):
    """Makes the menus of a window and keeps them true."""

    def __init__(self, window: MainWindow) -> None:
        """Fill the window's menu bar."""
        # A QObject: what it is connected to is let go when the window is gone.
        super().__init__(window)
        self._window = window
        self._keys: list[KeyHelp] = []
        bar = window.menuBar()
        assert bar is not None  # Qt makes it when asked
        self._bar = bar
        self._make_file()
        self._make_run()
        self._make_view()
        self._make_help()
        self.refresh()

    @property
    def key_help(self) -> tuple[KeyHelp, ...]:
        """Get the keys that work everywhere."""
        return tuple(self._keys)

    def refresh(self) -> None:
        """Only what makes sense now can be chosen."""
        session = self._window.session
        rig = session.rig
        under_way = session.connected and rig.run_under_way
        self.pause.setEnabled(under_way)
        self.pause.setText("Continue" if rig.state in ("paused", "pausing") else "Pause")
        self.abort.setEnabled(under_way)
        self.make_safe.setEnabled(session.connected and rig.idle)
        self.detach.setEnabled(session.address is not None)

    def _make_file(self) -> None:
        window, menu = self._window, self._menu("&File")
        start = window.rig_page.start
        self._add(menu, "Open a rig file…", "Ctrl+O", start.rig_tile.click)
        self._add(menu, "Simulated bench", "Ctrl+B", self._open_bench)
        self.detach = self._add(menu, "Leave this rig", "", window.detach)
        menu.addSeparator()
        self._add(menu, "Close the window", "Ctrl+Q", window.close)

    def _open_bench(self) -> None:
        if self._window.session.address is None:
            self._window.show_page(self._window.rig_page.title)
            self._window.rig_page.start.bench_tile.click()

    def _make_run(self) -> None:
        window, menu = self._window, self._menu("&Run")
        self.pause = self._add(menu, "Pause", "Ctrl+P", window.header.pause_or_resume, "pause, or go on")
        self.abort = self._add(menu, "Abort…", "Ctrl+.", window.ask_abort, "abort the run, after a question")
        self.make_safe = self._add(
            menu,
            "Make safe",
            "Ctrl+M",
            lambda: window.session.command("make_safe", {}),
            "make the rig safe, verified",
        )
        menu.addSeparator()
        self.emergency = self._add(
            menu, "EMERGENCY OFF", "F12", window.press_emergency_off, "EMERGENCY OFF (also Ctrl+Shift+Esc)"
        )
        self.emergency.setShortcuts([QKeySequence("F12"), QKeySequence("Ctrl+Shift+Esc")])

    def _make_view(self) -> None:
        window, menu = self._window, self._menu("&View")
        for number, title in enumerate(window.shelf.titles, start=1):
            self._add(menu, title, f"Ctrl+{number}", _shower(window, title), f"page {title}")
        menu.addSeparator()
        shown = window.operator_dock.toggleViewAction()
        assert shown is not None  # every dock has one
        menu.addAction(shown)
        menu.addMenu(self._themes())
        self._add(menu, "Next theme", "Ctrl+T", self._next_theme, "light, dark, dark room, as the system")
        self._add(menu, "Larger text", "Ctrl++", lambda: self._step_font(1))
        self._add(menu, "Smaller text", "Ctrl+-", lambda: self._step_font(-1))
        self._add(menu, "Full screen", "F11", self._full_screen)
        self._add(menu, "Close the newest message", "Esc", window.close_message)

    def _themes(self) -> QMenu:
        menu = QMenu("Theme", self._bar)
        group = QActionGroup(menu)
        choices = [
            (theme.FOLLOW_SYSTEM, "As the system"),
            *((name, each.title) for name, each in THEMES.items()),
        ]
        self._theme_actions: dict[str, QAction] = {}
        for name, title in choices:
            action = QAction(title, menu)
            action.setCheckable(True)
            action.triggered.connect(_chooser(name))
            group.addAction(action)
            menu.addAction(action)
            self._theme_actions[name] = action
        theme.on_change(self._mark_theme)
        self._mark_theme()
        return menu

    def _mark_theme(self) -> None:
        self._theme_actions[theme.manager().choice].setChecked(True)

    def _next_theme(self) -> None:
        names = [*THEMES, theme.FOLLOW_SYSTEM]
        theme.manager().choose(names[(names.index(theme.manager().choice) + 1) % len(names)])

    def _step_font(self, by: int) -> None:
        sizes, size = theme.FONT_SIZES_PT, theme.manager().font_size_pt
        nearest = min(range(len(sizes)), key=lambda index: abs(sizes[index] - size))
        wanted = sizes[min(max(nearest + by, 0), len(sizes) - 1)]
        theme.manager().choose(theme.manager().choice, wanted)

    def _full_screen(self) -> None:
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def _make_help(self) -> None:
        menu = self._menu("&Help")
        self._add(menu, "Keys", "F1", self._window.show_keys, "this list")
        self._add(menu, "Copy diagnostics", "", self._window.log_page.copy_diagnostics)

    def _menu(self, title: str) -> QMenu:
        menu = self._bar.addMenu(title)
        assert menu is not None  # just made
        return menu

    def _add(self, menu: QMenu, text: str, keys: str, act: Callable[[], object], does: str = "") -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
            self._keys.append(KeyHelp(keys, does or text.rstrip("…").lower()))
        action.triggered.connect(lambda: act())
        menu.addAction(action)
        return action


def _shower(window: MainWindow, title: str) -> Callable[[], None]:
    return lambda: window.show_page(title)


def _chooser(name: str) -> Callable[[], None]:
    return lambda: theme.manager().choose(name)
