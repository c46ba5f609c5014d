"""What the instruments read: asked about once a second while nothing runs, taken from the run otherwise.

One that was lost while nothing runs is connected again as soon as it is back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from drivers.errors import InstrumentConnectionError, InstrumentTimeoutError, RigError
from plqy_rig.engine import Engine
from plqy_rig.host.instrument_readings import read_instrument, readings_of_run
from plqy_rig.host.news import NewsDesk
from plqy_rig.host.occupation import Occupation, Use
from plqy_rig.host.run_watch import RunWatch
from plqy_rig.host.verified import VerifiedReadings
from plqy_rig.instrument_problems import trouble_of
from plqy_rig.rig import NAMES, Rig
from plqy_rig.safe_state import SafeVerdict

log = logging.getLogger(__name__)

_INTERVAL_S = 1.0
_CONNECT_INTERVAL_S = 3.0
"""Between two tries to connect an instrument that is lost, real seconds."""
_CLOSE_PATIENCE_S = 3.0
_LOST = (InstrumentConnectionError, InstrumentTimeoutError)
"""A serial line stays open when what is at its far end was unplugged or switched off: it is silent."""


class InstrumentWatch:
    """Keeps the part "instruments" of the picture.

    Each instrument has a thread of its own: one that doesn't answer keeps nobody waiting.
    """

    def __init__(
        self,
        rig: Rig,
        engine: Engine,
        occupation: Occupation,
        run: RunWatch,
        desk: NewsDesk,
        on_back: Callable[[str], None] = lambda name: None,
    ) -> None:
        """Prepare it; `start` begins to look.

        Args:
            rig: whose instruments.
            engine: knows what a run has read.
            occupation: says when they may be asked.
            run: knows the last exposure.
            desk: where readings are told.
            on_back: hears of an instrument that was lost and is connected again, in that one's thread.
        """
        self._rig = rig
        self._engine = engine
        self._occupation = occupation
        self._run = run
        self._desk = desk
        self._on_back = on_back
        self._closing = threading.Event()
        self._wanted = {name: threading.Event() for name in NAMES}
        self._connecting = threading.Lock()
        self._telling = threading.RLock()
        self._verified = VerifiedReadings(rig.rig_file.configuration.attenuator.angle_range_deg[1])
        self._threads: list[threading.Thread] = []
        self._identities: dict[str, dict[str, str]] = {}
        for name in NAMES:
            self._tell(name, ())

    def start(self) -> None:
        """Begin to look."""
        for name in NAMES:
            thread = threading.Thread(target=self._work, args=(name,), name=f"look at {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """End; one that hangs isn't waited for."""
        self._closing.set()
        self.look_now()
        deadline = time.monotonic() + _CLOSE_PATIENCE_S
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def look_now(self) -> None:
        """Look at all of them as soon as that is allowed, not after the usual second."""
        for wanted in self._wanted.values():
            wanted.set()

    def _work(self, name: str) -> None:
        next_try_s = 0.0
        while not self._closing.is_set():
            self._wanted[name].clear()
            back = False
            try:
                with self._occupation.looking() as allowed:
                    there = not allowed or self.look_at(name)
                    if not there and time.monotonic() >= next_try_s:
                        back = self._connect(name)
                        next_try_s = time.monotonic() + _CONNECT_INTERVAL_S
                if back:
                    self._on_back(name)
            except Exception:
                log.exception("looking at the %s failed in an unforeseen way", name)
            self._wanted[name].wait(_INTERVAL_S)

    def _connect(self, name: str) -> bool:
        """Try to connect one that is lost, while nothing uses the rig; returns whether it is back."""
        if self._occupation.use is not Use.IDLE or self._closing.is_set():
            return False
        try:
            self.connect(name)
        except RigError as error:
            log.debug("%s: %s", name, error)
            return False
        return True

    def connect(self, name: str) -> None:
        """Connect one anew and look at it; raises `RigError` when it still isn't there."""
        # One after the other: who looks for an instrument may keep the bus busy.
        with self._connecting:
            try:
                self._rig.reconnect(name)
            finally:
                self.look_at(name)

    def look_at(self, name: str) -> bool:
        """Ask an instrument and tell what it says, or why it doesn't; returns whether it answers."""
        instrument = self._rig.connected.get(name)
        failure = self._rig.failures.get(name)
        readings: Iterable[dict[str, Any]] = ()
        if instrument is not None:
            try:
                self._identities[name] = asdict(instrument.identity)
                readings = read_instrument(name, instrument, self._rig.rig_file.configuration, time.time())
            except RigError as error:
                failure = error
        self._tell(name, readings, failure)
        return instrument is not None and not isinstance(failure, _LOST)

    def verified(self, verdict: SafeVerdict) -> None:
        """A verdict says how things are, at once and without asking."""
        with self._telling:
            if not self._verified.take(verdict, time.time()):
                return
            shown = self._desk.picture["instruments"]
            for name, state in shown.items():
                readings = self._verified.over(name, state["readings"])
                if readings != state["readings"]:
                    state = {**state, "readings": readings}
                    self._desk.tell("readings", instrument=name, instrument_state=state)
        self.look_now()

    def tell_from_run(self) -> None:
        """Tell what the run itself has read; no instrument is asked."""
        configuration = self._rig.rig_file.configuration
        found = readings_of_run(self._engine.readings, self._run.exposure, configuration)
        for name, readings in found.items():
            if readings:
                self._tell(name, readings, self._rig.failures.get(name))

    def _tell(self, name: str, readings: Iterable[dict[str, Any]], failure: RigError | None = None) -> None:
        failure = failure or self._rig.failures.get(name)
        trouble = None if failure is None else trouble_of(name, failure)
        there = name in self._rig.connected and not isinstance(failure, InstrumentConnectionError)
        state: dict[str, Any] = {
            "connected": there,
            "problem": None if trouble is None else trouble.problem,
            "mend": None if trouble is None else trouble.mend,
            "identity": self._identities.get(name),
        }
        with self._telling:
            state["readings"] = self._verified.over(name, readings)
            self._desk.tell("readings", instrument=name, instrument_state=state)
