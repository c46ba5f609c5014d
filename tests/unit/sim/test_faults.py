from __future__ import annotations

import pytest

from sim.faults import Condition, FaultError, FaultGate, FaultSpec, parse_fault
from sim.wires.gated_line import GatedLine


class Later:
    def __init__(self) -> None:
        self.entries: list[tuple[float, object]] = []

    def __call__(self, time_s, action) -> None:
        self.entries.append((time_s, action))

    def run(self, until_s: float) -> None:
        due = [e for e in self.entries if e[0] <= until_s]
        self.entries = [e for e in self.entries if e[0] > until_s]
        for _, action in sorted(due, key=lambda e: e[0]):
            action()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def gate(later: Later) -> FaultGate:
    return FaultGate("laser", later, {})


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("laser:silence@12", FaultSpec("laser", "silence", exchange=12)),
        ("monitor:late=0.5@3", FaultSpec("monitor", "late", value=0.5, exchange=3)),
        ("spectrometer:disconnect@40+2s", FaultSpec("spectrometer", "disconnect", None, 40, None, 2.0)),
        ("shutter:stuck", FaultSpec("shutter", "stuck")),
        ("wheel:lost_steps=-3e1", FaultSpec("nd_wheel", "lost_steps", -30.0)),
        ("laser:garbled*3+1.5s", FaultSpec("laser", "garbled", count=3, duration_s=1.5)),
    ],
)
def test_one_specification_for_all(text: str, spec: FaultSpec) -> None:
    assert parse_fault(text) == spec


@pytest.mark.parametrize("text", ["laser", "laser:", "toaster:silence", "laser:silence@", "laser:late=x"])
def test_a_bad_specification_says_what_is_allowed(text: str) -> None:
    with pytest.raises(FaultError, match=r"INSTRUMENT|none of"):
        parse_fault(text)


def test_an_unknown_kind_is_refused_with_the_known_ones(gate: FaultGate) -> None:
    with pytest.raises(FaultError, match="silence"):
        gate.arm(parse_fault("laser:stuck"), 0.0)


def test_a_fault_waits_for_its_exchange(gate: FaultGate) -> None:
    gate.arm(parse_fault("laser:silence@3"), 0.0)
    outcome = []
    for _ in range(5):
        assert gate.receive(0.0)
        outcome.append(bool(gate.transform(b"x")))
    assert outcome == [True, True, False, True, True]


def test_a_count_spoils_so_many_replies(gate: FaultGate) -> None:
    gate.arm(parse_fault("laser:silence*2"), 0.0)
    assert [bool(gate.transform(b"x")) for _ in range(4)] == [False, False, True, True]


def test_a_duration_ends_by_itself(gate: FaultGate, later: Later) -> None:
    gate.arm(parse_fault("laser:silence+2s"), 1.0)
    assert gate.transform(b"x") == gate.transform(b"x") == []
    later.run(3.0)
    assert gate.transform(b"x") == [(0.0, b"x")]


@pytest.mark.parametrize(
    ("kind", "pieces"),
    [
        ("late", [(1.0, b"abcdef")]),
        ("late=0.25", [(0.25, b"abcdef")]),
        ("short", [(0.0, b"abc")]),
        ("short=1", [(0.0, b"a")]),
        ("duplicated", [(0.0, b"abcdef"), (0.0, b"abcdef")]),
    ],
)
def test_what_becomes_of_a_reply(gate: FaultGate, kind: str, pieces) -> None:
    gate.arm(parse_fault(f"laser:{kind}"), 0.0)
    assert gate.transform(b"abcdef") == pieces


def test_a_garbled_reply_keeps_its_length_and_changes_its_middle(gate: FaultGate) -> None:
    gate.arm(parse_fault("laser:garbled"), 0.0)
    ((_, data),) = gate.transform(b"1.234567E-01\n")
    assert len(data) == 13
    assert data != b"1.234567E-01\n"
    assert data.endswith(b"\n")


def test_a_hang_hears_nothing_until_it_ends(gate: FaultGate, later: Later) -> None:
    gate.arm(parse_fault("laser:hang@2+1s"), 0.0)
    assert gate.receive(0.0)
    assert not gate.receive(1.0)
    assert not gate.receive(1.5)
    later.run(2.0)
    assert gate.receive(2.0)


def test_a_condition_begins_with_its_value_and_ends_when_cleared(later: Later) -> None:
    calls: list[object] = []
    condition = Condition(
        lambda value, now_s: calls.append(("begin", value)), lambda now_s: calls.append("end")
    )
    gate = FaultGate("laser", later, {"key": condition})
    gate.arm(parse_fault("laser:key=4"), 0.0)
    gate.clear(1.0)
    assert calls == [("begin", 4.0), "end"]


class Parrot:
    """A serial instrument that repeats each line."""

    def __init__(self) -> None:
        self.output = b""

    def feed(self, data: bytes, now_s: float) -> None:
        self.output += data

    def take_output(self, now_s: float) -> bytes:
        output, self.output = self.output, b""
        return output

    def next_event_s(self, now_s: float) -> float | None:
        return None


def test_a_serial_line_is_spoiled_reply_by_reply(gate: FaultGate) -> None:
    line = GatedLine(Parrot(), gate, b"\n", lambda data: data.endswith(b"\n"))
    gate.arm(parse_fault("laser:late=2@2"), 0.0)
    line.feed(b"one\n", 0.0)
    assert line.take_output(0.0) == b"one\n"
    line.feed(b"two\n", 0.0)
    assert line.take_output(0.0) == b""
    assert line.next_event_s(0.0) == 2.0
    assert line.take_output(2.0) == b"two\n"
    line.feed(b"three\n", 2.0)
    assert line.take_output(2.0) == b"three\n"
