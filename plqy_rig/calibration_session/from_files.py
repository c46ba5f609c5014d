"""The lamp's certificate and the beam, as the request gives them."""

from __future__ import annotations

from calibration import LampUncertainty, LampUnit, LengthUnit, UncertaintyColumn
from plqy_rig.calibration_session.request import BeamInput, LampInput
from plqy_rig.config import RigFile
from procedures.calibrations import (
    CalibrationResult,
    CertificateValidity,
    beam_as_typed,
    beam_of_profiles,
    lamp_certificate,
)

_BELOW_THE_LINE_NM = 15.0
_END_OF_EMISSION_NM = 1650.0
"""Of the named windows: without the lamp up to there, a response has gaps and they have no result."""


def lamp_result(rig_file: RigFile, given: LampInput) -> CalibrationResult:
    """Read the certificate that the rig file names, from the laser's line to the end of the emission.

    Raises:
        CurveError: it can't be used; names file and line.
    """
    section = rig_file.configuration.lamp
    assert section is not None
    column = UncertaintyColumn.ABSOLUTE if given.absolute_column else UncertaintyColumn.RELATIVE_PERCENT
    uncertainty = LampUncertainty(
        None if given.uncertainty_percent is not None else column,
        given.uncertainty_percent,
        given.coverage_factor,
    )
    path = rig_file.path.parent / section.certificate
    return lamp_certificate(
        path,
        LampUnit(section.unit),
        uncertainty,
        given.collecting_area_cm2,
        (rig_file.configuration.monitor.wavelength_nm - _BELOW_THE_LINE_NM, _END_OF_EMISSION_NM),
        CertificateValidity(section.certified, section.valid_days, section.valid_hours),
    )


def beam_result(beam: BeamInput) -> CalibrationResult:
    """Work out the beam from profiles or typed diameters; raises `CurveError` naming the file."""
    if beam.diameter_x_mm is not None and beam.diameter_y_mm is not None:
        return beam_as_typed(beam.diameter_x_mm, beam.diameter_y_mm, beam.diameter_uncertainty_mm, beam.plane)
    unit = LengthUnit.MICROMETRE if beam.micrometres else LengthUnit.MILLIMETRE
    x, y = list(beam.profile_x), list(beam.profile_y)
    return beam_of_profiles(x, y, unit, beam.slit_width_mm, beam.plane)
