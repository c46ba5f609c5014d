"""The SC10 as a dead man's switch: whatever becomes of the computer, the controller closes in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from pymeasure.adapters import Adapter

from drivers.clock import Clock
from drivers.errors import InstrumentError, OutOfRangeError, SafetyError
from drivers.sc10 import SC10, Mode
from sim.instruments.sc10 import Sc10Model, Sc10Options


@dataclass
class Time:
    now_s: float = 0.0


@dataclass(frozen=True)
class MadeUpClock(Clock):
    time: Time = field(default_factory=Time)

    def sleep(self, duration_s: float) -> None:
        self.time.now_s += max(duration_s, 0.0)

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float, poll_s: float) -> bool:
        end_s = self.time.now_s + timeout_s
        while not condition():
            if self.time.now_s >= end_s:
                return condition()
            self.sleep(poll_s)
        return True


class Beam:
    """Notes when there was light."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, bool]] = []

    def set_blade(self, time_s: float, is_open: bool) -> None:
        self.changes.append((time_s, is_open))

    def longest_open_s(self, now_s: float) -> float:
        longest, since = 0.0, None
        for time_s, is_open in [*self.changes, (now_s, False)]:
            if since is not None:
                longest = max(longest, time_s - since)
            since = time_s if is_open else None
        return longest


class ModelLine(Adapter):  # type: ignore[misc]
    """A serial line to the model; the reply to the line `lose` never comes."""

    connection = None

    def __init__(self, model: Sc10Model, time: Time) -> None:
        super().__init__()
        self.model, self.time = model, time
        self.lines = 0
        self.lose: int | None = None
        self.dead = False

    def _write_bytes(self, content: bytes, **kwargs: object) -> None:
        self.lines += 1
        if not self.dead:
            self.model.feed(content, self.time.now_s)

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: object) -> bytes:
        received = b""
        for _ in range(100):
            self.time.now_s += 0.0005
            received += self.model.take_output(self.time.now_s)
            if len(received) >= count:
                break
        if self.dead or self.lines == self.lose:
            return b""
        self._waiting = received[count:]
        return received

    def flush_read_buffer(self) -> None:
        self.model.take_output(self.time.now_s)

    def close(self) -> None: ...


@dataclass
class Bench:
    shutter: SC10
    model: Sc10Model
    line: ModelLine
    beam: Beam
    time: Time

    def pass_time(self, duration_s: float) -> None:
        self.time.now_s += duration_s
        self.model.advance(self.time.now_s)


FIRMWARES = {
    "open phase first": Sc10Options(),
    "closed phase first": Sc10Options(first_phase_closed=True),
    "stays enabled at the end": Sc10Options(cycles_end_disabled=False),
    "both": Sc10Options(first_phase_closed=True, cycles_end_disabled=False),
}


@pytest.fixture(params=FIRMWARES)
def bench(request: pytest.FixtureRequest) -> Bench:
    time, beam = Time(), Beam()
    model = Sc10Model(beam, replace(FIRMWARES[request.param], prompt_at_power_up=False))
    line = ModelLine(model, time)
    shutter = SC10(line, clock=MadeUpClock(time=time), reply_timeout_s=0.0005)
    return Bench(shutter, model, line, beam, time)


def test_it_opens_at_once_and_closes_by_itself(bench: Bench) -> None:
    bench.shutter.open_for(2.0)
    assert not bench.shutter.blade_closed
    bench.pass_time(3.0)
    assert bench.shutter.blade_closed
    assert bench.beam.longest_open_s(bench.time.now_s) == pytest.approx(2.0, abs=0.02)


def test_closing_earlier_ends_the_cycle(bench: Bench) -> None:
    for _ in range(3):
        bench.shutter.open_for(5.0)
        bench.pass_time(1.0)
        bench.shutter.close_blade()
        bench.pass_time(10.0)
        assert bench.shutter.blade_closed
    assert bench.beam.longest_open_s(bench.time.now_s) < 1.3


def test_the_computer_may_die_at_any_exchange(bench: Bench) -> None:
    bench.shutter.open_for(2.0)
    exchanges = bench.line.lines
    bench.pass_time(5.0)
    bench.shutter.use_manual_mode()
    for survived in range(exchanges + 3):
        bench.line.lines = 0
        bench.line.dead = False
        bench.model.power_cycle(bench.time.now_s)
        write = bench.line._write_bytes

        def dying(content: bytes, limit: int = survived, write=write, **kwargs: object) -> None:  # type: ignore[no-untyped-def]
            if bench.line.lines >= limit:
                raise OSError("the computer is gone")
            write(content, **kwargs)

        bench.line._write_bytes = dying  # type: ignore[method-assign]
        try:
            bench.shutter.open_for(2.0)
        except InstrumentError:
            pass
        finally:
            bench.line._write_bytes = write  # type: ignore[method-assign]
        bench.pass_time(10.0)
        assert bench.model.blade.closed(bench.time.now_s), f"open after {survived} exchanges"
    assert bench.beam.longest_open_s(bench.time.now_s) < 2.1


def test_closing_just_when_the_time_is_over_leaves_it_closed(bench: Bench) -> None:
    for early_s in [0.001 * step for step in range(-10, 60, 3)]:
        bench.shutter.open_for(1.0)
        opened_s = bench.beam.changes[-1][0]
        bench.pass_time(max(opened_s + 1.0 - early_s - bench.time.now_s, 0.0))
        bench.shutter.close_blade()
        assert not bench.model.blade.passes_light(bench.time.now_s)
        bench.pass_time(5.0)
        assert bench.model.blade.closed(bench.time.now_s)


def test_opening_by_hand_afterwards_has_no_time(bench: Bench) -> None:
    bench.shutter.open_for(1.0)
    bench.shutter.close_blade()
    bench.shutter.open()
    bench.pass_time(10.0)
    assert not bench.shutter.blade_closed
    bench.shutter.make_safe()
    assert bench.shutter.mode in (Mode.MANUAL, Mode.SINGLE)
    assert bench.shutter.blade_closed


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 1000.0, float("nan"), float("inf")])
def test_a_time_the_controller_can_not_keep_is_refused(bench: Bench, duration_s: float) -> None:
    with pytest.raises(OutOfRangeError):
        bench.shutter.open_for(duration_s)
    assert bench.line.lines == 0


def test_a_stuck_blade_is_told(bench: Bench) -> None:
    bench.model.set_stuck(True, bench.time.now_s)
    with pytest.raises(InstrumentError, match=r"SHUTTER ALARM|does not open"):
        bench.shutter.open_for(1.0)


def test_a_dead_line_is_not_safe(bench: Bench) -> None:
    bench.shutter.open_for(1.0)
    bench.line.dead = True
    with pytest.raises(SafetyError):
        bench.shutter.make_safe()
