"""The parts of the picture, made of what the engine and the rig file say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plqy_rig.config import RigFile
from plqy_rig.engine import Engine
from procedures import OperatorAnswer, OperatorRequest


def rig_part(rig_file: RigFile, out: Path, *, purge_confirmed: bool) -> dict[str, Any]:
    """The part "rig": which rig, its limits, where runs go."""
    configuration = rig_file.configuration
    bench, laser = configuration.bench, configuration.laser
    return {
        "name": configuration.name,
        "path": str(rig_file.path),
        "simulated": bench is not None,
        "speed": bench.speed if bench else 1.0,
        "console": bench.console if bench else None,
        "out": str(out),
        "calibration_folder": str(rig_file.calibration_folder),
        "chosen_records": list(configuration.calibration.records),
        "limits": {
            "power_density_mw_per_cm2": configuration.limits.power_density_mw_per_cm2,
            "current_a": laser.current_a,
            "current_limit_a": laser.current_limit_a,
            "temperature_range_c": list(laser.temperature_range_c),
            "angle_range_deg": list(configuration.attenuator.angle_range_deg),
        },
        "purge_must_be_confirmed": configuration.safety.purge_must_be_confirmed,
        "purge_confirmed": purge_confirmed,
    }


def engine_part(engine: Engine, *, simulated_hands: bool) -> dict[str, Any]:
    """The part "engine": state, safety, holds, question, counters."""
    status = engine.status
    question = status.question
    return {
        "state": str(status.state),
        "safety": str(status.safety),
        "verdict": None if status.verdict is None else status.verdict.to_document(),
        "holds": [hold.sentence for hold in status.holds],
        "question": None if question is None else question_part(question, simulated_hands=simulated_hands),
        "folder": None if status.folder is None else str(status.folder),
        "exposures": status.exposures,
        "exposures_wanted": status.exposures_wanted,
        "unsaved": status.unsaved,
        "guardian_watching": status.guardian_watching,
        "warnings": list(status.warnings),
    }


def question_part(request: OperatorRequest, *, simulated_hands: bool) -> dict[str, Any]:
    """A question of the sweep."""
    return {
        "kind": "sweep",
        "role": str(request.role),
        "target": {
            "sample": str(request.target.sample),
            "long_pass": request.target.long_pass_inserted,
        },
        "steps": [str(step) for step in request.steps],
        "sentence": request.sentence,
        "reason": request.reason,
        "next": request.next,
        "answers": [str(answer) for answer in OperatorAnswer],
        "simulated_hands": simulated_hands,
    }


def run_part(start: Mapping[str, Any], folder: str, exit_status: str | None) -> dict[str, Any]:
    """The part "run", of a start document."""
    return {
        "uid": start["uid"],
        "sample": start["sample"],
        "folder": folder,
        "started_s": start["time"],
        "recipe": dict(start["recipe"]),
        "power_densities_mw_per_cm2": [float(value) for value in start["target_power_density_mw_per_cm2"]],
        "exit_status": exit_status,
    }


def finite(value: Any) -> Any:
    """The same with None for every number that isn't finite, as `plqy evaluate --json` prints it."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
