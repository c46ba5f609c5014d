"""Power density, monitor reading and wheel angle: which belongs to which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivers.errors import ConfigurationError, MeasurementError, OutOfRangeError
from drivers.protocols import FloatArray

_MW_PER_W = 1000.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class PowerCalibration:
    """What the calibration records say about the way from monitor to sample.

    Attributes:
        beam_area_cm2: area of the beam at the sample, π·d_x·d_y/4 with D4σ diameters, cm².
        monitor_ratio: power into the sphere divided by monitor reading, k.
        wheel_angle_deg: angles of the measured wheel curve, rising, degrees.
        wheel_optical_density: optical density at these angles, rising. Only differences are used, so a
            constant error of the curve does no harm; the closed loop takes care of its unevenness.
    """

    beam_area_cm2: float
    monitor_ratio: float
    wheel_angle_deg: tuple[float, ...]
    wheel_optical_density: tuple[float, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beam_area_cm2) and self.beam_area_cm2 > 0):
            raise ConfigurationError(f"beam area must be above 0 cm², got {self.beam_area_cm2}")
        if not (math.isfinite(self.monitor_ratio) and self.monitor_ratio > 0):
            raise ConfigurationError(f"monitor ratio must be above 0, got {self.monitor_ratio}")
        if len(self.wheel_angle_deg) != len(self.wheel_optical_density) or len(self.wheel_angle_deg) < 2:
            raise ConfigurationError(
                "the wheel curve needs two or more angles, each with its optical density"
            )
        if np.any(np.diff(self.wheel_angle_deg) <= 0):
            raise ConfigurationError("the angles of the wheel curve must rise")

    def monitor_power_w(self, power_density_mw_per_cm2: float) -> float:
        """Monitor reading that belongs to a power density at the sample, W."""
        return power_density_mw_per_cm2 * self.beam_area_cm2 / _MW_PER_W / self.monitor_ratio

    def power_density_mw_per_cm2(self, monitor_power_w: float) -> float:
        """Power density at the sample that belongs to a monitor reading, mW/cm²."""
        return monitor_power_w * self.monitor_ratio * _MW_PER_W / self.beam_area_cm2

    def optical_density(self, angle_deg: float) -> float:
        """Optical density of the wheel curve at an angle (held constant beyond its ends)."""
        return float(np.interp(angle_deg, self.wheel_angle_deg, self.wheel_optical_density))

    def monitor_power_at_angle_w(self, monitor_now_w: float, angle_now_deg: float, angle_deg: float) -> float:
        """Monitor reading to expect at another angle, W."""
        change = self.optical_density(angle_deg) - self.optical_density(angle_now_deg)
        return float(monitor_now_w * 10.0**-change)

    def angle_for_power_deg(
        self,
        monitor_now_w: float,
        angle_now_deg: float,
        monitor_target_w: float,
        limits_deg: tuple[float, float],
    ) -> float:
        """Wheel angle that should give a monitor reading, from the reading at the present angle.

        Args:
            monitor_now_w: reading at `angle_now_deg`, W.
            angle_now_deg: present angle, degrees.
            monitor_target_w: wanted reading, W.
            limits_deg: soft limits of the wheel, clearest first.

        Raises:
            MeasurementError: no angle within the limits gives that power.
        """
        if not monitor_now_w > 0:
            raise MeasurementError(f"the monitor reads {monitor_now_w:.3g} W with the shutter open: no light")
        wanted = self.optical_density(angle_now_deg) + math.log10(monitor_now_w / monitor_target_w)
        angles, densities = self._curve_within(limits_deg)
        if not densities[0] - _ROUNDING <= wanted <= densities[-1] + _ROUNDING:
            reachable = self.reachable_mw_per_cm2(monitor_now_w, angle_now_deg, limits_deg)
            target = self.power_density_mw_per_cm2(monitor_target_w)
            raise MeasurementError(self.out_of_reach_words(target, *reachable))
        return float(np.interp(wanted, densities, angles))

    def _curve_within(self, limits_deg: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
        angles = np.asarray(self.wheel_angle_deg)
        inside = angles[(angles > limits_deg[0]) & (angles < limits_deg[1])]
        angles = np.concatenate(([limits_deg[0]], inside, [limits_deg[1]]))
        densities = np.interp(angles, self.wheel_angle_deg, self.wheel_optical_density)
        # Noise of the record can make a measured curve fall in places; the way back needs a rising one.
        return angles, np.maximum.accumulate(densities)

    def reachable_mw_per_cm2(
        self, monitor_now_w: float, angle_now_deg: float, limits_deg: tuple[float, float]
    ) -> tuple[float, float]:
        """Lowest and highest power density the wheel can give, from the reading at an angle, mW/cm²."""
        at_limits = [
            self.power_density_mw_per_cm2(self.monitor_power_at_angle_w(monitor_now_w, angle_now_deg, limit))
            for limit in limits_deg
        ]
        return min(at_limits), max(at_limits)

    @staticmethod
    def out_of_reach_words(target_mw_per_cm2: float, lowest: float, highest: float) -> str:
        """Say what to do about a power density that the wheel can't give."""
        return (
            f"{target_mw_per_cm2:.4g} mW/cm² can't be reached: at the working current the wheel gives "
            f"{lowest:.4g} to {highest:.4g} mW/cm². Change the recipe's power densities or the laser's "
            "working current, or check the beam path."
        )


def power_densities_mw_per_cm2(lowest: float, highest: float, steps: int) -> tuple[float, ...]:
    """Evenly spaced in the logarithm, lowest first (the sample sees the high powers last).

    Args:
        lowest: power density of the first step, mW/cm².
        highest: of the last step, mW/cm².
        steps: how many; 1 gives the lowest alone.

    Raises:
        OutOfRangeError: not 0 < lowest <= highest, or no steps.
    """
    if not (0 < lowest <= highest and math.isfinite(highest)):
        raise OutOfRangeError(
            "it must be 0 < power_density_min_mw_per_cm2 <= power_density_max_mw_per_cm2, "
            f"got {lowest:g} and {highest:g}"
        )
    if steps < 1:
        raise OutOfRangeError(f"power_steps must be 1 or more, got {steps}")
    return tuple(float(value) for value in np.geomspace(lowest, highest, steps))
