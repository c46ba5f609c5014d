"""What the ITC4001's driver does in which order, and what it does when the box does not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pyvisa
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InterlockError,
    OutOfRangeError,
    RigError,
    SafetyError,
)
from drivers.itc4001 import ITC4001, Protection
from drivers.itc4001.status import parse_auto_tune, parse_queued_error

TIMEOUT = pyvisa.errors.VisaIOError(pyvisa.constants.StatusCode.error_timeout)
LOST = pyvisa.errors.VisaIOError(pyvisa.constants.StatusCode.error_connection_lost)


@dataclass
class Box:
    """As much of an ITC4001 as these tests need; `replies` overrides single answers."""

    output: bool = False
    tec: bool = False
    setpoint_a: float = 0.0
    temperature_c: float = 23.0
    protections: int = 0
    stuck_on: bool = False
    leakage_a: float = 0.0
    errors: list[str] = field(default_factory=list)
    replies: dict[str, Any] = field(default_factory=dict)
    last_command: str = ""
    unit: str = "C"

    def answer(self, command: str) -> Any:
        scripted = self.replies.get(command)
        if isinstance(scripted, list):
            if scripted:
                return scripted.pop(0)
        elif scripted is not None:
            return scripted
        answers: dict[str, Callable[[], object]] = {
            "*IDN?": lambda: "Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0",
            "OUTP?": lambda: int(self.output or self.stuck_on),
            "OUTP2?": lambda: int(self.tec),
            "SOUR:CURR?": lambda: self.setpoint_a,
            "SOUR:CURR:LIM?": lambda: 0.35,
            "SOUR:CURR:LIM? MAX": lambda: 1.01,
            "MEAS:CURR?": lambda: self.setpoint_a if self.output or self.stuck_on else self.leakage_a,
            "MEAS:TEMP?": lambda: self.temperature_c,
            "STAT:MEAS:COND?": lambda: self.protections,
            "SYST:ERR?": lambda: self.errors.pop(0) if self.errors else '+0,"No error"',
            "SOUR:FUNC:MODE?": lambda: "CURR",
            "SOUR:FUNC:SHAP?": lambda: "DC",
            "SOUR:AM?": lambda: 0,
            "OUTP:DEL?": lambda: 0.0,
            "UNIT:TEMP?": lambda: self.unit,
            "SOUR2:FUNC?": lambda: "TEMP",
            "SOUR2:TEMP?": lambda: self.temperature_c,
            "SOUR2:TEMP? MIN": lambda: 5,
            "SOUR2:TEMP? MAX": lambda: 45,
        }
        return str(answers[command]())

    def obey(self, command: str) -> None:
        self.last_command = command
        if command.startswith("OUTP "):
            self.output = command == "OUTP 1"
        elif command.startswith("OUTP2 "):
            self.tec = command == "OUTP2 1"
        elif command.startswith("SOUR:CURR "):
            self.setpoint_a = float(command.split()[1])
        elif command.startswith("UNIT:TEMP "):
            self.unit = command.split()[1]
        elif command.startswith("SOUR2:TEMP "):
            self.temperature_c = float(command.split()[1])


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def laser(box: Box, answering: Any, clock: Clock) -> ITC4001:
    adapter = answering(box.answer)
    write = adapter._write

    def obeying(command: str, **kwargs: object) -> None:
        write(command)
        box.obey(command)

    adapter._write = obeying
    return ITC4001(adapter, clock=clock)


def sent(laser: ITC4001) -> list[str]:
    return [command for command in laser.adapter.sent if "?" not in command]


def test_it_is_a_laser_driver(laser: ITC4001) -> None:
    for name in ("stabilise_temperature", "switch_on", "switch_off", "read_state", "make_safe", "close"):
        assert callable(getattr(laser, name))


def test_preparing_switches_nothing_and_never_resets(laser: ITC4001) -> None:
    laser.prepare(0.35, (15.0, 35.0))
    assert sent(laser) == []
    assert laser.identity.serial_number == "M00404162"
    assert laser.identity.firmware == "1.8.0/1.5.0/2.3.0"


def test_errors_from_before_do_not_stop_the_connection(laser: ITC4001, box: Box) -> None:
    box.errors = ['-113,"Undefined header"']
    laser.prepare()
    assert box.errors == []


def test_an_error_queue_that_never_empties_ends_all_the_same(laser: ITC4001, box: Box) -> None:
    box.replies["SYST:ERR?"] = '-310,"System error"'
    with pytest.raises(InstrumentProtocolError, match="never empties"):
        laser.prepare()


def test_silence_on_the_first_query_is_survived(laser: ITC4001, box: Box) -> None:
    box.replies["*IDN?"] = [TIMEOUT, TIMEOUT]
    assert laser.identity.model == "ITC4001"


def test_somebody_else_at_the_address_is_named(laser: ITC4001, box: Box) -> None:
    box.replies["*IDN?"] = "Thorlabs,PM320E,M1,1.0"
    with pytest.raises(InstrumentConnectionError, match="PM320E"):
        laser.prepare()


def test_the_makers_name_counts_in_any_case(laser: ITC4001, box: Box) -> None:
    box.replies["*IDN?"] = "THORLABS,ITC4001,E12,1.0"
    assert laser.identity.manufacturer == "THORLABS"


def test_there_is_no_light_without_temperature_control(laser: ITC4001) -> None:
    with pytest.raises(InterlockError, match="temperature control is off"):
        laser.switch_on(0.2)
    assert sent(laser) == []


@pytest.mark.parametrize(
    "protection",
    [
        Protection.KEY_LOCKED,
        Protection.INTERLOCK_OPEN,
        Protection.OUTPUT_INHIBITED,
        Protection.TEMPERATURE_PROTECTION,
        Protection.TEMPERATURE_OUTSIDE_WINDOW,
        Protection.TEMPERATURE_SENSOR_FAILURE,
        Protection.TEC_CABLE_FAILURE,
        Protection.OVER_TEMPERATURE,
    ],
)
def test_each_protection_forbids_light(laser: ITC4001, box: Box, protection: Protection) -> None:
    box.tec, box.protections = True, protection.value
    with pytest.raises(InterlockError):
        laser.switch_on(0.2)
    assert sent(laser) == []


def test_switching_on_starts_at_zero_and_ramps(laser: ITC4001, box: Box) -> None:
    box.tec, box.setpoint_a = True, 0.3
    laser.switch_on(0.1)
    commands = sent(laser)
    assert commands[:2] == ["SOUR:CURR 0", "OUTP 1"]
    ramp = [float(command.split()[1]) for command in commands[2:]]
    assert ramp == sorted(ramp)
    assert ramp[-1] == 0.1
    assert max(b - a for a, b in zip([0.0, *ramp], ramp, strict=False)) <= 0.026


def test_a_changed_current_ramps_from_where_it_is(laser: ITC4001, box: Box) -> None:
    box.tec, box.output, box.setpoint_a = True, True, 0.2
    laser.switch_on(0.15)
    assert "OUTP 1" not in sent(laser)
    assert float(sent(laser)[0].split()[1]) < 0.2


def test_a_current_above_the_limit_is_refused_with_the_limit(laser: ITC4001, box: Box) -> None:
    laser.prepare(0.35)
    box.tec = True
    with pytest.raises(OutOfRangeError, match=r"0\.4 is outside 0 to 0\.35"):
        laser.switch_on(0.4)


def test_an_output_that_does_not_switch_on_is_an_interlock_and_stays_off(laser: ITC4001, box: Box) -> None:
    box.tec = True
    box.replies["OUTP?"] = ["0", "0"]
    with pytest.raises(InterlockError, match="did not switch on"):
        laser.switch_on(0.2)
    assert not box.output


def test_a_current_that_does_not_flow_ends_with_the_output_off(laser: ITC4001, box: Box) -> None:
    box.tec = True
    box.replies["MEAS:CURR?"] = ["0.1"] * 31
    with pytest.raises(InstrumentReportedError, match="instead of"):
        laser.switch_on(0.2)
    assert not box.output


def test_an_error_while_ramping_ends_with_the_output_off(laser: ITC4001, box: Box) -> None:
    box.tec = True
    box.replies["SYST:ERR?"] = ['+0,"No error"', '+0,"No error"', '-310,"System error"']
    with pytest.raises(InstrumentReportedError, match="System error"):
        laser.switch_on(0.2)
    assert not box.output


def test_switching_off_is_verified_by_the_measured_current(laser: ITC4001, box: Box) -> None:
    box.tec, box.output, box.leakage_a = True, True, 0.1
    with pytest.raises(SafetyError, match="still flow"):
        laser.switch_off()
    box.leakage_a = 1e-5
    laser.switch_off()
    assert box.tec, "temperature control stays"


def test_make_safe_comes_through_lost_replies(laser: ITC4001, box: Box) -> None:
    box.output, box.setpoint_a = True, 0.3
    box.replies["OUTP?"] = [TIMEOUT, TIMEOUT, "garbage"]
    laser.make_safe()
    assert not box.output


def test_make_safe_is_not_stopped_by_an_old_error(laser: ITC4001, box: Box) -> None:
    box.output, box.errors = True, ['-113,"Undefined header"']
    laser.make_safe()
    assert not box.output


def test_make_safe_says_when_it_could_not_verify(laser: ITC4001, box: Box) -> None:
    box.stuck_on = True
    with pytest.raises(SafetyError, match="key switch"):
        laser.make_safe()
    assert laser.adapter.sent.count("OUTP 0") == 3


def test_make_safe_without_an_instrument_is_a_safety_error(laser: ITC4001, box: Box) -> None:
    box.replies["OUTP?"] = LOST
    with pytest.raises(SafetyError):
        laser.make_safe()


@pytest.mark.parametrize(
    "action",
    [lambda laser: laser.stabilise_temperature(25.0, timeout_s=60), lambda laser: laser.switch_on(0.2)],
    ids=["temperature", "light"],
)
def test_after_a_power_cut_unit_and_limits_are_set_again_before_anything_else(
    laser: ITC4001, box: Box, action: Callable[[ITC4001], None]
) -> None:
    box.tec = True
    laser.prepare(0.35, (15, 35))
    adapter = laser.adapter
    laser.open_with(lambda: adapter)
    laser.reconnect()
    box.unit = "F"
    box.replies["SOUR:CURR:LIM?"] = ["0.5", "0.35", "0.35"]
    before = len(sent(laser))
    action(laser)
    assert sent(laser)[before:][:2] == ["UNIT:TEMP C", "SOUR:CURR:LIM 0.35"]
    before = len(sent(laser))
    action(laser)
    assert "UNIT:TEMP C" not in sent(laser)[before:]


def test_the_temperature_must_stay_in_its_window(laser: ITC4001, box: Box) -> None:
    laser.stabilise_temperature(25.0, timeout_s=60)
    assert box.tec
    box.replies["STAT:MEAS:COND?"] = str(Protection.TEMPERATURE_OUTSIDE_WINDOW.value)
    with pytest.raises(InstrumentTimeoutError, match="not stable"):
        laser.stabilise_temperature(26.0, timeout_s=60)


def test_a_broken_sensor_ends_the_wait_at_once(laser: ITC4001, box: Box) -> None:
    box.protections = Protection.TEMPERATURE_SENSOR_FAILURE.value
    with pytest.raises(InterlockError, match="sensor"):
        laser.stabilise_temperature(25.0, timeout_s=60)


def test_a_set_point_that_was_not_taken_is_an_error(laser: ITC4001, box: Box) -> None:
    box.replies["SOUR2:TEMP?"] = "20"
    with pytest.raises(InstrumentReportedError, match="set point"):
        laser.stabilise_temperature(25.0, timeout_s=60)


def test_one_look_tells_output_temperature_and_protections(laser: ITC4001, box: Box) -> None:
    box.protections = (Protection.KEY_LOCKED | Protection.TEMPERATURE_OUTSIDE_WINDOW).value
    state = laser.read_state()
    assert not state.output_enabled
    assert not state.temperature_in_window
    assert state.protections == ("key switch is locked", "diode temperature is outside its window")


def test_a_query_lost_once_is_asked_again_but_the_error_queue_is_not(laser: ITC4001, box: Box) -> None:
    box.replies["MEAS:TEMP?"] = [TIMEOUT]
    assert laser.tec.temperature == 23.0
    box.replies["SYST:ERR?"] = [TIMEOUT]
    with pytest.raises(InstrumentTimeoutError):
        laser.check_errors()


def test_leaving_a_with_block_makes_it_safe(laser: ITC4001, box: Box) -> None:
    box.output = True
    with laser:
        pass
    assert not box.output


REPLIES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["0", "1", "", "+0", '+0,"No error"', "9.9E37", "nan", "CURR", "1,2,3"]),
    st.sampled_from([TIMEOUT, LOST, OSError(19, "gone"), ValueError("write failed"), IndexError("short")]),
)


@settings(deadline=None)
@given(replies=st.lists(REPLIES, max_size=40), choice=st.integers(0, 6))
def test_whatever_is_answered_only_our_errors_come_out(replies: list[Any], choice: int) -> None:
    from pymeasure.adapters import Adapter

    class Noise(Adapter):  # type: ignore[misc]
        def _write(self, command: str, **kwargs: object) -> None: ...

        def _read(self, **kwargs: object) -> str:
            reply = replies.pop(0) if replies else TIMEOUT
            if isinstance(reply, BaseException):
                raise reply
            return str(reply)

    noisy = ITC4001(Noise(), clock=Clock(speed=1e9))
    actions: list[Callable[[], object]] = [
        lambda: noisy.prepare(0.35, (15, 35)),
        lambda: noisy.switch_on(0.2),
        noisy.switch_off,
        noisy.make_safe,
        noisy.read_state,
        lambda: noisy.tec.auto_tune_progress(),
        lambda: noisy.limit_current(0.3),
    ]
    with contextlib.suppress(RigError):
        actions[choice]()


@given(st.text())
def test_any_queue_entry_is_an_error_or_refused(reply: str) -> None:
    with contextlib.suppress(InstrumentProtocolError):
        parse_queued_error(reply, "laser")
    with contextlib.suppress(InstrumentProtocolError):
        parse_auto_tune(reply, "laser")
