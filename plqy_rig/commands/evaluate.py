"""`plqy evaluate` and `plqy recover`: runs that were measured before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from calibration import CalibrationSet, Record, RecordKind, read_record
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.data import Evaluation, StorageError, load_run, recover_run, runs_to_recover
from plqy_rig.evaluation import (
    EstimatorChoice,
    EvaluatedRun,
    EvaluationChoices,
    LeakageModel,
    Window,
    evaluate_if_complete,
    evaluate_path,
    evaluate_runs,
    evaluation_document,
    parse_range,
    parse_window,
    with_response,
)

if TYPE_CHECKING:
    from plqy_rig.evaluation.power_dependence import PowerDependence

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class EvaluateRequest:
    """What was typed; the names are those of the command's options."""

    runs: Sequence[Path]
    window: Sequence[str] | None = None
    power_range: str | None = None
    response: Path | None = None
    response_behind_long_pass: Path | None = None
    estimator: str = "auto"
    leakage: str = "laser"
    baseline: str | None = None
    local_baseline: str | None = None
    reabsorption: float = 0.0
    reabsorption_uncertainty: float = 0.0
    birge: bool = False
    monte_carlo: int = 0
    seed: int = 1
    fits: bool = False
    stages: Path | None = None
    jobs: int = 1

    def choices(self) -> EvaluationChoices:
        """The evaluation's choices; raises `ConfigurationError`."""
        usual = EvaluationChoices()
        behind = self.response_behind_long_pass
        return EvaluationChoices(
            windows=tuple(parse_window(text) for text in self.window or ()) or usual.windows,
            range_mw_per_cm2=usual.range_mw_per_cm2
            if self.power_range is None
            else parse_range(self.power_range),
            estimator=_one_of(EstimatorChoice, "--estimator", self.estimator),
            leakage=_one_of(LeakageModel, "--leakage", self.leakage),
            baseline_region=None if self.baseline is None else _limits("--baseline", self.baseline),
            local_baseline=None if self.local_baseline is None else _flanks(self.local_baseline),
            reabsorbed_fraction=self.reabsorption,
            u_reabsorbed_fraction=self.reabsorption_uncertainty,
            response_behind_long_pass=None
            if behind is None
            else _response_record("--response-behind-long-pass", behind),
            birge=self.birge,
            monte_carlo_draws=self.monte_carlo,
            seed=self.seed,
        )


def evaluate(request: EvaluateRequest, *, as_json: bool) -> None:
    """Evaluate runs that were measured before.

    Raises:
        ConfigurationError: an option or a window makes no sense.
        StorageError: a run can't be read; of several runs the others are evaluated all the same.
    """
    choices = request.choices()
    response = None if request.response is None else _response_record("--response", request.response)
    documents: list[dict[str, Any]] = []
    problems = 0
    for found in _evaluated(request, choices, response):
        if found.identity is None or found.evaluation is None:
            problems += 1
            terminal.say(f"{found.path}: {found.problem}")
            documents.append({"run": str(found.path), "problem": found.problem})
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
    """Rebuild the NeXus files of interrupted runs."""
    recovered: list[dict[str, Any]] = []
    for folder in runs_to_recover(directory):
        recovery = recover_run(folder, evaluate_if_complete)
        recovered.append({"run": str(folder), "file": str(recovery.path), "warnings": recovery.run.warnings})
        terminal.say(f"{folder}: recovered {recovery.path.name}")
        for warning in recovery.run.warnings:
            terminal.say(f"  {warning}")
    if not recovered:
        terminal.say(f"{directory}: nothing to recover")
    if as_json:
        terminal.print_json({"recovered": recovered})


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


def _response_record(option: str, path: Path) -> Record:
    record = read_record(path)
    if record.kind is not RecordKind.RESPONSE:
        raise ConfigurationError(f"{option} {path}: a {record.kind} record, not a response")
    return record


def _one_of(choices: type[Choice], option: str, text: str) -> Choice:
    try:
        return choices(text)
    except ValueError as error:
        raise ConfigurationError(f"{option} {text!r}: must be one of {', '.join(choices)}") from error


def _limits(option: str, text: str) -> Window:
    window = parse_window(text)
    if ":" not in text:
        raise ConfigurationError(f"{option} {text!r}: write lo:hi in nm")
    return window


def _flanks(text: str) -> tuple[Window, Window]:
    parts = text.split(",")
    if len(parts) != 2:
        raise ConfigurationError(f"--local-baseline {text!r}: write the two flanks as lo:hi,lo:hi in nm")
    low, high = (_limits("--local-baseline", part) for part in parts)
    if low.overlaps(high):
        raise ConfigurationError(f"--local-baseline {text!r}: the two flanks overlap")
    return low, high
