"""`plqy demo` and `plqy run`: measure, save, evaluate, tell."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from calibration.roles import Role
from drivers.errors import ConfigurationError, RunAbortedError, SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile, read_rig_file, read_toml
from plqy_rig.data import load_run, write_nexus
from plqy_rig.data.recorder import NEXUS_NAME
from plqy_rig.engine import ObservedSweep, RunOutcome, StopRequest, load_records, run_sweep
from plqy_rig.evaluation import evaluate_if_complete, evaluation_document
from plqy_rig.rig import Rig
from procedures import ConsoleHands, Operator, TerminalOperator

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
    with opened_rig_file(rig_path, bench_request) as rig_file:
        _finish(_measure(rig_file, sweep, text, out), as_json=as_json)


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
    evaluation = evaluate_if_complete(measured)
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
