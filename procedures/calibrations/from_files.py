"""Calibrations that come from files or are typed in: the lamp's certificate and the beam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

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
from calibration.text_table import read_text
from procedures.calibrations.base import CalibrationResult


@dataclass(frozen=True)
class CertificateValidity:
    """How long a lamp's certificate holds.

    Attributes:
        certified: its day; None: unknown.
        days: from its day on.
        burning_hours: after which it lapses.
    """

    certified: date | None = None
    days: int = 365
    burning_hours: float = 50.0

    @property
    def expires(self) -> datetime | None:
        """Get the end of its last day; None where its day isn't known."""
        if self.certified is None:
            return None
        return datetime.combine(self.certified + timedelta(days=self.days), time(23, 59, 59), UTC)

    @property
    def sentence(self) -> str:
        """Get it in words."""
        if self.expires is None:
            return (
                "The rig file doesn't say when the lamp was certified (lamp.certified): its "
                f"{self.days} days count from today."
            )
        if self.expires < datetime.now(UTC):
            return (
                f"Certified {self.certified}: it lapsed on {self.expires:%Y-%m-%d}; have the lamp certified."
            )
        return (
            f"Certified {self.certified}, good until {self.expires:%Y-%m-%d} or {self.burning_hours:g} hours."
        )


def lamp_certificate(
    path: Path,
    unit: LampUnit,
    uncertainty: LampUncertainty,
    collecting_area_cm2: float | None,
    needed_range_nm: tuple[float, float] | None = None,
    validity: CertificateValidity = CertificateValidity(),
) -> CalibrationResult:
    """Read a lamp's certificate; raises `CurveError` naming file and line."""
    table: LampTable = read_lamp_table(
        path,
        unit=unit,
        uncertainty=uncertainty,
        collecting_area_cm2=collecting_area_cm2,
        needed_range_nm=needed_range_nm,
    )
    area = "" if collecting_area_cm2 is None else f", collecting area {collecting_area_cm2:g} cm²"
    stated = f"one value, {uncertainty.percent:g} %" if uncertainty.percent is not None else "third column"
    return CalibrationResult(
        kind=CheckKind.LAMP,
        values={
            **table.record_values(),
            "certified": None if validity.certified is None else str(validity.certified),
            "valid_hours": validity.burning_hours,
        },
        origin=f"certificate {path.name}",
        summary=(
            f"{len(table.wavelength_nm)} rows from {table.wavelength_nm[0]:g} to {table.wavelength_nm[-1]:g} "
            f"nm in {unit}{area}; uncertainty: {stated}, k = {uncertainty.coverage_factor:g}. Check unit and "
            "k against the certificate.",
            validity.sentence,
        ),
        warnings=table.warnings,
        roles=("lamp",),
        raw=_as_they_are({"certificate": [path]}),
        expires=validity.expires,
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
    return _beam(
        found,
        "second moments of profiler scans: " + ", ".join(path.name for path in x_paths + y_paths),
        _as_they_are({"profile_x": x_paths, "profile_y": y_paths}),
    )


def beam_as_typed(x_mm: float, y_mm: float, uncertainty_mm: float, plane: str) -> CalibrationResult:
    """A beam whose D4σ diameters a profiler's own program found; raises `CurveError`."""
    return _beam(typed_beam(x_mm, y_mm, uncertainty_mm, plane=plane), "typed in, from a profiler's program")


def _one_axis(path: Path, unit: LengthUnit, slit_width_mm: float) -> Profile:
    profiles = read_profiles(path, unit=unit, slit_width_mm=slit_width_mm)
    if len(profiles) != 1:
        raise CurveError(f"{path}: holds {len(profiles)} profiles; give one file per axis")
    return profiles[0]


def _as_they_are(files: Mapping[str, Sequence[Path]]) -> dict[str, NDArray[np.str_]]:
    """The files' text, to be kept beside the record: the files themselves will be moved and edited."""
    return {
        f"{name}_{number}": np.array(read_text(path))
        for name, paths in files.items()
        for number, path in enumerate(paths, start=1)
    }


def _beam(
    found: BeamCalibration, origin: str, raw: Mapping[str, NDArray[np.str_]] = MappingProxyType({})
) -> CalibrationResult:
    return CalibrationResult(
        kind=RecordKind.BEAM,
        values=found.record_values(),
        origin=origin,
        summary=(
            f"D4σ {found.diameter_x_mm:.3f} x {found.diameter_y_mm:.3f} mm, each known to "
            f"{found.diameter_uncertainty_mm:.3f} mm"
            + ("." if found.usable else ": too uncertain, or a scan ends within the beam."),
        ),
        warnings=found.warnings,
        roles=(),
        raw=raw,
        passed=found.usable,
    )
