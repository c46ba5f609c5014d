"""What the SC10 can be asked and told: one property per command."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import Any

from pymeasure.instruments import Instrument

from drivers.errors import InstrumentProtocolError
from drivers.readings import one_of, truth_value, whole_number, whole_within
from drivers.sc10.line import SHUTTER_NAME, PromptInstrument

_LONGEST_TIME_MS = 999_999


class Mode(IntEnum):
    """What "enabled" means at the front panel."""

    MANUAL = 1
    """Enabled is open."""
    AUTO = 2
    SINGLE = 3
    REPEAT = 4
    EXTERNAL_GATE = 5


def _whole(what: str) -> Any:
    return partial(whole_number, instrument=SHUTTER_NAME, what=what)


def _truth(what: str) -> Any:
    return partial(truth_value, instrument=SHUTTER_NAME, what=what)


def _mode(reply: str) -> Mode:
    number = whole_number(reply, instrument=SHUTTER_NAME, what="mode")
    try:
        return Mode(number)
    except ValueError as error:
        raise InstrumentProtocolError(SHUTTER_NAME, f"mode: {number} is none of 1 to 5") from error


class ShutterSettings(PromptInstrument):
    """The commands of the SC10; what to do with them in which order is `SC10`'s."""

    def __init__(self, adapter: Any, name: str = SHUTTER_NAME, **kwargs: Any) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a pymeasure Adapter or a VISA resource name (``ASRL...``).
            name: what the operator calls the instrument.
            kwargs: `reply_timeout_s`; the rest goes to the VISA adapter.
        """
        super().__init__(adapter, name, **kwargs)

    id = Instrument.measurement(
        "id?",
        """Get model and firmware (str).""",
        cast=str,
    )

    enabled = Instrument.measurement(
        "ens?",
        """Get whether the output is enabled (bool); only in manual mode does that mean open.""",
        cast=_truth("enable state"),
    )

    blade_closed = Instrument.measurement(
        "closed?",
        """Get what the blade sensor says now (bool, True is closed).""",
        cast=_truth("blade sensor"),
    )

    interlock_open = Instrument.measurement(
        "interlock?",
        """Get whether the interlock is open (bool).""",
        cast=_truth("interlock"),
    )

    mode = Instrument.control(
        "mode?",
        "mode=%d",
        """Control the operating mode (`Mode` or 1 to 5); see `use_manual_mode` for a safe change.""",
        validator=one_of,
        values=tuple(Mode),
        cast=_mode,
    )

    open_time_ms = Instrument.control(
        "open?",
        "open=%d",
        """Control how long the timed modes stay open, ms (whole number from 1 to 999999).""",
        validator=whole_within,
        values=(1, _LONGEST_TIME_MS),
        cast=_whole("open time, ms"),
    )

    shut_time_ms = Instrument.control(
        "shut?",
        "shut=%d",
        """Control how long the timed modes stay closed, ms (whole number from 1 to 999999).""",
        validator=whole_within,
        values=(1, _LONGEST_TIME_MS),
        cast=_whole("closed time, ms"),
    )

    repetitions = Instrument.control(
        "rep?",
        "rep=%d",
        """Control how many cycles repeat mode does (whole number from 1 to 99).""",
        validator=whole_within,
        values=(1, 99),
        cast=_whole("repetitions"),
    )

    external_trigger = Instrument.control(
        "trig?",
        "trig=%d",
        """Control whether the timed modes wait for the trigger input (bool).""",
        validator=one_of,
        values=(True, False),
        cast=_truth("trigger"),
    )

    trigger_out_follows_controller = Instrument.control(
        "xto?",
        "xto=%d",
        """Control whether the trigger output follows the controller rather than the blade (bool).""",
        validator=one_of,
        values=(True, False),
        cast=_truth("trigger output"),
    )
