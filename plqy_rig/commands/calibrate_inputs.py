"""What `plqy calibrate` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drivers.errors import ConfigurationError
from plqy_rig.bench_process import BenchRequest


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

    def require(self) -> None:
        """Refuse neither or both; raises `ConfigurationError`."""
        typed = self.diameter_x_mm is not None and self.diameter_y_mm is not None
        if typed == bool(self.profile_x and self.profile_y):
            raise ConfigurationError(
                "the beam: give either --profile-x FILE and --profile-y FILE or --diameter-x and --diameter-y"
            )


@dataclass(frozen=True)
class CalibrateRequest:
    """One call of `plqy calibrate`.

    Attributes:
        names: of the calibrations, in their order.
        rig: rig file; None with `bench`.
        bench: a bench to start; None with `rig`.
        operator: who does it.
        yes: keep what passes the gates without asking.
        changes: parameters, NAME=VALUE.
        folder: for the records; None: the rig's calibration folder.
        lamp: about its certificate.
        beam: the beam.
    """

    names: tuple[str, ...]
    rig: Path | None = None
    bench: BenchRequest | None = None
    operator: str = ""
    yes: bool = False
    changes: tuple[str, ...] = ()
    folder: Path | None = None
    lamp: LampInput = LampInput()
    beam: BeamInput = BeamInput()
