"""The SC10: bytes to the prompt, a toggle that is never sent blindly, a blade that is looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
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
    InterlockError,
    OutOfRangeError,
    RigError,
    SafetyError,
)
from drivers.sc10 import SC10, Mode
from drivers.sc10.line import open_serial_adapter

GETTERS = [
    ("id", b"id?", b"THORLABS SC10 VERSION 1.07", "THORLABS SC10 VERSION 1.07"),
    ("enabled", b"ens?", b"1", True),
    ("blade_closed", b"closed?", b"0", False),
    ("interlock_open", b"interlock?", b"1", True),
    ("mode", b"mode?", b"3", Mode.SINGLE),
    ("open_time_ms", b"open?", b"200", 200),
    ("shut_time_ms", b"shut?", b"300", 300),
    ("repetitions", b"rep?", b"9", 9),
    ("external_trigger", b"trig?", b"1", True),
    ("trigger_out_follows_controller", b"xto?", b"0", False),
]
SETTERS = [
    ("mode", Mode.MANUAL, b"mode=1"),
    ("open_time_ms", 999999, b"open=999999"),
    ("shut_time_ms", 1, b"shut=1"),
    ("repetitions", 99, b"rep=99"),
    ("external_trigger", False, b"trig=0"),
    ("trigger_out_follows_controller", True, b"xto=1"),
]
REFUSED = [
    ("mode", 0),
    ("mode", 6),
    ("mode", "manual"),
    ("open_time_ms", 0),
    ("open_time_ms", 1_000_000),
    ("open_time_ms", 1.5),
    ("shut_time_ms", 0),
    ("repetitions", 100),
    ("external_trigger", 1),
    ("trigger_out_follows_controller", "on"),
]


@pytest.mark.parametrize(("name", "query", "reply", "value"), GETTERS, ids=[row[0] for row in GETTERS])
def test_a_property_is_read_to_the_prompt(name: str, query: bytes, reply: bytes, value: object) -> None:
    line = query + b"\r"
    with expected_protocol(SC10, [(line, line + reply + b"\r> ")]) as shutter:
        assert getattr(shutter, name) == value


@pytest.mark.parametrize(("name", "value", "command"), SETTERS, ids=[row[0] for row in SETTERS])
def test_a_property_is_set_and_echoed(name: str, value: object, command: bytes) -> None:
    line = command + b"\r"
    with expected_protocol(SC10, [(line, line + b"> ")]) as shutter:
        setattr(shutter, name, value)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_value_out_of_range_is_refused_before_anything_is_sent(name: str, value: object) -> None:
    with expected_protocol(SC10, []) as shutter, pytest.raises(OutOfRangeError):
        setattr(shutter, name, value)


def test_an_error_line_is_raised() -> None:
    exchange = [(b"rep=5\r", b"rep=5\rCommand error CMD_ARG_INVALID\r> ")]
    with (
        expected_protocol(SC10, exchange) as shutter,
        pytest.raises(InstrumentReportedError, match="CMD_ARG_INVALID"),
    ):
        shutter.repetitions = 5


@dataclass
class Unit:
    """As much of an SC10 as these tests need, bytes in, bytes out.

    Attributes:
        lost: indices of the lines whose replies are lost altogether.
        unheard: indices of the lines that never arrive.
    """

    mode: int = 1
    enabled: bool = False
    interlock: bool = False
    stuck: bool | None = None
    lost: set[int] = field(default_factory=set)
    unheard: set[int] = field(default_factory=set)
    stale: bytes = b""
    lines: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        if self.stuck is not None:
            return self.stuck
        return self.enabled and self.mode == 1

    def hear(self, data: bytes) -> bytes:
        line = data.decode("ascii").removesuffix("\r")
        index = len(self.lines)
        self.lines.append(line)
        if index in self.unheard:
            return b""
        reply = self._obey(line)
        if index in self.lost:
            return b""
        return data + reply + b"> "

    def _obey(self, line: str) -> bytes:
        queries = {
            "id?": "THORLABS SC10 VERSION 1.07",
            "ens?": int(self.enabled),
            "mode?": self.mode,
            "closed?": int(not self.open),
            "interlock?": int(self.interlock),
        }
        if line in queries:
            return f"{queries[line]}\r".encode()
        if line == "ens":
            self.enabled = not self.enabled and not self.interlock
            return b""
        if line.startswith("mode="):
            self.mode = int(line[5:])
            return b""
        return b"Command error CMD_NOT_DEFINED\r"

    @property
    def toggles(self) -> int:
        return self.lines.count("ens")


class UnitAdapter(Adapter):  # type: ignore[misc]
    """A serial line in memory; nothing to read is a read that timed out."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit
        self.waiting = b""

    def _write_bytes(self, content: bytes, **kwargs: object) -> None:
        self.waiting += self.unit.stale + self.unit.hear(content)
        self.unit.stale = b""

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: object) -> bytes:
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def flush_read_buffer(self) -> None:
        self.waiting = b""


@pytest.fixture
def unit() -> Unit:
    return Unit()


@pytest.fixture
def shutter(unit: Unit, clock: Clock) -> SC10:
    return SC10(UnitAdapter(unit), clock=clock, reply_timeout_s=0.002)


def test_opening_looks_toggles_and_looks_at_the_blade(shutter: SC10, unit: Unit) -> None:
    shutter.open()
    assert unit.lines == ["mode?", "ens?", "ens", "closed?"]
    assert unit.open


def test_an_open_shutter_is_not_toggled_shut_by_opening(shutter: SC10, unit: Unit) -> None:
    unit.enabled = True
    shutter.open()
    assert unit.toggles == 0
    assert unit.open


def test_closing_looks_toggles_and_looks_at_the_blade(shutter: SC10, unit: Unit) -> None:
    unit.enabled = True
    shutter.close_blade()
    assert unit.lines == ["ens?", "ens", "closed?"]
    assert shutter.blade_closed


@pytest.mark.parametrize("which", ["lost", "unheard"])
@pytest.mark.parametrize("index", range(5))
def test_after_a_lost_line_the_state_is_asked_before_any_toggle(
    shutter: SC10, unit: Unit, which: str, index: int
) -> None:
    setattr(unit, which, {index})
    shutter.open()
    assert unit.open
    assert unit.toggles == (2 if which == "unheard" and index == 2 else 1)


@pytest.mark.parametrize("which", ["lost", "unheard"])
@pytest.mark.parametrize("index", range(4))
def test_closing_survives_a_lost_line(shutter: SC10, unit: Unit, which: str, index: int) -> None:
    unit.enabled = True
    setattr(unit, which, {index})
    shutter.close_blade()
    assert not unit.open


def test_stale_bytes_do_not_become_the_answer(shutter: SC10, unit: Unit) -> None:
    unit.stale = b"closed?\r0\r"
    assert shutter.retried(lambda: shutter.blade_closed) is True


def test_a_front_panel_that_left_manual_mode_is_noticed(shutter: SC10, unit: Unit) -> None:
    unit.mode, unit.enabled = 3, True
    shutter.open()
    assert (unit.mode, unit.open) == (1, True)


def test_going_to_manual_mode_never_opens(shutter: SC10, unit: Unit) -> None:
    unit.mode, unit.enabled = 4, True
    shutter.use_manual_mode()
    assert (unit.mode, unit.enabled) == (1, False)
    assert unit.lines.index("ens") < unit.lines.index("mode=1")


def test_an_open_interlock_is_told(shutter: SC10, unit: Unit) -> None:
    unit.interlock = True
    with pytest.raises(InterlockError, match="interlock"):
        shutter.open()
    assert not unit.open


def test_a_blade_that_stays_shut_is_told_and_disabled(shutter: SC10, unit: Unit) -> None:
    unit.stuck = False
    with pytest.raises(InstrumentReportedError, match="SHUTTER ALARM"):
        shutter.open()
    assert not unit.enabled


def test_make_safe_closes_from_every_mode(unit: Unit, shutter: SC10) -> None:
    for mode in Mode:
        unit.mode, unit.enabled = mode.value, True
        shutter.make_safe()
        assert not unit.open
        assert not unit.enabled


def test_a_blade_stuck_open_is_not_safe(shutter: SC10, unit: Unit) -> None:
    unit.enabled, unit.stuck = True, True
    with pytest.raises(SafetyError, match="by hand"):
        shutter.make_safe()


def test_a_silent_unit_is_not_safe(shutter: SC10, unit: Unit) -> None:
    unit.unheard = set(range(1000))
    with pytest.raises(SafetyError):
        shutter.make_safe()
    # Each line costs a time-out: the safe state and the end of a run wait for all of them.
    assert len(unit.lines) <= 10


def test_silence_is_a_timeout_and_not_a_zero(shutter: SC10, unit: Unit) -> None:
    unit.unheard = set(range(1000))
    with pytest.raises(InstrumentTimeoutError):
        _ = shutter.enabled


def test_after_trouble_the_line_is_brought_into_step_first(shutter: SC10, unit: Unit) -> None:
    unit.lost = {0}
    with pytest.raises(InstrumentTimeoutError):
        _ = shutter.enabled
    assert shutter.enabled is False
    assert unit.lines == ["ens?", "", "ens?"]


@pytest.mark.parametrize(
    "reply",
    [b"ens?\r2\r> ", b"ens?\r\r> ", b"ens?\r1\r1\r> ", b"ns?\r1\r> ", b"ens?\r\xff\r> ", b" ens?\r1\r> "],
)
def test_a_senseless_reply_is_a_protocol_error(reply: bytes) -> None:
    with expected_protocol(SC10, [(b"ens?\r", reply)]) as shutter, pytest.raises(InstrumentProtocolError):
        _ = shutter.enabled


def test_a_command_that_answers_is_out_of_step() -> None:
    with (
        expected_protocol(SC10, [(b"rep=5\r", b"rep=5\r1\r> ")]) as shutter,
        pytest.raises(InstrumentProtocolError, match="no reply expected"),
    ):
        shutter.repetitions = 5


@pytest.mark.parametrize("reply", [b"savp\r> ", b"savp\r1\r> "])
def test_saving_may_or_may_not_be_answered(reply: bytes) -> None:
    with expected_protocol(SC10, [(b"savp\r", reply)]) as shutter:
        shutter.save_settings()


@pytest.mark.parametrize(
    ("reply", "firmware"), [("THORLABS SC10 VERSION 1.0", "1.0"), ("Thorlabs SC10", ""), ("SC10", "")]
)
def test_identity_is_read_whatever_its_firmware_adds(reply: str, firmware: str) -> None:
    line = b"id?\r"
    with expected_protocol(SC10, [(line, line + reply.encode() + b"\r> ")]) as shutter:
        assert shutter.identity.firmware == firmware
        assert shutter.identity.serial_number == ""


def test_somebody_else_on_the_line_is_named() -> None:
    with (
        expected_protocol(SC10, [(b"id?\r", b"id?\rNDW/1 wheel\r> ")]) as shutter,
        pytest.raises(InstrumentConnectionError, match="NDW/1"),
    ):
        _ = shutter.identity


def test_a_port_that_is_not_there_says_which_are(tmp_path: Any) -> None:
    with pytest.raises(InstrumentConnectionError, match="serial ports found"):
        open_serial_adapter(str(tmp_path / "nothing"), 9600)


def test_only_its_two_baud_rates_are_taken() -> None:
    with pytest.raises(ConfigurationError, match="19200"):
        open_serial_adapter("/dev/null", 19200)


class NoisyLine(Adapter):  # type: ignore[misc]
    """Any bytes at all, and then silence."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self.chunks = list(chunks)
        self.waiting = b""

    def _write_bytes(self, content: bytes, **kwargs: object) -> None:
        if self.chunks:
            self.waiting += self.chunks.pop(0).replace(b"ECHO", content)

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: object) -> bytes:
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def flush_read_buffer(self) -> None: ...


CHUNKS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"ECHO0\r> ", b"ECHO1\r> ", b"ECHO> ", b"ECHOCommand error CMD_NOT_DEFINED\r> "]),
)


@settings(deadline=None, max_examples=60)
@given(chunks=st.lists(CHUNKS, max_size=12), choice=st.integers(0, 4))
def test_whatever_comes_only_our_errors_come_out(chunks: list[bytes], choice: int) -> None:
    shutter = SC10(NoisyLine(chunks), clock=Clock(speed=1e9), reply_timeout_s=0.0005)
    actions = [
        lambda: shutter.retried(lambda: shutter.enabled),
        lambda: shutter.identity,
        shutter.use_manual_mode,
        shutter.resynchronise,
        lambda: shutter.mode,
    ]
    with contextlib.suppress(RigError):
        actions[choice]()
