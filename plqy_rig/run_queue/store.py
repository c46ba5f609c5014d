"""The queue as it is stored: entries in their order, changed by any number of programs at once."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.run_queue.arrangement import Setup, grouped
from plqy_rig.run_queue.database import Database
from plqy_rig.run_queue.entry import Entry, EntryStatus, FailurePolicy, role_of
from plqy_rig.run_queue.recipes import CheckedRecipe, checked, checked_text
from plqy_rig.run_queue.rows import (
    OWN_KEYS,
    all_entries,
    entry_of,
    ids_in_order,
    insert,
    own_columns,
    passes_of_run,
    place,
    plain,
    renumber,
    the_row,
    update,
)

_OF_THE_RUN = ("only_pass", "out", "recipe", "recipe_toml")


class QueueStore:
    """Entries of one rig's queue. Callable from any thread; every change is on the disk when it returns."""

    def __init__(self, path: Path, highest_mw_per_cm2: float | None = None) -> None:
        """Open the queue, make it where there is none.

        Args:
            path: of its file, see `queue_path`.
            highest_mw_per_cm2: power density this rig allows; None where it isn't known.

        Raises:
            StorageError: the file can't be used.
            ConfigurationError: it was made by a later version of the program.
        """
        self.path = path
        self.database = Database(path)
        self._highest = highest_mw_per_cm2

    def close(self) -> None:
        """Give the file back. Callable twice."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- looking ----------------------------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """All entries in their order."""
        return tuple(entry_of(row) for row in self.database.read("SELECT * FROM entries ORDER BY position"))

    def entry(self, number: int) -> Entry:
        """One entry; raises `ConfigurationError` when it isn't there."""
        rows = self.database.read("SELECT * FROM entries WHERE id = ?", number)
        if not rows:
            raise ConfigurationError(f"there is no entry {number} in the queue")
        return entry_of(rows[0])

    def version(self) -> tuple[int, int]:
        """What differs when any process has changed the queue since."""
        return self.database.version

    # -- adding -----------------------------------------------------------------------------------

    def add(
        self,
        recipe: str | Mapping[str, Any],
        *,
        source: str = "recipe",
        name: str = "",
        only_pass: Role | str | None = None,
        out: Path = Path("runs"),
        on_failure: object = "skip",
        held: bool = False,
        position: int | None = None,
    ) -> Entry:
        """Add an entry.

        Args:
            recipe: text of a recipe file, or its keys and values.
            source: where it comes from, for messages.
            name: for people; the sample's by default.
            only_pass: measure this role only.
            out: folder in which the run folder is made.
            on_failure: see `FailurePolicy.of`.
            held: don't take it before it is released.
            position: its place, from 1; None for the end.

        Raises:
            ConfigurationError: something that can't be run; nothing was added.
        """
        usable = self._checked(recipe, source)
        policy, role = FailurePolicy.of(on_failure), role_of(only_pass)
        with self.database.transaction() as connection:
            number = insert(
                connection,
                name=name.strip() or str(usable.values["sample"]),
                recipe=json.dumps(usable.values),
                recipe_toml=usable.text,
                only_pass=role.value if role else "",
                out=str(Path(out).expanduser().resolve()),
                policy=str(policy.policy),
                retries=policy.retries,
                held=bool(held),
                status=str(EntryStatus.WAITING),
            )
            if position is not None:
                place(connection, number, position)
        return self.entry(number)

    def _checked(self, recipe: str | Mapping[str, Any], source: str) -> CheckedRecipe:
        if isinstance(recipe, str):
            return checked_text(recipe, source, self._highest)
        return checked(recipe, source, self._highest)

    def duplicate(self, number: int) -> Entry:
        """Add the same once more, behind it, as a run of its own that waits."""
        with self.database.transaction() as connection:
            source = the_row(connection, number)
            kept = ("name", "recipe", "recipe_toml", "only_pass", "out", "policy", "retries", "held")
            twin = insert(connection, **{key: source[key] for key in kept}, status=str(EntryStatus.WAITING))
            place(connection, twin, source["position"] + 1)
        return self.entry(twin)

    def split(self, number: int) -> tuple[Entry, ...]:
        """Make of a recipe one entry per pass, all of them passes of the same run in the same folder.

        Raises:
            ConfigurationError: it was begun already, or has one pass only.
        """
        with self.database.transaction() as connection:
            whole = entry_of(the_row(connection, number))
            if whole.status is not EntryStatus.WAITING or whole.folder is not None or whole.run_key:
                raise ConfigurationError(f"{whole} was begun or split already and can't be split")
            if len(whole.passes) < 2:
                raise ConfigurationError(f"{whole} has one pass only: there is nothing to split")
            row = the_row(connection, number)
            kept = ("recipe", "recipe_toml", "out", "policy", "retries", "held", "status")
            key, numbers = str(uuid.uuid4()), []
            for index, role in enumerate(whole.passes):
                part = insert(
                    connection,
                    **{name: row[name] for name in kept},
                    name=f"{whole.name}: {role.value.replace('_', ' ')}",
                    only_pass=role.value,
                    run_key=key,
                )
                place(connection, part, whole.position + 1 + index)
                numbers.append(part)
            connection.execute("DELETE FROM entries WHERE id = ?", (number,))
            renumber(connection, ids_in_order(connection))
        return tuple(self.entry(part) for part in numbers)

    # -- order ------------------------------------------------------------------------------------

    def move(self, number: int, position: int) -> None:
        """Put an entry at a place, from 1; behind the last one if there are fewer."""
        with self.database.transaction() as connection:
            the_row(connection, number)
            place(connection, number, position)

    def group(self, present: Setup | None = None) -> tuple[Entry, ...]:
        """Order the waiting entries so that those that need the same sample and filter follow one another.

        Args:
            present: how the rig stands; None when nobody knows.
        """
        with self.database.transaction() as connection:
            entries = all_entries(connection)
            waiting = [entry for entry in entries if entry.status is EntryStatus.WAITING]
            ordered = iter(grouped(waiting, present))
            places = [next(ordered) if entry.status is EntryStatus.WAITING else entry for entry in entries]
            renumber(connection, [entry.id for entry in places])
        return self.entries()

    # -- changing ---------------------------------------------------------------------------------

    def edit(self, number: int, changes: Mapping[str, Any]) -> Entry:
        """Change an entry that isn't running.

        Args:
            number: which.
            changes: name, only_pass, out, on_failure, held, recipe_toml, recipe (all its keys), or single
                keys of its recipe. The recipe of a split entry changes for all passes of its run.

        Raises:
            ConfigurationError: something that can't be run, an entry that runs, or a recipe whose run was
                begun; nothing was changed.
        """
        with self.database.transaction() as connection:
            entry = entry_of(the_row(connection, number))
            self._require_changeable(connection, entry, changes)
            update(connection, number, **own_columns(changes))
            if recipe := self._changed_recipe(entry, changes):
                columns = {"recipe": json.dumps(recipe.values), "recipe_toml": recipe.text}
                for sibling in passes_of_run(connection, entry):
                    update(connection, sibling.id, **columns)
        return self.entry(number)

    def _require_changeable(
        self, connection: sqlite3.Connection, entry: Entry, changes: Mapping[str, Any]
    ) -> None:
        if entry.status is EntryStatus.RUNNING:
            raise ConfigurationError(f"{entry} is running and can't be changed")
        of_the_run = [key for key in changes if key in _OF_THE_RUN or key not in OWN_KEYS]
        begun = any(
            sibling.folder or sibling.status is EntryStatus.RUNNING
            for sibling in passes_of_run(connection, entry)
        )
        if of_the_run and begun:
            raise ConfigurationError(
                f"{entry}: its run was begun, {', '.join(of_the_run)} can't be changed. Duplicate it and "
                "change that."
            )
        if entry.run_key and {"only_pass", "out"} & set(of_the_run):
            raise ConfigurationError(f"{entry} is one pass of a run: its pass and folder can't be changed")

    def _changed_recipe(self, entry: Entry, changes: Mapping[str, Any]) -> CheckedRecipe | None:
        source = f"entry {entry.id}"
        single = {key: value for key, value in changes.items() if key not in OWN_KEYS}
        if "recipe_toml" in changes and not single:
            return self._checked(str(changes["recipe_toml"]), source)
        base = changes.get("recipe", entry.recipe)
        if not isinstance(base, Mapping):
            raise ConfigurationError(f"{source}: recipe must be keys and values")
        if single or "recipe" in changes:
            return self._checked({**base, **single}, source)
        return None

    def hold(self, number: int, held: bool) -> Entry:
        """Hold an entry, or release it; a released one that had ended waits again and goes on in its folder.

        Raises:
            ConfigurationError: it runs, or is finished.
        """
        with self.database.transaction() as connection:
            entry = entry_of(the_row(connection, number))
            if entry.status is EntryStatus.RUNNING:
                raise ConfigurationError(f"{entry} is running; pause the queue or the run instead")
            if entry.status in (EntryStatus.FINISHED, EntryStatus.SKIPPED):
                raise ConfigurationError(f"{entry} is {entry.status}; duplicate it to measure it once more")
            again = {} if held else {"status": str(EntryStatus.WAITING), "attempts": 0}
            update(connection, number, held=int(held), **again)
        return self.entry(number)

    def remove(self, number: int) -> None:
        """Take an entry out that isn't running; its run folder stays."""
        with self.database.transaction() as connection:
            entry = entry_of(the_row(connection, number))
            if entry.status is EntryStatus.RUNNING:
                raise ConfigurationError(f"{entry} is running and can't be removed; abort its run first")
            connection.execute("DELETE FROM entries WHERE id = ?", (number,))
            renumber(connection, ids_in_order(connection))

    def clear_ended(self) -> int:
        """Take all entries out that have ended; returns how many. Their run folders stay."""
        with self.database.transaction() as connection:
            ended = [entry.id for entry in all_entries(connection) if entry.status.ended]
            connection.executemany("DELETE FROM entries WHERE id = ?", [(number,) for number in ended])
            renumber(connection, ids_in_order(connection))
        return len(ended)

    # -- for the runner ---------------------------------------------------------------------------

    def note(self, number: int, **columns: Any) -> None:
        """Set columns of an entry, as its run goes on; does nothing if it isn't there any more."""
        with self.database.transaction() as connection:
            update(connection, number, **{key: plain(value) for key, value in columns.items()})

    def claim(self, number: int, started_s: float) -> Entry | None:
        """Take an entry to run it; None when it was held, changed or removed meanwhile."""
        with self.database.transaction() as connection:
            rows = connection.execute("SELECT * FROM entries WHERE id = ?", (number,)).fetchall()
            if not rows or not entry_of(rows[0]).runnable:
                return None
            status, attempts = str(EntryStatus.RUNNING), int(rows[0]["attempts"]) + 1
            begun = {"status": status, "attempts": attempts, "started_s": started_s}
            update(connection, number, **begun, ended_s=None, message="")
        return self.entry(number)

    def folder_of_run(self, entry: Entry) -> Path | None:
        """Where the run is that this entry goes on with; None when it begins one."""
        if entry.folder is not None or not entry.run_key:
            return entry.folder
        with self.database.transaction() as connection:
            siblings = passes_of_run(connection, entry)
        return next((sibling.folder for sibling in siblings if sibling.folder is not None), None)
