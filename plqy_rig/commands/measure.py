"""`plqy demo`, `plqy run` and `plqy resume`: measure, save, evaluate, tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from calibration.roles import Role
from drivers.errors import ConfigurationError, RigError, RunAbortedError, SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.commands.run_view import RunView, noted_signals, run_to_the_end
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile, read_rig_file, read_toml
from plqy_rig.data import StorageError, load_run, write_nexus
from plqy_rig.data.recorder import NEXUS_NAME
from plqy_rig.engine import (
    Engine,
    Job,
    ObservedSweep,
    RunOutcome,
    load_records,
    missing_steps,
    read_job,
    records_for,
    rig_path_of,
)
from plqy_rig.evaluation import evaluate_if_complete, evaluation_document
from plqy_rig.notifications import notifying
from plqy_rig.rig import Rig
from plqy_rig.rig_lock import hold_rig
from procedures import ConsoleHands, Operator, TerminalOperator

_DEMO_RECIPE = "demo_recipe.toml"


def demo(bench_request: BenchRequest, out: Path, *, as_json: bool) -> None:
    """A full run on a bench, with the truth beside the result."""
    text = files("plqy_rig").joinpath(_DEMO_RECIPE).read_text(encoding="utf-8")
    recipe = Path(str(files("plqy_rig").joinpath(_DEMO_RECIPE)))
    with BenchProcess(bench_request) as bench:
        sweep = _read_recipe(recipe, sample=bench_request.sample)
        rig_file = read_rig_file(bench.rig_path)
        outcome = _measure(rig_file, _job(rig_file, sweep, text, out))
        folder = _finish(outcome, as_json=as_json, truth=bench.truth)
    if not as_json:
        _report(folder)


def run(
    recipe: Path,
    rig_path: Path | None,
    bench_request: BenchRequest | None,
    out: Path,
    only_pass: str | None,
    *,
    as_json: bool,
    purge_confirmed: bool = False,
) -> None:
    """Measure a recipe at the rig or at a bench."""
    text, _ = read_toml(recipe, "recipe")
    sweep = _read_recipe(recipe)
    if only_pass is not None:
        sweep.passes = (_role(only_pass),)
    with opened_rig_file(rig_path, bench_request) as rig_file:
        job = _job(rig_file, sweep, text, out)
        _finish(_measure(rig_file, job, purge_confirmed=purge_confirmed), as_json=as_json)


def resume(
    folder: Path,
    rig_path: Path | None,
    bench_request: BenchRequest | None,
    only_pass: str | None,
    *,
    as_json: bool,
    purge_confirmed: bool = False,
) -> None:
    """Go on with a run: the first step that has no saved exposure is the next."""
    job = read_job(folder, only_pass=None if only_pass is None else _role(only_pass))
    missing = missing_steps(job.sweep, job.previous)
    if load_run(folder).exit_status == "success" and not missing:
        raise ConfigurationError(f"{folder}: every step is measured, there is nothing to go on with")
    with _rig_file_to_resume(folder, rig_path, bench_request) as rig_file:
        job = replace(job, operator=_operator(rig_file))
        terminal.say(f"{folder}: {len(job.previous)} exposures are there, {missing} are missing")
        _finish(_measure(rig_file, job, purge_confirmed=purge_confirmed), as_json=as_json)


@contextmanager
def _rig_file_to_resume(
    folder: Path, rig_path: Path | None, bench_request: BenchRequest | None
) -> Iterator[RigFile]:
    """The rig file given, or the one that was stored with the run."""
    if rig_path is None and bench_request is None:
        rig_path = rig_path_of(folder)
    with opened_rig_file(rig_path, bench_request) as rig_file:
        yield rig_file


def _report(folder: Path) -> None:
    """Write the report beside the run folder and say where."""
    from plqy_rig.commands.report import write_run_report  # draws: heavy, and only wanted now

    path = folder.parent / f"{folder.name}.html"
    write_run_report(load_run(folder), path)
    terminal.say(f"report: {path}")


def _read_recipe(path: Path, sample: str | None = None) -> ObservedSweep:
    _, values = read_toml(path, "recipe")
    if sample is not None:
        values["sample"] = sample
    sweep = ObservedSweep.from_recipe(values, f"recipe {path}")
    assert isinstance(sweep, ObservedSweep)
    return sweep


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise ConfigurationError(f"--pass {name!r}: must be one of {', '.join(Role)}") from error


def _job(rig_file: RigFile, sweep: ObservedSweep, recipe_text: str, out: Path) -> Job:
    # What is missing is said before anything is connected; which ones are used, the instruments decide.
    records = load_records(rig_file.calibration_folder, chosen=rig_file.configuration.calibration.records)
    return Job(sweep, records, out.resolve(), recipe_text, _operator(rig_file))


def _operator(rig_file: RigFile) -> Operator:
    bench = rig_file.configuration.bench
    if bench is not None:
        return ConsoleHands(bench.console)
    return TerminalOperator(output=sys.stderr, answers=sys.stdin)


def _measure(rig_file: RigFile, job: Job, *, purge_confirmed: bool = False) -> RunOutcome:
    """Run a job with everything around it: rig, guardian, terminal, signals."""
    with noted_signals() as signals, hold_rig(rig_file, "plqy run"), Rig(rig_file) as rig:
        if rig.failures:
            terminal.say(str(rig.make_safe()))
        rig.require_all()
        if job.resume_folder is None:
            job = replace(job, records=records_for(rig))
        with (
            terminal.progress_view() as progress,
            notifying(rig_file, terminal.say) as hear,
            Engine(rig) as engine,
        ):
            engine.subscribe(RunView(progress).hear)
            engine.subscribe(hear)
            engine.submit(job)
            if purge_confirmed:
                engine.confirm_purge()
            engine.start()
            run_to_the_end(engine, signals)
    outcome = engine.outcome
    assert outcome is not None
    return outcome


def _finish(outcome: RunOutcome, *, as_json: bool, truth: Mapping[str, Any] | None = None) -> Path:
    """Write the NeXus file, tell the result, and end with the error that ended the run, if any.

    Returns:
        The folder of a run that ended well.
    """
    if outcome.folder is None:
        terminal.say(f"rig: {outcome.verdict}")
        raise outcome.error or RunAbortedError("the run ended before it began")
    trouble = _evaluate(outcome, outcome.folder, as_json=as_json, truth=truth)
    terminal.say(f"rig: {outcome.verdict}")
    terminal.say(f"run: {outcome.folder}")
    _raise_ending(outcome, trouble)
    return outcome.folder


def _evaluate(
    outcome: RunOutcome, folder: Path, *, as_json: bool, truth: Mapping[str, Any] | None
) -> StorageError | None:
    """Evaluate and tell; returns why the NeXus file couldn't be written."""
    trouble: StorageError | None = None
    measured = load_run(folder)
    evaluation = evaluate_if_complete(measured)
    try:
        write_nexus(measured, evaluation, folder / NEXUS_NAME)
    except StorageError as error:
        trouble = error
    for warning in outcome.warnings:
        terminal.say(f"warning: {warning}")
    if as_json:
        runs = [evaluation_document(measured, evaluation)] if evaluation else []
        extra = {"truth": truth} if truth is not None else {}
        terminal.print_json(
            {
                "runs": runs,
                "folder": str(folder),
                "exit_status": str(outcome.exit_status),
                "safe_state": outcome.verdict.to_document(),
                "warnings": list(outcome.warnings),
                **extra,
            }
        )
    elif evaluation is not None:
        terminal.print_evaluation(measured, evaluation, truth)
    return trouble


def _raise_ending(outcome: RunOutcome, trouble: RigError | None) -> None:
    if not outcome.verdict.safe:
        raise SafetyError(str(outcome.verdict))
    if outcome.error is not None:
        raise outcome.error
    if trouble is not None:
        raise trouble
    if outcome.exit_status != "success":
        raise RunAbortedError(f"the run ended early ({outcome.exit_status})")
