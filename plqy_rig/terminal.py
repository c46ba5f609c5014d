"""Words, tables and progress for people at a terminal; the one JSON object for machines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from plqy_rig.data import Evaluation, MeanDetails, Run, WindowResult
from plqy_rig.evaluation import NOTES, SENTENCES, Flag, RunIdentity
from plqy_rig.evaluation.model_words import formula_words, parameter_words

if TYPE_CHECKING:
    from plqy_rig.evaluation.power_dependence import PowerDependence

_people = Console(stderr=True, highlight=False, soft_wrap=True)
_TERM_WORDS = {
    "scan_noise": "scan noise",
    "monitor_noise": "monitor noise",
    "response_shape": "shape of the response",
    "long_pass": "long-pass",
    "linearity": "linearity",
    "leakage_model": "leakage model",
    "reabsorption": "re-absorption",
}


def say(sentence: str) -> None:
    """A sentence for people."""
    _people.print(sentence, markup=False)


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON object on stdout; numbers that aren't finite are null."""
    sys.stdout.write(json.dumps(_finite(document), ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_table(table: Table) -> None:
    """A table for people."""
    _people.print(table)


def print_evaluation(
    run: Run | RunIdentity,
    evaluation: Evaluation,
    truth: Mapping[str, Any] | None = None,
    *,
    stored: Evaluation | None = None,
    fits: Mapping[str, PowerDependence] | None = None,
) -> None:
    """The steps of the first window and the means of all.

    Args:
        run: which run it is.
        evaluation: what was found.
        truth: what a bench says should have been found.
        stored: the same with the response stored in the run, where another was used.
        fits: power dependence by window.
    """
    name = evaluation.default_window
    if name is None:
        return
    _people.print()
    _people.print(_steps_table(run, evaluation.windows[name]))
    _people.print(_means_table(evaluation, truth, stored))
    _print_budget(evaluation.windows[name])
    if fits and name in fits:
        _print_fit(name, fits[name])
    _print_flags(evaluation)


def print_instruments(report: Sequence[Mapping[str, Any]]) -> None:
    """Who answered and what is wrong with those that didn't."""
    table = Table(title="Instruments", title_justify="left")
    for column in ("instrument", "model", "serial", "firmware", "state"):
        table.add_column(column)
    for line in report:
        identity = line["identity"] or {}
        table.add_row(
            line["name"],
            identity.get("model", "-"),
            identity.get("serial_number", "-") or "-",
            identity.get("firmware", "-"),
            line["state"] if line["connected"] else "MISSING",
        )
    _people.print(table)
    for line in report:
        if line["problem"]:
            say(f"{line['name']}: {line['problem']}")
            say(f"  mend: {line['mend']}")


class ProgressView:
    """One line: which pass, which step, what is being done, how many exposures are saved."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def activity(self, topic: str, record: Any) -> None:
        """Hear what the sweep is doing."""
        if topic == "activity":
            step = record.get("step")
            where = record["role"] if step is None else f"{record['role']} step {step + 1}"
            self._progress.update(self._task, description=f"{where}: {record['activity']}")

    def already_saved(self, exposures: int) -> None:
        """Begin with what a resumed run has saved before."""
        self._progress.update(self._task, completed=exposures)

    def document(self, name: str, document: Mapping[str, Any]) -> None:
        """Hear of a saved document."""
        if name == "start":
            steps = len(document["target_power_density_mw_per_cm2"])
            self._progress.update(self._task, total=steps * len(document["recipe"]["passes"]))
        elif name == "event" and "counts" in document["data"]:
            self._progress.advance(self._task)


@contextmanager
def progress_view() -> Iterator[ProgressView]:
    """A progress line on stderr; silent where stderr is no terminal."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("exposures saved"),
        TimeElapsedColumn(),
        console=_people,
        transient=True,
        disable=not _people.is_terminal,
    )
    with progress:
        yield ProgressView(progress, progress.add_task("preparing the rig", total=None))


def _steps_table(run: Run | RunIdentity, window: WindowResult) -> Table:
    table = Table(
        title=f"{run.sample}: quantum yield, window {window.name} ({window.low_nm:g}-{window.high_nm:g} nm)",
        title_justify="left",
    )
    for column in ("mW/cm²", "PLQY / %", "u / %", "absorptance", "mu", "2M / %", "flags"):
        table.add_column(column, justify="left" if column == "flags" else "right")
    for step in range(len(window.plqy)):
        table.add_row(
            _number(window.power_density_mw_per_cm2[step], ".1f"),
            _number(100 * window.plqy[step], ".2f"),
            _uncertainty(window.u_plqy[step], window.ci68[step]),
            _number(window.absorptance[step], ".4f"),
            _number(window.mu[step], ".4f"),
            _number(100 * window.plqy_2m[step], ".2f"),
            ", ".join(window.flags[step]),
        )
    return table


def _means_table(evaluation: Evaluation, truth: Mapping[str, Any] | None, stored: Evaluation | None) -> Table:
    table = Table(title="Mean quantum yield", title_justify="left")
    for column in ("window", "nm", "range / mW/cm²", "PLQY / %", "u / %"):
        table.add_column(column, justify="left" if column in ("window", "nm") else "right")
    before = any(math.isfinite(w.details.mean.reabsorption_corrected) for w in evaluation.windows.values())
    if before:
        table.add_column("before re-absorption / %", justify="right")
    if stored is not None:
        table.add_column("with the stored response / %", justify="right")
    if truth is not None:
        table.add_column("truth / %", justify="right")
        table.add_column("(found - truth) / u", justify="right")
    for name, window in evaluation.windows.items():
        low, high = window.range_mw_per_cm2
        cells = [
            name,
            f"{window.low_nm:g}-{window.high_nm:g}",
            f"{low:g}-{high:g}",
            _number(100 * window.mean_plqy, ".2f"),
            _uncertainty(window.u_mean_plqy, window.details.mean.ci68),
        ]
        if before:
            mean = window.details.mean
            cells.append(_with_uncertainty(mean.reabsorption_corrected, mean.u_reabsorption_corrected))
        if stored is not None:
            other = stored.windows[name]
            cells.append(_with_uncertainty(other.mean_plqy, other.u_mean_plqy))
        if truth is not None:
            true = float(truth["plqy"].get(name, math.nan))
            cells.append(_number(100 * true, ".2f"))
            cells.append(_number((window.mean_plqy - true) / window.u_mean_plqy, "+.2f"))
        table.add_row(*cells)
    return table


def _print_budget(window: WindowResult) -> None:
    parts = sorted(window.budget.items(), key=lambda item: -item[1])
    text = ", ".join(f"{_TERM_WORDS.get(name, name)} {100 * value:.2f} %" for name, value in parts)
    say(f"Uncertainty of the mean, window {window.name}, relative: {text}; absorptance {window.estimator}.")
    for sentence in _mean_sentences(window.details.mean):
        say(sentence)


def _mean_sentences(mean: MeanDetails) -> Iterator[str]:
    yield (
        f"Of it random {_number(100 * mean.u_random, '.2f')} %, systematic "
        f"{_number(100 * mean.u_systematic, '.2f')} % (absolute); 95 %: {_interval(mean.ci95)} %; by two "
        f"measurements {_number(100 * mean.plqy_2m, '.2f')} %."
    )
    if math.isfinite(mean.chi_squared):
        yield (
            f"Scatter of the steps: chi squared {mean.chi_squared:.1f} with {mean.degrees_of_freedom} "
            f"degrees of freedom, Birge factor {mean.birge_factor:.2f}."
        )
    if math.isfinite(mean.median):
        yield f"Monte Carlo: median of the mean {100 * mean.median:.2f} %, 68 %: {_interval(mean.ci68)} %."
    if math.isfinite(mean.reabsorption_corrected):
        yield (
            f"Before re-absorption of {100 * mean.reabsorbed_fraction:.2f} % of the light: "
            f"{100 * mean.reabsorption_corrected:.2f} ± {100 * mean.u_reabsorption_corrected:.2f} %."
        )


def _print_flags(evaluation: Evaluation) -> None:
    """Each flag once, with the windows that carry it; what asks for action before mere notes."""
    steps: dict[Flag, dict[str, int]] = {}
    for name, window in evaluation.windows.items():
        for code in (code for codes in window.flags for code in codes):
            of_window = steps.setdefault(Flag(code), {})
            of_window[name] = of_window.get(name, 0) + 1
    for flag in sorted(steps, key=lambda flag: (flag in NOTES, flag)):
        kind = "note" if flag in NOTES else "doubt"
        where = ", ".join(
            f"{name} {count} of {len(evaluation.windows[name].flags)} steps"
            for name, count in steps[flag].items()
        )
        say(f"{flag} ({kind}; {where}): {SENTENCES[flag]}")
    for warning in evaluation.warnings:
        say(f"warning: {warning}")


def _print_fit(window: str, fit: PowerDependence) -> None:
    table = Table(title=f"Power dependence, window {window}", title_justify="left")
    for column in ("model", "x in mW/cm²", "parameters", "chi²/dof", "AICc"):
        table.add_column(column, justify="right" if column in ("chi²/dof", "AICc") else "left")
    for model in fit.models:
        mark = " *" if model.name == fit.chosen else ""
        table.add_row(
            model.name + mark,
            escape(formula_words(model.formula)),
            parameter_words(model),
            _number(model.chi_squared_reduced, ".2f"),
            _number(model.aicc, ".1f"),
        )
    _people.print(table)
    say(
        f"{window}: * is what AICc supports. Probability of such a trend if there is none: "
        f"{fit.p_no_trend:.2g}. "
        f"Slope of emission against absorbed light: {fit.emission_slope:.4f} ± {fit.u_emission_slope:.4f}."
    )


def _uncertainty(sigma: float, interval: Sequence[float]) -> str:
    """A standard uncertainty in per cent, or the 68 % interval where a symmetric one isn't given."""
    return _number(100 * sigma, ".2f") if math.isfinite(sigma) else f"in {_interval(interval)}"


def _with_uncertainty(value: float, sigma: float) -> str:
    """In per cent; a dash where there is no value."""
    return f"{100 * value:.2f} ± {_number(100 * sigma, '.2f')}" if math.isfinite(value) else "-"


def _interval(interval: Sequence[float]) -> str:
    low, high = interval
    return f"{_number(100 * low, '.2f')}-{_number(100 * high, '.2f')}"


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "-"


def _finite(value: Any) -> Any:
    """The same with None for every number that JSON doesn't know."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
