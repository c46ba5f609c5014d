"""What the wheel's board tells about itself, and what its refusals mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag


class WheelState(Enum):
    """State of the board."""

    BOOT = "BOOT"
    UNHOMED = "UNHOMED"
    HOMING = "HOMING"
    IDLE = "IDLE"
    MOVING = "MOVING"
    FAULT = "FAULT"


class WheelFlag(IntFlag):
    """Flags of STAT."""

    DEFAULTS_IN_FORCE = 0x01
    """The configuration in the EEPROM was unreadable at boot."""
    UNSAVED = 0x02
    """The configuration differs from the stored one."""
    WATCHDOG_STOPPED = 0x04
    """The host was silent for too long; the last movement was stopped before its end."""
    DRIVER_ENABLED = 0x08
    SAVING = 0x10


class WheelError(IntEnum):
    """Codes of refusals and faults."""

    FRAME = 1
    CRC = 2
    VERB = 3
    ARG = 4
    NOTHOMED = 5
    BUSY = 6
    RANGE = 7
    HOMEFAIL = 8
    LIMIT = 9
    DISABLED = 10
    OVERRUN = 11
    FAULT = 12


IN_WORDS: dict[int, str] = {
    WheelError.FRAME: "the board could not read the request",
    WheelError.CRC: "the request arrived damaged",
    WheelError.VERB: "the board does not know this request; its firmware may be older than this program",
    WheelError.ARG: "the board does not understand the request's argument",
    WheelError.NOTHOMED: "its position is not known: home the wheel again",
    WheelError.BUSY: "it is still moving",
    WheelError.RANGE: "the board refuses the value: outside its limits",
    WheelError.HOMEFAIL: "homing failed: the home switch never changed where it should. Check that the motor "
    "turns, the cable and position of the home switch, and the flag on the wheel; then home again",
    WheelError.LIMIT: "the home switch was seen where none is expected: steps were lost or the switch is "
    "stuck. Check that the wheel turns freely; then home again",
    WheelError.DISABLED: "the motor driver is switched off: home the wheel again",
    WheelError.OVERRUN: "the request was too long or came too fast",
    WheelError.FAULT: "it is in its fault state: home the wheel again",
}


@dataclass(frozen=True)
class Status:
    """One look at the board."""

    state: WheelState
    position: int
    """Microsteps from the home edge; means something only if `homed`."""
    target: int
    homed: bool
    switch_active: bool
    flags: WheelFlag
    uptime_ms: int

    @property
    def moving(self) -> bool:
        """Get whether the motor turns."""
        return self.state in (WheelState.MOVING, WheelState.HOMING)


def parse_status(fields: tuple[str, ...]) -> Status:
    """Read the fields of a reply to STAT.

    Raises:
        ValueError: fields missing, or no numbers.
    """
    state, position, target, homed, switch, flags, uptime = fields
    return Status(
        state=WheelState(state),
        position=int(position),
        target=int(target),
        homed=homed == "1",
        switch_active=switch == "1",
        flags=WheelFlag(int(flags, 16)),
        uptime_ms=int(uptime),
    )
