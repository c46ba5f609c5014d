"""Do sample and long-pass stand as they should? Asked at the first step of each pass, before it is recorded.

Each check compares the exposure with what an earlier pass of the run gave and answers with the reason in
an operator's words, or with None when nothing speaks against the arrangement. A check whose counterpart
wasn't measured is left out. All quantities are counts per second and monitor watt, so powers and
integration times may differ.

With L for the laser line and P for the emission (indices: a empty, b indirect, c direct), photon
bookkeeping after deMello, Wittmann and Friend, Adv. Mater. 9, 230 (1997), gives 1 - L_b/L_a for the light
absorbed off the beam, 1 - L_c/L_b for the direct absorption, and P_c well above P_b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.roles import Role
from drivers.protocols import FloatArray
from procedures.history import Estimate, RunHistory, StepSummary

LASER_LEAK_LIMIT = 1e-3
"""Laser line of an emission pass against an excitation pass: above that the long-pass isn't in."""

LASER_LOSS_LIMIT = 0.1
"""Laser line of an excitation pass against the empty sphere: below that the light doesn't arrive."""

SMALLEST_INDIRECT_ABSORPTION = 0.005
SMALLEST_DIRECT_ABSORPTION = 0.02
SMALLEST_EMISSION_CHANGE = 0.05
LARGEST_EMPTY_EMISSION = 0.5
"""Emission of the empty sphere against the indirect pass: above that a sample is still in."""

_SIGMAS = 3.0
_SIGMAS_OF_THE_LINE = 6.0
"""A laser line worth evaluating stands far above the noise, and noise must not pass for one."""
_LARGEST_WIDENING = 3.0
"""Noise may raise a limit at most to this multiple: a poor first step must not refuse a thin sample."""

_BRIGHT = 0.5
_BLOCK_PIXELS = 32
_SIGMAS_OF_MANY = 5.0
"""Among a dozen blocks of noise one above three standard uncertainties isn't rare."""


@dataclass(frozen=True, eq=False)
class PlacementCheck:
    """The checks of a run, knowing where the laser line is.

    Attributes:
        wavelengths_nm: wavelength of each pixel, nm, shape [pixels].
        laser_window_nm: lower and upper end of the laser window, nm.
    """

    wavelengths_nm: FloatArray
    laser_window_nm: tuple[float, float]

    def reason(self, summary: StepSummary, history: RunHistory) -> str | None:
        """Judge the first exposure of a pass.

        Args:
            summary: the exposure.
            history: what earlier passes gave.

        Returns:
            Why the arrangement seems wrong, in words; None if nothing speaks against it.
        """
        if summary.role.is_emission:
            return self._long_pass_missing(summary, history) or self._emission(summary, history)
        return self._laser_line_missing(summary, history) or self._absorption(summary, history)

    @property
    def _laser_pixels(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        low, high = self.laser_window_nm
        return (self.wavelengths_nm >= low) & (self.wavelengths_nm <= high)

    def _laser_line_missing(self, summary: StepSummary, history: RunHistory) -> str | None:
        line = summary.band(self._laser_pixels)
        words = (
            "there is no laser line although the monitor sees the laser: is the long-pass still in, the "
            "fibre off, or the laser window beside the line?"
        )
        if line.value <= _SIGMAS_OF_THE_LINE * line.uncertainty:
            return words
        empty = history.nearest(Role.EMPTY_EXCITATION, summary.step)
        if summary.role is Role.EMPTY_EXCITATION or empty is None:
            return None
        return words if line.value < LASER_LOSS_LIMIT * empty.band(self._laser_pixels).value else None

    def _absorption(self, summary: StepSummary, history: RunHistory) -> str | None:
        if summary.role is Role.INDIRECT_EXCITATION:
            before, limit = Role.EMPTY_EXCITATION, SMALLEST_INDIRECT_ABSORPTION
            words = "the sample doesn't seem to be in the sphere (or was in already during the empty pass)"
        elif summary.role is Role.DIRECT_EXCITATION:
            before, limit = Role.INDIRECT_EXCITATION, SMALLEST_DIRECT_ABSORPTION
            words = "the sample isn't in the beam (or was in it already during the indirect pass)"
        else:
            return None
        reference = history.nearest(before, summary.step)
        if reference is None:
            return None
        ratio = _ratio(summary.band(self._laser_pixels), reference.band(self._laser_pixels))
        absorbed = 1 - ratio.value
        if absorbed >= _widened(limit, ratio.uncertainty):
            return None
        return (
            f"{words}: the laser line changed by {-absorbed:+.2%} against {_words(before)}, expected is a "
            f"loss above {limit:.1%}"
        )

    def _long_pass_missing(self, summary: StepSummary, history: RunHistory) -> str | None:
        line = summary.band(self._laser_pixels)
        excitation = next(
            (
                found
                for role in (Role.DIRECT_EXCITATION, Role.INDIRECT_EXCITATION, Role.EMPTY_EXCITATION)
                if (found := history.nearest(role, summary.step)) is not None
            ),
            None,
        )
        words = "the long-pass isn't in: the laser line is still strong"
        if excitation is not None:
            limit = LASER_LEAK_LIMIT * excitation.band(self._laser_pixels).value
            return words if line.value > limit + _SIGMAS * line.uncertainty else None
        rate = summary.rate_per_s_per_w
        in_line, beside = float(np.max(rate[self._laser_pixels])), float(np.max(rate[~self._laser_pixels]))
        significant = line.value > _SIGMAS * line.uncertainty
        return words if significant and in_line > beside else None

    def _emission(self, summary: StepSummary, history: RunHistory) -> str | None:
        if summary.role is Role.DIRECT_EMISSION:
            return self._emission_missing(summary)
        direct = history.nearest(Role.DIRECT_EMISSION, summary.step)
        if direct is None:
            return None
        pixels = self._brightest_emission(direct)
        if summary.role is Role.INDIRECT_EMISSION:
            ratio = _ratio(summary.band(pixels), direct.band(pixels))
            if abs(1 - ratio.value) >= _widened(SMALLEST_EMISSION_CHANGE, ratio.uncertainty):
                return None
            return (
                "the sample was not moved out of the beam (or wasn't in it during the direct pass): the "
                f"emission changed by only {ratio.value - 1:+.1%}"
            )
        indirect = history.nearest(Role.INDIRECT_EMISSION, summary.step)
        if indirect is None:
            return None
        ratio = _ratio(summary.band(pixels), indirect.band(pixels))
        if ratio.value < LARGEST_EMPTY_EMISSION:
            return None
        return f"the sample is still in the sphere: the emission is {ratio.value:.0%} of the indirect pass's"

    def _emission_missing(self, summary: StepSummary) -> str | None:
        beyond = np.flatnonzero(self.wavelengths_nm > self.laser_window_nm[1])
        # Blocks chosen beforehand: the brightest pixels of pure noise would always look like light.
        for block in np.array_split(beyond, max(len(beyond) // _BLOCK_PIXELS, 1)):
            band = summary.band(np.isin(np.arange(len(self.wavelengths_nm)), block))
            if band.value > _SIGMAS_OF_MANY * band.uncertainty:
                return None
        return "there is no emission above the noise: is the sample in the beam?"

    def _brightest_emission(self, summary: StepSummary) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        beyond_laser = self.wavelengths_nm > self.laser_window_nm[1]
        # A running mean finds the band and not a single noisy pixel.
        smooth = np.convolve(summary.rate_per_s_per_w, np.full(5, 0.2), mode="same")
        smooth[~beyond_laser] = -np.inf
        return smooth > _BRIGHT * max(float(np.max(smooth)), 0.0)


def _ratio(numerator: Estimate, denominator: Estimate) -> Estimate:
    value = numerator.value / denominator.value if denominator.value else float("inf")
    uncertainty = abs(value) * float(
        np.hypot(
            numerator.uncertainty / numerator.value if numerator.value else 0.0,
            denominator.uncertainty / denominator.value if denominator.value else 0.0,
        )
    )
    return Estimate(value, uncertainty)


def _widened(limit: float, uncertainty: float) -> float:
    return min(max(limit, _SIGMAS * uncertainty), _LARGEST_WIDENING * limit)


def _words(role: Role) -> str:
    return role.value.replace("_", " ")
