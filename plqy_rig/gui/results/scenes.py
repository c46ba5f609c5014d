"""What the docs' pictures show of calibrations, results and records; used by `screenshots` alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from plqy_rig.gui.calibrations.page import CalibrationsPage
from plqy_rig.gui.results.page import ResultsPage

if TYPE_CHECKING:
    from plqy_rig.gui.window.main_window import MainWindow


def results_scenes(window: MainWindow) -> dict[str, Callable[[], object]]:
    """A run opened, another window chosen, its uncertainty."""
    from plqy_rig.gui.screenshots import wait_until

    page = window.page("Results")
    assert isinstance(page, ResultsPage)

    def opened() -> None:
        window.show_page("Results")
        wait_until(lambda: page.view is not None and bool(page.catalogue.table.model_.lines), "the runs")
        lines = page.catalogue.table.model_.lines
        page.catalogue.table.choose([line.path for line in lines])
        wait_until(lambda: page.view is not None and page.view.reading is not None, "the result")
        assert page.view is not None
        page.view.choices.choose_window("er_table1")

    def look_at(tab: str) -> Callable[[], None]:
        def look() -> None:
            assert page.view is not None
            page.view.tabs.show_title(tab)

        return look

    return {
        "results-open": opened,
        "results-uncertainty": look_at("Budget"),
        "results-fits": look_at("Fits"),
    }


def calibrations_scenes(window: MainWindow) -> dict[str, Callable[[], object]]:
    """The form of two calibrations, then a result to be decided about."""
    from plqy_rig.gui.screenshots import wait_until

    page, rig = window.page("Calibrations"), window.session.rig
    assert isinstance(page, CalibrationsPage)

    def form() -> None:
        window.show_page("Calibrations")
        wait_until(lambda: page.reading is not None, "the records")
        page.list.choose(("wheel",))
        page.form.operator.setText("A. Operator")

    def deciding() -> None:
        page.form.start.click()
        wait_until(lambda: bool((rig.calibration or {}).get("deciding")), "a result")

    def kept() -> None:
        page.progress.cards[-1].accept_button.click()
        wait_until(lambda: bool((rig.calibration or {}).get("over")) and rig.idle, "the end")

    return {"calibrations-form": form, "calibrations-result": deciding, "calibrations-kept": kept}
