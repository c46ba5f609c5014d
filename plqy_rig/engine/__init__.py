"""Runs sweeps: states, commands, events, interlocks, and the guardian that survives them.

The names are loaded when they are used: the guardian's process begins here too, and must begin quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plqy_rig.engine.engine import Engine, EngineStatus
    from plqy_rig.engine.events import (
        ActivityChanged,
        DocumentSaved,
        Event,
        HoldsChanged,
        Notice,
        OperatorAnswered,
        OperatorAsked,
        RunOpened,
        SafetyChanged,
        StateChanged,
        Subscriber,
    )
    from plqy_rig.engine.interlocks import Hold, Interlock, InterlockBoard, standard_interlocks
    from plqy_rig.engine.job import (
        Job,
        LoadedRecords,
        RunOutcome,
        load_records,
        missing_steps,
        records_for,
        selection_for,
    )
    from plqy_rig.engine.observed_sweep import ObservedSweep
    from plqy_rig.engine.resume import read_job, rig_path_of
    from plqy_rig.engine.states import (
        TRANSITIONS,
        CommandRefusedError,
        EngineState,
        IllegalTransitionError,
        Safety,
        StateTable,
        Transition,
    )
    from plqy_rig.engine.sweep_run import run_sweep

_HOME = {
    "engine": ("Engine", "EngineStatus"),
    "events": (
        "ActivityChanged",
        "DocumentSaved",
        "Event",
        "HoldsChanged",
        "Notice",
        "OperatorAnswered",
        "OperatorAsked",
        "RunOpened",
        "SafetyChanged",
        "StateChanged",
        "Subscriber",
    ),
    "interlocks": ("Hold", "Interlock", "InterlockBoard", "standard_interlocks"),
    "job": (
        "Job",
        "LoadedRecords",
        "RunOutcome",
        "load_records",
        "missing_steps",
        "records_for",
        "selection_for",
    ),
    "observed_sweep": ("ObservedSweep",),
    "resume": ("read_job", "rig_path_of"),
    "states": (
        "TRANSITIONS",
        "CommandRefusedError",
        "EngineState",
        "IllegalTransitionError",
        "Safety",
        "StateTable",
        "Transition",
    ),
    "sweep_run": ("run_sweep",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "TRANSITIONS",
    "ActivityChanged",
    "CommandRefusedError",
    "DocumentSaved",
    "Engine",
    "EngineState",
    "EngineStatus",
    "Event",
    "Hold",
    "HoldsChanged",
    "IllegalTransitionError",
    "Interlock",
    "InterlockBoard",
    "Job",
    "LoadedRecords",
    "Notice",
    "ObservedSweep",
    "OperatorAnswered",
    "OperatorAsked",
    "RunOpened",
    "RunOutcome",
    "Safety",
    "SafetyChanged",
    "StateChanged",
    "StateTable",
    "Subscriber",
    "Transition",
    "load_records",
    "missing_steps",
    "read_job",
    "records_for",
    "rig_path_of",
    "run_sweep",
    "selection_for",
    "standard_interlocks",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
