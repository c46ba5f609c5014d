"""Starting conditions and deliberate mistakes: ``--condition NAME[=VALUE]`` and the console's ``condition``.

What is set on the command line has been so for long when the bench begins (the lamp is warm, the air as humid
as it gets); what is set at the console begins then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sim.bench import Bench
from sim.optics import SamplePlace


class ConditionError(ValueError):
    """A condition that can't be set; the message says what is allowed."""


@dataclass(frozen=True)
class ConditionKind:
    """One thing that can be set."""

    meaning: str
    kind: type
    """bool, float or str."""
    get: Callable[[Bench], object]
    set: Callable[[Bench, Any, bool], None]
    """Bench, value (None: back to how the bench was drawn), and whether it has been so for long."""


def _surrounding(name: str, meaning: str) -> ConditionKind:
    return ConditionKind(
        meaning,
        float,
        lambda bench: getattr(bench.optics.last_surroundings, name),
        lambda bench, value, settled: bench.change_surrounding(name, value),
    )


CONDITIONS: dict[str, ConditionKind] = {
    "sample": ConditionKind(
        f"where the sample is: {', '.join(place.value for place in SamplePlace)}",
        str,
        lambda bench: bench.sample_place,
        lambda bench, value, settled: bench.place("out" if value is None else value),
    ),
    "long_pass": ConditionKind(
        "the filter is in",
        bool,
        lambda bench: bench.long_pass_inserted,
        lambda bench, value, settled: bench.set_long_pass(bool(value)),
    ),
    "purge": ConditionKind(
        "nitrogen flows; without it water vapour comes within minutes",
        bool,
        lambda bench: bench.purge_on,
        lambda bench, value, settled: bench.set_purge(value is not False, settled),
    ),
    "lamp": ConditionKind(
        "the calibration lamp burns",
        bool,
        lambda bench: bench.lamp_state.on,
        lambda bench, value, settled: bench.set_lamp(bool(value), settled),
    ),
    "lamp_block": ConditionKind(
        "a blade stands between lamp and sphere",
        bool,
        lambda bench: bench.lamp_state.blocked,
        lambda bench, value, settled: bench.set_lamp_block(bool(value)),
    ),
    "lamp_hours": ConditionKind(
        "hours that the lamp has burned",
        float,
        lambda bench: bench.lamp_hours,
        lambda bench, value, settled: bench.set_lamp_hours(value),
    ),
    "line_lamp": ConditionKind(
        "an argon lamp burns at the sphere's port",
        bool,
        lambda bench: bench.optics.last_surroundings.line_lamp,
        lambda bench, value, settled: bench.change_surrounding("line_lamp", bool(value)),
    ),
    "second_power_head": ConditionKind(
        "a power head in the power meter's input 2, held before the sphere's entrance",
        bool,
        lambda bench: bench.second_power_head_in,
        lambda bench, value, settled: bench.set_second_power_head(bool(value)),
    ),
    "absorptance": _surrounding("absorptance", "absorptance of the sample (dilution), 0 to 0.95"),
    "filter_angle_deg": _surrounding("filter_angle_deg", "angle on the long-pass, 0 to 30"),
    "filter_leakage": _surrounding("filter_leakage", "share of the light past the long-pass, 0 to 0.1"),
    "ase_fraction": _surrounding("ase_fraction", "share of the laser in a pedestal around 985 nm"),
    "stray_light_fraction": _surrounding("stray_light_fraction", "stray light inside the spectrograph"),
    "fibre_throughput": _surrounding("fibre_throughput", "fibre moved: light against before, 0 to 2"),
    "laser_drift": _surrounding("laser_drift", "relative SD of the laser's slow drift, 0 to 0.2"),
    "hop_distance_c": _surrounding("hop_distance_c", "first mode hop above 25 °C minus 25 °C, -10 to 10"),
}
"""Everything that can be set, by name."""


def set_condition(bench: Bench, name: str, value: object, settled: bool = False) -> object:
    """Set one condition.

    Args:
        bench: where.
        name: a key of `CONDITIONS`.
        value: of the condition's kind; None is back to how the bench was drawn.
        settled: it has been so for long.

    Returns:
        The value that holds now.

    Raises:
        ConditionError: no such condition, or a value that isn't allowed.
    """
    known = CONDITIONS.get(name)
    if known is None:
        raise ConditionError(f"no condition {name!r}; there are {', '.join(CONDITIONS)}")
    if known.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if value is not None and type(value) is not known.kind:
        raise ConditionError(f"condition {name} ({known.meaning}) is a {known.kind.__name__}, got {value!r}")
    try:
        known.set(bench, value, settled)
    except ValueError as error:
        raise ConditionError(f"condition {name}: {error}") from error
    return known.get(bench)


def set_from_text(bench: Bench, text: str, settled: bool = False) -> tuple[str, object]:
    """Set ``NAME`` (a switch, on) or ``NAME=VALUE``, the value as in JSON; name and value that holds now.

    Raises:
        ConditionError: as `set_condition`, or a value is missing.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals and name in CONDITIONS and CONDITIONS[name].kind is not bool:
        raise ConditionError(f"condition {text!r}: write {name}=VALUE ({CONDITIONS[name].meaning})")
    return name, set_condition(bench, name, _read(value) if equals else True, settled)


def start_with(bench: Bench, texts: Iterable[str]) -> None:
    """Set the command line's conditions; `ConditionError` says what is wrong with one."""
    for text in texts:
        set_from_text(bench, text, settled=True)


def conditions_now(bench: Bench) -> dict[str, object]:
    """Every condition's present value."""
    return {name: known.get(bench) for name, known in CONDITIONS.items()}


def _read(text: str) -> object:
    try:
        read: object = json.loads(text)
    except ValueError:
        return text
    return read
