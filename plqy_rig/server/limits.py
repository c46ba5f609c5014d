"""How much one connection may ask for, and how much may wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Of one connection.

    Attributes:
        request_bytes: longest request that is read; a longer one is refused.
        frame_bytes: a frame longer than this ends the connection.
        requests_per_s: how often, on average, a face may ask.
        request_burst: how many at once.
        urgent_per_s: the same for what is done at once (emergency off, abort, make safe).
        urgent_burst: how many of those at once.
        pending_requests: how many may wait for the one under way.
        outgoing_bytes: how much may wait for a face that reads slowly; with more it is cut off.
        connections: how many faces at once.
    """

    request_bytes: int = 256 * 1024
    frame_bytes: int = 4 * 1024 * 1024
    requests_per_s: float = 50.0
    request_burst: int = 200
    urgent_per_s: float = 5.0
    urgent_burst: int = 20
    pending_requests: int = 200
    outgoing_bytes: int = 64 * 1024 * 1024
    connections: int = 32


class RateLimit:
    """A bucket of tokens: each request takes one, they come back with time."""

    def __init__(self, per_s: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        """Begin full.

        Args:
            per_s: how many come back each second.
            burst: how many the bucket holds.
            now: seconds.
        """
        self._per_s = per_s
        self._burst = float(burst)
        self._now = now
        self._tokens = self._burst
        self._looked_s = now()

    def allows(self) -> bool:
        """Whether one more is allowed now; takes it if so."""
        now_s = self._now()
        self._tokens = min(self._burst, self._tokens + (now_s - self._looked_s) * self._per_s)
        self._looked_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
