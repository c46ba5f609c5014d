"""Status model and error queue of the Series 4000 (SCPI-99 volume 1, chapter 9)."""

from __future__ import annotations

from collections import deque
from enum import IntFlag

from sim.instruments.scpi import QUEUE_OVERFLOW

_QUEUE_LENGTH = 10
"""Manual v3.3, chapter 4."""


class Measurement(IntFlag):
    """Bits of the MEASurement group."""

    KEY_LOCK = 1
    COMPLIANCE_VOLTAGE = 2
    INTERLOCK = 4
    CURRENT_LIMIT = 8
    LD_ENABLE = 16
    OPTICAL_POWER_LIMIT = 32
    TEMPERATURE_PROTECTION = 256
    TEMPERATURE_WINDOW = 512
    SENSOR_FAILURE = 1024
    TEC_VOLTAGE = 2048
    TEC_CABLE = 4096
    OVER_TEMPERATURE = 16384


class Operation(IntFlag):
    """Bits of the OPERation group."""

    AUTO_TUNE = 0x0080
    LASER_ON = 0x0800
    TEC_ON = 0x1000


class Questionable(IntFlag):
    """Bits of the QUEStionable group."""

    VOLTAGE = 1
    CURRENT = 2
    POWER = 8
    TEMPERATURE = 16
    COMMAND_WARNING = 0x4000


class StatusGroup:
    """One 16-bit group: a live condition, filters, and an event register that latches."""

    def __init__(self) -> None:
        self.condition = 0
        self.event = 0
        self.enable = 0
        self.positive_transition = 0x7FFF
        self.negative_transition = 0

    def update(self, condition: int) -> None:
        """Take a new condition and latch the transitions that the filters let through."""
        rising = condition & ~self.condition
        falling = self.condition & ~condition
        self.event |= (rising & self.positive_transition) | (falling & self.negative_transition)
        self.condition = condition

    def preset(self) -> None:
        """``STATus:PRESet``: rising conditions become events, nothing is reported."""
        self.enable, self.positive_transition, self.negative_transition = 0, 0x7FFF, 0

    def read_event(self) -> int:
        """The latched events; reading clears them."""
        event, self.event = self.event, 0
        return event

    @property
    def summary(self) -> bool:
        """Whether an enabled event is latched."""
        return bool(self.event & self.enable)


class ErrorQueue:
    """First in, first out; the last entry becomes -350 when it is full."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, str]] = deque()

    def push(self, code: int, text: str) -> None:
        """Append an error."""
        if len(self._entries) >= _QUEUE_LENGTH:
            self._entries[-1] = QUEUE_OVERFLOW
            return
        self._entries.append((code, text))

    def pop(self) -> str:
        """The oldest entry as the instrument prints it, ``+0,"No error"`` when there is none."""
        code, text = self._entries.popleft() if self._entries else (0, "No error")
        return f'{code:+d},"{text}"'

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


class Ieee488:
    """Standard event status and service request registers (IEEE 488.2, chapter 11)."""

    def __init__(self) -> None:
        self.event_status = 0x80  # power on
        self.event_enable = 0
        self.service_enable = 0

    def note_error(self, code: int) -> None:
        """Set the event bit of an error class."""
        for lowest, bit in ((-199, 0x20), (-299, 0x10), (-399, 0x08), (-499, 0x04)):
            if lowest <= code <= lowest + 99:
                self.event_status |= bit
        if code > 0:
            self.event_status |= 0x08

    def read_event_status(self) -> int:
        """The event status register; reading clears it."""
        value, self.event_status = self.event_status, 0
        return value

    @property
    def summary(self) -> bool:
        """Whether an enabled standard event is set."""
        return bool(self.event_status & self.event_enable)
