"""Ocean Insight NIRQuest512: InGaAs array spectrometer that integrates without pause."""

from __future__ import annotations

import logging
import math
import struct
import threading
from collections import deque
from typing import Self

import numpy as np

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentTimeoutError,
    InvalidReadingError,
    OutOfRangeError,
)
from drivers.nirquest512.eeprom import ADC_FULL_SCALE, PIXELS, SERIAL_SLOT, SPECTROMETER_NAME, Eeprom
from drivers.nirquest512.link import SPECTRUM_BYTES, SeabreezeLink, SpectrometerLink
from drivers.protocols import FloatArray, Identity
from drivers.readings import within

_log = logging.getLogger(__name__)

_SET_INTEGRATION_TIME, _REQUEST_SPECTRUM, _SET_TRIGGER = 0x02, 0x09, 0x0A
_ENABLE_TEC, _READ_TEMPERATURE, _SET_TEMPERATURE = 0x71, 0x72, 0x73
_NORMAL_TRIGGER = 0
_SYNC_BYTE = 0x69
_INVERTED_BIT = 0x8000
_INTEGRATION_RANGE_MS = (1, 1_599_999)
_FIRST_INTEGRATION_TIME_S = 0.01
DEFAULT_MARGIN_S = 2.0
_UNKNOWN_EXPOSURE_S = 60.0
"""What an exposure that the program before has left running may still take; it can't be asked for."""
_ATTEMPTS = 2
_DUPLICATE_MARGIN_S = 0.25
_TEMPERATURE_POLL_S = 0.5
_STABLE_READINGS = 10
_STABLE_SPREAD_C = 0.3
_SET_POINT_TOLERANCE_C = 1.0
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
        self._margin_s = margin_s
        self._temperature_range_c = temperature_range_c
        self._acquiring = threading.RLock()
        self._integration_time_s = _FIRST_INTEGRATION_TIME_S
        self._longest_running_s = _UNKNOWN_EXPOSURE_S
        self._spectra_are_stale = True
        self._packet_is_owed = False
        self._last_packet = b""
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
        milliseconds = round(self._integration_time_s * 1000)
        self._link.send(struct.pack("<BI", _SET_INTEGRATION_TIME, milliseconds))
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
        return self._integration_time_s

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
            if milliseconds == round(self._integration_time_s * 1000):
                return self._integration_time_s
            # The exposure under way still has the old length: the next read must allow for it.
            self._longest_running_s = max(self._longest_running_s, self._integration_time_s)
            self._spectra_are_stale = True
            self._link.send(struct.pack("<BI", _SET_INTEGRATION_TIME, milliseconds))
            self._integration_time_s = milliseconds / 1000
            return self._integration_time_s

    def note_light_changed(self) -> None:
        """Tell that the light was changed just now: spectra begun before are stale."""
        self._spectra_are_stale = True

    def acquire(self, scans: int) -> FloatArray:
        """Take `scans` spectra, raw counts, shape [scans, 512].

        All were begun after the last change of light or of integration time; the one under way at that
        moment is read and thrown away first.

        Raises:
            OutOfRangeError: less than one scan.
            InstrumentTimeoutError: no spectrum in time.
            InstrumentProtocolError: a packet without its form; nothing of it can end up in the next.
        """
        if isinstance(scans, bool) or scans != int(scans) or scans < 1:
            raise OutOfRangeError(f"at least one scan, got {scans!r}")
        rows: list[FloatArray] = []
        failures = 0
        with self._acquiring:
            self._settle_debts()
            while len(rows) < scans:
                try:
                    self._discard_stale()
                    rows.append(self._counts(self._read_fresh()))
                except (InstrumentProtocolError, InstrumentTimeoutError) as error:
                    failures += 1
                    if failures >= _ATTEMPTS:
                        raise
                    _log.warning("%s; taking it again", error)
                    self._settle_debts()
        return np.stack(rows)

    def _discard_stale(self) -> None:
        """Read and throw away the spectrum that may have been under way when something changed."""
        while self._spectra_are_stale:
            # Reset before reading: light that changes meanwhile makes the next one stale again.
            self._spectra_are_stale = False
            try:
                self._read_one()
            except InstrumentError:
                self._spectra_are_stale = True
                raise
            self._longest_running_s = 0.0

    def _read_fresh(self) -> bytes:
        """Read one spectrum that is not the last one over again.

        Two spectra never agree in every bit; a packet that does was sent twice, and everything after it
        would be one late.
        """
        packet, last = self._last_packet, self._last_packet
        for _ in range(_ATTEMPTS):
            packet = self._read_one()
            if packet != last or _is_flat(packet):
                return packet
            if not self._collect_owed(self._exposures_s() + _DUPLICATE_MARGIN_S):
                return packet
            _log.warning("%s: the same spectrum twice; taken again", self.name)
        raise InstrumentProtocolError(self.name, "sends the same spectrum again and again; reconnect it")

    def _read_one(self) -> bytes:
        self._link.send(bytes((_REQUEST_SPECTRUM,)))
        self._packet_is_owed = True
        packet = self._link.read_spectrum(self._allowance_s())
        self._packet_is_owed = len(packet) != SPECTRUM_BYTES
        if len(packet) != SPECTRUM_BYTES:
            raise InstrumentProtocolError(
                self.name, f"spectrum of {len(packet)} bytes instead of {SPECTRUM_BYTES}"
            )
        if packet[-1] != _SYNC_BYTE:
            raise InstrumentProtocolError(
                self.name, f"spectrum ends with 0x{packet[-1]:02x} instead of 0x{_SYNC_BYTE:02x}"
            )
        self._last_packet = packet
        return packet

    def _allowance_s(self) -> float:
        """Return the longest wait for a spectrum, real seconds: one exposure under way and one whole."""
        return self._exposures_s() + self._margin_s

    def _exposures_s(self) -> float:
        return (self._longest_running_s + 2 * self._integration_time_s) / self._clock.speed

    def _settle_debts(self) -> None:
        """Let no packet of an earlier request be taken for an answer to the next one."""
        if not self._packet_is_owed:
            if self._link.discard_spectra():
                _log.warning("%s: unexpected spectra thrown away", self.name)
            return
        if not self._collect_owed(self._allowance_s()):
            _log.warning("%s: a spectrum never came; opening the device anew", self.name)
            self.reconnect()

    def _collect_owed(self, timeout_s: float) -> bool:
        """Wait for packets that are still due and throw them away; False when none came."""
        try:
            self._link.read_spectrum(timeout_s)
        except InstrumentTimeoutError:
            self._packet_is_owed = False
            return False
        self._link.discard_spectra()
        self._packet_is_owed = False
        return True

    @staticmethod
    def _counts(packet: bytes) -> FloatArray:
        words = np.frombuffer(packet, dtype="<u2", count=PIXELS) ^ np.uint16(_INVERTED_BIT)
        return words.astype(np.float64)

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

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        """Cool the detector to `temperature_c` and wait until it is stable there.

        Args:
            temperature_c: set point, °C (rounded to 0.1).
            timeout_s: the longest wait, rig seconds.

        Raises:
            OutOfRangeError: outside the range given at construction.
            InstrumentTimeoutError: not stable, or stable somewhere else.
        """
        tenths = round(within(temperature_c, self._temperature_range_c) * 10)
        self._link.send(struct.pack("<Bh", _SET_TEMPERATURE, tenths))
        self._link.send(bytes((_ENABLE_TEC, 1, 0)))
        recent: deque[float] = deque(maxlen=_STABLE_READINGS)

        def stable() -> bool:
            recent.append(self.read_temperature_c())
            return (
                len(recent) == _STABLE_READINGS
                and max(recent) - min(recent) <= _STABLE_SPREAD_C
                and math.isclose(recent[-1], tenths / 10, abs_tol=_SET_POINT_TOLERANCE_C)
            )

        if not self._clock.wait_until(stable, timeout_s=timeout_s, poll_s=_TEMPERATURE_POLL_S):
            raise InstrumentTimeoutError(
                self.name,
                f"the detector is at {recent[-1]:.1f} °C, not stable at {tenths / 10:.1f} °C after "
                f"{timeout_s:.0f} s; a warm room or a blocked fan keeps it from getting there",
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
            self._longest_running_s = max(self._longest_running_s, self._integration_time_s)
            self._spectra_are_stale = True
            self._packet_is_owed = False
            self._link.discard_spectra()

    def close(self) -> None:
        """Give the device back; changes nothing at it; callable twice."""
        self._link.close()


def _is_flat(packet: bytes) -> bool:
    """Tell a spectrum with every pixel at the same count (saturated): that one may well come twice."""
    return packet[:2] * PIXELS == packet[: 2 * PIXELS]
