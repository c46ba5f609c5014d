"""The operator's panel against a real host and its bench: steps done, not done, done by hands, aborted."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from support.window_runs import (
    RUN_MS,
    ask_bench,
    attached,
    start_run,
    wait_for_end,
    wait_for_question,
)

from plqy_rig.data import load_run
from plqy_rig.gui.operator.panel import OperatorPanel

MOVES = {
    "empty_excitation": ("out", False),
    "indirect_excitation": ("indirect", False),
    "direct_excitation": ("direct", False),
    "direct_emission": ("direct", True),
    "indirect_emission": ("indirect", True),
}


@pytest.fixture
def window(make_window, start_plqy_host, qtbot):
    return attached(make_window, start_plqy_host(), qtbot)


@pytest.fixture
def panel(window):
    return window.findChild(OperatorPanel)


def move_by_hand(window, sample: str, long_pass: bool) -> None:
    ask_bench(window, "place", sample=sample)
    ask_bench(window, "long_pass", inserted=long_pass)


def press(button, qtbot) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=5000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_steps_done_by_hand_and_confirmed_lead_to_a_complete_run(window, panel, qtbot):
    start_run(window, qtbot, hands=False)
    before = None
    for role, (sample, long_pass) in MOVES.items():
        wait_for_question(window, qtbot, role)
        qtbot.waitUntil(panel.isVisible, timeout=5000)
        assert not panel.reason_box.isVisible()
        assert not panel.anyway_button.isVisible()
        qtbot.waitUntil(lambda: panel.shutter.text() == "✔ Shutter closed", timeout=10_000)
        picture = panel.drawing.picture
        assert (picture.target.sample, picture.target.long_pass_inserted) == (sample, long_pass)
        known = picture.present and (picture.present.sample, picture.present.long_pass_inserted)
        assert known == before
        assert picture.moves_sample is (before is None or before[0] != sample)
        assert picture.moves_filter is (before is None or before[1] is not long_pass)
        before = (sample, long_pass)
        assert not ask_bench(window, "observe")["light_on_sample"]
        move_by_hand(window, sample, long_pass)
        press(panel.done_button, qtbot)
    assert wait_for_end(window, qtbot) == "success"
    qtbot.waitUntil(lambda: not (panel.isVisible() or window.operator_dock.isVisible()), timeout=5000)


def test_a_step_that_was_not_done_is_noticed_and_the_panel_says_why(window, panel, qtbot):
    start_run(window, qtbot, hands=False)
    move_by_hand(window, *MOVES["empty_excitation"])
    wait_for_question(window, qtbot, "empty_excitation")
    press(panel.done_button, qtbot)
    wait_for_question(window, qtbot, "indirect_excitation")
    press(panel.done_button, qtbot)
    question = wait_for_question(window, qtbot, "indirect_excitation", again=True)
    qtbot.waitUntil(panel.reason_box.isVisible, timeout=5000)
    assert question["reason"] in panel.reason.text()
    assert "sample" in panel.reason.text()
    assert panel.done_button.text() == "Check again"
    assert panel.anyway_button.isVisible()
    assert panel.drawing.picture.present is None
    assert window.session.run.steps("indirect_excitation") == []
    move_by_hand(window, *MOVES["indirect_excitation"])
    press(panel.done_button, qtbot)
    wait_for_question(window, qtbot, "direct_excitation")
    assert window.session.run.steps("indirect_excitation") == [0, 1, 2]
    assert not panel.reason_box.isVisible()


def test_continue_anyway_is_written_into_the_run(window, panel, qtbot):
    start_run(window, qtbot, hands=False)
    wait_for_question(window, qtbot, "empty_excitation")
    press(panel.hands_button, qtbot)
    wait_for_question(window, qtbot, "indirect_excitation")
    press(panel.done_button, qtbot)
    wait_for_question(window, qtbot, "indirect_excitation", again=True)
    press(panel.anyway_button, qtbot)
    wait_for_question(window, qtbot, "direct_excitation")
    assert window.session.run.steps("indirect_excitation") == [0, 1, 2]
    window.session.command("abort", {"reason": "enough"})
    assert wait_for_end(window, qtbot) == "abort"
    warnings = load_run(window.session.rig.run["folder"]).stop["safe_state"]["warnings"]
    assert any("measured although a check failed" in text for text in warnings)


def test_the_benchs_hands_do_every_step_once_they_are_told_to_do_so_always(window, panel, qtbot):
    start_run(window, qtbot, hands=False)
    wait_for_question(window, qtbot, "empty_excitation")
    qtbot.waitUntil(panel.always_box.isVisible, timeout=5000)
    panel.always_box.setChecked(True)
    assert wait_for_end(window, qtbot) == "success"
    assert [len(window.session.run.steps(role)) for role in MOVES] == [3] * 5


def test_abort_has_to_be_pressed_twice_and_leaves_the_rig_safe(window, panel, qtbot):
    start_run(window, qtbot, hands=False)
    wait_for_question(window, qtbot, "empty_excitation")
    press(panel.abort_button, qtbot)
    assert panel.abort_button.text() == "Abort now?"
    assert window.session.rig.run_under_way
    press(panel.abort_button, qtbot)
    qtbot.waitUntil(lambda: window.session.rig.idle, timeout=RUN_MS)
    qtbot.waitUntil(lambda: window.session.rig.safety == "safe", timeout=RUN_MS)
    qtbot.waitUntil(lambda: not panel.isVisible(), timeout=5000)
    seen = ask_bench(window, "observe")
    assert not seen["laser_on"]
    assert not seen["shutter_open"]


def test_a_question_is_in_front_on_any_page_and_in_a_window_opened_later(window, panel, make_window, qtbot):
    window.show_page("Log")
    start_run(window, qtbot, hands=False)
    wait_for_question(window, qtbot, "empty_excitation")
    qtbot.waitUntil(panel.isVisible, timeout=5000)
    assert window.operator_dock.isVisible()
    move_by_hand(window, *MOVES["empty_excitation"])
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_for_question(window, qtbot, "indirect_excitation")
    other = make_window()
    other.attach(window.session.address)
    late = other.findChild(OperatorPanel)
    qtbot.waitUntil(late.isVisible, timeout=10_000)
    assert late.sentence.text() == window.session.rig.question["sentence"]
