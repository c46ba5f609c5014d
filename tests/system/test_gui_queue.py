"""The queue page against a real host and its bench: three entries, reordered, one held, run to the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from support.window_runs import RUN_MS, attached

from plqy_rig.data import load_run
from plqy_rig.gui.measure.presets import built_in_presets

WAIT_MS = 20_000


@pytest.fixture
def window(make_window, start_plqy_host, qtbot):
    window = attached(make_window, start_plqy_host(speed=200.0), qtbot)
    window.resize(1300, 850)
    # Keys go to the active window only.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    return window


@pytest.fixture
def measure(window):
    window.show_page("Measure")
    page = window.page("Measure")
    quick = next(preset for preset in built_in_presets() if preset.name == "Quick look")
    page.files.take_preset(quick)
    page.form.enter({"power_steps": 2, "laser_warm_up_s": 1.0})
    return page


def add(window, measure, qtbot, *samples):
    button = measure.start_card.queue_button
    for sample in samples:
        before = len(window.session.rig.queue["entries"])
        measure.form.enter({"sample": sample})
        qtbot.waitUntil(lambda: button.isEnabled() and not measure.dry_run.busy, timeout=WAIT_MS)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(
            lambda before=before: len(window.session.rig.queue["entries"]) == before + 1, timeout=WAIT_MS
        )


def shown(page):
    return [entry["sample"] for entry in page.model.entries]


def status(page):
    return {entry["sample"]: entry["status"] for entry in page.model.entries}


def choose(page, sample):
    page.table.choose(next(entry["id"] for entry in page.model.entries if entry["sample"] == sample))


def test_three_entries_are_reordered_one_is_held_and_the_others_run_to_the_end(window, measure, qtbot):
    add(window, measure, qtbot, "A", "B", "C")
    window.show_page("Queue")
    page = window.page("Queue")
    qtbot.waitUntil(lambda: shown(page) == ["A", "B", "C"], timeout=WAIT_MS)
    choose(page, "C")
    QTest.keyClick(page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: shown(page) == ["A", "C", "B"], timeout=WAIT_MS)
    assert page.table.chosen_entry["sample"] == "C"
    page.model.dropMimeData(
        page.model.mimeData([page.model.index(2, 0)]),
        Qt.DropAction.MoveAction,
        0,
        0,
        page.model.index(-1, -1),
    )
    qtbot.waitUntil(lambda: shown(page) == ["B", "A", "C"], timeout=WAIT_MS)
    choose(page, "A")
    qtbot.mouseClick(page.actions_bar.hold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.actions_bar.hold.text() == "Release", timeout=WAIT_MS)
    assert "done ≈" in page.sentence.text()
    assert page.hands.isChecked()
    qtbot.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.rig.queue["state"] == "running", timeout=WAIT_MS)
    window.show_page("Measure")
    qtbot.waitUntil(lambda: not measure.start_card.start_button.isEnabled(), timeout=WAIT_MS)
    window.show_page("Queue")
    qtbot.waitUntil(
        lambda: window.session.rig.queue["state"] != "running" and window.session.rig.idle, timeout=RUN_MS
    )
    window.session.rig.flush()
    assert status(page) == {"B": "finished", "A": "waiting", "C": "finished"}
    ended = {entry["sample"]: entry for entry in page.model.entries if entry["status"] == "finished"}
    for sample, entry in ended.items():
        run = load_run(Path(entry["folder"]))
        assert (run.sample, str(run.exit_status)) == (sample, "success")
    assert ended["B"]["started_s"] < ended["C"]["started_s"]
    qtbot.mouseClick(page.clear_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(page) == ["A"], timeout=WAIT_MS)


def test_an_entry_is_duplicated_edited_removed_and_brought_back(window, measure, qtbot):
    add(window, measure, qtbot, "A")
    window.show_page("Queue")
    page = window.page("Queue")
    qtbot.waitUntil(lambda: shown(page) == ["A"], timeout=WAIT_MS)
    qtbot.mouseClick(page.actions_bar.duplicate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(page) == ["A", "A"], timeout=WAIT_MS)
    page.table.selectRow(1)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert window.shown_page is measure
    measure.form.enter({"sample": "D", "power_steps": 4})
    qtbot.waitUntil(
        lambda: measure.start_card.update_button.isEnabled() and not measure.dry_run.busy, timeout=WAIT_MS
    )
    qtbot.mouseClick(measure.start_card.update_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.shown_page is page and shown(page) == ["A", "D"], timeout=WAIT_MS)
    assert page.model.entries[1]["recipe"]["power_steps"] == 4
    retry = page.actions_bar.policy.menu().actions()[1]
    choose(page, "D")
    retry.trigger()
    policy = {"policy": "retry", "retries": 1}
    qtbot.waitUntil(lambda: page.model.entries[1]["on_failure"] == policy, timeout=WAIT_MS)
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: shown(page) == ["A"], timeout=WAIT_MS)
    qtbot.mouseClick(page.undo.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(page) == ["A", "D"], timeout=WAIT_MS)
    back = page.model.entries[1]
    assert (back["recipe"]["power_steps"], back["on_failure"]) == (4, policy)
