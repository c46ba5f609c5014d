"""Commands out, events in, nothing lost and nothing twice, and back again after the host was away."""

from __future__ import annotations

import threading
import time

import pytest
from gui_support.protocol import ROLES, exposure_document, run_documents, run_part, snapshot, stop_document
from PyQt6.QtCore import QTimer

from plqy_rig.gui.host_link.session import TURN_BUDGET_S, Session


def test_a_reply_comes_in_the_gui_thread(fake_session, fake_host, qtbot):
    fake_host.replies["pause"] = {"done": True}
    seen = []
    fake_session.command(
        "pause", {"reason": "x"}, lambda result: seen.append((result, threading.current_thread()))
    )
    qtbot.waitUntil(lambda: bool(seen), timeout=2000)
    assert seen == [({"done": True}, threading.main_thread())]
    assert fake_host.asked("pause") == [{"reason": "x"}]


def test_replies_that_come_together_are_handed_over_in_order_in_turns_of_their_own(
    fake_session, fake_host, qtbot
):
    turns, taken = [0], []
    counter = QTimer(fake_session)
    counter.timeout.connect(lambda: turns.__setitem__(0, turns[0] + 1))
    counter.start(0)

    def draw(number):
        taken.append((number, turns[0]))
        time.sleep(1.5 * TURN_BUDGET_S)

    for number in range(3):
        fake_session._later(lambda number=number: draw(number))
    qtbot.waitUntil(lambda: len(taken) == 3, timeout=5000)
    assert [number for number, _ in taken] == [0, 1, 2]
    assert len({turn for _, turn in taken}) == 3


def test_a_mistake_in_a_page_does_not_keep_other_replies_from_theirs(fake_session, qtbot):
    taken = []
    with qtbot.captureExceptions() as mistakes:
        fake_session._later(lambda: 1 / 0)
        fake_session._later(lambda: taken.append("second"))
        qtbot.waitUntil(lambda: bool(taken), timeout=5000)
    assert [kind for kind, _, _ in mistakes] == [ZeroDivisionError]


def test_a_refusal_nobody_takes_becomes_a_message_with_the_hosts_sentence(fake_session, fake_host, qtbot):
    fake_host.refuse("resume", "can't resume: nothing is paused")
    with qtbot.waitSignal(fake_session.message, timeout=2000) as told:
        fake_session.command("resume")
    assert told.args[0].text == "can't resume: nothing is paused"
    assert told.args[0].state == "bad"


def test_a_refusal_somebody_takes_is_no_message(fake_session, fake_host, qtbot):
    fake_host.refuse("resume", "no")
    errors = []
    with qtbot.assertNotEmitted(fake_session.message, wait=50):
        fake_session.command("resume", failed=errors.append)
        qtbot.waitUntil(lambda: bool(errors), timeout=2000)
    assert (errors[0].kind, errors[0].exit_code, errors[0].command) == ("CommandRefusedError", 2, "resume")


def test_a_command_without_a_host_fails_with_a_sentence(qtbot):
    session = Session()
    errors = []
    session.command("pause", failed=errors.append)
    assert "no connection" in errors[0].message
    session.close()


def test_events_arrive_complete_and_in_order(fake_session, fake_host, qtbot):
    numbers = []
    fake_session.event_received.connect(lambda event: numbers.append(event["number"]))
    for number in range(500):
        fake_host.say("notice", sentence="x", warning=False, number=number)
    qtbot.waitUntil(lambda: len(numbers) == 500, timeout=5000)
    assert numbers == list(range(500))


def test_it_comes_back_by_itself_and_shows_what_it_missed(fake_session, fake_host, qtbot):
    changes = []
    fake_session.connected_changed.connect(lambda connected, why: changes.append((connected, why)))
    fake_host.vanish("it was killed")
    qtbot.waitUntil(lambda: changes == [(False, "it was killed")], timeout=2000)
    assert not fake_session.connected
    fake_host.snapshot = snapshot(occupation="queue")
    fake_host.here = True
    qtbot.waitUntil(lambda: fake_session.connected, timeout=5000)
    qtbot.waitUntil(lambda: fake_session.rig.occupation == "queue", timeout=2000)


def test_a_session_that_was_detached_stays_away(fake_session, fake_host, qtbot):
    fake_session.detach()
    fake_host.vanish()
    fake_host.here = True
    with qtbot.assertNotEmitted(fake_session.snapshot, wait=1500):
        pass
    assert fake_session.address is None


@pytest.fixture
def documents(fake_host):
    fake_host.documents = run_documents()
    return fake_host.documents


def attach_anew(session, host, qtbot, **parts):
    host.snapshot = snapshot(**parts)
    with qtbot.waitSignal(session.run.loaded, timeout=5000):
        session.attach(host.address)


def test_a_window_that_comes_late_fetches_what_was_measured(fake_session, fake_host, documents, qtbot):
    attach_anew(fake_session, fake_host, qtbot, run=run_part())
    run = fake_session.run
    assert run.steps(ROLES[0]) == [0, 1, 2]
    assert run.counts(ROLES[0], 1).tolist() == [2000.0] * 8
    assert run.counts(ROLES[0], 1, without_dark=True).tolist() == [1900.0] * 8


def test_documents_that_come_during_the_fetch_are_neither_lost_nor_taken_twice(
    fake_session, fake_host, documents, qtbot
):
    added = []
    fake_session.run.exposure_added.connect(lambda role, step: added.append((role, step)))
    late = exposure_document("run-1", ROLES[1], 0)
    repeated = documents[-2]

    def say_meanwhile() -> None:
        for name, document in (repeated, late):
            fake_host.say("document", name=name, document=document, uid="run-1")

    fake_session.snapshot.connect(say_meanwhile)
    attach_anew(fake_session, fake_host, qtbot, run=run_part())
    qtbot.waitUntil(lambda: (ROLES[1], 0) in added, timeout=2000)
    assert added == [(ROLES[0], 0), (ROLES[0], 1), (ROLES[0], 2), (ROLES[1], 0)]


def test_a_new_run_clears_the_old_one(fake_session, fake_host, documents, qtbot):
    attach_anew(fake_session, fake_host, qtbot, run=run_part())
    for name, document in run_documents("run-2", steps=1):
        fake_host.say("document", name=name, document=document, uid="run-2")
    qtbot.waitUntil(lambda: fake_session.run.uid == "run-2", timeout=2000)
    qtbot.waitUntil(lambda: fake_session.run.steps(ROLES[0]) == [0], timeout=2000)
    assert fake_session.run.stop is None


def test_a_run_of_another_day_that_goes_on_is_fetched_whole(fake_session, fake_host, documents, qtbot):
    resume = ("resume", {"uid": "resume-1", "time": 50.0, "run_start": "run-1"})
    fake_host.documents = [*documents, stop_document(exit_status="abort"), resume]
    with qtbot.waitSignal(fake_session.run.loaded, timeout=5000):
        fake_host.say("document", name="resume", document=resume[1], uid="run-1")
    assert fake_session.run.steps(ROLES[0]) == [0, 1, 2]
    assert fake_session.run.stop is None


def test_single_scans_are_not_kept_in_the_window(fake_session, fake_host, documents, qtbot):
    attach_anew(fake_session, fake_host, qtbot, run=run_part())
    assert all("scan_counts" not in exposure.data for exposure in fake_session.run.exposures)


def test_columns_have_a_place_for_every_step_and_nan_where_nothing_is(fake_session, fake_host, qtbot):
    fake_host.documents = run_documents(steps=2)
    attach_anew(fake_session, fake_host, qtbot, run=run_part())
    column = fake_session.run.column(ROLES[0], "monitor_power_w")
    assert column[:2].tolist() == [1e-3, 2e-3]
    assert column[2] != column[2]
