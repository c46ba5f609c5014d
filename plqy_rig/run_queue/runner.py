"""Runs the queue: takes the next entry, gives it to the engine, records what came of it, and so on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from calibration import CalibrationError
from drivers.errors import RigError
from plqy_rig.data import StorageError
from plqy_rig.engine import CommandRefusedError, Engine, EngineState, Event, Job, RunOpened, RunOutcome
from plqy_rig.run_queue.durations import DurationPredictor, DurationRecorder
from plqy_rig.run_queue.entry import Entry, EntryStatus
from plqy_rig.run_queue.entry_notes import EntryNotes
from plqy_rig.run_queue.jobs import NothingLeftError
from plqy_rig.run_queue.operator_watch import OperatorWatch
from plqy_rig.run_queue.orphans import settle_orphans
from plqy_rig.run_queue.runner_lock import RunnerLock
from plqy_rig.run_queue.snapshot import queue_document
from plqy_rig.run_queue.store import QueueStore
from plqy_rig.run_queue.verdicts import Situation, Verdict, judge

log = logging.getLogger(__name__)

DEFAULT_OPERATOR_PATIENCE_S = 900.0
_LOOK_INTERVAL_S = 0.3
_POLL_S = 0.1
_CLOSE_TIMEOUT_S = 30.0
_FILE_PATIENCE_S = 600.0
"""So long the queue waits for its own file, real seconds: it may be locked, or its disk full."""
MOST_FRUITLESS_ENTRIES = 3
"""So many in a row may fail without an exposure saved: then something is wrong with the rig."""


class QueueState(StrEnum):
    """What the queue does."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSING = "pausing"
    """The present entry is the last one for now."""
    PAUSED = "paused"


class QueueRunner:
    """Runs one queue on one engine, in a thread of its own. Commands come from any thread."""

    def __init__(
        self,
        engine: Engine,
        store: QueueStore,
        make_job: Callable[[Entry], Job],
        on_change: Callable[[], None] = lambda: None,
        *,
        after_run: Callable[[Entry, RunOutcome], None] | None = None,
        on_rest: Callable[[str, str], None] = lambda state, reason: None,
        operator_patience_s: float = DEFAULT_OPERATOR_PATIENCE_S,
        speed: float = 1.0,
    ) -> None:
        """Begin idle.

        Args:
            engine: runs what it is given; stays the caller's to close, after this.
            store: the queue; stays the caller's to close, after this.
            make_job: makes the job of an entry, see `JobMaker`.
            on_change: hears that `snapshot` may give something else; from any thread, must be quick.
            after_run: hears of each run that has a folder, in the queue's thread.
            on_rest: hears state and reason when the queue has come to its end or stops by itself, in the
                queue's thread.
            operator_patience_s: real seconds a question may stand before entries that need no hands are
                taken first.
            speed: rig seconds per real second.
        """
        self._engine = engine
        self._store = store
        self._make_job = make_job
        self._on_change = on_change
        self._after_run = after_run
        self._on_rest = on_rest
        self._lock = RunnerLock(store.path)
        self._watch = OperatorWatch(operator_patience_s)
        self._recorder = DurationRecorder(store.database)
        self._predictor = DurationPredictor(store.database, speed)
        self._condition = threading.Condition(threading.RLock())
        self._state = QueueState.IDLE
        self._reason = ""
        self._current: Entry | None = None
        self._closing = False
        self._fruitless = 0
        self._not_safe = False
        self._notes = EntryNotes(store)
        self._file_fails_since: float | None = None
        self._seen = store.version()
        self._unsubscribe = engine.subscribe(self._hear)
        self._thread = threading.Thread(target=self._live, name="queue", daemon=True)
        self._thread.start()

    # -- looking ----------------------------------------------------------------------------------

    @property
    def state(self) -> QueueState:
        """Get what the queue does."""
        return self._state

    @property
    def reason(self) -> str:
        """Get why it is in this state, in a sentence; may be empty."""
        return self._reason

    @property
    def current(self) -> Entry | None:
        """Get the entry that runs; None between entries."""
        return self._current

    @property
    def busy(self) -> bool:
        """Get whether it uses the rig."""
        return self._current is not None or self._state in (QueueState.RUNNING, QueueState.PAUSING)

    @property
    def not_safe(self) -> bool:
        """Get whether it stopped because the rig wasn't verified safe."""
        return self._not_safe

    @property
    def operator_needed(self) -> tuple[int, ...]:
        """Get the ids of the entries that wait for somebody's hands."""
        return self._watch.needed(self._current)

    @property
    def operator_patience_s(self) -> float:
        """Get how long a question may stand before entries that need no hands are taken first."""
        return self._watch.patience_s

    @operator_patience_s.setter
    def operator_patience_s(self, patience_s: float) -> None:
        self._watch.patience_s = patience_s

    def snapshot(self) -> dict[str, Any]:
        """Give the queue as messages give it: state, reason, entries with their predicted times."""
        status = self._engine.status
        left = 1.0 - status.exposures / status.exposures_wanted if status.exposures_wanted else 1.0
        return {
            "state": str(self._state),
            "reason": self._reason,
            "entries": queue_document(self._store.entries(), self._predictor, time.time(), left),
            "operator_needed": list(self.operator_needed),
            "not_safe": self._not_safe,
        }

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it takes no more entries; returns whether that is so."""
        with self._condition:
            return self._condition.wait_for(lambda: not self.busy, timeout_s)

    # -- commands ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Take entries, one after the other; goes on after a pause.

        Raises:
            CommandRefusedError: another program runs this queue, or the engine runs something else.
            StorageError: the queue's file can't be used.
        """
        with self._condition:
            if self._closing:
                raise CommandRefusedError("can't start the queue: it is being closed")
            if self._current is None and not self._engine.status.state.over:
                raise CommandRefusedError("can't start the queue: a run of its own is under way")
            if not self._lock.take():
                raise CommandRefusedError("can't start the queue: another program is running it")
            if self._current is None and not self._notes.unsaved:
                settle_orphans(self._store)
            self._fruitless, self._not_safe = 0, False
            self._change(QueueState.RUNNING, "")
        self._on_change()

    def pause(self, reason: str = "paused by the operator") -> None:
        """Take no more entries after the present one, which goes on.

        Raises:
            CommandRefusedError: the queue isn't running.
        """
        with self._condition:
            if self._state not in (QueueState.RUNNING, QueueState.PAUSING):
                raise CommandRefusedError(f"can't pause the queue: it is {self._state}")
            self._change(QueueState.PAUSED if self._current is None else QueueState.PAUSING, reason)
        self._on_change()

    def operator_is_here(self) -> None:
        """Somebody is there again: entries that need hands are taken in their turn."""
        self._watch.operator_is_here()
        self._on_change()

    def forget_arrangement(self) -> None:
        """Sample or filter may have been moved by others: nobody knows how they stand."""
        self._watch.forget()

    def begin_close(self) -> None:
        """Take no more entries; an entry whose run is aborted from now on waits for the next start."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()

    def close(self) -> None:
        """Take no more entries, wait for the present one (abort the engine's run before). Callable twice."""
        self.begin_close()
        self._thread.join(_CLOSE_TIMEOUT_S)
        self._unsubscribe()
        self._notes.save()
        self._lock.give_back()

    # -- the thread -------------------------------------------------------------------------------

    def _live(self) -> None:
        while not self._closing:
            if self._state is QueueState.RUNNING:
                self._step()
            else:
                with self._condition:
                    self._condition.wait(_LOOK_INTERVAL_S)
            self._look()

    def _step(self) -> None:
        try:
            self._notes.require_saved()
            entry = self._next()
            self._file_can_be_used()
            if entry is not None:
                self._run(entry)
        except StorageError as error:
            self._wait_for_the_file(error)
        except RigError as error:
            self._stop(str(error))
        except Exception as error:
            log.exception("the queue failed in an unforeseen way")
            self._stop(f"unforeseen {type(error).__name__}: {error}")

    def _wait_for_the_file(self, error: StorageError) -> None:
        """A night isn't lost to a moment in which the queue's file can't be used."""
        now = time.monotonic()
        since = self._file_fails_since = self._file_fails_since or now
        if now - since > _FILE_PATIENCE_S:
            self._stop(str(error))
            return
        with self._condition:
            if self._state is QueueState.RUNNING:
                self._change(QueueState.RUNNING, f"waiting: {error}")
        self._on_change()
        with self._condition:
            self._condition.wait(_LOOK_INTERVAL_S)

    def _file_can_be_used(self) -> None:
        with self._condition:
            if self._file_fails_since is not None and self._state is QueueState.RUNNING:
                self._change(QueueState.RUNNING, "")
            self._file_fails_since = None

    def _next(self) -> Entry | None:
        """Claim the next entry; none when there is none, or it was changed in this very moment."""
        entries = self._store.entries()
        chosen = self._watch.choose([entry for entry in entries if entry.runnable])
        with self._condition:
            if self._closing or self._state is not QueueState.RUNNING:
                return None
            if chosen is None:
                held = sum(entry.held for entry in entries if entry.status is EntryStatus.WAITING)
                reason = f"nothing left to run ({held} held)" if held else "nothing left to run"
                self._change(QueueState.IDLE, reason)
            else:
                self._current = self._store.claim(chosen.id, time.time())
        self._on_change()
        if chosen is None:
            self._on_rest(str(self._state), self._reason)
        return self._current

    def _run(self, entry: Entry) -> None:
        try:
            verdict = self._measure(entry)
        finally:
            with self._condition:
                self._current = None
                self._condition.notify_all()
        self._conclude(entry, verdict)

    def _measure(self, entry: Entry) -> Verdict:
        situation = Situation(entry)
        try:
            job = self._make_job(entry)
            job.sweep.arrangement = self._watch.arrangement_for(entry, job.sweep.passes)
            self._engine.submit(job)
            self._engine.start()
        except NothingLeftError as error:
            return Verdict(EntryStatus.SKIPPED, str(error))
        except CommandRefusedError as error:
            return Verdict(EntryStatus.WAITING, str(error), stop=str(error), counts=False)
        except Exception as error:
            if not isinstance(error, RigError | CalibrationError):
                log.exception("%s can't be begun", entry)
            return judge(situation.refused(error))
        self._supervise(entry)
        outcome = self._engine.outcome
        assert outcome is not None
        self._watch.note_outcome(outcome)
        self._tidy(entry, outcome)
        exposures = self._engine.status.exposures - len(job.previous)
        return judge(situation.ended(outcome, exposures, parked=self._watch.parking, closing=self._closing))

    def _supervise(self, entry: Entry) -> None:
        """Wait for the run's end; look after questions that nobody answers."""
        while not self._engine.wait(_POLL_S):
            self._look()
            status = self._engine.status
            waiting = status.state is EngineState.WAITING_FOR_OPERATOR
            sentence = status.question.sentence if waiting and status.question else ""
            if self._watch.nobody_answers(entry, sentence, self._others(entry)):
                self._park(entry, sentence)
        self._engine.flush()

    def _others(self, entry: Entry) -> Callable[[], list[Entry]]:
        return lambda: [other for other in self._store.entries() if other.runnable and other.id != entry.id]

    def _park(self, entry: Entry, sentence: str) -> None:
        log.warning("%s waits for the operator (%s); others go on", entry, sentence)
        try:
            self._engine.abort("put back: nobody answered, entries that need no hands go on")
        except CommandRefusedError as error:
            log.info("not put back: %s", error)
            self._watch.parking = False

    def _tidy(self, entry: Entry, outcome: RunOutcome) -> None:
        """What is done after each run, none of which may harm the queue."""
        try:
            self._recorder.save()
            self._predictor.forget()
        except RigError as error:
            log.warning("the durations weren't kept: %s", error)
        if self._after_run is None or outcome.folder is None:
            return
        try:
            self._after_run(entry, outcome)
        except Exception:
            log.exception("what is done after each run failed")

    def _conclude(self, entry: Entry, verdict: Verdict) -> None:
        if verdict.parked:
            self._watch.park(entry)
        ended = {"ended_s": time.time()} if verdict.status.ended else {}
        attempts = {} if verdict.counts else {"attempts": entry.attempts - 1}
        self._notes.note(entry.id, status=verdict.status, message=verdict.message, **ended, **attempts)
        self._fruitless = self._fruitless + 1 if verdict.fruitless else 0
        if verdict.not_safe:
            self._not_safe = True
        if verdict.stop:
            self._stop(verdict.stop)
        elif self._fruitless >= MOST_FRUITLESS_ENTRIES:
            self._stop(f"{self._fruitless} times in a row nothing could be measured: {verdict.message}")
        else:
            with self._condition:
                if self._state is QueueState.PAUSING:
                    self._change(QueueState.PAUSED, self._reason)
        self._on_change()

    def _stop(self, reason: str) -> None:
        log.warning("the queue stops: %s", reason)
        self._change(QueueState.PAUSED, reason)
        self._on_change()
        self._on_rest(str(self._state), reason)

    def _change(self, state: QueueState, reason: str) -> None:
        """Change state. Who is told of it may need locks of his own: that comes after this one is free."""
        with self._condition:
            self._state, self._reason = state, reason
            self._condition.notify_all()

    def _look(self) -> None:
        """Tell what other processes changed."""
        self._notes.save()
        try:
            version = self._store.version()
        except RigError as error:
            log.warning("%s", error)
            return
        if version != self._seen:
            self._seen = version
            self._on_change()

    def _hear(self, event: Event) -> None:
        self._watch.hear(event, self._current)
        if self._current is None:
            return
        self._recorder.hear(event)
        if isinstance(event, RunOpened):
            self._notes.note(self._current.id, folder=event.folder)
            self._on_change()
