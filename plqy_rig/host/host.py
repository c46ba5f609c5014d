"""The host: the one owner of a rig, with everything a face may ask for."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.roles import Role
from drivers.errors import ConfigurationError, RigError
from plqy_rig.engine import CommandRefusedError, Engine, Safety
from plqy_rig.host.calibration_desk import CalibrationDesk
from plqy_rig.host.instrument_watch import InstrumentWatch
from plqy_rig.host.live_evaluation import LiveEvaluation
from plqy_rig.host.manual import ManualControl
from plqy_rig.host.news import NewsDesk, Subscriber
from plqy_rig.host.occupation import Occupation, Use
from plqy_rig.host.parts import engine_part, rig_part
from plqy_rig.host.picture import empty_picture
from plqy_rig.host.progress import forecast_of_steps
from plqy_rig.host.queue_desk import QueueDesk
from plqy_rig.host.recipe_check import RigState, check_recipe
from plqy_rig.host.rig_commands import RigCommands
from plqy_rig.host.run_commands import RunCommands
from plqy_rig.host.run_watch import RunWatch
from plqy_rig.host.table import Commands, carry_out
from plqy_rig.notifications import NewsKind, Notifier
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict
from procedures import ConsoleHands, Operator, OperatorAnswer

log = logging.getLogger(__name__)

_TICK_S = 1.0
_END_PATIENCE_S = 90.0


class RigHost:
    """Owns rig, engine and everything around them; commands in, events out, from any thread.

    Attributes:
        rig: the connected rig; instruments may be missing.
        engine: runs sweeps on it.
        out: where run folders are made unless a command says otherwise.
        desk: the picture and its events.
        occupation: what uses the rig.
        watch: the run that is under way, or was last.
        simulated_hands: whether a bench's hands answer the questions of the run under way.
        end_asked: set when a face asked for the end; whoever made the host closes it then.
        end_reason: why.
        ended_a_run: whether a run was under way when the host ended.
    """

    def __init__(self, rig: Rig, out: Path, *, guarded: bool = True) -> None:
        """Take a connected rig, which stays the caller's to close, after the host. `start` goes on.

        Args:
            rig: with the instruments that answered.
            out: default folder of runs, absolute.
            guarded: whether a guardian process watches; only tests do without.

        Raises:
            ConfigurationError: the rig file changes an interlock that doesn't exist.
        """
        self.rig = rig
        self.out = out
        self.simulated_hands = False
        self.end_asked = threading.Event()
        self.end_reason = ""
        self.ended_a_run = False
        self.engine = Engine(rig, guarded=guarded)
        part = rig_part(rig.rig_file, out, purge_confirmed=False)
        self._notifier = Notifier.of(rig.rig_file, tell=self.engine.notice)
        self.desk = NewsDesk(empty_picture(part, engine_part(self.engine, simulated_hands=False)))
        self.occupation = Occupation(self._used)
        self._live = LiveEvaluation(
            self._tell_result,
            lambda sentence: self.desk.tell("notice", sentence=sentence, warning=True),
        )
        self.watch = RunWatch(self.engine, self.desk, self._live, self._forecast, self.refresh_engine)
        self.instruments = InstrumentWatch(
            rig, self.engine, self.occupation, self.watch, self.desk, self._instrument_is_back
        )
        self.manual = ManualControl(self)
        self.calibrations = CalibrationDesk(self)
        try:
            self.queue = QueueDesk(self)
        except BaseException:
            self.engine.close()
            raise
        self._commands = self._table()
        self._closing = threading.Event()
        self._refreshing = threading.RLock()
        self._emergency: Future[SafeVerdict] | None = None
        self._verdict: SafeVerdict | None = None
        self._end_lock = threading.Lock()
        # A face may join before `start` has made the rig safe: it shall not find it idle, and begin a run.
        self.occupation.take(Use.MANUAL, verb="begin")

    def _used(self, use: Use) -> None:
        self.desk.tell("occupation", occupation=str(use))
        if use is Use.IDLE:
            self.instruments.look_now()

    def _tell_result(self, result: dict[str, Any]) -> None:
        # An evaluation that took its time may be of the run before.
        if result["uid"] == self.watch.uid:
            self.desk.tell("result", result=result)

    def _table(self) -> Commands:
        parts = (RunCommands(self), RigCommands(self), self.manual, self.queue, self.calibrations)
        return {name: command for part in parts for name, command in part.table().items()}

    # -- beginning and end ------------------------------------------------------------------------

    def start(self) -> SafeVerdict:
        """Make the rig safe and begin to look after it.

        Returns:
            The verdict: not safe where an instrument is missing, too.
        """
        self.engine.subscribe(self.watch.hear)
        if self._notifier is not None:
            self.engine.subscribe(self._notifier.hear)
        threading.Thread(target=self._tick, name="host", daemon=True).start()
        verdict = self.make_safe()
        self.instruments.start()
        self.queue.begin()
        return verdict

    def _tick(self) -> None:
        """What changes without an event: the guardian, the time a run still takes."""
        while not self._closing.wait(_TICK_S):
            try:
                self.refresh_engine()
                self.manual.tick()
                if self.occupation.use in (Use.RUN, Use.QUEUE):
                    self.watch.tell_progress()
                    self.instruments.tell_from_run()
            except Exception:
                log.exception("the host's tick failed")

    def ask_to_end(self, reason: str) -> None:
        """Ask whoever made this host to close it."""
        self.end_reason = reason
        self.end_asked.set()

    def close(self, reason: str = "") -> SafeVerdict:
        """End what runs, make the rig safe, verify. Callable twice: the verdict stays.

        Args:
            reason: told to the faces.
        """
        with self._end_lock:
            if self._verdict is None:
                self._verdict = self._end(reason or self.end_reason or "the host ends")
            return self._verdict

    def _end(self, reason: str) -> SafeVerdict:
        self._closing.set()
        self.desk.tell("closing", reason=reason)
        self.queue.begin_close()
        # Refused where no run is under way, or its end has begun.
        with contextlib.suppress(CommandRefusedError):
            self.engine.abort(reason)
            self.ended_a_run = True
        ended = self.engine.wait(_END_PATIENCE_S)
        self.queue.close()
        self.calibrations.close(reason)
        self.manual.close()
        # Always anew: an earlier verdict says nothing of what happened to the rig since.
        verdict = self.engine.make_safe() if ended else self.rig.make_safe()
        self.instruments.close()
        self.engine.flush()
        self._live.close()
        self.engine.close()
        if self._notifier is not None:
            self._notifier.close()
        return verdict

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- what faces do ----------------------------------------------------------------------------

    @property
    def commands(self) -> Commands:
        """Get the command table."""
        return self._commands

    def command(self, name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Do a command; blocks until it is done.

        Raises:
            RigError: it was refused, or failed; the message says why.
        """
        if self._closing.is_set() and name != "emergency_off":
            raise CommandRefusedError(f"can't {name}: the host is ending")
        return carry_out(self._commands, name, arguments)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` a snapshot and every event after it; it must be quick. Returns what ends that."""
        return self.desk.subscribe(subscriber)

    @property
    def snapshot(self) -> dict[str, Any]:
        """Get how everything stands."""
        return self.desk.picture

    # -- what the commands share ------------------------------------------------------------------

    def refresh_engine(self) -> None:
        """Tell the part "engine" if it has changed."""
        # One thread at a time: what one has read must not be told after what another has read since.
        with self._refreshing:
            part = engine_part(self.engine, simulated_hands=self.simulated_hands)
            part["question"] = part["question"] or self.calibrations.question
            # Before the part that says safe: nobody shall see a safe rig with an open shutter.
            if (verdict := self.engine.status.verdict) is not None:
                self.instruments.verified(verdict)
            self.desk.tell_part("engine", part)

    def tell_rig(self) -> None:
        """Tell the part "rig" if it has changed."""
        part = rig_part(self.rig.rig_file, self.out, purge_confirmed=self.engine.purge_confirmed)
        self.desk.tell_part("rig", part)

    def make_safe(self) -> SafeVerdict:
        """Make the rig safe; what was done by hand is over. Nothing else begins meanwhile.

        Raises:
            CommandRefusedError: something else uses the rig.
        """
        self.occupation.take(Use.MANUAL, verb="make safe by hand", also_from=(Use.MANUAL,))
        self.manual.stop()
        try:
            verdict = self.engine.make_safe()
        finally:
            self.manual.ended()
        self.engine.notice(str(verdict))
        return verdict

    def emergency_off(self, reason: str) -> Future[SafeVerdict]:
        """Take the light off now, whatever uses the rig."""
        self.manual.stop()
        self.calibrations.emergency_off(reason)
        verdict = self._emergency = self.engine.emergency_off(reason)
        verdict.add_done_callback(lambda done: self._told_after_emergency(done.result()))
        return verdict

    def _told_after_emergency(self, verdict: SafeVerdict) -> None:
        if verdict.safe:
            self.manual.ended()
        self.engine.notice(f"Emergency off: {verdict}")

    def require_no_emergency(self) -> None:
        """Refuse to begin while an emergency off is still going on; raises `CommandRefusedError`."""
        if self._emergency is not None and not self._emergency.done():
            raise CommandRefusedError("can't begin: the emergency off isn't done yet")

    def tell_queue_ended(self, state: str, reason: str) -> None:
        """Tell people outside that the queue takes no more entries."""
        if self._notifier is not None:
            self._notifier.publish(NewsKind.QUEUE_ENDED, f"queue {state}", reason)

    def answer_operator(self, answer: OperatorAnswer) -> None:
        """Answer the question that stands; raises `CommandRefusedError` where none does."""
        if self.occupation.use is Use.CALIBRATION:
            self.calibrations.answer(answer)
            return
        self.engine.answer_operator(answer)
        self.queue.operator_is_here()

    def abort(self, reason: str) -> None:
        """End the run or the calibration that is under way; raises `CommandRefusedError` where none is."""
        if self.occupation.use is Use.CALIBRATION:
            self.calibrations.abort(reason)
        else:
            self.engine.abort(reason)

    def reconnect(self, name: str) -> None:
        """Connect an instrument anew; raises `RigError` when it still isn't there."""
        self.occupation.require(Use.IDLE, verb=f"connect the {name} anew")
        with self.occupation.looking() as allowed:
            if not allowed:
                self.occupation.require(Use.IDLE, verb=f"connect the {name} anew")
            self.instruments.connect(name)

    def _instrument_is_back(self, name: str) -> None:
        """It was lost while nothing used the rig, and is connected again."""
        self.engine.notice(f"The {name} is connected again.")
        lost_with_it = self.engine.status.safety is Safety.NOT_SAFE and not self.rig.failures
        # Refused where somebody begins something at this very moment: that makes it safe itself.
        with contextlib.suppress(CommandRefusedError):
            if lost_with_it:
                self.make_safe()

    def arrangement_unknown(self) -> None:
        """Sample or filter may have been moved outside the queue."""
        self.queue.forget_arrangement()

    def hands(self, *, wanted: bool) -> Operator | None:
        """Simulated hands where they are wanted; raises `ConfigurationError` at a real rig."""
        if not wanted:
            return None
        bench = self.rig.rig_file.configuration.bench
        if bench is None:
            raise ConfigurationError("simulated_hands: only a simulated bench has them; this is a real rig")
        return ConsoleHands(bench.console)

    def check_recipe(self, recipe: Mapping[str, Any], out: Path) -> dict[str, Any]:
        """Dry-run a recipe against the rig file, the records and what is known of the instruments."""
        return check_recipe(self.rig.rig_file, self._rig_state(), recipe, out)

    def _rig_state(self) -> RigState:
        missing = tuple(f"{name} is missing: {error}" for name, error in self.rig.failures.items())
        spectrometer = self.rig.spectrometer
        if spectrometer is None:
            return RigState(warnings=missing)
        wavelengths = spectrometer.wavelengths_nm
        return RigState(
            wavelength_range_nm=(float(wavelengths[0]), float(wavelengths[-1])),
            integration_time_range_s=spectrometer.integration_time_range_s,
            full_scale_counts=spectrometer.full_scale_counts,
            warnings=missing,
        )

    def _forecast(self, recipe: Mapping[str, Any]) -> Callable[[Role], float]:
        try:
            summary = self.check_recipe(recipe, self.out)["summary"]
        except (RigError, OSError) as error:
            log.warning("no forecast of this recipe: %s", error)
            summary = None
        return forecast_of_steps(summary, self.rig.clock.speed)
