"""Step timing of the firmware, from the simulated pins."""

from __future__ import annotations

import numpy as np
import pytest
from nd_wheel_far_ends.step_timing import measure


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize(
    ("rate", "acceleration", "target"),
    [(1600, 16000, 2400), (400, 2000, 1000), (1600, 16000, 90), (1600, 1000, 2400), (5000, 60000, 2400)],
)
def test_steps_follow_the_trapezoid_within_two_percent(
    rate: int, acceleration: int, target: int, busy: bool
) -> None:
    (movement,) = measure(rate, acceleration, target, busy=busy)
    assert len(movement.times_s) == target
    assert movement.shape_error < 0.02
    assert abs(movement.duration_error) < 0.02


@pytest.mark.parametrize("rate", [400, 1600, 5000])
def test_no_step_is_faster_than_the_limit_however_busy_the_line(rate: int) -> None:
    (movement,) = measure(rate, 16000, 2400, busy=True)
    assert movement.waits_s.min() >= 1 / rate
    assert movement.shortest_pulse_s >= 2e-6  # DRV8825 wants 1.9 us, A4988 1 us


def test_jitter_at_full_speed_is_a_few_microseconds() -> None:
    (quiet,) = measure(1600, 16000, 2400, busy=False)
    (busy,) = measure(1600, 16000, 2400, busy=True)
    assert np.std(quiet.cruise_waits_s) < 1e-6
    assert np.std(busy.cruise_waits_s) < 3e-6
    assert np.ptp(busy.cruise_waits_s) < 30e-6
