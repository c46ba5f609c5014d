"""The picture and its events: nothing lost, nothing out of order, one function for host and faces."""

from __future__ import annotations

import threading

from plqy_rig.host import apply_event
from plqy_rig.host.news import NewsDesk
from plqy_rig.host.picture import MOST_LOG_LINES, empty_picture


def make_desk() -> NewsDesk:
    return NewsDesk(empty_picture({"name": "rig"}, {"state": "idle"}), now=lambda: 1.0)


def test_a_subscriber_gets_a_snapshot_and_then_every_event_in_order():
    desk, heard = make_desk(), []
    desk.tell("notice", sentence="before", warning=False)
    desk.subscribe(heard.append)
    desk.tell("notice", sentence="after", warning=True)
    desk.tell("occupation", occupation="run")
    assert [news.name for news in heard] == ["snapshot", "notice", "occupation"]
    assert [news.sequence for news in heard] == [1, 2, 3]
    assert heard[0].fields["snapshot"]["log"] == [{"time_s": 1.0, "sentence": "before", "warning": False}]


def test_who_joins_while_many_tell_misses_nothing():
    desk, heard = make_desk(), []

    def tell() -> None:
        for _ in range(200):
            desk.tell("occupation", occupation="run")

    tellers = [threading.Thread(target=tell) for _ in range(4)]
    for teller in tellers:
        teller.start()
    desk.subscribe(heard.append)
    for teller in tellers:
        teller.join()
    numbers = [news.sequence for news in heard]
    assert numbers == list(range(numbers[0], 801))


def test_folding_the_events_into_a_snapshot_gives_the_hosts_picture():
    desk, heard = make_desk(), []
    desk.subscribe(heard.append)
    desk.tell("engine", engine={"state": "running"})
    desk.tell("state", state="running", old="idle", reason="")
    desk.tell("readings", instrument="laser", instrument_state={"connected": True})
    desk.tell("readings", instrument="shutter", instrument_state={"connected": False})
    desk.tell("document", name="start", document={"uid": "x"}, uid="x")
    desk.tell("closing", reason="end")
    picture: dict = {}
    for news in heard:
        apply_event(picture, news.document)
    assert picture == desk.picture
    assert picture["instruments"]["shutter"] == {"connected": False}


def test_a_picture_taken_earlier_stays_as_it_was():
    desk = make_desk()
    desk.tell("notice", sentence="one", warning=False)
    before = desk.picture
    desk.tell("notice", sentence="two", warning=False)
    desk.tell("readings", instrument="laser", instrument_state={})
    assert len(before["log"]) == 1
    assert before["instruments"] == {}


def test_the_log_keeps_its_newest_lines_only():
    desk = make_desk()
    for number in range(MOST_LOG_LINES + 10):
        desk.tell("notice", sentence=str(number), warning=False)
    log = desk.picture["log"]
    assert len(log) == MOST_LOG_LINES
    assert log[-1]["sentence"] == str(MOST_LOG_LINES + 9)


def test_a_part_is_told_only_when_it_has_changed():
    desk, heard = make_desk(), []
    desk.subscribe(heard.append)
    desk.tell_part("engine", {"state": "idle"})
    desk.tell_part("engine", {"state": "running"})
    desk.tell_part("engine", {"state": "running"})
    assert [news.name for news in heard] == ["snapshot", "engine"]


def test_a_subscriber_that_fails_hears_no_more_and_harms_nobody(caplog):
    desk, heard = make_desk(), []

    def fails(news) -> None:
        if news.name != "snapshot":
            raise RuntimeError("broken face")

    desk.subscribe(fails)
    desk.subscribe(heard.append)
    desk.tell("occupation", occupation="run")
    desk.tell("occupation", occupation="idle")
    assert len(heard) == 3
    assert len(caplog.records) == 1
