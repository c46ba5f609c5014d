"""Which spectrum belongs to which light: nothing begun before a change is ever handed out.

The detector integrates without pause, and nothing on the wire tells when a frame began. What is known:

1. A frame that was begun after a change ends at least one integration time after it. A packet that
   comes sooner is older, however slow computer and wire are. One that comes later may be either.
2. After a change of light or of time the frame under way is asked for and thrown away, and with it
   whatever rule 1 finds too early. That costs up to a whole integration time: the plain way.
3. The parked way costs milliseconds. While the last scan of an acquisition is being exposed the device is
   told a very short time; it takes that for its next frame. The light then changes while short frames
   run. The long time is told one short frame later: every long frame begins after the change. Short
   ones are known by rule 1, or by nothing having come until nearly one long time after the order.

The parked way rests on two assumptions: a new time does not cut the frame under way, and a packet is
not held up for nearly a whole exposure on its way. Both are checked at every acquisition by what such
a mistake would look like: the scan would show hardly more than a short frame does. Where the scans
disagree, or time alone raises a doubt, the acquisition is taken again the plain way.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from enum import Enum, auto

import numpy as np

from drivers.clock import Clock
from drivers.errors import InstrumentProtocolError, InstrumentTimeoutError
from drivers.nirquest512.frames import Frames, counts, has_odd_pixels, repeats
from drivers.nirquest512.link import SpectrometerLink
from drivers.protocols import FloatArray

_log = logging.getLogger(__name__)

SET_INTEGRATION_TIME = 0x02
_ATTEMPTS = 2
_PARK_REAL_S = 0.005
"""Length of the short frames, real seconds: above the time two commands take, so that one is caught."""
_WORTHWHILE = 10
"""Parking pays where the integration time is so many times the short frames."""
_FEWEST_SCANS = 3
"""First and last scan are compared with one in between."""
_MOST_SHORT_FRAMES = 16
_EARLY_SHARE = 0.8
"""A packet that is there by then, counted from the order of the long time, is a short frame."""
_PATIENT_SHARE = 0.4
_CLOCK_SLACK = 0.999
"""The device's clock may be off from the computer's by that."""
_PROMPT_SHARE = 0.1
_MOST_EARLY = 4
_MOST_DOUBTS = 3
_CLOSE = 0.1
_SIGMAS = 5.0
_MAD_TO_SD = 1.4826


class _Behind(Enum):
    """What was told to the device while the last scan was exposed."""

    NOTHING = auto()
    SHORT_TIME = auto()
    DOUBT = auto()


class FreshSpectra:
    """Takes spectra all of which were begun after the last change of light and of integration time.

    Attributes:
        integration_time_s: in force for the next acquisition, s.
    """

    def __init__(
        self, link: SpectrometerLink, frames: Frames, name: str, clock: Clock, first_s: float
    ) -> None:
        """Take the wire; nothing is sent.

        Args:
            link: the wire.
            frames: requests and packets on it.
            name: what the operator calls the instrument.
            clock: whose seconds exposures are in.
            first_s: the integration time to begin with.
        """
        self._link = link
        self._frames = frames
        self._name = name
        self._clock = clock
        self.integration_time_s = first_s
        self._told_ms = round(first_s * 1000)
        self._stale = True
        self._changed_s = clock.monotonic()
        self._parked = False
        self._doubts = 0
        self._short_frame: FloatArray | None = None

    def configure(self) -> None:
        """Tell the device the integration time; the frame under way may have any other."""
        self._parked = False
        self._tell(self._wanted_ms)

    def choose_time(self, milliseconds: int) -> None:
        """Use another integration time from now on."""
        if milliseconds == self._wanted_ms:
            return
        self._frames.longest_running_s = max(self._frames.longest_running_s, self.integration_time_s)
        self.integration_time_s = milliseconds / 1000
        if not self._parked:
            self._tell(milliseconds)

    def note_light_changed(self) -> None:
        """Whatever is under way was begun before."""
        self._changed_s = self._clock.monotonic()
        self._stale = True

    def take(self, scans: int) -> FloatArray:
        """Take `scans` spectra, raw counts, shape [scans, 512].

        Raises:
            InstrumentTimeoutError: no spectrum in time.
            InstrumentProtocolError: a packet without its form.
        """
        rows = self._take_with_retries(scans)
        if has_odd_pixels(rows):
            # The wire has no checksum. Should it be real (a laser that hops), it is so again, and stays.
            _log.warning("%s: one scan has a few odd pixels; taken again", self._name)
            self._stale = True
            rows = self._take_with_retries(scans)
        return rows

    def _take_with_retries(self, scans: int) -> FloatArray:
        self._frames.settle_debts(self.integration_time_s)
        rows: list[FloatArray] = []
        failures = 0
        while True:
            parking = self._may_park(scans) and not rows
            try:
                return self._take_parking(scans) if parking else self._take(rows, scans)
            except (InstrumentProtocolError, InstrumentTimeoutError) as error:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise
                _log.warning("%s; taking it again", error)
                self._frames.settle_debts(self.integration_time_s)
            finally:
                # Whatever ended a parked acquisition half-way leaves a frame of unknown origin.
                self._stale = self._stale or (parking and not self._parked)

    # --- the plain way ---

    def _take(self, rows: list[FloatArray], scans: int) -> FloatArray:
        """Go on with `rows` until there are enough; what was taken stays when an error ends it."""
        while len(rows) < scans:
            self._throw_stale_away()
            rows.append(counts(self._next_packet()))
        return np.stack(rows)

    def _throw_stale_away(self) -> None:
        """Read and throw away the spectrum that may have been under way when something changed."""
        if self._told_ms != self._wanted_ms:
            self._tell(self._wanted_ms)
        self._parked = False
        while self._stale:
            # Reset before reading: light that changes meanwhile makes the next one stale again.
            self._stale = False
            try:
                if self._throw_one_away() < _PROMPT_SHARE * self.integration_time_s:
                    # So soon: perhaps it was finished before it was asked for, and the one that was under
                    # way is still to come.
                    self._throw_one_away()
            except (InstrumentProtocolError, InstrumentTimeoutError):
                self._stale = True
                raise
            self._frames.longest_running_s = 0.0

    def _throw_one_away(self) -> float:
        """Ask for a spectrum and forget it; returns how long that took, rig seconds."""
        began_s = self._clock.monotonic()
        self._frames.request()
        self._frames.read(self.integration_time_s)
        return self._clock.monotonic() - began_s

    def _next_packet(self) -> bytes:
        for _ in range(_MOST_EARLY):
            packet = self._frames.read_fresh(self.integration_time_s)
            if self._clock.monotonic() >= self._changed_s + _CLOCK_SLACK * self.integration_time_s:
                return packet
            _log.info("%s: a spectrum from before the change; thrown away", self._name)
        raise InstrumentProtocolError(
            self._name, f"spectra come faster than their integration time of {self.integration_time_s:g} s"
        )

    # --- the parked way ---

    def _may_park(self, scans: int) -> bool:
        return (
            scans >= _FEWEST_SCANS
            and self._doubts < _MOST_DOUBTS
            and self.integration_time_s >= _WORTHWHILE * self._park_s
        )

    @property
    def _park_s(self) -> float:
        return max(round(_PARK_REAL_S * self._clock.speed, 3), 0.001)

    def _take_parking(self, scans: int) -> FloatArray:
        packets: list[bytes] = []
        # Only a short frame of the same light shows what is missing from a scan.
        self._short_frame = None
        first = self._leave_park() if self._parked else None
        if first is None:
            self._throw_stale_away()
        else:
            packets.append(first)
        while len(packets) < scans - 1:
            packets.append(self._next_packet())
        last, behind = self._last_packet(self._clock.monotonic())
        if self._stale:  # the light changed meanwhile
            return self._take([], scans)
        rows = np.stack([counts(packet) for packet in (*packets, last)])
        suspects = [rows[0]] if first is not None else []
        if behind is not _Behind.NOTHING:
            suspects.append(rows[-1])
        doubtful = behind is _Behind.DOUBT or repeats(last, packets[-1])
        if doubtful or not self._agree(suspects, rows[-2]):
            return self._take_again(scans)
        self._parked, self._doubts = behind is _Behind.SHORT_TIME, 0
        return rows

    def _take_again(self, scans: int) -> FloatArray:
        self._doubts += 1
        _log.warning("%s: scans in doubt (%d); taken again the plain way", self._name, self._doubts)
        self._stale = True
        return self._take([], scans)

    def _leave_park(self) -> bytes | None:
        """From short frames to long ones; returns the first long one, None when nothing is sure."""
        self._parked = False
        self._stale = False
        # The short frame under way when the light changed is over before the long time is told.
        self._clock.sleep(self._changed_s + 1.5 * self._park_s - self._clock.monotonic())
        told_s = self._clock.monotonic()
        self._tell(self._wanted_ms, stale=False)
        for _ in range(_MOST_SHORT_FRAMES):
            if self._clock.monotonic() > told_s + _PATIENT_SHARE * self.integration_time_s:
                break  # too little time is left to tell a short frame by its coming
            self._frames.request()
            early = self._frames.read_until(told_s + _EARLY_SHARE * self.integration_time_s)
            if early is None:
                packet = self._frames.read(self.integration_time_s)
                if self._clock.monotonic() < told_s + _CLOCK_SLACK * self.integration_time_s:
                    break
                return packet
            if self._clock.monotonic() < told_s + _CLOCK_SLACK * self.integration_time_s:
                self._short_frame = counts(early)
        self._stale = True
        return None

    def _last_packet(self, began_s: float) -> tuple[bytes, _Behind]:
        """Ask for the last scan and tell the short time behind it.

        Args:
            began_s: when the packet before it had come, rig seconds.
        """
        self._frames.request()
        prompt_s = began_s + _PROMPT_SHARE * self.integration_time_s
        if self._clock.monotonic() > prompt_s:
            # Were this frame cut, it would be too long to be known by its counts: leave the time as it is.
            return self._frames.read(self.integration_time_s), _Behind.NOTHING
        self._tell(round(self._park_s * 1000), stale=False)
        told_in_time = self._clock.monotonic() <= prompt_s
        packet = self._frames.read(self.integration_time_s)
        whole = self._clock.monotonic() >= began_s + 0.5 * self.integration_time_s
        return packet, _Behind.SHORT_TIME if told_in_time and whole else _Behind.DOUBT

    def _agree(self, suspects: Sequence[FloatArray], reference: FloatArray) -> bool:
        """Whether no suspect is a short frame."""
        if suspects and self._short_frame is None:
            self._short_frame = self._take_short_frame()
        return all(
            self._short_frame is not None and alike(row, reference, self._short_frame) for row in suspects
        )

    def _take_short_frame(self) -> FloatArray:
        """One short frame for comparison; the first may still be a long one."""
        for _ in range(2):
            self._frames.request()
            packet = self._frames.read(self.integration_time_s)
        return counts(packet)

    # --- the wire ---

    @property
    def _wanted_ms(self) -> int:
        return round(self.integration_time_s * 1000)

    def _tell(self, milliseconds: int, *, stale: bool = True) -> None:
        self._told_ms = milliseconds
        self._link.send(struct.pack("<BI", SET_INTEGRATION_TIME, milliseconds))
        self._changed_s = self._clock.monotonic() if stale else self._changed_s
        self._stale = self._stale or stale


def alike(row: FloatArray, reference: FloatArray, short: FloatArray) -> bool:
    """Whether a scan was exposed as long as the reference, judged by a frame that is hardly exposed at all.

    Args:
        row: the scan in doubt, counts, shape [512].
        reference: a scan that is not, shape [512].
        short: a frame much shorter than both, shape [512].

    Returns:
        True where the mean levels of scan and reference differ by less than a tenth of what the short frame
        differs from the reference, or by no more than noise.
    """
    difference = row - reference
    # The median is blind to the few pixels of a laser line, which would pass off a missing one as noise.
    scatter = _MAD_TO_SD * float(np.median(np.abs(difference - np.median(difference))))
    noise = _SIGMAS * scatter / np.sqrt(len(row))
    exposed = abs(float(np.mean(reference - short)))
    return bool(abs(float(np.mean(difference))) <= _CLOSE * exposed + noise)
