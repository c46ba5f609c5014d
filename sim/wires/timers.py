"""Things that happen later: callbacks at bench times, run by one thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

from sim.clock import Clock

_LOG = logging.getLogger(__name__)


class Timers:
    """A list of callbacks with their bench times.

    With a manual clock a test calls `run_due` instead of `start`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._condition = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="bench-timers", daemon=True)

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Call `action` when the bench time `time_s` has come."""
        with self._condition:
            heapq.heappush(self._entries, (time_s, next(self._order), action))
            if self._entries[0][2] is action:
                self._condition.notify()

    def start(self) -> None:
        """Run callbacks from a thread of their own."""
        self._thread.start()

    def stop(self) -> None:
        """Forget what is left."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def run_due(self) -> None:
        """Run what is due now, in order of time."""
        while (action := self._pop_due()) is not None:
            action()

    def _pop_due(self) -> Callable[[], None] | None:
        with self._condition:
            if self._entries and self._entries[0][0] <= self._clock.now_s():
                return heapq.heappop(self._entries)[2]
            return None

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._stopping and (wait_s := self._wait_s()) != 0.0:
                    self._condition.wait(wait_s)
                if self._stopping:
                    return
                action = heapq.heappop(self._entries)[2]
            try:
                action()
            except Exception:  # noqa: BLE001
                # One broken callback must not stop the clockwork of the whole bench.
                _LOG.exception("a timed action failed")

    def _wait_s(self) -> float | None:
        if not self._entries:
            return None
        return max(0.0, self._clock.real_s(self._entries[0][0] - self._clock.now_s()))
