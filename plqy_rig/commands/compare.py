"""`plqy compare`: several runs side by side, with ratios and the spread between batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rich.table
from rich.console import Console
from rich.markup import escape

from plqy_rig import terminal
from plqy_rig.commands.report import (
    check_density,
    checked_format,
    chosen,
    tell_paths,
    tell_problems,
)
from plqy_rig.evaluation import parse_window
from plqy_rig.evaluation.flags import doubts, sentence
from plqy_rig.report import (
    Comparison,
    comparison_figures,
    comparison_json,
    open_subject,
    report_document,
    save_figures,
    write_html,
)
from plqy_rig.report import compare as compare_subjects
from plqy_rig.report.tables import Table, comparison_table, ratios_table


def compare(
    paths: Sequence[Path],
    window: str,
    power_range: str | None,
    ratio_to: str | None,
    density: float,
    output: Path | None,
    figures: Path | None,
    form: str,
    *,
    as_json: bool,
) -> None:
    """Compare runs in one window."""
    choices = chosen([window], power_range)
    figure_format = checked_format(form)
    check_density(density)
    subjects = [open_subject(path, choices) for path in paths]
    tell_problems(subjects)
    comparison = compare_subjects(subjects, parse_window(window).name, ratio_to)
    if as_json:
        terminal.print_json(comparison_json(comparison))
    else:
        _print(comparison)
    if output is not None:
        write_html(report_document([], comparison, density), output)
        terminal.say(f"comparison: {output}")
    if figures is not None:
        named = {item.name: item.figure for item in comparison_figures(comparison, density)}
        tell_paths("figure", save_figures(named, figures, figure_format))


def _print(comparison: Comparison) -> None:
    limits = f"{comparison.low_nm:g}-{comparison.high_nm:g} nm"
    _print_table(f"Mean quantum yield, window {comparison.window} ({limits})", comparison_table(comparison))
    if comparison.ratios:
        _print_table("Ratios of the means", ratios_table(comparison))
    _print_doubts(comparison)
    for folder, reason in comparison.left_out:
        terminal.say(f"left out: {folder}: {reason}")


def _print_doubts(comparison: Comparison) -> None:
    """Each flag that doubts a number once, with the runs that carry it."""
    carriers: dict[str, list[str]] = {}
    for position, subject in enumerate(comparison.subjects):
        for flag in doubts(comparison.result(position).flags):
            carriers.setdefault(flag, []).append(subject.run.folder.name)
    for flag, folders in carriers.items():
        terminal.say(f"{flag} ({', '.join(folders)}): {sentence(flag)}")


def _print_table(title: str, table: Table) -> None:
    shown = rich.table.Table(title=title, title_justify="left")
    for column in table.columns:
        head = f"{column.title} / {column.unit}" if column.unit else column.title
        shown.add_column(head, justify="right" if column.numeric else "left")
    for row in table.rows:
        shown.add_row(*(escape(cell) for cell in row))
    Console(stderr=True, highlight=False, soft_wrap=True).print(shown)
