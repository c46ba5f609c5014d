"""From run folders to what the results page shows. No Qt; loads matplotlib through the report's package.

Everything is computed by the functions that the command line uses, so a number here is the number that
`plqy evaluate` prints for the same choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration import CalibrationSet, Record, RecordKind, read_record
from drivers.errors import ConfigurationError
from plqy_rig.data import Evaluation, Run, WindowResult, load_run
from plqy_rig.evaluation import EstimatorChoice, EvaluationChoices, Window, parse_window, with_response
from plqy_rig.report import Comparison, Subject, compare, subject_of


@dataclass(frozen=True)
class Choices:
    """What the page's controls say.

    Attributes:
        window: the emission window that everything is shown for.
        range_mw_per_cm2: power densities that enter the mean.
        estimator: which absorptance enters the yields.
        response: path of another response record; None for those stored with the runs.
    """

    window: Window
    range_mw_per_cm2: tuple[float, float]
    estimator: EstimatorChoice = EstimatorChoice.AUTO
    response: Path | None = None

    @classmethod
    def usual(cls) -> Choices:
        """The published window and range, with the stored records."""
        usual = EvaluationChoices()
        return cls(parse_window("er"), usual.range_mw_per_cm2)

    def for_evaluation(self) -> EvaluationChoices:
        """The same as evaluation takes it: the one window only, so that it is the main one everywhere."""
        return EvaluationChoices(
            windows=(self.window,), range_mw_per_cm2=self.range_mw_per_cm2, estimator=self.estimator
        )


@dataclass(frozen=True, eq=False)
class OpenRun:
    """One run as it is shown.

    Attributes:
        path: of its folder.
        subject: the run, evaluated as chosen.
        before: the same as it was measured: published window and range, stored records; None where it
            can't be evaluated.
    """

    path: Path
    subject: Subject
    before: WindowResult | None

    @property
    def name(self) -> str:
        """Get the sample's name."""
        return self.subject.run.sample or "unnamed sample"

    @property
    def window(self) -> WindowResult | None:
        """Get the result in the chosen window; None without one."""
        return self.subject.main_window


@dataclass(frozen=True, eq=False)
class Reading:
    """All open runs under the same choices.

    Attributes:
        choices: as evaluated.
        runs: in the order they were opened.
        problems: folder and sentence of each run that can't be read.
    """

    choices: Choices
    runs: tuple[OpenRun, ...]
    problems: tuple[tuple[Path, str], ...]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Get the runs as the report takes them."""
        return tuple(item.subject for item in self.runs)


def load(path: Path) -> tuple[Run, WindowResult | None]:
    """Read a run and evaluate it as it was measured; raises `StorageError`."""
    run = load_run(path)
    subject = subject_of(run)
    return run, subject.main_window


def open_run(path: Path, run: Run, before: WindowResult | None, choices: Choices) -> OpenRun:
    """Evaluate a run as chosen.

    Raises:
        ConfigurationError: the window lies outside the spectra.
        CalibrationError: the chosen response record can't be used.
    """
    calibration = None
    if choices.response is not None:
        stored = CalibrationSet.from_documents(run.calibration, str(run.folder))
        calibration = with_response(stored, response_record(choices.response))
    return OpenRun(path, subject_of(run, choices.for_evaluation(), calibration), before)


def response_record(path: Path) -> Record:
    """The response record in a file; raises `ConfigurationError`, `RecordError`."""
    record = read_record(path)
    if record.kind is not RecordKind.RESPONSE:
        raise ConfigurationError(
            f"{path.name} is a {str(record.kind).replace('_', ' ')} record. Choose a response record."
        )
    return record


def compared(
    runs: Sequence[OpenRun], choices: Choices, ratio_to: str | None = None
) -> tuple[Comparison | None, str]:
    """The comparison of the runs, and why there is none."""
    usable = [item.subject for item in runs if has_result(item.subject.evaluation)]
    if len(usable) < 2:
        return None, "Choose two or more runs with a result to compare them."
    try:
        return compare(usable, choices.window.name, ratio_to), ""
    except ConfigurationError as error:
        return None, str(error)


def has_result(evaluation: Evaluation | None) -> bool:
    """Whether there is any number to compare."""
    return evaluation is not None and bool(evaluation.windows)
