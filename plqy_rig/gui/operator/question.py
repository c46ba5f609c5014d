"""A question to the operator as a picture and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibration.roles import PASS_ORDER, Arrangement, Role, SamplePosition
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.operator.sphere_drawing import Picture
from plqy_rig.gui.themes import theme
from procedures import OperatorStep
from procedures.operator import moves_between

_MOVES_FILTER = frozenset({OperatorStep.INSERT_LONG_PASS, OperatorStep.REMOVE_LONG_PASS})


def picture_of(question: Mapping[str, Any], rig: RigModel) -> Picture | None:
    """What the drawing shows; None for a question that isn't about sample and filter."""
    target = question.get("target")
    if not target:
        return None
    wanted = Arrangement(SamplePosition(target["sample"]), bool(target["long_pass"]))
    steps = tuple(OperatorStep(step) for step in question.get("steps", ()))
    return Picture(
        target=wanted,
        present=present_arrangement(question, wanted, steps, rig.run),
        shutter_closed=shutter_closed(rig),
        moves_sample=any(step not in _MOVES_FILTER for step in steps),
        moves_filter=any(step in _MOVES_FILTER for step in steps),
    )


def present_arrangement(
    question: Mapping[str, Any],
    target: Arrangement,
    steps: tuple[OperatorStep, ...],
    run: Mapping[str, Any] | None,
) -> Arrangement | None:
    """How things stand now: as the pass before left them, if that fits the moves asked for.

    After a failed check, and where the moves don't fit, nobody knows: None.
    """
    if question.get("reason") or not question.get("role"):
        return None
    passes = passes_of(run)
    role = Role(question["role"])
    if role not in passes or passes.index(role) == 0:
        return None
    before = passes[passes.index(role) - 1].arrangement
    return before if moves_between(before, target) == steps else None


def passes_of(run: Mapping[str, Any] | None) -> list[Role]:
    """The passes of a run in their order."""
    names = ((run or {}).get("recipe") or {}).get("passes")
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    return [role for role in PASS_ORDER if role in (names or PASS_ORDER[:5])]


def place_of(question: Mapping[str, Any], run: Mapping[str, Any] | None) -> str:
    """Which pass it prepares, e.g. `pass 3 of 5, direct (laser)`; empty if it isn't for a pass."""
    if not question.get("role"):
        return ""
    role, passes = Role(question["role"]), passes_of(run)
    words = theme.role_style(role).label
    if role not in passes:
        return words
    return f"pass {passes.index(role) + 1} of {len(passes)}, {words}"


def shutter_closed(rig: RigModel) -> bool | None:
    """Whether the shutter is closed, by its own latest word or by the verdict; None if nothing is known."""
    for reading in rig.instruments.get("shutter", {}).get("readings", ()):
        if reading.get("name") == "open" and isinstance(reading.get("value"), bool):
            if reading["value"] and float(reading.get("time_s") or 0.0) < _asked_s(rig):
                # It was open for the test exposure before: what it is now hasn't been told yet.
                return None
            return not reading["value"]
    if rig.safety in ("safe", "dark"):
        return True
    for step in (rig.verdict or {}).get("steps", ()):
        if step.get("name") == "shutter closed":
            return bool(step.get("safe")) or None
    return None


def _asked_s(rig: RigModel) -> float:
    """When the present question was put, s since 1970 UTC; 0 if none stands."""
    if rig.question is None:
        return 0.0
    asked = (change for change in reversed(rig.history) if change.get("new") == "waiting for operator")
    return float((next(asked, None) or {}).get("time_s") or 0.0)


def shutter_words(rig: RigModel) -> tuple[str, str]:
    """State and words of the shutter."""
    match shutter_closed(rig):
        case True:
            return "good", "Shutter closed"
        case False:
            return "bad", "Shutter OPEN: keep out of the beam"
        case _:
            return "unknown", "Shutter not verified"
