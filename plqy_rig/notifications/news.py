"""What is worth telling people who aren't at the rig, taken from the engine's stream."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from plqy_rig.engine import (
    EngineState,
    Event,
    HoldsChanged,
    OperatorAnswered,
    OperatorAsked,
    RunOpened,
    Safety,
    SafetyChanged,
    StateChanged,
)


class NewsKind(StrEnum):
    """What happened; the names are those of `notifications.on` in the rig file."""

    FINISHED = "finished"
    FAILED = "failed"
    HELD = "held"
    OPERATOR_NEEDED = "operator_needed"
    NOT_SAFE = "not_safe"
    QUEUE_ENDED = "queue_ended"


@dataclass(frozen=True)
class News:
    """One message.

    Attributes:
        kind: what happened.
        title: in a few words.
        body: in a sentence or two.
    """

    kind: NewsKind
    title: str
    body: str


class NewsDesk:
    """Makes news of events. Holds and questions become news when they have lasted long enough."""

    def __init__(self, rig_name: str, tell: Callable[[News], None], tell_after_s: float) -> None:
        """Begin without a run.

        Args:
            rig_name: for the titles.
            tell: takes the news; called from the stream's thread or a timer's.
            tell_after_s: how long a hold or a question lasts before it is news, real seconds.
        """
        self._rig_name = rig_name
        self._tell = tell
        self._tell_after_s = tell_after_s
        self._lock = threading.Lock()
        self._timers: dict[NewsKind, threading.Timer] = {}
        self._told: set[NewsKind] = set()
        self._folder = ""

    def hear(self, event: Event) -> None:
        """Take one event of the engine."""
        match event:
            case RunOpened(folder):
                self._folder = folder
            case StateChanged(transition):
                self._take_state(transition.new, transition.reason)
            case SafetyChanged(Safety.NOT_SAFE, verdict):
                self.publish(NewsKind.NOT_SAFE, "NOT SAFE", f"{verdict}. Go and look, now.")
            case HoldsChanged(()):
                self._is_over(NewsKind.HELD, "goes on", "Nothing holds the run any more.")
            case HoldsChanged(sentences):
                self._later(NewsKind.HELD, "run on hold", " ".join(sentences))
            case OperatorAsked(request):
                self._later(NewsKind.OPERATOR_NEEDED, "operator needed", f"{request.sentence} {request.next}")
            case OperatorAnswered():
                self._is_over(NewsKind.OPERATOR_NEEDED)
            case _:
                pass

    def _take_state(self, state: EngineState, reason: str) -> None:
        run = Path(self._folder).name or "the run"
        match state:
            case EngineState.FINISHED:
                self.publish(NewsKind.FINISHED, "run finished", f"{run}: {reason}.")
            case EngineState.FAILED | EngineState.INTERRUPTED:
                self.publish(NewsKind.FAILED, "run failed", f"{run}: {reason}")
            case EngineState.PREPARING:
                return
            case _:
                pass
        if state.over:
            self.cancel()
            self._folder = ""

    def publish(self, kind: NewsKind, title: str, body: str) -> None:
        """Tell something at once."""
        self._tell(News(kind, f"{self._rig_name}: {title}", body))

    def _later(self, kind: NewsKind, title: str, body: str) -> None:
        """Tell it when it still is so after a while; what is told already isn't told again."""
        with self._lock:
            self._drop(kind)
            if kind in self._told:
                return
            timer = threading.Timer(self._tell_after_s, self._ripe, (kind, title, body))
            timer.daemon = True
            self._timers[kind] = timer
            timer.start()

    def _ripe(self, kind: NewsKind, title: str, body: str) -> None:
        with self._lock:
            if self._timers.get(kind) is not threading.current_thread():
                return
            del self._timers[kind]
            self._told.add(kind)
        self.publish(kind, title, body)

    def _is_over(self, kind: NewsKind, title: str = "", body: str = "") -> None:
        with self._lock:
            self._drop(kind)
            told = kind in self._told
            self._told.discard(kind)
        if told and title:
            self.publish(kind, title, body)

    def _drop(self, kind: NewsKind) -> None:
        timer = self._timers.pop(kind, None)
        if timer is not None:
            timer.cancel()

    def cancel(self) -> None:
        """Forget what isn't ripe yet."""
        with self._lock:
            for kind in tuple(self._timers):
                self._drop(kind)
            self._told.clear()
