"""What earlier exposures of a run gave, as far as later ones need it.

The same summary comes from an exposure just taken and from one read back of a journal, so that a pass on
another day is checked and set up like one that follows at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calibration.roles import PASS_ORDER, Role
from drivers.protocols import FloatArray


@dataclass(frozen=True)
class Estimate:
    """A number with its standard uncertainty."""

    value: float
    uncertainty: float


@dataclass(frozen=True, eq=False)
class StepSummary:
    """One exposure with its dark, per second and monitor watt.

    Attributes:
        role: what it was for.
        step: index of the power step.
        wheel_position_deg: where the wheel stood, degrees.
        monitor_power_w: mean monitor power during the exposure, W.
        monitor_uncertainty_relative: standard uncertainty of that mean, relative.
        rate_per_s_per_w: (counts - dark) per second and monitor watt, shape [pixels].
        rate_uncertainty: standard uncertainty of it from the spread of the scans, shape [pixels].
        dark_counts: mean dark, shape [pixels].
    """

    role: Role
    step: int
    wheel_position_deg: float
    monitor_power_w: float
    monitor_uncertainty_relative: float
    rate_per_s_per_w: FloatArray
    rate_uncertainty: FloatArray
    dark_counts: FloatArray

    @classmethod
    def from_data(cls, exposure: Mapping[str, Any], dark: Mapping[str, Any]) -> StepSummary:
        """Make it of an exposure and its dark as they are recorded.

        Args:
            exposure: data of the stream "exposure".
            dark: data of the stream "dark" of the same role and step.
        """
        power_w = float(exposure["monitor_power_w"])
        per_count = 1.0 / (float(exposure["integration_time_s"]) * power_w)
        counts = np.asarray(exposure["counts"], dtype=np.float64)
        dark_counts = np.asarray(dark["dark"], dtype=np.float64)
        variance = np.asarray(exposure["counts_std"], dtype=np.float64) ** 2 / int(
            exposure["scans"]
        ) + np.asarray(dark["dark_std"], dtype=np.float64) ** 2 / int(dark["scans"])
        readings = max(int(exposure["monitor_readings"]), 1)
        return cls(
            role=Role(exposure["role"]),
            step=int(exposure["step"]),
            wheel_position_deg=float(exposure["wheel_position_deg"]),
            monitor_power_w=power_w,
            monitor_uncertainty_relative=float(exposure["monitor_power_std_w"]) / power_w / readings**0.5,
            rate_per_s_per_w=(counts - dark_counts) * per_count,
            rate_uncertainty=np.sqrt(np.nan_to_num(variance)) * per_count,
            dark_counts=dark_counts,
        )

    def band(self, pixels: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Estimate:
        """Sum over some pixels, counts per second and monitor watt.

        Args:
            pixels: True for the pixels that belong to the band, shape [pixels].
        """
        value = float(np.sum(self.rate_per_s_per_w[pixels]))
        scans = float(np.sqrt(np.sum(self.rate_uncertainty[pixels] ** 2)))
        return Estimate(value, float(np.hypot(scans, value * self.monitor_uncertainty_relative)))


@dataclass
class RunHistory:
    """All summaries of a run, the latest of each role and step."""

    _of_role: dict[Role, dict[int, StepSummary]] = field(default_factory=dict)

    @classmethod
    def of(cls, summaries: Iterable[StepSummary]) -> RunHistory:
        """Make it of what earlier passes gave."""
        history = cls()
        for summary in summaries:
            history.add(summary)
        return history

    def add(self, summary: StepSummary) -> None:
        """Keep one more."""
        self._of_role.setdefault(summary.role, {})[summary.step] = summary

    def missing_steps(self, role: Role, power_steps: int) -> tuple[int, ...]:
        """List the power steps of a role that aren't there yet."""
        there = self._of_role.get(role, {})
        return tuple(step for step in range(power_steps) if step not in there)

    def nearest(self, role: Role, step: int) -> StepSummary | None:
        """Summary of a role at the step, or at the step next to it; None if the role wasn't measured at all.

        Rates are per watt, so a neighbour serves where the very step is missing.
        """
        steps = self._of_role.get(role)
        if not steps:
            return None
        return steps[min(steps, key=lambda other: (abs(other - step), other))]

    def wheel_position_deg(self, step: int) -> float | None:
        """Where the wheel stood at that step in the first pass that has it, degrees; None if none has."""
        for role in PASS_ORDER:
            summary = self._of_role.get(role, {}).get(step)
            if summary is not None:
                return summary.wheel_position_deg
        return None

    def mean_monitor_power_w(self, step: int) -> float | None:
        """Mean monitor power of that step over the roles measured so far, W; None if none was."""
        powers = [steps[step].monitor_power_w for steps in self._of_role.values() if step in steps]
        return float(np.mean(powers)) if powers else None
