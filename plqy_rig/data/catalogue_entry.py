"""One line of the catalogue, read from a run folder: the journal says how the run ended, nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from plqy_rig.data.errors import StorageError
from plqy_rig.data.load import load_run
from plqy_rig.data.nexus import evaluation_of
from plqy_rig.data.recorder import NEXUS_NAME
from plqy_rig.data.result import WindowResult

UNREADABLE = "unreadable"
"""Status of a run folder whose files are no run, or damaged beyond reading."""


@dataclass(frozen=True)
class CatalogueEntry:
    """One run.

    Attributes:
        folder: its run folder.
        status: success, abort, fail, interrupted (no stop document: its program died, or still runs), or
            unreadable.
        uid: of the run; empty where it can't be read.
        sample: what was measured.
        operator: who measured.
        comment: of its recipe.
        started_s: s since 1970 UTC; None where it can't be read.
        exposures: how many are saved, each with its dark.
        exposures_wanted: how many the recipe and what was added later ask for.
        roles: the passes with an exposure.
        windows: mean quantum yield by window, ``{"low_nm", "high_nm", "mean", "u", "range_mw_per_cm2",
            "flags"}``, the flags of its steps; empty until it was evaluated, and again when the run has gone
            on since.
        flags: raised at any step of any window.
        problem: why it can't be read, or what is wrong with its files; empty for a whole run.
    """

    folder: str
    status: str
    uid: str = ""
    sample: str = ""
    operator: str = ""
    comment: str = ""
    started_s: float | None = None
    exposures: int = 0
    exposures_wanted: int = 0
    roles: tuple[str, ...] = ()
    windows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    problem: str = ""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Make it of what `dataclasses.asdict` and JSON made of one."""
        lists = {name: tuple(document[name]) for name in ("roles", "flags")}
        return cls(**{**document, **lists})

    @cached_property
    def text(self) -> str:
        """Get what a search looks at, in lower case."""
        parts = (self.sample, self.operator, self.comment, self.folder, self.status, self.uid, *self.flags)
        return "\n".join(parts).casefold()


def read_entry(folder: Path) -> CatalogueEntry:
    """Read a run folder; one that can't be read gets an entry that says so."""
    try:
        run = load_run(folder)
    except StorageError as error:
        return CatalogueEntry(folder=str(folder), status=UNREADABLE, problem=str(error))
    evaluation = evaluation_of(run, folder / NEXUS_NAME)
    windows = {} if evaluation is None else evaluation.windows
    roles = {role.value: int(spectra.measured.sum()) for role, spectra in run.spectra.items()}
    measured = tuple(role for role, exposures in roles.items() if exposures)
    wanted = {str(role) for role in run.recipe.get("passes", ())} | set(measured)
    return CatalogueEntry(
        folder=str(folder),
        status=str(run.exit_status),
        uid=run.uid,
        sample=run.sample,
        operator=run.operator,
        comment=str(run.recipe.get("comment", "")),
        started_s=run.started,
        exposures=sum(roles.values()),
        exposures_wanted=len(wanted) * run.power_steps,
        roles=measured,
        windows={name: _window_of(window) for name, window in windows.items()},
        flags=tuple(
            sorted({flag for window in windows.values() for flags in window.flags for flag in flags})
        ),
        problem=" ".join(run.warnings),
    )


def _window_of(window: WindowResult) -> dict[str, Any]:
    return {
        "low_nm": window.low_nm,
        "high_nm": window.high_nm,
        "mean": _finite(window.mean_plqy),
        "u": _finite(window.u_mean_plqy),
        "range_mw_per_cm2": [_finite(value) for value in window.range_mw_per_cm2],
        "flags": sorted({flag for flags in window.flags for flag in flags}),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
