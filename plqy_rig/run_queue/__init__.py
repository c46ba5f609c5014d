"""Runs waiting for the rig: stored, ordered, predicted, run one after the other."""

from plqy_rig.run_queue.arrangement import Setup, grouped, hands
from plqy_rig.run_queue.database import FOLDER_VARIABLE, queue_path
from plqy_rig.run_queue.durations import DurationPredictor, DurationRecorder
from plqy_rig.run_queue.entry import Entry, EntryStatus, FailurePolicy, Policy
from plqy_rig.run_queue.jobs import JobMaker, NothingLeftError
from plqy_rig.run_queue.orphans import settle_unless_it_runs
from plqy_rig.run_queue.runner import QueueRunner, QueueState
from plqy_rig.run_queue.runner_lock import RunnerLock
from plqy_rig.run_queue.snapshot import entry_document, queue_document
from plqy_rig.run_queue.store import QueueStore

__all__ = [
    "FOLDER_VARIABLE",
    "DurationPredictor",
    "DurationRecorder",
    "Entry",
    "EntryStatus",
    "FailurePolicy",
    "JobMaker",
    "NothingLeftError",
    "Policy",
    "QueueRunner",
    "QueueState",
    "QueueStore",
    "RunnerLock",
    "Setup",
    "entry_document",
    "grouped",
    "hands",
    "queue_document",
    "queue_path",
    "settle_unless_it_runs",
]
