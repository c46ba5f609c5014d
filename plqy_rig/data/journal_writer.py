"""Appending to a journal: one write, one fsync, and only then is a document saved."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from plqy_rig.data.errors import DiskFullError, NotWritableError, StorageError, storage_error
from plqy_rig.data.files import sync_directory
from plqy_rig.data.journal import Document, Journal, format_line, read_journal

if sys.platform != "win32":
    import fcntl

_FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)

_SPOIL = b"~\n"
"""Ends a line whose write failed. A bare line end would make a valid line of one that lacks nothing else,
with a sequence number that is used again."""


class JournalWriter:
    """The one writer of a journal.

    A journal has one writer at a time (a lock keeps a second program out where the system has locks).
    After a write that failed half-way the next one begins a new line, so that making room on the disk and
    trying again is fine. After a failed flush nobody knows what is on the disk: the writer then refuses
    everything, and the run has to be resumed.
    """

    def __init__(self, path: Path) -> None:
        """Create a new journal.

        Raises:
            StorageError: there is one already, or it can't be created.
        """
        self._open(path, _FLAGS | os.O_CREAT | os.O_EXCL)
        self._next_sequence = 1
        self._prefix = b""
        try:
            sync_directory(path.parent)
        except OSError as error:
            self.close()
            raise storage_error(error, "create", path) from error

    @classmethod
    def resume(cls, path: Path) -> tuple[Self, Journal]:
        """Go on with a journal; also gives what it holds so far. Nothing is cut off or overwritten.

        Raises:
            StorageError: it isn't there, another program writes it, or it is no journal.
        """
        writer = cls.__new__(cls)
        writer._open(path, _FLAGS)
        try:
            journal = read_journal(path)
        except StorageError:
            writer.close()
            raise
        writer._next_sequence = journal.next_sequence
        writer._prefix = b"" if journal.ends_with_line_end else b"\n"
        return writer, journal

    def _open(self, path: Path, flags: int) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._broken = False
        try:
            self._descriptor = os.open(path, flags, 0o644)
        except FileExistsError as error:
            raise NotWritableError(f"{path} exists already: resume that run, or begin a new one.") from error
        except OSError as error:
            raise storage_error(error, "write the journal", path) from error
        self._lock(self._descriptor)

    def _lock(self, descriptor: int) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise NotWritableError(
                f"{self._path} is being written by another program: wait for that run or stop it."
            ) from error
        except OSError:
            # Some network drives have no locks; the run is worth more than the lock.
            return

    @property
    def path(self) -> Path:
        """Get the file."""
        return self._path

    @property
    def next_sequence(self) -> int:
        """Get the sequence number that the next document will have."""
        return self._next_sequence

    def append(self, name: str, document: Document) -> int:
        """Save a document; when this returns it survives a power cut.

        Returns:
            Its sequence number.

        Raises:
            StorageError: it isn't saved.
            TypeError: it holds something that can't be stored without loss; nothing was written.
        """
        if self._descriptor is None:
            raise RuntimeError(f"the journal {self._path} is closed")
        if self._broken:
            raise StorageError(f"{self._path} takes no more data since the disk failed: resume the run.")
        sequence = self._next_sequence
        line = format_line(sequence, name, document)
        self._write(self._descriptor, self._prefix + line)
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._broken = True
            raise storage_error(error, "flush to the disk", self._path) from error
        self._next_sequence = sequence + 1
        return sequence

    def _write(self, descriptor: int, content: bytes) -> None:
        try:
            written = os.write(descriptor, content)
        except OSError as error:
            raise storage_error(error, "write", self._path) from error
        if written < len(content):
            if written:
                self._prefix = _SPOIL
            raise DiskFullError(
                f"could not write {self._path}: only {written} of {len(content)} bytes went to the disk, "
                "which is probably full. What was announced as saved is safe; make room, then resume the run."
            )
        self._prefix = b""

    def close(self) -> None:
        """Close the file. Writes nothing. Callable twice."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # everything announced was flushed before
                os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
