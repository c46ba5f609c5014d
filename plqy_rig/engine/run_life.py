"""The life of one run: from the safe state, through attempts and pauses, to the safe state and one stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import InstrumentError, MeasurementError, RigError, RunAbortedError, SafetyError
from plqy_rig.data import ExitStatus, StorageError
from plqy_rig.engine.attempt import Attempt
from plqy_rig.engine.core import DARKNESS, INSTRUMENT, OPERATOR, Core
from plqy_rig.engine.events import RunOpened
from plqy_rig.engine.job import (
    Job,
    RunOutcome,
    missing_steps,
    power_calibration,
    program_versions,
    require_own_records,
    run_metadata,
)
from plqy_rig.engine.observed_sweep import ObservedSweep
from plqy_rig.engine.operator_desk import OperatorDesk, QuestionWithdrawnError
from plqy_rig.engine.pause import Pause
from plqy_rig.engine.states import EngineState
from plqy_rig.engine.store import RunStore, default_fallback, require_room
from procedures.exposure import NotDarkError, StopRequestedError

log = logging.getLogger(__name__)

_TICK_S = 0.05
_LOOK_INTERVAL_S = 5.0
"""Real seconds between looks at laser and disk while a run goes on."""
_ABORT_PATIENCE_S = 60.0
_EMERGENCY_PATIENCE_S = 2.0
_OVERDUE_PATIENCE_S = 20.0
_MOST_FRUITLESS_ATTEMPTS = 3
"""So often an instrument may fail, or a dark be none, without an exposure saved in between."""

_COUNTED_HOLDS = frozenset({INSTRUMENT, DARKNESS, OPERATOR})
"""They say nothing of whether trying again may help."""

_STOPPED = (QuestionWithdrawnError, StopRequestedError)
_STOPPABLE = frozenset({EngineState.PREPARING, EngineState.RUNNING, EngineState.WAITING_FOR_OPERATOR})


@dataclass(frozen=True)
class Ending:
    """Why and how a run ends."""

    status: ExitStatus
    reason: str
    error: RigError | None


_COMPLETE = Ending(ExitStatus.SUCCESS, "every step is measured", None)


class RunLife:
    """One run. `run` is called in a thread of its own and always returns an outcome."""

    def __init__(self, core: Core, job: Job, look: Callable[[], float] = time.monotonic) -> None:
        """Prepare it; nothing happens yet.

        Args:
            core: the engine's.
            job: what is to be run.
            look: real seconds, for the looks between.
        """
        self._core = core
        self._job = job
        self._now = look
        self.desk = OperatorDesk(core, job.operator)
        self.store: RunStore | None = None
        self._sweep = job.sweep
        self._sweep_warnings: list[str] = []
        self._fruitless = 0
        self._exposures_before = 0
        self._next_look = 0.0
        self._laser_is_warm = False

    def run(self) -> RunOutcome:
        """Run to the end, whatever it is."""
        try:
            self._open()
        except RigError as error:
            return self._refused(error)
        except Exception as error:
            log.exception("the run could not begin")
            return self._refused(_as_rig_error(error))
        ending: Ending | None = None
        try:
            while ending is None:
                ending = self._attempt()
        except Exception as error:
            log.exception("the engine failed in an unforeseen way")
            rig_error = _as_rig_error(error)
            ending = Ending(ExitStatus.FAIL, str(rig_error), rig_error)
        return self._conclude(ending)

    # -- beginning --------------------------------------------------------------------------------

    def _open(self) -> None:
        core, job = self._core, self._job
        verdict = core.make_safe()
        if not verdict.safe:
            raise SafetyError(f"{verdict}. Check the instruments named before anything else is done.")
        for sentence in require_own_records(job, core.rig.identities()):
            core.notice(sentence)
        require_room(job.resume_folder or job.out, core.rig.rig_file.configuration.safety.least_free_disk_mb)
        fallback = core.rig.rig_file.fallback_folder or default_fallback()
        listener = core.saved
        if job.resume_folder is None:
            metadata = run_metadata(job, core.rig)
            self.store = RunStore.create(
                job.out, metadata, fallback=fallback, listener=listener, tell=core.notice
            )
        else:
            self.store = RunStore.resume(
                job.resume_folder,
                fallback=fallback,
                listener=listener,
                tell=core.notice,
                versions=program_versions(),
                operator=job.sweep.operator_name,
                instruments=core.rig.identities(),
            )
        self.store.previous.extend(job.previous)
        self._tell_folder()

    def _tell_folder(self) -> None:
        assert self.store is not None
        self._core.guardian.tell_folder(self.store.folder)
        self._core.events.publish(RunOpened(str(self.store.folder), self.store.exposures))

    def _refused(self, error: RigError) -> RunOutcome:
        """Nothing was recorded: the rig wasn't safe, or no folder could be made."""
        core = self._core
        core.states.change(EngineState.ABORTING, str(error))
        verdict = core.verdict or core.make_safe()
        core.states.change(EngineState.FAILED, str(error))
        return RunOutcome(None, ExitStatus.FAIL, error, verdict, core.warnings)

    # -- attempts ---------------------------------------------------------------------------------

    def _attempt(self) -> Ending | None:
        """One attempt and the pause after it; None when the run goes on."""
        assert self.store is not None
        if not missing_steps(self._job.sweep, self.store.previous):
            return _COMPLETE
        self._exposures_before = self.store.exposures
        attempt = Attempt(self._core, self._fresh_sweep(), self.store, self.desk)
        attempt.start()
        hangs = self._watch(attempt)
        self._sweep = attempt.sweep
        self._sweep_warnings.extend(attempt.sweep.warnings)
        if self._core.aborting():
            return self._aborted()
        if hangs:
            error = RigError(f"{hangs} did not end in time and hangs")
            return Ending(ExitStatus.FAIL, str(error), error)
        if attempt.error is None and attempt.sweep.finished:
            return _COMPLETE
        return self._pause_after(attempt.error)

    def _aborted(self) -> Ending:
        reason = self._core.requests.abort or "aborted"
        return Ending(ExitStatus.ABORT, reason, RunAbortedError(f"the run was {reason}"))

    def _fresh_sweep(self) -> ObservedSweep:
        # A laser that stayed on behind the closed shutter is warm.
        sweep = self._job.sweep.again(**({"laser_warm_up_s": 0.0} if self._laser_is_warm else {}))
        sweep.beam = power_calibration(self._job.records)
        sweep.arrangement = self._sweep.arrangement
        return sweep

    def _watch(self, attempt: Attempt) -> str:
        """Wait for its end; returns what hangs, empty when it has ended."""
        while not attempt.done.wait(_TICK_S):
            if self._core.aborting():
                self._core.make_safe()
                patience_s = _EMERGENCY_PATIENCE_S if self._core.requests.emergency else _ABORT_PATIENCE_S
                return self._patiently(attempt, patience_s)
            overdue = attempt.deadline.passed
            if overdue:
                attempt.spoiled = True
                self._core.notice(f"{overdue} takes longer than it should: the light was taken off.")
                self._core.states.change_from(_STOPPABLE, EngineState.PAUSING, f"{overdue} hangs")
                self._core.make_safe()
                return self._patiently(attempt, _OVERDUE_PATIENCE_S) and overdue
            self._look_around()
        return ""

    def _patiently(self, attempt: Attempt, patience_s: float) -> str:
        deadline = self._now() + patience_s
        while not attempt.done.wait(_TICK_S):
            if self._core.requests.emergency:
                deadline = min(deadline, self._now() + _EMERGENCY_PATIENCE_S)
            if self._now() > deadline:
                return "the sweep"
        return ""

    def _look_around(self) -> None:
        """Now and then, while a sweep goes on: laser, disk, holds."""
        if self._now() < self._next_look:
            return
        self._next_look = self._now() + _LOOK_INTERVAL_S
        assert self.store is not None
        self._core.readings.note_disk(self.store.folder)
        match self._core.states.state:
            case EngineState.RUNNING:
                self._core.readings.ask_laser(self._core.rig)
            case EngineState.WAITING_FOR_OPERATOR:
                # Somebody has his hands in the sphere.
                self._core.require_dark()
            case _:
                pass
        self._core.update_holds()

    # -- pauses -----------------------------------------------------------------------------------

    def _pause_after(self, error: RigError | None) -> Ending | None:
        """Pause, as far as the run can go on at all; None when it goes on."""
        assert self.store is not None
        harmless = error is None or isinstance(error, _STOPPED)
        if error is not None and not harmless and not _may_go_on(error):
            status = ExitStatus.ABORT if isinstance(error, RunAbortedError) else ExitStatus.FAIL
            return Ending(status, str(error), error)
        pause = Pause(self._core, self.store)
        pause.enter(None if harmless else error)
        if error is not None and not harmless and self._is_hopeless(error):
            return Ending(ExitStatus.FAIL, str(error), error)
        folder = self.store.folder
        problem = pause.wait_until_free()
        if self.store.folder != folder:
            self._tell_folder()
        if self._core.aborting():
            return self._aborted()
        if problem is not None:
            return Ending(ExitStatus.FAIL, str(problem), problem)
        self._laser_is_warm = pause.laser_stayed_on
        with self._core.states.lock:
            if self._core.aborting():
                return self._aborted()
            self._core.states.change(EngineState.PREPARING, "goes on")
        return None

    def _is_hopeless(self, error: RigError) -> bool:
        """Whether the same error came again and again without anything saved in between."""
        assert self.store is not None
        if self.store.exposures > self._exposures_before:
            self._fruitless = 0
        tripped = [hold for hold in self._core.update_holds() if hold.name not in _COUNTED_HOLDS]
        if isinstance(error, StorageError) or tripped:
            return False
        if isinstance(error, MeasurementError) and not isinstance(error, NotDarkError):
            return True
        self._fruitless += 1
        return self._fruitless >= _MOST_FRUITLESS_ATTEMPTS

    # -- end --------------------------------------------------------------------------------------

    def _conclude(self, ending: Ending) -> RunOutcome:
        core = self._core
        with core.states.lock:
            if core.aborting() and ending.status is ExitStatus.SUCCESS:
                ending = self._aborted()
            well = ending.status is ExitStatus.SUCCESS
            if core.states.state is not EngineState.ABORTING:
                state = EngineState.FINISHING if well else EngineState.ABORTING
                core.states.change(state, ending.reason)
        verdict = core.make_safe()
        error = ending.error
        if not verdict.safe and error is None:
            error = SafetyError(str(verdict))
        last, saved = self._finish(ending, verdict.to_document() | {"warnings": list(self._warnings())})
        told = ending.reason if verdict.safe else f"{ending.reason}; {verdict}"
        core.states.change(last, told if saved is None else str(saved))
        assert self.store is not None
        status = ending.status if saved is None else ExitStatus.INTERRUPTED
        return RunOutcome(self.store.folder, status, error or saved, verdict, self._warnings())

    def _warnings(self) -> tuple[str, ...]:
        return (*self._sweep_warnings, *self._core.warnings)

    def _finish(
        self, ending: Ending, safe_state: dict[str, object]
    ) -> tuple[EngineState, StorageError | None]:
        """Write the stop document; which state the run ends in, and why it couldn't be written."""
        assert self.store is not None
        last = {
            ExitStatus.SUCCESS: EngineState.FINISHED,
            ExitStatus.ABORT: EngineState.ABORTED,
        }.get(ending.status, EngineState.FAILED)
        before = self.store.folder
        try:
            self.store.finish(ending.status, "" if ending is _COMPLETE else ending.reason, safe_state)
        except StorageError as error:
            unsaved = f", and {self.store.unsaved} documents are lost" if self.store.unsaved else ""
            self._core.notice(f"The run has no stop document{unsaved}: {error}")
            return EngineState.INTERRUPTED, error
        finally:
            self.store.close()
            if self.store.folder != before:
                self._tell_folder()
        return last, None


def _may_go_on(error: RigError) -> bool:
    """Whether waiting or trying again may help; after a measurement's error only if an interlock tripped."""
    return isinstance(error, InstrumentError | MeasurementError | StorageError)


def _as_rig_error(error: Exception) -> RigError:
    if isinstance(error, RigError):
        return error
    return RigError(f"unforeseen {type(error).__name__}: {error}")
