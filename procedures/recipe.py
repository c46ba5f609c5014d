"""From a recipe's keys and values to a procedure's parameters, with errors that name the key."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, Parameter

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Role
from drivers.errors import ConfigurationError


class PassesParameter(Parameter):  # type: ignore[misc]
    """Which roles are measured: a list of names or one string with commas, kept in pass order."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, default=REQUIRED_ROLES, **options)

    def convert(self, value: str | Iterable[str]) -> tuple[Role, ...]:
        """Make roles of names.

        Raises:
            ValueError: an unknown or a repeated name, or none at all.
        """
        names = (
            [part.strip() for part in value.split(",")] if isinstance(value, str) else [str(v) for v in value]
        )
        allowed = ", ".join(PASS_ORDER)
        unknown = [name for name in names if name not in set(PASS_ORDER)]
        if unknown or not names:
            raise ValueError(f"must be one or more of {allowed}")
        if len(set(names)) != len(names):
            raise ValueError("names a pass twice")
        return tuple(role for role in PASS_ORDER if role.value in names)

    def __str__(self) -> str:
        return ", ".join(self._value) if self.is_set() else ""


def converted(parameters: Mapping[str, Any], values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Check a recipe's values against the declared parameters.

    Nothing is guessed: a text where a number belongs, a fraction where a whole number belongs and an
    unknown key are refused.

    Args:
        parameters: pymeasure's Parameter of each key.
        values: what the recipe gives.
        source: where it comes from (file name), for the message.

    Returns:
        The values in the types of the parameters.

    Raises:
        ConfigurationError: names source, key, value and what is allowed.
    """
    result = {}
    for key, value in values.items():
        parameter = parameters.get(key)
        if parameter is None:
            close = difflib.get_close_matches(key, parameters, n=1)
            hint = f"did you mean {close[0]}?" if close else f"allowed are: {', '.join(sorted(parameters))}"
            raise ConfigurationError(f"{source}: unknown key {key}; {hint}")
        try:
            result[key] = parameter.convert(_of_right_kind(parameter, value))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{source}: {key} = {value!r}: {allowed_words(parameter, error)}"
            ) from error
    return result


def _of_right_kind(parameter: Any, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not math.isfinite(value):
        raise TypeError("must be a finite number")
    if isinstance(parameter, IntegerParameter):
        if not number or float(value) != int(value):
            raise TypeError("must be a whole number")
    elif isinstance(parameter, FloatParameter):
        if not number:
            raise TypeError("must be a number")
    elif isinstance(parameter, BooleanParameter):
        if not isinstance(value, bool):
            raise TypeError("must be true or false")
    elif not isinstance(parameter, PassesParameter) and not isinstance(value, str):
        raise TypeError("must be a text")
    return value


def allowed_words(parameter: Any, error: Exception) -> str:
    """Say what a parameter allows."""
    if isinstance(parameter, IntegerParameter | FloatParameter) and isinstance(error, ValueError):
        unit = f" {parameter.units}" if parameter.units else ""
        return f"allowed is {parameter.minimum:g} to {parameter.maximum:g}{unit}"
    return str(error)
