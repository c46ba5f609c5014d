"""One run from the safe state to the safe state, for callers that only want its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration import Record, RecordKind
from plqy_rig.engine.engine import Engine
from plqy_rig.engine.events import DocumentSaved, Event
from plqy_rig.engine.job import Job, RunOutcome
from plqy_rig.engine.observed_sweep import ObservedSweep
from plqy_rig.rig import Rig
from procedures import Operator, OperatorAnswer, OperatorRequest

Listener = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class _Informed:
    """An operator who is asked only when the listeners have heard of everything saved before."""

    engine: Engine
    operator: Operator

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        self.engine.flush()
        return self.operator.ask(request)


def run_sweep(
    rig: Rig,
    sweep: ObservedSweep,
    *,
    operator: Operator,
    records: Mapping[RecordKind, Record],
    out: Path,
    recipe_text: str,
    listeners: Sequence[Listener] = (),
    guarded: bool = True,
) -> RunOutcome:
    """Run one sweep. Whatever happens, it ends in the safe state, verified, with one stop document.

    Args:
        rig: connected.
        sweep: with its parameters set.
        operator: who moves sample and filter.
        records: the calibration records in force.
        out: folder the run folder is made in.
        recipe_text: the recipe as given.
        listeners: hear of every document after it was saved.
        guarded: whether a guardian process watches.
    """

    def hear(event: Event) -> None:
        if isinstance(event, DocumentSaved):
            for listener in listeners:
                listener(event.name, event.document)

    with Engine(rig, guarded=guarded) as engine:
        engine.subscribe(hear)
        engine.submit(Job(sweep, records, out, recipe_text, _Informed(engine, operator)))
        engine.start()
        engine.wait()
    outcome = engine.outcome
    assert outcome is not None
    return outcome
