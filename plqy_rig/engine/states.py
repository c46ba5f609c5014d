"""The states of the engine and the transitions between them: a table, and one place that changes state.

    idle -> preparing -> running -> finishing -> finished
                 ^         |  \\--> aborting  -> aborted, failed
                 |         v
              paused <- pausing        waiting for operator: a question stands, shutter closed

Whether the rig is safe is another fact, kept beside the state: an aborted run may be safe or not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.errors import RigError

log = logging.getLogger(__name__)


class EngineState(StrEnum):
    """What the engine is doing."""

    IDLE = "idle"
    PREPARING = "preparing"
    """Temperatures, wheel, laser; the shutter stays closed."""
    RUNNING = "running"
    """Measuring. The only state in which the shutter may be opened."""
    PAUSING = "pausing"
    """A step is complete; the shutter is being verified closed."""
    PAUSED = "paused"
    """By the operator, by an interlock or for a lost instrument: see what holds it."""
    WAITING_FOR_OPERATOR = "waiting for operator"
    FINISHING = "finishing"
    ABORTING = "aborting"
    """The light is being taken off at once, for an abort or after an error."""
    FINISHED = "finished"
    ABORTED = "aborted"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The run ended without a stop document: it couldn't be saved anywhere."""

    @property
    def over(self) -> bool:
        """Whether no run is under way."""
        return not TRANSITIONS[self] - {EngineState.PREPARING, EngineState.IDLE}


class Safety(StrEnum):
    """What is known about the rig's safe state."""

    UNKNOWN = "unknown"
    SAFE = "safe"
    """The whole safe state was verified, and nothing has moved since."""
    DARK = "dark"
    """The shutter was verified closed; the laser may be on behind it."""
    IN_USE = "in use"
    """A run uses the rig: light may be on."""
    NOT_SAFE = "not safe"
    """The safe state was asked for and could not be verified."""


_S = EngineState
_ENDINGS = frozenset({_S.FINISHING, _S.ABORTING})
_OVER = frozenset({_S.PREPARING, _S.IDLE})

TRANSITIONS: Mapping[EngineState, frozenset[EngineState]] = {
    _S.IDLE: frozenset({_S.PREPARING}),
    _S.PREPARING: frozenset({_S.RUNNING, _S.WAITING_FOR_OPERATOR, _S.PAUSING}) | _ENDINGS,
    _S.RUNNING: frozenset({_S.WAITING_FOR_OPERATOR, _S.PAUSING}) | _ENDINGS,
    _S.WAITING_FOR_OPERATOR: frozenset({_S.RUNNING, _S.PREPARING, _S.PAUSING}) | _ENDINGS,
    _S.PAUSING: frozenset({_S.PAUSED, _S.ABORTING}),
    _S.PAUSED: frozenset({_S.PREPARING, _S.ABORTING}),
    _S.FINISHING: frozenset({_S.FINISHED, _S.FAILED, _S.INTERRUPTED, _S.ABORTING}),
    _S.ABORTING: frozenset({_S.ABORTED, _S.FAILED, _S.INTERRUPTED}),
    _S.FINISHED: _OVER,
    _S.ABORTED: _OVER,
    _S.FAILED: _OVER,
    _S.INTERRUPTED: _OVER,
}
"""From each state to where it may change. Whatever isn't here is a mistake in the program."""


class CommandRefusedError(RigError):
    """A command that makes no sense in the present state; nothing was changed."""

    exit_code = 2


class IllegalTransitionError(RuntimeError):
    """A change of state that isn't in the table."""


@dataclass(frozen=True)
class Transition:
    """One change of state, as it is logged.

    Attributes:
        old: before.
        new: after.
        reason: why, in an operator's words; may be empty.
        time_s: when, s since 1970 UTC.
    """

    old: EngineState
    new: EngineState
    reason: str
    time_s: float


class StateTable:
    """Holds the state; changes it along the table only, one change at a time, each one logged."""

    def __init__(self, tell: Callable[[Transition], None], now: Callable[[], float] = time.time) -> None:
        """Begin idle.

        Args:
            tell: hears of each change, in their order.
            now: s since 1970 UTC.
        """
        self.lock = threading.RLock()
        """Held while a change is decided; commands take it to look and change in one go."""
        self._state = EngineState.IDLE
        self._tell = tell
        self._now = now
        self._history: list[Transition] = []

    @property
    def state(self) -> EngineState:
        """Get the present state."""
        return self._state

    @property
    def history(self) -> tuple[Transition, ...]:
        """Get every change since the beginning."""
        with self.lock:
            return tuple(self._history)

    def change(self, new: EngineState, reason: str) -> None:
        """Change state.

        Raises:
            IllegalTransitionError: not in the table; the state stays.
        """
        with self.lock:
            if new not in TRANSITIONS[self._state]:
                raise IllegalTransitionError(f"from {self._state} to {new} ({reason or 'no reason'})")
            transition = Transition(self._state, new, reason, self._now())
            self._state = new
            self._history.append(transition)
            log.info("%s -> %s%s", transition.old, new, f": {reason}" if reason else "")
            self._tell(transition)

    def change_from(self, allowed: frozenset[EngineState], new: EngineState, reason: str) -> bool:
        """Change state if the present one is among `allowed`; returns whether it was changed."""
        with self.lock:
            if self._state not in allowed:
                return False
            self.change(new, reason)
            return True
