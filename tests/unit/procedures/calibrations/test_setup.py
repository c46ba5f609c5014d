"""What the operator of a calibration is asked, and in which state the rig is while the question stands."""

from __future__ import annotations

import io
import itertools
from types import SimpleNamespace

import pytest

from drivers.errors import RunAbortedError
from procedures.calibrations import CalibrationTerminal, LabStep, Setup, Station
from procedures.calibrations.setup import make_request, moves_between
from procedures.exposure import StopRequestedError
from procedures.operator import OperatorAnswer

EVERY_SETUP = [
    Setup(lamp, blocked and lamp, filtered, head)
    for lamp, blocked, filtered, head in itertools.product((False, True), repeat=4)
]


class Log:
    """Notes every call by its name."""

    def __init__(self, name, events):
        self._name, self._events = name, events

    def __getattr__(self, call):
        return lambda *arguments: self._events.append(f"{self._name}.{call}")


class LogClock:
    def __init__(self):
        self.now_s, self.slept_s = 0.0, []

    def monotonic(self):
        return self.now_s

    def sleep(self, duration_s):
        self.slept_s.append(duration_s)
        self.now_s += duration_s


class NotingOperator:
    def __init__(self, events, answer=OperatorAnswer.DONE):
        self.events, self.answer, self.requests = events, answer, []

    def prepare(self, request):
        self.events.append("asked")
        self.requests.append(request)
        return self.answer


def make_station(answer=OperatorAnswer.DONE):
    events = []
    rig = SimpleNamespace(
        shutter=Log("shutter", events),
        laser=Log("laser", events),
        spectrometer=Log("spectrometer", events),
        clock=LogClock(),
    )
    operator = NotingOperator(events, answer)
    return Station(rig, operator, None, lambda sentence: None), operator, events


@pytest.mark.parametrize("target", EVERY_SETUP)
def test_when_nobody_knows_how_things_stand_every_part_is_named(target):
    moves = set(moves_between(None, target))
    assert LabStep.TAKE_SAMPLE_OUT in moves
    assert moves & {LabStep.INSERT_LONG_PASS, LabStep.REMOVE_LONG_PASS}
    assert moves & {LabStep.INSERT_SECOND_HEAD, LabStep.REMOVE_SECOND_HEAD}
    assert moves & {LabStep.LAMP_ON, LabStep.LAMP_OFF}


@pytest.mark.parametrize("setup", EVERY_SETUP)
def test_nothing_is_asked_when_nothing_has_to_move(setup):
    assert moves_between(setup, setup) == ()


def test_a_blocked_lamp_that_goes_off_leaves_nothing_in_the_way():
    moves = moves_between(Setup(lamp_on=True, lamp_blocked=True), Setup())
    assert moves == (LabStep.LAMP_OFF, LabStep.UNBLOCK_LAMP)


def test_every_step_has_words():
    for step in LabStep:
        assert make_request((step,), "something").sentence.startswith("Please ")


def test_the_shutter_is_closed_and_the_laser_off_before_anybody_handles_the_lamp():
    station, _, events = make_station()
    station.arrange(station.with_lamp(blocked=False), "the lamp")
    assert events.index("shutter.close_blade") < events.index("asked")
    assert events.index("laser.switch_off") < events.index("asked")
    assert events[-1] == "spectrometer.note_light_changed"


def test_the_lamp_warms_up_once_in_a_session():
    station, _, _ = make_station()
    clock = station.instruments.clock
    station.arrange(station.with_lamp(blocked=True), "darks")
    clock.now_s += 400.0
    station.warm_up_lamp(1200.0)
    station.arrange(station.with_lamp(blocked=False), "lamp")
    station.warm_up_lamp(1200.0)
    assert sum(clock.slept_s) == 800.0


def test_a_long_wait_hears_a_stop():
    station, _, _ = make_station()
    station.arrange(station.with_lamp(blocked=True), "darks")
    station.should_stop = lambda: sum(station.instruments.clock.slept_s) >= 100.0
    with pytest.raises(StopRequestedError):
        station.warm_up_lamp(1200.0)
    assert sum(station.instruments.clock.slept_s) < 110.0


def test_a_refused_request_aborts_and_leaves_the_setup_unknown():
    station, _, _ = make_station(OperatorAnswer.ABORT)
    station.present = Setup()
    with pytest.raises(RunAbortedError):
        station.arrange(station.with_lamp(blocked=False), "the lamp")
    assert station.present is None


def test_a_lamp_left_on_is_put_away_at_the_end_of_a_session():
    station, operator, _ = make_station()
    station.arrange(station.with_lamp(blocked=True), "darks")
    station.put_away()
    assert LabStep.LAMP_OFF in operator.requests[-1].steps
    asked = len(operator.requests)
    station.put_away()
    assert len(operator.requests) == asked


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\n", OperatorAnswer.DONE),
        ("a\n", OperatorAnswer.ABORT),
        ("", OperatorAnswer.ABORT),
        ("what\nd\n", OperatorAnswer.DONE),
    ],
)
def test_the_end_of_the_input_is_no_consent(typed, answer):
    output = io.StringIO()
    terminal = CalibrationTerminal(output, io.StringIO(typed))
    assert terminal.prepare(make_request((LabStep.LAMP_ON,), "the lamp")) is answer
    assert "calibration lamp" in output.getvalue()
