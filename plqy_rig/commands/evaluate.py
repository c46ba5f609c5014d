"""`plqy evaluate` and `plqy recover`: runs that were measured before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibration import CalibrationError, CalibrationSet, Record
from plqy_rig import terminal
from plqy_rig.commands.evaluation_choices import ChoiceOptions, response_record
from plqy_rig.data import Evaluation, StorageError, load_run, recover_run, runs_to_recover
from plqy_rig.evaluation import (
    EvaluatedRun,
    EvaluationChoices,
    evaluate_if_complete,
    evaluate_path,
    evaluate_runs,
    evaluation_document,
    problem_document,
    with_response,
)

if TYPE_CHECKING:
    from plqy_rig.evaluation.power_dependence import PowerDependence


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(ChoiceOptions):
    """What was typed; the names are those of the command's options."""

    runs: Sequence[Path]
    response: Path | None = None
    fits: bool = False
    stages: Path | None = None
    jobs: int = 1


def evaluate(request: EvaluateRequest, *, as_json: bool) -> None:
    """Evaluate runs that were measured before.

    Raises:
        ConfigurationError: an option or a window makes no sense.
        StorageError: a run can't be read; of several runs the others are evaluated all the same.
    """
    choices = request.choices()
    response = None if request.response is None else response_record("--response", request.response)
    documents: list[dict[str, Any]] = []
    problems = 0
    for found in _evaluated(request, choices, response):
        if found.identity is None or found.evaluation is None:
            problems += 1
            terminal.say(f"{found.path}: {found.problem}")
            documents.append(problem_document(found))
            continue
        fits = _fits(found.evaluation) if request.fits else None
        if request.stages is not None:
            _write_stages(request, found, choices, response)
        if as_json:
            stored = found.with_stored_response
            documents.append(evaluation_document(found.identity, found.evaluation, stored, fits))
        else:
            terminal.print_evaluation(
                found.identity, found.evaluation, stored=found.with_stored_response, fits=fits
            )
    if as_json:
        terminal.print_json({"runs": documents})
    if problems:
        raise StorageError(f"{problems} of {len(request.runs)} runs could not be evaluated; see above.")


def recover(directory: Path, *, as_json: bool) -> None:
    """Rebuild the NeXus files of interrupted runs; one that can't be keeps nobody from the others.

    Raises:
        StorageError: at least one couldn't be rebuilt.
    """
    recovered: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []
    for folder in runs_to_recover(directory):
        try:
            recovery = recover_run(folder, evaluate_if_complete)
        except (StorageError, CalibrationError) as error:
            terminal.say(f"{folder}: {error}")
            problems.append({"run": str(folder), "problem": str(error)})
            continue
        recovered.append({"run": str(folder), "file": str(recovery.path), "warnings": recovery.run.warnings})
        terminal.say(f"{folder}: recovered {recovery.path.name}")
        for warning in recovery.run.warnings:
            terminal.say(f"  {warning}")
    if not recovered and not problems:
        terminal.say(f"{directory}: nothing to recover")
    if as_json:
        terminal.print_json({"recovered": recovered, "problems": problems})
    if problems:
        count = len(problems) + len(recovered)
        raise StorageError(f"{len(problems)} of {count} runs could not be recovered; see above.")


def _evaluated(
    request: EvaluateRequest, choices: EvaluationChoices, response: Record | None
) -> Iterator[EvaluatedRun]:
    if len(request.runs) == 1:
        # Alone, its own error with its own exit code says more than a list of problems.
        yield evaluate_path(request.runs[0], choices, response)
    elif request.jobs == 1:
        yield from evaluate_runs(request.runs, choices, None, response)
    else:
        with ProcessPoolExecutor(request.jobs) as executor:
            yield from evaluate_runs(request.runs, choices, executor, response)


def _fits(evaluation: Evaluation) -> Mapping[str, PowerDependence]:
    from plqy_rig.evaluation.power_dependence import fit_window

    return {name: fit_window(window) for name, window in evaluation.windows.items()}


def _write_stages(
    request: EvaluateRequest, found: EvaluatedRun, choices: EvaluationChoices, response: Record | None
) -> None:
    from plqy_rig.evaluation.stages import write_stages

    assert request.stages is not None
    assert found.evaluation is not None
    run = load_run(found.path)
    calibration = CalibrationSet.from_documents(run.calibration, str(run.folder))
    if response is not None:
        calibration = with_response(calibration, response)
    folder = request.stages if len(request.runs) == 1 else request.stages / found.path.name
    files = write_stages(run, found.evaluation, calibration, choices, folder)
    terminal.say(f"{found.path}: {len(files)} files in {folder}")
