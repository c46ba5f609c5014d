from __future__ import annotations

import pytest

from sim.clock import BenchClock, ManualClock


def test_a_fast_bench_makes_real_seconds_short() -> None:
    assert BenchClock(100.0).real_s(50.0) == pytest.approx(0.5)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_time_cannot_stand_still_or_go_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        BenchClock(speed)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    clock.advance(2.0)
    clock.sleep(1.0)
    assert clock.now_s() == 3.0
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1.0)
