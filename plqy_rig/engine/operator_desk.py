"""Questions to the operator: they stand until somebody answers, and can be withdrawn."""

from __future__ import annotations

import logging
import threading

from drivers.errors import RigError, RunAbortedError
from plqy_rig.engine.core import OPERATOR, Core
from plqy_rig.engine.events import OperatorAnswered, OperatorAsked
from plqy_rig.engine.states import CommandRefusedError, EngineState
from procedures import Operator, OperatorAnswer, OperatorRequest

log = logging.getLogger(__name__)

_POLL_S = 0.05
_MAY_ASK = frozenset({EngineState.PREPARING, EngineState.RUNNING})


class QuestionWithdrawnError(RunAbortedError):
    """The run is paused or ended while a question stands; it is asked again when the run goes on."""


class OperatorDesk:
    """Asks on behalf of the sweep (protocol `Operator`).

    Whoever is first answers: the run's own operator (a person at a terminal, a bench's hands), or the
    command `answer_operator` of any face.
    """

    def __init__(self, core: Core, operator: Operator | None) -> None:
        """Open the desk.

        Args:
            core: the engine's.
            operator: the run's own operator; None leaves answering to the faces.
        """
        self._core = core
        self._operator = operator
        self._lock = threading.Lock()
        self._question: OperatorRequest | None = None
        self._answer: OperatorAnswer | None = None
        self._error: RigError | None = None
        self._answered = threading.Event()
        self._asking: threading.Thread | None = None

    @property
    def question(self) -> OperatorRequest | None:
        """Get the question that stands; None if none does."""
        return self._question

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        """Put the question and wait; called by the sweep, with the shutter closed.

        Raises:
            QuestionWithdrawnError: the run was paused or ended meanwhile.
            RigError: whatever the run's own operator raised.
        """
        with self._lock:
            self._question, self._answer, self._error = request, None, None
            self._answered.clear()
        core = self._core
        if not core.states.change_from(_MAY_ASK, EngineState.WAITING_FOR_OPERATOR, request.sentence):
            raise QuestionWithdrawnError("the run was stopped before the operator was asked")
        core.events.publish(OperatorAsked(request))
        try:
            answer = self._wait(request)
        finally:
            with self._lock:
                self._question = None
        waiting = frozenset({EngineState.WAITING_FOR_OPERATOR})
        if not core.states.change_from(waiting, EngineState.RUNNING, f"the operator says {answer}"):
            raise QuestionWithdrawnError("the run was stopped while the operator was asked")
        return answer

    def answer(self, answer: OperatorAnswer) -> None:
        """Answer the question that stands.

        Raises:
            CommandRefusedError: none does.
        """
        with self._lock:
            if self._question is None or self._answered.is_set():
                raise CommandRefusedError("nobody asked: there is no question to answer")
            self._answer = answer
            self._answered.set()

    def _wait(self, request: OperatorRequest) -> OperatorAnswer:
        if self._operator is not None and not (self._asking and self._asking.is_alive()):
            # In a thread of its own: a person at a terminal can't be interrupted, the run can.
            self._asking = threading.Thread(
                target=self._ask_operator, args=(self._operator, request), name="operator", daemon=True
            )
            self._asking.start()
        while not self._answered.wait(_POLL_S):
            if self._core.aborting() or self._core.is_held_by(OPERATOR):
                self._core.events.publish(OperatorAnswered(None))
                raise QuestionWithdrawnError("the question to the operator was withdrawn")
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        self._core.events.publish(OperatorAnswered(self._answer))
        return self._answer

    def _ask_operator(self, operator: Operator, request: OperatorRequest) -> None:
        answer: OperatorAnswer | None = None
        error: RigError | None = None
        try:
            answer = operator.ask(request)
        except RigError as raised:
            error = raised
        except Exception as raised:
            log.exception("the operator %r failed", operator)
            error = RigError(f"asking the operator failed: {type(raised).__name__}: {raised}")
        with self._lock:
            # Late answers to a withdrawn question answer the same question asked again, if it is the same.
            same = self._question is not None and self._question.target == request.target
            if same and not self._answered.is_set():
                self._answer, self._error = answer, error
                self._answered.set()
