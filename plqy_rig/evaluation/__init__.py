"""Five spectra in, quantum yields with uncertainties and flags out. Reads runs, never instruments."""

from plqy_rig.evaluation.document import evaluation_document
from plqy_rig.evaluation.evaluate import (
    DEFAULT_RANGE_MW_PER_CM2,
    EvaluationChoices,
    evaluate_if_complete,
    evaluate_run,
)
from plqy_rig.evaluation.flags import SENTENCES, Flag
from plqy_rig.evaluation.windows import NAMED_WINDOWS, Window, parse_range, parse_window

__all__ = [
    "DEFAULT_RANGE_MW_PER_CM2",
    "NAMED_WINDOWS",
    "SENTENCES",
    "EvaluationChoices",
    "Flag",
    "Window",
    "evaluate_if_complete",
    "evaluate_run",
    "evaluation_document",
    "parse_range",
    "parse_window",
]
