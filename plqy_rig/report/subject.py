"""What a report is about: a run, its evaluation, and its spectra behind the correction chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from calibration import CalibrationError, CalibrationSet, Record, RecordKind
from calibration.roles import REQUIRED_ROLES
from drivers.errors import ConfigurationError
from plqy_rig.data import Evaluation, Run, WindowResult, load_run
from plqy_rig.evaluation import EvaluationChoices, evaluate_run, with_response
from plqy_rig.evaluation.corrected_run import CorrectedRun, correct_run
from plqy_rig.evaluation.power_dependence import PowerDependence, fit_window
from plqy_rig.evaluation.words import role_words


@dataclass(frozen=True, eq=False)
class Subject:
    """One run of a report.

    Attributes:
        run: as measured.
        evaluation: what was found; None where it can't be evaluated.
        corrected: photons of every role; None without an evaluation.
        records: the calibration records used, by kind; empty where they can't be read.
        problem: why there is no evaluation, in words; empty with one.
        dependence: fits of the main window against power density; None with too few steps.
        with_stored_response: the same with the response stored in the run, where another was used.
    """

    run: Run
    evaluation: Evaluation | None
    corrected: CorrectedRun | None
    records: Mapping[RecordKind, Record] = field(default_factory=dict)
    problem: str = ""
    dependence: PowerDependence | None = None
    with_stored_response: Evaluation | None = None

    @property
    def main_window(self) -> WindowResult | None:
        """Get the window to show first; None without an evaluation."""
        if self.evaluation is None or self.evaluation.default_window is None:
            return None
        return self.evaluation.windows[self.evaluation.default_window]


def open_subject(
    path: Path,
    choices: EvaluationChoices | None = None,
    calibration: CalibrationSet | None = None,
    *,
    response: Record | None = None,
) -> Subject:
    """Read and evaluate a run for a report.

    A run that can't be evaluated is a subject all the same: `problem` says why.

    Args:
        path: of a run folder or file.
        choices: windows and range; the usual ones by default.
        calibration: other records than those stored in the run.
        response: another response record than the stored one; the mean with that is in the subject too.

    Raises:
        StorageError: nothing there, not a run, or damaged beyond reading.
        ConfigurationError: a window lies outside the spectra.
    """
    run = load_run(path)
    if response is None:
        return subject_of(run, choices, calibration)
    stored = calibration or CalibrationSet.from_documents(run.calibration, str(run.folder))
    found = subject_of(run, choices, with_response(stored, response))
    return replace(found, with_stored_response=subject_of(run, choices, stored).evaluation)


def subject_of(
    run: Run, choices: EvaluationChoices | None = None, calibration: CalibrationSet | None = None
) -> Subject:
    """Evaluate a run that was read before; as `open_subject`."""
    choices = choices or EvaluationChoices()
    records: Mapping[RecordKind, Record] = {}
    try:
        calibration = calibration or CalibrationSet.from_documents(run.calibration, str(run.folder))
        records = calibration.records
        missing = [role_words(role) for role in REQUIRED_ROLES if role not in run.spectra]
        if missing:
            problem = f"Not measured yet: {', '.join(missing)}."
            return Subject(run, None, None, records, problem)
        evaluation = evaluate_run(run, choices, calibration)
        subject = Subject(run, evaluation, correct_run(run, calibration, choices), records)
        return replace(subject, dependence=_dependence(subject.main_window))
    except CalibrationError as error:
        return Subject(run, None, None, records, f"The calibration can't be used: {error}")


def _dependence(main: WindowResult | None) -> PowerDependence | None:
    try:
        return None if main is None else fit_window(main)
    except ConfigurationError:
        return None
