"""Finding and reading a run, whatever of it is there."""

from __future__ import annotations

import logging
from pathlib import Path

from plqy_rig.data.assemble import run_from_journal
from plqy_rig.data.errors import StorageError, UnreadableRunError, storage_error
from plqy_rig.data.journal import read_journal
from plqy_rig.data.nexus import read_nexus
from plqy_rig.data.recorder import JOURNAL_NAME, NEXUS_NAME
from plqy_rig.data.run import Run

_logger = logging.getLogger(__name__)


def load_run(path: Path) -> Run:
    """Read a run.

    In a folder the journal comes first, because it is what was saved during the run and the NeXus file is
    made of it; the NeXus file is read where there is no journal or it can't be read.

    Args:
        path: of a run folder, a run.jsonl or a run.nxs (the files under any name).

    Raises:
        StorageError: nothing there, not a run, or damaged beyond reading; says what to do.
    """
    path = Path(path)
    if path.is_dir():
        return _load_folder(path)
    if not path.exists():
        raise storage_error(FileNotFoundError(2, "not there"), "read the run", path)
    if path.suffix.lower() == ".jsonl":
        return load_journal(path)
    if path.suffix.lower() in (".nxs", ".h5", ".hdf5"):
        return read_nexus(path)
    raise UnreadableRunError(f"{path} is no run: give a run folder, its {JOURNAL_NAME} or its {NEXUS_NAME}.")


def _load_folder(folder: Path) -> Run:
    journal, nexus = folder / JOURNAL_NAME, folder / NEXUS_NAME
    if not journal.is_file() and not nexus.is_file():
        raise UnreadableRunError(
            f"{folder} is no run folder: it has neither {JOURNAL_NAME} nor {NEXUS_NAME}. "
            "A run folder is named <UTC time>_<sample>."
        )
    if not journal.is_file():
        return read_nexus(nexus)
    try:
        return load_journal(journal)
    except StorageError as error:
        if not nexus.is_file():
            raise
        _logger.warning("%s; %s is read instead", error, nexus)
        return read_nexus(nexus)


def load_journal(path: Path) -> Run:
    """Read a run from its journal.

    Raises:
        StorageError: it can't be opened or is no journal of a run.
    """
    journal = read_journal(path)
    try:
        return run_from_journal(journal)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableRunError(
            f"{path} isn't what this program writes ({error!r}): it was made by another program or version."
        ) from error
