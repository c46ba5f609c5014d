"""`plqy queue ...`: fill the queue, put it in order, look at it. Edits go to its file, whoever runs it."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.config import read_rig_file, read_toml
from plqy_rig.run_queue import (
    DurationPredictor,
    Entry,
    QueueStore,
    RunnerLock,
    queue_document,
    queue_path,
    settle_unless_it_runs,
)

_OWN_TEXTS = ("name", "only_pass", "out", "on_failure")


DEFAULT_OUT = Path("runs")


@dataclass(frozen=True)
class WhichQueue:
    """Which queue a command is for.

    Attributes:
        rig: rig file whose queue it is.
        sim: the queue of the simulated benches.
    """

    rig: Path | None = None
    sim: bool = False

    def open(self) -> QueueStore:
        """Open it; raises `ConfigurationError` unless exactly one is named, or `StorageError`."""
        if (self.rig is None) != self.sim:
            raise ConfigurationError(
                "give either --rig FILE (the queue of that rig) or --sim (that of the simulated benches)"
            )
        if self.rig is None:
            return QueueStore(queue_path(None))
        configuration = read_rig_file(self.rig).configuration
        path = queue_path(None if configuration.bench is not None else self.rig)
        return QueueStore(path, configuration.limits.power_density_mw_per_cm2)


def add(
    which: WhichQueue,
    recipes: Sequence[Path],
    *,
    only_pass: str | None,
    split: bool,
    on_failure: str,
    name: str,
    out: Path,
    held: bool,
    as_json: bool,
) -> None:
    """Add recipes behind the last entry: all of them, or none if one can't be run."""
    texts = [read_toml(path, "recipe")[0] for path in recipes]
    added: list[Entry] = []
    with which.open() as store:
        try:
            for path, text in zip(recipes, texts, strict=True):
                entry = store.add(
                    text,
                    source=f"recipe {path}",
                    name=name,
                    only_pass=only_pass,
                    out=out,
                    on_failure=on_failure,
                    held=held,
                )
                added.append(entry)
                if split:
                    added[-1:] = store.split(entry.id)
        except BaseException:
            for entry in added:
                store.remove(entry.id)
            raise
        for entry in added:
            terminal.say(f"{entry} waits at position {store.entry(entry.id).position}")
        if as_json:
            terminal.print_json({"added": [entry.id for entry in added], **stored_document(store)})


def show(which: WhichQueue, *, as_json: bool) -> None:
    """List the queue with predicted times."""
    with which.open() as store:
        document = stored_document(store)
    if as_json:
        terminal.print_json(document)
    else:
        print_queue(document)


def change(which: WhichQueue, action: Callable[[QueueStore], Any], *, as_json: bool = False) -> None:
    """Do one change and show the queue."""
    with which.open() as store:
        # An entry whose program died isn't running any more, whatever its file says.
        settle_unless_it_runs(store)
        action(store)
        document = stored_document(store)
    if as_json:
        terminal.print_json(document)
    else:
        print_queue(document)


def changes_of(words: Sequence[str]) -> dict[str, Any]:
    """Read KEY=VALUE words: values as in TOML; texts need no quotation marks.

    Raises:
        ConfigurationError: a word without "=".
    """
    changes: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigurationError(f"{word!r}: give KEY=VALUE")
        changes[key.strip()] = value if key.strip() in _OWN_TEXTS else _value(value)
    return changes


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def stored_document(store: QueueStore) -> dict[str, Any]:
    """The queue as its file has it, with predicted times and whether a program runs it."""
    lock = RunnerLock(store.path)
    idle = lock.take()
    lock.give_back()
    entries = queue_document(store.entries(), DurationPredictor(store.database), time.time())
    return {"queue": str(store.path), "runs": not idle, "entries": entries}


def print_queue(document: dict[str, Any]) -> None:
    """The queue as a table for people."""
    table = Table(title="Queue", title_justify="left")
    for column in ("", "id", "name", "passes", "status", "takes", "ends", "message"):
        table.add_column(column, justify="right" if column in ("", "id", "takes", "ends") else "left")
    for entry in document["entries"]:
        status = "held" if entry["held"] and entry["status"] == "waiting" else entry["status"]
        if status == "running" and document.get("runs") is False:
            status = "running when its program died"
        table.add_row(
            str(entry["position"]),
            str(entry["id"]),
            entry["name"],
            entry["only_pass"] or f"{len(entry['passes'])} passes",
            status,
            duration_words(entry["predicted_duration_s"]),
            clock_words(entry["predicted_finish_s"] or entry["ended_s"]),
            entry["message"],
        )
    if document["entries"]:
        terminal.print_table(table)
    else:
        terminal.say("The queue is empty.")


def duration_words(duration_s: float) -> str:
    """So long, in words: 1 h 05 min, 12 min, 40 s."""
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes < 10:
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def clock_words(time_s: float | None) -> str:
    """A moment as the clock on the wall shows it."""
    if time_s is None:
        return "-"
    moment, now = time.localtime(time_s), time.localtime()
    same_day = (moment.tm_year, moment.tm_yday) == (now.tm_year, now.tm_yday)
    return time.strftime("%H:%M" if same_day else "%a %H:%M", moment)
