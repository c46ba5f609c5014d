"""The window's picture of the rig: snapshot and events, and how often it is told."""

from __future__ import annotations

import pytest
from gui_support.protocol import engine, run_part, snapshot

from plqy_rig.gui.host_link.rig_model import TOPICS, RigModel


@pytest.fixture
def model(qtbot):
    return RigModel()


@pytest.fixture
def told(model):
    topics = []
    model.changed.connect(topics.append)
    return topics


def test_a_snapshot_tells_every_topic_at_once(model, told):
    model.take_snapshot(snapshot(run=run_part()))
    assert tuple(told) == TOPICS
    assert model.run["sample"] == "HET-Ce"
    assert model.idle


def test_many_events_are_told_once_and_not_before_the_interval(model, told, qtbot):
    for done in range(200):
        model.take_event({"event": "progress", "progress": {"passes": [], "remaining_s": float(done)}})
    assert told == []
    qtbot.waitUntil(lambda: bool(told), timeout=1000)
    assert told == ["progress"]
    assert model.progress["remaining_s"] == 199.0


def test_parts_are_replaced_and_never_changed_in_place(model):
    model.take_snapshot(snapshot())
    before = model.instruments
    model.take_event({"event": "readings", "instrument": "laser", "instrument_state": {"connected": False}})
    assert before["laser"]["connected"]
    assert not model.instruments["laser"]["connected"]


def test_a_state_event_changes_the_engine_and_lengthens_the_history(model):
    model.take_snapshot(snapshot())
    model.take_event({"event": "state", "state": "preparing", "old": "idle", "reason": "run", "time_s": 2.0})
    assert model.state == "preparing"
    assert model.run_under_way
    assert not model.idle
    assert model.history[-1] == {"old": "idle", "new": "preparing", "reason": "run", "time_s": 2.0}


@pytest.mark.parametrize(
    ("state", "under_way"),
    [("idle", False), ("running", True), ("paused", True), ("waiting for operator", True), ("failed", False)],
)
def test_a_paused_run_is_still_under_way(model, state, under_way):
    model.take_snapshot(snapshot(engine=engine(state=state)))
    assert model.run_under_way is under_way


def test_nothing_is_idle_before_the_first_snapshot(model):
    assert not model.idle
    assert model.safety == "unknown"


def test_a_notice_is_kept_and_told_with_its_weight(model):
    heard = []
    model.notice.connect(lambda sentence, warning: heard.append((sentence, warning)))
    model.take_event({"event": "notice", "sentence": "The purge is off.", "warning": True, "time_s": 3.0})
    assert heard == [("The purge is off.", True)]
    assert model.log[-1]["sentence"] == "The purge is off."


def test_the_log_stays_bounded(model):
    for number in range(2000):
        model.take_event({"event": "notice", "sentence": str(number), "warning": False, "time_s": 1.0})
    assert len(model.log) == 500


def test_an_unknown_event_does_no_harm(model, told):
    model.take_event({"event": "of another version", "anything": 1})
    model.flush()
    assert told == []
