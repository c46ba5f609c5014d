"""The absolute scale checked with the laser at several powers, by the reference head."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, Parameter

from calibration import (
    CheckKind,
    LampTable,
    LaserCheck,
    LaserPoint,
    Linearity,
    RecordKind,
    Response,
    check_with_laser,
    diagnose,
    merge_exposures,
    water_vapour_change,
)
from calibration.laser_check import WATER_LIMIT
from drivers.protocols import FloatArray
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.lamp_light import LampLight
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.setup import Setup

_COEFFICIENTS = 8


class LaserCheckMeasurement(CalibrationProcedure):
    """Photons counted against photons sent, at one integration time for all powers.

    One integration time, so that the powers fill the detector's range: a linearity correction that is wrong
    or missing shows as a dependence on power.
    """

    NEEDS = ((RecordKind.RESPONSE, "calibrate response"),)

    powers: int = IntegerParameter(
        "Powers", minimum=3, maximum=100, default=6, description="Wheel positions, from the clearest."
    )
    wheel_part: float = FloatParameter(
        "Part of the wheel", minimum=0.1, maximum=1.0, default=0.5,
        description="Of its range; half of it is a factor ten in power.",
    )  # fmt: skip
    readings: int = IntegerParameter(
        "Readings", minimum=2, maximum=1000, default=10, description="Of both heads at each power."
    )
    scans: int = IntegerParameter("Scans", minimum=3, maximum=1000, default=20, description="And darks.")
    limit: float = FloatParameter(
        "Limit", minimum=0.001, maximum=0.5, default=0.03, description="For the relative deviation."
    )
    half_window_nm: float = FloatParameter(
        "Half window", units="nm", minimum=3.0, maximum=50.0, default=10.0, description="About the line."
    )
    reference_head: str = Parameter(
        "Reference head", default="reference head", description="Its model and serial number."
    )
    reference_uncertainty_relative: float = FloatParameter(
        "Uncertainty of the reference head", minimum=0.0001, maximum=0.5, default=0.03,
        description="At the laser's wavelength, one sigma; only to say what deviation is to be expected.",
    )  # fmt: skip
    use_linearity: bool = BooleanParameter(
        "Use linearity", default=True, description="False only to see what the correction does."
    )
    compare_lamp: bool = BooleanParameter(
        "Compare the lamp", default=False,
        description="Also expose to the lamp: tells water vapour since the response was made.",
    )  # fmt: skip
    warm_up_s: float = FloatParameter(
        "Warm-up of the lamp", units="s", minimum=0.0, maximum=7200.0, default=1200.0,
        description="Where the lamp is compared.",
    )  # fmt: skip
    laser_warm_up_s: float = FloatParameter(
        "Warm-up of the laser", units="s", minimum=0.0, maximum=7200.0, default=60.0,
        description="After it was switched on.",
    )  # fmt: skip

    raw: dict[str, NDArray[np.float64]]

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Reference head in: ratio to the monitor; head out: spectra with the monitor read meanwhile."""
        response = Response.from_values(self.need(RecordKind.RESPONSE, "calibrate response").values)
        self.raw = {}
        points = self._points()
        check = check_with_laser(
            points,
            response,
            near_nm=self.rig.instruments.monitor_wavelength_nm,
            half_window_nm=self.half_window_nm,
            limit=self.limit,
        )
        water = self._water() if self.compare_lamp else None
        return (self._result(check, water),)

    def _points(self) -> list[LaserPoint]:
        rig, station = self.rig.instruments, self.rig
        light = LaserLight(station, lambda: bool(self.should_stop()))
        light.switch_on(Setup(second_head=True), self.laser_warm_up_s, "power into the sphere")
        if station.reference is not None:
            station.reference.prepare(rig.monitor_wavelength_nm)
        angles = light.angles_deg(self.powers, self.wheel_part)
        pairs = np.array([light.paired_readings_w(angle, self.readings) for angle in angles])
        ratio = float(np.mean(pairs[:, :, 0].mean(axis=1) / pairs[:, :, 1].mean(axis=1)))
        station.arrange(Setup(), "the laser's spectra in the empty sphere")
        rig.attenuator.move_to(angles[0])
        time_s = light.brightest_time_s()
        linearity = self._correction()
        self.raw.update(angle_deg=np.array(angles), reference_w=pairs[:, :, 0], monitor_w=pairs[:, :, 1])
        self.raw["integration_time_s"] = np.array(time_s)
        points = []
        for index, angle in enumerate(angles):
            rig.attenuator.move_to(angle)
            dark = light.taker.dark(time_s, self.scans)
            exposure = light.taker.expose(time_s, self.scans)
            self.raw[f"light_{index}"], self.raw[f"dark_{index}"] = exposure.scan_counts, dark.scan_counts
            net = linearity_applied(exposure.scan_counts, dark.counts, linearity)
            points.append(LaserPoint(ratio * exposure.monitor.mean_w, net, exposure.integration_time_s))
        return points

    def _correction(self) -> Linearity:
        if self.use_linearity and RecordKind.LINEARITY in self.records:
            return self.linearity()
        identity = np.array([1.0, *[0.0] * (_COEFFICIENTS - 1)])
        return Linearity(identity, self.rig.instruments.spectrometer.full_scale_counts, 0.0)

    def _water(self) -> float:
        """Change of the lamp in the water band since the response was made."""
        then = self.need(RecordKind.RESPONSE, "calibrate response").values["lamp_counts_per_s"]
        light = LampLight(self.rig, self.scans)
        light.switch_on(self.warm_up_s, "the lamp against the one of the response")
        exposures = light.expose((light.brightest_time_s(),), "lamp")
        now = merge_exposures(exposures, self.linearity()).counts_per_s
        self.raw.update({name: np.asarray(scans, dtype=np.float64) for name, scans in light.raw.items()})
        then_counts = np.array([np.nan if value is None else value for value in then], dtype=np.float64)
        return water_vapour_change(self.rig.instruments.spectrometer.wavelengths_nm, now, then_counts)

    def _result(self, check: LaserCheck, water: float | None) -> CalibrationResult:
        lamp = self.records.get(CheckKind.LAMP)
        linear = self.use_linearity and RecordKind.LINEARITY in self.records
        sentences = diagnose(
            check,
            collecting_area_cm2=None
            if lamp is None
            else LampTable.from_values(lamp.values).collecting_area_cm2,
            linearity_applied=linear,
            water_change=water,
        )
        scale = float(self.records[RecordKind.RESPONSE].values["scale_uncertainty_relative"])
        expected = math.hypot(scale, self.reference_uncertainty_relative)
        sentences += (
            f"Response ({scale:.1%}) and reference head ({self.reference_uncertainty_relative:.1%}) alone "
            f"let {expected:.1%} be expected (one sigma).",
        )
        sentences += self._compared(check.slope_minus_one)
        if water is None:
            sentences += ("Water vapour wasn't looked at: that takes the lamp as well (compare_lamp).",)
        dry = water is None or abs(water) <= WATER_LIMIT
        values = {**check.record_values(), "passed": check.passed and dry, "diagnosis": list(sentences)}
        values["expected_deviation_relative"] = expected
        if water is not None:
            values["water_vapour_change_relative"] = water
        return CalibrationResult(
            kind=CheckKind.LASER_CHECK,
            values=values,
            origin=f"laser at {len(check.points)} powers, {self.reference_head} at the sphere's entrance",
            summary=sentences,
            warnings=check.warnings if linear else (*check.warnings, "no linearity correction was applied"),
            roles=("spectrometer", "laser", "monitor", "reference_head"),
            used=self.used(RecordKind.RESPONSE, RecordKind.LINEARITY, CheckKind.LAMP),
            raw=self.raw,
            passed=check.passed and dry,
            plot=_plot(check),
        )

    def _compared(self, deviation: float) -> tuple[str, ...]:
        """This check against the one before: a scale that drifts shows long before it fails."""
        before = self.records.get(CheckKind.LASER_CHECK)
        if before is None:
            return ()
        response = self.records[RecordKind.RESPONSE].sha256
        used = before.values.get("used_records", {}).get(str(RecordKind.RESPONSE))
        which = "the same" if used == response else "another"
        found = float(before.values["slope_minus_one"])
        return (
            f"The check before, on {before.created:%Y-%m-%d} with {which} response, found "
            f"{found:+.2%}: {deviation - found:+.2%} since.",
        )


def _plot(check: LaserCheck) -> Plot:
    powers = [1e3 * point.power_w for point in check.points]
    deviations = [100 * point.deviation for point in check.points]
    series = Series.of("deviation", powers, deviations)
    return Plot("Laser check", "Power into the sphere / mW", "Photons counted less sent / %", (series,))


def linearity_applied(scan_counts: FloatArray, dark_counts: FloatArray, linearity: Linearity) -> FloatArray:
    """Dark-subtracted, linearised mean of scans, [pixels]; NaN where a scan came near full scale.

    Args:
        scan_counts: raw, [scans, pixels].
        dark_counts: mean dark, [pixels].
        linearity: the correction.
    """
    net = scan_counts.mean(axis=0) - dark_counts
    saturated = scan_counts.max(axis=0) >= 0.98 * linearity.full_scale_counts
    return np.asarray(np.where(saturated, np.nan, net / linearity.divisor(net)), dtype=np.float64)
