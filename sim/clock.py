"""Time on the bench.

Every simulated duration (an integration, a motor step, a byte on a serial line) is counted in bench
seconds. A bench of speed N lets N bench seconds pass in one real second.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the simulated instruments may ask of time."""

    def now_s(self) -> float:
        """Bench seconds since the bench was switched on."""
        ...

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` bench seconds pass."""
        ...

    def real_s(self, bench_s: float) -> float:
        """Real seconds that `bench_s` bench seconds take."""
        ...


class BenchClock:
    """The wall clock times a speed."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self.speed = speed
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        """Bench seconds since this clock was made."""
        return (time.monotonic() - self._start_s) * self.speed

    def sleep(self, duration_s: float) -> None:
        """Wait `duration_s` bench seconds."""
        if duration_s > 0:
            time.sleep(duration_s / self.speed)

    def real_s(self, bench_s: float) -> float:
        """Real seconds that `bench_s` bench seconds take."""
        return bench_s / self.speed


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        """Bench seconds as the test set them."""
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        """Advance at once."""
        self.advance(max(0.0, duration_s))

    def real_s(self, bench_s: float) -> float:
        """The same number: a manual clock has speed 1."""
        return bench_s

    def advance(self, duration_s: float) -> None:
        """Move on by `duration_s`, which must not be negative."""
        if duration_s < 0:
            raise ValueError(f"time never goes backwards, got {duration_s} s")
        self._now_s += duration_s
