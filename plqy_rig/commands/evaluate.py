"""`plqy evaluate` and `plqy recover`: runs that were measured before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibration import CalibrationSet, RecordKind, read_record
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.data import Evaluation, Run, load_run, recover_run, runs_to_recover
from plqy_rig.evaluation import (
    EvaluationChoices,
    evaluate_if_complete,
    evaluate_run,
    evaluation_document,
    parse_range,
    parse_window,
)


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
        recovery = recover_run(folder, evaluate_if_complete)
        recovered.append({"run": str(folder), "file": str(recovery.path), "warnings": recovery.run.warnings})
        terminal.say(f"{folder}: recovered {recovery.path.name}")
        for warning in recovery.run.warnings:
            terminal.say(f"  {warning}")
    if not recovered:
        terminal.say(f"{directory}: nothing to recover")
    if as_json:
        terminal.print_json({"recovered": recovered})


def _calibration(measured: Run, response: Path | None) -> CalibrationSet | None:
    if response is None:
        return None
    record = read_record(response)
    if record.kind is not RecordKind.RESPONSE:
        raise ConfigurationError(f"--response {response}: a {record.kind} record, not a response")
    stored = CalibrationSet.from_documents(measured.calibration, str(measured.folder))
    return CalibrationSet.from_records({**stored.records, RecordKind.RESPONSE: record})
