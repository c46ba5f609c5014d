"""The wheel's board: who it is, what it says of itself, its settings, finding it again."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentTimeoutError,
    OutOfRangeError,
)
from drivers.nd_wheel.conversation import WHEEL_NAME, NumberedInstrument
from drivers.nd_wheel.ports import Opener
from drivers.nd_wheel.status import Status, parse_status
from drivers.nd_wheel.wire import BAUD, Event
from drivers.protocols import Identity

_log = logging.getLogger(__name__)

_CONNECT_ATTEMPTS = 24
"""At 0.25 s each: a boot loader may swallow what comes in during the first two seconds."""
_HOST_SILENCE_S = 2.0
"""Real seconds without a word from us after which the board stops a movement."""
_LONGEST_TIMEOUT_MS = 3_600_000


class WheelBoard(NumberedInstrument):
    """A board with NDW/1 firmware, whatever is done with it."""

    def __init__(
        self,
        adapter: Any,
        name: str = WHEEL_NAME,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        microsteps_per_revolution: int = 3200,
        angle_range_deg: Sequence[float] = (0.5, 265.0),
        **kwargs: Any,
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a VISA resource name or a pymeasure Adapter.
            name: what the operator calls the instrument.
            clock: whose seconds movements take.
            microsteps_per_revolution: of the wheel: motor steps x microsteps x gear ratio.
            angle_range_deg: soft limits, clearest first, degrees.
            kwargs: go to the VISA adapter.

        Raises:
            OutOfRangeError: soft limits or microsteps that the wheel can't have.
        """
        kwargs.setdefault("asrl", {"baud_rate": BAUD})
        super().__init__(adapter, name, **kwargs)
        low, high = angle_range_deg
        if not 0.0 <= low < high <= 270.0:
            raise OutOfRangeError(
                f"{name}: angle range {low:g} to {high:g} degrees; allowed is 0 <= lowest < highest <= 270 "
                "(behind 270 degrees is the seam to the clear sector)"
            )
        if not 512 <= microsteps_per_revolution <= 51200:
            raise OutOfRangeError(
                f"{name}: {microsteps_per_revolution} microsteps per revolution; allowed is 512 to 51200"
            )
        self._clock = clock
        self._microsteps_per_revolution = microsteps_per_revolution
        self._angle_range_deg = (float(low), float(high))
        self._identity: Identity | None = None
        self._reset_seen = False
        self._last_uptime_ms = 0
        self._fault_code = 0
        self._opener: Opener | None = None
        self._candidates: Callable[[], Iterable[str]] = list

    def _wait_for_board(self) -> None:
        try:
            answer = self._exchange("ID", attempts=_CONNECT_ATTEMPTS)
        except (InstrumentTimeoutError, InstrumentProtocolError) as error:
            raise InstrumentConnectionError(
                self.name,
                "no NDW/1 board answers at this port: is it the right one, and was the board flashed?",
            ) from error
        self._identity = self._to_identity(answer.reply.fields)
        self._reset_seen = False

    def _to_identity(self, fields: tuple[str, ...]) -> Identity:
        if len(fields) != 4 or fields[0] != "NDWHEEL" or fields[2] != "NDW/1":
            raise InstrumentConnectionError(
                self.name, f"the board says {' '.join(fields)!r}; this program needs an ND wheel with NDW/1"
            )
        return Identity("PLQY rig", fields[0], fields[3], fields[1])

    def _reconnect_if_lost(self) -> None:
        if not self._connection_lost or self._opener is None:
            return
        before = self._identity
        with contextlib.suppress(OSError):
            self.adapter.close()
        for port in dict.fromkeys([self.adapter.connection.port, *self._candidates()]):
            with contextlib.suppress(InstrumentError):
                self.adapter = self._opener(port)
                self._connection_lost = False
                self._wait_for_board()
                if before is None or self._identity == before:
                    self._reset_seen = True
                    _log.warning("%s: found again at %s", self.name, port)
                    return
            with contextlib.suppress(OSError):
                self.adapter.close()
        self._connection_lost, self._identity = True, before
        raise InstrumentConnectionError(self.name, "unplugged: plug the board in again, then home the wheel")

    def configure(self) -> None:
        """Write microsteps per revolution, soft limits and time-out into the board, if they differ.

        Raises:
            InstrumentReportedError: the board refuses a value.
        """
        turn = self._microsteps_per_revolution
        low, high = (self._to_microsteps(angle) for angle in self._angle_range_deg)
        silence_ms = min(round(1000 * _HOST_SILENCE_S * max(1.0, self._clock.speed)), _LONGEST_TIMEOUT_MS)
        wanted = {"SPR": turn, "SMIN": low, "SMAX": high, "TOUT": silence_ms}
        present = {key: self._get_number(key) for key in wanted}
        changes = [(key, value) for key, value in wanted.items() if present[key] != value]
        if turn < present["SPR"]:  # the limits have to fit at every moment
            changes.sort(key=lambda change: change[0] == "SPR")
        if low >= present["SMAX"]:
            changes.sort(key=lambda change: change[0] == "SMIN")
        for key, value in changes:
            self.request(f"SET {key} {value}")

    def _get_number(self, key: str) -> int:
        fields = self.request(f"GET {key}")
        try:
            return int(fields[0])
        except (ValueError, IndexError) as error:
            raise InstrumentProtocolError(self.name, f"{key} is {fields!r}, not a number") from error

    @property
    def identity(self) -> Identity:
        """Get who the board says it is; asked once."""
        if self._identity is None:
            self._identity = self._to_identity(self.request("ID"))
        return self._identity

    @property
    def wheel_status(self) -> Status:
        """Get state, position, switch and flags now."""
        fields = self.request("STAT")
        try:
            status = parse_status(fields)
        except ValueError as error:
            raise InstrumentProtocolError(self.name, f"status makes no sense: {fields!r}") from error
        if status.uptime_ms < self._last_uptime_ms:
            self._reset_seen = True
        self._last_uptime_ms = status.uptime_ms
        return status

    def _note_event(self, event: Event) -> None:
        _log.debug("%s: event %s %s", self.name, event.name, event.fields)
        if event.name == "BOOT":
            self._reset_seen = True
        elif event.name == "FAULT" and event.fields and event.fields[0].isdecimal():
            self._fault_code = int(event.fields[0])

    def _to_microsteps(self, angle_deg: float) -> int:
        highest = self._microsteps_per_revolution * 3 // 4  # 270 degrees need not be a whole number of them
        return min(round(angle_deg * self._microsteps_per_revolution / 360.0), highest)

    def _to_degrees(self, position: int) -> float:
        return position * 360.0 / self._microsteps_per_revolution
