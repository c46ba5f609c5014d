"""What each command of `plqy` does, without the command line around it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from calibration import CalibrationSet, RecordKind, read_record
from drivers.errors import ConfigurationError, RunAbortedError, SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.config import RigFile, read_rig_file, read_toml
from plqy_rig.data import Evaluation, Run, load_run, recover_run, runs_to_recover, write_nexus
from plqy_rig.data.recorder import NEXUS_NAME
from plqy_rig.engine import ObservedSweep, RunOutcome, StopRequest, load_records, run_sweep
from plqy_rig.evaluation import (
    EvaluationChoices,
    evaluate_run,
    evaluation_document,
    parse_range,
    parse_window,
)
from plqy_rig.instrument_report import report_instruments
from plqy_rig.rig import Rig
from procedures import ConsoleHands, Operator, Role, TerminalOperator

_DEMO_RECIPE = "demo_recipe.toml"


def demo(bench_request: BenchRequest, out: Path, *, as_json: bool) -> None:
    """A full run on a bench, with the truth beside the result."""
    text = files("plqy_rig").joinpath(_DEMO_RECIPE).read_text(encoding="utf-8")
    recipe = Path(str(files("plqy_rig").joinpath(_DEMO_RECIPE)))
    with BenchProcess(bench_request) as bench:
        sweep = _read_recipe(recipe, sample=bench_request.sample)
        outcome = _measure(read_rig_file(bench.rig_path), sweep, text, out)
        _finish(outcome, as_json=as_json, truth=bench.truth)


def run(
    recipe: Path,
    rig_path: Path | None,
    bench_request: BenchRequest | None,
    out: Path,
    only_pass: str | None,
    *,
    as_json: bool,
) -> None:
    """Measure a recipe at the rig or at a bench."""
    text, _ = read_toml(recipe, "recipe")
    sweep = _read_recipe(recipe)
    if only_pass is not None:
        sweep.passes = (_role(only_pass),)
    with _rig_file(rig_path, bench_request) as rig_file:
        _finish(_measure(rig_file, sweep, text, out), as_json=as_json)


def evaluate(
    paths: Sequence[Path],
    windows: Sequence[str],
    power_range: str | None,
    response: Path | None,
    *,
    as_json: bool,
) -> None:
    """Evaluate runs that were measured before."""
    choices = EvaluationChoices()
    if windows:
        choices = EvaluationChoices(tuple(parse_window(text) for text in windows), choices.range_mw_per_cm2)
    if power_range is not None:
        choices = EvaluationChoices(choices.windows, parse_range(power_range))
    found: list[tuple[Run, Evaluation]] = []
    for path in paths:
        measured = load_run(path)
        found.append((measured, evaluate_run(measured, choices, _calibration(measured, response))))
    if as_json:
        terminal.print_json({"runs": [evaluation_document(*pair) for pair in found]})
    else:
        for pair in found:
            terminal.print_evaluation(*pair)


def recover(directory: Path, *, as_json: bool) -> None:
    """Rebuild the NeXus files of interrupted runs."""
    recovered: list[dict[str, Any]] = []
    for folder in runs_to_recover(directory):
        recovery = recover_run(folder, _evaluate_if_complete)
        recovered.append({"run": str(folder), "file": str(recovery.path), "warnings": recovery.run.warnings})
        terminal.say(f"{folder}: recovered {recovery.path.name}")
        for warning in recovery.run.warnings:
            terminal.say(f"  {warning}")
    if not recovered:
        terminal.say(f"{directory}: nothing to recover")
    if as_json:
        terminal.print_json({"recovered": recovered})


def instruments(rig_path: Path | None, bench_request: BenchRequest | None, *, as_json: bool) -> None:
    """Find and identify every instrument."""
    with _rig_file(rig_path, bench_request) as rig_file, Rig(rig_file) as rig:
        report = report_instruments(rig)
        if as_json:
            terminal.print_json({"instruments": report})
        else:
            terminal.print_instruments(report)
        rig.require_all()


def safe(rig_path: Path | None, bench_request: BenchRequest | None, *, as_json: bool) -> None:
    """Make everything safe now."""
    with _rig_file(rig_path, bench_request) as rig_file, Rig(rig_file) as rig:
        verdict = rig.make_safe()
        terminal.say(str(verdict))
        if as_json:
            terminal.print_json(verdict.to_document())
        if not verdict.safe:
            raise SafetyError("the safe state could not be verified")


def _read_recipe(path: Path, sample: str | None = None) -> ObservedSweep:
    _, values = read_toml(path, "recipe")
    if sample is not None:
        values["sample"] = sample
    return ObservedSweep.from_recipe(values, f"recipe {path}")


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise ConfigurationError(f"--pass {name!r}: must be one of {', '.join(Role)}") from error


@contextmanager
def _rig_file(path: Path | None, bench_request: BenchRequest | None) -> Iterator[RigFile]:
    if (path is None) == (bench_request is None):
        raise ConfigurationError("give either --rig FILE (the real rig) or --sim (a simulated bench)")
    if path is not None:
        yield read_rig_file(path)
    elif bench_request is not None:
        with BenchProcess(bench_request) as bench:
            yield read_rig_file(bench.rig_path)


def _measure(rig_file: RigFile, sweep: ObservedSweep, recipe_text: str, out: Path) -> RunOutcome:
    records = load_records(rig_file.calibration_folder)
    bench = rig_file.configuration.bench
    operator: Operator = (
        ConsoleHands(bench.console) if bench else TerminalOperator(output=sys.stderr, answers=sys.stdin)
    )
    stop = StopRequest()
    with _signals_ask(stop), Rig(rig_file) as rig:
        if rig.failures:
            terminal.say(str(rig.make_safe()))
        rig.require_all()
        with terminal.progress_view() as view:
            sweep.activity = view.activity
            outcome = run_sweep(
                rig,
                sweep,
                operator=operator,
                records=records,
                out=out.resolve(),
                recipe_text=recipe_text,
                stop=stop,
                listeners=(view.document,),
            )
    return outcome


@contextmanager
def _signals_ask(stop: StopRequest) -> Iterator[None]:
    """While a run goes on, signals ask it to end instead of tearing it apart."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    for name in names:
        signal.signal(getattr(signal, name), lambda *_, name=name: stop.ask(f"ended by {name}"))
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _finish(outcome: RunOutcome, *, as_json: bool, truth: Mapping[str, Any] | None = None) -> None:
    """Write the NeXus file, tell the result, and end with the error that ended the run, if any."""
    measured = load_run(outcome.folder)
    evaluation = _evaluate_if_complete(measured)
    write_nexus(measured, evaluation, outcome.folder / NEXUS_NAME)
    for warning in outcome.warnings:
        terminal.say(f"warning: {warning}")
    if as_json:
        runs = [evaluation_document(measured, evaluation)] if evaluation else []
        extra = {"truth": truth} if truth is not None else {}
        terminal.print_json(
            {
                "runs": runs,
                "folder": str(outcome.folder),
                "exit_status": str(outcome.exit_status),
                "safe_state": outcome.verdict.to_document(),
                **extra,
            }
        )
    elif evaluation is not None:
        terminal.print_evaluation(measured, evaluation, truth)
    terminal.say(f"rig: {outcome.verdict}")
    terminal.say(f"run: {outcome.folder}")
    _raise_ending(outcome)


def _raise_ending(outcome: RunOutcome) -> None:
    if not outcome.verdict.safe:
        raise SafetyError(str(outcome.verdict))
    if outcome.error is not None:
        raise outcome.error
    if outcome.exit_status != "success":
        raise RunAbortedError(f"the run ended early ({outcome.exit_status})")


def _evaluate_if_complete(measured: Run) -> Evaluation | None:
    return evaluate_run(measured) if measured.next_role() is None else None


def _calibration(measured: Run, response: Path | None) -> CalibrationSet | None:
    if response is None:
        return None
    record = read_record(response)
    if record.kind is not RecordKind.RESPONSE:
        raise ConfigurationError(f"--response {response}: a {record.kind} record, not a response")
    stored = CalibrationSet.from_documents(measured.calibration, str(measured.folder))
    return CalibrationSet.from_records({**stored.records, RecordKind.RESPONSE: record})
