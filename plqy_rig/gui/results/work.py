"""Work that takes longer than a frame, done in threads; its outcome comes back into Qt's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PyQt6.QtCore import QObject, Qt, pyqtSignal

from drivers.errors import RigError

Found = TypeVar("Found")


class Ticket:
    """One piece of work that was asked for.

    Attributes:
        cancelled: whether nobody wants the outcome any more; long work looks at it now and then.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self.future: Future[Any] | None = None

    def cancel(self) -> None:
        """Forget about it: what has not begun never does, what has begun is thrown away."""
        self.cancelled = True
        if self.future is not None:
            self.future.cancel()


class Workshop(QObject):
    """Threads for reading, evaluating and drawing.

    Errors that are meant for people (of the rig, of files, of values) go to `failed` as their sentence; any
    other is a mistake of the program and is raised in Qt's thread, where the window shows and logs it.
    """

    _ended = pyqtSignal(object, object, object, object)
    busy_changed = pyqtSignal(int)
    """How many pieces of work are under way."""

    def __init__(self, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="results")
        self._under_way = 0
        self._closed = False
        # Once it is closed no thread emits: Qt may be deleting this object just then.
        self._emitting = threading.RLock()
        self._ended.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]

    @property
    def is_idle(self) -> bool:
        """Get whether nothing is under way."""
        return self._under_way == 0

    def start(
        self,
        work: Callable[[Ticket], Found],
        done: Callable[[Found], None],
        failed: Callable[[str], None],
    ) -> Ticket:
        """Do `work` in a thread, then `done` (or `failed`) here.

        Args:
            work: gets its ticket, so that it can stop early when it was cancelled.
            done: gets what the work found.
            failed: gets a sentence.
        """
        ticket = Ticket()
        if self._closed:
            ticket.cancel()
            return ticket
        future = self._threads.submit(work, ticket)
        ticket.future = future
        self._under_way += 1
        self.busy_changed.emit(self._under_way)
        # The callback runs in the worker's thread: the queued signal brings the outcome over.
        future.add_done_callback(lambda ended: self._tell(ticket, ended, done, failed))
        return ticket

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself and is thrown away."""
        with self._emitting:
            self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Begin nothing more and wait for what is under way; for the end of a test or of the program."""
        with self._emitting:
            self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _tell(self, ticket: Ticket, ended: Future[Any], done: object, failed: object) -> None:
        with self._emitting:
            if not self._closed:
                self._ended.emit(ticket, ended, done, failed)

    def _hand_over(
        self,
        ticket: Ticket,
        ended: Future[Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None],
    ) -> None:
        self._under_way -= 1
        self.busy_changed.emit(self._under_way)
        # Closed since it was sent on its way: the page that waited for it may be gone.
        if self._closed or ticket.cancelled or ended.cancelled():
            return
        try:
            found = ended.result()
        except CancelledError:
            return
        except (RigError, OSError, ValueError) as error:
            # Calibration errors are ValueErrors; their sentences are written for people.
            failed(str(error))
            return
        done(found)
