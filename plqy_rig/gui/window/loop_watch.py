"""How long the event loop was blocked: a timer that should fire often, and the longest gap between two.

For tests and benchmarks; costs a few microseconds per turn.
"""

from __future__ import annotations

import time

from PyQt6.QtCore import QObject, Qt, QTimer

INTERVAL_MS = 5


class LoopWatch(QObject):
    """Measures the longest block of the event loop since it was started or reset.

    Two measures: real time, what a user feels; and processor time of the loop's own thread, which other
    processes and other threads don't disturb.

    Attributes:
        turned_s: when the timer fired last, by `time.perf_counter`.
        processor_s: the thread's processor time then, by `time.thread_time`; for whoever samples the loop.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._tick)
        self.turned_s = 0.0
        self.processor_s = 0.0
        self._blocks_s: list[float] = []
        self._processor_blocks_s: list[float] = []

    def start(self) -> None:
        """Begin, or begin anew; in the thread of the event loop."""
        self._blocks_s = []
        self._processor_blocks_s = []
        self.turned_s = time.perf_counter()
        self.processor_s = time.thread_time()
        self._timer.start()

    def stop(self) -> float:
        """End; returns the longest block, in real seconds."""
        self._tick()
        self._timer.stop()
        return self.longest_s

    @property
    def is_running(self) -> bool:
        """Get whether it was started and not stopped."""
        return self._timer.isActive()

    @property
    def longest_s(self) -> float:
        """Get the longest block so far, in real seconds; 0 when there was none."""
        return max(self._blocks_s, default=0.0)

    @property
    def longest_processor_s(self) -> float:
        """Get the most processor time of the loop's thread between two turns, in seconds."""
        return max(self._processor_blocks_s, default=0.0)

    @property
    def blocks_s(self) -> list[float]:
        """Get every block, in real seconds, in order."""
        return list(self._blocks_s)

    @property
    def processor_blocks_s(self) -> list[float]:
        """Get the processor time of every turn, in seconds, in order."""
        return list(self._processor_blocks_s)

    def blocks_above(self, limit_s: float) -> list[float]:
        """Every block longer than a limit, in real seconds, in order."""
        return [block for block in self._blocks_s if block > limit_s]

    def _tick(self) -> None:
        now_s, processor_s = time.perf_counter(), time.thread_time()
        self._blocks_s.append(max(now_s - self.turned_s - INTERVAL_MS / 1000, 0.0))
        self._processor_blocks_s.append(processor_s - self.processor_s)
        self.turned_s, self.processor_s = now_s, processor_s
