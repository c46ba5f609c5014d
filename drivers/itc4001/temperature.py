"""The temperature controller inside the ITC4001 (output 2)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from pymeasure.instruments import Channel

from drivers.clock import Clock
from drivers.errors import (
    InstrumentReportedError,
    InstrumentTimeoutError,
    InterlockError,
    OutOfRangeError,
)
from drivers.itc4001.status import (
    LASER_NAME,
    TEMPERATURE_FAILURES,
    AutoTuneProgress,
    Protection,
    in_words,
    parse_auto_tune,
)
from drivers.readings import finite_number, one_of, truth_value, within, word_for
from drivers.visa_link import VisaChannel

_log = logging.getLogger(__name__)

_POLL_S = 0.5
_STABLE_POLLS = 4
"""So many looks in a row must find the temperature in its window: a single one may be a crossing."""
_SETPOINT_TOLERANCE_C = 0.02
_MODES = {"temperature": "TEMP", "current": "CURR"}


def _number(what: str) -> Any:
    return partial(finite_number, instrument=LASER_NAME, what=what)


def _truth(what: str) -> Any:
    return partial(truth_value, instrument=LASER_NAME, what=what)


class TemperatureController(VisaChannel):
    """TEC output and temperature input; all temperatures in °C (the driver sets the unit on connect)."""

    output_enabled = Channel.control(
        "OUTP{ch}?",
        "OUTP{ch} %d",
        """Control whether the TEC output is on (bool).""",
        validator=one_of,
        values=(True, False),
        cast=_truth("TEC output"),
        check_set_errors=True,
    )

    mode = Channel.control(
        "SOUR{ch}:FUNC?",
        "SOUR{ch}:FUNC %s",
        """Control what the TEC regulates ('temperature' or 'current').""",
        validator=one_of,
        values=tuple(_MODES),
        cast=partial(word_for, words=_MODES, instrument=LASER_NAME, what="TEC mode"),
        set_process=_MODES.__getitem__,
        check_set_errors=True,
    )

    setpoint = Channel.control(
        "SOUR{ch}:TEMP?",
        "SOUR{ch}:TEMP %.9g",
        """Control the temperature set point, °C (float strictly inside `setpoint_range`).""",
        validator=within,
        values=(-55.0, 150.0),
        dynamic=True,
        cast=_number("temperature set point, °C"),
        check_set_errors=True,
    )

    setpoint_minimum = Channel.measurement(
        "SOUR{ch}:TEMP? MIN",
        """Get the lowest set point the instrument takes now, °C (float).""",
        cast=_number("lowest temperature set point, °C"),
    )

    setpoint_maximum = Channel.measurement(
        "SOUR{ch}:TEMP? MAX",
        """Get the highest set point the instrument takes now, °C (float).""",
        cast=_number("highest temperature set point, °C"),
    )

    lower_limit = Channel.control(
        "SOUR{ch}:TEMP:LIM:LOW?",
        "SOUR{ch}:TEMP:LIM:LOW %.9g",
        """Control the lower user bound of the set point, °C (float from -55 to 150).""",
        validator=within,
        values=(-55.0, 150.0),
        cast=_number("lower temperature bound, °C"),
        check_set_errors=True,
    )

    upper_limit = Channel.control(
        "SOUR{ch}:TEMP:LIM:HIGH?",
        "SOUR{ch}:TEMP:LIM:HIGH %.9g",
        """Control the upper user bound of the set point, °C (float from -55 to 150).""",
        validator=within,
        values=(-55.0, 150.0),
        cast=_number("upper temperature bound, °C"),
        check_set_errors=True,
    )

    current_limit = Channel.control(
        "SOUR{ch}:CURR:LIM?",
        "SOUR{ch}:CURR:LIM %.9g",
        """Control the TEC current limit, A (float from 0.1 to 8).""",
        validator=within,
        values=(0.1, 8.0),
        cast=_number("TEC current limit, A"),
        check_set_errors=True,
    )

    gain = Channel.control(
        "SOUR{ch}:TEMP:LCON:GAIN?",
        "SOUR{ch}:TEMP:LCON:GAIN %.9g",
        """Control the proportional share of the PID loop, A/K (float from 0 to 1000).""",
        validator=within,
        values=(0.0, 1000.0),
        cast=_number("PID gain, A/K"),
        check_set_errors=True,
    )

    integral = Channel.control(
        "SOUR{ch}:TEMP:LCON:INT?",
        "SOUR{ch}:TEMP:LCON:INT %.9g",
        """Control the integral share of the PID loop, A/(K s) (float from 0 to 1000).""",
        validator=within,
        values=(0.0, 1000.0),
        cast=_number("PID integral share, A/(K s)"),
        check_set_errors=True,
    )

    derivative = Channel.control(
        "SOUR{ch}:TEMP:LCON:DER?",
        "SOUR{ch}:TEMP:LCON:DER %.9g",
        """Control the derivative share of the PID loop, A s/K (float from 0 to 1000).""",
        validator=within,
        values=(0.0, 1000.0),
        cast=_number("PID derivative share, A s/K"),
        check_set_errors=True,
    )

    period = Channel.control(
        "SOUR{ch}:TEMP:LCON:PER?",
        "SOUR{ch}:TEMP:LCON:PER %.9g",
        """Control the oscillation period the PID loop is laid out for, s (float from 0.01 to 10000).""",
        validator=within,
        values=(0.01, 10000.0),
        cast=_number("PID period, s"),
        check_set_errors=True,
    )

    window = Channel.control(
        "SENS3:TEMP:PROT:WIND?",
        "SENS3:TEMP:PROT:WIND %.9g",
        """Control the half width of the temperature window, K (float from 0.01 to 100).""",
        validator=within,
        values=(0.01, 100.0),
        cast=_number("temperature window, K"),
        check_set_errors=True,
    )

    window_delay = Channel.control(
        "SENS3:TEMP:PROT:DEL?",
        "SENS3:TEMP:PROT:DEL %.9g",
        """Control how long the temperature may leave its window unpunished, s (float from 0 to 600).""",
        validator=within,
        values=(0.0, 600.0),
        cast=_number("temperature window delay, s"),
        check_set_errors=True,
    )

    outside_window = Channel.measurement(
        "SENS3:TEMP:PROT:TRIP?",
        """Get whether the temperature is outside its window now (bool).""",
        cast=_truth("temperature window"),
    )

    temperature = Channel.measurement(
        "MEAS:TEMP?",
        """Measure the diode's mount temperature, °C (float).""",
        cast=_number("diode temperature, °C"),
    )

    current = Channel.measurement(
        "MEAS:CURR3?",
        """Measure the TEC current, A (float).""",
        cast=_number("TEC current, A"),
    )

    voltage = Channel.measurement(
        "MEAS:VOLT3?",
        """Measure the TEC voltage, V (float).""",
        cast=_number("TEC voltage, V"),
    )

    @property
    def setpoint_range(self) -> tuple[float, float]:
        """Get the set points that are allowed: the instrument's bounds narrowed by the rig's, °C."""
        return self._setpoint_range

    def __init__(self, parent: Any, id: int, **kwargs: Any) -> None:
        self._setpoint_range = (-55.0, 150.0)
        super().__init__(parent, id, **kwargs)

    def read_limits(self, allowed_c: Sequence[float] | None = None) -> tuple[float, float]:
        """Ask the instrument for its bounds and put them, narrowed by `allowed_c`, before the set point.

        Args:
            allowed_c: the rig's own lowest and highest temperature, °C.

        Returns:
            The set points that are allowed from now on, °C.

        Raises:
            OutOfRangeError: instrument and rig have no temperature in common.
        """
        low, high = float(self.setpoint_minimum), float(self.setpoint_maximum)
        if allowed_c is not None:
            low, high = max(low, min(allowed_c)), min(high, max(allowed_c))
        if low > high:
            raise OutOfRangeError(
                f"{LASER_NAME}: no temperature is both in the instrument's range and in the rig's"
            )
        self._setpoint_range = (low, high)
        self.setpoint_values = (low, high)
        return low, high

    def start_auto_tune(self) -> None:
        """Let the instrument find its PID shares; takes minutes and moves the temperature."""
        self.write("SOUR{ch}:TEMP:ATUN:INIT")
        self.check_set_errors()

    def cancel_auto_tune(self) -> None:
        """Stop the tuning; the old PID shares stay."""
        self.write("SOUR{ch}:TEMP:ATUN:CANC")
        self.check_set_errors()

    def auto_tune_progress(self) -> AutoTuneProgress:
        """Look how far the tuning is.

        Raises:
            InstrumentProtocolError: the reply makes no sense.
        """
        (progress,) = self.values(
            "SOUR{ch}:TEMP:ATUN:STAT?", cast=partial(parse_auto_tune, instrument=LASER_NAME)
        )
        return cast("AutoTuneProgress", progress)

    def stabilise(self, temperature_c: float, *, clock: Clock, timeout_s: float) -> None:
        """Regulate to `temperature_c` and wait until it is in its window and stays there.

        Args:
            temperature_c: set point, °C.
            clock: whose seconds the wait is in.
            timeout_s: the longest wait, rig seconds.

        Raises:
            OutOfRangeError: outside the set points that are allowed.
            InterlockError: sensor, cable or instrument failure.
            InstrumentTimeoutError: it never settled.
            InstrumentReportedError: the instrument refused a setting.
        """
        within(temperature_c, self._setpoint_range)
        if self.mode != "temperature":
            self.mode = "temperature"
        self._set_and_verify(temperature_c)
        settled = 0

        def stays_in_window() -> bool:
            nonlocal settled
            settled = settled + 1 if self._in_window(temperature_c) else 0
            return settled >= _STABLE_POLLS

        if not clock.wait_until(stays_in_window, timeout_s=timeout_s, poll_s=_POLL_S):
            raise InstrumentTimeoutError(
                LASER_NAME,
                f"the diode is at {self.temperature:.2f} °C, not stable at {temperature_c:.2f} °C after "
                f"{timeout_s:.0f} s; check TEC wiring, PID shares and temperature window",
            )

    def _set_and_verify(self, temperature_c: float) -> None:
        self.setpoint = temperature_c
        if abs(float(self.setpoint) - temperature_c) > _SETPOINT_TOLERANCE_C:
            raise InstrumentReportedError(LASER_NAME, f"did not take the set point {temperature_c:.2f} °C")
        if not self.output_enabled:
            self.output_enabled = True
        if not self.output_enabled:
            raise InterlockError(LASER_NAME, "the TEC output does not switch on; check sensor and cable")

    def _in_window(self, temperature_c: float) -> bool:
        protections: Protection = self.parent.protections
        failures = protections & TEMPERATURE_FAILURES
        if failures:
            raise InterlockError(LASER_NAME, "; ".join(in_words(failures)))
        if Protection.TEMPERATURE_OUTSIDE_WINDOW in protections:
            return False
        tolerance_k: float = self.parent.temperature_tolerance_k
        return abs(float(self.temperature) - temperature_c) <= tolerance_k
