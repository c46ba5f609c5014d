"""Arguments of the commands around calibrations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plqy_rig.host.table import Arguments

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Lamp(Arguments):
    """What the lamp's certificate says besides its table."""

    collecting_area_cm2: Positive | None = None
    uncertainty_percent: NotNegative | None = None
    absolute_column: bool = False
    coverage_factor: Positive = 2.0


class Beam(Arguments):
    """The beam, from files (absolute paths) or typed."""

    profile_x: list[str] = Field(default_factory=list)
    profile_y: list[str] = Field(default_factory=list)
    micrometres: bool = False
    slit_width_mm: NotNegative = 0.0
    diameter_x_mm: Positive | None = None
    diameter_y_mm: Positive | None = None
    diameter_uncertainty_mm: NotNegative = 0.1
    plane: str = "at the sample"


class Calibrate(Arguments):
    """Arguments of `calibrate`."""

    names: Annotated[list[str], Field(min_length=1)]
    parameters: dict[str, str | bool | int | float] = Field(default_factory=dict)
    operator: str = ""
    lamp: Lamp | None = None
    beam: Beam | None = None
    simulated_hands: bool = False


class Decide(Arguments):
    """Arguments of `calibration_decide`."""

    accept: bool
