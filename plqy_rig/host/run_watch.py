"""Hears the engine's events and keeps the picture of the run that is under way, or was last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calibration.roles import Role
from plqy_rig.data import JOURNAL_NAME, StorageError, read_journal
from plqy_rig.engine import (
    ActivityChanged,
    DocumentSaved,
    Engine,
    EngineState,
    Event,
    HoldsChanged,
    Notice,
    OperatorAsked,
    RunOpened,
    StateChanged,
)
from plqy_rig.host.live_evaluation import LiveEvaluation
from plqy_rig.host.news import NewsDesk
from plqy_rig.host.parts import run_part
from plqy_rig.host.picture import NO_PROGRESS
from plqy_rig.host.progress import Progress
from plqy_rig.host.run_documents import RunDocuments

log = logging.getLogger(__name__)

_MOVES = frozenset({EngineState.PREPARING, EngineState.RUNNING})


@dataclass
class _Run:
    """What is known of the present or last run."""

    start: Mapping[str, Any] | None = None
    folder: str = ""
    exit_status: str | None = None
    progress: Progress | None = None
    seen: dict[str, float] = field(default_factory=dict)


class RunWatch:
    """Subscriber of the engine; called in the thread of the engine's stream."""

    def __init__(
        self,
        engine: Engine,
        desk: NewsDesk,
        live: LiveEvaluation,
        forecast: Callable[[Mapping[str, Any]], Callable[[Role], float]],
        refresh_engine: Callable[[], None],
    ) -> None:
        """Begin; subscribe `hear` to the engine.

        Args:
            engine: whose events these are.
            desk: where things are told.
            live: evaluates.
            forecast: gives for a recipe what a step of a role is thought to take, real seconds.
            refresh_engine: tells the part "engine" of the picture anew.
        """
        self.documents = RunDocuments()
        self._engine = engine
        self._desk = desk
        self._live = live
        self._forecast = forecast
        self._refresh_engine = refresh_engine
        self._run = _Run()

    @property
    def uid(self) -> str:
        """Get the identifier of the present or last run; empty before the first."""
        start = self._run.start
        return "" if start is None else str(start["uid"])

    @property
    def exposure(self) -> Mapping[str, float]:
        """Get numbers of the last saved exposure, for the readings; empty before the first."""
        return self._run.seen

    def hear(self, event: Event) -> None:
        """Take one event of the engine."""
        match event:
            case StateChanged(change):
                self._state_changed(event)
                if change.new.over:
                    self._desk.tell_part("activity", None)
            case DocumentSaved(name, document):
                self._document(name, document, measured=True)
            case RunOpened(folder, _):
                self._opened(folder)
            case ActivityChanged(role, step, activity, longest_s):
                begun = {"role": role, "step": step, "activity": activity}
                self._desk.tell_part("activity", {**begun, **self._since(longest_s)})
                return
            case Notice(sentence, warning):
                self._desk.tell("notice", sentence=sentence, warning=warning)
            case OperatorAsked() | HoldsChanged():
                self._interrupted()
            case _:
                pass
        self._refresh_engine()

    def _since(self, longest_s: float) -> dict[str, float]:
        return {"longest_duration_s": longest_s, "begun_s": self._desk.now()}

    def _state_changed(self, event: StateChanged) -> None:
        change = event.transition
        self._desk.tell(
            "state", time_s=change.time_s, state=str(change.new), old=str(change.old), reason=change.reason
        )
        if change.old.over and change.new is EngineState.PREPARING:
            self._forget()
        if change.new not in _MOVES:
            self._interrupted()
        self.tell_progress()

    def _forget(self) -> None:
        """Another run begins."""
        self._run = _Run()
        self.documents.clear()
        self._desk.tell_part("run", None)
        self._desk.tell_part("result", None)
        self._desk.tell_part("progress", dict(NO_PROGRESS))

    def _opened(self, folder: str) -> None:
        self._run.folder = folder
        self._catch_up(Path(folder))
        self._tell_run()
        self.tell_progress()

    def _catch_up(self, folder: Path) -> None:
        """What the folder holds and wasn't told: of a run that is resumed, or that had to move."""
        try:
            entries = read_journal(folder / JOURNAL_NAME).entries
        except StorageError as error:
            log.warning("%s", error)
            return
        for entry in entries:
            self._document(entry.name, entry.document, measured=False)

    def _document(self, name: str, document: Mapping[str, Any], *, measured: bool) -> None:
        number = self.documents.add(name, document)
        if number is None:
            return
        run = self._run
        if name == "start":
            run.start = document
            run.progress = self._new_progress(document)
        self._desk.tell("document", name=name, document=document, uid=self.uid, number=number)
        if name == "event":
            self._event(document, measured=measured)
        elif name in ("stop", "resume"):
            run.exit_status = document["exit_status"] if name == "stop" else None
            self._tell_run()

    def _new_progress(self, start: Mapping[str, Any]) -> Progress:
        recipe = start["recipe"]
        passes = tuple(Role(name) for name in self._passes_of(recipe))
        steps = len(start["target_power_density_mw_per_cm2"])
        return Progress(passes, steps, self._forecast(recipe))

    def _passes_of(self, recipe: Mapping[str, Any]) -> list[str]:
        wanted = self._engine.passes
        return [str(role) for role in wanted] or list(recipe["passes"])

    def _event(self, document: Mapping[str, Any], *, measured: bool) -> None:
        data = document["data"]
        if "counts" not in data:
            return
        run = self._run
        if run.progress is not None:
            role, step = Role(data["role"]), int(data["step"])
            run.progress.exposure(role, step, float(document["time"]), measured=measured)
            if measured:
                self.tell_progress()
        keys = ("monitor_power_w", "wheel_position_deg", "detector_temperature_c", "laser_temperature_c")
        run.seen = {key: float(data[key]) for key in keys} | {"time_s": float(document["time"])}
        if measured:
            self._live.look_at(self.documents.all(), Path(run.folder), over=False)

    def _interrupted(self) -> None:
        if self._run.progress is not None:
            self._run.progress.interrupted()

    def _tell_run(self) -> None:
        run = self._run
        if run.start is not None:
            self._desk.tell_part("run", run_part(run.start, run.folder, run.exit_status))

    def tell_progress(self) -> None:
        """Tell how far the run is."""
        if self._run.progress is None:
            return
        state = self._engine.status.state
        part = self._run.progress.document(over=state.over, waiting=state not in _MOVES)
        self._desk.tell_part("progress", part)

    def ended(self, exit_status: str) -> None:
        """The run is over and everything about it was heard: the last evaluation, and its file."""
        run = self._run
        if run.exit_status is None and run.start is not None:
            run.exit_status = exit_status
            self._tell_run()
        self.tell_progress()
        if run.folder:
            self._live.look_at(self.documents.all(), Path(run.folder), over=True)
