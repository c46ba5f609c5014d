"""Arguments of the actions of manual control."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from plqy_rig.host.table import Arguments

LONGEST_OPENING_S = 60.0
LONGEST_SPECTRUM_S = 600.0

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Manual(Arguments):
    """Arguments of `manual`: an action, and what the action takes."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    action: str


class Celsius(Arguments):
    """A temperature to go to, °C."""

    celsius: Finite


class OnOrOff(Arguments):
    """Whether something shall be on."""

    on: bool


class Current(Arguments):
    """A diode current, A."""

    current_a: Positive


class Opening(Arguments):
    """How long the shutter may be open, rig seconds."""

    seconds: Annotated[float, Field(gt=0, le=LONGEST_OPENING_S, allow_inf_nan=False)]


class Angle(Arguments):
    """An angle of the wheel, degrees."""

    angle_deg: Finite


class Spectrum(Arguments):
    """How a spectrum is taken."""

    integration_time_s: Positive
    scans: Annotated[int, Field(ge=1, le=1000)] = 1
