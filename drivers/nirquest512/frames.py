"""Spectrum packets of the NIRQuest512: asked for, read, checked, and never taken for one another's."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from drivers.clock import Clock
from drivers.errors import InstrumentProtocolError, InstrumentTimeoutError
from drivers.nirquest512.eeprom import PIXELS
from drivers.nirquest512.link import SPECTRUM_BYTES, SpectrometerLink
from drivers.protocols import FloatArray

_log = logging.getLogger(__name__)

_REQUEST_SPECTRUM = 0x09
_SYNC_BYTE = 0x69
_INVERTED_BIT = 0x8000
_ATTEMPTS = 2
_DUPLICATE_MARGIN_S = 0.25
_SHORTEST_READ_S = 0.001
_ODD_COUNTS = 1000.0
_ODD_SHARE = 0.1
_FEW_PIXELS = 3
"""Light that changes does so in many pixels, a spoiled byte in one or two."""


class Frames:
    """Requests and packets of one instrument.

    Attributes:
        longest_running_s: what an exposure that is under way may still take, rig seconds.
    """

    def __init__(
        self, link: SpectrometerLink, name: str, clock: Clock, margin_s: float, reopen: Callable[[], None]
    ) -> None:
        """Take the wire; nothing is sent.

        Args:
            link: the wire.
            name: what the operator calls the instrument.
            clock: whose seconds exposures are in.
            margin_s: how much longer than the exposures a spectrum may take, real seconds.
            reopen: opens the device anew when a spectrum never comes.
        """
        self._link = link
        self._name = name
        self._clock = clock
        self._margin_s = margin_s
        self._reopen = reopen
        self._packet_is_owed = False
        self._last_packet = b""
        self.longest_running_s = 0.0

    def forget(self) -> None:
        """The device was opened anew: nothing is owed any more."""
        self._packet_is_owed = False
        self._link.discard_spectra()

    def request(self) -> None:
        """Ask for a spectrum without waiting for it."""
        self._link.send(bytes((_REQUEST_SPECTRUM,)))
        self._packet_is_owed = True

    def read(self, integration_time_s: float) -> bytes:
        """Read the spectrum that was asked for; there is time for one exposure under way and two whole.

        Raises:
            InstrumentTimeoutError: it did not come.
            InstrumentProtocolError: a packet without its form.
        """
        return self._checked(self._link.read_spectrum(self._allowance_s(integration_time_s)))

    def read_until(self, deadline_s: float) -> bytes | None:
        """Read the spectrum that was asked for, None when it isn't there by a time of the rig's clock.

        What has come by then is handed out, however late this program looks.
        """
        patience_s = (deadline_s - self._clock.monotonic()) / self._clock.speed
        try:
            return self._checked(self._link.read_spectrum(max(patience_s, _SHORTEST_READ_S)))
        except InstrumentTimeoutError:
            return None

    def read_fresh(self, integration_time_s: float) -> bytes:
        """Ask for a spectrum and read it, one that is not the last one over again.

        Two spectra never agree in every bit; a packet that does was sent twice, and everything after it
        would be one late.

        Raises:
            InstrumentTimeoutError: it did not come.
            InstrumentProtocolError: a packet without its form, or the same one again and again.
        """
        last = self._last_packet
        for _ in range(_ATTEMPTS):
            self.request()
            packet = self.read(integration_time_s)
            if not repeats(packet, last):
                return packet
            if not self._collect_owed(self._exposures_s(integration_time_s) + _DUPLICATE_MARGIN_S):
                return packet
            _log.warning("%s: the same spectrum twice; taken again", self._name)
        raise InstrumentProtocolError(self._name, "sends the same spectrum again and again; reconnect it")

    def settle_debts(self, integration_time_s: float) -> None:
        """Let no packet of an earlier request be taken for an answer to the next one."""
        if not self._packet_is_owed:
            if self._link.discard_spectra():
                _log.warning("%s: unexpected spectra thrown away", self._name)
            return
        if not self._collect_owed(self._allowance_s(integration_time_s)):
            _log.warning("%s: a spectrum never came; opening the device anew", self._name)
            self._reopen()

    def _checked(self, packet: bytes) -> bytes:
        self._packet_is_owed = len(packet) != SPECTRUM_BYTES
        if len(packet) != SPECTRUM_BYTES:
            raise InstrumentProtocolError(
                self._name, f"spectrum of {len(packet)} bytes instead of {SPECTRUM_BYTES}"
            )
        if packet[-1] != _SYNC_BYTE:
            raise InstrumentProtocolError(
                self._name, f"spectrum ends with 0x{packet[-1]:02x} instead of 0x{_SYNC_BYTE:02x}"
            )
        self._last_packet = packet
        return packet

    def _allowance_s(self, integration_time_s: float) -> float:
        """Return the longest wait for a spectrum, real seconds."""
        return self._exposures_s(integration_time_s) + self._margin_s

    def _exposures_s(self, integration_time_s: float) -> float:
        return (self.longest_running_s + 2 * integration_time_s) / self._clock.speed

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


def counts(packet: bytes) -> FloatArray:
    """Turn a packet into raw counts, shape [512]."""
    words = np.frombuffer(packet, dtype="<u2", count=PIXELS) ^ np.uint16(_INVERTED_BIT)
    return words.astype(np.float64)


def repeats(packet: bytes, last: bytes) -> bool:
    """Tell a packet that was sent before; one with every pixel alike (saturated) may well come twice."""
    return packet == last and packet[:2] * PIXELS != packet[: 2 * PIXELS]


def has_odd_pixels(rows: FloatArray) -> bool:
    """Whether a few pixels of one scan are far off the other scans: bytes were changed on the way.

    Args:
        rows: scans of the same light, counts, shape [scans, 512]; one alone can't be judged.
    """
    middle = np.median(rows, axis=0)
    odd = np.abs(rows - middle) > _ODD_COUNTS + _ODD_SHARE * middle
    pixels = odd.sum(axis=1)
    return bool(np.any((pixels > 0) & (pixels <= _FEW_PIXELS)))
