"""What uses the rig: one thing at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from plqy_rig.engine import CommandRefusedError

_QUIET_PATIENCE_S = 5.0


class Use(StrEnum):
    """Who may use the instruments."""

    IDLE = "idle"
    RUN = "run"
    QUEUE = "queue"
    CALIBRATION = "calibration"
    MANUAL = "manual"


_IN_WORDS = {
    Use.RUN: "a run is under way",
    Use.QUEUE: "the queue is running",
    Use.CALIBRATION: "a calibration is under way",
    Use.MANUAL: "it is used by hand; make it safe first",
}


class Occupation:
    """Hands the rig to one user at a time; for any thread."""

    def __init__(self, tell: Callable[[Use], None]) -> None:
        """Begin idle.

        Args:
            tell: hears of each change, in their order; must be quick.
        """
        self._tell = tell
        self._news = threading.Condition(threading.RLock())
        self._use = Use.IDLE
        self._lookers = 0

    @property
    def use(self) -> Use:
        """Get what uses the rig now."""
        return self._use

    def require(self, *allowed: Use, verb: str) -> None:
        """Refuse what can't be done now; raises `CommandRefusedError`."""
        if self._use not in allowed:
            raise CommandRefusedError(f"can't {verb}: {_IN_WORDS.get(self._use, 'the rig is idle')}")

    def take(self, use: Use, *, verb: str, also_from: tuple[Use, ...] = ()) -> None:
        """Take the rig, and wait until nobody looks at its instruments any more.

        Args:
            use: for what.
            verb: what is wanted, for the refusal.
            also_from: taken from these uses too, not only from idle.

        Raises:
            CommandRefusedError: something else uses it.
        """
        with self._news:
            self.require(Use.IDLE, *also_from, verb=verb)
            self._change(use)
            # A look that hangs in an instrument isn't waited for: the run's own start will tell.
            self._news.wait_for(lambda: self._lookers == 0, _QUIET_PATIENCE_S)

    def release(self, use: Use) -> None:
        """Give it back; harmless if something else has taken it since."""
        with self._news:
            if self._use is use:
                self._change(Use.IDLE)

    def _change(self, use: Use) -> None:
        if use is not self._use:
            self._use = use
            self._tell(use)

    @contextmanager
    def looking(self) -> Iterator[bool]:
        """For a look at an instrument: yields whether it is allowed now."""
        with self._news:
            allowed = self._use in (Use.IDLE, Use.MANUAL)
            self._lookers += allowed
        try:
            yield allowed
        finally:
            with self._news:
                self._lookers -= allowed
                self._news.notify_all()
