"""Many runs evaluated anew, one after another or in any executor's workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from calibration import CalibrationSet, Record, RecordError, RecordKind
from drivers.errors import RigError
from plqy_rig.data import Evaluation, Run, load_run
from plqy_rig.evaluation.choices import EvaluationChoices
from plqy_rig.evaluation.evaluate import evaluate_run


@dataclass(frozen=True)
class RunIdentity:
    """Which run an evaluation is of.

    Attributes:
        folder: where it lies.
        uid: its identifier.
        sample: the sample's name.
    """

    folder: Path
    uid: str
    sample: str

    @classmethod
    def of(cls, run: Run) -> RunIdentity:
        """That of a loaded run."""
        return cls(run.folder, run.uid, run.sample)


@dataclass(frozen=True)
class EvaluatedRun:
    """What became of one path of a batch.

    Attributes:
        path: as it was given.
        identity: of the run; None when it couldn't be read.
        evaluation: what was found; None when it couldn't be evaluated.
        with_stored_response: the same with the response stored in the run, where another was given.
        problem: why there is no evaluation; empty with one.
    """

    path: Path
    identity: RunIdentity | None = None
    evaluation: Evaluation | None = None
    with_stored_response: Evaluation | None = None
    problem: str = ""


def evaluate_path(
    path: Path, choices: EvaluationChoices | None = None, response: Record | None = None
) -> EvaluatedRun:
    """Read and evaluate one run.

    Args:
        path: of a run folder or file.
        choices: how.
        response: another response record than the stored one; both results are returned then.

    Raises:
        StorageError: nothing there, not a run, or a role is missing.
        CalibrationError: a record can't be used.
        ConfigurationError: a window lies outside the spectra.
    """
    run = load_run(path)
    stored = CalibrationSet.from_documents(run.calibration, str(run.folder))
    evaluation = evaluate_run(run, choices, stored)
    if response is None:
        return EvaluatedRun(path, RunIdentity.of(run), evaluation)
    return EvaluatedRun(
        path,
        RunIdentity.of(run),
        evaluate_run(run, choices, with_response(stored, response)),
        with_stored_response=evaluation,
    )


def with_response(stored: CalibrationSet, response: Record) -> CalibrationSet:
    """A run's records with another response; `RecordError` where the record is of another kind."""
    if response.kind is not RecordKind.RESPONSE:
        raise RecordError(f"a {response.kind} record was given as response")
    return CalibrationSet.from_records({**stored.records, RecordKind.RESPONSE: response})


def evaluate_runs(
    paths: Sequence[Path],
    choices: EvaluationChoices | None = None,
    executor: Executor | None = None,
    response: Record | None = None,
) -> Iterator[EvaluatedRun]:
    """Evaluate many runs; results come in the order of the paths.

    A run that can't be read or evaluated doesn't stop the others: its `problem` says why.

    Args:
        paths: of run folders or files.
        choices: the same for all.
        executor: any of concurrent.futures; None: here, one after another.
        response: another response record for all.
    """
    work = _Work(choices, response)
    yield from map(work, paths) if executor is None else executor.map(work, paths)


@dataclass(frozen=True)
class _Work:
    """One call of a batch; goes to another process as it is."""

    choices: EvaluationChoices | None
    response: Record | None

    def __call__(self, path: Path) -> EvaluatedRun:
        try:
            return evaluate_path(path, self.choices, self.response)
        except (RigError, ValueError) as error:
            # Calibration errors are ValueErrors.
            return EvaluatedRun(path, problem=str(error))
