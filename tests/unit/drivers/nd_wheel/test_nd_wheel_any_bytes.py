"""Whatever the wheel's line brings, the driver raises the rig's errors and nothing else, in bounded time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from nd_wheel_far_ends.in_process import MadeUpClock, Time, make_rig
from pymeasure.adapters import Adapter

from drivers.errors import RigError
from drivers.nd_wheel import NdWheel
from drivers.nd_wheel.wire import crc8

ACTIONS = ("home", "move", "angle", "homed", "identity", "safe")
MOST_TIME_S = 1500.0
"""Ten attempts of a quarter second for each of the few requests of an action, and its movement's time-out."""


class NoisyLine(Adapter):  # type: ignore[misc]
    """Any lines at all, and then silence."""

    connection = None

    def __init__(self, lines: Iterable[str], time: Time) -> None:
        super().__init__()
        self.lines = list(lines)
        self.time = time
        self.number = "0"

    def _write(self, command: str, **kwargs: object) -> None:
        self.number = command[1:].split(" ")[0] if len(command) > 1 else "0"
        self.time.now_s += 0.002

    def _read(self, **kwargs: object) -> str:
        self.time.now_s += 0.25
        return self.lines.pop(0).replace("NUMBER", self.number) if self.lines else ""

    def close(self) -> None: ...


def act(wheel: NdWheel, action: str) -> None:
    if action == "home":
        wheel.home()
    elif action == "move":
        wheel.move_to(100.0)
    elif action == "angle":
        _ = wheel.angle_deg
    elif action == "homed":
        _ = wheel.homed
    elif action == "identity":
        _ = wheel.identity
    else:
        wheel.make_safe()


def checked(text: str) -> str:
    return f"{text}*{crc8(text.encode('latin-1')):02X}"


LINES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.text("OKERRSTATUS 0123456789*#", max_size=30).map(lambda text: checked(f"OK NUMBER {text}")),
)


@settings(deadline=None, max_examples=80)
@given(lines=st.lists(LINES, max_size=15), action=st.sampled_from(ACTIONS))
def test_any_lines_then_silence(lines: list[str], action: str) -> None:
    time = Time()
    wheel = NdWheel(NoisyLine(lines, time), clock=MadeUpClock(time=time))
    with contextlib.suppress(RigError):
        act(wheel, action)
    assert time.now_s < MOST_TIME_S


@settings(deadline=None, max_examples=80)
@given(spoiled=st.lists(st.binary(max_size=60), min_size=1, max_size=12), action=st.sampled_from(ACTIONS))
def test_any_bytes_in_place_of_the_next_answers(spoiled: list[bytes], action: str) -> None:
    rig = make_rig()
    rig.wheel.home()
    rig.adapter.incoming = [lambda _data, piece=piece: piece for piece in spoiled]
    began_s = rig.time.now_s
    with contextlib.suppress(RigError):
        act(rig.wheel, action)
    assert rig.time.now_s - began_s < MOST_TIME_S
