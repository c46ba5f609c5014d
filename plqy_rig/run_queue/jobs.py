"""From an entry to the job that the engine runs: a run begun, or gone on with."""

from __future__ import annotations

import logging
from pathlib import Path

from drivers.errors import ConfigurationError
from plqy_rig.data import JOURNAL_NAME, UnreadableRunError, read_journal
from plqy_rig.engine import Job, missing_steps, read_job, records_for
from plqy_rig.rig import Rig
from plqy_rig.run_queue.entry import Entry
from plqy_rig.run_queue.recipes import sweep_of
from plqy_rig.run_queue.store import QueueStore
from procedures import Operator

log = logging.getLogger(__name__)


class NothingLeftError(ConfigurationError):
    """Every step of the entry is measured already."""


class JobMaker:
    """Makes jobs of entries: one that was begun goes on in its folder; passes of one run share theirs."""

    def __init__(self, rig: Rig, operator: Operator | None, store: QueueStore) -> None:
        """Take what all jobs share.

        Args:
            rig: connected; the newest records of its instruments are used for new runs.
            operator: who moves sample and filter; None leaves answering to the faces.
            store: the queue's.
        """
        self._rig = rig
        self._operator = operator
        self._store = store

    def __call__(self, entry: Entry) -> Job:
        """Make the job of an entry.

        Raises:
            NothingLeftError: there is nothing left to measure.
            RigError: it can't be run.
        """
        folder = self._store.folder_of_run(entry)
        if folder is not None and (folder / JOURNAL_NAME).is_file():
            try:
                return self._going_on(entry, folder)
            except UnreadableRunError as error:
                log.warning("%s; %s is begun anew", error, entry)
        sweep = sweep_of(entry.recipe, str(entry))
        sweep.passes = entry.passes
        return Job(sweep, records_for(self._rig), entry.out, entry.recipe_toml, self._operator)

    def _going_on(self, entry: Entry, folder: Path) -> Job:
        job = read_job(folder, only_pass=entry.only_pass, operator=self._operator)
        # A program that died after the last exposure left a run without its end: it goes on, and ends.
        ended = read_journal(folder / JOURNAL_NAME).stop is not None
        if ended and not missing_steps(job.sweep, job.previous):
            raise NothingLeftError(f"every step is in {folder} already")
        return job
