"""What the template gets: every text, table and figure of a document, ready to be set."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from plqy_rig.data import ExitStatus, Run, WindowResult
from plqy_rig.evaluation.flags import doubts
from plqy_rig.evaluation.flags import sentence as flag_sentence
from plqy_rig.evaluation.power_dependence import PowerDependence
from plqy_rig.evaluation.words import (
    NOTHING,
    decimals_for,
    duration,
    estimator_words,
    moment,
    number,
    percent,
    plural,
    power_range,
    with_uncertainty,
)
from plqy_rig.report import tables
from plqy_rig.report.comparison import Comparison
from plqy_rig.report.figure_sets import (
    DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2,
    CaptionedFigure,
    Place,
    comparison_figures,
    run_figures,
)
from plqy_rig.report.figures import in_range
from plqy_rig.report.methods import methods_text, power_density_words
from plqy_rig.report.subject import Subject
from plqy_rig.report.svg import inline_svg
from plqy_rig.report.tables import Table

_PER_CENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Verdict:
    """A short judgement with its level: `good`, `doubtful` or `bad`; the words say it without colour."""

    level: str
    text: str


@dataclass(frozen=True)
class WindowHeadline:
    """The number of one window.

    Attributes:
        name: of the window.
        head: name for people and limits.
        value: mean in per cent.
        uncertainty: with its sign, or the interval where no symmetric one may be stated; empty if unknown.
        sentence: the same in words, with range and number of steps.
        beside: the yield before re-absorption where some is assumed, else empty.
        doubts: flags that doubt the number, with what each means.
    """

    name: str
    head: str
    value: str
    uncertainty: str
    sentence: str
    beside: str = ""
    doubts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FigureBlock:
    """A figure in the document; `name` is unlike all others in it."""

    name: str
    svg: str
    title: str
    caption: str
    wide: bool


@dataclass(frozen=True)
class RunSection:
    """One run in the document."""

    anchor: str
    sample: str
    facts: tuple[tuple[str, str], ...]
    verdicts: tuple[Verdict, ...]
    problem: str
    warnings: tuple[str, ...]
    headlines: tuple[WindowHeadline, ...]
    figures: Mapping[str, tuple[FigureBlock, ...]]
    steps: Table | None
    models: Table | None
    trend: str
    budget: Table | None
    step_budget: Table | None
    flags: Table | None
    notes: Table | None
    tests: tuple[str, ...]
    progress: Table
    records: Table
    record_notes: tuple[str, ...]
    instruments: Table
    recipe: Table
    rig: Table
    methods: str
    estimator: str
    power_density: str


@dataclass(frozen=True)
class ComparisonSection:
    """Several runs in the document."""

    head: str
    sentences: tuple[str, ...]
    samples: Table
    ratios: Table
    runs: Table
    figures: tuple[FigureBlock, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Document:
    """Everything."""

    title: str
    made: str
    version: str
    comparison: ComparisonSection | None
    runs: tuple[RunSection, ...]


def report_document(
    subjects: Sequence[Subject],
    comparison: Comparison | None = None,
    spectrum_density_mw_per_cm2: float = DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2,
) -> Document:
    """The document of some runs, each with its own section, and of their comparison if there is one."""
    names = list(dict.fromkeys(subject.run.sample for subject in subjects))
    if not names and comparison is not None:
        names = [sample.sample for sample in comparison.samples]
    title = ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
    return Document(
        title=title or "No runs",
        made=moment(time.time()),
        version=version("plqy-rig"),
        comparison=None
        if comparison is None
        else _comparison_section(comparison, spectrum_density_mw_per_cm2),
        runs=tuple(
            _run_section(f"run-{index + 1}", subject, spectrum_density_mw_per_cm2)
            for index, subject in enumerate(subjects)
        ),
    )


def _run_section(anchor: str, subject: Subject, density: float) -> RunSection:
    run, evaluation, main = subject.run, subject.evaluation, subject.main_window
    evaluated = evaluation is not None and main is not None
    return RunSection(
        anchor=anchor,
        sample=run.sample or "unnamed sample",
        facts=_facts(run),
        verdicts=_verdicts(run),
        problem=subject.problem,
        warnings=_warnings(subject),
        headlines=tuple(_headline(window) for window in evaluation.windows.values()) if evaluation else (),
        figures=_by_place(anchor, run_figures(subject, density)),
        steps=tables.steps_table(evaluation, main) if evaluation and main else None,
        models=tables.models_table(subject.dependence) if subject.dependence else None,
        trend=_trend(subject.dependence) if subject.dependence else "",
        budget=tables.budget_table(evaluation) if evaluation else None,
        step_budget=tables.step_budget_table(main) if main else None,
        flags=tables.flags_table(evaluation, notes=False) if evaluation else None,
        notes=tables.flags_table(evaluation, notes=True) if evaluation else None,
        tests=(*_tests(main), *_stored_response(subject)),
        progress=tables.progress_table(run),
        records=tables.records_table(subject),
        record_notes=tables.record_notes(subject),
        instruments=tables.instruments_table(run),
        recipe=tables.settings_table(run.recipe),
        rig=tables.settings_table(run.rig),
        methods=methods_text(subject) if evaluated else "",
        estimator=estimator_words(main.estimator) if main else "",
        power_density=power_density_words(subject),
    )


def _comparison_section(comparison: Comparison, density: float) -> ComparisonSection:
    shared = comparison.shared_records
    sentences = [
        f"{plural(len(comparison.subjects), 'run')} of {plural(len(comparison.samples), 'sample')}; "
        f"window {comparison.low_nm:g}–{comparison.high_nm:g} nm ({comparison.window})."
    ]
    if len(comparison.subjects) > 1:
        sentences.append(
            f"All runs used the same calibration record of: {_listed(shared)}. What its error does to all of "
            "them alike cancels in the ratios."
            if shared
            else "The runs don't all use the same response and long-pass records; where two do, what the "
            "records' errors do to both alike cancels in their ratio."
        )
    return ComparisonSection(
        head=f"Comparison, {comparison.low_nm:g}–{comparison.high_nm:g} nm",
        sentences=tuple(sentences),
        samples=tables.comparison_table(comparison),
        ratios=tables.ratios_table(comparison),
        runs=tables.runs_table(comparison),
        figures=_blocks("comparison", comparison_figures(comparison, density)),
        left_out=comparison.left_out,
    )


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(tables.record_words(kind) for kind in kinds)


def _by_place(anchor: str, figures: Sequence[CaptionedFigure]) -> dict[str, tuple[FigureBlock, ...]]:
    return {str(place): _blocks(anchor, [item for item in figures if item.place is place]) for place in Place}


def _blocks(anchor: str, figures: Sequence[CaptionedFigure]) -> tuple[FigureBlock, ...]:
    return tuple(
        FigureBlock(
            name=f"{anchor}-{item.name}",
            svg=inline_svg(item.figure, f"{anchor}-{item.name}", f"{item.title}. {item.caption}".strip()),
            title=item.title,
            caption=item.caption,
            wide=item.wide,
        )
        for item in figures
    )


def _facts(run: Run) -> tuple[tuple[str, str], ...]:
    facts = [("Measured", moment(run.started))]
    if run.finished is not None:
        facts.append(("Took", duration(run.finished - run.started)))
    if run.resumed:
        facts.append(("Resumed", ", ".join(moment(time_s) for time_s in run.resumed)))
    facts += [
        ("Operator", run.operator or "not given"),
        ("Run", run.uid),
        ("Folder", run.folder.name or str(run.folder)),
    ]
    if run.versions:
        facts.append(("Measured with", ", ".join(f"{name} {value}" for name, value in run.versions.items())))
    if comment := str(run.recipe.get("comment") or ""):
        facts.append(("Comment", comment))
    return tuple(facts)


def _verdicts(run: Run) -> tuple[Verdict, ...]:
    ending = {
        ExitStatus.SUCCESS: Verdict("good", "run complete"),
        ExitStatus.ABORT: Verdict("doubtful", "run ended early by the operator"),
        ExitStatus.FAIL: Verdict("bad", "run ended by an error"),
        ExitStatus.INTERRUPTED: Verdict("bad", "run interrupted: it has no end"),
    }[ExitStatus(run.exit_status)]
    reason = str(run.stop.get("reason") or "") if run.stop else ""
    verdicts = [Verdict(ending.level, f"{ending.text}: {reason}" if reason else ending.text)]
    safe_state = run.stop.get("safe_state") if run.stop else None
    if isinstance(safe_state, dict) and "safe" in safe_state:
        sentence = str(safe_state.get("sentence") or ("safe" if safe_state["safe"] else "NOT SAFE"))
        verdicts.append(Verdict("good" if safe_state["safe"] else "bad", f"rig left {sentence}"))
    else:
        verdicts.append(Verdict("doubtful", "safe state after the run: not recorded"))
    if run.rig.get("bench"):
        verdicts.append(Verdict("doubtful", "simulated: measured on the bench, not on instruments"))
    return tuple(verdicts)


def _warnings(subject: Subject) -> tuple[str, ...]:
    evaluation = subject.evaluation
    if evaluation is None:
        return subject.run.warnings
    of_windows = [
        f"{window.name}: {warning}" for window in evaluation.windows.values() for warning in window.warnings
    ]
    return (*evaluation.warnings, *of_windows)


def _headline(window: WindowResult) -> WindowHeadline:
    mean, spread = window.mean_plqy, window.u_mean_plqy
    head = tables.window_head(window)
    doubtful = tuple((flag, flag_sentence(flag)) for flag in doubts(window.flags))
    if not np.isfinite(mean):
        sentence = f"No mean: no step with a result in {power_range(window.range_mw_per_cm2)}."
        return WindowHeadline(window.name, head, NOTHING, "", sentence, doubts=doubtful)
    limits = window.details.mean.ci68
    value, shown = with_uncertainty(
        mean, spread if np.isfinite(spread) else (limits[1] - limits[0]) / 2, 100.0
    )
    sentence = (
        f"Of every 100 photons absorbed, {number(100 * mean, '.3g')} are emitted between "
        f"{window.low_nm:g} and {window.high_nm:g} nm: mean of {plural(int(in_range(window).sum()), 'step')} "
        f"in {power_range(window.range_mw_per_cm2)}"
    )
    if np.isfinite(spread):
        uncertainty = f"± {shown}"
        relative = number(100 * spread / abs(mean), ".2g")
        sentence += (
            f", with a standard uncertainty (k = 1) of {shown} percentage points, {relative}{_PER_CENT} of "
            "the value"
        )
    else:
        uncertainty = f"68{_PER_CENT}: {_interval(limits)}" if _interval(limits) else ""
        sentence += "; its distribution is too skewed for a symmetric uncertainty"
    wide = _interval(window.details.mean.ci95)
    sentence += f". 95{_PER_CENT} interval: {wide}{_PER_CENT}." if wide else "."
    beside = _before_reabsorption(window)
    return WindowHeadline(window.name, head, value, uncertainty, sentence, beside, doubtful)


def _before_reabsorption(window: WindowResult) -> str:
    mean = window.details.mean
    if not np.isfinite(mean.reabsorption_corrected):
        return ""
    shown = percent(mean.reabsorption_corrected, mean.u_reabsorption_corrected)
    return (
        f"{shown}{_PER_CENT} before re-absorption of {100 * mean.reabsorbed_fraction:.2g}{_PER_CENT} of the "
        "light"
    )


def _interval(limits: tuple[float, float]) -> str:
    """An interval in per cent, e.g. `29.6 to 31.9`; empty where there is none."""
    if not all(np.isfinite(limits)):
        return ""
    decimals = decimals_for(100 * (limits[1] - limits[0]) / 2)
    return " to ".join(number(100 * limit, f".{decimals}f") for limit in limits)


def _trend(dependence: PowerDependence) -> str:
    slope, error = with_uncertainty(dependence.emission_slope, dependence.u_emission_slope)
    return (
        f"Slope of emitted against absorbed photons (log-log): {slope} ± {error}. If the yield didn't depend "
        f"on power, a slope at least as far from 1 would be seen with a probability of "
        f"{number(dependence.p_no_trend, '.2g')}. The simplest model that the AICc supports: "
        f"{dependence.chosen.replace('_', ' ')}."
    )


def _tests(main: WindowResult | None) -> tuple[str, ...]:
    """What the steps' scatter and the other estimates say, as sentences; empty where not known."""
    if main is None:
        return ()
    mean = main.details.mean
    told: list[str] = []
    if np.isfinite(mean.chi_squared) and mean.degrees_of_freedom > 0:
        told.append(
            f"Scatter of the steps about the mean: χ² = {mean.chi_squared:.1f} with "
            f"{mean.degrees_of_freedom} degrees of freedom."
        )
    if np.isfinite(mean.other_estimator):
        shown = percent(mean.other_estimator, mean.u_other_estimator)
        told.append(f"With the other absorptance estimator the mean is {shown} %.")
    if np.isfinite(mean.plqy_2m):
        shown = percent(mean.plqy_2m, mean.u_plqy_2m)
        told.append(f"Two-measurement variant: {shown} % (statistical only).")
    if np.isfinite(mean.median):
        told.append(f"Monte Carlo: median {100 * mean.median:.2f} %.")
    return tuple(told)


def _stored_response(subject: Subject) -> tuple[str, ...]:
    """The mean with the response that is stored in the run, where another was used."""
    main, stored = subject.main_window, subject.with_stored_response
    if main is None or stored is None or main.name not in stored.windows:
        return ()
    window = stored.windows[main.name]
    shown = percent(window.mean_plqy, window.u_mean_plqy)
    return (f"With the response stored in the run the mean is {shown} %.",)
