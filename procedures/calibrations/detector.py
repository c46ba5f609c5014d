"""The detector: darks at several integration times, then the steady lamp at many."""

from __future__ import annotations

from pymeasure.experiment import FloatParameter, IntegerParameter

from calibration import (
    CheckKind,
    CurveError,
    DarkExposure,
    RecordKind,
    Scans,
    characterise_darks,
    compare_linearity,
    fit_linearity,
)
from calibration.detector import DarkCharacteristics
from calibration.detector_linearity import LinearityFit
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.lamp_light import LampLight
from procedures.calibrations.plot import Plot, Series

_FRACTIONS = (0.015, 0.03, 0.06, 0.1, 0.16, 0.24, 0.33, 0.43, 0.54, 0.65, 0.76, 0.88, 1.0, 1.12, 1.25)
"""Of the time at which the brightest pixel reaches 85 %: beyond 1 it saturates, and dimmer ones go on."""
_FLATNESS_LIMIT = 0.01


class DetectorCalibration(CalibrationProcedure):
    """Offset, dark current, read noise, hot pixels; and the linearity correction."""

    warm_up_s: float = FloatParameter(
        "Warm-up of the lamp", units="s", minimum=0.0, maximum=7200.0, default=1200.0,
        description="The maker's figure; waited for once per session.",
    )  # fmt: skip
    dark_scans: int = IntegerParameter(
        "Scans per dark", minimum=2, maximum=1000, default=20, description="At each integration time."
    )
    scans: int = IntegerParameter(
        "Scans per lamp exposure", minimum=5, maximum=1000, default=10, description="And per dark of each."
    )
    longest_dark_s: float = FloatParameter(
        "Longest dark", units="s", minimum=0.1, maximum=600.0, default=10.0,
        description="Six darks from 1 ms to this time.",
    )  # fmt: skip
    degree: int = IntegerParameter(
        "Degree", minimum=1, maximum=7, default=4, description="Of the linearity polynomial."
    )

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Darks while the lamp warms, then the lamp from 1 to 95 % of full scale."""
        full_scale = self.rig.instruments.spectrometer.full_scale_counts
        light = LampLight(self.rig, self.scans)
        self.rig.arrange(self.rig.with_lamp(blocked=True), "darks")
        times = (0.001, 0.01, 0.1, 0.03 * self.longest_dark_s, 0.3 * self.longest_dark_s, self.longest_dark_s)
        darks = [
            DarkExposure(time_s, Scans.of(counts)) for time_s, counts in light.darks(times, self.dark_scans)
        ]
        dark = characterise_darks(darks, full_scale_counts=full_scale)
        light.switch_on(self.warm_up_s, "linearity: the lamp at many integration times")
        brightest_s = light.brightest_time_s()
        wanted = sorted({max(0.001, round(fraction * brightest_s, 3)) for fraction in _FRACTIONS})
        exposures = light.expose(wanted, "linearity")
        fit = fit_linearity(exposures, full_scale_counts=full_scale, degree=self.degree)
        return (self._detector(dark, light), self._linearity(fit, light))

    def _detector(self, dark: DarkCharacteristics, light: LampLight) -> CalibrationResult:
        raw = {name: scans for name, scans in light.raw.items() if name.startswith("dark_")}
        return CalibrationResult(
            kind=CheckKind.DETECTOR,
            values=dark.record_values(),
            origin=f"darks at {len(dark.integration_times_s)} integration times, lamp blocked",
            summary=(
                f"Read noise {dark.read_noise_counts:.1f} counts, {len(dark.hot_pixels)} pixels that stand "
                "out.",
            ),
            warnings=dark.warnings,
            roles=("spectrometer",),
            raw=raw,
        )

    def _linearity(self, fit: LinearityFit, light: LampLight) -> CalibrationResult:
        stored = self.rig.instruments.spectrometer.linearity_coefficients
        said = (
            f"Counts over time vary by {fit.before.largest_deviation_relative:.2%} without and "
            f"{fit.after.largest_deviation_relative:.2%} with the correction (limit {_FLATNESS_LIMIT:.0%}); "
            f"uncertainty at full scale {fit.uncertainty_relative_at_full_scale:.2%}.",
        )
        warnings = fit.warnings
        if stored is not None:
            try:
                warnings += compare_linearity(fit.linearity, stored).warnings
            except CurveError as error:
                warnings += (str(error),)
        return CalibrationResult(
            kind=RecordKind.LINEARITY,
            values={**fit.record_values(), "warnings": list(warnings)},
            origin=f"steady lamp at {len(fit.after.exposure_deviation_relative)} integration times",
            summary=said,
            warnings=warnings,
            roles=("spectrometer",),
            raw={name: scans for name, scans in light.raw.items() if name.startswith("linearity_")},
            passed=fit.after.largest_deviation_relative <= _FLATNESS_LIMIT,
            plot=_flatness(fit),
        )


def _flatness(fit: LinearityFit) -> Plot:
    series = tuple(
        Series.of(name, flatness.level_counts, 100 * flatness.deviation_relative)
        for name, flatness in (("without correction", fit.before), ("with correction", fit.after))
    )
    return Plot("Linearity", "Counts above dark", "Counts over time off their mean / %", series)
