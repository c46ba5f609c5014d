"""The window: navigation at the left, the rig's state above, a page in the middle, panels beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import (
    QDialog,
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.emergency.view import EmergencyDialog
from plqy_rig.gui.host_link.host_process import HostProcess, HostRequest, start_host
from plqy_rig.gui.host_link.session import CONNECTION, CommandError, Session
from plqy_rig.gui.host_link.wire import Message
from plqy_rig.gui.log.page import LogPage, WindowLog
from plqy_rig.gui.rig.page import RigPage
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.pages import KeyHelp, Page
from plqy_rig.gui.widgets.questions import DESTRUCTIVE, REJECT, ask
from plqy_rig.gui.window.closing import Closing
from plqy_rig.gui.window.header import HeaderBar
from plqy_rig.gui.window.keys_dialog import KeysDialog
from plqy_rig.gui.window.menus import Menus
from plqy_rig.gui.window.messages import MessageBar, Toasts
from plqy_rig.gui.window.navigation import NavigationBar
from plqy_rig.gui.window.page_list import make_operator_panel
from plqy_rig.gui.window.page_shelf import PageShelf
from plqy_rig.gui.window.settings import Settings

log = logging.getLogger(__name__)

_FIRST_SIZE = (1280, 820)
_SMALLEST_SIZE = (960, 600)
_OPERATOR_WIDTH = 370


class MainWindow(QMainWindow):
    """Everything an operator sees. Holds no state of the rig: that is the session's, and the host's."""

    def __init__(self, session: Session | None = None, settings: Settings | None = None) -> None:
        """Build the window without a host.

        Args:
            session: to show; a new one when None.
            settings: what is remembered; the user's own when None.
        """
        super().__init__()
        self.session = session or Session(self)
        self.settings = settings or Settings()
        self.host_process: HostProcess | None = None
        self.window_log = WindowLog()
        logging.getLogger("plqy_rig").addHandler(self.window_log)
        self._may_close = False
        self._was_connected = False
        self._operator_was_asked = False
        self._make_parts()
        self._lay_out()
        self._join()
        self.menus = Menus(self)
        self._restore()
        self.show_page(self.rig_page.title)
        # Enter starts with the simulated bench; and no key presses a page's button by accident.
        self.rig_page.start.bench_tile.setFocus()
        if self.session.connected:
            self.session.tell_again()
        # After the first paint: whoever starts the window sees it at once.
        self.shelf.begin()

    # -- what others call -----------------------------------------------------------------------------

    @property
    def pages(self) -> Sequence[Page]:
        """Get the pages, from top to bottom of the navigation; makes those that aren't there yet."""
        return self.shelf.make_all()

    @property
    def shown_page(self) -> Page | None:
        """Get the page that is shown."""
        return self.shelf.shown

    def page(self, title: str) -> Page:
        """The page of this title.

        Raises:
            KeyError: there is none.
        """
        return self.shelf.page(title)

    def show_page(self, title: str) -> None:
        """Show a page; an unknown title changes nothing."""
        self.shelf.show_page(title)

    def open_host(self, request: HostRequest) -> None:
        """Start a host, or join the one that runs the rig already; returns at once."""
        self.rig_page.start.set_busy(f"Starting {request.words}: connecting every instrument …")
        if request.rig is not None:
            self.settings.remember_rig(request.rig.resolve())
        self.session.in_background(lambda: _find_or_start(request), self._host_is_there, self._host_failed)

    def attach(self, address: Any) -> None:
        """Join a running host."""
        self.rig_page.start.set_busy(f"Connecting to {address.rig_name} …")
        self._when_ready(lambda: self.session.attach(address))

    def detach(self) -> None:
        """Leave the rig; its host goes on. Another one can be chosen."""
        self.session.detach()
        self.show_page(self.rig_page.title)

    def press_emergency_off(self) -> None:
        """Take the light off now."""
        self.emergency.press(self.session)

    def ask_abort(self) -> None:
        """Abort the run, after a question."""
        if not self.session.rig.run_under_way:
            return
        text = "Abort the run?"
        more = (
            "The light goes off at once. Every exposure that is saved stays saved; "
            "the run can be resumed later."
        )
        abort = {"reason": "aborted at the window"}
        self.question = ask(
            self,
            "Abort",
            text,
            more,
            (
                ("Go on measuring", REJECT, lambda: None),
                ("Abort the run", DESTRUCTIVE, lambda: self.session.command("abort", abort)),
                ("Cancel", REJECT, lambda: None),
            ),
        )

    def show_keys(self) -> QDialog:
        """Show the list of keys."""
        groups: list[tuple[str, Sequence[KeyHelp]]] = [("Everywhere", self.menus.key_help)]
        groups += [(page.title, page.key_help) for page in self.pages]
        dialog = KeysDialog(groups, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        return dialog

    def close_message(self) -> None:
        """Take away the newest message, or the toasts."""
        if not self.message_bar.close_newest():
            self.toasts.clear()

    def close_without_asking(self) -> None:
        """Close, whatever goes on; the host goes on."""
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Close, or ask first."""
        if event is None:
            return
        if not self._may_close and not self._may_close_now():
            event.ignore()
            return
        self._remember()
        self.session.close()
        logging.getLogger("plqy_rig").removeHandler(self.window_log)
        event.accept()

    # -- inside ---------------------------------------------------------------------------------------

    def _may_close_now(self) -> bool:
        if self.emergency.under_way:
            # It works in this process: without the window nobody would end a host that hangs.
            self.emergency.come_up()
            return False
        return self.closing.may_close()

    def _make_parts(self) -> None:
        self.setWindowTitle("PLQY rig")
        self.setMinimumSize(*_SMALLEST_SIZE)
        self.header = HeaderBar(self.session)
        self.navigation = NavigationBar()
        self.message_bar = MessageBar()
        self.emergency = EmergencyDialog(self)
        self.rig_page = RigPage(self.session, self.settings)
        self.log_page = LogPage(self.session, self.window_log)
        self.shelf = PageShelf(self.session, self.rig_page, self.log_page)
        for number, entry in enumerate(self.shelf.entries, start=1):
            self.navigation.add(entry.title, entry.icon_name, f"Ctrl+{number}")
        self.closing = Closing(self, self.session, lambda: self.shelf.made_pages, self.close_without_asking)

    def _lay_out(self) -> None:
        # A main window of its own: the panels stand beside the page and below the header.
        self.desk = QMainWindow()
        self.desk.setWindowFlags(Qt.WindowType.Widget)
        self.desk.setObjectName("window")
        # A panel that slides in lays out and paints the whole page a dozen times.
        self.desk.setAnimated(False)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message_bar)
        column.addWidget(self.shelf, 1)
        self.desk.setCentralWidget(middle)
        self.operator_dock = self._make_operator_dock()
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.navigation)
        row.addWidget(self.desk, 1)
        whole = QWidget()
        whole.setObjectName("window")
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addLayout(row, 1)
        self.setCentralWidget(whole)
        self.toasts = Toasts(self.desk)

    def _make_operator_dock(self) -> QDockWidget:
        dock = QDockWidget("Operator", self.desk)
        dock.setObjectName("operator")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setMinimumWidth(_OPERATOR_WIDTH)
        dock.setWidget(area)
        self.desk.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        dock.hide()
        self.shelf.ready.connect(lambda: area.setWidget(make_operator_panel(self.session)))
        return dock

    def _when_ready(self, deed: Callable[[], None]) -> None:
        """Do it as soon as every page is there to hear of it."""
        if self.shelf.all_made:
            deed()
        else:
            self.shelf.ready.connect(deed)

    def _join(self) -> None:
        session = self.session
        session.message.connect(self.message_bar.show_message)
        session.page_wanted.connect(self.show_page)
        session.connected_changed.connect(self._connection_changed)
        session.rig.changed.connect(self._changed)
        session.rig.notice.connect(self.toasts.show_notice)
        self.navigation.chosen.connect(self.show_page)
        self.shelf.shown_changed.connect(self.navigation.mark)
        self.shelf.made.connect(self.navigation.follow)
        self.header.pause_wanted.connect(lambda: session.command("pause", {"reason": "at the window"}))
        self.header.resume_wanted.connect(lambda: session.command("resume", {}))
        self.header.abort_wanted.connect(self.ask_abort)
        self.header.emergency_wanted.connect(self.press_emergency_off)
        self.rig_page.start.host_wanted.connect(self.open_host)
        self.rig_page.start.attach_wanted.connect(self.attach)
        self.rig_page.report.other_button.clicked.connect(self.detach)
        self.log_page.copied.connect(lambda text: self.toasts.show_notice(text, False))

    def _host_is_there(self, found: tuple[HostProcess | None, Any]) -> None:
        process, address = found
        self.host_process = process or self.host_process
        self._when_ready(lambda: self.session.attach(address, ours=process is not None))

    def _host_failed(self, error: CommandError) -> None:
        self.rig_page.start.set_busy("")
        hint = "Check the rig file and the cables; the page Log has more."
        self.session.tell(error.message, "bad", "open the rig", hint)

    def _connection_changed(self, connected: bool, why: str) -> None:
        if connected:
            self.message_bar.remove_where(CONNECTION)
            if self._was_connected:
                self.toasts.show_notice("Connected again; what was missed is shown.", False)
        elif self.session.address is not None:
            hint = (
                "It is being looked for. A run goes on without this window; EMERGENCY OFF works nevertheless."
            )
            self.session.message.emit(Message(why, "warning", CONNECTION, hint))
        else:
            self.message_bar.remove_where(CONNECTION)
        self._was_connected = self.session.address is not None and (self._was_connected or connected)
        self.menus.refresh()

    def _changed(self, topic: str) -> None:
        if topic == "rig":
            name = str(self.session.rig.rig.get("name") or "")
            self.setWindowTitle(f"{name} – PLQY rig" if name else "PLQY rig")
        elif topic == "engine":
            self.menus.refresh()
            self._show_operator()

    def _show_operator(self) -> None:
        asked = self.session.rig.question is not None
        if asked != self._operator_was_asked:
            self._operator_was_asked = asked
            self.operator_dock.setVisible(asked)
            if asked:
                self.operator_dock.raise_()

    def _restore(self) -> None:
        self.resize(*_FIRST_SIZE)
        self.restoreGeometry(self.settings.data("geometry"))
        self.desk.restoreState(self.settings.data("docks"))
        self.operator_dock.hide()

    def _remember(self) -> None:
        self.settings.remember("geometry", self.saveGeometry())
        self.settings.remember("docks", self.desk.saveState())
        self.settings.remember("theme", theme.manager().choice)
        self.settings.remember("font_size_pt", theme.manager().font_size_pt)
        self.settings.save()


def _find_or_start(request: HostRequest) -> tuple[HostProcess | None, Any]:
    """The host that runs a rig, started if need be; the process is None when it ran already."""
    from plqy_rig.server.discovery import find_host

    if request.rig is not None:
        running = find_host(request.rig.resolve())
        if running is not None:
            return None, running
    return start_host(request)
