"""Thorlabs SC10: controller of a beam shutter. It is no safety component, says its own manual."""

from __future__ import annotations

import logging
import math
from typing import Any, Self

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InterlockError,
    RigError,
    SafetyError,
)
from drivers.protocols import Identity
from drivers.readings import whole_within, within
from drivers.sc10.line import (
    BAUD_RATES,
    DEFAULT_TIMEOUT_S,
    SHUTTER_NAME,
    SilentLineError,
    open_serial_adapter,
)
from drivers.sc10.settings import Mode, ShutterSettings

_log = logging.getLogger(__name__)

_BLADE_TIMEOUT_S = 0.5
_BLADE_POLL_S = 0.005
_ATTEMPTS = 3
_TIMER_RANGE_S = (0.001, 999.999)


class SC10(ShutterSettings):
    """A shutter (protocol `Shutter`). Safe state: closed.

    The instrument only knows how to toggle, and a person may do it at the front panel: nothing is
    remembered, every action begins with a look and ends with the blade sensor.
    """

    def __init__(
        self,
        adapter: Any,
        name: str = SHUTTER_NAME,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        **kwargs: Any,
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a pymeasure Adapter or a VISA resource name (``ASRL...``).
            name: what the operator calls the instrument.
            clock: whose seconds the blade travels in.
            kwargs: `reply_timeout_s`; the rest goes to the VISA adapter.
        """
        super().__init__(adapter, name, **kwargs)
        self._clock = clock
        self._identity: Identity | None = None
        self._port: str | None = None
        self._baud = BAUD_RATES[0]
        self._timed = False

    @property
    def identity(self) -> Identity:
        """Get who the instrument says it is; asked once. It tells no serial number."""
        if self._identity is None:
            self._identity = self._ask_identity()
        return self._identity

    @classmethod
    def connect(
        cls,
        port: str,
        *,
        baud: int = BAUD_RATES[0],
        clock: Clock = Clock(),  # noqa: B008 - frozen
        timeout_s: float = DEFAULT_TIMEOUT_S,
        name: str = SHUTTER_NAME,
    ) -> Self:
        """Open, find the baud rate, check who answers, go to manual mode; opens nothing.

        Args:
            port: serial port or pyserial URL.
            baud: tried first, the other one after it.
            clock: whose seconds the blade travels in.
            timeout_s: for a whole reply, real seconds.
            name: what the operator calls the instrument.

        Raises:
            InstrumentConnectionError: not there, in use, no permission, or something else answers.
            InstrumentTimeoutError: nothing answers at either baud rate.
        """
        shutter = cls(open_serial_adapter(port, baud), name=name, clock=clock, reply_timeout_s=timeout_s)
        shutter._port = port
        try:
            shutter._find_baud_rate(baud)
            _ = shutter.identity
            shutter.use_manual_mode()
        except BaseException:
            shutter.close()
            raise
        return shutter

    def reconnect(self) -> None:
        """Open the port anew, after its adapter was unplugged; the baud rate stays.

        Raises:
            InstrumentConnectionError: the port is still not there.
        """
        if self._port is None:
            raise InstrumentConnectionError(self.name, "was not opened by `connect`; make a new driver")
        with self._line_lock:
            self.close()
            self.adapter = open_serial_adapter(self._port, self._baud)
            self.resynchronise()

    def _find_baud_rate(self, first: int) -> None:
        others = [baud for baud in BAUD_RATES if baud != first]
        for baud in (first, *others):
            self.adapter.connection.baudrate = baud
            self._baud = baud
            try:
                self.resynchronise()
                # Noise at the wrong speed may look like a prompt; an identification can't.
                self.retried(self._ask_identity)
            except (InstrumentTimeoutError, InstrumentProtocolError, InstrumentReportedError) as error:
                _log.info("%s: nothing at %d baud (%s)", self.name, baud, error)
            else:
                return
        raise InstrumentTimeoutError(
            self.name, f"no answer at {self._port} at 9600 or 115200 baud; check cable and power"
        )

    def retried(self, query: Any) -> Any:
        """Run a harmless query again when its reply was lost or garbled.

        Raises:
            InstrumentError: every time, or the line is silent: a shutter that is gone must not keep the
                safe state waiting.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return query()
            except SilentLineError:
                raise
            except (InstrumentTimeoutError, InstrumentProtocolError) as error:
                if attempt == _ATTEMPTS:
                    raise
                _log.warning("%s; asking again", error)
        raise AssertionError("the last attempt returns or raises")

    def _ask_identity(self) -> Identity:
        reply = str(self.id)
        words = reply.split()
        upper = [word.upper() for word in words]
        if "SC10" not in upper:
            raise InstrumentConnectionError(
                self.name, f"expected a Thorlabs SC10, but {reply[:80]!r} answers; check the port"
            )
        maker = words[0] if upper[0] == "THORLABS" else "THORLABS"
        return Identity(maker, "SC10", "", words[-1] if upper[-1] != "SC10" else "")

    def use_manual_mode(self) -> None:
        """Go to manual mode without opening: what runs in another mode is disabled first.

        Raises:
            InstrumentReportedError: it did not take it.
        """
        with self._line_lock:
            if self.retried(lambda: self.mode) != Mode.MANUAL:
                # In manual mode "enabled" is open: switching over enabled would open the shutter.
                self._set_enabled(False)
            self._set_mode(Mode.MANUAL)

    def _set_mode(self, mode: Mode) -> None:
        for _ in range(_ATTEMPTS):
            try:
                self.mode = mode
            except (InstrumentTimeoutError, InstrumentProtocolError) as error:
                # Setting a mode twice changes nothing, unlike the toggle.
                _log.warning("%s; setting the mode again", error)
            if self.retried(lambda: self.mode) == mode:
                return
        raise InstrumentReportedError(self.name, f"does not go to {mode.name.lower()} mode")

    def _set_enabled(self, wanted: bool) -> None:
        """Look, toggle when needed, look again; a lost reply is never answered by a blind toggle."""
        for _ in range(_ATTEMPTS):
            if self.retried(lambda: self.enabled) is wanted:
                return
            try:
                self.write("ens")
            except (InstrumentTimeoutError, InstrumentProtocolError) as error:
                _log.warning("%s; looking whether it arrived", error)
        if self.retried(lambda: self.enabled) is not wanted:
            self._raise_not_enabled(wanted)

    def _toggle_towards(self, wanted: bool) -> None:
        """Look and toggle, leaving the last look to the blade sensor."""
        if self.retried(lambda: self.enabled) is wanted:
            return
        try:
            self.write("ens")
        except (InstrumentTimeoutError, InstrumentProtocolError) as error:
            _log.warning("%s; looking whether it arrived", error)
            self._set_enabled(wanted)

    def _raise_not_enabled(self, wanted: bool) -> None:
        if wanted and self.retried(lambda: self.interlock_open):
            raise InterlockError(self.name, "the interlock is open; close it, then try again")
        raise InstrumentReportedError(
            self.name, f"can't be {'enabled' if wanted else 'disabled'}; look at its display"
        )

    def open(self) -> None:
        """Open it and return when the blade sensor says so.

        Raises:
            InterlockError: the interlock is open.
            InstrumentReportedError: the blade does not move.
            InstrumentTimeoutError: no answer.
        """
        with self._line_lock:
            if self.retried(lambda: self.mode) != Mode.MANUAL:
                _log.info("%s: not in manual mode (a timer, or somebody at its panel); back to it", self.name)
                self.use_manual_mode()
            self._timed = False
            self._toggle_towards(True)
            if self._blade_reaches(closed=False):
                return
            self._explain_still_closed()

    @property
    def longest_timed_opening_s(self) -> float:
        """Get the longest time the timer can keep, s."""
        return _TIMER_RANGE_S[1]

    def open_for(self, duration_s: float) -> None:
        """Open it for a time that the controller keeps: it closes by itself even if this computer is gone.

        One cycle of single mode. Its other phase is made 1 ms short, so that it does not matter with which
        of the two the controller begins (that depends on a cursor at its panel nobody can ask for). Close
        it with `close_blade` well before the time is over, and look at `blade_closed` just before that:
        a blade the timer has closed ended the light early.

        Args:
            duration_s: the longest it may be open, s; from 0.001 to 999.999.

        Raises:
            OutOfRangeError: a time the controller can't keep; nothing was sent.
            InterlockError: the interlock is open.
            InstrumentReportedError: the times were not taken, or the blade does not move.
            InstrumentTimeoutError: no answer.
        """
        milliseconds = whole_within(math.ceil(within(duration_s, _TIMER_RANGE_S) * 1000), (1, 999_999))
        with self._line_lock:
            self._timed = True
            self._arm_timer(milliseconds)
            self._toggle_towards(True)
            if not self._blade_reaches(closed=False):
                self._explain_still_closed()

    def _arm_timer(self, open_ms: int) -> None:
        """Single mode with these times, disabled; in another mode "enabled" would mean open for ever."""
        if self.retried(lambda: self.mode) != Mode.SINGLE:
            self._set_enabled(False)
            self._set_mode(Mode.SINGLE)
            self._set_and_look("external_trigger", False)
            self._set_and_look("shut_time_ms", 1)
        elif self.retried(lambda: self.enabled):
            # A cycle that is over may leave it enabled.
            self._set_enabled(False)
        if self.retried(lambda: self.open_time_ms) != open_ms:
            self._set_and_look("open_time_ms", open_ms)

    def _set_and_look(self, setting: str, value: int) -> None:
        for _ in range(_ATTEMPTS):
            try:
                setattr(self, setting, value)
            except (InstrumentTimeoutError, InstrumentProtocolError) as error:
                _log.warning("%s; setting it again", error)
            if self.retried(lambda: getattr(self, setting)) == value:
                return
        raise InstrumentReportedError(self.name, f"does not take {setting} = {value}")

    def _explain_still_closed(self) -> None:
        """The blade has not opened: find out why, and leave the output disabled."""
        interlock = self.retried(lambda: self.interlock_open)
        enabled = self.retried(lambda: self.enabled)
        self._set_enabled(False)
        if interlock:
            raise InterlockError(self.name, "the interlock is open; close it, then try again")
        if enabled:
            raise InstrumentReportedError(
                self.name, "is enabled but the blade stays closed (SHUTTER ALARM); check the shutter's cable"
            )
        raise InstrumentReportedError(self.name, "does not open; look at its display")

    def close_blade(self) -> None:
        """Close it and return when the blade sensor says so.

        Raises:
            InstrumentReportedError: the blade does not move.
            InstrumentTimeoutError: no answer.
        """
        with self._line_lock:
            self._toggle_towards(False)
            if self._timed:
                # The timer may have run out between look and toggle, which then began a new cycle.
                self._set_enabled(False)
            if self._blade_reaches(closed=True):
                return
            # The toggle may have met somebody's key press, or the mode a timer: look once more.
            self.use_manual_mode()
            self._set_enabled(False)
            if not self._blade_reaches(closed=True):
                raise InstrumentReportedError(
                    self.name, "is disabled but the blade stays open; block the beam and check the shutter"
                )

    def _blade_reaches(self, *, closed: bool) -> bool:
        return self._clock.wait_until(
            lambda: self.retried(lambda: self.blade_closed) is closed,
            timeout_s=_BLADE_TIMEOUT_S,
            poll_s=_BLADE_POLL_S,
        )

    def make_safe(self) -> None:
        """Close and verify; tried several times, from any thread, in any state.

        Raises:
            SafetyError: the blade could not be verified closed.
        """
        failure: RigError | None = None
        for _ in range(_ATTEMPTS):
            try:
                if isinstance(failure, InstrumentConnectionError):
                    self.reconnect()
                self.close_blade()
            except InstrumentError as error:
                failure = error
                _log.error("not safe yet: %s", error)
                if isinstance(error, InstrumentReportedError):
                    break  # the blade was given two chances already
            else:
                return
        raise SafetyError(
            f"{self.name}: could not verify that it is closed ({failure}); block the beam by hand"
        ) from failure

    def save_settings(self) -> None:
        """Store mode and times in the instrument; some firmware answers `1`, some nothing."""
        self.ask_lines("savp")

    def shutdown(self) -> None:
        """Make safe and take leave; called at the end of a with block."""
        try:
            self.make_safe()
        finally:
            super().shutdown()
