"""How long the event loop was blocked: a timer that should fire often, and the longest gap between two.

For tests and benchmarks; costs a few microseconds per turn.
"""

from __future__ import annotations

import time

from PyQt6.QtCore import QObject, Qt, QTimer

INTERVAL_MS = 5


class LoopWatch(QObject):
    """Measures the longest block of the event loop since it was started or reset."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._tick)
        self._last_s = 0.0
        self._blocks_s: list[float] = []

    def start(self) -> None:
        """Begin, or begin anew."""
        self._blocks_s = []
        self._last_s = time.perf_counter()
        self._timer.start()

    def stop(self) -> float:
        """End; returns the longest block, in real seconds."""
        self._tick()
        self._timer.stop()
        return self.longest_s

    @property
    def longest_s(self) -> float:
        """Get the longest block so far, in real seconds; 0 when there was none."""
        return max(self._blocks_s, default=0.0)

    def blocks_above(self, limit_s: float) -> list[float]:
        """Every block longer than a limit, in real seconds, in order."""
        return [block for block in self._blocks_s if block > limit_s]

    def _tick(self) -> None:
        now_s = time.perf_counter()
        self._blocks_s.append(max(now_s - self._last_s - INTERVAL_MS / 1000, 0.0))
        self._last_s = now_s
