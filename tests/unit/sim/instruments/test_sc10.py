from __future__ import annotations

import dataclasses

import pytest

from sim.instruments.sc10 import LineFault, Sc10Model, Sc10Options


class Line:
    """A model with a time that only the test moves."""

    def __init__(self, optics, **options) -> None:
        self.optics = optics
        self.now_s = 0.0
        self.model = Sc10Model(optics, dataclasses.replace(Sc10Options(), **options))
        self.wait(0.1)
        self.greeting = self.model.take_output(self.now_s)

    def wait(self, duration_s: float) -> None:
        self.now_s += duration_s
        self.model.advance(self.now_s)

    def send(self, data: bytes) -> bytes:
        self.model.feed(data, self.now_s)
        self.wait(0.2)
        return self.model.take_output(self.now_s)

    def ask(self, keyword: bytes) -> bytes:
        reply = self.send(keyword + b"\r")
        assert reply.startswith(keyword + b"\r")
        assert reply.endswith(b"\r> ")
        return reply[len(keyword) + 1 : -3]


@pytest.fixture
def line(optics) -> Line:
    return Line(optics)


def test_the_prompt_is_there_at_power_up(line: Line) -> None:
    assert line.greeting == b"> "


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (b"id?\r", b"id?\rTHORLABS SC10 VERSION 1.07\r> "),
        (b"ens?\r", b"ens?\r0\r> "),
        (b"mode=1\r", b"mode=1\r> "),
        (b"ens\r", b"ens\r> "),
        (b"\r", b"\rCommand error CMD_NOT_DEFINED\r> "),
        (b"ENS?\r", b"ENS?\rCommand error CMD_NOT_DEFINED\r> "),
        (b"open=0\r", b"open=0\rCommand error CMD_ARG_INVALID\r> "),
        (b"mode=6\r", b"mode=6\rCommand error CMD_ARG_INVALID\r> "),
        (b"open=1000000\r", b"open=1000000\rCommand error CMD_ARG_INVALID\r> "),
    ],
)
def test_literal_exchanges(line: Line, sent: bytes, received: bytes) -> None:
    assert line.send(sent) == received


def test_a_line_feed_belongs_to_the_next_line(line: Line) -> None:
    line.send(b"ens?\r\n")
    assert b"CMD_NOT_DEFINED" in line.send(b"ens?\r")


def test_the_echo_comes_byte_by_byte_before_the_command_is_carried_out(line: Line) -> None:
    line.model.feed(b"ens?\r", line.now_s)
    byte_s = 10 / 9600
    start_s = line.now_s
    assert line.model.take_output(start_s + 2.1 * byte_s) == b"e"
    assert line.model.take_output(start_s + 6.1 * byte_s) == b"ns?\r"
    assert line.model.take_output(start_s + 10.2 * byte_s) == b"0\r> "


def test_ens_toggles(line: Line) -> None:
    for expected in (b"1", b"0", b"1"):
        line.send(b"ens\r")
        assert line.ask(b"ens?") == expected


def test_the_blade_sensor_lags_by_the_travel_and_closed_means_dark(line: Line) -> None:
    line.send(b"ens\r")
    opened_s = line.optics.blades[-1][0]
    assert line.optics.blades[-1][1] is True
    line.model.press_enable(line.now_s)
    pressed_s = line.now_s
    assert not line.model.blade.closed(pressed_s + 0.007)
    assert line.model.blade.closed(pressed_s + 0.0081)
    assert line.optics.blades[-1] == (pytest.approx(pressed_s + 0.6 * 0.008), False)
    assert opened_s < pressed_s


def test_an_open_interlock_closes_and_stays_off_when_closed_again(line: Line) -> None:
    line.send(b"ens\r")
    line.model.set_interlock(True, line.now_s)
    line.wait(0.1)
    assert line.ask(b"ens?") == b"0"
    assert line.ask(b"closed?") == b"1"
    assert line.ask(b"interlock?") == b"1"
    line.send(b"ens\r")
    assert line.ask(b"ens?") == b"0"
    line.model.set_interlock(False, line.now_s)
    line.wait(0.1)
    assert line.ask(b"ens?") == b"0"
    line.send(b"ens\r")
    assert line.ask(b"ens?") == b"1"


def test_a_refused_enable_may_be_told(optics) -> None:
    line = Line(optics, refusal_is_silent=False)
    line.model.set_interlock(True, line.now_s)
    assert line.send(b"ens\r").startswith(b"ens\rCommand error")


def test_a_stuck_blade_is_enabled_but_closed(line: Line) -> None:
    line.model.set_stuck(True, line.now_s)
    line.send(b"ens\r")
    assert line.ask(b"ens?") == b"1"
    assert line.ask(b"closed?") == b"1"
    line.model.set_stuck(False, line.now_s)
    line.wait(0.1)
    assert line.ask(b"closed?") == b"0"


def test_a_blade_stuck_open_leaves_the_light_on(line: Line) -> None:
    line.send(b"ens\r")
    line.model.set_stuck(True, line.now_s)
    line.send(b"ens\r")
    assert line.ask(b"closed?") == b"0"
    assert line.optics.blades[-1][1] is True


def test_settings_are_read_back(line: Line) -> None:
    for keyword, value in ((b"open", b"20"), (b"shut", b"999999"), (b"rep", b"99"), (b"trig", b"1")):
        line.send(keyword + b"=" + value + b"\r")
        assert line.ask(keyword + b"?") == value


def test_single_mode_opens_once_for_the_open_time(line: Line) -> None:
    line.send(b"mode=3\r")
    line.send(b"open=500\r")
    line.send(b"shut=100\r")
    line.send(b"ens\r")
    line.wait(2.0)
    (opened_s, is_open), (closed_s, is_closed) = line.optics.blades[-2:]
    assert (is_open, is_closed) == (True, False)
    assert closed_s - opened_s == pytest.approx(0.5)
    assert line.ask(b"ens?") == b"0"


def test_repeat_mode_counts_its_cycles_and_auto_mode_does_not(line: Line) -> None:
    for command in (b"mode=4\r", b"open=100\r", b"shut=100\r", b"rep=3\r", b"ens\r"):
        line.send(command)
    line.wait(5.0)
    assert [is_open for _, is_open in line.optics.blades].count(True) == 3
    line.send(b"mode=2\r")
    line.send(b"ens\r")
    line.wait(5.0)
    assert [is_open for _, is_open in line.optics.blades].count(True) > 20
    assert line.ask(b"ens?") == b"1"


def test_the_gate_mode_follows_the_trigger_input(line: Line) -> None:
    line.send(b"mode=5\r")
    line.send(b"ens\r")
    assert line.ask(b"closed?") == b"1"
    line.model.trigger_input(True, line.now_s)
    line.wait(0.1)
    assert line.ask(b"closed?") == b"0"


def test_the_stored_settings_come_back_and_may_answer(optics) -> None:
    line = Line(optics, storing_commands_answer=True)
    line.send(b"open=77\r")
    assert line.send(b"savp\r") == b"savp\r1\r> "
    line.send(b"open=88\r")
    line.send(b"resp\r")
    assert line.ask(b"open?") == b"77"


def test_the_wrong_speed_makes_garbage(line: Line) -> None:
    line.model.line_baud = 115200
    garbage = line.send(b"id?\r")
    assert b"SC10" not in garbage
    line.model.line_baud = 9600
    line.send(b"\r")
    assert line.ask(b"ens?") == b"0"


def test_the_prompt_after_a_change_of_speed_comes_at_the_old_one(line: Line) -> None:
    line.model.line_baud = 9600
    assert line.send(b"baud=1\r") == b"baud=1\r> "
    line.model.line_baud = 115200
    assert line.ask(b"baud?") == b"1"


def test_a_lost_echo_byte_happens_once(line: Line) -> None:
    line.model.line_fault = LineFault.MISSING_ECHO_BYTE
    assert line.send(b"ens?\r") == b"es?\r0\r> "
    assert line.send(b"ens?\r") == b"ens?\r0\r> "


def test_a_power_cut_closes_and_greets(line: Line) -> None:
    line.send(b"ens\r")
    line.model.power_cycle(line.now_s)
    line.wait(0.1)
    assert line.model.take_output(line.now_s) == b"> "
    assert line.ask(b"closed?") == b"1"
