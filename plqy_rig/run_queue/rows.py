"""Rows of the queue's table: read, added, changed and put in order inside somebody's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.errors import ConfigurationError
from plqy_rig.run_queue.entry import Entry, EntryStatus, FailurePolicy, role_of

OWN_KEYS = ("name", "only_pass", "out", "on_failure", "held", "recipe", "recipe_toml")
"""Keys of a change that aren't the recipe's."""


def own_columns(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of the keys that aren't the recipe's; raises `ConfigurationError`."""
    columns: dict[str, Any] = {}
    if "name" in changes:
        columns["name"] = str(changes["name"]).strip()
        if not columns["name"]:
            raise ConfigurationError("name must not be empty")
    if "only_pass" in changes:
        role = role_of(changes["only_pass"])
        columns["only_pass"] = role.value if role else ""
    if "out" in changes:
        columns["out"] = str(Path(str(changes["out"])).expanduser().resolve())
    if "on_failure" in changes:
        policy = FailurePolicy.of(changes["on_failure"])
        columns |= {"policy": str(policy.policy), "retries": policy.retries}
    if "held" in changes:
        if not isinstance(changes["held"], bool):
            raise ConfigurationError(f"held = {changes['held']!r}: must be true or false")
        columns["held"] = int(changes["held"])
    return columns


def plain(value: Any) -> Any:
    """A value as SQLite takes it."""
    return value if value is None or isinstance(value, int | float) else str(value)


def entry_of(row: sqlite3.Row) -> Entry:
    """The entry of a row."""
    return Entry(
        id=row["id"],
        position=row["position"],
        name=row["name"],
        recipe=json.loads(row["recipe"]),
        recipe_toml=row["recipe_toml"],
        only_pass=role_of(row["only_pass"]),
        out=Path(row["out"]),
        on_failure=FailurePolicy.of({"policy": row["policy"], "retries": row["retries"]}),
        held=bool(row["held"]),
        status=EntryStatus(row["status"]),
        attempts=row["attempts"],
        folder=Path(row["folder"]) if row["folder"] else None,
        message=row["message"],
        run_key=row["run_key"],
        started_s=row["started_s"],
        ended_s=row["ended_s"],
    )


def all_entries(connection: sqlite3.Connection) -> list[Entry]:
    """All entries in their order."""
    return [entry_of(row) for row in connection.execute("SELECT * FROM entries ORDER BY position")]


def passes_of_run(connection: sqlite3.Connection, entry: Entry) -> list[Entry]:
    """The passes of the same run, itself included."""
    return [
        other
        for other in all_entries(connection)
        if other.id == entry.id or (entry.run_key and other.run_key == entry.run_key)
    ]


def the_row(connection: sqlite3.Connection, number: int) -> sqlite3.Row:
    """One row; raises `ConfigurationError` when it isn't there."""
    query = "SELECT * FROM entries WHERE id = ?"
    # SQLite knows no larger numbers, and says so in its own way.
    known = abs(number) < 2**63
    row: sqlite3.Row | None = connection.execute(query, (number,)).fetchone() if known else None
    if row is None:
        raise ConfigurationError(f"there is no entry {number} in the queue")
    return row


def insert(connection: sqlite3.Connection, **columns: Any) -> int:
    """Add a row behind the last one; returns its id."""
    columns["position"] = connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0] + 1
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    cursor = connection.execute(f"INSERT INTO entries ({names}) VALUES ({marks})", tuple(columns.values()))
    return int(cursor.lastrowid or 0)


def update(connection: sqlite3.Connection, number: int, **columns: Any) -> None:
    """Set columns of one row."""
    if columns:
        names = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE entries SET {names} WHERE id = ?", (*columns.values(), number))


def ids_in_order(connection: sqlite3.Connection) -> list[int]:
    """The ids of all entries in their order."""
    return [row["id"] for row in connection.execute("SELECT id FROM entries ORDER BY position")]


def place(connection: sqlite3.Connection, number: int, position: int) -> None:
    """Put an entry at a place, from 1."""
    if position < 1:
        raise ConfigurationError(f"position {position}: places count from 1")
    order: Sequence[int] = [other for other in ids_in_order(connection) if other != number]
    renumber(connection, [*order[: position - 1], number, *order[position - 1 :]])


def renumber(connection: sqlite3.Connection, order: Iterable[int]) -> None:
    """Give the entries these places."""
    places = [(place, number) for place, number in enumerate(order, start=1)]
    connection.executemany("UPDATE entries SET position = ? WHERE id = ?", places)
