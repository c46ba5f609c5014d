"""The calibrations by name, their order, their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drivers.errors import ConfigurationError
from procedures.calibrations import (
    CalibrationProcedure,
    DetectorCalibration,
    LaserCheckMeasurement,
    LongPassMeasurement,
    ModeHopScan,
    MonitorMeasurement,
    ResponseMeasurement,
    WavelengthMeasurement,
    WheelMeasurement,
)

CALIBRATIONS: Mapping[str, type[CalibrationProcedure]] = {
    "wavelength": WavelengthMeasurement,
    "wheel": WheelMeasurement,
    "monitor": MonitorMeasurement,
    "detector": DetectorCalibration,
    "response": ResponseMeasurement,
    "long-pass": LongPassMeasurement,
    "laser-check": LaserCheckMeasurement,
    "mode-hop": ModeHopScan,
}
FROM_FILES = ("lamp", "beam")
ORDER = (
    "wavelength",
    "wheel",
    "monitor",
    "beam",
    "lamp",
    "detector",
    "response",
    "long-pass",
    "laser-check",
)
"""Each after what it stands on, and all that need the lamp together: it warms up once."""


def procedures_of(names: Sequence[str], changes: Sequence[str]) -> dict[str, CalibrationProcedure]:
    """Make the procedures with their parameters; raises `ConfigurationError` naming key and value."""
    for name in names:
        if name not in CALIBRATIONS and name not in FROM_FILES:
            known = ", ".join((*CALIBRATIONS, *FROM_FILES))
            raise ConfigurationError(f"there is no calibration {name!r}; there are {known}")
    procedures = {name: CALIBRATIONS[name]() for name in names if name in CALIBRATIONS}
    for change in changes:
        _change(procedures, change)
    return procedures


def parameters_of(name: str) -> list[dict[str, Any]]:
    """What can be set for a calibration, for a form; empty for one that only reads files."""
    if name not in CALIBRATIONS:
        return []
    return [
        {
            "name": key,
            "label": parameter.name,
            "default": parameter.default,
            "unit": getattr(parameter, "units", None),
            "minimum": getattr(parameter, "minimum", None),
            "maximum": getattr(parameter, "maximum", None),
            "choices": list(getattr(parameter, "choices", None) or ()),
            "description": parameter.description,
        }
        for key, parameter in CALIBRATIONS[name]().parameter_objects().items()
    ]


def _change(procedures: Mapping[str, CalibrationProcedure], change: str) -> None:
    known = {key for one in procedures.values() for key in one.parameter_objects()}
    name, separator, value = change.partition("=")
    takers = [one for one in procedures.values() if name in one.parameter_objects()]
    if not separator or not takers:
        raise ConfigurationError(
            f"--set {change!r}: must be NAME=VALUE, NAME one of {', '.join(sorted(known)) or 'nothing'}"
        )
    for procedure in takers:
        try:
            procedure.set_parameters({name: value})
        except ValueError as error:
            raise ConfigurationError(f"--set {change!r}: {error}") from error
