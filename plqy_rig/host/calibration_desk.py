"""Calibrations in the host: a session in a thread of its own, asked and shown through the picture."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from calibration import CalibrationError
from drivers.errors import ConfigurationError, RigError
from plqy_rig.calibration_session import (
    BeamInput,
    CalibrationSession,
    Kept,
    LampInput,
    SessionRequest,
    completed_request,
    result_document,
)
from plqy_rig.engine import CommandRefusedError
from plqy_rig.host.calibration_arguments import Beam, Calibrate, Decide, Lamp
from plqy_rig.host.occupation import Use
from plqy_rig.host.run_commands import Why
from plqy_rig.host.table import Command, Commands
from procedures import OperatorAnswer
from procedures.calibrations import CalibrationHands, CalibrationRequest, CalibrationResult, Plot

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost

log = logging.getLogger(__name__)

_ANSWERS = (OperatorAnswer.DONE, OperatorAnswer.ABORT)
_END_PATIENCE_S = 90.0
Answer = TypeVar("Answer")


class _Ticket(Generic[Answer]):
    """One thing somebody waits for; who left it behind hears of no other."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._answers: list[Answer] = []

    @property
    def answered(self) -> bool:
        """Get whether somebody answered."""
        return self._given.is_set()

    def give(self, answer: Answer) -> None:
        """Answer; the first answer counts."""
        self._answers.append(answer)
        self._given.set()

    def wait(self) -> Answer:
        """Wait for the answer."""
        self._given.wait()
        return self._answers[0]


class CalibrationDesk:
    """The face (protocol `Face`) of one calibration session after the other."""

    def __init__(self, host: RigHost) -> None:
        """Make it.

        Args:
            host: whose rig is calibrated.
        """
        self._host = host
        self._lock = threading.Lock()
        self._session: CalibrationSession | None = None
        self._thread: threading.Thread | None = None
        self._hands: CalibrationHands | None = None
        self._part: dict[str, Any] = {}
        self._question: dict[str, Any] | None = None
        self._asked: _Ticket[OperatorAnswer] | None = None
        self._to_decide: _Ticket[bool] | None = None

    def table(self) -> Commands:
        """Give the commands by name."""
        return {
            "calibrate": Command(Calibrate, self._begin),
            "calibration_decide": Command(Decide, self._decide),
            "calibration_abort": Command(Why, lambda given: self._abort(given.reason), urgent=True),
        }

    @property
    def question(self) -> dict[str, Any] | None:
        """Get the question that stands, as the part "engine" shows it."""
        session = self._session
        return None if session is None or session.aborting else self._question

    # -- beginning and end ------------------------------------------------------------------------

    def _begin(self, given: Calibrate) -> None:
        host = self._host
        host.occupation.require(Use.IDLE, verb="calibrate")
        host.require_no_emergency()
        rig_file = host.rig.rig_file
        request = completed_request(_request(given), rig_file)
        hands = self._simulated_hands(wanted=given.simulated_hands)
        session = CalibrationSession(rig_file, request, self)
        if session.needs_rig:
            host.rig.require_all()
        host.occupation.take(Use.CALIBRATION, verb="calibrate")
        with self._lock:
            self._session, self._hands = session, hands
            self._question = None
            self._part = {"names": list(request.names), "name": None, "stage": "", "results": []}
            self._part |= {"plots": [], "deciding": False, "error": None, "over": False}
            self._tell()
        self._thread = threading.Thread(target=self._run, args=(session,), name="calibrations", daemon=True)
        self._thread.start()

    def _simulated_hands(self, *, wanted: bool) -> CalibrationHands | None:
        bench = self._host.rig.rig_file.configuration.bench
        if not wanted:
            return None
        if bench is None:
            raise ConfigurationError("simulated_hands: only a simulated bench has them; this is a real rig")
        return CalibrationHands(bench.console)

    def _run(self, session: CalibrationSession) -> None:
        host, error = self._host, ""
        try:
            if session.needs_rig:
                host.engine.note_in_use()
                session.run(host.rig, guardian=host.engine.guardian)
            else:
                session.run()
        except (RigError, CalibrationError) as problem:
            error = str(problem)
        except Exception as problem:
            log.exception("a calibration failed in an unforeseen way")
            error = f"unforeseen {type(problem).__name__}: {problem}"
        self._ended(session, error)

    def _ended(self, session: CalibrationSession, error: str) -> None:
        host = self._host
        try:
            if session.needs_rig:
                # The session has verified it; said so by the engine, it is what every face shows.
                host.engine.make_safe()
            for setting in session.changed_settings:
                key = f"{setting.section}.{setting.key}"
                sentence = f"The rig file has another {key} now: end this host and start it again."
                host.desk.tell("notice", sentence=sentence, warning=True)
            if error:
                host.desk.tell("notice", sentence=f"Calibration: {error}", warning=True)
            host.arrangement_unknown()
        finally:
            with self._lock:
                # Whoever still waits was left behind by an abort.
                if self._asked is not None:
                    self._asked.give(OperatorAnswer.ABORT)
                if self._to_decide is not None:
                    self._to_decide.give(False)
                self._question = self._asked = self._to_decide = None
                self._part |= {"name": None, "deciding": False, "error": error or None, "over": True}
                self._tell()
            host.refresh_engine()
            host.occupation.release(Use.CALIBRATION)

    def _abort(self, reason: str) -> None:
        self.abort(reason or "aborted by the operator")

    def abort(self, reason: str) -> None:
        """End the session under way; raises `CommandRefusedError` where none is."""
        session = self._running()
        session.abort(reason)
        self._host.refresh_engine()

    def emergency_off(self, reason: str) -> None:
        """End the session under way, if one is, without waiting for anything."""
        session = self._session
        if session is not None and self._host.occupation.use is Use.CALIBRATION:
            session.emergency_off(reason)

    def close(self, reason: str) -> None:
        """The host ends: so does the session."""
        session, thread = self._session, self._thread
        if session is None or thread is None or not thread.is_alive():
            return
        session.abort(reason)
        thread.join(_END_PATIENCE_S)

    def _running(self) -> CalibrationSession:
        if self._session is None or self._host.occupation.use is not Use.CALIBRATION:
            raise CommandRefusedError("no calibration is under way")
        return self._session

    # -- answers ----------------------------------------------------------------------------------

    def answer(self, answer: OperatorAnswer) -> None:
        """Answer the question that stands; raises `CommandRefusedError`."""
        with self._lock:
            if self._question is None or self._asked is None or self._asked.answered:
                raise CommandRefusedError("nobody asked: there is no question to answer")
            if answer not in _ANSWERS:
                raise CommandRefusedError(f"{answer} is no answer here: {', '.join(_ANSWERS)}")
            self._asked.give(answer)

    def _decide(self, given: Decide) -> None:
        self._running()
        with self._lock:
            if self._to_decide is None or self._to_decide.answered:
                raise CommandRefusedError("nothing has to be decided now")
            self._to_decide.give(given.accept)

    # -- the session's face -----------------------------------------------------------------------

    def tell(self, sentence: str) -> None:
        """Say what is going on now."""
        self._change(stage=sentence)

    def begun(self, name: str) -> None:
        """A calibration of the request begins."""
        self._change(name=name, plots=[], stage="")

    def draw(self, plot: Plot) -> None:
        """Draw what has been measured so far."""
        document = plot.to_document()
        others = [one for one in self._part["plots"] if one["title"] != document["title"]]
        self._change(plots=[*others, document])

    def show(self, result: CalibrationResult) -> None:
        """Show what was found."""
        self._change(results=[*self._part["results"], result_document(result, None)])

    def decide(self, result: CalibrationResult) -> bool:
        """Wait for a face to decide."""
        ticket: _Ticket[bool] = _Ticket()
        with self._lock:
            self._to_decide = ticket
        self._change(deciding=True)
        return ticket.wait()

    def decided(self, result: CalibrationResult, kept: Kept | None) -> None:
        """Show what became of it."""
        told = result_document(result, kept is not None, kept)
        self._change(deciding=False, results=[*self._part["results"][:-1], told])

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Ask for the moves: the simulated hands, or whoever answers at a face."""
        ticket: _Ticket[OperatorAnswer] = _Ticket()
        with self._lock:
            self._asked = ticket
            self._question = _question_part(request, simulated_hands=self._hands is not None)
        self._host.refresh_engine()
        try:
            return ticket.wait() if self._hands is None else self._hands.prepare(request)
        finally:
            with self._lock:
                if self._asked is ticket:
                    self._question = self._asked = None
            self._host.refresh_engine()

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._part |= changes
            self._tell()

    def _tell(self) -> None:
        self._host.desk.tell("calibration", calibration=dict(self._part))


def _question_part(request: CalibrationRequest, *, simulated_hands: bool) -> dict[str, Any]:
    return {
        "kind": "calibration",
        "role": None,
        "target": None,
        "steps": [str(step) for step in request.steps],
        "sentence": request.sentence,
        "reason": request.reason,
        "next": request.next,
        "answers": [str(answer) for answer in _ANSWERS],
        "simulated_hands": simulated_hands,
    }


def _request(given: Calibrate) -> SessionRequest:
    lamp, beam = given.lamp or Lamp(), given.beam or Beam()
    values = beam.model_dump() | {
        "profile_x": tuple(Path(path) for path in beam.profile_x),
        "profile_y": tuple(Path(path) for path in beam.profile_y),
    }
    return SessionRequest(
        names=tuple(given.names),
        operator=given.operator,
        changes=tuple(f"{name}={value}" for name, value in given.parameters.items()),
        lamp=LampInput(**lamp.model_dump()),
        beam=BeamInput(**values),
    )
