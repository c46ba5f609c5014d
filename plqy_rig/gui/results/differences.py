"""What differs between runs, in words: settings, instruments, calibration records, program. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from plqy_rig.data import Run

NOT_THERE = "–"

_UNITS = {
    "mw_per_cm2": "mW/cm²",
    "nm": "nm",
    "s": "s",
    "a": "A",
    "c": "°C",
    "deg": "°",
    "w": "W",
    "mm": "mm",
    "counts": "counts",
}
_ALWAYS_DIFFERENT = {"bench.console", "connection.usb_bus", "shutter.port", "attenuator.port", "name"}
"""Of a rig file: addresses of a simulated bench, new with each start. They say nothing about the light."""
_WORDS = {
    "recipe": "Recipe",
    "rig": "Rig file",
    "instruments": "Instrument",
    "records": "Calibration",
    "program": "Program",
}


@dataclass(frozen=True)
class Difference:
    """One setting that the runs don't share.

    Attributes:
        group: where it belongs, e.g. `Recipe`.
        name: in words, with its unit.
        values: of each run, in their order.
    """

    group: str
    name: str
    values: tuple[str, ...]


def settings_differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """Every setting in which the runs differ, and no other; empty for a single run."""
    found: list[Difference] = []
    tables = [_settings(run) for run in runs]
    for group, title in _WORDS.items():
        keys = dict.fromkeys(key for table in tables for key in table[group])
        for key in keys:
            values = tuple(table[group].get(key, NOT_THERE) for table in tables)
            if len(set(values)) > 1:
                found.append(Difference(title, _name(group, key), values))
    return tuple(found)


def _settings(run: Run) -> dict[str, dict[str, str]]:
    rig = {key: value for key, value in _flat(run.rig).items() if key not in _ALWAYS_DIFFERENT}
    identities = {
        f"{name}": " ".join(str(identity.get(key) or "") for key in ("model", "serial_number")).strip()
        for name, identity in run.instruments.items()
    }
    return {
        "recipe": {"operator": run.operator or NOT_THERE, **_flat(run.recipe)},
        "rig": rig,
        "instruments": identities,
        "records": {kind: _record_words(record) for kind, record in run.calibration.items()},
        "program": {name: str(value) for name, value in run.versions.items()},
    }


def _record_words(record: Mapping[str, Any]) -> str:
    made, until = str(record.get("created", ""))[:10], str(record.get("expires", ""))[:10]
    return f"of {made}, good until {until}, {str(record.get('sha256', ''))[:8]}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    rows: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows[f"{prefix}{key}"] = ", ".join(_text(item) for item in value)
        else:
            rows[f"{prefix}{key}"] = _text(value)
    return rows


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return NOT_THERE if value in ("", None) else str(value)


def _name(group: str, key: str) -> str:
    if group == "recipe" and key in _recipe_names():
        return _recipe_names()[key]
    return words_of_key(key)


def words_of_key(key: str) -> str:
    """A key of a file in words, its unit behind a comma: `laser.current_a` is `Laser current, A`."""
    parts = key.replace(".", "_").split("_")
    for length in (3, 1):
        unit = _UNITS.get("_".join(parts[-length:]))
        if unit is not None and len(parts) > length:
            return f"{_sentence_case(parts[:-length])}, {unit}"
    return _sentence_case(parts)


def _sentence_case(parts: Sequence[str]) -> str:
    text = " ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


@cache
def _recipe_names() -> dict[str, str]:
    """The names that the recipe's form shows."""
    from procedures.plqy_sweep import PlqySweep

    names = {}
    for key, parameter in PlqySweep().parameter_objects().items():
        units = str(parameter.units).replace("^2", "²") if getattr(parameter, "units", None) else ""
        names[key] = f"{parameter.name}, {units}" if units else str(parameter.name)
    return names
