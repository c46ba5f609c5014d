"""The sweep as the engine runs it: it can be asked to stop, and says what it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from procedures import PlqySweep


class StopRequest:
    """Asks a run to end: set by a signal handler or another thread, read by the run.

    Attributes:
        reason: who asked, for the stop document.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Ask to end; only the first reason counts."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    @property
    def asked(self) -> bool:
        """Whether anybody asked."""
        return self._event.is_set()


class ObservedSweep(PlqySweep):
    """A sweep with an engine around it.

    Attributes:
        stop: asked before every step and exposure.
        activity: hears what the sweep emits, for live views; nobody by default.
    """

    stop: StopRequest | None = None
    activity: Callable[[str, Any], None] | None = None

    def emit(self, topic: str, record: Any) -> None:
        """Pass it on to whoever looks on."""
        if self.activity is not None:
            self.activity(topic, record)

    def should_stop(self) -> bool:
        """Whether the engine was asked to end."""
        return self.stop is not None and self.stop.asked
