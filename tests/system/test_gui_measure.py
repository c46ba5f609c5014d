"""The measure page against a real host and its bench: errors at the field, a start, no second one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from support.window_runs import RUN_MS, attached, wait_for_end

from plqy_rig.data import load_run

SHORT = {
    "sample": "HET-Ce",
    "power_density_min_mw_per_cm2": "200",
    "power_density_max_mw_per_cm2": "800",
    "power_steps": "3",
    "scans_excitation": "4",
    "scans_emission": "2",
    "integration_time_max_emission_s": "1",
}
CHECK_MS = 20_000


@pytest.fixture
def window(make_window, start_plqy_host, qtbot):
    window = attached(make_window, start_plqy_host(speed=200.0), qtbot)
    # Keys go to the active window only.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=CHECK_MS)
    return window


@pytest.fixture
def page(window):
    window.resize(1300, 850)
    window.show_page("Measure")
    return window.page("Measure")


def type_into(page, key, text):
    page.form.go_to(key)
    line = page.form.rows[key].input.line
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Tab)


def wait_for_dry_run(page, qtbot):
    qtbot.waitUntil(
        lambda: not page.dry_run.busy and page.panel.duration.isVisible() and not page.form.problems,
        timeout=CHECK_MS,
    )


def test_mistakes_stand_at_their_fields_and_a_recipe_is_measured_as_typed(window, page, qtbot):
    type_into(page, "sample", "HET-Ce")
    type_into(page, "power_density_max_mw_per_cm2", "5000")
    row = page.form.rows["power_density_max_mw_per_cm2"]
    qtbot.waitUntil(lambda: "above this rig's limit of 1200 mW/cm²" in row.problem, timeout=CHECK_MS)
    assert row.input.line.text() == "5000"
    assert row.error.isVisible()
    assert not page.start_card.start_button.isEnabled()
    for key, text in SHORT.items():
        type_into(page, key, text)
    wait_for_dry_run(page, qtbot)
    assert page.panel.light.exposures.text() == "15 = 3 powers × 5 passes"
    assert page.start_card.hands.isChecked()
    qtbot.waitUntil(page.start_card.start_button.isEnabled, timeout=CHECK_MS)
    qtbot.mouseClick(page.start_card.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.shown_page.title == "Live", timeout=CHECK_MS)
    assert wait_for_end(window, qtbot) == "success"
    run = load_run(Path(window.session.rig.run["folder"]))
    assert run.recipe["power_steps"] == 3
    assert run.recipe["power_density_max_mw_per_cm2"] == 800
    assert len(run.spectra) == 5
    assert 'sample = "HET-Ce"' in run.recipe_toml


def test_a_bench_is_measured_without_typing_anything(window, page, qtbot):
    wait_for_dry_run(page, qtbot)
    assert page.form.recipe()["sample"] == "HET-Ce"
    assert page.start_card.start_button.isEnabled()


def test_a_second_run_cannot_be_started_while_one_goes_on(window, page, qtbot):
    for key, text in SHORT.items():
        type_into(page, key, text)
    wait_for_dry_run(page, qtbot)
    # Nobody answers the operator's question: the run waits for as long as the test needs.
    page.start_card.hands.click()
    qtbot.mouseClick(page.start_card.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.rig.question is not None, timeout=RUN_MS)
    window.show_page("Measure")
    qtbot.waitUntil(lambda: not page.start_card.start_button.isEnabled(), timeout=CHECK_MS)
    assert "A run is under way" in page.start_card.why.text()
    # The button is off; what it would do is refused with the reason, and by the host as well.
    page.start_card.start()
    assert page.start_card.why.property("state") == "bad"
    refused = []
    arguments = {"recipe_toml": page._recipe_text(), "source": "test"}
    window.session.command("start_run", arguments, lambda _result: refused.append(None), refused.append)
    qtbot.waitUntil(lambda: len(refused) == 1, timeout=CHECK_MS)
    assert refused[0] is not None
    assert refused[0].kind == "CommandRefusedError"
    runs = list(Path(window.session.rig.rig["out"]).iterdir())
    assert len(runs) == 1
    window.session.command("abort", {"reason": "the test is over"})
    qtbot.waitUntil(lambda: window.session.rig.idle, timeout=RUN_MS)
    qtbot.waitUntil(page.start_card.start_button.isEnabled, timeout=CHECK_MS)


def test_a_run_can_be_measured_again_from_its_folder(window, page, qtbot):
    for key, text in {**SHORT, "power_steps": "1", "comment": "first of two"}.items():
        type_into(page, key, text)
    wait_for_dry_run(page, qtbot)
    page.start_card.start()
    qtbot.waitUntil(lambda: window.session.rig.run_under_way, timeout=RUN_MS)
    assert wait_for_end(window, qtbot) == "success"
    folder = Path(window.session.rig.run["folder"])
    window.show_page("Measure")
    page.files.new()
    assert page.form.recipe()["comment"] == ""
    page.files.open_path(folder)
    qtbot.waitUntil(lambda: page.form.recipe()["comment"] == "first of two", timeout=CHECK_MS)
    assert page.form.recipe()["power_steps"] == 1
    assert not page.desk.can_save
    wait_for_dry_run(page, qtbot)
