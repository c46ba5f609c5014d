"""Five spectra in, quantum yields with uncertainties and flags out. Reads runs, never instruments."""

from plqy_rig.evaluation.batch import EvaluatedRun, RunIdentity, evaluate_path, evaluate_runs, with_response
from plqy_rig.evaluation.choices import (
    DEFAULT_RANGE_MW_PER_CM2,
    EstimatorChoice,
    EvaluationChoices,
    LeakageModel,
)
from plqy_rig.evaluation.document import evaluation_document, problem_document
from plqy_rig.evaluation.evaluate import evaluate_if_complete, evaluate_run
from plqy_rig.evaluation.flags import NOTES, SENTENCES, Flag
from plqy_rig.evaluation.windows import NAMED_WINDOWS, Window, parse_range, parse_window

__all__ = [
    "DEFAULT_RANGE_MW_PER_CM2",
    "NAMED_WINDOWS",
    "NOTES",
    "SENTENCES",
    "EstimatorChoice",
    "EvaluatedRun",
    "EvaluationChoices",
    "Flag",
    "LeakageModel",
    "RunIdentity",
    "Window",
    "evaluate_if_complete",
    "evaluate_path",
    "evaluate_run",
    "evaluate_runs",
    "evaluation_document",
    "parse_range",
    "parse_window",
    "problem_document",
    "with_response",
]
