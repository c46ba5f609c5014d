"""The monitor ratio k: a reference head at the sphere's entrance against the monitor."""

from __future__ import annotations

import numpy as np
from pymeasure.experiment import FloatParameter, IntegerParameter, Parameter

from calibration import PairedReadings, PowerHead, RecordKind, UncertaintyBand, calibrate_monitor
from drivers.protocols import FloatArray
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.setup import Setup

_WORST_POSITION_NOISE = 0.02


class MonitorMeasurement(CalibrationProcedure):
    """Reads both heads at ten or more wheel positions."""

    positions: int = IntegerParameter(
        "Positions", minimum=10, maximum=1000, default=12, description="Of the wheel, over its whole range."
    )
    readings: int = IntegerParameter(
        "Readings", minimum=2, maximum=1000, default=10, description="Of both heads at each position."
    )
    laser_warm_up_s: float = FloatParameter(
        "Warm-up of the laser", units="s", minimum=0.0, maximum=7200.0, default=60.0,
        description="After it was switched on.",
    )  # fmt: skip
    reference_head: str = Parameter(
        "Reference head", default="reference head", description="Its model and serial number."
    )
    reference_uncertainty_relative: float = FloatParameter(
        "Uncertainty of the reference head", minimum=0.0001, maximum=0.5, default=0.03,
        description="At the laser's wavelength, one sigma, from its data sheet or certificate.",
    )  # fmt: skip
    reference_power_min_w: float = FloatParameter(
        "Lowest power of the reference head", units="W", minimum=1e-9, maximum=1.0, default=1e-3,
        description="From its data sheet.",
    )  # fmt: skip
    reference_power_max_w: float = FloatParameter(
        "Highest power of the reference head", units="W", minimum=1e-6, maximum=1e3, default=10.0,
        description="From its data sheet.",
    )  # fmt: skip

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Both heads at each position."""
        light = LaserLight(self.rig, lambda: bool(self.should_stop()))
        light.switch_on(Setup(second_head=True), self.laser_warm_up_s, "the monitor ratio")
        wavelength_nm = self.rig.instruments.monitor_wavelength_nm
        if self.rig.reference is not None:
            self.rig.reference.prepare(wavelength_nm)
        angles = np.array(light.angles_deg(self.positions))
        taken: list[list[tuple[float, float]]] = []
        for angle in angles:
            taken.append(light.paired_readings_w(float(angle), self.readings))
            self.rig.draw(_plot(angles[: len(taken)], np.array(taken)))
        pairs = np.array(taken)
        band = UncertaintyBand(wavelength_nm - 1, wavelength_nm + 1, self.reference_uncertainty_relative)
        power_range = (self.reference_power_min_w, self.reference_power_max_w)
        found = calibrate_monitor(
            PairedReadings(angles, pairs[:, :, 0], pairs[:, :, 1]),
            reference_head=PowerHead(self.reference_head, (band,), power_range),
            wavelength_nm=wavelength_nm,
        )
        return (
            CalibrationResult(
                kind=RecordKind.MONITOR_RATIO,
                values=found.record_values(),
                origin=f"{self.reference_head} at the sphere's entrance, {len(angles)} wheel positions",
                summary=(
                    f"k = {found.ratio:.3f}, known to {found.ratio_uncertainty_relative:.2%}; positions "
                    f"scatter by {found.position_noise_relative:.2%} (limit {_WORST_POSITION_NOISE:.0%}); "
                    f"over the power range {found.against_power.change_relative:+.2%}.",
                ),
                warnings=found.warnings,
                roles=("monitor", "reference_head"),
                raw={"angle_deg": angles, "reference_w": pairs[:, :, 0], "monitor_w": pairs[:, :, 1]},
                passed=found.position_noise_relative <= _WORST_POSITION_NOISE,
                plot=_plot(angles, pairs),
            ),
        )


def _plot(angles_deg: FloatArray, pairs: FloatArray) -> Plot:
    """The ratio at each position, with the scatter of its readings."""
    ratios = pairs[:, :, 0] / pairs[:, :, 1]
    series = Series.of("k", angles_deg, ratios.mean(axis=1), ratios.std(axis=1, ddof=1))
    return Plot("Monitor ratio", "Angle / °", "Power into the sphere / monitor power", (series,))
