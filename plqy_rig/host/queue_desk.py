"""The queue in the host: its commands, its place in the picture, and when it uses the rig."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from drivers.errors import ConfigurationError, RigError
from plqy_rig.engine import Job, RunOutcome
from plqy_rig.host.occupation import Use
from plqy_rig.host.run_commands import absolute
from plqy_rig.host.table import Arguments, Command, Commands, NoArguments
from plqy_rig.run_queue import (
    Entry,
    JobMaker,
    QueueRunner,
    QueueStore,
    queue_path,
    settle_unless_it_runs,
)
from procedures import ConsoleHands, Operator

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_CLOSE_PATIENCE_S = 3.0
Position = Annotated[int, Field(ge=1, le=1_000_000)]


class QueueAdd(Arguments):
    """Arguments of `queue_add`: the recipe as keys and values, or as text."""

    recipe: dict[str, Any] | None = None
    recipe_toml: str | None = None
    source: str = "recipe"
    name: str = ""
    only_pass: str | None = None
    out: str | None = None
    on_failure: str | dict[str, Any] = "skip"
    held: bool = False
    position: Position | None = None
    split: bool = False


class WhichEntry(Arguments):
    """Arguments of commands for one entry."""

    id: int


class MoveEntry(WhichEntry):
    """Arguments of `queue_move`."""

    position: Position


class EditEntry(WhichEntry):
    """Arguments of `queue_edit`."""

    changes: dict[str, Any]


class HoldEntry(WhichEntry):
    """Arguments of `queue_hold`."""

    held: bool


class StartQueue(Arguments):
    """Arguments of `queue_start`."""

    simulated_hands: bool = False
    operator_patience_s: Annotated[float, Field(ge=0)] | None = None


class QueueDesk:
    """Runs the rig's queue on the host's engine, and tells the faces what stands in it."""

    def __init__(self, host: RigHost) -> None:
        """Open the rig's queue.

        Args:
            host: whose engine runs it.

        Raises:
            StorageError: its file can't be used.
        """
        self._host = host
        configuration = host.rig.rig_file.configuration
        bench = configuration.bench
        path = queue_path(None if bench is not None else host.rig.rig_file.path)
        self._store = QueueStore(path, configuration.limits.power_density_mw_per_cm2)
        self._operator: Operator | None = None
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._runner = QueueRunner(
            host.engine,
            self._store,
            self._make_job,
            self._changed.set,
            after_run=self._after_run,
            on_rest=host.tell_queue_ended,
            speed=bench.speed if bench else 1.0,
        )
        self._thread = threading.Thread(target=self._tell, name="queue desk", daemon=True)

    def table(self) -> Commands:
        """Give the commands by name."""
        store = self._store
        return {
            "queue_list": Command(NoArguments, lambda given: {"queue": self._runner.snapshot()}),
            "queue_add": Command(QueueAdd, self._add),
            "queue_move": Command(MoveEntry, lambda given: self._edit(store.move, given.id, given.position)),
            "queue_edit": Command(EditEntry, lambda given: self._edit(store.edit, given.id, given.changes)),
            "queue_duplicate": Command(WhichEntry, self._duplicate),
            "queue_split": Command(WhichEntry, lambda given: self._edit(store.split, given.id)),
            "queue_remove": Command(WhichEntry, lambda given: self._edit(store.remove, given.id)),
            "queue_hold": Command(HoldEntry, lambda given: self._edit(store.hold, given.id, given.held)),
            "queue_group": Command(NoArguments, lambda given: self._edit(store.group)),
            "queue_clear_ended": Command(NoArguments, lambda given: self._edit(store.clear_ended)),
            "queue_start": Command(StartQueue, self._start),
            "queue_pause": Command(NoArguments, lambda given: self._runner.pause()),
        }

    # -- beginning and end ------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to tell what stands in the queue."""
        try:
            settle_unless_it_runs(self._store)
        except RigError as error:
            log.warning("what became of the queue's entries isn't known: %s", error)
        self._thread.start()

    def begin_close(self) -> None:
        """Take no more entries; the present one waits for the next start when its run is aborted."""
        self._runner.begin_close()

    def close(self) -> None:
        """End; the engine's run was ended before."""
        self._runner.close()
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_PATIENCE_S)
        self._store.close()

    def forget_arrangement(self) -> None:
        """Sample or filter may have been moved outside the queue."""
        self._runner.forget_arrangement()

    def operator_is_here(self) -> None:
        """Somebody answered a question."""
        self._runner.operator_is_here()

    # -- telling ----------------------------------------------------------------------------------

    def _tell(self) -> None:
        while not self._closing.is_set():
            self._changed.wait(_LOOK_S)
            self._changed.clear()
            if self._closing.is_set():
                return
            try:
                self._host.desk.tell_part("queue", self._runner.snapshot())
            except RigError as error:
                log.warning("the queue can't be read: %s", error)
            with self._lock:
                if not self._runner.busy:
                    self._host.occupation.release(Use.QUEUE)

    # -- running ----------------------------------------------------------------------------------

    @property
    def runner(self) -> QueueRunner:
        """Get what runs it."""
        return self._runner

    def _start(self, given: StartQueue) -> None:
        self.start(self._host.hands(wanted=given.simulated_hands), given.operator_patience_s)

    def start(self, operator: Operator | None, operator_patience_s: float | None = None) -> None:
        """Take entries.

        Args:
            operator: who moves sample and filter; None leaves answering to the faces.
            operator_patience_s: see `QueueRunner`; None leaves it as it is.

        Raises:
            RigError: something else uses the rig, an instrument is missing, or the queue can't be run.
        """
        host = self._host
        host.require_no_emergency()
        host.rig.require_all()
        with self._lock:
            host.occupation.take(Use.QUEUE, verb="start the queue", also_from=(Use.QUEUE,))
            self._operator = operator
            host.simulated_hands = isinstance(operator, ConsoleHands)
            if operator_patience_s is not None:
                self._runner.operator_patience_s = operator_patience_s
            try:
                self._runner.start()
            except BaseException:
                if not self._runner.busy:
                    host.occupation.release(Use.QUEUE)
                raise
        self._changed.set()

    def _make_job(self, entry: Entry) -> Job:
        return JobMaker(self._host.rig, self._operator, self._store)(entry)

    def _after_run(self, entry: Entry, outcome: RunOutcome) -> None:
        self._host.watch.ended(str(outcome.exit_status))

    # -- changing ---------------------------------------------------------------------------------

    def _add(self, given: QueueAdd) -> dict[str, Any]:
        recipe: Mapping[str, Any] | str | None = given.recipe_toml if given.recipe is None else given.recipe
        if recipe is None:
            raise ConfigurationError("queue_add: recipe: missing; give recipe or recipe_toml")
        out: Path = self._host.out if given.out is None else absolute(given.out, "out")
        entry = self._store.add(
            recipe,
            source=given.source,
            name=given.name,
            only_pass=given.only_pass,
            out=out,
            on_failure=given.on_failure,
            held=given.held,
            position=given.position,
        )
        entries = self._store.split(entry.id) if given.split else (entry,)
        self._changed.set()
        return {"id": entries[0].id, "ids": [one.id for one in entries]}

    def _duplicate(self, given: WhichEntry) -> dict[str, Any]:
        entry = self._store.duplicate(given.id)
        self._changed.set()
        return {"id": entry.id}

    def _edit(self, change: Any, *arguments: Any) -> None:
        change(*arguments)
        self._changed.set()
