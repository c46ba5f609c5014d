"""The live page against a real host and its bench: what it shows of a run, paused, aborted, disturbed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel
from support.window_runs import (
    RUN_MS,
    ask_bench,
    attached,
    start_run,
    wait_for_end,
)

from plqy_rig.data import load_run
from plqy_rig.evaluation import evaluate_run
from plqy_rig.gui.live.spectra import Quantity

ROLES = (
    "empty_excitation",
    "indirect_excitation",
    "direct_excitation",
    "direct_emission",
    "indirect_emission",
)


@pytest.fixture
def window(make_window, start_plqy_host, qtbot):
    return attached(make_window, start_plqy_host(), qtbot)


@pytest.fixture
def page(window):
    window.show_page("Live")
    return window.page("Live")


def wait_for_first_light(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.run.latest is not None, timeout=RUN_MS)


def click(button, qtbot) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=10_000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_run_is_shown_from_the_empty_page_to_the_result(window, page, qtbot):
    # A page draws a moment after it is shown.
    qtbot.waitUntil(
        lambda: bool(page.spectra.plot.empty_text and page.result.yield_plot.empty_text), timeout=5000
    )
    start_run(window, qtbot, hands=True)
    assert wait_for_end(window, qtbot) == "success"
    qtbot.waitUntil(lambda: (window.session.rig.result or {}).get("partial") is False, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not page.result.yield_plot.empty_text, timeout=5000)
    assert [(entry.role, entry.done, entry.steps) for entry in page.header.bars.passes] == [
        (role, 3, 3) for role in ROLES
    ]
    see_the_spectra_that_were_saved(window, page, qtbot)
    see_the_result_that_the_files_give(window, page)
    assert page.header.dose_j() == pytest.approx(ask_bench(window, "observe")["dose_j"], rel=0.5)


def see_the_spectra_that_were_saved(window, page, qtbot) -> None:
    saved = load_run(run_folder(window))
    page.spectra.show_step(1)
    qtbot.waitUntil(lambda: set(page.spectra.plot.curve_values) == set(ROLES), timeout=5000)
    qtbot.wait(300)
    for role, (wavelength_nm, counts) in page.spectra.plot.curve_values.items():
        spectra = saved.spectra[role]
        np.testing.assert_allclose(counts, spectra.counts[1] - spectra.dark[1])
        np.testing.assert_allclose(wavelength_nm, saved.wavelength_nm)
    page.spectra.quantity_box.setCurrentText(Quantity.FLUX.value)
    qtbot.wait(300)
    _, flux = page.spectra.plot.curve_values["direct_emission"]
    assert np.nanmax(flux) > 1e9
    assert page.spectra.plot.empty_text == ""


def run_folder(window) -> str:
    return window.session.rig.run["folder"]


def see_the_result_that_the_files_give(window, page) -> None:
    evaluated = evaluate_run(load_run(run_folder(window))).windows["er"]
    page.result.window_box.setCurrentIndex(page.result.window_box.findData("er"))
    page.result.draw()
    columns = {
        column.name: np.asarray(column.values, float) for column in page.result.yield_plot.columns()[:4]
    }
    np.testing.assert_allclose(columns["PLQY"], 100 * evaluated.plqy, rtol=1e-9)
    np.testing.assert_allclose(columns["u_PLQY"], 100 * evaluated.u_plqy, rtol=1e-9)
    assert f"{100 * evaluated.mean_plqy:.2f}" in page.result.headline.text()
    assert math.isclose(page.result.absorptance_plot.columns()[1].values[0], evaluated.absorptance[0])


def test_pause_and_continue_at_the_live_page(window, page, qtbot):
    start_run(window, qtbot, hands=True)
    wait_for_first_light(window, qtbot)
    click(window.header.pause_button, qtbot)
    qtbot.waitUntil(lambda: window.session.rig.state == "paused", timeout=RUN_MS)
    qtbot.waitUntil(page.header.holds.isVisible, timeout=5000)
    assert "Paused by the operator" in page.header.holds.text()
    assert not ask_bench(window, "observe")["shutter_open"]
    saved = len(window.session.run.exposures)
    qtbot.wait(500)
    assert len(window.session.run.exposures) == saved
    click(window.header.pause_button, qtbot)
    assert wait_for_end(window, qtbot) == "success"


def test_abort_keeps_what_is_saved_and_the_plots_keep_what_they_show(window, page, qtbot):
    start_run(window, qtbot, hands=True)
    wait_for_first_light(window, qtbot)
    click(window.header.abort_button, qtbot)
    assert window.session.rig.run_under_way
    next(one for one in window.question.buttons() if one.text() == "Abort the run").click()
    assert wait_for_end(window, qtbot) == "abort"
    assert window.session.rig.safety == "safe"
    qtbot.waitUntil(lambda: bool(page.spectra.plot.curve_values), timeout=5000)
    assert load_run(run_folder(window)).exit_status == "abort"


def test_emergency_off_takes_the_light_away_while_the_page_watches(window, page, qtbot):
    start_run(window, qtbot, hands=True)
    wait_for_first_light(window, qtbot)
    click(window.header.emergency_button, qtbot)
    qtbot.waitUntil(lambda: window.emergency.outcome is not None, timeout=30_000)
    assert window.emergency.isVisible()
    words = [label.text() for label in window.emergency.findChildren(QLabel)]
    assert "SAFE" in words
    assert "Every step was verified." in words
    assert wait_for_end(window, qtbot) in ("abort", "fail")
    seen = ask_bench(window, "observe")
    assert [seen[key] for key in ("light_on_sample", "laser_on", "shutter_open")] == [False] * 3
    qtbot.waitUntil(lambda: "Abort" in page.header.state.text(), timeout=5000)


def test_an_instrument_unplugged_in_the_middle_of_a_run_holds_it_until_it_is_back(window, page, qtbot):
    start_run(window, qtbot, hands=True)
    wait_for_first_light(window, qtbot)
    ask_bench(window, "fault", spec="spectrometer:disconnect")
    qtbot.waitUntil(lambda: window.session.rig.state == "paused", timeout=RUN_MS)
    qtbot.waitUntil(page.header.holds.isVisible, timeout=5000)
    assert "spectrometer" in page.header.holds.text()
    instruments = window.page("Instruments")
    qtbot.waitUntil(lambda: instruments.panels["spectrometer"].state == "bad", timeout=20_000)
    ask_bench(window, "fault", clear=True)
    assert wait_for_end(window, qtbot) == "success"
    qtbot.waitUntil(lambda: instruments.panels["spectrometer"].state != "bad", timeout=20_000)
    assert [window.session.run.steps(role) for role in ROLES] == [[0, 1, 2]] * 5
