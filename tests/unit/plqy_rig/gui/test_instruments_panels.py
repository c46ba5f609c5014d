"""Readings, their ages and limits as the instruments page shows them."""

from __future__ import annotations

import time

import pytest
from gui_support.fits import assert_nothing_is_cut, show_at
from gui_support.protocol import engine, snapshot

from plqy_rig.gui.instruments.manual_readings import ReadingsTable, age_words, reading_value
from plqy_rig.gui.instruments.page import InstrumentsPage


@pytest.mark.parametrize(
    ("name", "value", "unit", "shown"),
    [
        ("power", 3.214e-6, "W", ("3.214", "µW")),
        ("power", 0.99999, "W", ("1", "W")),
        ("power", -2.345e-10, "W", ("−0.23", "nW")),
        ("power", -1e-13, "W", ("0.00", "nW")),
        ("current", -1e-5, "A", ("0.0", "mA")),
        ("power", None, "W", ("–", "")),
        ("current", 0.2998, "A", ("299.8", "mA")),
        ("temperature", -10.0, "°C", ("−10.00", "°C")),
        ("open", False, "", ("closed", "")),
        ("open", True, "", ("OPEN", "")),
        ("protections", "", "", ("none", "")),
    ],
)
def test_values_have_a_unit_that_fits(name, value, unit, shown):
    assert reading_value({"name": name, "value": value, "unit": unit}) == shown


def test_ages_are_words():
    assert age_words(0.4) == "now"
    assert age_words(12.0) == "12 s ago"


def reading(age_s: float, state: str = "good") -> dict:
    return {"name": "angle", "value": 10.0, "unit": "°", "time_s": time.time() - age_s, "state": state}


@pytest.mark.parametrize(
    ("age_s", "lost", "in_use", "state", "words"),
    [
        (1.0, False, False, "", "now"),
        (60.0, False, False, "unknown", "stale, 60 s ago"),
        (60.0, False, True, "", "60 s ago"),
        (60.0, True, False, "unknown", "lost, 60 s ago"),
    ],
    ids=["live", "stale", "read by the run", "lost"],
)
def test_an_old_value_never_looks_like_a_live_one(qtbot, age_s, lost, in_use, state, words):
    table = ReadingsTable()
    qtbot.addWidget(table)
    table.set_readings([reading(age_s)], lost=lost, in_use=in_use)
    _, value, age = table._rows["angle"]
    assert (value.property("state") or "", age.text()) == (state, words)


@pytest.fixture
def page(qtbot, fake_session):
    made = InstrumentsPage(fake_session)
    qtbot.addWidget(made)
    made.resize(1100, 900)
    made.show()
    return made


def test_the_worst_reading_says_how_an_instrument_is(page, fake_session):
    part = {"connected": True, "problem": None, "mend": None, "identity": None}
    for states, expected in ((["good", "warning"], "warning"), (["warning", "bad"], "bad"), ([], "unknown")):
        readings = [reading(0.0, state) for state in states]
        fake_session.rig.take_snapshot(snapshot(instruments={"attenuator": {**part, "readings": readings}}))
        assert page.panels["attenuator"].state == expected


def test_a_value_outside_the_rigs_limits_is_marked_and_yet_sent_for_the_host_to_refuse(
    page, fake_host, qtbot
):
    controls = page.panels["laser"].controls
    page.draw()
    fake_host.refuse("manual", "current_a = 0.9 A is outside 0 to 0.35 A of this rig")
    controls.current.setValue(0.9)
    assert controls.current.property("state") == "bad"
    controls.on_button.click()
    qtbot.waitUntil(controls.outcome.isVisible, timeout=3000)
    qtbot.waitUntil(lambda: "outside 0 to 0.35 A" in controls.outcome.text(), timeout=3000)
    assert fake_host.asked("manual") == [{"action": "laser_on", "current_a": 0.9}]
    controls.current.setValue(0.3)
    assert not controls.current.property("state")


def test_the_current_that_runs_use_stands_in_the_field_once_the_rig_is_known(page):
    assert page.panels["laser"].controls.current.value() == 0.3


def test_taking_light_away_is_possible_while_another_action_is_under_way(page, fake_session, qtbot):
    controls = page.panels["laser"].controls
    page.draw()
    controls._busy = True
    controls._refresh()
    assert not controls.on_button.isEnabled()
    assert controls.off_button.isEnabled()


def test_a_verdict_that_is_not_safe_names_what_could_not_be_verified(page, fake_session):
    steps = [
        {"name": "shutter closed", "safe": False, "problem": "no answer within 10 s"},
        {"name": "laser off", "safe": True, "problem": ""},
    ]
    verdict = {"safe": False, "sentence": "NOT SAFE", "steps": steps}
    fake_session.rig.take_snapshot(snapshot(engine=engine(safety="not safe", verdict=verdict)))
    page.safety.draw()
    words = [label.text() for label in page.safety._lines]
    assert page.safety.word.text() == "NOT SAFE"
    assert "Shutter closed: NOT verified: no answer within 10 s" in words
    assert "Laser off: verified" in words


def test_the_number_of_troubled_instruments_is_told_to_the_navigation(page, fake_session, qtbot):
    gone = {"connected": False, "problem": "gone", "mend": "plug it in", "identity": None, "readings": []}
    with qtbot.waitSignal(page.badge_changed, timeout=3000, check_params_cb=lambda text: text == "2"):
        fake_session.rig.take_snapshot(snapshot(instruments={"laser": gone, "monitor": gone}))


LONG = "The wheel did not reach 268.37° within 12 s, and its last reply was 'ERR 7 STALL'; look at it. " * 4


@pytest.mark.parametrize("width", [788, 1108])
def test_nothing_is_cut_however_long_a_refusal_or_a_problem_is(page, fake_session, width):
    gone = {"connected": False, "problem": LONG, "mend": LONG, "identity": None, "readings": []}
    steps = [
        {"name": "shutter closed", "safe": True, "problem": ""},
        {"name": "wheel at its darkest", "safe": False, "problem": LONG},
    ]
    verdict = {"safe": False, "sentence": "NOT SAFE", "steps": steps}
    state = engine(safety="not safe", verdict=verdict)
    instruments = {**snapshot()["instruments"], "attenuator": gone}
    fake_session.rig.take_snapshot(snapshot(engine=state, instruments=instruments))
    for panel in page.panels.values():
        panel.controls.say(LONG, "bad")
    page.draw()
    show_at(page, width, 551)
    assert_nothing_is_cut(page)


def test_the_problem_of_a_step_has_the_whole_line(page, fake_session):
    steps = [{"name": "wheel at its darkest", "safe": False, "problem": LONG}]
    verdict = {"safe": False, "sentence": "NOT SAFE", "steps": steps}
    fake_session.rig.take_snapshot(snapshot(engine=engine(safety="not safe", verdict=verdict)))
    show_at(page, 1700, 900)
    assert page.safety._lines[1].width() > 1000
