"""Where a run's data go: its journal, and the fallback folder when that can't be written to.

A point that can't be saved stays in memory until it is, in the run folder or in the fallback. The fallback
is a whole run folder: what could be read of the first journal, then what came after.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from plqy_rig.data import (
    DiskFullError,
    ExitStatus,
    MissingPathError,
    RunMetadata,
    RunRecorder,
    StorageError,
    read_journal,
)
from plqy_rig.data.errors import storage_error
from plqy_rig.data.files import write_text_durably
from plqy_rig.data.recorder import JOURNAL_NAME, RECIPE_NAME, RIG_NAME
from procedures import StepSummary

log = logging.getLogger(__name__)

MOVED_NAME = "MOVED.txt"
"""Left behind in a run folder whose run went on in the fallback folder, if it can be written."""

SLOW_SAVE_S = 5.0
_LOCK_TIMEOUT_S = 20.0
_FLUSHED_AT_ONCE = 4
"""A failed flush leaves one document in doubt, its dark or its descriptor beside it."""

Listener = Callable[[str, Mapping[str, Any]], None]


def default_fallback() -> Path:
    """The fallback folder where the rig file names none."""
    return Path(platformdirs.user_data_dir("plqy-rig")) / "fallback"


def require_room(folder: Path, least_mb: float) -> None:
    """Refuse to begin where there is hardly any room.

    Args:
        folder: where the run will be saved; may not exist yet.
        least_mb: room that is needed, 10⁶ bytes.

    Raises:
        DiskFullError: there is less.
    """
    present = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
    if present is None:
        return
    free_mb = shutil.disk_usage(present).free / 1e6
    if free_mb < least_mb:
        raise DiskFullError(
            f"{folder}: only {free_mb:.0f} MB are free, a run begins with {least_mb:.0f} MB or more. "
            "Make room, or choose another folder with --out."
        )


class RunStore:
    """Saves a run, wherever that is possible. `record` is called from the procedure's thread.

    Attributes:
        previous: what is saved, as later steps need it.
    """

    def __init__(
        self, recorder: RunRecorder, fallback: Path, listener: Listener, tell: Callable[[str], None]
    ) -> None:
        """Use `create` or `resume`."""
        self._recorder = recorder
        self._fallback = fallback
        self._listener = listener
        self._tell = tell
        self._lock = threading.RLock()
        self._waiting: deque[tuple[str, Mapping[str, Any]]] = deque()
        self._darks: dict[tuple[str, int], Mapping[str, Any]] = {}
        self._saving_since: float | None = None
        self._closed = False
        self._recorder_is_open = True
        self.previous: list[StepSummary] = []
        self._journal: int | None = None
        self._followed = recorder.folder
        self._follow(recorder.folder)
        recorder.subscribe(listener)

    @classmethod
    def create(
        cls,
        out: Path,
        metadata: RunMetadata,
        *,
        fallback: Path,
        listener: Listener,
        tell: Callable[[str], None],
    ) -> RunStore:
        """Begin a run; raises `StorageError` when no folder can be made."""
        recorder = RunRecorder.create(out, metadata)
        store = cls(recorder, fallback, listener, tell)
        listener("start", recorder.start)
        return store

    @classmethod
    def resume(
        cls,
        folder: Path,
        *,
        fallback: Path,
        listener: Listener,
        tell: Callable[[str], None],
        **who: Any,
    ) -> RunStore:
        """Go on with the run of a folder; raises `StorageError`."""
        recorder = RunRecorder.resume(folder, **who)
        store = cls(recorder, fallback, listener, tell)
        listener("start", recorder.start)
        return store

    @property
    def folder(self) -> Path:
        """Get where the run is now."""
        return self._recorder.folder

    @property
    def unsaved(self) -> int:
        """Get how many documents are only in memory."""
        return len(self._waiting)

    @property
    def exposures(self) -> int:
        """Get how many exposures were taken, the earlier ones of a resumed run included."""
        return len(self.previous)

    @property
    def saving_for_s(self) -> float:
        """Get how long the save under way has been taking, real seconds; 0 when none is."""
        since = self._saving_since
        return 0.0 if since is None else time.monotonic() - since

    def record(self, stream: str, data: Mapping[str, Any]) -> None:
        """Save an exposure or a dark; it is kept even when that fails.

        Raises:
            StorageError: it is only in memory so far; `mend` tries again.
        """
        with self._lock:
            if self._closed:
                raise StorageError("the run is over: what comes too late isn't saved")
            self._waiting.append((stream, data))
            self._remember(stream, data)
            self._save_waiting()

    def _save_waiting(self) -> None:
        if not self._recorder_is_open:
            raise StorageError(f"the journal in {self.folder} isn't open")
        self._saving_since = time.monotonic()
        try:
            while self._waiting:
                self._recorder.record(*self._waiting[0])
                self._waiting.popleft()
                self._require_still_there()
        finally:
            duration_s, self._saving_since = self.saving_for_s, None
        if duration_s > SLOW_SAVE_S:
            self._tell(f"Saving took {duration_s:.0f} s: the disk of {self.folder} is slow.")

    def _require_still_there(self) -> None:
        """Writing to a file that somebody deleted succeeds; only its name tells."""
        path = self.folder / JOURNAL_NAME
        if self._journal is None:
            return
        try:
            same = os.path.samestat(os.fstat(self._journal), path.stat())
        except OSError as error:
            raise storage_error(error, "find the journal", path) from error
        if not same:
            raise MissingPathError(f"{path} was replaced by another file. Don't touch the folder of a run.")

    def _remember(self, stream: str, data: Mapping[str, Any]) -> None:
        place = (str(data["role"]), int(data["step"]))
        if stream == "dark":
            self._darks[place] = data
        elif place in self._darks:
            self.previous.append(StepSummary.from_data(data, self._darks[place]))

    def mend(self) -> None:
        """After a failed save: try again in the run folder, then in the fallback folder.

        Raises:
            StorageError: neither can be written to; everything unsaved is still kept.
        """
        with self._lock:
            try:
                self._require_still_there()
                self._try_again()
            except StorageError as error:
                log.warning("%s", error)
                self._divert(error)

    def _try_again(self) -> None:
        try:
            self._save_waiting()
        except StorageError as error:
            log.warning("%s; the journal is opened anew", error)
            self._use(self.folder)

    def _use(self, folder: Path) -> None:
        """Go on with the journal of a folder, whatever became of the one before."""
        self._recorder.close()
        self._recorder_is_open = False
        self._recorder = RunRecorder.resume(folder)
        self._recorder_is_open = True
        self._recorder.subscribe(self._listener)
        if folder != self._followed:
            self._follow(folder)
        self._drop_what_arrived(folder)
        self._save_waiting()

    def _follow(self, folder: Path) -> None:
        if self._journal is not None:
            os.close(self._journal)
        self._journal, self._followed = _reading(folder / JOURNAL_NAME), folder

    def _drop_what_arrived(self, folder: Path) -> None:
        """A save whose flush failed may be on the disk nevertheless: it must not be there twice."""
        saved = [
            entry.document["data"]
            for entry in read_journal(folder / JOURNAL_NAME).entries
            if entry.name == "event"
        ][-_FLUSHED_AT_ONCE:]
        while self._waiting and any(_same(self._waiting[0], data) for data in saved):
            self._waiting.popleft()

    def _divert(self, why: StorageError) -> None:
        before, folder = self.folder, self._copy_to_fallback()
        try:
            self._use(folder)
        except StorageError:
            if self.folder != folder:
                # Nothing went there that isn't somewhere else; the next try makes another one.
                shutil.rmtree(folder, ignore_errors=True)
            raise
        reason = str(why).rstrip(".")
        self._tell(
            f"{before} can't be written to ({reason}). The run goes on in {folder}; all points are there."
        )
        with contextlib.suppress(OSError):
            (before / MOVED_NAME).write_text(f"This run goes on in {self.folder}\n", encoding="utf-8")

    def _copy_to_fallback(self) -> Path:
        """Make the fallback's run folder with all that was saved so far."""
        start = self._recorder.start
        try:
            folder = _new_folder(self._fallback, self.folder.name)
            content = self._saved_content()
            (folder / JOURNAL_NAME).write_bytes(content)
            with (folder / JOURNAL_NAME).open("rb") as written:
                os.fsync(written.fileno())
            write_text_durably(folder / RECIPE_NAME, str(start["recipe_toml"]))
            write_text_durably(folder / RIG_NAME, str(start["rig_toml"]))
        except OSError as error:
            raise storage_error(error, "use the fallback folder", self._fallback) from error
        return folder

    def _saved_content(self) -> bytes:
        """Everything in the journal, through the descriptor that was opened when the run began.

        That reads also what lies in a folder that was deleted or renamed meanwhile.
        """
        if self._journal is None:
            return (self.folder / JOURNAL_NAME).read_bytes()
        os.lseek(self._journal, 0, os.SEEK_SET)
        parts = []
        while part := os.read(self._journal, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def finish(self, status: ExitStatus, reason: str, safe_state: Mapping[str, Any]) -> None:
        """Write the one stop document, in the fallback if need be.

        Raises:
            StorageError: it couldn't be saved anywhere.
        """
        self._closed = True
        if not self._lock.acquire(timeout=_LOCK_TIMEOUT_S):
            raise StorageError(f"the disk of {self.folder} doesn't answer: the run has no stop document")
        try:
            try:
                self._require_still_there()
                self._save_waiting()
                self._recorder.finish(status, reason, safe_state)
            except StorageError as error:
                log.warning("%s", error)
                self.mend()
                self._recorder.finish(status, reason, safe_state)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the journal; what comes later is refused. Callable twice."""
        # Without the lock: the thread that holds it may be what hangs.
        self._closed = True
        self._recorder.close()
        if self._journal is not None:
            descriptor, self._journal = self._journal, None
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _same(waiting: tuple[str, Mapping[str, Any]], saved: Mapping[str, Any]) -> bool:
    stream, data = waiting
    key = "counts" if stream == "exposure" else "dark"
    if key not in saved or (data["role"], data["step"]) != (saved["role"], saved["step"]):
        return False
    return bool(np.array_equal(data[key], saved[key]))


def _reading(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY)
    return None


def _new_folder(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for candidate in _names(name):
        with contextlib.suppress(FileExistsError):
            (parent / candidate).mkdir()
            return parent / candidate
    raise FileExistsError(17, "every name is taken", str(parent / name))


def _names(name: str) -> Iterable[str]:
    return (name if number == 1 else f"{name}-{number}" for number in range(1, 1000))
