"""The emission long-pass where it stands: the lamp without, with, and again without it."""

from __future__ import annotations

import numpy as np
from pymeasure.experiment import FloatParameter, IntegerParameter

from calibration import RecordKind, measure_long_pass
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.lamp_light import LampLight
from procedures.calibrations.plot import Plot, Series

_HIGHEST_UNCERTAINTY = 0.02


class LongPassMeasurement(CalibrationProcedure):
    """Measures the transmission at one integration time, with the lamp's drift taken out."""

    NEEDS = ((RecordKind.LINEARITY, "calibrate detector"),)

    warm_up_s: float = FloatParameter(
        "Warm-up of the lamp", units="s", minimum=0.0, maximum=7200.0, default=1200.0,
        description="The maker's figure; waited for once per session.",
    )  # fmt: skip
    scans: int = IntegerParameter(
        "Scans", minimum=5, maximum=1000, default=20, description="Per exposure and per dark."
    )

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Without, behind, without again."""
        linearity = self.linearity()
        light = LampLight(self.rig, self.scans)
        light.switch_on(self.warm_up_s, "the long-pass")
        times = (light.brightest_time_s(),)
        without = light.expose(times, "without")[0]
        behind = light.expose(times, "behind", long_pass=True)[0]
        again = light.expose(times, "without_again")[0]
        found = measure_long_pass(
            without,
            behind,
            wavelength_nm=self.rig.instruments.spectrometer.wavelengths_nm,
            linearity=linearity,
            without_again=again,
        )
        passing = found.transmission[np.nan_to_num(found.transmission) >= 0.5]
        plateau = f"{np.median(passing):.3f}" if len(passing) else "nowhere above 0.5"
        return (
            CalibrationResult(
                kind=RecordKind.LONG_PASS,
                values=found.record_values(),
                origin="lamp without, behind and again without the filter",
                summary=(
                    f"Transmission {plateau} where it passes, common uncertainty "
                    f"{found.common_uncertainty_relative:.2%} (limit {_HIGHEST_UNCERTAINTY:.0%}).",
                ),
                warnings=found.warnings,
                roles=("spectrometer",),
                used=self.used(RecordKind.LINEARITY),
                raw=light.raw,
                plot=Plot(
                    "Long-pass",
                    "Wavelength / nm",
                    "Transmission",
                    (Series.of("transmission", found.wavelength_nm, found.transmission),),
                ),
                passed=bool(len(passing)) and found.common_uncertainty_relative <= _HIGHEST_UNCERTAINTY,
            ),
        )
