"""One of the two inputs of the PM320, and the power head in it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from pymeasure.instruments import Channel

from drivers.errors import (
    ConfigurationError,
    InstrumentError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
)
from drivers.readings import finite_number, one_of, truth_value, whole_number, whole_within, within, word_for
from drivers.visa_link import VisaChannel

_log = logging.getLogger(__name__)

MONITOR_NAME = "power monitor (PM320)"
RANGES = (
    "AUTO",
    "R1NW",
    "R10NW",
    "R100NW",
    "R1UW",
    "R10UW",
    "R100UW",
    "R1MW",
    "R10MW",
    "R100MW",
    "R1W",
    "R10W",
    "R100W",
    "R1KW",
)
_READING_ATTEMPTS = 3
_RETRY_PAUSE_S = 0.1
_POLL_S = 0.02
_WAVELENGTH_TOLERANCE_NM = 0.5


class PowerRange(Enum):
    """Where a reading lies in what the head is specified for."""

    BELOW = "below the head's range"
    INSIDE = "inside the head's range"
    ABOVE = "above the head's range"


@dataclass(frozen=True)
class PowerHead:
    """What the head in an input is made for; comes from the rig file, not from the meter.

    Attributes:
        wavelength_range_nm: shortest and longest wavelength.
        power_range_w: lowest and highest power it is specified for.

    The default is a Thorlabs S120C (silicon).
    """

    wavelength_range_nm: tuple[float, float] = (400.0, 1100.0)
    power_range_w: tuple[float, float] = (50e-9, 50e-3)

    def __post_init__(self) -> None:
        for low, high in (self.wavelength_range_nm, self.power_range_w):
            if not 0 < low < high:
                raise ConfigurationError(f"power head: {low:g} to {high:g} is no range")

    def place(self, power_w: float) -> PowerRange:
        """Tell where a power lies."""
        low, high = self.power_range_w
        if power_w > high:
            return PowerRange.ABOVE
        return PowerRange.BELOW if power_w < low else PowerRange.INSIDE


@dataclass(frozen=True)
class PowerReading:
    """One power with its place in the head's range."""

    power_w: float
    place: PowerRange


@dataclass(frozen=True)
class ProbeReport:
    """What the commands that nobody has proven answer; None where nothing came."""

    head_serial_number: str | None
    error_condition: int | None


def _number(what: str) -> Any:
    return partial(finite_number, instrument=MONITOR_NAME, what=what)


class PowerChannel(VisaChannel):
    """One input. Wavelengths in nm, powers in W."""

    head = PowerHead()

    def __init__(self, parent: Any, id: int, **kwargs: Any) -> None:
        super().__init__(parent, id, **kwargs)
        self._measuring = threading.Lock()
        self._automatic_range = False

    power = Channel.measurement(
        ":POW{ch}:VAL?",
        """Measure the latest power, W (float); right after a change it may be no number.""",
        cast=_number("power, W"),
    )

    finished_power = Channel.measurement(
        ":FETCH:POW{ch}:VAL?",
        """Get the power of the measurement that was started last, W (float).""",
        cast=_number("power, W"),
    )

    measuring = Channel.measurement(
        ":MEAS:CHECK{ch}?",
        """Get whether a measurement is still running (bool).""",
        cast=partial(truth_value, instrument=MONITOR_NAME, what="measurement running"),
    )

    wavelength = Channel.control(
        ":WAVEL{ch}:VAL?",
        ":WAVEL{ch}:VAL %d",
        """Control the wavelength of the correction, nm (whole number inside the head's range).""",
        validator=whole_within,
        values=(400.0, 1100.0),
        dynamic=True,
        cast=_number("wavelength, nm"),
    )

    range = Channel.control(
        ":PRANGE{ch}?",
        ":PRANGE{ch} %s",
        """Control the power range (one of `RANGES`; 'AUTO' lets the meter choose).""",
        validator=one_of,
        values=RANGES,
        cast=partial(
            word_for, words={name: name for name in RANGES}, instrument=MONITOR_NAME, what="power range"
        ),
    )

    averaging = Channel.control(
        ":AVER{ch}?",
        ":AVER{ch} %d",
        """Control how many samples one reading averages (whole number from 1 to 9999).""",
        validator=whole_within,
        values=(1, 9999),
        cast=partial(whole_number, instrument=MONITOR_NAME, what="averaging"),
    )

    def use_head(self, head: PowerHead) -> None:
        """Say which head is plugged in; its wavelengths bound the setting."""
        self.head = head
        self.wavelength_values = head.wavelength_range_nm

    def start_measurement(self) -> None:
        """Start one measurement; `measuring` tells when it is done."""
        self.write(":MEAS:INIT{ch}")

    def prepare(self, wavelength_nm: float) -> None:
        """Set wavelength and automatic range, and read both back.

        Args:
            wavelength_nm: rounded to a whole nanometre, which is all the meter is known to take.

        Raises:
            OutOfRangeError: outside the head's wavelengths; nothing was sent.
            InstrumentReportedError: the meter did not take it.
        """
        wanted_nm = round(within(wavelength_nm, self.head.wavelength_range_nm))
        self.wavelength = wanted_nm
        shown_nm = float(self.wavelength)
        if abs(shown_nm - wanted_nm) > _WAVELENGTH_TOLERANCE_NM:
            raise InstrumentReportedError(
                MONITOR_NAME,
                f"input {self.id} shows {shown_nm:g} nm after setting {wanted_nm} nm; is the right head in?",
            )
        self.range = "AUTO"
        # What an automatic range reads back as is not known: AUTO or the range chosen. Both are words.
        _ = self.range
        self._automatic_range = True

    def measure(self) -> PowerReading:
        """Start a measurement, wait for it, fetch it; invalid readings are tried again a few times.

        Raises:
            InvalidReadingError: no number, every time.
            InstrumentTimeoutError: a measurement did not finish.
        """
        with self._measuring:
            for attempt in (1, 2, 3):
                try:
                    power_w = self._measure_once()
                    return PowerReading(power_w, self.head.place(power_w))
                except InvalidReadingError as error:
                    if attempt == _READING_ATTEMPTS:
                        raise
                    _log.warning("%s; trying again", error)
                self.parent.clock.sleep(_RETRY_PAUSE_S)
                if attempt == _READING_ATTEMPTS - 1 and self._automatic_range:
                    self.range = "AUTO"
        raise AssertionError("the last attempt returns or raises")

    def _measure_once(self) -> float:
        self.start_measurement()
        timeout_s: float = self.parent.measurement_timeout_s
        done = self.parent.clock.wait_until(lambda: not self.measuring, timeout_s=timeout_s, poll_s=_POLL_S)
        if not done:
            raise InstrumentTimeoutError(
                MONITOR_NAME,
                f"input {self.id}: measurement not finished after {timeout_s:g} s; is its averaging set high "
                "at the meter?",
            )
        return float(self.finished_power)

    def read_power_w(self) -> float:
        """Measure the power, W.

        Below the head's range the value is still a number (a shut beam reads about zero), `measure`
        tells; above it the head saturates and there is none.

        Raises:
            InvalidReadingError: no number, or above the head's range.
        """
        reading = self.measure()
        if reading.place is PowerRange.ABOVE:
            highest_w = self.head.power_range_w[1]
            raise InvalidReadingError(
                MONITOR_NAME,
                f"input {self.id} reads {reading.power_w:.4g} W, above the head's {highest_w:.4g} W",
            )
        return reading.power_w

    def probe(self) -> ProbeReport:
        """Try the commands that were only ever seen unused: head serial number and error condition.

        Opt-in: a meter that does not know them stays silent, each costs a time-out and a device clear.
        """
        serial = self._try(":SENS{ch}:SERNR?")
        condition = self._try(":STAT:ERR:CND?")
        number = None
        if condition is not None:
            number = whole_number(condition, instrument=MONITOR_NAME, what="error condition")
        return ProbeReport(serial, number)

    def _try(self, query: str) -> str | None:
        try:
            return self.ask(query).strip()
        except InstrumentError as error:
            _log.info("%s", error)
            return None
