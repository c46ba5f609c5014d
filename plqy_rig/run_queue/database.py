"""The queue's SQLite file: its tables, and transactions that several processes may make at once."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from drivers.errors import ConfigurationError
from plqy_rig.data import StorageError

SCHEMA_VERSION = 1
FOLDER_VARIABLE = "PLQY_QUEUE_FOLDER"

_BUSY_TIMEOUT_S = 15.0
_SCHEMA = (
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        recipe TEXT NOT NULL,
        recipe_toml TEXT NOT NULL,
        only_pass TEXT NOT NULL,
        out TEXT NOT NULL,
        policy TEXT NOT NULL,
        retries INTEGER NOT NULL,
        held INTEGER NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        folder TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        run_key TEXT NOT NULL DEFAULT '',
        started_s REAL,
        ended_s REAL
    ) STRICT""",
    """CREATE TABLE durations (
        sample TEXT NOT NULL,
        role TEXT NOT NULL,
        power_density_mw_per_cm2 REAL NOT NULL,
        integration_time_s REAL NOT NULL,
        frames INTEGER NOT NULL,
        duration_s REAL,
        recorded_s REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX durations_by_role ON durations (role, recorded_s)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


def queue_path(rig_path: Path | None) -> Path:
    """Where the queue of a rig is kept.

    Args:
        rig_path: its rig file; None for the simulated benches, which share one.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    parent = Path(folder) if folder else Path(platformdirs.user_data_dir("plqy-rig")) / "queues"
    if rig_path is None:
        return parent / "bench.sqlite"
    return parent / f"{hashlib.sha256(str(rig_path.resolve()).encode()).hexdigest()[:16]}.sqlite"


class Database:
    """One connection, for all threads of this process; other processes have their own."""

    def __init__(self, path: Path) -> None:
        """Open the file, make it and its tables where they aren't there.

        Raises:
            StorageError: it can't be used, or was made by a later version of the program.
        """
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the queue {path} can't be opened ({error}).") from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        with self._told():
            self._connection.execute("PRAGMA journal_mode = WAL")
            # With WAL a lesser setting may lose what was announced when the power goes.
            self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise ConfigurationError(
                    f"the queue {self.path} was made by a later version of this program "
                    f"(format {version}, this one knows up to {SCHEMA_VERSION})."
                )
            if version == 0:
                for statement in _SCHEMA:
                    connection.execute(statement)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"the queue {self.path} can't be used ({error}). Check its disk; if the file is damaged, "
                "move it away and fill the queue anew: runs aren't stored in it."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Change something: all of it or nothing, and nobody else in between.

        Raises:
            StorageError: the file can't be used.
        """
        with self._lock, self._told():
            # IMMEDIATE: what is read here is still so when it is changed.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Read rows; raises `StorageError`."""
        with self._lock, self._told():
            return self._connection.execute(query, values).fetchall()

    @property
    def version(self) -> tuple[int, int]:
        """Get what differs when any process has changed the file since."""
        with self._lock, self._told():
            elsewhere = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return int(elsewhere), self._connection.total_changes

    def close(self) -> None:
        """Give the file back. Callable twice."""
        with self._lock:
            self._connection.close()
