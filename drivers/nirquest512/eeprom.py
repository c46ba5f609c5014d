"""What is burnt into the NIRQuest: serial number, wavelengths, linearity, saturation.

Slots are 15 bytes of text ended by a zero byte; slot 17 is binary. A slot nobody wrote reads 0xFF.
"""

from __future__ import annotations

import logging
import math
import struct
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drivers.errors import InstrumentProtocolError, InstrumentReportedError, InstrumentTimeoutError
from drivers.protocols import FloatArray

_log = logging.getLogger(__name__)

SPECTROMETER_NAME = "spectrometer (NIRQuest512)"
PIXELS = 512
SLOT_BYTES = 15
_READ_SLOT = 0x05
_ATTEMPTS = 2
SERIAL_SLOT = 0
WAVELENGTH_SLOTS = (1, 2, 3, 4)
LINEARITY_SLOTS = (6, 7, 8, 9, 10, 11, 12, 13)
LINEARITY_ORDER_SLOT = 14
TEC_AND_SATURATION_SLOT = 17
ADC_FULL_SCALE = 65535
_PLAUSIBLE_NM = (100.0, 10_000.0)


@dataclass(frozen=True)
class TecAndSaturation:
    """Slot 17.

    Attributes:
        saturation_counts: where the detector saturates; None when nobody wrote a sensible number.
    """

    tec_enabled: bool
    fan_enabled: bool
    set_point_c: float
    saturation_counts: int | None


def slot_text(data: bytes, slot: int) -> str | None:
    """Return a slot's text, None for one nobody wrote.

    Raises:
        InstrumentProtocolError: bytes that are no text.
    """
    if not data.strip(b"\xff") or not data.strip(b"\x00"):
        return None
    try:
        return data.split(b"\0", 1)[0].decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise InstrumentProtocolError(
            SPECTROMETER_NAME, f"EEPROM slot {slot} is no text: {data!r}"
        ) from error


def slot_number(data: bytes, slot: int) -> float | None:
    """Return a slot's number, None for one nobody wrote.

    Raises:
        InstrumentProtocolError: text that is no finite number.
    """
    text = slot_text(data, slot)
    if text is None or not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise InstrumentProtocolError(
            SPECTROMETER_NAME, f"EEPROM slot {slot} is no number: {text!r}"
        ) from error
    if not math.isfinite(value):
        raise InstrumentProtocolError(SPECTROMETER_NAME, f"EEPROM slot {slot} is no number: {text!r}")
    return value


def parse_tec_and_saturation(data: bytes) -> TecAndSaturation:
    """Read slot 17; a saturation of 0 or above the converter's range counts as not written."""
    tec, fan, set_point, saturation = struct.unpack_from("<BBhI", data)
    known = 0 < saturation <= ADC_FULL_SCALE
    return TecAndSaturation(tec == 1, fan == 1, set_point / 10, saturation if known else None)


def pixel_wavelengths(coefficients: list[float | None]) -> FloatArray:
    """Return the wavelength of each pixel, nm, shape [512]: sum of c_k i^k.

    Raises:
        InstrumentReportedError: the coefficients are not there, or give no wavelengths.
    """
    known = [value for value in coefficients if value is not None]
    if len(known) != len(coefficients):
        raise InstrumentReportedError(
            SPECTROMETER_NAME, "its EEPROM holds no wavelength calibration; ask the maker"
        )
    result = np.polynomial.polynomial.polyval(np.arange(PIXELS, dtype=np.float64), known)
    shortest, longest = _PLAUSIBLE_NM
    inside = np.all((result >= shortest) & (result <= longest))
    if not inside or not np.all(np.diff(result) > 0):
        raise InstrumentReportedError(
            SPECTROMETER_NAME, f"its EEPROM's wavelength coefficients {known} give no rising wavelengths"
        )
    return np.asarray(result, dtype=np.float64)


def linearity_polynomial(coefficients: list[float | None], order: float | None) -> FloatArray | None:
    """Return c0..c7 of the maker's linearity polynomial, None when there is none.

    Coefficients above the order are 0. A polynomial that is 0 at 0 counts can't be divided by: it
    counts as not written.
    """
    if order is None or not 0 <= order <= 7 or any(value is None for value in coefficients):
        return None
    result = np.array([value or 0.0 for value in coefficients], dtype=np.float64)
    result[int(order) + 1 :] = 0.0
    return result if result[0] != 0.0 else None


class _Link(Protocol):
    """What is needed of the wire."""

    def query(self, command: bytes, length: int) -> bytes: ...

    def mark_stale(self) -> None: ...


class Eeprom:
    """The slots of one instrument, each asked once."""

    def __init__(self, link: _Link) -> None:
        """Take the wire; nothing is sent."""
        self._link = link
        self._slots: dict[int, bytes] = {}

    def read_slot(self, slot: int, *, fresh: bool = False) -> bytes:
        """Read the 15 raw bytes of a slot; asked once unless `fresh`.

        Raises:
            InstrumentProtocolError: the answer is for another slot, or has another length.
            InstrumentTimeoutError: no answer.
        """
        if not fresh and slot in self._slots:
            return self._slots[slot]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._slots[slot] = self._ask_slot(slot)
            except (InstrumentProtocolError, InstrumentTimeoutError) as error:
                if attempt == _ATTEMPTS:
                    raise
                _log.warning("%s; asking again", error)
            else:
                break
        return self._slots[slot]

    def _ask_slot(self, slot: int) -> bytes:
        reply = self._link.query(bytes((_READ_SLOT, slot)), SLOT_BYTES + 2)
        if len(reply) != SLOT_BYTES + 2 or reply[:2] != bytes((_READ_SLOT, slot)):
            self._link.mark_stale()
            raise InstrumentProtocolError(
                SPECTROMETER_NAME, f"EEPROM slot {slot}: unexpected answer {reply!r}"
            )
        return reply[2:]

    def _number(self, slot: int) -> float | None:
        return slot_number(self.read_slot(slot), slot)

    def wavelengths_nm(self) -> FloatArray:
        """Return the wavelength of each pixel, nm, shape [512].

        Raises:
            InstrumentReportedError: no calibration in the EEPROM.
        """
        return pixel_wavelengths([self._number(slot) for slot in WAVELENGTH_SLOTS])

    def tec_and_saturation(self) -> TecAndSaturation:
        """Return what slot 17 says."""
        return parse_tec_and_saturation(self.read_slot(TEC_AND_SATURATION_SLOT))

    def linearity_coefficients(self) -> FloatArray | None:
        """Return the maker's polynomial c0..c7, None if there is none to be read."""
        try:
            order = self._number(LINEARITY_ORDER_SLOT)
            return linearity_polynomial([self._number(slot) for slot in LINEARITY_SLOTS], order)
        except InstrumentProtocolError as error:
            _log.warning("%s; no linearity polynomial", error)
            return None
