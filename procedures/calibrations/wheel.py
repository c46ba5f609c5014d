"""The attenuator's curve, from the monitor, with rising angle and back."""

from __future__ import annotations

import numpy as np
from pymeasure.experiment import FloatParameter, IntegerParameter

from calibration import RecordKind, WheelScan, calibrate_wheel
from drivers.protocols import FloatArray
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.setup import Setup

_LEAST_UNCERTAINTY = 1e-4
_WORST_RESIDUAL = 0.2


class WheelMeasurement(CalibrationProcedure):
    """Reads the monitor at many angles, the shutter open for the readings only."""

    positions: int = IntegerParameter(
        "Positions", minimum=10, maximum=1000, default=31, description="With rising angle."
    )
    positions_back: int = IntegerParameter(
        "Positions back", minimum=10, maximum=1000, default=12, description="With falling angle: backlash."
    )
    readings: int = IntegerParameter(
        "Readings", minimum=2, maximum=1000, default=3, description="Of the monitor at each position."
    )
    laser_warm_up_s: float = FloatParameter(
        "Warm-up of the laser", units="s", minimum=0.0, maximum=7200.0, default=60.0,
        description="After it was switched on.",
    )  # fmt: skip

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Up, then back at once, so that the laser has no time to drift."""
        light = LaserLight(self.rig, lambda: bool(self.should_stop()))
        light.switch_on(Setup(), self.laser_warm_up_s, "the wheel's curve, by the monitor")
        up_deg = np.array(light.angles_deg(self.positions))
        up_w = self._readings(light, up_deg, "rising")
        back_deg = np.array(light.angles_deg(self.positions_back))[::-1]
        back_w = self._readings(light, back_deg, "falling")
        sigma = _scatter(up_w.mean(axis=1))
        found = calibrate_wheel(
            WheelScan(up_deg, up_w.mean(axis=1), sigma), WheelScan(back_deg, back_w.mean(axis=1), sigma)
        )
        worst = float(np.max(np.abs(found.residuals)))
        span = found.optical_density[-1] - found.optical_density[0]
        backlash = "" if found.backlash_deg is None else f", backlash {found.backlash_deg:+.2f}°"
        return (
            CalibrationResult(
                kind=RecordKind.WHEEL,
                values=found.record_values(),
                origin=f"monitor power at {len(up_deg)} rising and {len(back_deg)} falling angles",
                summary=(
                    f"{found.slope_per_deg:.5f} per degree, optical density spans {span:.2f}, at most "
                    f"{worst:.3f} off the straight line{backlash}.",
                ),
                warnings=found.warnings,
                roles=("attenuator",),
                raw={"up_deg": up_deg, "up_w": up_w, "back_deg": back_deg, "back_w": back_w},
                passed=worst <= _WORST_RESIDUAL,
                plot=Plot(
                    "Attenuator",
                    "Angle / °",
                    "Optical density",
                    (Series.of("optical density", found.angle_deg, found.optical_density),),
                ),
            ),
        )

    def _readings(self, light: LaserLight, angles_deg: FloatArray, way: str) -> FloatArray:
        """Monitor powers, W, [positions, readings]; drawn as they come."""
        powers: list[list[float]] = []
        for angle in angles_deg:
            powers.append(light.monitor_readings_w(float(angle), self.readings))
            density = -np.log10([np.mean(one) / np.mean(powers[0]) for one in powers])
            series = Series.of(way, angles_deg[: len(powers)], density)
            self.rig.draw(Plot("Attenuator", "Angle / °", "Optical density", (series,)))
        return np.array(powers)


def _scatter(power_w: FloatArray) -> float:
    """Relative noise of one position, from second differences of log power: a smooth curve has none.

    The variance of a second difference of independent values is 6 times theirs.
    """
    second = np.diff(np.log(power_w), n=2)
    return max(float(np.sqrt(np.mean(second**2) / 6)), _LEAST_UNCERTAINTY)
