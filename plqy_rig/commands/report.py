"""`plqy report`: runs as one HTML file, as figures for a paper, and as tables for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.commands.evaluation_choices import ChoiceOptions, response_record
from plqy_rig.data import Evaluation, Run
from plqy_rig.evaluation import EvaluationChoices, parse_range, parse_window
from plqy_rig.report import (
    Comparison,
    FigureFormat,
    Subject,
    compare,
    comparison_figures,
    file_names,
    open_subject,
    report_document,
    run_figures,
    save_figures,
    subject_of,
    write_csv,
    write_html,
)

DEFAULT_REPORT = Path("report.html")


@dataclass(frozen=True, kw_only=True)
class ReportRequest(ChoiceOptions):
    """What was typed; the names are those of the command's options."""

    runs: Sequence[Path]
    output: Path | None = None
    response: Path | None = None
    density: float = 200.0
    figures: Path | None = None
    form: str = "pdf"
    csv: Path | None = None


def report(request: ReportRequest) -> None:
    """Write what was asked for; the HTML file when nothing else was."""
    choices, density = request.choices(), request.density
    response = None if request.response is None else response_record("--response", request.response)
    figure_format = checked_format(request.form)
    check_density(density)
    subjects = [open_subject(path, choices, response=response) for path in request.runs]
    tell_problems(subjects)
    comparison = _comparison(subjects)
    output = request.output
    if output is None and request.figures is None and request.csv is None:
        output = DEFAULT_REPORT
    if output is not None:
        write_html(report_document(subjects, comparison, density), output)
        terminal.say(f"report: {output}")
    if request.figures is not None:
        _write_figures(subjects, comparison, density, request.figures, figure_format)
    if request.csv is not None:
        tell_paths("table", write_csv(subjects, request.csv))


def _write_figures(
    subjects: Sequence[Subject],
    comparison: Comparison | None,
    density: float,
    folder: Path,
    figure_format: FigureFormat,
) -> None:
    for subject in subjects:
        named = file_names(subject, run_figures(subject, density))
        tell_paths("figure", save_figures(named, folder, figure_format))
    if comparison is not None:
        named = {item.name: item.figure for item in comparison_figures(comparison, density)}
        tell_paths("figure", save_figures(named, folder, figure_format))


def write_run_report(run: Run, path: Path) -> None:
    """Write the report of one run that was just measured; raises `StorageError`."""
    write_html(report_document([subject_of(run)]), path)


def chosen(windows: Sequence[str], power_range: str | None) -> EvaluationChoices:
    """The evaluation's choices from the command line; raises `ConfigurationError`."""
    usual = EvaluationChoices()
    return EvaluationChoices(
        windows=tuple(parse_window(text) for text in windows) or usual.windows,
        range_mw_per_cm2=usual.range_mw_per_cm2 if power_range is None else parse_range(power_range),
    )


def checked_format(form: str) -> FigureFormat:
    """The format of figure files; raises `ConfigurationError`."""
    try:
        return FigureFormat(form)
    except ValueError as error:
        raise ConfigurationError(f"--format {form!r}: must be one of {', '.join(FigureFormat)}") from error


def check_density(density: float) -> None:
    """Refuse a power density that isn't above 0."""
    if not density > 0:
        raise ConfigurationError(f"--density {density:g}: a power density in mW/cm² is above 0")


def tell_problems(subjects: Sequence[Subject]) -> None:
    """Say which runs have no result, and why."""
    for subject in subjects:
        if subject.problem:
            terminal.say(f"{subject.run.folder}: no quantum yield. {subject.problem}")


def tell_paths(what: str, paths: Sequence[Path]) -> None:
    """Say what was written."""
    for path in paths:
        terminal.say(f"{what}: {path}")


def _comparison(subjects: Sequence[Subject]) -> Comparison | None:
    """Several runs with a result are compared in the first one's main window."""
    evaluated: list[tuple[Subject, Evaluation]] = [
        (subject, subject.evaluation) for subject in subjects if subject.evaluation is not None
    ]
    if len(evaluated) < 2:
        return None
    window = evaluated[0][1].default_window
    return None if window is None else compare(subjects, window)
