"""The window as a program: `plqy gui`."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Sequence
from types import TracebackType

from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QEvent, QTimer
from PyQt6.QtWidgets import QApplication

from plqy_rig.gui.garbage import collect_in_this_thread_alone
from plqy_rig.gui.host_link.host_process import HostRequest
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.main_window import MainWindow
from plqy_rig.gui.window.settings import APPLICATION, ORGANISATION, Settings

log = logging.getLogger(__name__)

_SIGNAL_LOOK_MS = 200
_SWITCH_INTERVAL_S = 0.0005
"""How long another thread may go on when the window's wants Python's interpreter, which each of Qt's calls
gives away. Ten waits of Python's own 5 ms would be felt."""


def make_application(arguments: Sequence[str] = ("plqy gui",)) -> QApplication:
    """The QApplication, dressed as it was the last time."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(list(arguments))
    application.setOrganizationName(ORGANISATION)
    application.setApplicationName(APPLICATION)
    application.setApplicationDisplayName("PLQY rig")
    application.setStyle("Fusion")
    settings = Settings()
    size_pt = settings.number("font_size_pt", theme.DEFAULT_FONT_SIZE_PT)
    collect_in_this_thread_alone(application)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    theme.manager().choose(settings.text("theme", theme.FOLLOW_SYSTEM), size_pt)
    application.setWindowIcon(theme.icon("rig", theme.current().accent))
    return application


def run(request: HostRequest | None = None) -> int:
    """Show the window until it is closed; returns the exit code.

    Args:
        request: the host to join or to start; None begins with the choice.
    """
    application = make_application()
    window = MainWindow()
    _tell_mistakes(window)
    _close_on_interrupt(application, window)
    window.show()
    if request is not None:
        window.open_host(request)
    code = application.exec()
    # With all its children, before Python clears up in an order of its own.
    sip.delete(window)
    delete_what_is_due()
    return code


def delete_what_is_due() -> None:
    """Delete what waits for the event loop to be deleted: it doesn't run any more.

    Qt would do it at the very end of the process, when the screen it was drawn on is gone, and crash.
    """
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _tell_mistakes(window: MainWindow) -> None:
    """A mistake in a page must not end the window, which holds EMERGENCY OFF."""

    def tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        log.error("a mistake in the window", exc_info=(kind, error, traceback))
        hint = "The rig goes on. Copy the diagnostics (page Log) and tell whoever looks after the program."
        window.session.tell(f"{kind.__name__}: {error}", "bad", "a mistake in the window", hint)

    sys.excepthook = tell


def _close_on_interrupt(application: QApplication, window: MainWindow) -> None:
    """Ctrl-C at the terminal closes the window, with its question if a run goes on."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    # Python looks at signals only when it runs; Qt's loop alone would never let it.
    timer = QTimer(application)
    timer.timeout.connect(lambda: None)
    timer.start(_SIGNAL_LOOK_MS)
