"""Does something at most so often, and never loses the last request."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer


class Throttle(QObject):
    """Calls `action` soon after a request, but not more often than every `interval_ms`.

    However many requests come meanwhile, the action runs once for all of them, after the last.
    """

    def __init__(
        self, parent: QObject, action: Callable[[], None], interval_ms: int = 100, delay_ms: int = 0
    ) -> None:
        """Wait for requests.

        Args:
            parent: ends it together with itself.
            action: what is done.
            interval_ms: shortest time between two calls.
            delay_ms: from a request to its action; plots that hear of the same event take turns with it,
                so that the event loop is never blocked by all of them at once.
        """
        super().__init__(parent)
        self._action = action
        self._interval_s = interval_ms / 1000.0
        self._delay_s = delay_ms / 1000.0
        self._last_s = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._act)

    def request(self) -> None:
        """Ask for the action; returns at once."""
        if not self._timer.isActive():
            wait_s = max(self._delay_s, self._last_s + self._interval_s - time.monotonic())
            self._timer.start(round(1000 * wait_s))

    def flush(self) -> None:
        """Do what is still due now."""
        if self._timer.isActive():
            self._timer.stop()
            self._act()

    def _act(self) -> None:
        self._action()
        # After the action: one that takes long must leave room for everything else.
        self._last_s = time.monotonic()
