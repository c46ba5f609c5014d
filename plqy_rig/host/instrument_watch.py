"""What the instruments read: asked about once a second while nothing runs, taken from the run otherwise."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from drivers.errors import InstrumentConnectionError, RigError
from plqy_rig.engine import Engine
from plqy_rig.host.instrument_readings import read_instrument, readings_of_run
from plqy_rig.host.news import NewsDesk
from plqy_rig.host.occupation import Occupation
from plqy_rig.host.run_watch import RunWatch
from plqy_rig.instrument_problems import trouble_of
from plqy_rig.rig import NAMES, Rig

log = logging.getLogger(__name__)

_INTERVAL_S = 1.0
_CLOSE_PATIENCE_S = 3.0


class InstrumentWatch:
    """Keeps the part "instruments" of the picture.

    Each instrument has a thread of its own: one that doesn't answer keeps nobody waiting.
    """

    def __init__(
        self, rig: Rig, engine: Engine, occupation: Occupation, run: RunWatch, desk: NewsDesk
    ) -> None:
        """Prepare it; `start` begins to look.

        Args:
            rig: whose instruments.
            engine: knows what a run has read.
            occupation: says when they may be asked.
            run: knows the last exposure.
            desk: where readings are told.
        """
        self._rig = rig
        self._engine = engine
        self._occupation = occupation
        self._run = run
        self._desk = desk
        self._closing = threading.Event()
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
        deadline = time.monotonic() + _CLOSE_PATIENCE_S
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _work(self, name: str) -> None:
        while not self._closing.is_set():
            try:
                with self._occupation.looking() as allowed:
                    if allowed:
                        self.look_at(name)
            except Exception:
                log.exception("looking at the %s failed in an unforeseen way", name)
            self._closing.wait(_INTERVAL_S)

    def look_at(self, name: str) -> None:
        """Ask an instrument and tell what it says, or why it doesn't."""
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
        state = {
            "connected": there,
            "problem": None if trouble is None else trouble.problem,
            "mend": None if trouble is None else trouble.mend,
            "identity": self._identities.get(name),
            "readings": list(readings),
        }
        self._desk.tell("readings", instrument=name, instrument_state=state)
