"""The pixels' wavelengths against the laser's line, or against the lines of an argon lamp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pymeasure.experiment import FloatParameter, IntegerParameter, ListParameter

from calibration import (
    ARGON_LINES,
    ARGON_NEIGHBOURS_NM,
    CheckKind,
    Medium,
    ReferenceLine,
    WavelengthCheck,
    check_wavelengths,
    isolated_lines,
)
from drivers.errors import MeasurementError
from drivers.protocols import FloatArray
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.setup import Setup
from procedures.integration_time import IntegrationLimits, predict_integration_time_s

LASER, ARGON = "laser", "argon"
_OFFSET_LIMIT_PIXELS = 1.0
_TEST_TIME_S = 0.05
_TEST_SCANS = 3
_LEAST_LINE_COUNTS = 100.0
_LONGEST_S = 10.0
_AIM = (0.80, 0.90)


class WavelengthMeasurement(CalibrationProcedure):
    """Lines whose wavelengths are known, in the empty sphere; their centroids against those wavelengths."""

    source: str = ListParameter(
        "Source", choices=[LASER, ARGON], default=LASER,
        description="The attenuated laser with its one line, or an argon lamp over the whole range.",
    )  # fmt: skip
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
        """Light, dark, centroids."""
        lit, dark = self._laser() if self.source == LASER else self._argon()
        wavelengths_nm = self.rig.instruments.spectrometer.wavelengths_nm
        noise = np.hypot(lit.std(axis=0, ddof=1), dark.std(axis=0, ddof=1))
        net = lit.mean(axis=0) - dark.mean(axis=0)
        found = check_wavelengths(
            wavelengths_nm, net, self._lines(), noise_counts=float(np.median(noise)) / self.scans**0.5
        )
        return (self._result(found, wavelengths_nm, net, {"light": lit, "dark": dark}),)

    def _lines(self) -> tuple[ReferenceLine, ...]:
        if self.source == ARGON:
            return isolated_lines(ARGON_LINES, ARGON_NEIGHBOURS_NM)
        nm, sigma_nm = self.laser_wavelength_nm, self.laser_wavelength_uncertainty_nm
        return (ReferenceLine("laser", nm, Medium.AIR, sigma_nm, verified=True),)

    def _laser(self) -> tuple[FloatArray, FloatArray]:
        """Scans of the attenuated laser, and darks."""
        light = LaserLight(self.rig, lambda: bool(self.should_stop()))
        light.switch_on(Setup(), self.laser_warm_up_s, "the laser's line")
        attenuator = self.rig.instruments.attenuator
        attenuator.move_to(float(np.mean(attenuator.angle_range_deg)))
        time_s = light.brightest_time_s()
        dark = light.taker.dark(time_s, self.scans)
        exposure = light.taker.expose(time_s, self.scans)
        return exposure.scan_counts, dark.scan_counts

    def _argon(self) -> tuple[FloatArray, FloatArray]:
        """Scans of the argon lamp, and darks once it is away."""
        spectrometer = self.rig.instruments.spectrometer
        self.rig.arrange(Setup(line_lamp=True), "the lines of the argon lamp")
        spectrometer.set_integration_time_s(_TEST_TIME_S)
        test = spectrometer.acquire(_TEST_SCANS).mean(axis=0)
        background = np.full_like(test, np.median(test))
        if float((test - background).max()) < _LEAST_LINE_COUNTS:
            raise MeasurementError(
                f"no line stands out of the spectrum in {_TEST_TIME_S:g} s: is the argon lamp on at its port?"
            )
        shortest_s, longest_s = spectrometer.integration_time_range_s
        full_scale = spectrometer.full_scale_counts
        limits = IntegrationLimits(shortest_s, min(longest_s, _LONGEST_S), full_scale, *_AIM)
        time_s = predict_integration_time_s((test - background) / _TEST_TIME_S, background, 1.0, limits)
        self.rig.require_going_on()
        spectrometer.set_integration_time_s(time_s)
        lit = spectrometer.acquire(self.scans)
        self.rig.arrange(Setup(), "dark")
        return lit, spectrometer.acquire(self.scans)

    def _result(
        self,
        found: WavelengthCheck,
        wavelengths_nm: FloatArray,
        net: FloatArray,
        raw: dict[str, NDArray[np.float64]],
    ) -> CalibrationResult:
        seen = [line for line in found.lines if line.offset_nm is not None]
        what = f"The laser's line is {found.mean_offset_nm:+.2f} nm off {self.laser_wavelength_nm:g} nm"
        origin = f"the laser's line, taken to be at {self.laser_wavelength_nm:g} nm"
        if self.source == ARGON:
            what = (
                f"{len(seen)} of {len(found.lines)} argon lines found, {found.mean_offset_nm:+.2f} nm off in "
                f"the mean, scattered by {found.scatter_nm:.2f} nm"
            )
            origin = f"{len(seen)} lines of an argon lamp"
        return CalibrationResult(
            kind=CheckKind.WAVELENGTH,
            values=found.record_values(),
            origin=origin,
            summary=(
                f"{what}; at most {found.largest_offset_pixels:.2f} pixels; pixel wavelengths are known to "
                f"{found.uncertainty_nm:.2f} nm.",
            ),
            warnings=found.warnings,
            roles=("spectrometer", "laser") if self.source == LASER else ("spectrometer",),
            raw=raw,
            passed=found.largest_offset_pixels <= _OFFSET_LIMIT_PIXELS,
            plot=Plot(
                "Reference lines",
                "Wavelength / nm",
                "Counts above dark",
                (Series.of(self.source, wavelengths_nm, net),),
            ),
        )
