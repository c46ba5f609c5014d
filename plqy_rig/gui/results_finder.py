"""Finds the runs of some folders and says of each how it ended and what it gave. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from calibration import CalibrationError
from drivers.errors import RigError
from plqy_rig.data import JOURNAL_NAME, NEXUS_NAME, Run, load_run
from plqy_rig.evaluation import NOTES, evaluate_if_complete
from plqy_rig.gui.results_work import Ticket
from plqy_rig.gui.run_table import RunLine

_NOTES = {str(flag) for flag in NOTES}
_State = tuple[tuple[str, int, int], ...]


class RunFinder:
    """Remembers what it read: only runs whose files changed are read again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_State, RunLine]] = {}

    def look(self, folders: Sequence[Path], ticket: Ticket | None = None) -> list[RunLine]:
        """Every run of these folders, at any depth of one: a run's folder holds a journal or a NeXus file."""
        lines = []
        for path in _run_folders(folders):
            if ticket is not None and ticket.cancelled:
                break
            state = _state(path)
            held = self._known.get(path)
            if held is None or held[0] != state:
                held = (state, read_line(path))
                self._known[path] = held
            lines.append(held[1])
        return lines


def read_line(path: Path) -> RunLine:
    """One run's line, whatever is wrong with it."""
    try:
        run = load_run(path)
    except (RigError, OSError, ValueError) as error:
        return RunLine(path, path.name, "damaged", problem=str(error))
    line = RunLine(
        path=path,
        sample=run.sample,
        status=_status(run),
        started=run.started,
        operator=run.operator,
        simulated=bool(run.rig.get("bench")),
    )
    return _with_result(run, line)


def _with_result(run: Run, line: RunLine) -> RunLine:
    try:
        evaluation = evaluate_if_complete(run)
    except (RigError, CalibrationError) as error:
        return RunLine(**{**vars(line), "problem": str(error)})
    name = None if evaluation is None else evaluation.default_window
    if evaluation is None or name is None:
        missing = run.next_role()
        words = f"not complete: {missing.replace('_', ' ')} is missing" if missing else "no result"
        return RunLine(**{**vars(line), "problem": words})
    window = evaluation.windows[name]
    raised = tuple(dict.fromkeys(flag for flags in window.flags for flag in flags))
    return RunLine(
        **{
            **vars(line),
            "mean_plqy": window.mean_plqy,
            "u_mean_plqy": window.u_mean_plqy if math.isfinite(window.u_mean_plqy) else math.nan,
            "doubts": tuple(flag for flag in raised if flag not in _NOTES),
            "notes": tuple(flag for flag in raised if flag in _NOTES),
        }
    )


def _status(run: Run) -> str:
    """The run's own exit status; one without an end is told apart from one that lacks passes."""
    if run.exit_status == "success" and run.next_role() is not None:
        return "incomplete"
    return str(run.exit_status)


def _run_folders(folders: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for folder in folders:
        if not folder.is_dir():
            continue
        for name in (JOURNAL_NAME, NEXUS_NAME):
            for path in (*folder.glob(f"*/{name}"), *folder.glob(name)):
                found[path.parent] = None
    return sorted(found)


def _state(path: Path) -> _State:
    """What tells whether a run's files changed: sizes and times."""
    state = []
    for name in (JOURNAL_NAME, NEXUS_NAME):
        try:
            facts = (path / name).stat()
        except OSError:
            continue
        state.append((name, facts.st_size, facts.st_mtime_ns))
    return tuple(state)
