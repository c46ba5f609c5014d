"""One program at a time runs a queue: a lock that its death gives back."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from plqy_rig.data import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class RunnerLock:
    """Held by the program that runs a queue."""

    def __init__(self, queue: Path) -> None:
        """Prepare it; `take` takes it.

        Args:
            queue: the queue's file.
        """
        self._path = queue.with_suffix(".lock")
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take it; returns whether that was possible. Raises `StorageError`."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StorageError(f"{self._path} can't be written ({error.strerror}).") from error
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give_back(self) -> None:
        """Let another program run the queue. Callable twice."""
        if self._descriptor is not None:
            # Closing it gives the lock back on every system.
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
