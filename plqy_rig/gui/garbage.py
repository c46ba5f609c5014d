"""Python's garbage is collected in the window's thread alone.

Python collects in whichever thread happens to make an object. A worker would then delete Qt's objects, timers
and painters among them, while the window uses them: Qt allows that only in the thread they live in.
"""

from __future__ import annotations

import gc
import sys

from PyQt6.QtCore import QCoreApplication, QObject, QTimer

_LOOK_MS = 500


class _Collector(QObject):
    """Does what Python's own collector does, by the same thresholds, when the event loop has time."""

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        self._modules = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    def _look(self) -> None:
        """Collect the oldest generation that is due, and with it the younger ones."""
        if len(sys.modules) != self._modules:
            # What modules bring stays for good. Going through all of it, as a full collection does, would
            # hold up the window for 0.1 s and more; what comes later is little.
            self._modules = len(sys.modules)
            gc.freeze()
        counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [generation for generation, (count, most) in enumerate(counts) if count > most]
        if due:
            gc.collect(due[-1])


def collect_in_this_thread_alone(application: QCoreApplication) -> None:
    """Take garbage collection over from Python; callable again.

    Args:
        application: whose event loop runs in this thread.
    """
    gc.disable()
    if not application.findChildren(_Collector):
        _Collector(application)
