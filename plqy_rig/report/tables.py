"""The tables of a document, as text cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plqy_rig.data import PASS_ORDER, Evaluation, Run, WindowResult
from plqy_rig.evaluation import Flag
from plqy_rig.evaluation.flags import NOTES, doubts, sentence
from plqy_rig.evaluation.model_words import formula_words, parameter_words
from plqy_rig.evaluation.power_dependence import PowerDependence
from plqy_rig.evaluation.uncertainty import RANDOM_TERMS
from plqy_rig.evaluation.words import (
    NOTHING,
    duration,
    exposure,
    moment,
    number,
    percent,
    plural,
    role_words,
    term_words,
    window_limits,
    window_title,
    with_uncertainty,
)
from plqy_rig.report.comparison import Comparison
from plqy_rig.report.figures import in_range, mean_sigma
from plqy_rig.report.subject import Subject

_NOTES = {str(flag) for flag in NOTES}


@dataclass(frozen=True)
class Column:
    """A column's head.

    Attributes:
        title: what it holds.
        unit: of its numbers.
        numeric: aligned to the right.
        together: never broken into lines, e.g. dates.
    """

    title: str
    unit: str = ""
    numeric: bool = True
    together: bool = False


@dataclass(frozen=True)
class Table:
    """Cells as text. Rows named in `marked` are set apart, with the reason in words in their cells."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...] = ()


_DATES = ("Made", "Saved", "Measured", "Good until")


def _texts(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, numeric=False, together=title in _DATES) for title in titles)


def steps_table(evaluation: Evaluation, main: WindowResult) -> Table:
    """Every step: what the windows share, then each window's yield, then the cross-check and flags."""
    windows = list(evaluation.windows.values())
    columns = (
        Column("Step"),
        Column("Power density", "mW/cm²"),
        Column("A"),
        Column("μ"),
        *(Column(f"PLQY {window.name}", "%") for window in windows),
        Column("2M", f"%, {main.name}"),
        Column("Flags", numeric=False),
    )
    inside, marks = in_range(main), flag_marks(evaluation)
    rows = []
    for step in range(len(main.plqy)):
        flags = sorted({marks[flag] for window in windows for flag in window.flags[step]})
        rows.append(
            (
                str(step + 1),
                number(main.power_density_mw_per_cm2[step], ".1f"),
                number(main.absorptance[step], ".4f"),
                number(main.mu[step], ".4f"),
                *(percent(window.plqy[step], window.u_plqy[step]) for window in windows),
                number(100 * main.plqy_2m[step], ".2f"),
                " ".join(flags),
            )
        )
    return Table(columns, tuple(rows), tuple(int(step) for step in np.flatnonzero(~inside)))


def flag_marks(evaluation: Evaluation) -> dict[str, str]:
    """A letter for each flag that was raised; in the order of `Flag`."""
    raised = {flag for window in evaluation.windows.values() for flags in window.flags for flag in flags}
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return dict(zip(sorted(raised, key=_flag_order), letters, strict=False))


def budget_table(evaluation: Evaluation) -> Table:
    """Relative contributions to the uncertainty of each window's mean, in per cent."""
    windows = list(evaluation.windows.values())
    largest: dict[str, float] = {}
    for window in windows:
        for term, value in window.budget.items():
            largest[term] = max(largest.get(term, 0.0), value)
    columns = (
        *_texts("Contribution", "Kind"),
        *(Column(window.name, f"%, {window_limits(window)}") for window in windows),
    )
    rows = [
        (
            term_words(term),
            "statistical" if term in RANDOM_TERMS else "systematic",
            *(number(100 * window.budget.get(term, float("nan")), ".2f") for window in windows),
        )
        for term in sorted(largest, key=lambda name: -largest[name])
    ]
    total = (
        "together",
        "",
        *(number(100 * mean_sigma(window) / abs(window.mean_plqy), ".2f") for window in windows),
    )
    return Table(columns, (*rows, total))


def step_budget_table(window: WindowResult) -> Table:
    """Relative contributions to the uncertainty of each step, in per cent."""
    terms = sorted(window.details.step_budget, key=lambda name: -window.budget.get(name, 0.0))
    columns = (
        Column("Step"),
        Column("Power density", "mW/cm²"),
        *(Column(term_words(term), "%") for term in terms),
        Column("together", "%"),
    )
    rows = []
    for step, density in enumerate(window.power_density_mw_per_cm2):
        parts = [100 * float(window.details.step_budget[term][step]) for term in terms]
        cells = [number(part, ".2f") for part in [*parts, float(np.linalg.norm(parts))]]
        rows.append((str(step + 1), number(float(density), ".1f"), *cells))
    return Table(columns, tuple(rows))


def models_table(dependence: PowerDependence) -> Table:
    """Every model fitted to the yield against power density; the chosen one is marked by a word."""
    columns = (
        Column("Model", numeric=False),
        Column("η(x), x in mW/cm²", numeric=False),
        Column("Parameters", numeric=False),
        Column("χ²/ν"),
        Column("AICc"),
    )
    rows = [
        (
            model.name.replace("_", " ") + (" (chosen)" if model.name == dependence.chosen else ""),
            formula_words(model.formula),
            parameter_words(model),
            number(model.chi_squared_reduced, ".2f"),
            number(model.aicc, ".1f"),
        )
        for model in dependence.models
    ]
    return Table(columns, tuple(rows))


def flags_table(evaluation: Evaluation, *, notes: bool) -> Table:
    """Each flag that was raised: where, how often, and what it means.

    Args:
        evaluation: the result.
        notes: whether to list those that say how something is, or those that say something is wrong.
    """
    rows = []
    for flag, mark in flag_marks(evaluation).items():
        if (flag in _NOTES) is not notes:
            continue
        where = [
            f"{name}: {sum(flag in flags for flags in window.flags)}"
            for name, window in evaluation.windows.items()
            if any(flag in flags for flags in window.flags)
        ]
        rows.append((mark, flag, ", ".join(where), sentence(flag)))
    return Table(_texts("", "Flag", "Steps", "What it means"), tuple(rows))


def progress_table(run: Run) -> Table:
    """What was measured of each role."""
    columns = (
        Column("Spectrum", numeric=False),
        Column("Steps measured"),
        Column("Integration time", numeric=False),
        Column("Scans"),
        Column("Highest", "% of full scale"),
        Column("Light on sample", numeric=False),
        *_texts("Saved"),
    )
    rows: list[tuple[str, ...]] = []
    for role in PASS_ORDER:
        if role not in run.spectra:
            if role in PASS_ORDER[:5]:
                rows.append((role_words(role), f"0 of {run.power_steps}", *[NOTHING] * 5))
            continue
        spectra = run.spectra[role]
        measured = spectra.measured
        times, scans = spectra.integration_time_s[measured], spectra.scans[measured]
        highest = np.nanmax(spectra.counts[measured], initial=0.0) / run.full_scale_counts
        rows.append(
            (
                role_words(role),
                f"{int(measured.sum())} of {run.power_steps}",
                _span([exposure(float(times.min())), exposure(float(times.max()))]),
                _span([str(scans.min()), str(scans.max())]),
                number(100 * highest, ".0f"),
                duration(float(np.nansum(spectra.light_on_s[measured]))),
                moment(float(np.nanmax(spectra.time[measured]))),
            )
        )
    return Table(columns, tuple(rows))


def records_table(subject: Subject) -> Table:
    """Calibration records: kind, when made, how old at the run, until when good, hash."""
    started = subject.run.started
    rows: list[tuple[str, ...]] = []
    marked: list[int] = []
    for kind, record in subject.records.items():
        left = record.expires.timestamp() - started
        if left < 0:
            marked.append(len(rows))
        rows.append(
            (
                record_words(str(kind)),
                f"{record.created:%Y-%m-%d}",
                duration(started - record.created.timestamp()),
                f"{record.expires:%Y-%m-%d}" + (f", EXPIRED {duration(-left)} before" if left < 0 else ""),
                record.operator or NOTHING,
                record.origin,
                record.sha256[:12],
            )
        )
    columns = (*_texts("Record", "Made", "Age at the run", "Good until", "By", "How", "SHA-256 (first 12)"),)
    return Table(columns, tuple(rows), tuple(marked))


def record_notes(subject: Subject) -> tuple[str, ...]:
    """What the records say of themselves: what was assumed when they were made, and what was odd."""
    return tuple(
        f"{record_words(str(kind))}, {word}: {sentence}"
        for kind, record in subject.records.items()
        for key, word in (("assumptions", "assumed"), ("warnings", "warning"))
        for sentence in record.values.get(key, ())
    )


def record_words(kind: str) -> str:
    """A kind of calibration record for people."""
    return "long-pass" if kind == "long_pass" else kind.replace("_", " ")


def instruments_table(run: Run) -> Table:
    """Identity of every instrument."""
    keys = ("manufacturer", "model", "serial_number", "firmware")
    return Table(
        _texts("Part", "Maker", "Model", "Serial number", "Firmware"),
        tuple(
            (part, *(str(identity.get(key) or NOTHING) for key in keys))
            for part, identity in run.instruments.items()
        ),
    )


def settings_table(values: Mapping[str, Any]) -> Table:
    """Keys and values of a recipe or rig file, nested keys with points between."""
    return Table(_texts("Key", "Value"), tuple(_flat(values, "")))


def comparison_table(comparison: Comparison) -> Table:
    """One row for each sample: its runs, mean, measurement uncertainty and spread between runs."""
    columns = (
        Column("Sample", numeric=False),
        Column("Runs"),
        Column("Means of the runs", "%"),
        Column("Mean", "%"),
        Column("u, measurement", "%"),
        Column("SD between runs", "%"),
        Column("relative", "%"),
    )
    rows = []
    for sample in comparison.samples:
        results = [comparison.result(position) for position in sample.runs]
        rows.append(
            (
                sample.sample,
                str(len(sample.runs)),
                ", ".join(percent(result.mean_plqy, result.u_mean_plqy) for result in results),
                *with_uncertainty(sample.mean_plqy, sample.u_mean_plqy, 100.0),
                with_uncertainty(sample.spread, sample.spread, 100.0)[1],
                number(100 * sample.spread_relative, ".2g"),
            )
        )
    return Table(columns, tuple(rows))


def ratios_table(comparison: Comparison) -> Table:
    """Each ratio with its uncertainties."""
    columns = (
        Column("Ratio", numeric=False),
        Column("Value"),
        Column("u, measurement"),
        Column("u if nothing were shared"),
        Column("u by batches"),
    )
    rows = [
        (
            f"{ratio.sample} / {ratio.reference}",
            *with_uncertainty(ratio.ratio, ratio.u_ratio),
            with_uncertainty(ratio.u_ratio_unshared, ratio.u_ratio_unshared)[1],
            with_uncertainty(ratio.u_batches, ratio.u_batches)[1],
        )
        for ratio in comparison.ratios
    ]
    return Table(columns, tuple(rows))


def runs_table(comparison: Comparison) -> Table:
    """Which runs were compared."""
    rows = [
        (
            subject.run.sample,
            moment(subject.run.started),
            subject.run.uid[:8],
            percent(comparison.result(position).mean_plqy, comparison.result(position).u_mean_plqy),
            plural(int(in_range(comparison.result(position)).sum()), "step"),
            ", ".join(doubts(comparison.result(position).flags)) or NOTHING,
            str(subject.evaluation.records.get("response", ""))[:12] if subject.evaluation else NOTHING,
        )
        for position, subject in enumerate(comparison.subjects)
    ]
    columns = _texts("Sample", "Measured", "Run", "Mean PLQY (%)", "Over", "Doubtful", "Response record")
    return Table(columns, tuple(rows))


def window_head(window: WindowResult) -> str:
    """A window's name and limits, e.g. `Er band · 1400–1650 nm`."""
    return f"{window_title(window)} · {window_limits(window)}"


def _flat(values: Mapping[str, Any], prefix: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((f"{prefix}{key}", ", ".join(str(item) for item in value) or NOTHING))
        else:
            rows.append((f"{prefix}{key}", NOTHING if value in ("", None) else str(value)))
    return rows


def _span(ends: Sequence[str]) -> str:
    return ends[0] if ends[0] == ends[-1] else f"{ends[0]} to {ends[-1]}"


def _flag_order(flag: str) -> int:
    codes = [str(known) for known in Flag]
    return codes.index(flag) if flag in codes else len(codes)
