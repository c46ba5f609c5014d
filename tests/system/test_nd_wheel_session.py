"""Long random sessions give the same replies and positions on the bench's model and on the real firmware."""

from __future__ import annotations

from contextlib import closing

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nd_wheel_far_ends.client import sealed
from nd_wheel_far_ends.twins import Twins

from sim.instruments.nd_wheel import SwitchFault

_NUMBERS = st.one_of(
    st.integers(-20, 2420),
    st.sampled_from([2400, 0, 1, 16, 17, 2**31 - 1, -(2**31), 2**31]),
    st.integers(-400, 400),
)
_SETTINGS = st.one_of(
    st.tuples(st.just("VMAX"), st.integers(40, 2500)),
    st.tuples(st.just("ACC"), st.integers(3000, 61000)),
    st.tuples(st.just("VHOME"), st.integers(300, 1500)),
    st.tuples(st.just("HDIR"), st.integers(-1, 2)),
    st.tuples(st.just("BACKL"), st.integers(-1, 101)),
    st.tuples(st.just("SMIN"), st.integers(-1, 300)),
    st.tuples(st.just("SMAX"), st.integers(1000, 2401)),
    st.tuples(st.just("TOUT"), st.one_of(st.just(99), st.integers(250, 3000))),
)
_REQUESTS = st.one_of(
    st.sampled_from(
        ["HOME"] * 4 + ["STOP", "ABRT", "EN 1", "EN 0", "CLR", "RST", "SAVE", "ID", "GET EDGE", "GET SMAX"]
    ),
    _NUMBERS.map(lambda number: f"MOVE {number}"),
    _NUMBERS.map(lambda number: f"MOVE {number}"),
    st.integers(-400, 400).map(lambda number: f"MOVR {number}"),
    _SETTINGS.map(lambda pair: f"SET {pair[0]} {pair[1]}"),
    st.sampled_from(["NOPE", "MOVE", "MOVE  1", "SET ACC", "GET X", "STAT 1"]),
)
_RAW = st.one_of(
    st.binary(min_size=1, max_size=70).filter(lambda data: b"\n" not in data),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -", max_size=60).map(lambda text: sealed("@", text)[:-1]),
)
_OPERATIONS = st.one_of(
    st.tuples(st.just("ask"), _REQUESTS),
    st.tuples(st.just("ask"), _REQUESTS),
    st.tuples(st.just("ask"), _REQUESTS),
    st.tuples(st.just("raw"), _RAW),
    st.tuples(st.just("wait"), st.floats(0.001, 1.5)),
    st.tuples(st.just("settle"), st.none()),
    st.tuples(st.just("lose"), st.integers(1, 40)),
    st.tuples(st.just("switch"), st.sampled_from(SwitchFault)),
    st.tuples(st.just("reset"), st.none()),
)


def _run(twins: Twins, operation: str, argument: object) -> None:
    match operation, argument:
        case "ask", str(text):
            twins.ask(text)
        case "raw", bytes(data):
            twins.raw(data)
        case "wait", float(duration_s):
            twins.wait(duration_s)
        case "settle", _:
            twins.settle()
        case "lose", int(count):
            twins.lose_steps(count)
        case "switch", SwitchFault() as fault:
            twins.set_switch_fault(fault)
        case "reset", _:
            twins.reset()


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 1000), operations=st.lists(_OPERATIONS, min_size=10, max_size=60))
def test_random_sessions_are_the_same_on_model_and_firmware(
    seed: int, operations: list[tuple[str, object]]
) -> None:
    with closing(Twins(seed)) as twins:
        twins.ask("SET TOUT 3600000")
        twins.ask("HOME")
        for operation, argument in operations:
            _run(twins, operation, argument)
        twins.finish()
