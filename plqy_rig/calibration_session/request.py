"""What a session of calibrations is asked for."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.errors import ConfigurationError
from plqy_rig.config import RigFile

_PROFILES = ("beam_profile_x.csv", "beam_profile_y.csv")
"""A bench lays its beam scans beside its rig file."""


@dataclass(frozen=True)
class LampInput:
    """What the lamp's certificate says besides its table.

    Attributes:
        collecting_area_cm2: for a certificate of irradiance.
        uncertainty_percent: one value for all rows; None: the third column.
        absolute_column: the third column is in the unit of the second, not in per cent.
        coverage_factor: k.
    """

    collecting_area_cm2: float | None = None
    uncertainty_percent: float | None = None
    absolute_column: bool = False
    coverage_factor: float = 2.0


@dataclass(frozen=True)
class BeamInput:
    """The beam, from files or typed.

    Attributes:
        profile_x: profiler exports along x, one per wheel position.
        profile_y: the same along y.
        micrometres: positions are in micrometres, not millimetres.
        slit_width_mm: of the profiler.
        diameter_x_mm: D4σ, typed.
        diameter_y_mm: D4σ, typed.
        diameter_uncertainty_mm: one sigma of the typed ones.
        plane: where it was measured.
    """

    profile_x: tuple[Path, ...] = ()
    profile_y: tuple[Path, ...] = ()
    micrometres: bool = False
    slit_width_mm: float = 0.0
    diameter_x_mm: float | None = None
    diameter_y_mm: float | None = None
    diameter_uncertainty_mm: float = 0.1
    plane: str = "at the sample"

    @property
    def empty(self) -> bool:
        """Get whether nothing was given."""
        return self.diameter_x_mm is None and not self.profile_x

    def require(self) -> None:
        """Refuse neither or both; raises `ConfigurationError`."""
        typed = self.diameter_x_mm is not None and self.diameter_y_mm is not None
        if typed == bool(self.profile_x and self.profile_y):
            raise ConfigurationError(
                "the beam: give either --profile-x FILE and --profile-y FILE or --diameter-x and --diameter-y"
            )


@dataclass(frozen=True)
class SessionRequest:
    """One session.

    Attributes:
        names: of the calibrations, in their order.
        operator: who does it.
        changes: parameters, NAME=VALUE.
        folder: for the records; None: the rig's calibration folder.
        lamp: about its certificate.
        beam: the beam.
    """

    names: tuple[str, ...]
    operator: str = ""
    changes: tuple[str, ...] = ()
    folder: Path | None = None
    lamp: LampInput = LampInput()
    beam: BeamInput = BeamInput()


def completed_request(request: SessionRequest, rig_file: RigFile) -> SessionRequest:
    """Fill in the login name as operator, and on a bench its own beam scans.

    Raises:
        ConfigurationError: a beam is to be calibrated and nothing says how.
    """
    request = replace(request, operator=operator_name(request.operator))
    files = [rig_file.path.parent / name for name in _PROFILES]
    on_a_bench = rig_file.configuration.bench is not None
    if on_a_bench and request.beam.empty and all(path.exists() for path in files):
        beam = replace(request.beam, profile_x=(files[0],), profile_y=(files[1],))
        request = replace(request, beam=beam)
    if "beam" in request.names:
        request.beam.require()
    return request


def operator_name(given: str) -> str:
    """The name given, or who is logged in."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
