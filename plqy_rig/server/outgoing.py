"""What waits for a face: put there by any thread, taken by the server's loop, never more than allowed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque


class Outgoing:
    """A queue between threads and the loop. One that grows too long is emptied and over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_bytes: int) -> None:
        """Make it, in the loop.

        Args:
            loop: the server's.
            most_bytes: what may wait.
        """
        self._loop = loop
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._texts: deque[str] = deque()
        self._bytes = 0
        self._over = ""
        self._news = asyncio.Event()

    @property
    def over(self) -> str:
        """Get why nothing more will come; empty as long as something may."""
        return self._over

    def put(self, text: str) -> None:
        """Add a text; returns at once, from any thread."""
        with self._lock:
            if self._over:
                return
            self._texts.append(text)
            self._bytes += len(text)
            if self._bytes > self._most_bytes:
                self._end(f"it reads too slowly: more than {self._most_bytes} bytes wait for it")
        self._wake()

    def end(self, why: str) -> None:
        """Nothing more will come; from any thread."""
        with self._lock:
            self._end(why)
        self._wake()

    def _end(self, why: str) -> None:
        self._over = self._over or why
        self._texts.clear()
        self._bytes = 0

    def _wake(self) -> None:
        # The loop may have ended before the last thread has heard of it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    async def take(self) -> str | None:
        """Wait for the next text; None when it is over."""
        while True:
            with self._lock:
                if self._over:
                    return None
                if self._texts:
                    text = self._texts.popleft()
                    self._bytes -= len(text)
                    return text
                self._news.clear()
            await self._news.wait()

    async def wait_until_over(self) -> str:
        """Wait until nothing more will come; gives why."""
        while not self._over:
            await asyncio.sleep(_LOOK_S)
        return self._over


_LOOK_S = 0.25
