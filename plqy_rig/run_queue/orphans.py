"""Entries that were running when their program died: what became of their runs, read from the journals."""

from __future__ import annotations

from drivers.errors import RigError
from plqy_rig.data import JOURNAL_NAME, ExitStatus, read_journal
from plqy_rig.engine import missing_steps, read_job
from plqy_rig.run_queue.entry import Entry, EntryStatus
from plqy_rig.run_queue.runner_lock import RunnerLock
from plqy_rig.run_queue.store import QueueStore

_WAITS = "the program ended while it ran; "
_STATUS = {str(ExitStatus.ABORT): EntryStatus.ABORTED, str(ExitStatus.FAIL): EntryStatus.FAILED}


def settle_orphans(store: QueueStore) -> tuple[Entry, ...]:
    """Give every entry that no program runs any more its true status.

    Call it only while holding the lock of the queue's runner.

    Args:
        store: the queue.

    Returns:
        Those that were found.
    """
    orphans = [entry for entry in store.entries() if entry.status is EntryStatus.RUNNING]
    for entry in orphans:
        status, message = _what_became_of(entry)
        # A program that died isn't the entry's failure: it costs none of its retries.
        again = {"attempts": entry.attempts - 1} if status is EntryStatus.WAITING else {}
        store.note(entry.id, status=status, message=message, **again)
    return tuple(orphans)


def settle_unless_it_runs(store: QueueStore) -> None:
    """The same where no program runs the queue; nothing where one does. Raises `StorageError`."""
    lock = RunnerLock(store.path)
    if not lock.take():
        return
    try:
        settle_orphans(store)
    finally:
        lock.give_back()


def _what_became_of(entry: Entry) -> tuple[EntryStatus, str]:
    if entry.folder is None:
        return EntryStatus.WAITING, _WAITS + "nothing was measured yet"
    try:
        stop = read_journal(entry.folder / JOURNAL_NAME).stop
        job = read_job(entry.folder, only_pass=entry.only_pass)
    except RigError as error:
        return EntryStatus.WAITING, _WAITS + str(error)
    ended = _STATUS.get(str(stop["exit_status"])) if stop is not None else None
    if stop is not None and ended is not None:
        return ended, str(stop["reason"])
    if stop is not None and not missing_steps(job.sweep, job.previous):
        return EntryStatus.FINISHED, "every step is measured"
    return EntryStatus.WAITING, _WAITS + "it goes on in its folder"
