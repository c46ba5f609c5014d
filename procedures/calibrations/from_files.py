"""Calibrations that come from files or are typed in: the lamp's certificate and the beam."""

from __future__ import annotations

from pathlib import Path

from calibration import (
    BeamCalibration,
    CheckKind,
    CurveError,
    LampTable,
    LampUncertainty,
    LampUnit,
    LengthUnit,
    Profile,
    RecordKind,
    beam_from_profiles,
    read_lamp_table,
    read_profiles,
    typed_beam,
)
from procedures.calibrations.base import CalibrationResult


def lamp_certificate(
    path: Path, unit: LampUnit, uncertainty: LampUncertainty, collecting_area_cm2: float | None
) -> CalibrationResult:
    """Read a lamp's certificate; raises `CurveError` naming file and line."""
    table: LampTable = read_lamp_table(
        path, unit=unit, uncertainty=uncertainty, collecting_area_cm2=collecting_area_cm2
    )
    area = "" if collecting_area_cm2 is None else f", collecting area {collecting_area_cm2:g} cm²"
    stated = f"one value, {uncertainty.percent:g} %" if uncertainty.percent is not None else "third column"
    return CalibrationResult(
        kind=CheckKind.LAMP,
        values=table.record_values(),
        origin=f"certificate {path.name}",
        summary=(
            f"{len(table.wavelength_nm)} rows from {table.wavelength_nm[0]:g} to {table.wavelength_nm[-1]:g} "
            f"nm in {unit}{area}; uncertainty: {stated}, k = {uncertainty.coverage_factor:g}. Check unit and "
            "k against the certificate.",
        ),
        warnings=table.warnings,
        roles=("lamp",),
    )


def beam_of_profiles(
    x_paths: list[Path], y_paths: list[Path], unit: LengthUnit, slit_width_mm: float, plane: str
) -> CalibrationResult:
    """A beam from a profiler's exports, one file per axis and wheel position; raises `CurveError`."""
    found = beam_from_profiles(
        [_one_axis(path, unit, slit_width_mm) for path in x_paths],
        [_one_axis(path, unit, slit_width_mm) for path in y_paths],
        plane=plane,
    )
    return _beam(found, "second moments of profiler scans: " + ", ".join(p.name for p in x_paths + y_paths))


def beam_as_typed(x_mm: float, y_mm: float, uncertainty_mm: float, plane: str) -> CalibrationResult:
    """A beam whose D4σ diameters a profiler's own program found; raises `CurveError`."""
    return _beam(typed_beam(x_mm, y_mm, uncertainty_mm, plane=plane), "typed in, from a profiler's program")


def _one_axis(path: Path, unit: LengthUnit, slit_width_mm: float) -> Profile:
    profiles = read_profiles(path, unit=unit, slit_width_mm=slit_width_mm)
    if len(profiles) != 1:
        raise CurveError(f"{path}: holds {len(profiles)} profiles; give one file per axis")
    return profiles[0]


def _beam(found: BeamCalibration, origin: str) -> CalibrationResult:
    return CalibrationResult(
        kind=RecordKind.BEAM,
        values=found.record_values(),
        origin=origin,
        summary=(
            f"D4σ {found.diameter_x_mm:.3f} x {found.diameter_y_mm:.3f} mm, each known to "
            f"{found.diameter_uncertainty_mm:.3f} mm.",
        ),
        warnings=found.warnings,
        roles=(),
    )
