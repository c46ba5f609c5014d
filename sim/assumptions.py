"""Choosing what nobody knows: ``--assume PART.FIELD=VALUE`` sets a field of an options class.

Parts are the fields of `BenchSetup` that hold options: ``optics``, ``laser``, ``monitor``, ``shutter`` and
``spectrometer``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from sim.bench import BenchSetup

_PARTS = ("optics", "laser", "monitor", "shutter", "spectrometer")


class AssumptionError(ValueError):
    """An assumption that can't be made; the message says what is allowed."""


def assume(setup: BenchSetup, assumptions: Iterable[str]) -> BenchSetup:
    """Apply assumptions such as ``laser.needs_remote_enable=true``.

    Values are written as in JSON (``true``, ``0.5``, ``null``); anything else is taken as text.

    Raises:
        AssumptionError: no such part or field, or a value of another kind than the field's.
    """
    for text in assumptions:
        name, equals, value = text.partition("=")
        part, dot, field = name.strip().partition(".")
        if not (equals and dot) or part not in _PARTS:
            raise AssumptionError(f"{text!r}: write PART.FIELD=VALUE, PART being one of {', '.join(_PARTS)}")
        options: Any = getattr(setup, part)
        known = [f.name for f in dataclasses.fields(options)]
        if field not in known:
            raise AssumptionError(f"{text!r}: {part} has no field {field!r}; it has {', '.join(known)}")
        changes: dict[str, Any] = {part: _changed(options, field, value.strip(), text)}
        setup = dataclasses.replace(setup, **changes)
    return setup


def _changed(options: Any, field: str, value: str, text: str) -> object:
    old = getattr(options, field)
    new = value if isinstance(old, str) else _read(value)
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        new = float(new)
    if old is not None and new is not None and type(new) is not type(old):
        raise AssumptionError(f"{text!r}: {field} is a {type(old).__name__} such as {old!r}")
    try:
        changed: object = dataclasses.replace(options, **{field: new})
    except ValueError as error:
        raise AssumptionError(f"{text!r}: {error}") from error
    return changed


def _read(value: str) -> object:
    try:
        read: object = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, bool | int | float | str) or read is None else value
