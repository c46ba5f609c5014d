"""Rebuilding the NeXus files of runs that ended before theirs was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plqy_rig.data.errors import StorageError, storage_error
from plqy_rig.data.load import load_journal
from plqy_rig.data.nexus import evaluation_of, read_nexus, write_nexus
from plqy_rig.data.recorder import JOURNAL_NAME, NEXUS_NAME
from plqy_rig.data.result import Evaluation
from plqy_rig.data.run import Run

Evaluate = Callable[[Run], Evaluation | None]


@dataclass(frozen=True)
class Recovery:
    """What was recovered.

    Attributes:
        path: the NeXus file.
        run: what it holds; its warnings tell what was damaged or incomplete.
        evaluation: the results it holds, if any.
    """

    path: Path
    run: Run
    evaluation: Evaluation | None


def recover_run(folder: Path, evaluate: Evaluate | None = None) -> Recovery:
    """Rebuild run.nxs from the journal. The journal itself isn't changed.

    Args:
        folder: the run folder.
        evaluate: makes results of the run, or None for an incomplete one. Without it the results that
            run.nxs holds already are kept if they belong to the same data.

    Raises:
        StorageError: there is no journal that can be read, or the file can't be written.
    """
    folder = Path(folder)
    run = load_journal(folder / JOURNAL_NAME)
    path = folder / NEXUS_NAME
    evaluation = evaluation_of(run, path) if evaluate is None else evaluate(run)
    write_nexus(run, evaluation, path)
    return Recovery(path, run, evaluation)


def runs_to_recover(directory: Path) -> tuple[Path, ...]:
    """Find the run folders whose NeXus file is missing or says less than their journal, oldest name first.

    Args:
        directory: a run folder, or a folder of run folders.

    Raises:
        StorageError: it isn't there.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise storage_error(NotADirectoryError(20, "no folder"), "look for runs in", directory)
    try:
        candidates = [directory, *sorted(child for child in directory.iterdir() if child.is_dir())]
        return tuple(folder for folder in candidates if _is_stale(folder))
    except OSError as error:
        raise storage_error(error, "look for runs in", directory) from error


def _is_stale(folder: Path) -> bool:
    journal, nexus = folder / JOURNAL_NAME, folder / NEXUS_NAME
    if not journal.is_file() or journal.stat().st_size == 0:
        return False
    if not nexus.is_file():
        return True
    if nexus.stat().st_mtime_ns >= journal.stat().st_mtime_ns:
        return False
    # Copies have other times: what counts is what they say.
    try:
        return read_nexus(nexus) != load_journal(journal)
    except StorageError:
        return True
