"""Ocean Insight NIRQuest512: InGaAs array spectrometer that integrates without pause."""

from __future__ import annotations

import logging
import struct
import threading
from collections import deque
from collections.abc import Iterable
from typing import Self

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    OutOfRangeError,
)
from drivers.nirquest512.eeprom import ADC_FULL_SCALE, SERIAL_SLOT, SPECTROMETER_NAME, Eeprom
from drivers.nirquest512.frames import Frames
from drivers.nirquest512.fresh import FreshSpectra
from drivers.nirquest512.link import SeabreezeLink, SpectrometerLink
from drivers.protocols import FloatArray, Identity
from drivers.readings import within

_log = logging.getLogger(__name__)

_SET_TRIGGER = 0x0A
_ENABLE_TEC, _READ_TEMPERATURE, _SET_TEMPERATURE = 0x71, 0x72, 0x73
_NORMAL_TRIGGER = 0
_INTEGRATION_RANGE_MS = (1, 1_599_999)
_FIRST_INTEGRATION_TIME_S = 0.01
DEFAULT_MARGIN_S = 2.0
_UNKNOWN_EXPOSURE_S = 60.0
"""What an exposure that the program before has left running may still take; it can't be asked for."""
_ATTEMPTS = 2
_TEMPERATURE_POLL_S = 0.5
_STABLE_READINGS = 10
_STABLE_SPREAD_C = 0.3
_SET_POINT_TOLERANCE_C = 1.0
_STEADY_READINGS = 60
_STEADY_SPREAD_C = 0.2
"""Away from its set point the detector has to stand still for half a minute: it may be on its way."""
_LARGEST_OFFSET_K = 10.0
"""A sister model was seen 6 K off; more than this is a cooler that doesn't work."""
_PLAUSIBLE_TEMPERATURE_C = (-100.0, 100.0)


class NIRQuest512:
    """An array spectrometer (protocol `Spectrometer`), raw counts from 0 to `full_scale_counts`."""

    def __init__(
        self,
        link: SpectrometerLink,
        name: str = SPECTROMETER_NAME,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        margin_s: float = DEFAULT_MARGIN_S,
        temperature_range_c: tuple[float, float] = (-40.0, 30.0),
    ) -> None:
        """Take an opened link; nothing is sent.

        Args:
            link: the wire.
            name: what the operator calls the instrument.
            clock: whose seconds exposures and temperatures are in.
            margin_s: how much longer than the exposures a spectrum may take, real seconds.
            temperature_range_c: what the detector may be set to, °C.
        """
        self.name = name
        self._link = link
        self._clock = clock
        self._temperature_range_c = temperature_range_c
        self._acquiring = threading.RLock()
        self._frames = Frames(link, name, clock, margin_s, self.reconnect)
        self._frames.longest_running_s = _UNKNOWN_EXPOSURE_S
        self._spectra = FreshSpectra(link, self._frames, name, clock, _FIRST_INTEGRATION_TIME_S)
        self.eeprom = Eeprom(link)

    @classmethod
    def connect(
        cls,
        serial_number: str | None = None,
        *,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        pyusb_backend: str | None = None,
        margin_s: float = DEFAULT_MARGIN_S,
        name: str = SPECTROMETER_NAME,
    ) -> Self:
        """Open it, go to free running with a short integration time, read what its EEPROM says.

        Args:
            serial_number: as printed on it; None takes the only one.
            clock: whose seconds exposures and temperatures are in.
            pyusb_backend: name of a pyusb backend; None takes pyusb's first.
            margin_s: how much longer than the exposures a spectrum may take, real seconds.
            name: what the operator calls the instrument.

        Raises:
            InstrumentConnectionError: not found, busy, no permission.
            InstrumentReportedError: its EEPROM holds no wavelength calibration.
        """
        link = SeabreezeLink(serial_number, pyusb_backend)
        spectrometer = cls(link, name=name, clock=clock, margin_s=margin_s)
        try:
            spectrometer.prepare()
        except BaseException:
            spectrometer.close()
            raise
        return spectrometer

    def prepare(self) -> None:
        """Set integration time and trigger, and read the EEPROM once.

        Raises:
            InstrumentReportedError: no wavelength calibration.
        """
        # Until a time is set the device may run at whatever its last user left, up to 27 minutes.
        self._configure()
        _ = self.wavelengths_nm
        if self.eeprom.tec_and_saturation().saturation_counts is None:
            _log.warning("%s: EEPROM tells no saturation; 65535 counts assumed", self.name)

    def _configure(self) -> None:
        self._spectra.configure()
        self._link.send(struct.pack("<BH", _SET_TRIGGER, _NORMAL_TRIGGER))

    @property
    def identity(self) -> Identity:
        """Get who the instrument says it is; it tells no firmware."""
        return Identity("Ocean Insight", "NIRQuest512", self._link.serial_number, "")

    @property
    def wavelengths_nm(self) -> FloatArray:
        """Get the wavelength of each pixel by the EEPROM's polynomial, nm, shape [512]."""
        return self.eeprom.wavelengths_nm()

    @property
    def full_scale_counts(self) -> float:
        """Get the count at which a pixel is saturated; the converter's 65535 if the EEPROM tells none."""
        return float(self.eeprom.tec_and_saturation().saturation_counts or ADC_FULL_SCALE)

    @property
    def integration_time_range_s(self) -> tuple[float, float]:
        """Get the shortest and the longest integration time, s."""
        shortest, longest = _INTEGRATION_RANGE_MS
        return shortest / 1000, longest / 1000

    @property
    def integration_time_s(self) -> float:
        """Get the integration time in force, s (the instrument can't be asked)."""
        return self._spectra.integration_time_s

    @property
    def linearity_coefficients(self) -> FloatArray | None:
        """Get the maker's polynomial c0..c7 (counts / polynomial = linear), None if there is none."""
        return self.eeprom.linearity_coefficients()

    def set_integration_time_s(self, duration_s: float) -> float:
        """Set it, rounded to whole milliseconds.

        Returns:
            The time really in force, s.

        Raises:
            OutOfRangeError: outside `integration_time_range_s`.
        """
        shortest_s, longest_s = self.integration_time_range_s
        milliseconds = round(within(duration_s, (shortest_s - 5e-4, longest_s)) * 1000)
        if milliseconds < _INTEGRATION_RANGE_MS[0]:
            raise OutOfRangeError(f"{duration_s} s is outside {shortest_s} to {longest_s} s")
        with self._acquiring:
            self._spectra.choose_time(milliseconds)
            return self._spectra.integration_time_s

    def note_light_changed(self) -> None:
        """Tell that the light was changed just now: spectra begun before are stale."""
        self._spectra.note_light_changed()

    def acquire(self, scans: int) -> FloatArray:
        """Take `scans` spectra, raw counts, shape [scans, 512].

        All were begun after the last change of light or of integration time; how that is known is told in
        `drivers.nirquest512.fresh`.

        Raises:
            OutOfRangeError: less than one scan.
            InstrumentTimeoutError: no spectrum in time.
            InstrumentProtocolError: a packet without its form; nothing of it can end up in the next.
        """
        if isinstance(scans, bool) or scans != int(scans) or scans < 1:
            raise OutOfRangeError(f"at least one scan, got {scans!r}")
        with self._acquiring:
            return self._spectra.take(int(scans))

    def read_temperature_c(self) -> float:
        """Measure the detector temperature, °C.

        Raises:
            InvalidReadingError: a temperature no detector has.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._ask_temperature()
            except (InstrumentProtocolError, InstrumentTimeoutError, InvalidReadingError) as error:
                if attempt == _ATTEMPTS:
                    raise
                _log.warning("%s; asking again", error)
        raise AssertionError("the last attempt returns or raises")

    def _ask_temperature(self) -> float:
        reply = self._link.query(bytes((_READ_TEMPERATURE,)), 64)
        if len(reply) != 2:
            self._link.mark_stale()
            raise InstrumentProtocolError(self.name, f"temperature: two bytes expected, got {reply!r}")
        temperature_c = float(struct.unpack("<h", reply)[0]) / 10
        coldest, hottest = _PLAUSIBLE_TEMPERATURE_C
        if not coldest <= temperature_c <= hottest:
            raise InvalidReadingError(self.name, f"detector temperature reads {temperature_c} °C")
        return temperature_c

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> float:
        """Cool the detector to `temperature_c` and wait until it is stable.

        Stable is: within 0.3 °C for 5 s near the set point, within 0.2 °C for 30 s elsewhere. That is good
        enough, as long as darks are taken at the same place.

        Args:
            temperature_c: set point, °C (rounded to 0.1).
            timeout_s: the longest wait, rig seconds.

        Returns:
            The temperature at which it is stable, °C.

        Raises:
            OutOfRangeError: outside the range given at construction.
            InstrumentTimeoutError: not stable in time.
            InstrumentReportedError: stable so far away that the cooler can't be working.
        """
        tenths = round(within(temperature_c, self._temperature_range_c) * 10)
        self._link.send(struct.pack("<Bh", _SET_TEMPERATURE, tenths))
        self._link.send(bytes((_ENABLE_TEC, 1, 0)))
        recent: deque[float] = deque(maxlen=_STEADY_READINGS)

        def settled() -> bool:
            recent.append(self.read_temperature_c())
            lately = list(recent)[-_STABLE_READINGS:]
            if abs(recent[-1] - tenths / 10) <= _SET_POINT_TOLERANCE_C:
                return len(lately) == _STABLE_READINGS and _spread(lately) <= _STABLE_SPREAD_C
            return len(recent) == _STEADY_READINGS and _spread(recent) <= _STEADY_SPREAD_C

        if not self._clock.wait_until(settled, timeout_s=timeout_s, poll_s=_TEMPERATURE_POLL_S):
            raise InstrumentTimeoutError(
                self.name,
                f"the detector is at {recent[-1]:.1f} °C and not stable {timeout_s:.0f} s after it was told "
                f"{tenths / 10:.1f} °C; a warm room or a blocked fan keeps it from getting there",
            )
        self._judge_offset(recent[-1], tenths / 10)
        return recent[-1]

    def _judge_offset(self, temperature_c: float, set_point_c: float) -> None:
        offset_k = temperature_c - set_point_c
        if abs(offset_k) > _LARGEST_OFFSET_K:
            raise InstrumentReportedError(
                self.name,
                f"the detector stands at {temperature_c:.1f} °C, {offset_k:+.1f} K from its set point of "
                f"{set_point_c:.1f} °C: its cooler does not work; check the 5 V supply",
            )
        if abs(offset_k) > _SET_POINT_TOLERANCE_C:
            _log.warning(
                "%s: the detector is stable at %.1f °C, %+.1f K from its set point",
                self.name,
                temperature_c,
                offset_k,
            )

    def make_safe(self) -> None:
        """Check that it answers; there is nothing dangerous in it.

        Raises:
            InstrumentError: it doesn't.
        """
        try:
            self.eeprom.read_slot(SERIAL_SLOT, fresh=True)
        except InstrumentConnectionError:
            self.reconnect()
            self.eeprom.read_slot(SERIAL_SLOT, fresh=True)

    def reconnect(self) -> None:
        """Open it anew, after it was unplugged; the integration time is set again.

        Raises:
            InstrumentConnectionError: it is still not there.
        """
        with self._acquiring:
            self._link.reopen()
            self._configure()
            self._frames.longest_running_s = max(self._frames.longest_running_s, self.integration_time_s)
            self._frames.forget()

    def close(self) -> None:
        """Give the device back; changes nothing at it; callable twice."""
        self._link.close()


def _spread(temperatures_c: Iterable[float]) -> float:
    values = list(temperatures_c)
    return max(values) - min(values)
