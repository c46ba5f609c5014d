"""Manual control: one action at a time, within the rig's limits, only while nothing else uses the rig."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drivers.errors import OutOfRangeError, RigError
from plqy_rig.engine import CommandRefusedError, Safety
from plqy_rig.host import manual_actions as actions
from plqy_rig.host.manual_arguments import Angle, Celsius, Current, Manual, OnOrOff, Opening, Spectrum
from plqy_rig.host.occupation import Use
from plqy_rig.host.table import Command, Commands, NoArguments, carry_out

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost

log = logging.getLogger(__name__)

LASER_OFF_AFTER_S = 600.0
"""Rig seconds without an action after which a laser that was switched on by hand goes off."""
_TIMER_MARGIN_S = 1.0


class ManualControl:
    """Actions by hand. What fails in an unexpected way ends in the safe state, verified and told.

    The rig counts as used by hand as long as the laser is on or the shutter open.
    """

    def __init__(self, host: RigHost) -> None:
        """Make it.

        Args:
            host: whose rig is used.
        """
        self._host = host
        self._acting = threading.Lock()
        self._stops = 0
        self._laser_on = False
        self._shutter_open = False
        self._last_action_s = 0.0
        self._wake = threading.Event()
        self._actions: Commands = {
            "laser_temperature": Command(Celsius, self._laser_temperature),
            "temperature_control": Command(OnOrOff, self._temperature_control),
            "laser_on": Command(Current, self._switch_laser_on),
            "laser_off": Command(NoArguments, self._switch_laser_off),
            "open_shutter": Command(Opening, self._open_shutter),
            "close_shutter": Command(NoArguments, self._close_shutter),
            "move_wheel": Command(Angle, self._move_wheel),
            "home_wheel": Command(NoArguments, self._home_wheel),
            "detector_temperature": Command(Celsius, self._detector_temperature),
            "take_spectrum": Command(Spectrum, self._take_spectrum),
            "read_monitor": Command(NoArguments, self._read_monitor),
        }

    def table(self) -> Commands:
        """Give the command by name."""
        return {"manual": Command(Manual, self._act)}

    def _act(self, given: Manual) -> dict[str, Any]:
        values = given.model_dump()
        action = values.pop("action")
        self._host.occupation.require(Use.IDLE, Use.MANUAL, verb=f"do {action} by hand")
        return carry_out(self._actions, action, values)

    # -- around every action ----------------------------------------------------------------------

    @contextmanager
    def _using(self, what: str, *, always: bool = False) -> Iterator[None]:
        """Use the rig for one action.

        Args:
            what: in words.
            always: for actions that take light off: beside whatever another one does.
        """
        if not always and not self._acting.acquire(blocking=False):
            raise CommandRefusedError(f"can't {what}: another action is under way")
        before = self._laser_on, self._shutter_open
        try:
            self._host.occupation.take(Use.MANUAL, verb=what, also_from=(Use.MANUAL,))
            self._last_action_s = self._host.rig.clock.monotonic()
            yield
        except OutOfRangeError:
            # A driver refuses before anything moves.
            self._laser_on, self._shutter_open = before
            raise
        except CommandRefusedError:
            raise
        except RigError as error:
            self._make_safe(f"{what}: {error}")
            raise
        except Exception as error:
            log.exception("%s by hand failed in an unforeseen way", what)
            self._make_safe(f"{what}: unforeseen {type(error).__name__}: {error}")
            raise
        finally:
            self._release_if_dark()
            if not always:
                self._acting.release()

    def _make_safe(self, why: str) -> None:
        verdict = self._host.engine.make_safe()
        self._laser_on = self._shutter_open = False
        self._wake.set()
        self._host.engine.notice(f"{why}. The rig was made safe: {verdict}")

    def _release_if_dark(self) -> None:
        if self._laser_on or self._shutter_open or self._host.occupation.use is not Use.MANUAL:
            return
        if self._host.engine.status.safety is Safety.IN_USE:
            # Nothing makes light any more: what is shown is what was verified.
            self._host.engine.make_dark()
        self._host.refresh_engine()
        self._host.occupation.release(Use.MANUAL)

    @contextmanager
    def _light(self) -> Iterator[None]:
        """Around an action that makes light: watched, and taken back if somebody wanted it dark meanwhile."""
        self._host.engine.require_guardian()
        stops = self._stops
        self._host.engine.note_in_use()
        yield
        if self._stops != stops:
            self._make_safe("the rig was made safe meanwhile")
            raise CommandRefusedError("the rig was made safe meanwhile; it stays dark")

    def stop(self) -> None:
        """Somebody makes the rig safe: what makes light just now has to take it back."""
        self._stops += 1
        self._wake.set()

    def ended(self) -> None:
        """The rig was made safe: nothing is in use by hand any more."""
        self._laser_on = self._shutter_open = False
        self._wake.set()
        self._release_if_dark()

    def tick(self) -> None:
        """Switch a laser off that somebody has forgotten."""
        idle_s = self._host.rig.clock.monotonic() - self._last_action_s
        if self._laser_on and not self._acting.locked() and idle_s > LASER_OFF_AFTER_S:
            self._make_safe(f"The laser was on for {idle_s:.0f} s and nobody did anything")
            self._release_if_dark()

    def close(self) -> None:
        """The host ends: no timed opening goes on."""
        self.stop()

    # -- laser ------------------------------------------------------------------------------------

    def _laser_temperature(self, given: Celsius) -> dict[str, Any]:
        laser = actions.present(self._host.rig.laser, "laser")
        section = self._host.rig.rig_file.configuration.laser
        actions.require_within("celsius", given.celsius, section.temperature_range_c, "°C")
        self._in_background(
            f"laser to {given.celsius:g} °C",
            lambda: laser.stabilise_temperature(given.celsius, timeout_s=actions.TEMPERATURE_TIMEOUT_S),
        )
        return {"begun": True}

    def _temperature_control(self, given: OnOrOff) -> None:
        with self._using("switch the temperature control"):
            if self._laser_on and not given.on:
                raise CommandRefusedError("can't switch temperature control off: the laser is on")
            actions.switch_temperature_control(self._host.rig.laser, on=given.on)

    def _switch_laser_on(self, given: Current) -> None:
        laser = actions.present(self._host.rig.laser, "laser")
        limit_a = self._host.rig.rig_file.configuration.laser.current_limit_a
        actions.require_within("current_a", given.current_a, (0.0, limit_a), "A")
        with self._using("switch the laser on"), self._light():
            self._laser_on = True
            laser.switch_on(given.current_a)

    def _switch_laser_off(self, given: NoArguments) -> None:
        laser = actions.present(self._host.rig.laser, "laser")
        with self._using("switch the laser off", always=True):
            self._stops += 1
            laser.switch_off()
            self._laser_on = False

    # -- shutter ----------------------------------------------------------------------------------

    def _open_shutter(self, given: Opening) -> dict[str, Any]:
        rig = self._host.rig
        shutter = actions.present(rig.shutter, "shutter")
        monitor = actions.present(rig.monitor, "monitor")
        with self._using("open the shutter"):
            actions.prepare_monitor(monitor, rig)
            over = self._wake = threading.Event()
            with self._light():
                self._shutter_open = True
                shutter.open_for(given.seconds + _TIMER_MARGIN_S)
                power_w = actions.require_power_within_limit(rig) if self._laser_on else None
            threading.Thread(
                target=self._close_after, args=(given.seconds, over), name="timed opening", daemon=True
            ).start()
        return {"power_w": power_w}

    def _close_after(self, seconds: float, over: threading.Event) -> None:
        """Close the shutter when its time is over, before its own timer does."""
        over.wait(seconds / self._host.rig.clock.speed)
        if not self._shutter_open or self._wake is not over:
            return
        try:
            self._close_shutter(NoArguments())
        except RigError as error:
            log.warning("the timed opening's end: %s", error)

    def _close_shutter(self, given: NoArguments) -> None:
        shutter = actions.present(self._host.rig.shutter, "shutter")
        with self._using("close the shutter", always=True):
            self._stops += 1
            shutter.close_blade()
            self._shutter_open = False
            self._wake.set()

    # -- wheel ------------------------------------------------------------------------------------

    def _move_wheel(self, given: Angle) -> dict[str, Any]:
        wheel = actions.present(self._host.rig.attenuator, "attenuator")
        actions.require_within("angle_deg", given.angle_deg, wheel.angle_range_deg, "°")
        with self._using("move the wheel"):
            self._require_shutter_closed("move the wheel")
            wheel.move_to(given.angle_deg)
            return {"angle_deg": wheel.angle_deg}

    def _home_wheel(self, given: NoArguments) -> dict[str, Any]:
        wheel = actions.present(self._host.rig.attenuator, "attenuator")
        with self._using("home the wheel"):
            # Homing may cross the clear sector of the wheel.
            self._require_shutter_closed("home the wheel")
            wheel.home()
            return {"angle_deg": wheel.angle_deg}

    def _require_shutter_closed(self, what: str) -> None:
        if not actions.present(self._host.rig.shutter, "shutter").blade_closed:
            raise CommandRefusedError(f"can't {what}: the shutter is open; close it first")

    # -- looking ----------------------------------------------------------------------------------

    def _detector_temperature(self, given: Celsius) -> dict[str, Any]:
        spectrometer = actions.present(self._host.rig.spectrometer, "spectrometer")
        self._in_background(
            f"detector to {given.celsius:g} °C",
            lambda: spectrometer.stabilise_temperature(
                given.celsius, timeout_s=actions.TEMPERATURE_TIMEOUT_S
            ),
        )
        return {"begun": True}

    def _take_spectrum(self, given: Spectrum) -> dict[str, Any]:
        spectrometer = actions.present(self._host.rig.spectrometer, "spectrometer")
        with self._using("take a spectrum"):
            return actions.take_spectrum(spectrometer, given.integration_time_s, given.scans)

    def _read_monitor(self, given: NoArguments) -> dict[str, Any]:
        monitor = actions.present(self._host.rig.monitor, "monitor")
        with self._using("read the monitor"):
            actions.prepare_monitor(monitor, self._host.rig)
            return {"power_w": actions.read_power_w(monitor)}

    def _in_background(self, what: str, act: Callable[[], object]) -> None:
        """Temperatures take minutes, and a run waits for them itself: nobody has to wait here."""
        with self._using(f"bring the {what}"):
            threading.Thread(target=self._wait, args=(what, act), name=what, daemon=True).start()

    def _wait(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
            self._host.engine.notice(f"By hand: {what}, reached.")
        except RigError as error:
            if self._laser_on:
                self._make_safe(f"{what}: {error}")
                self._release_if_dark()
            else:
                self._host.desk.tell("notice", sentence=f"{what}: {error}", warning=True)
