"""The queue page against a host's end of the wire that keeps a queue as the test says."""

from __future__ import annotations

import time

import pytest
from gui_support.protocol import snapshot
from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtTest import QTest

from plqy_rig.gui.measure.recipe_handover import RecipeHandover
from plqy_rig.gui.queue.model import FINISH, SAMPLE, STATUS
from plqy_rig.gui.queue.page import QueuePage
from plqy_rig.gui.queue.words import (
    arrangement_words,
    finish_words,
    measured_words,
    policy_words,
    queue_sentence,
)

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
RECIPE = {
    "sample": "HET-Ce",
    "power_steps": 20,
    "power_density_min_mw_per_cm2": 50.0,
    "power_density_max_mw_per_cm2": 1000.0,
    "passes": ["empty_excitation", "direct_excitation"],
}


def entry(number: int, **changes):
    return {
        "id": 10 + number,
        "position": number,
        "name": "",
        "sample": f"S{number}",
        "recipe": RECIPE,
        "only_pass": None,
        "out": "/runs",
        "on_failure": {"policy": "skip", "retries": 0},
        "held": False,
        "status": "waiting",
        "arrangement": {"sample": "out", "long_pass": False},
        "predicted_duration_s": 3600.0,
        "predicted_start_s": NOON + 3600.0 * (number - 1),
        "predicted_finish_s": NOON + 3600.0 * number,
        "attempts": 0,
        "folder": None,
        "message": "",
        **changes,
    }


@pytest.fixture
def page(qtbot, fake_host, fake_session):
    page = QueuePage(fake_session)
    qtbot.addWidget(page)
    page.resize(1300, 700)
    page.show()
    page.is_active = True
    page.activated()
    return page


@pytest.fixture
def show(page, fake_host, qtbot):
    def show(*entries, state="idle", reason=""):
        queue = {"state": state, "reason": reason, "entries": list(entries)}
        fake_host.say("queue", queue=queue)
        qtbot.waitUntil(lambda: page.session.rig.queue == queue, timeout=5000)
        page.session.rig.flush()

    return show


def press(page, key, modifier=Qt.KeyboardModifier.NoModifier):
    page.activateWindow()
    QTest.keyClick(page.table, key, modifier)


def cell(page, row, column):
    return page.model.data(page.model.index(row, column))


def test_an_empty_queue_says_what_to_do(page):
    assert page.stack.currentWidget() is page.empty
    assert not page.run_button.isVisible()
    assert not page.actions_bar.isVisible()


def test_a_status_has_a_symbol_and_a_word(page, show):
    statuses = ("waiting", "running", "finished", "failed", "skipped", "aborted")
    show(*(entry(n, status=status) for n, status in enumerate(statuses, 1)), entry(7, held=True))
    words = [cell(page, row, STATUS) for row in range(7)]
    assert [word.split()[1] for word in words] == [*statuses, "held"]
    assert len({word.split()[0] for word in words}) == 7


def test_the_badge_counts_what_is_still_to_come(page, show, qtbot):
    with qtbot.waitSignal(page.badge_changed, check_params_cb=lambda text: text == "2", timeout=5000):
        show(entry(1, status="finished"), entry(2), entry(3))


def test_keys_move_the_chosen_entry(page, show, fake_host, qtbot):
    show(entry(1), entry(2), entry(3))
    page.table.choose(12)
    press(page, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(fake_host.asked("queue_move")) == 1, timeout=5000)
    press(page, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(fake_host.asked("queue_move")) == 2, timeout=5000)
    assert fake_host.asked("queue_move") == [{"id": 12, "position": 3}, {"id": 12, "position": 1}]


def test_the_same_entry_stays_chosen_wherever_it_goes(page, show):
    show(entry(1), entry(2), entry(3))
    page.table.choose(12)
    show(entry(1), entry(2, id=13), entry(3, id=12))
    assert page.table.chosen_entry["id"] == 12


@pytest.mark.parametrize(("row", "position"), [(0, 1), (3, 3), (1, None), (2, None)])
def test_a_row_dropped_between_others_asks_for_its_new_place(page, show, fake_host, qtbot, row, position):
    show(entry(1), entry(2), entry(3))
    data = page.model.mimeData([page.model.index(1, 0)])
    action = Qt.DropAction.MoveAction
    assert page.model.dropMimeData(data, action, row, 0, QModelIndex()) is False
    if position is None:
        assert not fake_host.asked("queue_move")
    else:
        qtbot.waitUntil(lambda: fake_host.asked("queue_move") != [], timeout=5000)
        assert fake_host.asked("queue_move") == [{"id": 12, "position": position}]


def test_hold_and_release(page, show, fake_host, qtbot):
    show(entry(1))
    page.table.choose(11)
    qtbot.mouseClick(page.actions_bar.hold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fake_host.asked("queue_hold") == [{"id": 11, "held": True}], timeout=5000)
    show(entry(1, held=True))
    assert page.actions_bar.hold.text() == "Release"
    press(page, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: fake_host.asked("queue_hold")[-1] == {"id": 11, "held": False}, timeout=5000)


def test_a_failed_entry_can_be_tried_again(page, show, fake_host, qtbot):
    show(entry(1, status="failed", message="shutter: no answer"))
    page.table.choose(11)
    assert page.actions_bar.hold.text() == "Again"
    assert page.details.isVisible()
    assert page.details.text.text() == "shutter: no answer"
    qtbot.mouseClick(page.actions_bar.hold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fake_host.asked("queue_hold") == [{"id": 11, "held": False}], timeout=5000)


def test_a_removed_entry_can_be_brought_back_to_its_place(page, show, fake_host, qtbot):
    show(entry(1), entry(2, on_failure={"policy": "retry", "retries": 2}), entry(3))
    page.table.choose(12)
    press(page, Qt.Key.Key_Delete)
    qtbot.waitUntil(page.undo.isVisible, timeout=5000)
    assert fake_host.asked("queue_remove") == [{"id": 12}]
    show(entry(1), entry(2, id=13))
    press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(fake_host.asked("queue_add")) == 1, timeout=5000)
    (again,) = fake_host.asked("queue_add")
    assert again["position"] == 2
    assert again["recipe"] == RECIPE
    assert again["on_failure"] == {"policy": "retry", "retries": 2}
    press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(fake_host.asked("queue_add")) == 1


def test_what_is_done_on_failure_is_chosen_for_each_entry(page, show, fake_host, qtbot):
    show(entry(1))
    page.table.choose(11)
    retry = page.actions_bar.policy.menu().actions()[2]
    assert retry.text() == "Retry 3×"
    retry.trigger()
    changes = {"on_failure": {"policy": "retry", "retries": 3}}
    qtbot.waitUntil(lambda: fake_host.asked("queue_edit") == [{"id": 11, "changes": changes}], timeout=5000)


def test_return_opens_the_form_with_the_entry(page, show, qtbot):
    show(entry(1), entry(2))
    page.table.choose(12)
    with qtbot.waitSignal(page.session.page_wanted, timeout=5000) as wanted:
        press(page, Qt.Key.Key_Return)
    assert wanted.args == ["Measure"]
    assert RecipeHandover.of(page.session).take()["id"] == 12


def test_a_running_entry_cannot_be_edited_moved_or_removed(page, show, fake_host):
    show(entry(1, status="running"), entry(2))
    page.table.choose(11)
    for button in (page.actions_bar.edit, page.actions_bar.down, page.actions_bar.remove):
        assert not button.isEnabled()
    press(page, Qt.Key.Key_Delete)
    press(page, Qt.Key.Key_Return)
    press(page, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert not fake_host.asked("queue_remove")
    assert not fake_host.asked("queue_move")
    assert RecipeHandover.of(page.session).take() is None


def test_start_and_pause(page, show, fake_host, qtbot):
    show(entry(1))
    qtbot.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fake_host.asked("queue_start") == [{"simulated_hands": True}], timeout=5000)
    show(entry(1, status="running"), state="running")
    assert page.run_button.text() == "Pause the queue"
    qtbot.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: fake_host.asked("queue_pause") == [{}], timeout=5000)
    show(entry(1, status="running"), state="pausing")
    assert not page.run_button.isEnabled()


def test_a_queue_that_cannot_begin_says_why(page, show, fake_host, qtbot):
    show(entry(1, held=True))
    assert not page.run_button.isEnabled()
    assert "held" in page.why.text()
    show(entry(1))
    fake_host.say("occupation", occupation="manual")
    qtbot.waitUntil(lambda: "manual" in page.why.text(), timeout=5000)
    assert not page.run_button.isEnabled()


def test_what_the_host_refuses_is_said(page, show, fake_host, qtbot):
    show(entry(1), entry(2))
    fake_host.refuse("queue_move", "another program runs this queue")
    page.table.choose(12)
    press(page, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: "another program runs this queue" in page.why.text(), timeout=5000)


def test_a_very_long_name_is_shown_whole_in_the_tooltip(page, show):
    name = "NaYF4:Er,Yb,Ce " * 12
    show(entry(1, sample=name))
    index = page.model.index(0, SAMPLE)
    assert page.model.data(index, Qt.ItemDataRole.ToolTipRole) == name


def test_many_entries_are_shown_at_once_without_holding_up_the_window(page, show, loop_watch, qtbot):
    show(*(entry(number) for number in range(1, 301)))
    assert page.model.rowCount() == 300
    assert cell(page, 299, FINISH).startswith("≈ ")


def test_words_of_an_entry():
    one = entry(1, only_pass="direct_emission", recipe={**RECIPE, "power_steps": 1})
    assert measured_words(one) == "direct (emission) × 1 power"
    assert measured_words(entry(1)) == "2 passes × 20 powers"
    assert arrangement_words(entry(1)) == "sample out, filter out"
    assert policy_words({"policy": "stop", "retries": 0}) == "stop the queue"
    assert finish_words(entry(1), NOON) == "≈ 13:00"
    held = entry(1, held=True, predicted_start_s=None, predicted_finish_s=None)
    assert finish_words(held, NOON) == "takes 1 h 00 min"


def test_the_finish_time_of_the_whole_queue_is_told():
    queue = {"state": "idle", "reason": "", "entries": [entry(1), entry(2), entry(3, held=True)]}
    queue["entries"][2] |= {"predicted_finish_s": None}
    words = queue_sentence(queue, NOON)
    assert words == "Not running. If started now, all done ≈ 14:00 (2 h 00 min). 2 waiting, 1 held."


def test_a_snapshot_of_a_new_host_replaces_everything(page, show, fake_host, qtbot):
    show(entry(1))
    fake_host.say("snapshot", snapshot=snapshot())
    qtbot.waitUntil(lambda: page.model.rowCount() == 0, timeout=5000)
    assert page.stack.currentWidget() is page.empty
