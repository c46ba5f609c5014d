"""A process of its own for what would hold up the window's drawing in a thread. Light: it begins quickly."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

from plqy_rig.data.errors import StorageError

_NICENESS = 5

Found = TypeVar("Found")
Given = ParamSpec("Given")


class WorkerProcess:
    """Does pieces of work one after the other in one process, which begins with the first.

    The process ends with the window, however that ends.
    """

    def __init__(self, ended_sentence: str) -> None:
        """Begin nothing yet.

        Args:
            ended_sentence: what is told when the process ended in the middle of its work, and what to do.
        """
        self._ended_sentence = ended_sentence
        self._pool: ProcessPoolExecutor | None = None
        self._process_id: Future[int] | None = None
        self._lock = Lock()
        self._closed = False

    def submit(
        self, work: Callable[Given, Found], *values: Given.args, **named: Given.kwargs
    ) -> Future[Found]:
        """Ask for a piece of work: a function of a module, and values that can be pickled.

        Raises:
            StorageError: it was closed.
        """
        try:
            return self._begun().submit(work, *values, **named)
        except BrokenExecutor as error:
            raise self._told() from error

    def result(self, asked: Future[Found]) -> Found:
        """Wait for what was asked for; for a thread. Its own errors come as they are.

        Raises:
            StorageError: the process ended; the next request begins a new one.
        """
        try:
            return asked.result()
        except BrokenExecutor as error:
            raise self._told() from error

    @property
    def process_id(self) -> int | None:
        """Get the process id, as soon as it has begun; None where nothing was asked for."""
        with self._lock:
            told = self._process_id
        return None if told is None else told.result()

    def close(self) -> None:
        """End the process, as soon as it is through with the piece of work it is at."""
        self._closed = True
        self._forget()

    def _begun(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise StorageError("The page was closed.")
            if self._pool is None:
                # Not forked: the window has threads, and Qt doesn't survive it.
                spawn = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_live_with_the_window)
                # Not waited for here: who closes the page waits for this lock, in the window's own thread.
                self._process_id = self._pool.submit(os.getpid)
            return self._pool

    def _told(self) -> StorageError:
        self._forget()
        return StorageError(self._ended_sentence)

    def _forget(self) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _live_with_the_window() -> None:
    """Leave keys and, where processors are few, their time to the window and the rig's host; end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(_NICENESS)
    Thread(target=_end_with_parent, name="end with the window", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
