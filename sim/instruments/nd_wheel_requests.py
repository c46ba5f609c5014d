"""What the wheel's board does with a request: the verbs of NDW/1, configuration and EEPROM.

One `Controller` lives from one boot of the board to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sim.instruments.nd_wheel_board import TICKS_PER_MS, Motion, State
from sim.instruments.nd_wheel_motion import Mechanics
from sim.instruments.nd_wheel_words import (
    DEFAULTS,
    FIRMWARE_VERSION,
    ErrorCode,
    RefusedError,
    Request,
    configuration_is_valid,
    pack_configuration,
    parse_number,
    unpack_configuration,
)

_EEPROM_BYTE_MS = 3.4
_FLAG_DEFAULTS, _FLAG_UNSAVED, _FLAG_WATCHDOG = 0x01, 0x02, 0x04
_FLAG_DRIVER, _FLAG_SAVING = 0x08, 0x10


class Outlets(NamedTuple):
    """Where a controller's consequences go."""

    event: Callable[[str], None]
    """Text of an event."""
    stepped: Callable[[int, bool], None]
    """Tick of a step, and whether it is the last of its movement."""
    released: Callable[[], None]
    """The driver took the current from the motor."""
    reset: Callable[[], None]
    """The board resets itself."""


class Controller:
    """State of the firmware between two boots."""

    def __init__(self, mechanics: Mechanics, eeprom: bytearray, serial_number: str, outlets: Outlets) -> None:
        self.tick = 0
        self._eeprom = eeprom
        self._serial_number = serial_number
        self._outlets = outlets
        self._mechanics = mechanics
        stored = unpack_configuration(bytes(eeprom))
        self._defaults_in_force = stored is None
        self.settings = dict(DEFAULTS if stored is None else stored)
        self._saved = dict(self.settings)
        self._save_done_ms = 0.0
        self._driver_enabled = True
        self.motion = Motion(mechanics, self.settings, outlets.event, outlets.stepped)
        self._verbs: dict[bytes, tuple[int, Callable[..., list[str]]]] = {
            b"ID": (0, self._identify),
            b"STAT": (0, self._status),
            b"HOME": (0, self._home),
            b"MOVE": (1, self._move),
            b"MOVR": (1, self._move_relative),
            b"STOP": (0, self._stop),
            b"ABRT": (0, self._abort),
            b"EN": (1, self._enable),
            b"GET": (1, self._get),
            b"SET": (2, self._set),
            b"SAVE": (0, self._save),
            b"CLR": (0, self._clear),
            b"RST": (0, self._reset),
        }

    @property
    def uptime_ms(self) -> int:
        """Milliseconds since the boot."""
        return self.tick // TICKS_PER_MS

    def execute(self, request: Request) -> list[str]:
        """Do it; returns the fields of the reply.

        Raises:
            RefusedError: the reply is ERR.
        """
        verb, *arguments = request.words
        if verb not in self._verbs:
            raise RefusedError(ErrorCode.VERB)
        count, handler = self._verbs[verb]
        if len(arguments) != count:
            raise RefusedError(ErrorCode.ARG)
        return handler(*arguments)

    def _identify(self) -> list[str]:
        return ["NDWHEEL", FIRMWARE_VERSION, "NDW/1", self._serial_number]

    def _status(self) -> list[str]:
        motion = self.motion
        flags = _FLAG_DEFAULTS * self._defaults_in_force
        flags |= _FLAG_UNSAVED * (self.settings != self._saved)
        flags |= _FLAG_WATCHDOG * motion.watchdog_stopped
        flags |= _FLAG_DRIVER * self._driver_enabled
        flags |= _FLAG_SAVING * self._saving
        numbers = [motion.position, motion.target, int(motion.homed), int(motion.switch)]
        return [motion.state.value, *map(str, numbers), f"{flags:02X}", str(self.uptime_ms)]

    def _must_be_able_to_move(self) -> None:
        if self.motion.state is State.FAULT:
            raise RefusedError(ErrorCode.FAULT)
        if self.motion.moving:
            raise RefusedError(ErrorCode.BUSY)
        if not self._driver_enabled:
            raise RefusedError(ErrorCode.DISABLED)

    def _home(self) -> list[str]:
        self._must_be_able_to_move()
        self.motion.home(self.tick)
        return []

    def _move(self, word: bytes) -> list[str]:
        self._go_to(parse_number(word), 0)
        return []

    def _move_relative(self, word: bytes) -> list[str]:
        self._go_to(parse_number(word), self.motion.position)
        return []

    def _go_to(self, number: int, origin: int) -> None:
        self._must_be_able_to_move()
        if not self.motion.homed:
            raise RefusedError(ErrorCode.NOTHOMED)
        if not self.settings["SMIN"] <= number + origin <= self.settings["SMAX"]:
            raise RefusedError(ErrorCode.RANGE)
        self.motion.move(self.tick, number + origin)

    def _stop(self) -> list[str]:
        position = self.motion.position
        self.motion.stop(self.tick)
        return [str(position)]

    def _abort(self) -> list[str]:
        self.motion.abort()
        self._switch_driver(enabled=False)
        return []

    def _switch_driver(self, *, enabled: bool) -> None:
        if self._driver_enabled and not enabled:
            self._mechanics.release()
            self._outlets.released()
            self.motion.switch_may_have_changed(self.tick)
        self._driver_enabled = enabled

    def _enable(self, word: bytes) -> list[str]:
        number = parse_number(word)
        if number not in (0, 1):
            raise RefusedError(ErrorCode.RANGE)
        if self.motion.moving:
            raise RefusedError(ErrorCode.BUSY)
        if not number:
            self.motion.abort()
        self._switch_driver(enabled=bool(number))
        return []

    def _get(self, word: bytes) -> list[str]:
        key = word.decode("latin-1")
        if key == "EDGE":
            if self.motion.edge is None:
                raise RefusedError(ErrorCode.NOTHOMED)
            return [str(self.motion.edge)]
        if key not in self.settings:
            raise RefusedError(ErrorCode.ARG)
        return [str(self.settings[key])]

    def _set(self, word: bytes, number: bytes) -> list[str]:
        key = word.decode("latin-1")
        if key not in self.settings:
            raise RefusedError(ErrorCode.ARG)
        value = parse_number(number)
        if self.motion.moving or self._saving:
            raise RefusedError(ErrorCode.BUSY)
        if not configuration_is_valid({**self.settings, key: value}):
            raise RefusedError(ErrorCode.RANGE)
        self.settings[key] = value
        return []

    @property
    def _saving(self) -> bool:
        return self.tick < self._save_done_ms * TICKS_PER_MS

    def _save(self) -> list[str]:
        if self.motion.moving or self._saving:
            raise RefusedError(ErrorCode.BUSY)
        image = pack_configuration(self.settings)
        changed = sum(old != new for old, new in zip(self._eeprom, image, strict=False))
        self._eeprom[: len(image)] = image
        self._saved = dict(self.settings)
        self._defaults_in_force = False
        self._save_done_ms = self.uptime_ms + changed * _EEPROM_BYTE_MS
        return []

    def _clear(self) -> list[str]:
        self.motion.clear_fault()
        return []

    def _reset(self) -> list[str]:
        if self._saving:
            raise RefusedError(ErrorCode.BUSY)
        self._outlets.reset()
        return []
