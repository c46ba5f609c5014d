from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import OutOfRangeError
from procedures.integration_time import (
    IntegrationLimits,
    is_saturated,
    peak_fraction,
    predict_integration_time_s,
    shorter_time_s,
)

LIMITS = IntegrationLimits(0.001, 1.0, 65535.0)
DARK = np.full(512, 1500.0)


def line(peak_per_s_per_w: float) -> np.ndarray:
    return peak_per_s_per_w * np.exp(-0.5 * ((np.arange(512) - 50) / 1.5) ** 2)


@given(rate=st.floats(1e3, 1e10), power=st.floats(1e-5, 1e-2))
def test_the_predicted_time_brings_the_peak_to_the_aim_or_stops_at_a_limit(rate, power) -> None:
    time_s = predict_integration_time_s(line(rate), DARK, power, LIMITS)
    assert LIMITS.shortest_s <= time_s <= LIMITS.longest_s
    assert time_s * 1000 == pytest.approx(round(time_s * 1000), abs=1e-9)
    peak = 1500.0 + rate * power * time_s
    if LIMITS.shortest_s < time_s < LIMITS.longest_s:
        # Whole milliseconds, rounded down: at most one millisecond's worth below the aim.
        assert LIMITS.aim_counts - rate * power * 1e-3 * 1.01 <= peak <= LIMITS.aim_counts * 1.000001


def test_the_dark_takes_room() -> None:
    bright = predict_integration_time_s(line(1e7), DARK, 1e-2, LIMITS)
    less_room = predict_integration_time_s(line(1e7), DARK + 20000, 1e-2, LIMITS)
    assert less_room < bright


def test_a_hot_pixel_limits_nothing() -> None:
    dark, rate = DARK.copy(), line(1e7)
    dark[200], rate[200] = 60000.0, 1e9
    assert predict_integration_time_s(rate, dark, 1e-2, LIMITS) == predict_integration_time_s(
        line(1e7), DARK, 1e-2, LIMITS
    )
    counts = np.tile(dark, (2, 1))
    counts[:, 200] = 65535.0
    assert not is_saturated(counts, dark, 65535.0)
    assert is_saturated(counts, DARK, 65535.0)
    assert peak_fraction(counts[0], dark, 65535.0) == pytest.approx(1500 / 65535)


def test_noise_of_dim_pixels_does_not_limit_a_long_time() -> None:
    limits = IntegrationLimits(0.001, 100.0, 65535.0)
    noisy = line(1e6) + np.random.default_rng(1).normal(0, 1e3, 512)
    assert predict_integration_time_s(noisy, DARK, 1e-3, limits) == pytest.approx(46.0, rel=0.02)


def test_no_light_at_all_takes_the_longest_time() -> None:
    assert predict_integration_time_s(np.zeros(512), DARK, 1e-3, LIMITS) == 1.0
    assert predict_integration_time_s(-line(1.0), DARK, 1e-3, LIMITS) == 1.0


def test_one_saturated_scan_of_many_counts() -> None:
    counts = np.tile(DARK, (10, 1))
    counts[7, 30] = 65000.0
    assert is_saturated(counts, DARK, 65535.0)


def test_shortening_ends_at_the_shortest_time() -> None:
    times: list[float] = []
    time_s: float | None = 1.0
    while time_s is not None:
        times.append(time_s)
        time_s = shorter_time_s(time_s, LIMITS)
    assert times == [1.0, 0.333, 0.111, 0.037, 0.012, 0.004, 0.001]


@pytest.mark.parametrize(
    "bad", [(0.0, 1.0, 0.6, 0.85), (2.0, 1.0, 0.6, 0.85), (0.1, 1.0, 0.9, 0.85), (0.1, 1.0, 0.6, 0.99)]
)
def test_limits_that_contradict_each_other_are_refused(bad) -> None:
    shortest, longest, low, high = bad
    with pytest.raises(OutOfRangeError):
        IntegrationLimits(shortest, longest, 65535.0, low, high)
