"""A pause: the shutter verified closed, the laser by its policy, until nothing holds the run any more."""

from __future__ import annotations

import logging
import time

from drivers.errors import InstrumentError, InterlockError, RigError
from plqy_rig.data import StorageError
from plqy_rig.engine.core import DARKNESS, INSTRUMENT, STORAGE, Core
from plqy_rig.engine.interlocks import DETECTOR_TEMPERATURE, MONITOR_DRIFT
from plqy_rig.engine.states import EngineState, Safety
from plqy_rig.engine.store import RunStore
from plqy_rig.rig import NAMES
from procedures.exposure import NotDarkError, require_darkness

log = logging.getLogger(__name__)

_POLL_S = 0.05
_LOOK_INTERVAL_S = 1.0
"""Real seconds between looks at what holds."""
_REMEDY_INTERVAL_S = 10.0
_PAUSABLE = frozenset({EngineState.PREPARING, EngineState.RUNNING, EngineState.WAITING_FOR_OPERATOR})


class Pause:
    """One pause of a run.

    Attributes:
        laser_stayed_on: whether the laser was on behind the closed shutter all the while.
    """

    def __init__(self, core: Core, store: RunStore) -> None:
        """Prepare it; `enter` begins it.

        Args:
            core: the engine's.
            store: the run's, whose unsaved data are saved when that is possible again.
        """
        self._core = core
        self._store = store
        self._safety = core.rig.rig_file.configuration.safety
        self._began_s = 0.0
        self._next_look = 0.0
        self._next_remedy = 0.0
        self._error: RigError | None = None
        self.laser_stayed_on = False

    def enter(self, error: RigError | None) -> None:
        """Take the light off and verify; an error takes the whole rig into the safe state.

        Args:
            error: what ended the attempt; None when it was stopped between two steps.
        """
        core = self._core
        sentences = "; ".join(hold.sentence for hold in core.holds)
        core.states.change_from(_PAUSABLE, EngineState.PAUSING, sentences if error is None else str(error))
        if error is None and self._safety.laser_off_after_pause_s > 0:
            core.make_dark()
        else:
            core.make_safe()
        self._began_s = core.rig.clock.monotonic()
        self._note(error)
        if core.safety is Safety.NOT_SAFE:
            core.hold(INSTRUMENT, f"The safe state could not be verified. {core.verdict}")
        core.readings.forget(MONITOR_DRIFT)
        held = "; ".join(hold.sentence for hold in core.holds) or "trying again"
        core.states.change_from(frozenset({EngineState.PAUSING}), EngineState.PAUSED, held)

    def _note(self, error: RigError | None) -> None:
        core = self._core
        if error is None:
            return
        self._error = error
        core.notice(f"{str(error).rstrip('.')}. The light is off; the run is paused.")
        if isinstance(error, StorageError):
            core.hold(STORAGE, f"A point can't be saved, it is kept in memory: {error}")
        elif isinstance(error, InstrumentError) and not isinstance(error, InterlockError):
            core.hold(INSTRUMENT, f"An instrument doesn't answer: {error}")
        elif isinstance(error, NotDarkError):
            core.hold(DARKNESS, f"It isn't dark behind the closed shutter: {error}")
        core.readings.ask(core.rig)
        core.update_holds()

    def wait_until_free(self) -> RigError | None:
        """Wait until nothing holds the run, or an abort was asked for.

        Returns:
            What it would wait for in vain; None otherwise.
        """
        core = self._core
        while not core.aborting():
            self._apply_laser_policy()
            self._look_again()
            if not core.update_holds():
                break
            in_vain = self._waited_s() > self._safety.wait_for_instrument_s
            if in_vain and (core.is_held_by(INSTRUMENT) or core.is_held_by(DARKNESS)):
                return self._error or InstrumentError("rig", "an instrument didn't come back in time")
            core.requests.wake.wait(_POLL_S)
        self.laser_stayed_on = core.safety is Safety.DARK
        return None

    def _waited_s(self) -> float:
        """Real seconds since it began."""
        return (self._core.rig.clock.monotonic() - self._began_s) / self._core.rig.clock.speed

    def _apply_laser_policy(self) -> None:
        core = self._core
        lasted_s = core.rig.clock.monotonic() - self._began_s
        if core.safety is Safety.DARK and lasted_s > self._safety.laser_off_after_pause_s:
            core.notice("The pause is long: the laser is switched off.", warning=False)
            if not core.make_safe().safe:
                core.hold(INSTRUMENT, f"The safe state could not be verified. {core.verdict}")

    def _look_again(self) -> None:
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_INTERVAL_S
        core = self._core
        core.readings.note_disk(self._store.folder)
        core.require_dark()
        if core.is_held_by(STORAGE):
            self._mend_storage()
        if core.is_held_by(INSTRUMENT):
            self._mend_instruments()
        elif core.is_held_by(DARKNESS):
            self._look_for_darkness()
        elif core.holds:
            core.readings.ask(core.rig)
            self._help_temperatures()

    def _mend_storage(self) -> None:
        try:
            self._store.mend()
        except StorageError as error:
            log.warning("%s", error)
            self._core.hold(STORAGE, f"A point can't be saved anywhere, it is kept in memory: {error}")
            return
        self._core.release(STORAGE)

    def _mend_instruments(self) -> None:
        """Ask every instrument whether it is there, and connect anew what isn't."""
        problems = [problem for name in NAMES if (problem := self._mend(name))]
        if problems:
            self._core.hold(INSTRUMENT, f"Waiting for an instrument: {'; '.join(problems)}")
        elif self._core.make_safe().safe:
            self._core.release(INSTRUMENT)

    def _look_for_darkness(self) -> None:
        """Take a dark as long as the one that wasn't."""
        spectrometer = self._core.rig.spectrometer
        if spectrometer is None or not isinstance(self._error, NotDarkError):
            return
        try:
            require_darkness(spectrometer, self._error.integration_time_s)
        except NotDarkError as error:
            self._core.hold(DARKNESS, f"It isn't dark behind the closed shutter: {error}")
        except RigError as error:
            self._core.hold(INSTRUMENT, f"Waiting for an instrument: {error}")
        else:
            self._core.release(DARKNESS)

    def _mend(self, name: str) -> str:
        rig = self._core.rig
        try:
            present = rig.connected.get(name)
            if present is not None:
                present.make_safe()
                return ""
        except RigError as error:
            log.info("%s: %s; connecting anew", name, error)
        try:
            rig.reconnect(name)
        except RigError as error:
            return str(error)
        self._core.notice(f"The {name} is connected again.")
        return ""

    def _help_temperatures(self) -> None:
        """A temperature control that was switched off doesn't come back by itself: set it again."""
        if time.monotonic() < self._next_remedy:
            return
        self._next_remedy = time.monotonic() + _REMEDY_INTERVAL_S
        core, configuration = self._core, self._core.rig.rig_file.configuration
        try:
            if core.is_held_by("laser_tec") and core.rig.laser is not None:
                core.rig.laser.stabilise_temperature(configuration.laser.temperature_c, timeout_s=0.0)
            if core.is_held_by(DETECTOR_TEMPERATURE) and core.rig.spectrometer is not None:
                core.rig.spectrometer.stabilise_temperature(
                    configuration.spectrometer.temperature_c, timeout_s=0.0
                )
        except RigError as error:
            log.info("a temperature isn't there yet: %s", error)
