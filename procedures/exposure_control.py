"""Taking an exposure that is worth recording: not saturated, well filled, at a steady power."""

from __future__ import annotations

import logging

import numpy as np

from calibration.roles import Role
from drivers.errors import MeasurementError
from drivers.protocols import FloatArray
from procedures.context import RunContext
from procedures.exposure import Exposure
from procedures.integration_time import (
    IntegrationLimits,
    is_saturated,
    peak_fraction,
    predict_integration_time_s,
    shorter_time_s,
)
from procedures.power_control import PowerControl

_LOGGER = logging.getLogger(__name__)

LARGEST_MONITOR_SPREAD = 0.01
LARGEST_STEP_DEVIATION = 0.02
_BAND_SLACK = 1.1
"""A peak this factor outside the wanted band is still good: taking it again costs more than it gives."""

_WORTHWHILE_CHANGE = 0.10
_SAME_SHIFT = 0.005


class ExposureControl:
    """Chooses integration times within one pass and repeats exposures that aren't good."""

    def __init__(self, role: Role, context: RunContext) -> None:
        spectrometer = context.instruments.spectrometer
        self.limits: IntegrationLimits = context.settings.integration_limits(
            role, spectrometer.full_scale_counts, spectrometer.integration_time_range_s
        )
        """What bounds the integration times of this pass."""
        self._role = role
        self._context = context
        self._scans = context.settings.scans(role)
        pixels = len(spectrometer.wavelengths_nm)
        self._rate_per_s_per_w: FloatArray = np.zeros(pixels)
        self._dark_counts: FloatArray = np.zeros(pixels)
        self._known_shift: float | None = None

    @property
    def longest_exposure_s(self) -> float:
        """Get the longest time one exposure of this pass can take, with the spectrum lost at its start, s."""
        return self.limits.longest_s * (self._scans + 1)

    def learn(self, rate_per_s_per_w: FloatArray, dark_counts: FloatArray) -> None:
        """Take the latest rates and dark as the start of the next prediction, both of shape [pixels]."""
        self._rate_per_s_per_w, self._dark_counts = rate_per_s_per_w, dark_counts

    def expose(self, step: int, power: PowerControl) -> Exposure:
        """Take one exposure, again where that helps.

        Args:
            step: index of the power step.
            power: knows what the monitor should read, and corrects a predicted angle.

        Raises:
            MeasurementError: saturated even at the shortest integration time, or no light.
            NotDarkError: saturated even with the shutter closed.
        """
        time_s = self._predict_s(self._rate_per_s_per_w, power.expected_monitor_w)
        exposure = self._unsaturated(step, time_s, power)
        better_s = self._better_time_s(exposure)
        if better_s is not None:
            _LOGGER.info(
                "%s, step %d: taken again at %g s instead of %g s", self._role, step, better_s, time_s
            )
            exposure = self._unsaturated(step, better_s)
        return self._steady(step, exposure)

    def _unsaturated(self, step: int, time_s: float, power: PowerControl | None = None) -> Exposure:
        while True:
            self._context.tell(self._role, step, "exposure", time_s * (self._scans + 1))
            exposure = self._at_the_right_power(time_s, power)
            if not is_saturated(exposure.scan_counts, self._dark_counts, self.limits.full_scale_counts):
                return exposure
            shorter_s = shorter_time_s(time_s, self.limits)
            if shorter_s is None:
                # Where even a dark is full it isn't the laser's light: that raises something else.
                self._context.taker.dark(time_s, 1)
                raise MeasurementError(saturated_words(self._role, time_s))
            _LOGGER.info("%s: saturated at %g s, shortened to %g s", self._role, time_s, shorter_s)
            time_s = shorter_s

    def _at_the_right_power(self, time_s: float, power: PowerControl | None) -> Exposure:
        taker = self._context.taker
        if power is not None and power.unproven:
            exposure = taker.expose_if(power.is_close, time_s, self._scans)
            if exposure is not None:
                return exposure
            power.correct()
        return taker.expose(time_s, self._scans)

    def _better_time_s(self, exposure: Exposure) -> float | None:
        counts = np.asarray(exposure.scan_counts.mean(axis=0), dtype=np.float64)
        limits = self.limits
        peak = peak_fraction(counts, self._dark_counts, limits.full_scale_counts)
        if limits.peak_low_fraction / _BAND_SLACK <= peak <= limits.peak_high_fraction * _BAND_SLACK:
            return None
        time_s = exposure.integration_time_s
        rate = (counts - self._dark_counts) / (time_s * exposure.monitor.mean_w)
        better_s = self._predict_s(rate, exposure.monitor.mean_w)
        return better_s if abs(better_s / time_s - 1) > _WORTHWHILE_CHANGE else None

    def _predict_s(self, rate_per_s_per_w: FloatArray, monitor_w: float) -> float:
        return predict_integration_time_s(rate_per_s_per_w, self._dark_counts, monitor_w, self.limits)

    def _steady(self, step: int, exposure: Exposure) -> Exposure:
        problem = self._power_problem(step, exposure)
        if not problem:
            return exposure
        _LOGGER.warning("%s, step %d: %s; taken again", self._role, step, problem)
        exposure = self._unsaturated(step, exposure.integration_time_s)
        problem = self._power_problem(step, exposure)
        if problem:
            self._context.warn(f"{self._role}, step {step}: {problem}")
            # A shift that stays (another day, another room temperature) isn't cured by repeating.
            self._known_shift = self._shift(step, exposure)
        return exposure

    def _power_problem(self, step: int, exposure: Exposure) -> str:
        if exposure.monitor.spread > LARGEST_MONITOR_SPREAD:
            return f"the laser power varied by {exposure.monitor.spread:.1%} during the exposure"
        shift = self._shift(step, exposure)
        known = self._known_shift is not None and abs(shift - self._known_shift) < _SAME_SHIFT
        if abs(shift) > LARGEST_STEP_DEVIATION and not known:
            return f"the laser power is {shift:+.1%} off the mean of the other passes at this step"
        return ""

    def _shift(self, step: int, exposure: Exposure) -> float:
        mean_w = self._context.history.mean_monitor_power_w(step)
        return exposure.monitor.mean_w / mean_w - 1 if mean_w else 0.0


def saturated_words(role: Role, time_s: float) -> str:
    """Say what to do about a spectrum that is saturated at the shortest time."""
    hint = "Is the long-pass in?" if role.is_emission else "Couple less light or lower the power densities."
    return (
        f"{role}: the spectrometer is saturated even at the shortest integration time ({time_s * 1e3:g} ms). "
        f"{hint} Nothing was recorded."
    )
