"""Interlocks: limits, hysteresis, settle time, and a sentence for each."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rig_in_memory import RIG_TOML

from drivers.errors import ConfigurationError
from plqy_rig.config import read_rig_file
from plqy_rig.engine import Interlock, InterlockBoard, standard_interlocks

WINDOW = Interlock("t", 24.0, 26.0, "°C", "Not at its temperature.", hysteresis=0.5, settle_time_s=5.0)


@pytest.fixture
def clock():
    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    return Clock()


def test_it_trips_outside_the_limits_and_says_the_number(clock):
    board = InterlockBoard([WINDOW], clock)
    assert board.update({"t": 25.9}) == ()
    (hold,) = board.update({"t": 26.1})
    assert "Not at its temperature." in hold.sentence
    assert "26.1" in hold.sentence
    assert "24 to 26 °C" in hold.sentence


def test_it_lets_go_only_within_the_hysteresis_for_the_settle_time(clock):
    board = InterlockBoard([WINDOW], clock)
    board.update({"t": 27.0})
    assert board.update({"t": 25.8}), "inside the limits, but not by the hysteresis"
    clock.now = 10.0
    assert board.update({"t": 25.4}), "the settle time begins now"
    clock.now = 13.0
    assert board.update({"t": 25.7}), "out of the hysteresis again: the settle time begins anew"
    clock.now = 14.0
    assert board.update({"t": 25.4})
    clock.now = 18.9
    assert board.update({"t": 25.4})
    clock.now = 19.0
    assert board.update({"t": 25.4}) == ()


def test_what_is_not_known_trips_nothing_and_lets_go_after_the_settle_time(clock):
    board = InterlockBoard([WINDOW], clock)
    assert board.update({}) == ()
    board.update({"t": 30.0})
    assert board.update({})
    clock.now = 5.0
    assert board.update({}) == ()


def test_no_number_is_not_good(clock):
    assert InterlockBoard([WINDOW], clock).update({"t": math.nan})


def test_limits_move_with_the_reading_they_name(clock):
    board = InterlockBoard([replace(WINDOW, moves_with="offset")], clock)
    assert board.update({"t": 25.0}) == ()
    assert board.update({"t": 29.5, "offset": 4.0}) == ()
    (hold,) = board.update({"t": 25.0, "offset": 4.0})
    assert "28 to 30 °C" in hold.sentence


@given(st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(20.0, 30.0)), max_size=40))
def test_it_never_lets_go_before_the_settle_time_has_passed_in_one_piece(steps):
    now, good_since, tripped = 0.0, None, False
    board = InterlockBoard([WINDOW], lambda: now)
    for wait, reading in steps:
        now += wait
        held = bool(board.update({"t": reading}))
        within = 24.5 <= reading <= 25.5
        if not 24.0 <= reading <= 26.0:
            tripped, good_since = True, None
        elif tripped:
            good_since = None if not within else now if good_since is None else good_since
            if good_since is not None and now - good_since >= 5.0:
                tripped, good_since = False, None
        assert held == tripped


def rig_file(tmp_path, extra=""):
    (tmp_path / "rig.toml").write_text(RIG_TOML + extra, encoding="utf-8")
    return read_rig_file(tmp_path / "rig.toml").configuration


def test_the_rig_file_changes_limits_and_switches_off(tmp_path):
    extra = "[interlocks.laser_temperature]\nhigh = 40.0\n[interlocks.monitor_drift]\nenabled = false\n"
    interlocks = {interlock.name: interlock for interlock in standard_interlocks(rig_file(tmp_path, extra))}
    assert interlocks["laser_temperature"].high == 40.0
    assert interlocks["laser_temperature"].low == 24.0
    assert "monitor_drift" not in interlocks
    assert "purge" not in interlocks


def test_an_unknown_interlock_in_the_rig_file_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigurationError, match=r"interlocks\.moon.*laser_temperature"):
        standard_interlocks(rig_file(tmp_path, "[interlocks.moon]\nhigh = 1.0\n"))


def test_every_condition_the_issue_of_safety_needs_is_there(tmp_path):
    text = "purge_must_be_confirmed = true\n"
    names = {interlock.name for interlock in standard_interlocks(rig_file(tmp_path, text))}
    assert names == {
        "laser_temperature",
        "laser_window",
        "laser_tec",
        "laser_key",
        "laser_interlock",
        "laser_protection",
        "shutter_interlock",
        "detector_temperature",
        "monitor_drift",
        "disk_space",
        "purge",
        "guardian",
    }
