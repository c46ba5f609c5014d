"""What was measured: recording it, reading it, storing results with it.

RunRecorder  ->  run.jsonl  ->  load_run  ->  Run  ->  (evaluation)  ->  write_nexus  ->  run.nxs
"""

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Role
from plqy_rig.data.assemble import run_from_documents, run_from_journal
from plqy_rig.data.documents import ExitStatus, RunMetadata
from plqy_rig.data.errors import (
    DiskFullError,
    MissingPathError,
    NotWritableError,
    StorageError,
    UnreadableRunError,
)
from plqy_rig.data.journal import Journal, JournalEntry, JournalProblem, ProblemKind, read_journal
from plqy_rig.data.journal_writer import JournalWriter
from plqy_rig.data.load import load_run
from plqy_rig.data.nexus import read_evaluation, read_nexus, write_nexus
from plqy_rig.data.recorder import (
    JOURNAL_NAME,
    NEXUS_NAME,
    RECIPE_NAME,
    RIG_NAME,
    Listener,
    RunRecorder,
    sample_slug,
)
from plqy_rig.data.recover import Recovery, recover_run, runs_to_recover
from plqy_rig.data.result import DEFAULT_WINDOW, Evaluation, WindowResult
from plqy_rig.data.result_details import MeanDetails, StepDetails, WindowDetails
from plqy_rig.data.run import RoleSpectra, Run, differences

__all__ = [
    "DEFAULT_WINDOW",
    "JOURNAL_NAME",
    "NEXUS_NAME",
    "PASS_ORDER",
    "RECIPE_NAME",
    "REQUIRED_ROLES",
    "RIG_NAME",
    "DiskFullError",
    "Evaluation",
    "ExitStatus",
    "Journal",
    "JournalEntry",
    "JournalProblem",
    "JournalWriter",
    "Listener",
    "MeanDetails",
    "MissingPathError",
    "NotWritableError",
    "ProblemKind",
    "Recovery",
    "Role",
    "RoleSpectra",
    "Run",
    "RunMetadata",
    "RunRecorder",
    "StepDetails",
    "StorageError",
    "UnreadableRunError",
    "WindowDetails",
    "WindowResult",
    "differences",
    "load_run",
    "read_evaluation",
    "read_journal",
    "read_nexus",
    "recover_run",
    "run_from_documents",
    "run_from_journal",
    "runs_to_recover",
    "sample_slug",
    "write_nexus",
]
