"""The response of sphere, fibre and spectrometer: the lamp, seated three times or more."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from pymeasure.experiment import FloatParameter, IntegerParameter

from calibration import (
    BudgetAssumptions,
    CheckKind,
    LampTable,
    RecordKind,
    Response,
    ResponseCalibration,
    ResponseOptions,
    SourceExposure,
    calibrate_response,
    compared_responses,
    lamp_warnings,
)
from procedures.calibrations.base import CalibrationProcedure, CalibrationResult
from procedures.calibrations.lamp_light import LampLight
from procedures.calibrations.plot import Plot, Series

_SECOND_TIME = 2.5
"""The longer integration time over the shorter one: the middle saturates, the dim ends get their counts."""
_DEFAULT_WAVELENGTH_UNCERTAINTY_NM = 0.5


class ResponseMeasurement(CalibrationProcedure):
    """Exposes to the lamp at two integration times for each seating, darks with the lamp blocked."""

    NEEDS = ((CheckKind.LAMP, "calibrate lamp"), (RecordKind.LINEARITY, "calibrate detector"))

    warm_up_s: float = FloatParameter(
        "Warm-up of the lamp", units="s", minimum=0.0, maximum=7200.0, default=1200.0,
        description="The maker's figure; waited for once per session.",
    )  # fmt: skip
    seatings: int = IntegerParameter(
        "Seatings", minimum=2, maximum=20, default=3, description="How often the lamp is seated anew."
    )
    scans: int = IntegerParameter(
        "Scans", minimum=5, maximum=1000, default=15, description="Per exposure and per dark."
    )
    lamp_hours: float = FloatParameter(
        "Burning hours of the lamp", units="h", minimum=0.0, maximum=10000.0, default=0.0,
        description="Since its certificate, from its counter; more than its limit are warned about.",
    )  # fmt: skip
    smoothing_pixels: int = IntegerParameter(
        "Smoothing", minimum=1, maximum=5, default=1, description="1 none, 3 or 5 pixels."
    )
    lamp_shape_fraction: float = FloatParameter(
        "Shape of the lamp's uncertainty", minimum=0.0, maximum=1.0, default=0.4,
        description="Share of the certificate's uncertainty that differs between wavelengths (assumption).",
    )  # fmt: skip
    age_uncertainty_relative: float = FloatParameter(
        "Drift of the lamp", minimum=0.0, maximum=0.2, default=0.005,
        description="Since its certificate, one sigma (assumption).",
    )  # fmt: skip

    def measure(self) -> tuple[CalibrationResult, ...]:
        """Expose seating after seating, then work out the response with its uncertainty."""
        lamp_record = self.need(CheckKind.LAMP, "calibrate lamp")
        lamp, linearity = LampTable.from_values(lamp_record.values), self.linearity()
        light = LampLight(self.rig, self.scans)
        light.switch_on(self.warm_up_s, "the response")
        short_s = light.brightest_time_s()
        times = (short_s, round(_SECOND_TIME * short_s, 3))
        repeats: list[list[SourceExposure]] = []
        for seating in range(self.seatings):
            if seating:
                self.rig.reseat_lamp(f"seating {seating + 1} of {self.seatings}")
            repeats.append(light.expose(times, f"seating_{seating + 1}"))
        found = calibrate_response(
            lamp,
            repeats,
            wavelength_nm=self.rig.instruments.spectrometer.wavelengths_nm,
            linearity=linearity,
            options=ResponseOptions(self._assumptions(), self.smoothing_pixels),
        )
        lapsed = lamp_warnings(lamp_record, at=datetime.now(UTC), hours_used=self.lamp_hours)
        return (self._result(found, light, lapsed),)

    def _assumptions(self) -> BudgetAssumptions:
        wavelength = self.records.get(CheckKind.WAVELENGTH)
        uncertainty = _DEFAULT_WAVELENGTH_UNCERTAINTY_NM
        if wavelength is not None:
            uncertainty = float(wavelength.values["uncertainty_nm"])
        return BudgetAssumptions(
            lamp_shape_fraction=self.lamp_shape_fraction,
            wavelength_uncertainty_nm=uncertainty,
            age_uncertainty_relative=self.age_uncertainty_relative,
        )

    def _result(
        self, found: ResponseCalibration, light: LampLight, lamp_said: tuple[str, ...]
    ) -> CalibrationResult:
        shape = found.budget.shape[found.calibrated]
        coupling = found.coupling_standard_deviation[found.calibrated]
        summary = [
            f"{found.calibrated.sum()} of {len(found.wavelength_nm)} pixels have a response; scale known to "
            f"{found.budget.scale:.2%}, shape to {np.median(shape):.2%} (median).",
            f"Seatings repeat within {np.nanmedian(coupling):.2%} (SD, median over the pixels).",
            *found.assumptions,
        ]
        previous = self.records.get(RecordKind.RESPONSE)
        if previous is not None:
            before = Response.from_values(previous.values)
            summary.append(compared_responses(found.wavelength_nm, found.joules_per_count, before))
        if light.repeated:
            summary.append(f"{light.repeated} exposures were repeated because the dark drifted.")
        return CalibrationResult(
            kind=RecordKind.RESPONSE,
            values={
                **found.record_values(),
                "warnings": [*found.warnings, *lamp_said],
                "detector_temperature_c": self.rig.instruments.spectrometer.read_temperature_c(),
                "lamp_hours": self.lamp_hours,
            },
            origin=f"lamp with certificate {found.lamp_source}, {found.repeats} seatings",
            summary=tuple(summary),
            warnings=(*found.warnings, *lamp_said),
            roles=("spectrometer", "lamp"),
            used=self.used(CheckKind.LAMP, RecordKind.LINEARITY, CheckKind.WAVELENGTH),
            raw=light.raw,
            plot=_plot(found),
        )


def _plot(found: ResponseCalibration) -> Plot:
    sigma = np.hypot(found.budget.scale, found.budget.shape) * found.joules_per_count
    series = Series.of("response", found.wavelength_nm, found.joules_per_count, sigma)
    return Plot("Response", "Wavelength / nm", "Response / (J/count)", (series,))
