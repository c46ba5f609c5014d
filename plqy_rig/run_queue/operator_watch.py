"""How sample and filter stand, and what is done while nobody is there to move them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from calibration.roles import Arrangement, Role
from drivers.errors import MeasurementError
from plqy_rig.engine import Event, OperatorAnswered, OperatorAsked, RunOutcome
from plqy_rig.run_queue.arrangement import Setup, setups
from plqy_rig.run_queue.entry import Entry
from procedures import OperatorAnswer


class OperatorWatch:
    """Knows from questions and answers how the rig stands; chooses what can be run without hands.

    Attributes:
        patience_s: real seconds a question may stand.
        parking: set while a run is being put back because nobody answers.
    """

    def __init__(self, patience_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """Begin without knowing anything.

        Args:
            patience_s: real seconds a question may stand.
            now: real seconds.
        """
        self.patience_s = patience_s
        self._now = now
        self._lock = threading.RLock()
        self._present: Setup | None = None
        self._asked: Setup | None = None
        self._asked_since: float | None = None
        self._away = False
        self._parked: set[int] = set()
        self.parking = False

    @property
    def present(self) -> Setup | None:
        """Get how the rig stands; None when nobody knows."""
        return self._present

    def hear(self, event: Event, entry: Entry | None) -> None:
        """Take an event of the engine, with the entry that runs."""
        with self._lock:
            if isinstance(event, OperatorAsked):
                self._asked = Setup.of(entry.sample, event.request.target) if entry else None
            elif isinstance(event, OperatorAnswered):
                self._take_answer(event.answer)

    def _take_answer(self, answer: OperatorAnswer | None) -> None:
        if answer in (OperatorAnswer.DONE, OperatorAnswer.CONTINUE_ANYWAY):
            self._present = self._asked
            self.operator_is_here()
        elif not self.parking:
            # The question was withdrawn, or refused: something may have been moved all the same.
            self._present = None
        self._asked = None

    def needed(self, current: Entry | None) -> tuple[int, ...]:
        """Ids of the entries that wait for hands."""
        with self._lock:
            asked = {current.id} if current is not None and self._asked_since is not None else set()
            return tuple(sorted(self._parked | asked))

    def operator_is_here(self) -> None:
        """Somebody can move things again."""
        with self._lock:
            self._away = False
            self._parked.clear()
            if self._asked_since is not None:
                self._asked_since = self._now()

    def forget(self) -> None:
        """Nobody knows any more how the rig stands."""
        with self._lock:
            self._present = None

    def note_outcome(self, outcome: RunOutcome) -> None:
        """After a run: where a check failed, what was thought of sample and filter is in doubt."""
        with self._lock:
            self._asked_since = None
            if isinstance(outcome.error, MeasurementError):
                self._present = None

    def arrangement_for(self, entry: Entry, passes: Sequence[Role]) -> Arrangement | None:
        """How the rig stands for this entry, where that spares a question; None: it asks for everything."""
        first = Setup.of(entry.sample, passes[0].arrangement)
        return first.arrangement if first == self._present else None

    def choose(self, entries: Sequence[Entry]) -> Entry | None:
        """The next of these to run: the first, or while nobody is there the first that needs no hands."""
        with self._lock:
            self.parking = False
            if self._away:
                without = next((entry for entry in entries if self._needs_no_hands(entry)), None)
                if without is not None:
                    return without
                # All that is left needs somebody: the question stands until he comes.
                self._away = False
                self._parked.clear()
            return next(iter(entries), None)

    def _needs_no_hands(self, entry: Entry) -> bool:
        return self._present is not None and set(setups(entry)) == {self._present}

    def nobody_answers(self, entry: Entry, sentence: str, others: Callable[[], Sequence[Entry]]) -> bool:
        """Whether the run that asks is to be put back now, for others that need no hands; says it once.

        Args:
            entry: that runs.
            sentence: its question; empty when none stands.
            others: gives what else could be run.
        """
        with self._lock:
            if not sentence:
                self._asked_since = None
                return False
            if self._asked_since is None:
                self._asked_since = self._now()
            if self.parking or self._now() - self._asked_since < self.patience_s:
                return False
            self.parking = any(self._needs_no_hands(other) for other in others())
            return self.parking

    def park(self, entry: Entry) -> None:
        """Its run was put back."""
        with self._lock:
            self._parked.add(entry.id)
            self._away = True
