"""Words and numbers of the ITC4001: protections, error queue, auto-tune."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from drivers.errors import InstrumentProtocolError
from drivers.readings import whole_number

LASER_NAME = "laser driver (ITC4001)"


class Protection(IntFlag):
    """Condition word of the MEASUREMENT status group (vendor driver TL4000 and manual)."""

    KEY_LOCKED = 1
    COMPLIANCE_VOLTAGE = 2
    INTERLOCK_OPEN = 4
    CURRENT_LIMIT = 8
    OUTPUT_INHIBITED = 16
    OPTICAL_POWER_LIMIT = 32
    TEMPERATURE_PROTECTION = 256
    TEMPERATURE_OUTSIDE_WINDOW = 512
    TEMPERATURE_SENSOR_FAILURE = 1024
    TEC_COMPLIANCE_VOLTAGE = 2048
    TEC_CABLE_FAILURE = 4096
    OVER_TEMPERATURE = 16384


FORBIDS_LIGHT = (
    Protection.KEY_LOCKED
    | Protection.INTERLOCK_OPEN
    | Protection.OUTPUT_INHIBITED
    | Protection.TEMPERATURE_PROTECTION
    | Protection.TEMPERATURE_OUTSIDE_WINDOW
    | Protection.TEMPERATURE_SENSOR_FAILURE
    | Protection.TEC_CABLE_FAILURE
    | Protection.OVER_TEMPERATURE
)
"""The rest are limits at work (current, voltage, power): they bound the light, they don't forbid it."""

TEMPERATURE_FAILURES = (
    Protection.TEMPERATURE_SENSOR_FAILURE | Protection.TEC_CABLE_FAILURE | Protection.OVER_TEMPERATURE
)
"""Waiting longer won't bring the diode to temperature with one of these."""

_WORDS = {
    Protection.KEY_LOCKED: "key switch is locked",
    Protection.COMPLIANCE_VOLTAGE: "diode compliance voltage reached or diode not connected",
    Protection.INTERLOCK_OPEN: "interlock is open",
    Protection.CURRENT_LIMIT: "diode current limit reached",
    Protection.OUTPUT_INHIBITED: "LD-ENABLE input inhibits the output",
    Protection.OPTICAL_POWER_LIMIT: "optical power limit reached",
    Protection.TEMPERATURE_PROTECTION: "temperature protection is active",
    Protection.TEMPERATURE_OUTSIDE_WINDOW: "diode temperature is outside its window",
    Protection.TEMPERATURE_SENSOR_FAILURE: "temperature sensor failure",
    Protection.TEC_COMPLIANCE_VOLTAGE: "TEC compliance voltage reached",
    Protection.TEC_CABLE_FAILURE: "TEC cable failure",
    Protection.OVER_TEMPERATURE: "instrument is too hot",
}


def in_words(protections: Protection) -> tuple[str, ...]:
    """Return one phrase for an operator per protection that is set."""
    return tuple(words for flag, words in _WORDS.items() if flag in protections)


class AutoTuneState(IntEnum):
    """How far the automatic PID tuning is."""

    NEVER_RUN = 0
    RUNNING = 1
    CANCELLED = 2
    FAILED = 3
    DONE = 4


@dataclass(frozen=True)
class AutoTuneProgress:
    """One look at the automatic PID tuning.

    Attributes:
        phase: 0 full, 1 fine.
        count: the instrument's own count of steps.
    """

    state: AutoTuneState
    phase: int
    count: int


def parse_auto_tune(reply: str, instrument: str) -> AutoTuneProgress:
    """Read ``state,phase,count``.

    Raises:
        InstrumentProtocolError: it is something else.
    """
    parts = reply.split(",")
    if len(parts) != 3:
        raise InstrumentProtocolError(instrument, f"auto-tune: expected three numbers, got {reply[:60]!r}")
    numbers = [whole_number(part, instrument=instrument, what="auto-tune") for part in parts]
    try:
        return AutoTuneProgress(AutoTuneState(numbers[0]), numbers[1], numbers[2])
    except ValueError as error:
        raise InstrumentProtocolError(instrument, f"auto-tune: unknown state {numbers[0]}") from error


@dataclass(frozen=True)
class QueuedError:
    """One entry of the error queue; code 0 means that the queue is empty."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


_QUEUED_ERROR = re.compile(r'\s*([+-]?\d{1,6})\s*,\s*"?(.*?)"?\s*', re.DOTALL)


def parse_queued_error(reply: str, instrument: str) -> QueuedError:
    """Read ``+0,"No error"``; a comma in the text is part of the text.

    Raises:
        InstrumentProtocolError: it is something else.
    """
    match = _QUEUED_ERROR.fullmatch(reply)
    if match is None:
        raise InstrumentProtocolError(instrument, f"error queue: expected code and text, got {reply[:60]!r}")
    return QueuedError(int(match[1]), match[2])
