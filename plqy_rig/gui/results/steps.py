"""The result step by step, with every flag in words."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from plqy_rig.data import Evaluation, WindowResult
from plqy_rig.evaluation.words import number, percent, plural, power_range
from plqy_rig.gui.results.plot import short_name
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.run_choice import RunChoice, labelled_row
from plqy_rig.gui.results.table import TextTable
from plqy_rig.report.figures import in_range
from plqy_rig.report.quantities import step_values
from plqy_rig.report.tables import flags_table

_HEADS = (
    "Step",
    "Power density\nmW/cm²",
    "PLQY\n%",
    "u statistical\n%",
    "u systematic\n%",
    "A",
    "μ",
    "PLQY by two\n%",
    "Flags",
)
_NUMERIC = (True,) * 8 + (False,)


def flag_words(flag: str) -> str:
    """A flag's code as words: `weak_signal` is `weak signal`."""
    return flag.replace("_", " ").replace("2m", "two-measurement result")


def step_rows(window: WindowResult) -> list[tuple[str, ...]]:
    """One row of texts for each step."""
    random, systematic = (step_values(window, f"u_plqy_{part}") for part in ("random", "systematic"))
    inside = in_range(window)
    return [
        (
            f"{step + 1}" if inside[step] else f"({step + 1})",
            number(window.power_density_mw_per_cm2[step], ".1f"),
            _yield(window, step),
            number(100 * random[step], ".2g"),
            number(100 * systematic[step], ".2g"),
            number(window.absorptance[step], ".4f"),
            number(window.mu[step], ".4f"),
            number(100 * window.plqy_2m[step], ".2f"),
            ", ".join(flag_words(flag) for flag in window.flags[step]) or "none",
        )
        for step in range(len(window.plqy))
    ]


def _yield(window: WindowResult, step: int) -> str:
    """With its uncertainty; with the interval of 68 % where no symmetric one may be stated."""
    shown = percent(window.plqy[step], window.u_plqy[step])
    limits = 100 * window.ci68[step]
    if np.isfinite(window.plqy[step]) and not np.isfinite(window.u_plqy[step]) and np.isfinite(limits).all():
        return f"{shown} ({number(limits[0], '.1f')} to {number(limits[1], '.1f')})"
    return shown


class StepsView(QWidget):
    """Table of the steps of one run, and what its flags mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: list[OpenRun] = []
        self.run, self.sentence = RunChoice("Run of the table"), QLabel()
        self.steps, self.flags = TextTable("Result step by step"), TextTable("What the flags mean")
        self._lay_out()
        self.run.currentIndexChanged.connect(self._draw)

    def show_reading(self, reading: Reading) -> None:
        """Offer the open runs."""
        self._runs = list(reading.runs)
        self.run.offer([f"{index + 1}. {short_name(item.name)}" for index, item in enumerate(self._runs)])
        self._draw()

    def _lay_out(self) -> None:
        self.sentence.setWordWrap(True)
        tables = QSplitter(Qt.Orientation.Vertical)
        tables.addWidget(self.steps)
        tables.addWidget(self.flags)
        tables.setSizes([500, 200])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(labelled_row([("Run", self.run)]))
        layout.addWidget(self.sentence)
        layout.addWidget(tables, 1)

    def _draw(self, _: int = 0) -> None:
        index = self.run.currentIndex()
        item = self._runs[index] if 0 <= index < len(self._runs) else None
        window = None if item is None else item.window
        if item is None or window is None or item.subject.evaluation is None:
            self.sentence.setText(
                "Choose a run in the list." if item is None else item.subject.problem or "No quantum yield."
            )
            self.steps.show_rows((), ())
            self.flags.show_rows((), ())
            return
        outside = np.flatnonzero(~in_range(window))
        self.sentence.setText(_about(window, len(outside)))
        self.steps.show_rows(
            _HEADS, step_rows(window), numeric=_NUMERIC, marked=[int(step) for step in outside], wide=8
        )
        rows = flag_rows(item.subject.evaluation)
        heads = ("Flag", "Kind", "Steps", "What it means")
        self.flags.show_rows(heads, rows or [("none", "", "", "No flag was raised.")], wide=3)


def flag_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Doubts first, then notes: words, kind, how many steps, what it means."""
    rows: list[tuple[str, ...]] = []
    for notes in (False, True):
        for _, flag, where, sentence in flags_table(evaluation, notes=notes).rows:
            steps = where.rsplit(": ", 1)[-1]
            rows.append((flag_words(flag), "note" if notes else "doubt", steps, sentence))
    return rows


def _about(window: WindowResult, outside: int) -> str:
    inside = len(window.plqy) - outside
    said = f"{plural(inside, 'step')} in {power_range(window.range_mw_per_cm2)} enter the mean"
    if outside:
        said += f"; {plural(outside, 'step')} in brackets and italics don't"
    return f"{said}. u: standard uncertainty (k = 1). A: absorptance of the direct beam. μ: scattered share."
