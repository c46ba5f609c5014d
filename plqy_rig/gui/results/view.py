"""Everything about the open runs: choices, cards, plots and tables. Heavy: made when a run is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QTimer, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QFileDialog,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.evaluation.words import plural
from plqy_rig.gui.results.budget_view import BudgetView
from plqy_rig.gui.results.cards import RunCards
from plqy_rig.gui.results.choices import ChoicesBar
from plqy_rig.gui.results.compare_view import CompareView, SideBySide
from plqy_rig.gui.results.emission import EmissionPlot
from plqy_rig.gui.results.export import FORMATS, Exported, export_csv, export_figures, export_report
from plqy_rig.gui.results.fits import FitsView, FittedRun, fitted_runs
from plqy_rig.gui.results.reader_process import ReaderProcess
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.spectra import SpectraView, StagedRun, staged_run
from plqy_rig.gui.results.steps import StepsView
from plqy_rig.gui.results.tabs import ResultsTabs
from plqy_rig.gui.results.work import Ticket, Workshop
from plqy_rig.gui.results.yield_plot import YieldPlot
from plqy_rig.gui.themes import theme
from plqy_rig.report import DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2

YIELD, EMISSION, SPECTRA, STEPS = "Quantum yield", "Emission", "Spectra", "Steps"
BUDGET, FITS, COMPARE = "Budget", "Fits", "Compare"
"""Titles of the tabs."""

_WARM_UP_AFTER_MS = 1000
_SETTLE_MS = 120
"""Choices that follow each other closely (a spin box, a selection that grows) are evaluated once."""


class ResultsView(QWidget):
    """Shows the runs that it is told to open.

    Signals:
        told(str, str): a sentence for the message bar, and its state.

    Attributes:
        reading: what is shown; None before the first run.
    """

    told = pyqtSignal(str, str)

    def __init__(self, readers: Workshop, writers: Workshop, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._readers, self._writers = readers, writers
        self._process = process = ReaderProcess()
        # After the page is there and the list of runs was read: its start takes all of a processor.
        self._warm_up_soon = QTimer(self)
        self._warm_up_soon.setSingleShot(True)
        self._warm_up_soon.timeout.connect(
            lambda: readers.start(lambda _: process.warm_up(), lambda _: None, lambda _: None)
        )
        self._warm_up_soon.start(_WARM_UP_AFTER_MS)
        self.destroyed.connect(self._process.close)
        self._paths: tuple[Path, ...] = ()
        self._ticket: Ticket | None = None
        self.reading: Reading | None = None
        self.choices, self.cards, self.tabs = ChoicesBar(), RunCards(), ResultsTabs()
        self.problems, self.export = QLabel(), QPushButton("Export")
        self._lay_out()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._evaluate)
        self._next_turn = QTimer(self)
        self._next_turn.setSingleShot(True)
        self._next_turn.setInterval(0)
        self._next_turn.timeout.connect(self._show_in_tabs)
        self.choices.changed.connect(lambda _: self._settle.start())

    def open(self, paths: Sequence[Path]) -> None:
        """Show these runs instead of the present ones."""
        if tuple(paths) != self._paths:
            self._paths = tuple(paths)
            self._settle.start()

    def _lay_out(self) -> None:
        self.problems.setProperty("state", "bad")
        self.problems.setWordWrap(True)
        self.problems.hide()
        self.export.setMenu(self._export_menu())
        self.export.setEnabled(False)
        self._draw_icons()
        theme.on_change(self._draw_icons)
        self.tabs.offer(YIELD, self._make_yields, padded=True)
        self.tabs.offer(EMISSION, EmissionPlot, padded=True)
        self.tabs.offer(SPECTRA, lambda: SpectraView(self._work_out_stages))
        self.tabs.offer(STEPS, StepsView)
        self.tabs.offer(BUDGET, BudgetView)
        self.tabs.offer(FITS, lambda: FitsView(self._work_out_fits))
        self.tabs.offer(COMPARE, lambda: CompareView(self._work_out_comparison))
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for part in (self.choices, self.cards, self.problems):
            layout.addWidget(part)
        layout.addWidget(self.tabs, 1)
        self.stand_beside_list(True)

    def stand_beside_list(self, beside: bool) -> None:
        """Keep some distance to the list of runs, or none where it isn't shown."""
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(12 if beside else 0, 0, layout.contentsMargins().right(), 0)

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        for form in FORMATS:
            action = menu.addAction(f"Figures as {form.upper()}…")
            assert action is not None
            action.triggered.connect(lambda _, form=form: self._ask_for_figures(form))
        menu.addSeparator()
        for words, ask in (("Table as CSV…", self._ask_for_csv), ("Report (HTML)…", self._ask_for_report)):
            action = menu.addAction(words)
            assert action is not None
            action.triggered.connect(lambda _, ask=ask: ask())
        return menu

    def _draw_icons(self) -> None:
        self.export.setIcon(theme.icon("export"))

    # -- evaluating ----------------------------------------------------------------------------------

    def _evaluate(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        paths, choices, process = self._paths, self.choices.choices, self._process
        self._ticket = self._readers.start(
            lambda ticket: process.read(paths, choices, ticket), self._show, self._failed
        )

    def _show(self, reading: Reading) -> None:
        self._ticket = None
        self.reading = reading
        self.export.setEnabled(bool(reading.runs))
        self.problems.setText(problem_words(reading.problems))
        self.problems.setVisible(bool(reading.problems))
        self.cards.show_reading(reading)
        # In a turn of their own: many cards and many curves at once would be felt.
        self._next_turn.start()

    def _show_in_tabs(self) -> None:
        if self.reading is not None:
            self.tabs.show_reading(self.reading)

    def _failed(self, sentence: str) -> None:
        self._ticket = None
        self.problems.setText(sentence)
        self.problems.show()

    def _make_yields(self) -> YieldPlot:
        plot = YieldPlot()
        plot.range_dragged.connect(self.choices.choose_range)
        plot.range_moving.connect(self.choices.show_range)
        return plot

    def _work_out_stages(self, item: OpenRun, done: Callable[[StagedRun], None]) -> None:
        self._readers.start(lambda _: staged_run(item), done, self._failed)

    def _work_out_fits(self, reading: Reading, done: Callable[[list[FittedRun]], None]) -> None:
        self._readers.start(lambda _: fitted_runs(reading.runs), done, self._failed)

    def _work_out_comparison(
        self, work: Callable[[], SideBySide], done: Callable[[SideBySide], None]
    ) -> None:
        self._readers.start(lambda _: work(), done, self._failed)

    # -- writing -------------------------------------------------------------------------------------

    def write_figures(self, folder: Path, form: str) -> None:
        """Write the paper's figures of the open runs."""
        density = self._density()
        self._write(lambda reading: export_figures(reading, folder, form, density))

    def write_csv(self, path: Path) -> None:
        """Write the tables of the open runs."""
        self._write(lambda reading: export_csv(reading, path))

    def write_report(self, path: Path, *, show: bool = True) -> None:
        """Write the HTML report of the open runs, and open it in the browser."""
        density = self._density()
        self._write(lambda reading: export_report(reading, path, density), show=show)

    def _write(self, work: Callable[[Reading], Exported], *, show: bool = False) -> None:
        reading = self.reading
        if reading is None:
            return

        def written(exported: Exported) -> None:
            self.told.emit(f"Written: {exported.sentence}", "good")
            if show:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(exported.paths[0])))

        self.told.emit(f"Writing the files of {plural(len(reading.runs), 'run')}…", "info")
        self._writers.start(
            lambda _: work(reading), written, lambda sentence: self.told.emit(sentence, "bad")
        )

    def _density(self) -> float:
        emission = self.tabs.built(EMISSION)
        value = emission.density.currentData() if isinstance(emission, EmissionPlot) else None
        return DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2 if value is None else float(value)

    def _ask_for_figures(self, form: str) -> None:
        name = QFileDialog.getExistingDirectory(self, f"Folder for the figures ({form.upper()})")
        if name:
            self.write_figures(Path(name), form)

    def _ask_for_csv(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Table", "plqy.csv", "CSV (*.csv)")
        if name:
            self.write_csv(Path(name))

    def _ask_for_report(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Report", "report.html", "HTML (*.html)")
        if name:
            self.write_report(Path(name))


def problem_words(problems: Sequence[tuple[Path, str]]) -> str:
    """Runs that can't be shown: which and why; the folder's path stands in the tooltip of its line."""
    return "\n".join(f"{path.name}: {why.replace(f'{path}/', '')}" for path, why in problems)
