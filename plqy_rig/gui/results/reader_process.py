"""A process of its own for reading and evaluating runs: in a thread it would hold up the window's drawing."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

from plqy_rig.data import StorageError
from plqy_rig.gui.results.opener import RunOpener
from plqy_rig.gui.results.reading import Choices, OpenRun, Reading

if TYPE_CHECKING:
    from plqy_rig.gui.results.work import Ticket

_opener = RunOpener()
"""The worker's own: it keeps the runs that were read last."""


class ReaderProcess:
    """Reads and evaluates runs in one worker process, which begins with the first request.

    Runs come back one by one (a few megabytes each), so that taking them over never takes long either.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._process_id: Future[int] | None = None
        self._lock = Lock()
        self._closed = False

    def read(self, paths: Sequence[Path], choices: Choices, ticket: Ticket) -> Reading:
        """All these runs under the same choices; those that can't be read are told, not raised. For a thread.

        Raises:
            StorageError: the worker process ended; the next request begins a new one.
        """
        runs: list[OpenRun] = []
        problems: list[tuple[Path, str]] = []
        asked: list[Future[Reading]] = []
        try:
            asked = [self._begun().submit(_read_one, path, choices) for path in paths]
            for future in asked:
                if ticket.cancelled:
                    break
                found = future.result()
                runs += found.runs
                problems += found.problems
        except BrokenExecutor as error:
            self._forget()
            raise StorageError(
                "The process that evaluates runs ended unexpectedly. Nothing was lost: choose the runs again."
            ) from error
        finally:
            for future in asked:
                future.cancel()
        return Reading(choices, tuple(runs), tuple(problems))

    @property
    def process_id(self) -> int | None:
        """Get the worker's process id, as soon as it has begun; None where none was asked for."""
        with self._lock:
            told = self._process_id
        return None if told is None else told.result()

    def warm_up(self) -> None:
        """Begin the process now: it takes some seconds until it is ready, the first time."""
        self._begun()

    def close(self) -> None:
        """End the process, as soon as it is through with the run it is at."""
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

    def _forget(self) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _read_one(path: Path, choices: Choices) -> Reading:
    return _opener.read([path], choices)


def _live_with_the_window() -> None:
    """Leave keys to the window, and end when it ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="end with the window", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
