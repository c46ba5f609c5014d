"""The engine: commands in, typed events out; every face does what it does through this."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from calibration.roles import Role
from plqy_rig.engine.core import OPERATOR, Core
from plqy_rig.engine.events import Notice, Subscriber
from plqy_rig.engine.guardian_link import Guardian, NoGuardian, start_guardian
from plqy_rig.engine.interlocks import Hold, InterlockBoard, standard_interlocks
from plqy_rig.engine.job import Job, RunOutcome
from plqy_rig.engine.readings import Reading
from plqy_rig.engine.run_life import RunLife
from plqy_rig.engine.states import CommandRefusedError, EngineState, Safety, Transition
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict
from procedures import OperatorAnswer, OperatorRequest

log = logging.getLogger(__name__)

_CLOSE_PATIENCE_S = 90.0
_ABORTABLE = frozenset(
    {
        EngineState.PREPARING,
        EngineState.RUNNING,
        EngineState.WAITING_FOR_OPERATOR,
        EngineState.PAUSING,
        EngineState.PAUSED,
    }
)


@dataclass(frozen=True)
class EngineStatus:
    """One look at the engine.

    Attributes:
        state: what it does.
        safety: what is known about the safe state.
        verdict: the last verified one; None before the first and while the rig is in use.
        holds: what holds the run.
        question: what the operator is asked; None if nothing.
        folder: the run folder; None before there is one.
        exposures: how many exposures are there.
        exposures_wanted: how many there will be.
        unsaved: how many documents couldn't be saved yet and are kept in memory.
        guardian_watching: whether the guardian watches.
        warnings: of the present run.
    """

    state: EngineState
    safety: Safety
    verdict: SafeVerdict | None
    holds: tuple[Hold, ...]
    question: OperatorRequest | None
    folder: Path | None
    exposures: int
    exposures_wanted: int
    unsaved: int
    guardian_watching: bool
    warnings: tuple[str, ...]


class Engine:
    """Runs one job at a time on a connected rig. Commands may come from any thread and return at once.

    A queue, a server, a window stand on top: they give commands and hear the stream.
    """

    def __init__(self, rig: Rig, *, guarded: bool = True) -> None:
        """Take a connected rig, which stays the caller's to close, after the engine.

        Args:
            rig: with all its instruments.
            guarded: whether a guardian process watches; only tests do without.

        Raises:
            ConfigurationError: the rig file changes an interlock that doesn't exist.
        """
        interlocks = standard_interlocks(rig.rig_file.configuration)
        self._core = Core(rig, InterlockBoard(interlocks, rig.clock.monotonic))
        self._core.guardian = self._start_guardian(rig) if guarded else NoGuardian()
        self._job: Job | None = None
        self._life: RunLife | None = None
        self._thread: threading.Thread | None = None
        self._outcome: RunOutcome | None = None
        self._closed = False

    def _start_guardian(self, rig: Rig) -> Guardian:
        patience_s = rig.rig_file.configuration.safety.guardian_patience_s
        return start_guardian(rig.rig_file.path, patience_s, self._core.notice)

    # -- looking ----------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` every event from now on, in order, in a thread of the stream's own.

        Returns:
            What ends that.
        """
        return self._core.events.subscribe(subscriber)

    def flush(self) -> None:
        """Wait until every subscriber has heard of everything told so far (a few seconds at most)."""
        self._core.events.flush()

    @property
    def status(self) -> EngineStatus:
        """Get how things stand now."""
        core, life = self._core, self._life
        store = life.store if life is not None else None
        return EngineStatus(
            state=core.states.state,
            safety=core.safety,
            verdict=core.verdict,
            holds=core.holds,
            question=life.desk.question if life is not None else None,
            folder=store.folder if store is not None else None,
            exposures=store.exposures if store is not None else 0,
            exposures_wanted=self._job.exposures_wanted if self._job is not None else 0,
            unsaved=store.unsaved if store is not None else 0,
            guardian_watching=core.guardian.watching,
            warnings=core.warnings,
        )

    @property
    def history(self) -> tuple[Transition, ...]:
        """Get every change of state so far, with its reason."""
        return self._core.states.history

    @property
    def guardian(self) -> Guardian:
        """Get the guardian, for what else makes light on this rig (calibrations)."""
        return self._core.guardian

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Get what was read last while the run looked anyway, by name; asks no instrument."""
        return self._core.readings.latest()

    @property
    def passes(self) -> tuple[Role, ...]:
        """Get the passes of the job submitted last; empty before the first."""
        return () if self._job is None else self._job.sweep.passes

    @property
    def purge_confirmed(self) -> bool:
        """Get whether somebody said that the sphere is purged."""
        return self._core.requests.purge_confirmed

    @property
    def outcome(self) -> RunOutcome | None:
        """Get how the last run ended; None before that."""
        return self._outcome

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until no run is under way; returns whether that is so."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            return not thread.is_alive()
        return True

    # -- commands ---------------------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Take the job that `start` will run.

        Raises:
            CommandRefusedError: a run is under way.
            RigError: the job can't be run: its recipe asks for what the rig doesn't allow.
        """
        job.sweep.settings()
        with self._core.states.lock:
            self._refuse_while_running("take another job")
            self._job = job

    def start(self) -> None:
        """Run the job that was submitted.

        Raises:
            CommandRefusedError: there is none, or a run is under way.
        """
        with self._core.states.lock:
            self._refuse_while_running("start")
            if self._job is None:
                raise CommandRefusedError("can't start: no job was submitted")
            self._core.begin_run()
            self._outcome = None
            life = self._life = RunLife(self._core, self._job)
            self._core.states.change(EngineState.PREPARING, f"run of {self._job.sweep.sample}")
            self._thread = threading.Thread(target=self._run, args=(life,), name="engine run", daemon=True)
            self._thread.start()

    def _run(self, life: RunLife) -> None:
        self._outcome = life.run()

    def pause(self, reason: str = "") -> None:
        """Pause after the step under way: shutter closed, the laser by its policy.

        Raises:
            CommandRefusedError: no run is under way.
        """
        with self._core.states.lock:
            self._require(_ABORTABLE, "pause")
            self._core.hold(OPERATOR, f"Paused by the operator{f' ({reason})' if reason else ''}.")

    def resume(self) -> None:
        """Take a pause of the operator back; what else holds the run goes on holding it.

        Raises:
            CommandRefusedError: the operator didn't pause it.
        """
        with self._core.states.lock:
            self._require(_ABORTABLE, "resume")
            if not self._core.is_held_by(OPERATOR):
                held = "; ".join(hold.sentence for hold in self._core.holds)
                raise CommandRefusedError(f"can't resume: {held or 'nothing is paused'}")
            self._core.release(OPERATOR)

    def abort(self, reason: str = "aborted by the operator") -> None:
        """End the run: light off at once, what is saved stays saved. Again is harmless.

        Raises:
            CommandRefusedError: no run is under way, or its end has begun.
        """
        core = self._core
        with core.states.lock:
            if core.states.state is EngineState.ABORTING:
                return
            self._require(_ABORTABLE, "abort")
            core.requests.abort = reason
            core.states.change(EngineState.ABORTING, reason)
            core.requests.wake.set()

    def emergency_off(self, reason: str = "emergency off") -> Future[SafeVerdict]:
        """Take the light off now, in any state; a run under way ends without waiting for its sweep.

        Returns:
            The verdict, when there is one; whoever needn't know doesn't wait for it.
        """
        core = self._core
        with core.states.lock:
            core.requests.emergency = True
            if core.states.state in _ABORTABLE:
                self.abort(reason)
        # Beside whatever the run does: its own try may hang at one instrument.
        verdict: Future[SafeVerdict] = Future()
        threading.Thread(
            target=lambda: verdict.set_result(core.make_safe()), name="emergency off", daemon=True
        ).start()
        return verdict

    def answer_operator(self, answer: OperatorAnswer) -> None:
        """Answer the question that stands.

        Raises:
            CommandRefusedError: none does.
        """
        if self._life is None:
            raise CommandRefusedError("nobody asked: there is no question to answer")
        self._life.desk.answer(answer)

    def confirm_purge(self) -> None:
        """Say that the sphere is purged; counts until the engine is closed."""
        self._core.requests.purge_confirmed = True
        self._core.update_holds()

    # -- by hand ----------------------------------------------------------------------------------

    def make_safe(self) -> SafeVerdict:
        """Bring the rig into the safe state while no run is under way, verify, tell.

        Raises:
            CommandRefusedError: a run is under way; `abort` ends it in the safe state.
        """
        with self._core.states.lock:
            self._refuse_while_running("make safe by hand")
        return self._core.make_safe()

    def make_dark(self) -> SafeVerdict:
        """Verify the shutter closed while no run is under way, tell; raises `CommandRefusedError`."""
        with self._core.states.lock:
            self._refuse_while_running("verify the shutter by hand")
        return self._core.make_dark()

    def note_in_use(self) -> None:
        """Say that somebody uses the rig by hand: what was verified about the safe state counts no more."""
        with self._core.states.lock:
            self._refuse_while_running("use the rig by hand")
            self._core.set_safety(Safety.IN_USE)

    def require_guardian(self) -> None:
        """Refuse light that nobody watches; raises `CommandRefusedError`."""
        if not self._core.guardian.wait_until_watching():
            raise CommandRefusedError("no light: the guardian isn't watching; it is being started again")

    def notice(self, sentence: str) -> None:
        """Tell people something that is no part of a run."""
        self._core.events.publish(Notice(sentence, warning=False))

    def _require(self, states: frozenset[EngineState], verb: str) -> None:
        if self._core.states.state not in states:
            raise CommandRefusedError(f"can't {verb}: the engine is {self._core.states.state}")

    def _refuse_while_running(self, verb: str) -> None:
        alive = self._thread is not None and self._thread.is_alive()
        if alive or not self._core.states.state.over:
            raise CommandRefusedError(f"can't {verb}: a run is {self._core.states.state}")

    # -- end --------------------------------------------------------------------------------------

    def close(self) -> None:
        """End what runs, verify the safe state if a run was made, send the guardian home. Callable twice."""
        if self._closed:
            return
        self._closed = True
        with self._core.states.lock:
            if self._core.states.state in _ABORTABLE:
                self.abort("the program ends")
        ended = self.wait(_CLOSE_PATIENCE_S)
        well = ended and self._core.safety in (Safety.UNKNOWN, Safety.SAFE)
        self._core.guardian.close(all_well=well)
        self._core.events.flush()
        self._core.events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
