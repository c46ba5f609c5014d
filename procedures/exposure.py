"""One exposure: light on, spectra and monitor at the same time, light off; and its dark."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from drivers.errors import InstrumentReportedError, MeasurementError, RigError, RunAbortedError
from drivers.protocols import FloatArray, Shutter, Spectrometer
from procedures.instruments import Instruments
from procedures.integration_time import is_saturated
from procedures.monitor_log import FEWEST_READINGS, MonitorLog, MonitorReadings

_LOGGER = logging.getLogger(__name__)

NO_LIGHT_W = 5e-8
"""A monitor reading below that is no light at all (lower end of a silicon head's range)."""

TIMED_FROM_S = 1.0
"""Light that is to last so long is let out under the shutter controller's own timer, s."""
_TIMER_SLACK = 2.0
_TIMER_SLACK_REAL_S = 10.0
"""What the computer may take beside the exposure itself before the timer cuts the light off, real seconds."""

LARGEST_DARK_SPREAD_COUNTS = 100.0
LARGEST_DARK_SPREAD = 0.05
"""So far the scans of one dark may lie apart, in counts or as a part of the dark. More is no noise and no
slow drift of the detector, but light, or a spectrum that came wrong."""
_DARK_ATTEMPTS = 2
_SCANS_OF_A_LOOK = 3


@dataclass(frozen=True, eq=False)
class Exposure:
    """Spectra taken with the light on.

    Attributes:
        integration_time_s: time in force, s.
        scan_counts: raw counts, shape [scans, pixels].
        monitor: what the monitor read meanwhile.
        light_on_s: how long the sample was lit for it, s.
    """

    integration_time_s: float
    scan_counts: FloatArray
    monitor: MonitorReadings
    light_on_s: float


@dataclass(frozen=True, eq=False)
class Dark:
    """Spectra taken with the shutter closed.

    Attributes:
        integration_time_s: time in force, s.
        scan_counts: raw counts, shape [scans, pixels].
    """

    integration_time_s: float
    scan_counts: FloatArray

    @property
    def counts(self) -> FloatArray:
        """Get the mean of the scans, shape [pixels]."""
        return np.asarray(self.scan_counts.mean(axis=0), dtype=np.float64)


class StopRequestedError(RunAbortedError):
    """Somebody asked to stop when light was about to be let out."""


class Light:
    """The only place that opens the shutter.

    It stays shut once a stop was asked for: whoever stops a run may be making the rig safe right now.
    Every change of light is told to the spectrometer, which then throws away what was begun before.
    """

    def __init__(
        self, instruments: Instruments, settle_time_s: float, should_stop: Callable[[], bool]
    ) -> None:
        self._instruments = instruments
        self._settle_time_s = settle_time_s
        self._should_stop = should_stop
        self.last_on_s = 0.0
        """How long the light was on the last time, s."""

    @contextmanager
    def on(self, planned_s: float = 0.0) -> Iterator[None]:
        """Light on the sample inside the block, and never after it.

        When the block fails, its error goes on, also where closing fails as well: that is logged, and the
        safe state that follows every run tries again.

        Args:
            planned_s: how long it will last, s. From `TIMED_FROM_S` on, the shutter's controller closes by
                itself some time after that: light must not stay on because this computer is gone.

        Raises:
            StopRequestedError: a stop was asked for; the shutter wasn't touched.
            InstrumentReportedError: the controller's timer cut the light off inside the block.
        """
        if self._should_stop():
            raise StopRequestedError("stopped before light was let out")
        clock = self._instruments.clock
        began_s = clock.monotonic()
        shutter = self._instruments.shutter
        timer_s = timer_for(planned_s + self._settle_time_s, clock.speed, shutter.longest_timed_opening_s)
        try:
            _open(shutter, timer_s)
            self._instruments.spectrometer.note_light_changed()
            clock.sleep(self._settle_time_s)
            yield
            if timer_s is not None:
                _require_still_open(shutter, timer_s)
        except BaseException as error:
            self._off_after(error)
            raise
        self.off()
        self.last_on_s = clock.monotonic() - began_s

    def off(self) -> None:
        """Close the shutter and tell the spectrometer."""
        try:
            self._instruments.shutter.close_blade()
        finally:
            self._instruments.spectrometer.note_light_changed()

    def _off_after(self, error: BaseException) -> None:
        try:
            self.off()
        except RigError as second:
            _LOGGER.exception("closing the shutter failed after another error")
            error.add_note(f"and the shutter could not be closed: {second}")


def timer_for(planned_s: float, clock_speed: float, longest_s: float) -> float | None:
    """The time after which the shutter's controller may close by itself.

    A power of two, so that the controller is rarely told another one.

    Args:
        planned_s: how long the light will be on, s.
        clock_speed: rig seconds per real second: the computer's own time counts so much more.
        longest_s: what the controller can keep, s.

    Returns:
        s; None where the light is short, or longer than the controller can keep.
    """
    if planned_s < TIMED_FROM_S or planned_s * _TIMER_SLACK > longest_s:
        return None
    wanted_s = planned_s * _TIMER_SLACK + _TIMER_SLACK_REAL_S * clock_speed
    return min(2.0 ** math.ceil(math.log2(wanted_s)), longest_s)


def _open(shutter: Shutter, timer_s: float | None) -> None:
    if timer_s is None:
        shutter.open()
    else:
        shutter.open_for(timer_s)


def _require_still_open(shutter: Shutter, timer_s: float) -> None:
    """A timer that has closed cut the light off at a moment nobody knows."""
    if shutter.blade_closed:
        raise InstrumentReportedError(
            "shutter",
            f"closed during an exposure: its timer of {timer_s:g} s ran out, or somebody closed it at its "
            "panel. The exposure was thrown away",
        )


class NotDarkError(MeasurementError):
    """With the shutter closed the detector isn't dark, or its spectra make no sense. That may pass.

    Attributes:
        integration_time_s: at which it was seen, s.
    """

    def __init__(self, message: str, integration_time_s: float) -> None:
        super().__init__(message)
        self.integration_time_s = integration_time_s


class ExposureTaker:
    """Takes exposures and darks with the instruments of the rig."""

    def __init__(
        self, instruments: Instruments, settle_time_s: float, should_stop: Callable[[], bool]
    ) -> None:
        self._instruments = instruments
        self.light = Light(instruments, settle_time_s, should_stop)
        self._asked_s: float | None = None
        self._in_force_s = 0.0

    def read_monitor(self) -> MonitorReadings:
        """Read the monitor a few times with the light on; for setting the power, nothing is recorded.

        Raises:
            MeasurementError: no light at the monitor.
        """
        with self.light.on():
            powers = [self._instruments.monitor.read_power_w() for _ in range(FEWEST_READINGS)]
        readings = MonitorReadings.of(powers)
        _with_light(readings.mean_w)
        return readings

    def expose(self, integration_time_s: float, scans: int) -> Exposure:
        """Collect spectra with the light on.

        Args:
            integration_time_s: time per scan, s.
            scans: how many.

        Raises:
            MeasurementError: no light at the monitor, or no answer of it.
            StopRequestedError: a stop was asked for; no light was let out.
            RigError: whatever an instrument raised; the shutter is closed by then.
        """
        exposure = self.expose_if(None, integration_time_s, scans)
        assert exposure is not None
        return exposure

    def expose_if(
        self, accepts: Callable[[float], bool] | None, integration_time_s: float, scans: int
    ) -> Exposure | None:
        """Collect spectra with the light on, provided that the power is right.

        Args:
            accepts: is told the first monitor reading, W; None to take any power.
            integration_time_s: time per scan, s.
            scans: how many.

        Returns:
            None when the power wasn't accepted; the shutter is closed again then.

        Raises:
            RigError: as `expose` does.
        """
        instruments = self._instruments
        time_s = self._set_integration_time_s(integration_time_s)
        log = MonitorLog(instruments.monitor, instruments.clock, time_s * (scans + 1))
        try:
            with self.light.on(time_s * (scans + 1)):
                if accepts is not None and not accepts(_with_light(instruments.monitor.read_power_w())):
                    return None
                with log:
                    counts = instruments.spectrometer.acquire(scans)
        finally:
            log.wait_until_ended()
        readings = log.readings()
        _with_light(readings.mean_w)
        return Exposure(time_s, counts, readings, self.light.last_on_s)

    def dark(self, integration_time_s: float, scans: int) -> Dark:
        """Collect spectra with the shutter closed.

        Args:
            integration_time_s: time per scan, s.
            scans: how many.

        Raises:
            NotDarkError: its scans are full, or don't agree, not even when taken again.
            RigError: whatever the spectrometer raised.
        """
        time_s = self._set_integration_time_s(integration_time_s)
        for _ in range(_DARK_ATTEMPTS):
            dark = Dark(time_s, self._instruments.spectrometer.acquire(scans))
            mistake = _mistake_of(dark, self._instruments.spectrometer.full_scale_counts)
            if mistake is None:
                return dark
            _LOGGER.warning("%s Taken again.", mistake)
        raise NotDarkError(f"{mistake} Nothing was recorded.", time_s)

    def _set_integration_time_s(self, integration_time_s: float) -> float:
        # Setting it anew would make the spectrum that is under way stale once more.
        if integration_time_s != self._asked_s:
            self._asked_s = None
            self._in_force_s = self._instruments.spectrometer.set_integration_time_s(integration_time_s)
            self._asked_s = integration_time_s
        return self._in_force_s


def require_darkness(spectrometer: Spectrometer, integration_time_s: float) -> None:
    """Look whether it is dark behind the closed shutter.

    Args:
        spectrometer: nobody else uses it meanwhile.
        integration_time_s: as bright as it was when it wasn't dark, s.

    Raises:
        NotDarkError: it isn't.
        RigError: whatever the spectrometer raised.
    """
    time_s = spectrometer.set_integration_time_s(integration_time_s)
    spectrometer.note_light_changed()
    dark = Dark(time_s, spectrometer.acquire(_SCANS_OF_A_LOOK))
    mistake = _mistake_of(dark, spectrometer.full_scale_counts)
    if mistake is not None:
        raise NotDarkError(mistake, time_s)


def _mistake_of(dark: Dark, full_scale_counts: float) -> str | None:
    """What keeps a dark from being subtracted from light, in words; None if nothing does."""
    median = float(np.median(dark.counts))
    spread = scan_spread_counts(dark.scan_counts)
    if spread > max(LARGEST_DARK_SPREAD_COUNTS, LARGEST_DARK_SPREAD * median):
        return (
            f"the scans of a dark ({dark.integration_time_s:g} s) differ by {spread:.0f} counts with the "
            "shutter closed: is there light in the room, or is the detector's temperature drifting?"
        )
    # Scans that are all full agree with each other, too.
    if is_saturated(dark.scan_counts, dark.counts, full_scale_counts):
        return (
            f"a dark ({dark.integration_time_s:g} s) is saturated (median {median:.0f} of "
            f"{full_scale_counts:.0f} counts) with the shutter closed: is there light in the room, is the "
            "detector warm, or does the spectrometer send nonsense?"
        )
    return None


def scan_spread_counts(scan_counts: FloatArray) -> float:
    """How far the scans lie apart as a whole: largest difference between their medians over the pixels."""
    return float(np.ptp(np.median(scan_counts, axis=1)))


def _with_light(power_w: float) -> float:
    if power_w > NO_LIGHT_W:
        return power_w
    raise MeasurementError(
        f"the power monitor sees no light with the shutter open ({power_w * 1e9:.3g} nW): is the beam "
        "blocked, the laser off, or the monitor's head covered? Nothing was recorded."
    )
