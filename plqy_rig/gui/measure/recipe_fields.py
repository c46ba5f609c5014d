"""The recipe's form, described: one field for each Parameter of the sweep, in groups. No Qt.

The description is made of the procedure's own Parameters. One that is new there appears here by itself: in
the group of the keys it resembles, or under "Other".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, ListParameter

from procedures.plqy_sweep import PlqySweep
from procedures.recipe import PassesParameter

_WIDE_RATIO = 1e3
"""Limits further apart than this factor are stepped through by ratio rather than by difference."""


class FieldKind(Enum):
    """Which input a field needs."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE_NUMBER = "whole number"
    YES_NO = "yes or no"
    CHOICE = "choice"
    PASSES = "passes"


@dataclass(frozen=True)
class Field:
    """One parameter as the form shows it.

    Attributes:
        key: of the recipe.
        label: the parameter's name.
        kind: which input.
        unit: as people write it, or empty.
        minimum: smallest allowed number; None where that means nothing.
        maximum: largest allowed number.
        default: None where a value has to be given.
        choices: what can be chosen, of a choice.
        description: what it means, a sentence.
    """

    key: str
    label: str
    kind: FieldKind
    unit: str
    minimum: float | None
    maximum: float | None
    default: Any
    choices: tuple[Any, ...]
    description: str

    @property
    def is_wide(self) -> bool:
        """Get whether the allowed numbers span orders of magnitude."""
        if self.minimum is None or self.maximum is None or self.kind is not FieldKind.NUMBER:
            return False
        return self.minimum > 0 and self.maximum / self.minimum >= _WIDE_RATIO

    @property
    def limits_words(self) -> str:
        """Get what is allowed, in words; empty where anything is."""
        if self.minimum is None or self.maximum is None:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        return f"{number_text(self.minimum)} to {number_text(self.maximum)}{unit}"

    @property
    def help_html(self) -> str:
        """Get meaning, limits, default and key, for the tooltip."""
        lines = [f"<b>{self.label}</b>", self.description]
        if self.limits_words:
            lines.append(f"Allowed: {self.limits_words}")
        if self.default not in (None, "") and self.kind is not FieldKind.PASSES:
            unit = f" {self.unit}" if self.unit else ""
            lines.append(f"Default: {number_text(self.default)}{unit}")
        lines.append(f"<i>{self.key}</i>")
        return "<br>".join(line for line in lines if line)


@dataclass(frozen=True)
class Group:
    """Fields that belong together.

    Attributes:
        title: of the group.
        fields: in their order.
        essential: whether it is always shown; the others can be folded.
    """

    title: str
    fields: tuple[Field, ...]
    essential: bool


@dataclass(frozen=True)
class _Plan:
    title: str
    keys: tuple[str, ...]
    prefixes: tuple[str, ...]
    essential: bool


_PLANS = (
    _Plan("What is measured", ("sample", "operator_name", "comment", "passes"), ("sample",), essential=True),
    _Plan(
        "Powers",
        ("power_density_min_mw_per_cm2", "power_density_max_mw_per_cm2", "power_steps", "repeat_first_step"),
        (),
        essential=True,
    ),
    _Plan(
        "Spectra",
        (
            "scans_excitation",
            "scans_emission",
            "integration_time_max_excitation_s",
            "integration_time_max_emission_s",
        ),
        (),
        essential=True,
    ),
    _Plan(
        "Exposure",
        ("dark_scans", "integration_time_min_s", "peak_low_fraction", "peak_high_fraction"),
        ("scans", "dark", "integration_time", "peak"),
        essential=False,
    ),
    _Plan(
        "Laser and power",
        (
            "power_tolerance",
            "laser_warm_up_s",
            "settle_time_s",
            "laser_window_low_nm",
            "laser_window_high_nm",
        ),
        ("power", "laser", "settle"),
        essential=False,
    ),
)
_OTHER = "Other"


@cache
def recipe_groups() -> tuple[Group, ...]:
    """The groups of the sweep's form, essential ones first."""
    return grouped(PlqySweep().parameter_objects())


def grouped(parameters: Mapping[str, Any]) -> tuple[Group, ...]:
    """Sort parameters into groups; none is left out.

    Args:
        parameters: pymeasure's Parameter of each key.
    """
    fields = {key: field_of(key, parameter) for key, parameter in parameters.items()}
    planned = {key for plan in _PLANS for key in plan.keys}
    unplanned = [key for key in fields if key not in planned]
    groups = []
    for plan in _PLANS:
        known = [key for key in plan.keys if key in fields]
        alike = [key for key in unplanned if not plan.essential and key.startswith(plan.prefixes)]
        unplanned = [key for key in unplanned if key not in alike]
        groups.append(_group(plan.title, [fields[key] for key in (*known, *alike)], essential=plan.essential))
    groups.append(_group(_OTHER, [fields[key] for key in unplanned], essential=False))
    return tuple(group for group in groups if group.fields)


def _group(title: str, fields: Iterable[Field], *, essential: bool) -> Group:
    return Group(title, tuple(fields), essential)


def field_of(key: str, parameter: Any) -> Field:
    """Describe one pymeasure Parameter."""
    kind = _kind(parameter)
    numeric = kind in (FieldKind.NUMBER, FieldKind.WHOLE_NUMBER)
    return Field(
        key=key,
        label=str(parameter.name),
        kind=kind,
        unit=_unit_words(getattr(parameter, "units", None)),
        minimum=float(parameter.minimum) if numeric else None,
        maximum=float(parameter.maximum) if numeric else None,
        default=parameter.default,
        choices=tuple(parameter.choices or ()) if kind is FieldKind.CHOICE else (),
        description=str(parameter.description or ""),
    )


def _kind(parameter: Any) -> FieldKind:
    if isinstance(parameter, PassesParameter):
        return FieldKind.PASSES
    if isinstance(parameter, BooleanParameter):
        return FieldKind.YES_NO
    if isinstance(parameter, IntegerParameter):
        return FieldKind.WHOLE_NUMBER
    if isinstance(parameter, FloatParameter):
        return FieldKind.NUMBER
    return FieldKind.CHOICE if isinstance(parameter, ListParameter) else FieldKind.TEXT


def _unit_words(units: str | None) -> str:
    words = (units or "").replace("^2", "²").replace("^3", "³")
    return "°C" if words == "C" else words


def all_fields() -> dict[str, Field]:
    """Every field of the sweep's form by its key, in the order of the form."""
    return {field.key: field for group in recipe_groups() for field in group.fields}


def in_words(message: str) -> str:
    """A message with the labels of the form where it names keys of the recipe."""
    for key in sorted(all_fields(), key=len, reverse=True):
        if "_" in key:
            message = message.replace(key, f"“{all_fields()[key].label}”")
    return message


# -- numbers as people write them -------------------------------------------------------------------------

_SCALES: Mapping[str, Mapping[str, float]] = {
    "s": {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0},
    "nm": {"nm": 1.0, "um": 1e3, "µm": 1e3},
    "mW/cm²": {"mW/cm²": 1.0, "mW/cm2": 1.0, "W/cm²": 1e3, "W/cm2": 1e3, "kW/cm²": 1e6, "kW/cm2": 1e6},
    "": {"%": 0.01},
}


def number_text(value: Any) -> str:
    """A number as the form shows it: every digit that was given, no more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value!r}".split("e") if "e" in repr(value) else f"{value:.16g}e0".split("e")
        return f"{mantissa}e{int(exponent)}" if int(exponent) else mantissa
    return f"{value:.15g}"


def parsed_number(text: str, unit: str) -> float | int:
    """Read a number, also one with a unit of the same kind ("500 ms", "2 min") or a decimal comma.

    Args:
        text: as typed.
        unit: of the field, as `Field.unit`.

    Raises:
        ValueError: it is no number, or could mean two; the message is for the person who typed it.
    """
    plain, factor = _without_unit(text.strip().replace("−", "-"), unit)
    if plain.count(",") == 1 and "." not in plain:
        behind = plain.split(",")[1]
        if len(behind) == 3 and behind.isdigit():
            raise ValueError(f"{plain} could mean two numbers. Write it with a point or without a comma.")
        plain = plain.replace(",", ".")
    try:
        return int(plain) if factor == 1.0 else int(plain) * factor
    except ValueError:
        pass
    try:
        number = float(plain) * factor
    except ValueError:
        raise ValueError("Must be a number." if plain else "A number must be given.") from None
    if not math.isfinite(number):
        raise ValueError("Must be a finite number.")
    # 12 digits: 0.3 ms shall be 0.0003, not 0.00029999999999999997.
    return number if factor == 1.0 else float(f"{number:.12g}")


def _without_unit(text: str, unit: str) -> tuple[str, float]:
    for suffix, factor in sorted(_SCALES.get(unit, {}).items(), key=lambda item: -len(item[0])):
        if text.endswith(suffix) and text != suffix:
            return text.removesuffix(suffix).strip(), factor
    return text, 1.0
