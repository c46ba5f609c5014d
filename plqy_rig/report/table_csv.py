"""Results as CSV for Origin, Excel and scripts: a row of long names, a row of units, then the data.

UTF-8 with a byte order mark (without it Excel takes the text for the local code page; Origin and pandas
skip it), comma as separator, point as decimal mark, CRLF line ends, an empty cell where there is no number.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from plqy_rig.data import Evaluation, Run, WindowResult
from plqy_rig.data.errors import storage_error
from plqy_rig.evaluation.corrected_run import CorrectedRun
from plqy_rig.evaluation.flags import doubts
from plqy_rig.evaluation.words import TERMS, term_words
from plqy_rig.report.figures import in_range
from plqy_rig.report.quantities import absorptance_sigma, step_values
from plqy_rig.report.subject import Subject

Cell = str | float | int


@dataclass(frozen=True)
class _Row:
    run: Run
    evaluation: Evaluation
    corrected: CorrectedRun
    window: WindowResult
    step: int

    def value(self, name: str) -> float:
        return float(step_values(self.window, name)[self.step])


def _budget(contribution: Callable[[_Row, str], float]) -> list[tuple[str, str, Callable[[_Row], Cell]]]:
    """A column for each term of the budget, relative; empty where a run has no such term."""
    return [
        (f"PLQY u relative: {term_words(term)}", "%", partial(_percent_of, contribution, term))
        for term in TERMS
    ]


def _percent_of(contribution: Callable[[_Row, str], float], term: str, row: _Row) -> float:
    return 100 * contribution(row, term)


def _of_step(row: _Row, term: str) -> float:
    contributions = row.window.details.step_budget.get(term)
    return math.nan if contributions is None else float(contributions[row.step])


def _setting(row: _Row, name: str) -> float:
    value = row.evaluation.settings.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


_WHICH: tuple[tuple[str, str, Callable[[_Row], Cell]], ...] = (
    ("Sample", "", lambda row: row.run.sample),
    ("Run", "", lambda row: row.run.uid),
    ("Window", "", lambda row: row.window.name),
    ("Window low", "nm", lambda row: row.window.low_nm),
    ("Window high", "nm", lambda row: row.window.high_nm),
)
_STEP_COLUMNS: tuple[tuple[str, str, Callable[[_Row], Cell]], ...] = (
    *_WHICH,
    ("Step", "", lambda row: row.step + 1),
    ("Power density", "mW/cm^2", lambda row: float(row.window.power_density_mw_per_cm2[row.step])),
    ("PLQY", "%", lambda row: 100 * float(row.window.plqy[row.step])),
    ("PLQY u", "%", lambda row: 100 * float(row.window.u_plqy[row.step])),
    ("PLQY u statistical", "%", lambda row: 100 * row.value("u_plqy_random")),
    ("PLQY u systematic", "%", lambda row: 100 * row.value("u_plqy_systematic")),
    ("PLQY 68 % low", "%", lambda row: 100 * float(row.window.ci68[row.step, 0])),
    ("PLQY 68 % high", "%", lambda row: 100 * float(row.window.ci68[row.step, 1])),
    ("PLQY 95 % low", "%", lambda row: 100 * float(row.window.ci95[row.step, 0])),
    ("PLQY 95 % high", "%", lambda row: 100 * float(row.window.ci95[row.step, 1])),
    ("Absorptance", "1", lambda row: float(row.window.absorptance[row.step])),
    ("Absorptance u", "1", lambda row: float(absorptance_sigma(row.corrected)[row.step])),
    ("mu", "1", lambda row: float(row.window.mu[row.step])),
    ("PLQY 2M", "%", lambda row: 100 * float(row.window.plqy_2m[row.step])),
    ("Absorbed photons", "1/s", lambda row: row.value("absorbed_rate")),
    ("Emitted photons", "1/s", lambda row: row.value("emission_rate")),
    ("In mean", "", lambda row: int(in_range(row.window)[row.step])),
    ("Flags", "", lambda row: "; ".join(row.window.flags[row.step])),
    ("PLQY 2M u statistical", "%", lambda row: 100 * row.value("u_plqy_2m")),
    ("PLQY before re-absorption", "%", lambda row: 100 * row.value("plqy_reabsorption_corrected")),
    *_budget(_of_step),
)
_MEAN_COLUMNS: tuple[tuple[str, str, Callable[[_Row], Cell]], ...] = (
    *_WHICH,
    ("Range low", "mW/cm^2", lambda row: row.window.range_mw_per_cm2[0]),
    ("Range high", "mW/cm^2", lambda row: row.window.range_mw_per_cm2[1]),
    ("Steps in mean", "", lambda row: int(in_range(row.window).sum())),
    ("Mean PLQY", "%", lambda row: 100 * row.window.mean_plqy),
    ("Mean PLQY u", "%", lambda row: 100 * row.window.u_mean_plqy),
    ("Mean PLQY u statistical", "%", lambda row: 100 * row.window.details.mean.u_random),
    ("Mean PLQY u systematic", "%", lambda row: 100 * row.window.details.mean.u_systematic),
    ("Mean PLQY 68 % low", "%", lambda row: 100 * row.window.details.mean.ci68[0]),
    ("Mean PLQY 68 % high", "%", lambda row: 100 * row.window.details.mean.ci68[1]),
    ("Mean PLQY 95 % low", "%", lambda row: 100 * row.window.details.mean.ci95[0]),
    ("Mean PLQY 95 % high", "%", lambda row: 100 * row.window.details.mean.ci95[1]),
    ("Absorptance estimator", "", lambda row: row.window.estimator),
    ("Response record", "", lambda row: row.evaluation.records.get("response", "")),
    ("Program version", "", lambda row: row.evaluation.version),
    ("Mean absorptance", "1", lambda row: row.window.details.mean.absorptance),
    ("Mean absorptance u", "1", lambda row: row.window.details.mean.u_absorptance),
    ("Mean PLQY 2M", "%", lambda row: 100 * row.window.details.mean.plqy_2m),
    ("Mean PLQY 2M u statistical", "%", lambda row: 100 * row.window.details.mean.u_plqy_2m),
    ("Mean PLQY before re-absorption", "%", lambda row: 100 * row.window.details.mean.reabsorption_corrected),
    (
        "Mean PLQY before re-absorption u",
        "%",
        lambda row: 100 * row.window.details.mean.u_reabsorption_corrected,
    ),
    *_budget(lambda row, term: row.window.budget.get(term, math.nan)),
    ("Power density u relative", "%", lambda row: 100 * _setting(row, "u_power_density_relative")),
    ("Doubtful", "", lambda row: "; ".join(doubts(row.window.flags))),
)


def steps_csv(subjects: Sequence[Subject]) -> str:
    """One row for each run, window and step."""
    rows = [row for first in _rows(subjects) for row in _every_step(first)]
    return _text(_STEP_COLUMNS, rows)


def means_csv(subjects: Sequence[Subject]) -> str:
    """One row for each run and window."""
    return _text(_MEAN_COLUMNS, _rows(subjects))


def write_csv(subjects: Sequence[Subject], path: Path) -> tuple[Path, Path]:
    """Write the steps to `path` and the means beside it as `<name>_means.csv`; over older files.

    Returns:
        Both paths.

    Raises:
        StorageError: a file can't be written.
    """
    means_path = path.with_name(f"{path.stem}_means{path.suffix or '.csv'}")
    for target, text in ((path, steps_csv(subjects)), (means_path, means_csv(subjects))):
        try:
            target.write_text(text, encoding="utf-8-sig", newline="")
        except OSError as error:
            raise storage_error(error, "write", target) from error
    return path, means_path


def _rows(subjects: Sequence[Subject]) -> list[_Row]:
    return [
        _Row(subject.run, subject.evaluation, subject.corrected, window, 0)
        for subject in subjects
        if subject.evaluation is not None and subject.corrected is not None
        for window in subject.evaluation.windows.values()
    ]


def _every_step(row: _Row) -> list[_Row]:
    return [replace(row, step=step) for step in range(len(row.window.plqy))]


def _text(columns: Sequence[tuple[str, str, Callable[[_Row], Cell]]], rows: Sequence[_Row]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([name for name, _, _ in columns])
    writer.writerow([unit for _, unit, _ in columns])
    for row in rows:
        writer.writerow([_cell(value(row)) for _, _, value in columns])
    return buffer.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else ""
    return str(value)
