"""The window's connection to a host: commands out, events in, and back again when the host was away.

Nothing here blocks the event loop: connecting, commands and discovery happen in threads; what they bring
is handed over to the GUI thread in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from drivers.errors import RigError
from plqy_rig.gui.host_link.live_run import LiveRun
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.host_link.run_follower import RunFollower
from plqy_rig.gui.host_link.wire import (
    Client,
    CommandError,
    Connect,
    Find,
    Message,
    command_error,
    connect_to_host,
    find_running_host,
)

__all__ = ["CommandError", "Message", "Session"]

log = logging.getLogger(__name__)

Done = Callable[[dict[str, Any]], object]
Failed = Callable[[CommandError], object]

DRAIN_INTERVAL_MS = 33
TURN_BUDGET_S = 0.012
"""Real seconds of one turn of the event loop that taking events may use, or what threads bring; the rest
waits for the next."""

_RETRY_INTERVAL_MS = 700

CONNECTION = "connection to the host"
"""What messages about the connection are about; they go when it is back."""


class Session(QObject):
    """One window's view of one host.

    Signals:
        connected_changed(bool, str): connected or not, and why not in a sentence.
        snapshot(dict): each snapshot, after `rig` has taken it.
        event_received(dict): each event, in order, after `rig` and `run` have taken it.
        message(Message): for the message bar.
        page_wanted(str): a page asks for another one, by its title.
        closing(): the window is about to be deleted; threads of pages must tell nothing from now on.

    Attributes:
        rig: the rig as the host says it is.
        run: the documents of the present or last run.
    """

    connected_changed = pyqtSignal(bool, str)
    snapshot = pyqtSignal(dict)
    event_received = pyqtSignal(dict)
    message = pyqtSignal(object)
    page_wanted = pyqtSignal(str)
    closing = pyqtSignal()
    _wake = pyqtSignal()
    _call = pyqtSignal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        connect: Connect = connect_to_host,
        find: Find = find_running_host,
    ) -> None:
        """Begin without a host; `attach` connects.

        Args:
            parent: Qt's parent.
            connect: makes a client; tests give another one.
            find: finds a host that came back; tests give another one.
        """
        super().__init__(parent)
        self.rig = RigModel(self)
        self.run = LiveRun(self)
        self.address: Any = None
        self.host_is_ours = False
        """Whether this window started the host, as a child that may outlive it."""
        self._connect, self._find = connect, find
        self._client: Client | None = None
        self._connection = 0
        self._closed = False
        # Once it is closed no other thread emits: Qt may be deleting this object just then.
        self._emitting = threading.RLock()
        self._incoming: deque[tuple[int, dict[str, Any]]] = deque()
        self._deeds: deque[Callable[[], object]] = deque()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="session")
        self._documents = RunFollower(self.run, self.command)
        self._drain_timer = QTimer(self)
        self._drain_timer.setSingleShot(True)
        self._drain_timer.timeout.connect(self._drain)
        self._deeds_timer = QTimer(self)
        self._deeds_timer.setSingleShot(True)
        self._deeds_timer.timeout.connect(self._do_what_is_due)
        self._retry_timer = QTimer(self)
        self._retry_timer.setInterval(_RETRY_INTERVAL_MS)
        self._retry_timer.setSingleShot(True)
        self._retry_timer.timeout.connect(self._try_again)
        self._wake.connect(self._start_draining)
        self._call.connect(self._line_up)

    # -- connection -----------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Get whether commands reach a host."""
        return self._client is not None

    @property
    def simulated(self) -> bool:
        """Get whether the host's rig is a bench."""
        return self.rig.simulated

    def attach(self, address: Any, *, ours: bool = False) -> None:
        """Connect to a host; `connected_changed` and `snapshot` tell when it is done.

        Args:
            address: of the host, from `plqy_rig.server.discovery`.
            ours: whether this window started it.
        """
        self._hang_up()
        self.address, self.host_is_ours = address, ours
        self._begin_connecting()

    def detach(self) -> None:
        """Hang up and stay away; the host goes on."""
        self._hang_up()
        self.address = None
        self.connected_changed.emit(False, "")

    def close(self) -> None:
        """Hang up for good; callable twice."""
        if self._closed:
            return
        self.closing.emit()
        with self._emitting:
            self._closed = True
        self._hang_up()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def tell_again(self) -> None:
        """Tell everything that is known once more, for a window that came after it."""
        self.connected_changed.emit(self.connected, "")
        self.rig.tell_all()

    # -- commands -------------------------------------------------------------------------------------

    def command(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        done: Done | None = None,
        failed: Failed | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """Send a command; returns at once.

        Args:
            name: of the command.
            arguments: its arguments.
            done: takes the result, in the GUI thread.
            failed: takes the `CommandError`, in the GUI thread; the message bar shows it when None.
            timeout_s: real seconds to wait for the reply.
        """
        client = self._client
        if client is None:
            why = "There is no connection to the rig's host."
            self._fail(CommandError("HostGoneError", why, 3, name), failed)
            return

        def work() -> None:
            try:
                result = client.command(name, arguments, timeout_s)
            except RigError as error:
                fault = command_error(name, error)
                self._later(lambda: self._fail(fault, failed))
            else:
                if done is not None:
                    self._later(lambda: done(result))

        self._pool.submit(work)

    def in_background(
        self, work: Callable[[], Any], done: Callable[[Any], object], failed: Failed | None = None
    ) -> None:
        """Do something slow in a thread; `done` gets what it returned, in the GUI thread.

        `RigError`, `OSError` and `ValueError` go to `failed`, or to the message bar when it is None.
        """

        def guarded() -> None:
            try:
                result = work()
            except (RigError, OSError, ValueError) as error:
                fault = command_error("", error)
                self._later(lambda: self._fail(fault, failed))
            else:
                self._later(lambda: done(result))

        if not self._closed:
            self._pool.submit(guarded)

    def tell(self, text: str, state: str = "bad", where: str = "", hint: str = "") -> None:
        """Show something in the message bar."""
        self.message.emit(Message(text, state, where, hint))

    # -- inside ---------------------------------------------------------------------------------------

    def _fail(self, error: CommandError, failed: Failed | None) -> None:
        if failed is not None:
            failed(error)
        else:
            self.message.emit(_message_of(error))

    def _line_up(self, deed: Callable[[], object]) -> None:
        self._deeds.append(deed)
        if not self._deeds_timer.isActive():
            self._deeds_timer.start(0)

    def _do_what_is_due(self) -> None:
        """In order, as many as a turn has time for: five replies at once may each draw a page."""
        end = time.perf_counter() + TURN_BUDGET_S
        try:
            while self._deeds and not self._closed and time.perf_counter() < end:
                self._deeds.popleft()()
        finally:
            # Also after a mistake in one of them, which the window tells.
            if self._deeds and not self._closed:
                self._deeds_timer.start(0)

    def _later(self, deed: Callable[[], object]) -> None:
        """Do it in the GUI thread, unless the window has gone meanwhile."""
        with self._emitting:
            if not self._closed:
                self._call.emit(deed)

    def _hang_up(self) -> None:
        self._connection += 1
        self._retry_timer.stop()
        self._incoming.clear()
        self._documents.stop()
        client, self._client = self._client, None
        if client is not None:
            _close_in_background(client)

    def _begin_connecting(self) -> None:
        number, address = self._connection, self.address

        def on_event(event: dict[str, Any]) -> None:
            self._incoming.append((number, event))
            self._wake_up()

        def on_closed(reason: str) -> None:
            self._later(lambda: self._lost(number, reason))

        def work() -> None:
            try:
                client = self._connect(address, on_event, on_closed)
            except (RigError, OSError) as error:
                why = str(error)
                self._later(lambda: self._lost(number, why))
            else:
                self._later(lambda: self._have(number, client))

        self._pool.submit(work)

    def _wake_up(self) -> None:
        with self._emitting:
            if not self._closed:
                self._wake.emit()

    def _have(self, number: int, client: Client) -> None:
        if number != self._connection:
            _close_in_background(client)
            return
        self._client = client
        self.connected_changed.emit(True, "")
        self._start_draining()

    def _lost(self, number: int, reason: str) -> None:
        if number != self._connection or self._closed:
            return
        was_connected = self._client is not None
        self._drain_all()
        self._hang_up()
        if was_connected:
            log.warning("the host is gone: %s", reason)
        self.connected_changed.emit(False, reason or "The host is gone.")
        self._retry_timer.start()

    def _try_again(self) -> None:
        number, address = self._connection, self.address
        if address is None or self._closed:
            return

        def found(new: Any) -> None:
            if number != self._connection or self._closed:
                return
            if new is None:
                self._retry_timer.start()
                return
            self.host_is_ours = self.host_is_ours and new.pid == address.pid
            self.address = new
            self._begin_connecting()

        self.in_background(lambda: self._find(Path(address.rig)), found, lambda _: found(None))

    # -- events ---------------------------------------------------------------------------------------

    def _start_draining(self) -> None:
        if self._client is not None and not self._drain_timer.isActive():
            self._drain_timer.start(DRAIN_INTERVAL_MS)

    def _drain(self) -> None:
        end = time.perf_counter() + TURN_BUDGET_S
        while self._incoming and time.perf_counter() < end:
            self._take(*self._incoming.popleft())
        if self._incoming:
            self._drain_timer.start(0)

    def _drain_all(self) -> None:
        while self._incoming:
            self._take(*self._incoming.popleft())

    def _take(self, number: int, event: dict[str, Any]) -> None:
        if number != self._connection:
            return
        if event.get("event") == "snapshot":
            self._take_snapshot(event["snapshot"])
            return
        self.rig.take_event(event)
        if event.get("event") == "document":
            self._documents.take(event)
        self.event_received.emit(event)

    def _take_snapshot(self, snapshot: dict[str, Any]) -> None:
        self.rig.take_snapshot(snapshot)
        uid = (snapshot.get("run") or {}).get("uid")
        if uid is None:
            self.run.clear()
        else:
            self._documents.fetch(str(uid))
        self.snapshot.emit(snapshot)


def _message_of(error: CommandError) -> Message:
    command = error.command.replace("_", " ")
    if error.kind == "HostGoneError":
        # Goes with the connection's own message as soon as the host is back.
        return Message(error.message, "warning", CONNECTION, f"It was asked to {command}." if command else "")
    return Message(error.message, "bad", where=command)


def _close_in_background(client: Client) -> None:
    """Hang up in a thread: a host that hangs doesn't answer to a goodbye either."""
    threading.Thread(target=client.close, name="hang up", daemon=True).start()
