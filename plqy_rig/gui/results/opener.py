"""Keeps the runs that were read, so that another window or range needs no second reading. No Qt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from drivers.errors import RigError
from plqy_rig.data import JOURNAL_NAME, NEXUS_NAME, Run, StorageError, WindowResult
from plqy_rig.gui.results.reading import Choices, OpenRun, Reading, load, open_run

if TYPE_CHECKING:
    from plqy_rig.gui.results.work import Ticket

_MOST_KEPT = 24
"""Runs in memory; each takes a few megabytes."""
_WHAT_TO_DO = "Nothing in it was changed: bring the folder back from a copy, or leave it out."
_Held = tuple[int, Run, WindowResult | None]


class RunOpener:
    """Reads and evaluates runs; those read last stay in memory until their files change."""

    def __init__(self) -> None:
        self._held: OrderedDict[Path, _Held] = OrderedDict()
        self._lock = Lock()

    def read(self, paths: Sequence[Path], choices: Choices, ticket: Ticket | None = None) -> Reading:
        """All these runs under the same choices; those that can't be read are told, not raised."""
        runs: list[OpenRun] = []
        problems: list[tuple[Path, str]] = []
        for path in paths:
            if ticket is not None and ticket.cancelled:
                break
            try:
                _, run, before = self._load(path)
                runs.append(open_run(path, run, before, choices))
            except StorageError as error:
                problems.append((path, f"{error} {_WHAT_TO_DO}"))
            except (RigError, OSError, ValueError) as error:
                # Calibration errors are ValueErrors.
                problems.append((path, str(error)))
        return Reading(choices, tuple(runs), tuple(problems))

    def _load(self, path: Path) -> _Held:
        changed = _changed_ns(path)
        with self._lock:
            held = self._held.get(path)
        if held is None or held[0] != changed:
            held = (changed, *load(path))
        with self._lock:
            self._held[path] = held
            self._held.move_to_end(path)
            while len(self._held) > _MOST_KEPT:
                self._held.popitem(last=False)
        return held


def _changed_ns(path: Path) -> int:
    files = [path / name for name in (JOURNAL_NAME, NEXUS_NAME)]
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)
