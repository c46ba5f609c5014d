"""The map of the laser's mode hops, and the temperature that is farthest from all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, ListParameter

from calibration import CheckKind, HopMap, LineScan, map_hops
from calibration.mode_hops import AS_GOOD
from drivers.errors import MeasurementError
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult, ProposedSetting
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.line_scan import LinePoints, LineScanner, line_window
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.setup import Setup

TEMPERATURE, CURRENT = "temperature", "current"
_PART_OF_FULL_SCALE = 0.7
"""Of the time that fills the detector at the first point: the power changes along the scan."""


class ModeHopScan(CalibrationProcedure):
    """Scans the laser's temperature (or its current) and looks for jumps of its line and its power.

    The light is attenuated, the sphere empty; the shutter is open for each point only. Steps are smaller than
    the controller's temperature window, so that the laser stays on from point to point.
    """

    scan: str = ListParameter(
        "Scan", choices=[TEMPERATURE, CURRENT], default=TEMPERATURE,
        description="The temperature, to find a quiet one; or the current at the present temperature.",
    )  # fmt: skip
    half_range_c: float = FloatParameter(
        "Half range", units="C", minimum=1.0, maximum=50.0, default=10.0,
        description="About the present temperature, as far as the rig allows.",
    )  # fmt: skip
    step_c: float = FloatParameter(
        "Step", units="C", minimum=0.02, maximum=0.4, default=0.25, description="Of the temperature."
    )
    lowest_current_a: float = FloatParameter(
        "Lowest current", units="A", minimum=0.01, maximum=5.0, default=0.2,
        description="Well above threshold; the scan goes up to the working current.",
    )  # fmt: skip
    step_a: float = FloatParameter(
        "Step of the current", units="A", minimum=0.0001, maximum=0.1, default=0.002, description=""
    )
    both_ways: bool = BooleanParameter(
        "Both ways", default=True, description="Also with falling setting: a hop may have a hysteresis."
    )
    scans: int = IntegerParameter("Scans", minimum=2, maximum=1000, default=5, description="Per point.")
    false_alarm: float = FloatParameter(
        "False alarms", minimum=1e-9, maximum=0.5, default=0.01,
        description="Probability that a scan without hops shows one.",
    )  # fmt: skip
    least_distance_c: float = FloatParameter(
        "Least distance", units="C", minimum=0.0, maximum=10.0, default=0.4,
        description="Between the proposed temperature and the nearest hop.",
    )  # fmt: skip
    laser_warm_up_s: float = FloatParameter(
        "Warm-up of the laser", units="s", minimum=0.0, maximum=7200.0, default=60.0,
        description="After it was switched on.",
    )  # fmt: skip

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Up, then back, so that the laser needn't be switched off in between."""
        settings = self._settings()
        rig = self.rig.instruments
        light = LaserLight(self.rig, lambda: bool(self.should_stop()))
        first_c = settings[0] if self.scan == TEMPERATURE else rig.laser_temperature_c
        light.switch_on(Setup(), self.laser_warm_up_s, "the laser's mode hops", first_c)
        rig.attenuator.move_to(float(np.mean(rig.attenuator.angle_range_deg)))
        scanner = LineScanner(
            self.rig, light, round(_PART_OF_FULL_SCALE * light.brightest_time_s(), 3), self.scans
        )
        go = scanner.temperatures if self.scan == TEMPERATURE else scanner.currents
        self.rig.tell(f"{len(settings)} points with rising {self.scan}")
        up = go(settings)
        down = None
        if self.both_ways:
            self.rig.tell(f"and {len(settings)} points on the way back")
            down = go(settings[::-1])
        return (self._found(up, down),)

    def _settings(self) -> list[float]:
        rig = self.rig.instruments
        low, high, step = self.lowest_current_a, rig.working_current_a, self.step_a
        if self.scan == TEMPERATURE:
            low, high = self._allowed()
            low = max(low, rig.laser_temperature_c - self.half_range_c)
            high = min(high, rig.laser_temperature_c + self.half_range_c)
            step = self.step_c
        count = int((high - low) / step + 1e-6)
        if count < 20:
            raise MeasurementError(
                f"mode hops: {count} steps of {step:g} from {low:g} to {high:g} are too few; 20 are needed"
            )
        return [round(low + index * step, 5) for index in range(count + 1)]

    def _allowed(self) -> tuple[float, float]:
        here = self.rig.instruments.laser_temperature_c
        return self.rig.laser_temperature_range_c or (here - self.half_range_c, here + self.half_range_c)

    def _found(self, up: LinePoints, down: LinePoints | None) -> CalibrationResult:
        wavelength_nm = self.rig.instruments.spectrometer.wavelengths_nm
        window = line_window(wavelength_nm, [up] if down is None else [up, down])
        rising = up.scan(wavelength_nm, window)
        falling = None if down is None else down.scan(wavelength_nm, window)
        found = map_hops(rising, falling, self.false_alarm)
        raw = _raw("rising", up, rising) | (
            {} if down is None or falling is None else _raw("falling", down, falling)
        )
        values = {"scan": self.scan, **found.record_values(), **self._conditions()}
        summary = _summary(found, self.scan)
        setting, passed = None, True
        if self.scan == TEMPERATURE:
            quiet, sentence, passed = self._quiet(found, rising)
            summary += (sentence,)
            here = self.rig.instruments.laser_temperature_c
            values |= {"quietest_temperature_c": quiet, "distance_c": found.distance(quiet)}
            values["distance_before_c"] = found.distance(here)
            if passed and quiet != here:
                setting = ProposedSetting("laser", "temperature_c", here, quiet)
        return CalibrationResult(
            kind=CheckKind.MODE_HOPS,
            values=values,
            origin=f"line and power at {len(up.setting)} points, {'both ways' if down else 'one way'}",
            summary=summary,
            warnings=found.warnings,
            roles=("laser",),
            raw=raw,
            passed=passed,
            plot=_plot(found, self.scan, rising, falling),
            setting=setting,
        )

    def _conditions(self) -> dict[str, float]:
        rig = self.rig.instruments
        if self.scan == TEMPERATURE:
            return {"current_a": rig.working_current_a}
        return {"temperature_c": rig.laser_temperature_c}

    def _quiet(self, found: HopMap, rising: LineScan) -> tuple[float, str, bool]:
        """The temperature proposed, why, and whether it is far enough from all hops."""
        here = self.rig.instruments.laser_temperature_c
        quiet = round(found.quietest(self._allowed(), here), 2)
        distance, distance_here = found.distance(quiet), found.distance(here)
        far_enough = distance >= self.least_distance_c
        if not far_enough:
            return (
                quiet,
                f"No temperature is {self.least_distance_c:g} °C away from every hop; at {quiet:g} °C the "
                f"nearest is {distance:.2f} °C away.",
                False,
            )
        if distance_here >= max(AS_GOOD * distance, self.least_distance_c):
            return here, f"{here:g} °C is quiet: the nearest hop is {distance_here:.2f} °C away.", True
        there_nm, here_nm = np.interp([quiet, here], rising.setting, rising.line_nm)
        moves = f"The line moves by {there_nm - here_nm:+.2f} nm: the sample absorbs otherwise there."
        return (
            quiet,
            f"A quiet temperature is {quiet:g} °C, {distance:.2f} °C from the nearest hop or the end of the "
            f"scan; at {here:g} °C it is {distance_here:.2f} °C. {moves}",
            True,
        )


def _summary(found: HopMap, scan: str) -> tuple[str, ...]:
    unit = "°C" if scan == TEMPERATURE else "A"
    low, high = found.scanned
    sentences = [
        f"{len(found.hops)} hops between {low:g} and {high:g} {unit}, each known to a step of "
        f"{found.step:.3g} {unit}; steps beyond {found.rising.threshold_sigmas:.1f} sigma count "
        f"({found.rising.line_sigma_nm * 1e3:.1f} pm, {found.rising.power_sigma_relative:.2%} of power)."
    ]
    sentences += [
        f"{hop.position:.4g} {unit}: line {hop.line_step_nm:+.2f} nm, power {hop.power_step_relative:+.1%}."
        for hop in found.hops
    ]
    if found.hysteresis is not None:
        width = abs(found.hysteresis)
        words = f"{width:.2g} {unit}" if width > found.step else f"none beyond a step ({width:.2g} {unit})"
        sentences.append(f"Hysteresis: {words} (rising less falling, median).")
    return tuple(sentences)


def _raw(name: str, points: LinePoints, scan: LineScan) -> dict[str, NDArray[np.float64]]:
    return {
        f"{name}_setting": scan.setting,
        f"{name}_line_nm": scan.line_nm,
        f"{name}_power_w": scan.power_w,
        f"{name}_spectra": points.spectra[np.argsort(points.setting)].astype(np.float32),
    }


def _plot(found: HopMap, scan: str, rising: LineScan, falling: LineScan | None) -> Plot:
    label = "Temperature of the laser / °C" if scan == TEMPERATURE else "Current of the laser / A"
    series = [_of("rising", rising)]
    if falling is not None:
        series.append(_of("falling", falling))
    hops = [hop.position for hop in found.hops]
    marks = np.interp(np.array(hops), rising.setting, rising.line_nm)
    series.append(Series.of("hops", hops, marks))
    return Plot("Line of the laser", label, "Centroid / nm", tuple(series))


def _of(name: str, scan: LineScan) -> Series:
    return Series.of(name, scan.setting, scan.line_nm, scan.line_noise_nm)
