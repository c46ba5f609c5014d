"""Reads and evaluates runs in a process of its own: in a thread it would hold up the window's drawing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from plqy_rig.gui.results.opener import RunOpener
from plqy_rig.gui.results.reading import Choices, OpenRun, Reading
from plqy_rig.gui.results.worker_process import WorkerProcess

if TYPE_CHECKING:
    from plqy_rig.gui.results.work import Ticket

_opener = RunOpener()
"""The worker's own: it keeps the runs that were read last."""


class ReaderProcess(WorkerProcess):
    """Reads and evaluates runs; a second or two pass until it is ready, the first time.

    Runs come back one by one (a few megabytes each), so that taking them over never takes long either.
    """

    def __init__(self) -> None:
        super().__init__(
            "The process that evaluates runs ended unexpectedly. Nothing was lost: choose the runs again."
        )

    def warm_up(self) -> None:
        """Begin the process now, and have it load what evaluates.

        Raises:
            StorageError: it was closed.
        """
        self.submit(_be_ready)

    def read(self, paths: Sequence[Path], choices: Choices, ticket: Ticket) -> Reading:
        """All these runs under the same choices; those that can't be read are told, not raised. For a thread.

        Raises:
            StorageError: the worker process ended; the next request begins a new one.
        """
        runs: list[OpenRun] = []
        problems: list[tuple[Path, str]] = []
        asked: list[Future[Reading]] = []
        try:
            asked = [self.submit(_read_one, path, choices) for path in paths]
            for future in asked:
                if ticket.cancelled:
                    break
                found = self.result(future)
                runs += found.runs
                problems += found.problems
        finally:
            for future in asked:
                future.cancel()
        return Reading(choices, tuple(runs), tuple(problems))


def _be_ready() -> None:
    """Nothing more: to find this function the worker loads this module."""


def _read_one(path: Path, choices: Choices) -> Reading:
    return _opener.read([path], choices)
