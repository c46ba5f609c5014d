"""One attempt of the sweep, in a thread of its own, and how long it may take for what it does.

A run is one attempt after another: each goes on with the first step that isn't saved.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any

from drivers.errors import RigError
from plqy_rig.data import StorageError
from plqy_rig.engine.core import Core
from plqy_rig.engine.events import ActivityChanged
from plqy_rig.engine.gate import gated
from plqy_rig.engine.interlocks import MONITOR_DRIFT
from plqy_rig.engine.observed_sweep import ObservedSweep
from plqy_rig.engine.operator_desk import OperatorDesk
from plqy_rig.engine.store import RunStore
from procedures.exposure import StopRequestedError
from procedures.history import RunHistory
from procedures.preparation import TEMPERATURE_TIMEOUT_S

log = logging.getLogger(__name__)

_REAL_MARGIN_S = 20.0
"""Real seconds on top of everything: time-outs of the wires, retries, a busy computer."""
_FACTOR = 2.0
"""Exposures may be taken again by a driver whose packet was spoiled."""
_BETWEEN_STEPS_S = 60.0
"""Rig seconds between a saved step and the next exposure: the wheel's travel."""


class Deadline:
    """Until when the present activity has to be done; for any thread."""

    def __init__(self, speed: float) -> None:
        """Begin without any.

        Args:
            speed: rig seconds per real second.
        """
        self._speed = speed
        self._until = math.inf
        self._what = ""

    def allow(self, what: str, longest_s: float) -> None:
        """Allow the next activity so long, rig seconds; for ever if infinite."""
        self._what = what
        self._until = time.monotonic() + _FACTOR * longest_s / self._speed + _REAL_MARGIN_S

    @property
    def passed(self) -> str:
        """Get what has taken too long; empty as long as nothing has."""
        return self._what if time.monotonic() > self._until else ""


class Attempt:
    """Runs the sweep once, from its preparation on.

    Attributes:
        error: what ended it; None when it finished or was stopped.
        spoiled: set when the light is taken off during a step: what it measured isn't to be recorded.
        done: set when it is over.
        deadline: of what it does now.
    """

    def __init__(self, core: Core, sweep: ObservedSweep, store: RunStore, desk: OperatorDesk) -> None:
        """Prepare it; `start` starts it.

        Args:
            core: the engine's.
            sweep: not yet run, with its power calibration and arrangement.
            store: where data go.
            desk: who asks the operator.
        """
        self._core = core
        self.sweep = sweep
        self._store = store
        self.error: RigError | None = None
        self.spoiled = False
        self.done = threading.Event()
        self.deadline = Deadline(core.rig.clock.speed)
        sweep.instruments = gated(core.rig.instruments(), core, core.readings)
        sweep.operator = desk
        sweep.record = self._record
        sweep.previous = tuple(store.previous)
        sweep.stop_asked = core.should_stop
        sweep.activity = self._hear

    def start(self) -> None:
        """Start it in its thread."""
        self.deadline.allow("preparing the rig", 2 * TEMPERATURE_TIMEOUT_S + self.sweep.laser_warm_up_s)
        threading.Thread(target=self._run, name="sweep", daemon=True).start()

    def _run(self) -> None:
        try:
            self.sweep.startup()
            self.sweep.execute()
        except RigError as error:
            self.error = error
        except Exception as error:
            log.exception("the sweep failed in an unforeseen way")
            self.error = RigError(f"unforeseen {type(error).__name__}: {error}")
        finally:
            self.done.set()

    def _record(self, stream: str, data: Any) -> None:
        if self._core.aborting() or self.spoiled:
            # The shutter was closed behind the sweep's back: part of what it collected may be dark.
            raise StopRequestedError("the light was taken off during this step; it isn't recorded")
        self.deadline.allow("saving", math.inf)
        try:
            self._store.record(stream, data)
        except StorageError:
            if stream == "exposure":
                raise
            # The exposure of this dark comes at once and is kept with it; it raises the same.
            log.warning("a dark could not be saved; it is kept")
        self._note_drift(stream, data)

    def _note_drift(self, stream: str, data: Any) -> None:
        if stream != "exposure":
            return
        others = [summary for summary in self._store.previous if str(summary.role) != str(data["role"])]
        mean_w = RunHistory.of(others).mean_monitor_power_w(int(data["step"]))
        if mean_w:
            self._core.readings.note(MONITOR_DRIFT, float(data["monitor_power_w"]) / mean_w - 1)

    def _hear(self, topic: str, record: Any) -> None:
        if topic == "results":
            self.deadline.allow("moving on", _BETWEEN_STEPS_S)
            self._core.update_holds()
        elif topic == "activity":
            longest_s = float(record["longest_duration_s"])
            self.deadline.allow(record["activity"], longest_s or math.inf)
            self._core.events.publish(
                ActivityChanged(record["role"], int(record["step"]), record["activity"], longest_s)
            )
