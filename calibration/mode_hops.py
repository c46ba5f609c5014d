"""Where a laser diode hops between modes, from its line and its power along a scan; and where it is quiet.

Between hops the line moves smoothly with temperature and current, and so does the power. A hop is a step
between two neighbouring points that the noise doesn't explain. The noise is measured by the scan itself, so
that there is no limit to be set: only how often a scan without hops may show one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

FALSE_ALARM = 0.01
"""Probability that a scan without a hop shows one."""
_FEWEST_POINTS = 12
_TREND_DEGREE = 2
_ROUNDS = 10
_MAD_TO_SIGMA = 1.4826
_MATCH_STEPS = 4.0
"""The same hop, met from both sides, lies at most so many steps apart."""
AS_GOOD = 0.75
"""Settings with this share of the largest distance count as equally quiet: a controller holds hundredths of a
degree."""


@dataclass(frozen=True, eq=False)
class LineScan:
    """Line and power along a scan of temperature or current.

    Attributes:
        setting: mount temperature in °C or current in A as measured, ascending, [points].
        line_nm: centroid of the line, [points].
        power_w: [points], above 0.
        line_noise_nm: one sigma of each centroid, from its scans' scatter, [points]; it grows where there is
            less light, and the points may scatter more.
        power_noise_relative: one sigma of a power, from the monitor's readings.

    Raises:
        CurveError: too few points, not ascending, not finite, or no power.
    """

    setting: FloatArray
    line_nm: FloatArray
    power_w: FloatArray
    line_noise_nm: FloatArray
    power_noise_relative: float

    def __post_init__(self) -> None:
        if len(self.setting) < _FEWEST_POINTS:
            raise CurveError(
                f"mode hops: {len(self.setting)} points are too few, {_FEWEST_POINTS} are needed"
            )
        if not all(np.isfinite(one).all() for one in (self.setting, self.line_nm, self.power_w)):
            raise CurveError("mode hops: a temperature, centroid or power isn't finite")
        if not (np.diff(self.setting) > 0).all():
            raise CurveError("mode hops: the settings must rise from point to point")
        if not (self.power_w > 0).all():
            raise CurveError("mode hops: a power isn't above 0")

    @property
    def step(self) -> float:
        """Get the median distance of two points."""
        return float(np.median(np.diff(self.setting)))


@dataclass(frozen=True)
class Hop:
    """One hop.

    Attributes:
        low: last setting before it.
        high: first setting after it.
        line_step_nm: how far the line jumps towards higher settings, beyond its steady shift.
        power_step_relative: the same of the power.
        sigmas: root of the sum of both steps squared, each over its noise.
        rising: where it was met with rising setting; None: only with falling.
        falling: where it was met with falling setting; None: only with rising, or not looked.
    """

    low: float
    high: float
    line_step_nm: float
    power_step_relative: float
    sigmas: float
    rising: float | None = None
    falling: float | None = None

    @property
    def position(self) -> float:
        """Get the middle of the interval that it lies in."""
        return 0.5 * (self.low + self.high)


@dataclass(frozen=True, eq=False)
class Jumps:
    """What one scan shows.

    Attributes:
        hops: in the order of their settings.
        line_slope_nm: of the line per unit of setting, between hops.
        line_sigma_nm: scatter of the line's steps, one sigma.
        power_sigma_relative: scatter of the power's steps, one sigma.
        threshold_sigmas: a step counts from here on.
    """

    hops: tuple[Hop, ...]
    line_slope_nm: float
    line_sigma_nm: float
    power_sigma_relative: float
    threshold_sigmas: float


def find_jumps(scan: LineScan, false_alarm: float = FALSE_ALARM) -> Jumps:
    """Look for steps in line and power that the noise doesn't explain.

    The steps between neighbours, less a smooth trend, are compared with their scatter. Both together,
    squared, follow twice an F distribution of 2 and ν degrees of freedom where there is no hop, ν as many as
    tell the scatter; its tail of p = `false_alarm` over the number of steps is the threshold:
    ν (p^(-2/ν) - 1).

    Args:
        scan: in one direction.
        false_alarm: probability that a scan without hops shows one.
    """
    width = np.diff(scan.setting)
    # Powers are compared as they are: over a current they rise along a straight line.
    middle_w = 0.5 * (scan.power_w[1:] + scan.power_w[:-1])
    noise_nm = np.sqrt(0.5 * (scan.line_noise_nm[1:] ** 2 + scan.line_noise_nm[:-1] ** 2))
    usual_nm = float(np.median(noise_nm))
    line = _Steps(np.diff(scan.line_nm), width, noise_nm / usual_nm if usual_nm > 0 else 1.0)
    power = _Steps(np.diff(scan.power_w), width, middle_w)
    threshold = _threshold(len(width), false_alarm)
    quiet = np.ones(len(width), dtype=bool)
    for turn in range(_ROUNDS):
        line_trend, line_left, line_sigma = line.judged(quiet, usual_nm, robust=turn == 0)
        _, power_left, power_sigma = power.judged(quiet, scan.power_noise_relative, robust=turn == 0)
        squared = (line_left / line_sigma) ** 2 + (power_left / power_sigma) ** 2
        if np.array_equal(quiet, squared < threshold) and turn > 0:
            break
        quiet = squared < threshold
    hops = tuple(
        Hop(
            float(scan.setting[run[0]]),
            float(scan.setting[run[-1] + 1]),
            float((line_left * line.unit)[run].sum()),
            float(power_left[run].sum()),
            float(np.sqrt(squared[run].max())),
        )
        for run in _runs(~quiet, line_left)
    )
    return Jumps(
        hops,
        float(np.median(line_trend * line.unit)),
        line_sigma,
        power_sigma,
        math.sqrt(threshold),
    )


def _threshold(steps: int, false_alarm: float) -> float:
    """Of both steps squared, each over its noise: where `false_alarm` over all steps begins."""
    freedom = steps - _TREND_DEGREE - 1
    return float(freedom * ((false_alarm / steps) ** (-2 / freedom) - 1))


@dataclass(frozen=True, eq=False)
class _Steps:
    """Differences of neighbouring points, over so much of the setting, in parts of a unit."""

    steps: FloatArray
    width: FloatArray
    unit: FloatArray | float = 1.0

    def judged(
        self, quiet: NDArray[np.bool_], noise: float, *, robust: bool
    ) -> tuple[FloatArray, FloatArray, float]:
        """Smooth slope through the quiet steps, what it leaves of every step, and the scatter of that."""
        slope = self.steps / self.width
        if robust or quiet.sum() < _FEWEST_POINTS // 2:
            trend: FloatArray = np.full_like(slope, np.median(slope))
            left = (self.steps - trend * self.width) / self.unit
            sigma = _MAD_TO_SIGMA * float(np.median(np.abs(left)))
        else:
            place = np.linspace(-1.0, 1.0, len(slope))
            fitted = np.polyfit(place[quiet], slope[quiet], _TREND_DEGREE)
            trend = np.asarray(np.polyval(fitted, place), dtype=np.float64)
            left = (self.steps - trend * self.width) / self.unit
            freedom = max(int(quiet.sum()) - _TREND_DEGREE - 1, 1)
            sigma = float(np.sqrt(np.sum(left[quiet] ** 2) / freedom))
        # A step is the difference of two points.
        return trend / self.unit, left, max(sigma, math.sqrt(2) * noise)


def _runs(found: NDArray[np.bool_], line_left: FloatArray) -> list[NDArray[np.int_]]:
    """Neighbouring steps in the same direction are one hop: a point may lie in the middle of it."""
    runs: list[list[int]] = []
    for index in np.flatnonzero(found):
        if runs and index == runs[-1][-1] + 1 and line_left[index] * line_left[runs[-1][-1]] > 0:
            runs[-1].append(int(index))
        else:
            runs.append([int(index)])
    return [np.array(run) for run in runs]


@dataclass(frozen=True, eq=False)
class HopMap:
    """The hops of a diode over a range, met from both sides if both were scanned.

    Attributes:
        hops: in the order of their settings.
        rising: what the scan with rising setting shows.
        falling: what the scan with falling setting shows; None if there was none.
        scanned: lowest and highest setting.
        step: one-step resolution of every position.
        warnings: sentences.
    """

    hops: tuple[Hop, ...]
    rising: Jumps
    falling: Jumps | None
    scanned: tuple[float, float]
    step: float
    warnings: tuple[str, ...]

    @property
    def hysteresis(self) -> float | None:
        """Get the median of rising less falling position; None where no hop was met from both sides."""
        both = [hop.rising - hop.falling for hop in self.hops if hop.rising is not None and hop.falling]
        return float(np.median(both)) if both else None

    def distance(self, setting: float) -> float:
        """How far the nearest hop is, or the end of what was scanned: nobody knows what comes behind it."""
        ends = (setting - self.scanned[0], self.scanned[1] - setting)
        hops = [max(hop.low - setting, setting - hop.high, 0.0) for hop in self.hops]
        return max(min((*ends, *hops)), 0.0)

    def quietest(self, allowed: tuple[float, float], present: float) -> float:
        """The middle between two hops that is far enough from both, and nearest to where the laser is now.

        Args:
            allowed: lowest and highest setting that may be proposed.
            present: a change of it moves the line, and with it what the sample absorbs.

        Raises:
            CurveError: nothing that was scanned is allowed.
        """
        low, high = max(allowed[0], self.scanned[0]), min(allowed[1], self.scanned[1])
        if not low < high:
            raise CurveError(f"mode hops: {allowed} was not scanned, {self.scanned} was")
        candidates = np.linspace(low, high, max(math.ceil((high - low) / self.step) * 5 + 1, 2))
        distances = np.array([self.distance(float(one)) for one in candidates])
        beside = np.concatenate([[-1.0], distances, [-1.0]])
        middles = (distances >= beside[:-2]) & (distances >= beside[2:])
        good = middles & (distances >= AS_GOOD * distances.max())
        return float(min(candidates[good], key=lambda one: abs(one - present)))

    def record_values(self) -> dict[str, Any]:
        """The values of a `mode_hops` record that don't depend on what was scanned."""
        jumps = self.rising
        return {
            "hops": [
                {
                    "low": hop.low,
                    "high": hop.high,
                    "position": hop.position,
                    "rising": hop.rising,
                    "falling": hop.falling,
                    "line_step_nm": hop.line_step_nm,
                    "power_step_relative": hop.power_step_relative,
                    "sigmas": hop.sigmas,
                }
                for hop in self.hops
            ],
            "scanned": list(self.scanned),
            "step": self.step,
            "hysteresis": self.hysteresis,
            "line_slope_nm": jumps.line_slope_nm,
            "line_sigma_nm": jumps.line_sigma_nm,
            "power_sigma_relative": jumps.power_sigma_relative,
            "threshold_sigmas": jumps.threshold_sigmas,
            "warnings": list(self.warnings),
        }


def map_hops(rising: LineScan, falling: LineScan | None = None, false_alarm: float = FALSE_ALARM) -> HopMap:
    """Find the hops of a scan and its way back.

    Chance makes a step on one way, a hop is met on both. One that was met on one way only has to be as
    unlikely as chance on both would be.

    Args:
        rising: scanned with rising setting.
        falling: scanned with falling setting, its points in ascending order; None if there was none.
        false_alarm: probability that a scan without hops shows one.
    """
    up = find_jumps(rising, false_alarm)
    step = rising.step
    scanned = (float(rising.setting[0]), float(rising.setting[-1]))
    if falling is None:
        hops = [_met(hop, rising=hop.position) for hop in up.hops]
        return HopMap(tuple(hops), up, None, scanned, step, ())
    down = find_jumps(falling, false_alarm)
    alone = math.sqrt(_threshold(len(rising.setting) - 1, false_alarm**2))
    hops, warnings = _matched(up.hops, down.hops, _MATCH_STEPS * step, alone)
    return HopMap(tuple(hops), up, down, scanned, step, tuple(warnings))


def _met(hop: Hop, rising: float | None = None, falling: float | None = None) -> Hop:
    return Hop(hop.low, hop.high, hop.line_step_nm, hop.power_step_relative, hop.sigmas, rising, falling)


def _matched(
    up: Sequence[Hop], down: Sequence[Hop], nearest: float, alone_sigmas: float
) -> tuple[list[Hop], list[str]]:
    """Pair hops of both directions; those met from one side only are kept if they are clear, and told."""
    left = list(down)
    hops: list[Hop] = []
    for hop in up:
        same = [one for one in left if one.line_step_nm * hop.line_step_nm > 0]
        twin = min(same, key=lambda one: abs(one.position - hop.position), default=None)
        if twin is None or abs(twin.position - hop.position) > nearest:
            if hop.sigmas > alone_sigmas:
                hops.append(_met(hop, rising=hop.position))
            continue
        left.remove(twin)
        hops.append(
            Hop(
                min(hop.low, twin.low),
                max(hop.high, twin.high),
                0.5 * (hop.line_step_nm + twin.line_step_nm),
                0.5 * (hop.power_step_relative + twin.power_step_relative),
                max(hop.sigmas, twin.sigmas),
                hop.position,
                twin.position,
            )
        )
    hops.extend(_met(hop, falling=hop.position) for hop in left if hop.sigmas > alone_sigmas)
    hops.sort(key=lambda one: one.position)
    warnings = [
        f"the hop at {hop.position:.4g} was met in one direction only"
        for hop in hops
        if hop.rising is None or hop.falling is None
    ]
    return hops, warnings
