"""What the parts of the engine share: the state, the stream, what was asked for and what holds the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drivers.errors import RigError
from plqy_rig.engine.events import (
    DocumentSaved,
    EventStream,
    HoldsChanged,
    Notice,
    SafetyChanged,
    StateChanged,
)
from plqy_rig.engine.guardian_link import Guardian
from plqy_rig.engine.interlocks import GUARDIAN, PURGE, Hold, InterlockBoard, good
from plqy_rig.engine.readings import Readings
from plqy_rig.engine.states import EngineState, Safety, StateTable
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict

log = logging.getLogger(__name__)

OPERATOR, INSTRUMENT, STORAGE, DARKNESS = "operator", "instrument", "storage", "darkness"
"""Names of the holds that aren't interlocks."""


@dataclass
class Requests:
    """What the commands asked for; set under the state table's lock.

    Attributes:
        abort: why to end; None as long as nobody asked.
        emergency: end without waiting for anything.
        purge_confirmed: somebody said that the sphere is purged.
    """

    abort: str | None = None
    emergency: bool = False
    purge_confirmed: bool = False
    wake: threading.Event = field(default_factory=threading.Event)


class Core:
    """State, stream, holds and safety of one engine. Callable from any thread."""

    def __init__(self, rig: Rig, board: InterlockBoard) -> None:
        """Begin idle.

        Args:
            rig: the connected rig.
            board: its interlocks.
        """
        self.rig = rig
        self.events = EventStream()
        self.states = StateTable(lambda transition: self.events.publish(StateChanged(transition)))
        self.readings = Readings()
        self.requests = Requests()
        self.guardian: Guardian
        self.safety = Safety.UNKNOWN
        self.verdict: SafeVerdict | None = None
        self._board = board
        self._board_lock = threading.RLock()
        self._holds: dict[str, str] = {}
        self._told: tuple[Hold, ...] = ()
        self._warnings: list[str] = []

    def begin_run(self) -> None:
        """Forget what an earlier run left."""
        with self._board_lock:
            self._board.reset()
            self._holds.clear()
            self._warnings.clear()
            self.readings = Readings()
        self.requests = Requests(purge_confirmed=self.requests.purge_confirmed)

    # -- telling ----------------------------------------------------------------------------------

    def notice(self, sentence: str, *, warning: bool = True) -> None:
        """Tell people; a warning is also kept for the run's stop document."""
        log.warning("%s", sentence)
        if warning:
            self._warnings.append(sentence)
        self.events.publish(Notice(sentence, warning))

    def saved(self, name: str, document: Mapping[str, Any]) -> None:
        """Tell that a document is on the disk."""
        self.events.publish(DocumentSaved(name, document))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Get the warnings of the present run."""
        return tuple(self._warnings)

    # -- safety -----------------------------------------------------------------------------------

    def set_safety(self, safety: Safety, verdict: SafeVerdict | None = None) -> None:
        """Remember and tell what is known about the safe state."""
        if (safety, verdict) != (self.safety, self.verdict):
            self.safety, self.verdict = safety, verdict
            self.events.publish(SafetyChanged(safety, verdict))

    def make_safe(self) -> SafeVerdict:
        """Bring the whole rig into the safe state, verify, tell."""
        verdict = self.rig.make_safe()
        self.set_safety(Safety.SAFE if verdict.safe else Safety.NOT_SAFE, verdict)
        return verdict

    def make_dark(self) -> SafeVerdict:
        """Close the shutter, verify, tell; where that fails, the whole safe state is tried."""
        verdict = self.rig.make_dark()
        if not verdict.safe:
            return self.make_safe()
        self.set_safety(Safety.DARK, verdict)
        return verdict

    def require_dark(self) -> None:
        """Look whether the shutter still is closed: somebody may have pressed its button."""
        try:
            if self.rig.shutter is None or self.rig.shutter.blade_closed:
                return
        except RigError as error:
            log.warning("the shutter could not be looked at: %s", error)
        self.notice("The shutter isn't closed any more: everything is being made safe.")
        self.make_safe()

    # -- holds ------------------------------------------------------------------------------------

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Get what holds the run, as of the last look."""
        return self._told

    def hold(self, name: str, sentence: str) -> None:
        """Let something that is no interlock hold the run."""
        with self._board_lock:
            self._holds[name] = sentence
        self.update_holds()

    def release(self, name: str) -> None:
        """Let it go."""
        with self._board_lock:
            self._holds.pop(name, None)
        self.update_holds()

    def is_held_by(self, name: str) -> bool:
        """Whether this holds the run now."""
        return any(hold.name == name for hold in self._told)

    def update_holds(self) -> tuple[Hold, ...]:
        """Look at all readings; gives what holds now, and tells when that has changed."""
        with self._board_lock:
            self.readings.note(GUARDIAN, good(not self.guardian.lost))
            self.readings.note(PURGE, good(self.requests.purge_confirmed))
            own = tuple(Hold(name, sentence) for name, sentence in self._holds.items())
            holds = own + self._board.update(self.readings.all())
            changed = [hold.name for hold in holds] != [hold.name for hold in self._told]
            self._told = holds
        if changed:
            self.events.publish(HoldsChanged(tuple(hold.sentence for hold in holds)))
            log.info("held by: %s", ", ".join(hold.name for hold in holds) or "nothing")
        return holds

    def aborting(self) -> bool:
        """Whether the run was asked to end."""
        return self.requests.abort is not None

    # -- permission (protocol `Permission`) ------------------------------------------------------

    def light(self) -> bool:
        """Whether the shutter may be opened now; running begins with the first light."""
        if not self.guardian.wait_until_watching():
            return False
        with self.states.lock:
            if self.aborting():
                return False
            if self.states.state is EngineState.PREPARING:
                self.states.change(EngineState.RUNNING, "prepared")
            return self.states.state is EngineState.RUNNING

    def laser(self) -> bool:
        """Whether the laser may be switched on now."""
        with self.states.lock:
            if self.aborting() or self.states.state is not EngineState.PREPARING:
                return False
            self.set_safety(Safety.IN_USE)
            return True

    def should_stop(self, between_steps: bool) -> bool:
        """What the sweep asks before each step and each light."""
        if self.aborting():
            return True
        return between_steps and bool(self.update_holds())
