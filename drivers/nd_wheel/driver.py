"""ND wheel: an attenuator whose optical density grows with its angle."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NoReturn, Self

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    OutOfRangeError,
    RigError,
    SafetyError,
)
from drivers.nd_wheel.board import WheelBoard
from drivers.nd_wheel.conversation import WHEEL_NAME, was_busy
from drivers.nd_wheel.ports import open_port, similar_ports
from drivers.nd_wheel.status import IN_WORDS, Status, WheelFlag, WheelState

_log = logging.getLogger(__name__)

_POLL_S = 0.02
_MOVE_TIMEOUT_S = 30.0
_HOME_TIMEOUT_S = 120.0
_MOVE_ATTEMPTS = 3
_SAFE_ATTEMPTS = 3


class NdWheel(WheelBoard):
    """A neutral-density wheel on NDW/1 firmware (protocol `Attenuator`).

    Angles count from the home edge: 0 is the start of the coating, the highest angle the darkest. The
    device alone knows whether its position is good, and is asked each time. Safe state: at its darkest.
    """

    @classmethod
    def connect(
        cls,
        port: str,
        *,
        microsteps_per_revolution: int = 3200,
        angle_range_deg: Sequence[float] = (0.5, 265.0),
        clock: Clock = Clock(),  # noqa: B008 - frozen
        name: str = WHEEL_NAME,
        candidates: Callable[[], Iterable[str]] | None = None,
    ) -> Self:
        """Open, wait until the board is up (opening resets it), check who answers, set limits.

        Nothing moves. Afterwards the wheel is to be homed.

        Args:
            port: device name or pyserial URL.
            microsteps_per_revolution: of the wheel.
            angle_range_deg: soft limits, clearest first, degrees.
            clock: whose seconds movements take.
            name: what the operator calls the instrument.
            candidates: lists the ports at which to look for the board when its port is gone; by
                default all ports with the same USB identity.

        Raises:
            InstrumentConnectionError: not there, busy, or something else answers.
            OutOfRangeError: limits that the wheel can't have.
        """
        opener = partial(open_port, instrument=name)
        wheel = cls(
            opener(port),
            name=name,
            clock=clock,
            microsteps_per_revolution=microsteps_per_revolution,
            angle_range_deg=angle_range_deg,
        )
        wheel._opener = opener
        wheel._candidates = similar_ports(port) if candidates is None else candidates
        try:
            wheel._wait_for_board()
            wheel.configure()
        except BaseException:
            wheel.close()
            raise
        return wheel

    # -- properties ----------------------------------------------------------------------------

    @property
    def homed(self) -> bool:
        """Get whether the position can be trusted, asked of the board (bool)."""
        return self.wheel_status.homed

    @property
    def angle_deg(self) -> float:
        """Get the angle in degrees; `InstrumentError` when not homed (float)."""
        status = self.wheel_status
        self._require_homed(status)
        return status.position * 360.0 / self._microsteps_per_revolution

    @property
    def angle_range_deg(self) -> tuple[float, float]:
        """Get the soft limits, clearest first, degrees (tuple of float)."""
        return self._angle_range_deg

    @property
    def microsteps_per_revolution(self) -> int:
        """Get the microsteps of one turn of the wheel, as this program was told (int)."""
        return self._microsteps_per_revolution

    @property
    def lost_microsteps(self) -> int | None:
        """Get by how much the last homing found the edge off, None if the wheel was not homed before it."""
        reply = self._exchange("GET EDGE").reply
        return None if reply.refused else int(reply.fields[0])

    # -- actions -------------------------------------------------------------------------------

    def home(self) -> None:
        """Find the reference; only with the beam shut: it may cross the clear sector.

        Raises:
            InstrumentReportedError: the home switch was not found, or is stuck.
            InstrumentError: the board was reset meanwhile.
        """
        self.configure()
        self._get_ready_to_move()
        self._reset_seen = False
        self._fault_code = 0
        self._start("HOME", lambda status: status.state is WheelState.HOMING or status.homed)
        status = self._wait_until_still("homing", _HOME_TIMEOUT_S)
        if status.state is not WheelState.IDLE or not status.homed:
            self._raise_for(status, "homing did not finish")
        lost = self.lost_microsteps
        if lost and lost % self._microsteps_per_revolution:
            _log.warning(
                "%s: edge found %d microsteps from where it was at the homing before", self.name, lost
            )

    def move_to(self, angle_deg: float) -> None:
        """Go there, arriving always from the same side; returns when it stands.

        Raises:
            OutOfRangeError: outside the soft limits; nothing moves.
            InstrumentError: not homed, reset or stopped meanwhile.
            InstrumentReportedError: the board found that steps were lost.
        """
        low, high = self._angle_range_deg
        if not low <= angle_deg <= high:
            raise OutOfRangeError(
                f"{self.name}: {angle_deg:g} degrees is outside {low:g} to {high:g} degrees; nothing moved"
            )
        target = self._to_microsteps(angle_deg)
        for _ in range(_MOVE_ATTEMPTS):
            status = self._move_once(target)
            if status.position == target:
                return
            if WheelFlag.WATCHDOG_STOPPED not in status.flags:
                break
            _log.warning("%s: this program was silent for too long, the board stopped; going on", self.name)
        raise InstrumentError(
            self.name,
            f"stopped at {self._to_degrees(status.position):.2f} degrees, on its way to {angle_deg:g}",
        )

    def _move_once(self, target: int) -> Status:
        status = self.wheel_status
        self._require_homed(status)
        if status.moving:
            raise InstrumentError(self.name, "is moving already")
        self._start(f"MOVE {target}", lambda status: status.target == target)
        status = self._wait_until_still("moving", _MOVE_TIMEOUT_S)
        self._require_homed(status)
        return status

    def stop(self) -> None:
        """Decelerate and stand; the position stays good."""
        self.request("STOP")
        self._wait_until_still("stopping", _MOVE_TIMEOUT_S)

    def make_safe(self, *, may_home: bool = True) -> None:
        """Bring the wheel to its darkest and verify that by reading back.

        A wheel that is not homed is homed first, which may turn the clear sector through the beam: the
        shutter is to be closed before.

        Args:
            may_home: False raises instead of homing.

        Raises:
            SafetyError: not verified at its darkest; says why.
        """
        reason = ""
        for _ in range(_SAFE_ATTEMPTS):
            try:
                self._make_dark(may_home=may_home)
            except InstrumentConnectionError as error:
                raise SafetyError(f"the wheel could not be brought to its darkest: {error}") from error
            except RigError as error:
                reason = str(error)
                if isinstance(error, SafetyError):
                    raise
                continue
            return
        raise SafetyError(f"the wheel could not be brought to its darkest: {reason}")

    def _make_dark(self, *, may_home: bool) -> None:
        darkest = self._angle_range_deg[1]
        status = self.wheel_status
        if status.moving:
            self.stop()
            status = self.wheel_status
        if not status.homed and not may_home:
            raise SafetyError(f"{self.name} is not homed: its position is unknown")
        if not status.homed:
            self.home()
        self.move_to(darkest)
        status = self.wheel_status
        if not status.homed or status.moving or status.position != self._to_microsteps(darkest):
            self._raise_for(status, "not at its darkest")

    def close(self) -> None:
        """Give the port back. Changes nothing at the wheel. Callable twice."""
        self._opener = None
        self.adapter.close()

    def shutdown(self) -> None:
        """Bring the wheel to its darkest, as leaving a `with` block does."""
        self.make_safe()
        super().shutdown()

    # -- movements -----------------------------------------------------------------------------

    def _start(self, text: str, under_way: Callable[[Status], bool]) -> None:
        """Send a request that starts a movement; its first copy may have been carried out unheard."""
        answer = self._exchange(text)
        if was_busy(answer) and under_way(self.wheel_status):
            return
        if answer.reply.refused:
            raise self._refusal(text, answer.reply)

    def _wait_until_still(self, what: str, timeout_s: float) -> Status:
        """Ask again and again, which also tells the board that somebody is there."""
        status = self.wheel_status

        def still() -> bool:
            nonlocal status
            status = self.wheel_status
            return not status.moving

        if status.moving and not self._clock.wait_until(still, timeout_s=timeout_s, poll_s=_POLL_S):
            raise InstrumentTimeoutError(self.name, f"still {what} after {timeout_s:g} s")
        return status

    def _get_ready_to_move(self) -> None:
        status = self.wheel_status
        if status.moving:
            self.stop()
        if status.state is WheelState.FAULT:
            self.request("CLR")
        if WheelFlag.DRIVER_ENABLED not in status.flags:
            self.request("EN 1")

    def _require_homed(self, status: Status) -> None:
        if not status.homed or self._reset_seen:
            self._raise_for(status, "its position is not known: home the wheel again")

    def _raise_for(self, status: Status, otherwise: str) -> NoReturn:
        """Raise the error that says best why the wheel isn't where it should be."""
        if status.state is WheelState.FAULT:
            meaning = IN_WORDS.get(self._fault_code, "it is in its fault state: home the wheel again")
            raise InstrumentReportedError(self.name, meaning)
        if self._reset_seen:
            raise InstrumentError(
                self.name, "its board was reset, so its position is lost: home the wheel again"
            )
        raise InstrumentError(self.name, f"{otherwise} (state {status.state.value})")
