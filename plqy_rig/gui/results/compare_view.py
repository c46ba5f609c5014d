"""Several runs side by side: means, spread, ratios, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from plqy_rig.gui.results.differences import Difference, settings_differences
from plqy_rig.gui.results.plot import short_name
from plqy_rig.gui.results.reading import Reading, compared
from plqy_rig.gui.results.run_choice import ElidedBox, labelled_row
from plqy_rig.gui.results.table import TextTable
from plqy_rig.report import Comparison
from plqy_rig.report.tables import Table, comparison_table, ratios_table, record_words

_MOST_COLUMNS = 12
"""Of the table of differences; with more runs, say so instead of drawing hundreds of cells."""


@dataclass(frozen=True, eq=False)
class SideBySide:
    """What is shown.

    Attributes:
        comparison: None with fewer than two runs with a result.
        why_not: why there is no comparison.
        differences: settings in which the runs differ.
    """

    comparison: Comparison | None
    why_not: str
    differences: tuple[Difference, ...]


def side_by_side(reading: Reading, ratio_to: str | None) -> SideBySide:
    """Compare the open runs; for a thread."""
    comparison, why_not = compared(reading.runs, reading.choices, ratio_to)
    return SideBySide(comparison, why_not, settings_differences([item.subject.run for item in reading.runs]))


WorkOut = Callable[[Callable[[], SideBySide], Callable[[SideBySide], None]], None]
"""Has something done in a thread and gives what it found to the second."""


class CompareView(QWidget):
    """Tables of a comparison.

    Attributes:
        comparison: what is shown; None with fewer than two runs with a result.
    """

    def __init__(self, work_out: WorkOut, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work_out = work_out
        self._reading: Reading | None = None
        self.comparison: Comparison | None = None
        self.ratio_to, self.sentence = ElidedBox("Sample below every ratio"), QLabel()
        self.samples, self.ratios = TextTable("Means by sample"), TextTable("Ratios of the means")
        self.differences = TextTable("Settings that differ")
        self.no_differences = QLabel()
        self._of_means: list[QWidget] = []
        self._of_ratios: list[QWidget] = []
        self._lay_out()
        self.ratio_to.currentIndexChanged.connect(self._begin)

    def show_reading(self, reading: Reading) -> None:
        """Compare the open runs."""
        self._reading = reading
        held = self.ratio_to.currentData()
        self.ratio_to.blockSignals(True)
        self.ratio_to.clear()
        for name in dict.fromkeys(item.name for item in reading.runs):
            self.ratio_to.addItem(short_name(name, 48), name)
        self.ratio_to.setCurrentIndex(max(0, self.ratio_to.findData(held)))
        self.ratio_to.blockSignals(False)
        self._begin()

    def _begin(self, _: int = 0) -> None:
        reading, ratio_to = self._reading, self.ratio_to.currentData()
        if reading is None:
            return
        known = {item.name for item in reading.runs if item.window is not None}
        wanted = ratio_to if ratio_to in known else None
        self.sentence.setText("Comparing…")
        self._work_out(lambda: side_by_side(reading, wanted), lambda found: self._show(reading, found))

    def _show(self, reading: Reading, found: SideBySide) -> None:
        if reading is not self._reading:
            return
        self.comparison = found.comparison
        for part in self._of_means:
            part.setVisible(found.comparison is not None)
        several = found.comparison is not None and bool(found.comparison.ratios)
        for part in self._of_ratios:
            part.setVisible(several)
        self.sentence.setText(found.why_not)
        if found.comparison is not None:
            self.sentence.setText(_about(found.comparison))
            _fill(self.samples, comparison_table(found.comparison))
            _fill(self.ratios, ratios_table(found.comparison))
        self._show_differences(reading, found.differences)

    def _lay_out(self) -> None:
        self.ratio_to.setMinimumContentsLength(9)
        self.sentence.setWordWrap(True)
        self.no_differences.setWordWrap(True)
        chooser = QWidget()
        row = labelled_row([("Sample below every ratio", self.ratio_to)])
        row.setContentsMargins(0, 0, 0, 0)
        chooser.setLayout(row)
        self._of_means = [_heading("Means"), self.samples]
        self._of_ratios = [_heading("Ratios of the means"), chooser, self.ratios]
        for part in (*self._of_means, *self._of_ratios, self.differences):
            part.hide()
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.sentence)
        for part in (*self._of_means, *self._of_ratios):
            layout.addWidget(part)
        layout.addWidget(_heading("Settings that differ"))
        layout.addWidget(self.no_differences)
        layout.addWidget(self.differences)
        layout.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)

    def _show_differences(self, reading: Reading, found: tuple[Difference, ...]) -> None:
        runs = reading.runs[:_MOST_COLUMNS]
        said = ""
        if len(reading.runs) < 2:
            said = "One run alone differs from nothing."
        elif not found:
            said = "None: recipe, rig and records are the same."
        elif len(runs) < len(reading.runs):
            said = f"The first {len(runs)} of {len(reading.runs)} runs are shown."
        self.no_differences.setVisible(bool(said))
        self.no_differences.setText(said)
        self.differences.setVisible(bool(found))
        heads = [f"{index + 1}. {short_name(item.name, 26)}" for index, item in enumerate(runs)]
        rows = [(one.group, one.name, *one.values[: len(runs)]) for one in found]
        self.differences.show_rows(["Where", "What", *heads], rows)
        self.differences.fit_height(480)


def _about(comparison: Comparison) -> str:
    said = [f"{len(comparison.subjects)} runs, {comparison.low_nm:g}–{comparison.high_nm:g} nm."]
    if comparison.shared_records:
        kinds = ", ".join(record_words(kind) for kind in comparison.shared_records)
        said.append(f"All used the same record of: {kinds}. What its error does to all cancels in ratios.")
    said += [f"Left out: {folder}: {reason}." for folder, reason in comparison.left_out]
    return " ".join(said)


def _fill(widget: TextTable, table: Table) -> None:
    heads = [f"{column.title}\n{column.unit}" if column.unit else column.title for column in table.columns]
    widget.show_rows(heads, table.rows, numeric=[column.numeric for column in table.columns], wide=0)
    widget.fit_height()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
