"""What the engine tells: typed events, in their order, to whoever subscribed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plqy_rig.engine.states import Safety, Transition
from plqy_rig.safe_state import SafeVerdict
from procedures import OperatorAnswer, OperatorRequest

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class StateChanged:
    """The engine is in another state."""

    transition: Transition


@dataclass(frozen=True)
class SafetyChanged:
    """What is known about the safe state has changed.

    Attributes:
        safety: what is known now.
        verdict: what was verified; None where nothing was.
    """

    safety: Safety
    verdict: SafeVerdict | None


@dataclass(frozen=True)
class RunOpened:
    """Documents go into this folder from now on (again when the fallback folder takes over).

    Attributes:
        folder: the run folder.
        exposures: how many it holds already.
    """

    folder: str
    exposures: int


@dataclass(frozen=True, eq=False)
class DocumentSaved:
    """A document is on the disk: start, descriptor, event, resume or stop."""

    name: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class ActivityChanged:
    """What is being done now.

    Attributes:
        role: the pass.
        step: power step, from 0.
        activity: in one or two words, e.g. "exposure".
        longest_duration_s: how long it may take, rig seconds; 0 as long as a person needs.
    """

    role: str
    step: int
    activity: str
    longest_duration_s: float


@dataclass(frozen=True)
class OperatorAsked:
    """A question stands; `Engine.answer_operator` answers it unless the run's own operator does."""

    request: OperatorRequest


@dataclass(frozen=True)
class OperatorAnswered:
    """The question is answered; None where it was withdrawn."""

    answer: OperatorAnswer | None


@dataclass(frozen=True)
class HoldsChanged:
    """What holds the run now, in sentences; empty when nothing does."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """A sentence that people should read.

    Attributes:
        sentence: what happened, what was done about it.
        warning: whether it belongs with the run's warnings.
    """

    sentence: str
    warning: bool = True


Event = (
    StateChanged
    | SafetyChanged
    | RunOpened
    | DocumentSaved
    | ActivityChanged
    | OperatorAsked
    | OperatorAnswered
    | HoldsChanged
    | Notice
)
Subscriber = Callable[[Event], None]


class EventStream:
    """Hands events on in a thread of its own: the engine never waits for who looks on.

    A subscriber that fails is logged and does no harm.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event | threading.Event | None] = queue.SimpleQueue()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._hand_on, name="engine events", daemon=True)
        self._thread.start()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` of every event from now on; returns what ends that."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everybody; returns at once."""
        self._queue.put(event)

    def flush(self, timeout_s: float = _CLOSE_TIMEOUT_S) -> None:
        """Wait until everything published before has been handed on."""
        if threading.current_thread() is self._thread:
            return
        reached = threading.Event()
        self._queue.put(reached)
        reached.wait(timeout_s)

    def close(self) -> None:
        """Hand on what is there and end. Callable twice."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_TIMEOUT_S)

    def _hand_on(self) -> None:
        while (event := self._queue.get()) is not None:
            if isinstance(event, threading.Event):
                event.set()
                continue
            for subscriber in self._subscribers:
                try:
                    subscriber(event)
                except Exception:
                    log.exception("%r failed on %r", subscriber, type(event).__name__)
