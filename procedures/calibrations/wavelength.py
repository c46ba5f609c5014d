"""The pixels' wavelengths against the laser's line."""

from __future__ import annotations

import numpy as np
from pymeasure.experiment import FloatParameter, IntegerParameter

from calibration import CheckKind, Medium, ReferenceLine, check_wavelengths
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.setup import Setup

_OFFSET_LIMIT_PIXELS = 1.0


class WavelengthMeasurement(CalibrationProcedure):
    """One spectrum of the attenuated laser in the empty sphere; its centroid against its known wavelength."""

    laser_wavelength_nm: float = FloatParameter(
        "Wavelength of the laser", units="nm", minimum=900.0, maximum=1700.0, default=977.0,
        description="In air, from a wavemeter or the diode's test sheet at its working point.",
    )  # fmt: skip
    laser_wavelength_uncertainty_nm: float = FloatParameter(
        "Its uncertainty", units="nm", minimum=0.0, maximum=10.0, default=0.5, description="One sigma."
    )
    scans: int = IntegerParameter("Scans", minimum=3, maximum=1000, default=20, description="And darks.")
    laser_warm_up_s: float = FloatParameter(
        "Warm-up of the laser", units="s", minimum=0.0, maximum=7200.0, default=60.0,
        description="After it was switched on.",
    )  # fmt: skip

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Dark, laser, centroid."""
        light = LaserLight(self.rig, lambda: bool(self.should_stop()))
        light.switch_on(Setup(), self.laser_warm_up_s, "the laser's line")
        attenuator, spectrometer = self.rig.instruments.attenuator, self.rig.instruments.spectrometer
        attenuator.move_to(float(np.mean(attenuator.angle_range_deg)))
        time_s = light.brightest_time_s()
        dark = light.taker.dark(time_s, self.scans)
        exposure = light.taker.expose(time_s, self.scans)
        noise = np.hypot(exposure.scan_counts.std(axis=0, ddof=1), dark.scan_counts.std(axis=0, ddof=1))
        line = ReferenceLine(
            "laser", self.laser_wavelength_nm, Medium.AIR, self.laser_wavelength_uncertainty_nm, verified=True
        )
        found = check_wavelengths(
            spectrometer.wavelengths_nm,
            exposure.scan_counts.mean(axis=0) - dark.counts,
            (line,),
            noise_counts=float(np.median(noise)) / self.scans**0.5,
        )
        return (
            CalibrationResult(
                kind=CheckKind.WAVELENGTH,
                values=found.record_values(),
                origin=f"the laser's line, taken to be at {self.laser_wavelength_nm:g} nm",
                summary=(
                    f"The laser's line is {found.mean_offset_nm:+.2f} nm ({found.largest_offset_pixels:.2f} "
                    f"pixels) off the stated {self.laser_wavelength_nm:g} nm; pixel wavelengths are known to "
                    f"{found.uncertainty_nm:.2f} nm.",
                ),
                warnings=found.warnings,
                roles=("spectrometer", "laser"),
                raw={"light": exposure.scan_counts, "dark": dark.scan_counts},
                passed=found.largest_offset_pixels <= _OFFSET_LIMIT_PIXELS,
            ),
        )
