"""While a guardian makes a rig safe, nobody else may take its instruments: a lock file per rig.

Whoever connects waits for it. Light to import: the guardian holds it before it does anything heavy.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

WAIT_TIMEOUT_S = 30.0
_POLL_S = 0.05


def lock_path(rig_path: Path) -> Path:
    """Where the lock of a rig is: the same for every program of this computer."""
    name = hashlib.sha256(str(rig_path.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"plqy-guardian-{name}.lock"


@contextmanager
def guardian_at_work(rig_path: Path) -> Iterator[None]:
    """Hold the lock; a guardian does while it acts. Never waits, and never fails: safety comes first."""
    path = lock_path(rig_path)
    with contextlib.ExitStack() as held:
        # What another user's guardian left behind can't be opened, nor can anything on a full disk.
        with contextlib.suppress(OSError):
            _take(held.enter_context(path.open("a")).fileno())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def wait_for_guardian(rig_path: Path, timeout_s: float = WAIT_TIMEOUT_S) -> None:
    """Return when no guardian is at work at this rig; after `timeout_s` real seconds go on anyway."""
    path, deadline, told = lock_path(rig_path), time.monotonic() + timeout_s, False
    while path.exists() and time.monotonic() < deadline:
        try:
            with path.open() as file:
                free = _take(file.fileno())
        except OSError:  # it has just finished and taken its file away
            return
        if free:
            return
        if not told:
            log.warning("a guardian is making this rig safe; waiting for it")
            told = True
        time.sleep(_POLL_S)


def _take(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
