"""The PM320: exact bytes, readings that are none, distance between commands."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
import pyvisa
from hypothesis import given, settings
from hypothesis import strategies as st
from pymeasure.adapters import Adapter
from pymeasure.test import expected_protocol

from drivers.clock import Clock
from drivers.errors import (
    ConfigurationError,
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    OutOfRangeError,
    RigError,
)
from drivers.pm320 import PM320, PowerHead, PowerRange, ProbeReport

TIMEOUT = pyvisa.errors.VisaIOError(pyvisa.constants.StatusCode.error_timeout)
IDENTITY = "Thorlabs,PM320E,M00297531,1.4.1"
CHANNELS = pytest.mark.parametrize("number", [1, 2])
GETTERS = [
    ("power", ":POW{}:VAL?", "7.5E-04", 7.5e-4),
    ("finished_power", ":FETCH:POW{}:VAL?", "7.5E-04", 7.5e-4),
    ("measuring", ":MEAS:CHECK{}?", "1", True),
    ("wavelength", ":WAVEL{}:VAL?", "9.77E+02", 977.0),
    ("range", ":PRANGE{}?", "R10MW ", "R10MW"),
    ("averaging", ":AVER{}?", "10", 10),
]
SETTERS = [
    ("wavelength", 977, ":WAVEL{}:VAL 977"),
    ("range", "AUTO", ":PRANGE{} AUTO"),
    ("averaging", 20, ":AVER{} 20"),
]
REFUSED = [
    ("wavelength", 399),
    ("wavelength", 1101),
    ("wavelength", 977.5),
    ("wavelength", True),
    ("range", "R2MW"),
    ("averaging", 0),
    ("averaging", 1.5),
]


@CHANNELS
@pytest.mark.parametrize(("name", "query", "reply", "value"), GETTERS, ids=[row[0] for row in GETTERS])
def test_a_property_is_read_with_its_command(
    number: int, name: str, query: str, reply: str, value: object
) -> None:
    with expected_protocol(PM320, [(query.format(number), reply)]) as meter:
        assert getattr(meter.channels[number], name) == value


@CHANNELS
@pytest.mark.parametrize(("name", "value", "command"), SETTERS, ids=[row[0] for row in SETTERS])
def test_a_property_is_set_with_its_command(number: int, name: str, value: object, command: str) -> None:
    with expected_protocol(PM320, [(command.format(number), None)]) as meter:
        setattr(meter.channels[number], name, value)


@CHANNELS
@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_value_out_of_range_is_refused_before_anything_is_sent(
    number: int, name: str, value: object
) -> None:
    with expected_protocol(PM320, []) as meter, pytest.raises(OutOfRangeError):
        setattr(meter.channels[number], name, value)


@CHANNELS
def test_a_measurement_is_started_watched_and_fetched(number: int, clock: Clock) -> None:
    exchange = [
        (f":MEAS:INIT{number}", None),
        (f":MEAS:CHECK{number}?", "1"),
        (f":MEAS:CHECK{number}?", "0"),
        (f":FETCH:POW{number}:VAL?", "1.25E-3"),
    ]
    with expected_protocol(PM320, exchange, channel=number, clock=clock) as meter:
        assert meter.read_power_w() == 1.25e-3


def test_preparing_sets_wavelength_and_automatic_range_and_reads_back(clock: Clock) -> None:
    exchange = [
        (":WAVEL1:VAL 977", None),
        (":WAVEL1:VAL?", "977.0"),
        (":PRANGE1 AUTO", None),
        (":PRANGE1?", "R1MW"),
    ]
    with expected_protocol(PM320, exchange, clock=clock) as meter:
        meter.prepare(976.8)


def test_a_wavelength_that_was_not_taken_is_an_error(clock: Clock) -> None:
    exchange = [(":WAVEL1:VAL 977", None), (":WAVEL1:VAL?", "635")]
    with (
        expected_protocol(PM320, exchange, clock=clock) as meter,
        pytest.raises(InstrumentReportedError, match="635 nm"),
    ):
        meter.prepare(977.0)


def test_the_heads_own_wavelengths_bound_the_setting() -> None:
    germanium = PowerHead(wavelength_range_nm=(700.0, 1800.0), power_range_w=(5e-8, 4e-2))
    with expected_protocol(PM320, [], head=germanium) as meter:
        with pytest.raises(OutOfRangeError, match="700 to 1800"):
            meter.prepare(635.0)
        with pytest.raises(OutOfRangeError):
            meter.ch_1.wavelength = 635


def test_identity_and_somebody_else() -> None:
    with expected_protocol(PM320, [("*IDN?", IDENTITY)]) as meter:
        assert meter.identity.serial_number == "M00297531"
    with (
        expected_protocol(PM320, [("*IDN?", "Thorlabs,ITC4001,M1,1")]) as meter,
        pytest.raises(InstrumentConnectionError, match="ITC4001"),
    ):
        _ = meter.identity


def test_there_are_two_inputs() -> None:
    with pytest.raises(ConfigurationError, match="not 3"), expected_protocol(PM320, [], channel=3):
        pass


@dataclass
class Meter:
    """Answers readings in turn."""

    readings: list[Any]
    checks: list[str] = field(default_factory=list)

    def answer(self, command: str) -> Any:
        if "CHECK" in command:
            return self.checks.pop(0) if self.checks else "0"
        if "FETCH" in command:
            return self.readings.pop(0)
        return IDENTITY if "IDN" in command else "AUTO"


@pytest.mark.parametrize("invalid", ["inf", "-inf", "nan", "9.9E37", ""])
def test_an_invalid_reading_is_tried_again_and_never_a_number(
    invalid: str, answering: Any, clock: Clock
) -> None:
    meter = PM320(answering(Meter([invalid, invalid, "1e-3"]).answer), clock=clock)
    assert meter.read_power_w() == 1e-3
    meter = PM320(answering(Meter([invalid] * 3).answer), clock=clock)
    with pytest.raises(InvalidReadingError):
        meter.read_power_w()


def test_the_automatic_range_is_sent_again_before_the_last_try(answering: Any, clock: Clock) -> None:
    adapter = answering(Meter(["inf", "inf", "1e-3"]).answer)
    meter = PM320(adapter, clock=clock)
    meter.ch_1._automatic_range = True
    meter.read_power_w()
    assert adapter.sent.count(":PRANGE1 AUTO") == 1


def test_a_reading_above_the_heads_range_is_none(answering: Any, clock: Clock) -> None:
    meter = PM320(answering(Meter(["0.051"]).answer), clock=clock)
    with pytest.raises(InvalidReadingError, match="above"):
        meter.read_power_w()


def test_a_reading_below_the_heads_range_is_flagged(answering: Any, clock: Clock) -> None:
    meter = PM320(answering(Meter(["1e-9", "1e-9", "1e-3"]).answer), clock=clock)
    assert meter.read_power_w() == 1e-9
    assert meter.monitor.measure().place is PowerRange.BELOW
    assert meter.monitor.measure().place is PowerRange.INSIDE


def test_a_measurement_that_never_ends_is_a_timeout(answering: Any, clock: Clock) -> None:
    meter = PM320(answering(Meter([], checks=["1"] * 1000).answer), clock=clock)
    with pytest.raises(InstrumentTimeoutError, match="not finished"):
        meter.read_power_w()


def test_commands_keep_their_distance(answering: Any) -> None:
    slept: list[float] = []
    now = [100.0]

    class Watch(Clock):
        def monotonic(self) -> float:
            return now[0]

        def sleep(self, duration_s: float) -> None:
            if duration_s > 0:
                slept.append(duration_s)
                now[0] += duration_s

    meter = PM320(answering(lambda command: "1"), clock=Watch())
    meter.ch_1.start_measurement()
    _ = meter.ch_1.measuring
    now[0] += 1.0
    _ = meter.ch_1.averaging
    assert slept == pytest.approx([0.005])


def test_the_probe_survives_a_meter_that_does_not_know_the_commands(answering: Any, clock: Clock) -> None:
    silent = PM320(answering(lambda command: TIMEOUT), clock=clock)
    assert silent.ch_1.probe() == ProbeReport(None, None)
    known = PM320(answering(lambda command: "0"), clock=clock)
    assert known.ch_1.probe() == ProbeReport("0", 0)


def test_make_safe_only_looks_whether_it_answers(answering: Any, clock: Clock) -> None:
    adapter = answering(lambda command: IDENTITY)
    PM320(adapter, clock=clock).make_safe()
    assert adapter.sent == ["*IDN?"]


@pytest.mark.parametrize("limits", [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_a_head_without_a_range_is_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError):
        PowerHead(power_range_w=limits)


REPLIES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["0", "1", "inf", "", "AUTO", "977", IDENTITY]),
    st.sampled_from([TIMEOUT, OSError(19, "gone"), ValueError("write failed")]),
)


@settings(deadline=None)
@given(replies=st.lists(REPLIES, max_size=30), choice=st.integers(0, 3))
def test_whatever_is_answered_only_our_errors_come_out(replies: list[Any], choice: int) -> None:
    class Noise(Adapter):  # type: ignore[misc]
        def _write(self, command: str, **kwargs: object) -> None: ...

        def _read(self, **kwargs: object) -> str:
            reply = replies.pop(0) if replies else TIMEOUT
            if isinstance(reply, BaseException):
                raise reply
            return str(reply)

    meter = PM320(Noise(), clock=Clock(speed=1e9))
    actions = [lambda: meter.prepare(977.0), meter.read_power_w, meter.make_safe, lambda: meter.identity]
    with contextlib.suppress(RigError):
        actions[choice]()


def test_an_unknown_range_word_is_a_protocol_error(answering: Any, clock: Clock) -> None:
    meter = PM320(answering(lambda command: "R3MW"), clock=clock)
    with pytest.raises(InstrumentProtocolError, match="power range"):
        _ = meter.ch_1.range
