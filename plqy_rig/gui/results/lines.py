"""Lines of the Results page, made of what the catalogue of run folders says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration.roles import REQUIRED_ROLES
from drivers.errors import RigError
from plqy_rig.data.catalogue import Catalogue, Reader
from plqy_rig.data.catalogue_entry import UNREADABLE, CatalogueEntry, read_entry
from plqy_rig.data.result import DEFAULT_WINDOW
from plqy_rig.evaluation import NOTES
from plqy_rig.gui.results.run_table import RunLine
from plqy_rig.gui.results.work import Ticket
from plqy_rig.gui.words import role_words

_NOTES = {str(flag) for flag in NOTES}


class LookCancelledError(RigError):
    """Nobody wants to know any more what is in the folders."""


def look(catalogue: Catalogue, ticket: Ticket | None = None, read: Reader = read_entry) -> list[RunLine]:
    """Read what is new or has changed (with `read`) and give every run.

    Raises:
        LookCancelledError: the ticket was cancelled meanwhile; what was read by then is kept.
        StorageError: a folder can't be looked into, or the index can't be used.
    """

    def go_on(done: int, count: int) -> None:
        if ticket is not None and ticket.cancelled:
            raise LookCancelledError(f"stopped after {done} of {count} runs")

    catalogue.refresh(go_on, read=read)
    return [line_of(entry) for entry in catalogue.entries()]


def line_of(entry: CatalogueEntry) -> RunLine:
    """One run's line, whatever is wrong with it."""
    path = Path(entry.folder)
    if entry.status == UNREADABLE:
        return RunLine(path, path.name, "damaged", problem=entry.problem, searched_too=entry.text)
    missing = [role for role in REQUIRED_ROLES if role.value not in entry.roles]
    window = _window_of(entry)
    flags = tuple(window.get("flags", ()))
    return RunLine(
        path=path,
        sample=entry.sample,
        status="incomplete" if entry.status == "success" and missing else entry.status,
        started=math.nan if entry.started_s is None else entry.started_s,
        mean_plqy=_finite(window.get("mean")),
        u_mean_plqy=_finite(window.get("u")),
        doubts=tuple(flag for flag in flags if flag not in _NOTES),
        notes=tuple(flag for flag in flags if flag in _NOTES),
        operator=entry.operator,
        problem=" ".join(part for part in (_why_no_result(missing, window), entry.problem) if part),
        searched_too=entry.text,
    )


def _window_of(entry: CatalogueEntry) -> Mapping[str, Any]:
    """The window that is shown first; empty without a result."""
    return entry.windows.get(DEFAULT_WINDOW) or next(iter(entry.windows.values()), {})


def _why_no_result(missing: Sequence[Any], window: Mapping[str, Any]) -> str:
    if missing:
        return f"Not complete: {role_words(missing[0])} is missing."
    return "" if window else "Not evaluated yet: open it."


def _finite(value: float | None) -> float:
    return math.nan if value is None else float(value)
