"""A catalogue of run folders: what was measured when, how it ended, what was found.

The index is a convenience: everything in it is read from the run folders, and deleting it loses nothing. An
entry is believed as long as size and time of the run's files are what they were when it was read.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import platformdirs

from plqy_rig.data.catalogue_entry import CatalogueEntry, read_entry
from plqy_rig.data.errors import StorageError
from plqy_rig.data.recorder import JOURNAL_NAME, NEXUS_NAME

log = logging.getLogger(__name__)

INDEX_VARIABLE = "PLQY_CATALOGUE"
_INDEX_VERSION = 3
_BATCH = 20
_SCHEMA = (
    "DROP TABLE IF EXISTS runs",
    "CREATE TABLE runs (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL, entry TEXT NOT NULL) STRICT",
    f"PRAGMA user_version = {_INDEX_VERSION}",
)

Progress = Callable[[int, int], None]
Reader = Callable[[Path], CatalogueEntry]


def default_index(folders: Sequence[Path]) -> Path:
    """Where the index of these folders is kept: in the user's cache."""
    given = os.environ.get(INDEX_VARIABLE)
    if given:
        return Path(given)
    name = hashlib.sha256("\n".join(str(folder.resolve()) for folder in folders).encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("plqy-rig")) / f"catalogue-{name}.sqlite"


class Catalogue:
    """Run folders below some folders. Callable from any thread."""

    def __init__(self, folders: Iterable[Path], index: Path | None = None) -> None:
        """Open the index, begin a new one where it isn't there or isn't readable; nothing is read yet.

        Args:
            folders: run folders, or folders of run folders.
            index: its file; None for one in the user's cache.
        """
        self.folders = tuple(Path(folder).resolve() for folder in folders)
        self.index = index or default_index(self.folders)
        self._lock = threading.RLock()
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            return _open(self.index)
        except (OSError, sqlite3.Error) as error:
            log.warning("the catalogue's index %s is begun anew (%s)", self.index, error)
        try:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.index}{suffix}").unlink(missing_ok=True)
            return _open(self.index)
        except (OSError, sqlite3.Error) as error:
            log.warning("no index can be kept in %s (%s)", self.index, error)
            return _open(None)

    def close(self) -> None:
        """Give the index back. Callable twice."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def refresh(
        self, progress: Progress | None = None, *, rebuild: bool = False, read: Reader = read_entry
    ) -> int:
        """Look at all folders, read what is new or has changed, forget what is gone.

        Args:
            progress: hears how many of how many changed runs were read; in this thread.
            rebuild: believe nothing, read everything.
            read: reads a run's entry; for who has it done elsewhere.

        Returns:
            How many were read.

        Raises:
            StorageError: a folder can't be looked into.
        """
        present = dict(self._found())
        known = {} if rebuild else {row[0]: row[1] for row in self._ask("SELECT folder, stamp FROM runs")}
        gone = [(row[0],) for row in self._ask("SELECT folder FROM runs") if row[0] not in present]
        self._change("DELETE FROM runs WHERE folder = ?", gone)
        changed = [folder for folder, stamp in present.items() if known.get(folder) != stamp]
        rows: list[tuple[str, str, str]] = []
        for done, folder in enumerate(changed, start=1):
            # The stamp was taken before reading: what is written meanwhile is read at the next look.
            rows.append((folder, present[folder], json.dumps(asdict(read(Path(folder))))))
            if progress is not None:
                progress(done, len(changed))
            if len(rows) == _BATCH or done == len(changed):
                self._change("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", rows)
                rows.clear()
        return len(changed)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with self._lock, self._told():
            return self._connection.execute(query).fetchall()

    def _change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._lock, self._told(), self._connection:
            self._connection.executemany(statement, rows)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"the catalogue's index {self.index} can't be used ({error}). It may be deleted: nothing is "
                "lost with it."
            ) from error

    def _found(self) -> Iterator[tuple[str, str]]:
        """Every run folder with the stamp of its files."""
        for folder in self.folders:
            for candidate in _candidates(folder):
                stamp = _stamp(candidate)
                if stamp:
                    yield candidate, stamp

    def entries(self, search: str = "", status: str | None = None) -> list[CatalogueEntry]:
        """What the last `refresh` found, newest first.

        Args:
            search: words that all have to occur in sample, operator, comment, folder, status or flags;
                upper and lower case are alike.
            status: of how the run ended, e.g. ``"success"``.
        """
        rows = self._ask("SELECT entry FROM runs")
        words = search.casefold().split()
        found = [CatalogueEntry.from_document(json.loads(row[0])) for row in rows]
        chosen = [
            entry
            for entry in found
            if (status is None or entry.status == status) and all(word in entry.text for word in words)
        ]
        return sorted(chosen, key=lambda entry: (-(entry.started_s or 0.0), entry.folder))


def _open(index: Path | None) -> sqlite3.Connection:
    if index is not None:
        index.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(index or ":memory:", timeout=10.0, check_same_thread=False)
    try:
        # What a crash may lose is read anew.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _INDEX_VERSION:
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("SELECT folder, stamp, entry FROM runs LIMIT 1").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _candidates(folder: Path) -> Iterator[str]:
    """The folder itself and those in it."""
    yield str(folder)
    try:
        with os.scandir(folder) as children:
            yield from (child.path for child in children if child.is_dir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"{folder} can't be looked into ({error.strerror}).") from error


def _stamp(folder: str) -> str:
    """Size and time of a run's files; empty where there is no run."""
    stamps = [_file_stamp(f"{folder}{os.sep}{name}") for name in (JOURNAL_NAME, NEXUS_NAME)]
    return " ".join(stamps) if any(stamps) else ""


def _file_stamp(path: str) -> str:
    try:
        seen = os.stat(path)  # noqa: PTH116 -- thousands of them: pathlib takes three times as long
    except OSError:
        return ""
    return f"{seen.st_size}:{seen.st_mtime_ns}"
