"""The rig as the window knows it: the host's snapshot, kept up to date by its events."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

TOPICS = (
    "rig",
    "engine",
    "occupation",
    "activity",
    "progress",
    "run",
    "instruments",
    "queue",
    "result",
    "calibration",
    "log",
    "history",
)
"""The parts of a snapshot; each is an attribute of `RigModel` and a topic of its `changed` signal."""

FLUSH_INTERVAL_MS = 50
"""Changes are told at most 20 times a second, so that drawing never fills the event loop."""

_LOG_LENGTH = 500
_HISTORY_LENGTH = 2000

_RUN_OVER = frozenset({"idle", "finished", "aborted", "failed", "interrupted"})


class RigModel(QObject):
    """What the host said last, part by part.

    Parts are the protocol's own mappings (empty before the first snapshot; None where the protocol says
    null). They are replaced, never changed in place: whoever keeps one keeps what was true then.

    Signals:
        changed(str): a topic of `TOPICS`; at most every `FLUSH_INTERVAL_MS`, however many events came.
        notice(str, bool): each notice of the host: its sentence, and whether it is a warning.
    """

    changed = pyqtSignal(str)
    notice = pyqtSignal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rig: dict[str, Any] = {}
        self.engine: dict[str, Any] = {}
        self.occupation = "idle"
        self.activity: dict[str, Any] | None = None
        self.progress: dict[str, Any] = {}
        self.run: dict[str, Any] | None = None
        self.instruments: dict[str, dict[str, Any]] = {}
        self.queue: dict[str, Any] = {}
        self.result: dict[str, Any] | None = None
        self.calibration: dict[str, Any] | None = None
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self.history: deque[dict[str, Any]] = deque(maxlen=_HISTORY_LENGTH)
        self._stale: dict[str, None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_INTERVAL_MS)
        self._timer.timeout.connect(self.flush)

    # -- what it says ---------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """Get the engine's state, a value of EngineState; empty before the first snapshot."""
        return str(self.engine.get("state", ""))

    @property
    def safety(self) -> str:
        """Get what is known of the safe state, a value of Safety."""
        return str(self.engine.get("safety", "unknown"))

    @property
    def question(self) -> dict[str, Any] | None:
        """Get what the operator is asked, or None."""
        return self.engine.get("question")

    @property
    def holds(self) -> list[str]:
        """Get what holds the run, in sentences."""
        return list(self.engine.get("holds") or ())

    @property
    def verdict(self) -> dict[str, Any] | None:
        """Get the last verdict on the safe state, or None."""
        return self.engine.get("verdict")

    @property
    def simulated(self) -> bool:
        """Get whether the rig is a bench."""
        return bool(self.rig.get("simulated", False))

    @property
    def run_under_way(self) -> bool:
        """Get whether a run goes on, paused ones included."""
        return bool(self.state) and self.state not in _RUN_OVER

    @property
    def idle(self) -> bool:
        """Get whether nothing uses the rig."""
        return bool(self.rig) and self.occupation == "idle" and not self.run_under_way

    # -- what it hears --------------------------------------------------------------------------------

    def take_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Take the whole picture; every topic counts as changed, and is told at once."""
        self.rig = dict(snapshot.get("rig") or {})
        self.engine = dict(snapshot.get("engine") or {})
        self.occupation = str(snapshot.get("occupation") or "idle")
        self.activity = snapshot.get("activity")
        self.progress = dict(snapshot.get("progress") or {})
        self.run = snapshot.get("run")
        self.instruments = dict(snapshot.get("instruments") or {})
        self.queue = dict(snapshot.get("queue") or {})
        self.result = snapshot.get("result")
        self.calibration = snapshot.get("calibration")
        self.log = deque(snapshot.get("log") or (), maxlen=_LOG_LENGTH)
        self.history = deque(snapshot.get("history") or (), maxlen=_HISTORY_LENGTH)
        self.tell_all()

    def tell_all(self) -> None:
        """Tell every topic, now; for whoever came late."""
        self._stale = dict.fromkeys(TOPICS)
        self.flush()

    def take_event(self, event: Mapping[str, Any]) -> None:
        """Take one event; unknown ones are left to others."""
        name = str(event.get("event", ""))
        if name in _SIMPLE_PARTS:
            setattr(self, name, event.get(name))
            self._touch(name)
        elif name == "state":
            self._take_state(event)
        elif name == "readings":
            self.instruments = {**self.instruments, str(event["instrument"]): event["instrument_state"]}
            self._touch("instruments")
        elif name == "notice":
            self._take_notice(event)

    def flush(self) -> None:
        """Tell what changed, now."""
        self._timer.stop()
        stale, self._stale = self._stale, {}
        for topic in stale:
            self.changed.emit(topic)

    def _take_state(self, event: Mapping[str, Any]) -> None:
        new = str(event.get("state", ""))
        self.engine = {**self.engine, "state": new}
        change = {"old": event.get("old"), "new": new, "reason": event.get("reason", "")}
        self.history.append({**change, "time_s": event.get("time_s")})
        self._touch("engine")
        self._touch("history")

    def _take_notice(self, event: Mapping[str, Any]) -> None:
        sentence, warning = str(event.get("sentence", "")), bool(event.get("warning", False))
        self.log.append({"time_s": event.get("time_s"), "sentence": sentence, "warning": warning})
        self._touch("log")
        self.notice.emit(sentence, warning)

    def _touch(self, topic: str) -> None:
        self._stale[topic] = None
        if not self._timer.isActive():
            self._timer.start()


_SIMPLE_PARTS = frozenset(
    {"rig", "engine", "occupation", "activity", "progress", "run", "queue", "result", "calibration"}
)
"""Events that carry a whole part under their own name."""
