"""Recording a run: its folder, its journal, and everybody who wants to see what was saved."""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from plqy_rig.data.documents import (
    ExitStatus,
    RunMetadata,
    checked_data,
    descriptor_document,
    event_document,
    new_uid,
    start_document,
    stop_document,
)
from plqy_rig.data.encoding import decode_json, encode_json
from plqy_rig.data.errors import UnreadableRunError, storage_error
from plqy_rig.data.files import make_folders_durably, sync_directory, write_text_durably
from plqy_rig.data.journal import Document
from plqy_rig.data.journal_writer import JournalWriter
from plqy_rig.data.toml_text import toml_text

Listener = Callable[[str, Mapping[str, Any]], None]
"""Is told a document's name and the document, after it is safely on the disk."""

JOURNAL_NAME = "run.jsonl"
NEXUS_NAME = "run.nxs"
RECIPE_NAME = "recipe.toml"
RIG_NAME = "rig.toml"

_logger = logging.getLogger(__name__)


class RunRecorder:
    """Saves one run; made by `create` or `resume`.

    Every document is on the disk before a listener hears of it. A listener that fails is logged and
    does no harm. Callable from any thread.
    """

    def __init__(
        self, writer: JournalWriter, folder: Path, listeners: Iterable[Listener], now: Callable[[], float]
    ) -> None:
        """Use `create` or `resume`."""
        self._writer = writer
        self._folder = folder
        self._listeners = list(listeners)
        self._now = now
        self._lock = threading.RLock()
        self._start: Document = {}
        self._descriptors: dict[str, Document] = {}
        self._num_events: Counter[str] = Counter()
        self._finished = False
        self._last_save_s = 0.0

    @classmethod
    def create(
        cls,
        out: Path,
        metadata: RunMetadata,
        *,
        listeners: Iterable[Listener] = (),
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Make the run folder `<out>/<UTC timestamp>_<sample-slug>/` and begin its journal.

        Args:
            out: where the folder is made; made itself if it isn't there.
            metadata: all that is known before the first exposure.
            listeners: told of every document, the start document included.
            now: epoch seconds; for tests.

        Raises:
            StorageError: it can't be made; nothing was begun.
            ValueError: metadata that makes no run.
            TypeError: metadata that can't be stored without loss.
        """
        recipe_toml = toml_text(metadata.recipe) if metadata.recipe_toml is None else metadata.recipe_toml
        rig_toml = toml_text(metadata.rig) if metadata.rig_toml is None else metadata.rig_toml
        start = start_document(metadata, time_s=now(), recipe_toml=recipe_toml, rig_toml=rig_toml)
        # What listeners see is exactly what a reader of the file will see.
        start = decode_json(encode_json(start))
        folder = _make_folder(Path(out), metadata.sample, start["time"])
        write_text_durably(folder / RECIPE_NAME, recipe_toml)
        write_text_durably(folder / RIG_NAME, rig_toml)
        recorder = cls(JournalWriter(folder / JOURNAL_NAME), folder, listeners, now)
        recorder._start = start
        try:
            recorder._save("start", start)
        except BaseException:
            recorder.close()
            raise
        return recorder

    @classmethod
    def resume(
        cls,
        folder: Path,
        *,
        versions: Mapping[str, str] | None = None,
        operator: str = "",
        instruments: Mapping[str, Mapping[str, Any]] | None = None,
        listeners: Iterable[Listener] = (),
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Go on with the run of `folder`; writes a resume document. Nothing written before is changed.

        Args:
            folder: the run folder.
            versions: of the program that goes on.
            operator: who goes on.
            instruments: identities of the instruments now connected.
            listeners: told of every further document.
            now: epoch seconds; for tests.

        Raises:
            StorageError: no journal there, it is being written by another program, or it can't be read.
        """
        writer, journal = JournalWriter.resume(Path(folder) / JOURNAL_NAME)
        recorder = cls(writer, Path(folder), listeners, now)
        try:
            if journal.start is None:
                raise UnreadableRunError(
                    f"{writer.path} has no start document: nothing was measured in this run. Begin a new one."
                )
            recorder._start = journal.start
            for entry in journal.entries:
                recorder._remember(entry.name, entry.document)
            recorder._save("resume", recorder._resume_document(versions, operator, instruments))
        except BaseException:
            recorder.close()
            raise
        return recorder

    def _resume_document(
        self,
        versions: Mapping[str, str] | None,
        operator: str,
        instruments: Mapping[str, Mapping[str, Any]] | None,
    ) -> Document:
        document: Document = decode_json(
            encode_json(
                {
                    "uid": new_uid(),
                    "time": self._now(),
                    "run_start": self.uid,
                    "operator": operator,
                    "versions": versions or {},
                    "instruments": instruments or {},
                }
            )
        )
        return document

    def _remember(self, name: str, document: Document) -> None:
        if name == "descriptor":
            self._descriptors[document["name"]] = document
        elif name == "event":
            for stream, descriptor in self._descriptors.items():
                if descriptor["uid"] == document["descriptor"]:
                    self._num_events[stream] = max(self._num_events[stream], document["seq_num"])

    @property
    def folder(self) -> Path:
        """Get the run folder."""
        return self._folder

    @property
    def uid(self) -> str:
        """Get the run's identifier."""
        return str(self._start["uid"])

    @property
    def start(self) -> Document:
        """Get the start document."""
        return self._start

    @property
    def finished(self) -> bool:
        """Get whether the stop document was written."""
        return self._finished

    @property
    def last_save_duration_s(self) -> float:
        """Get how long the last document took to reach the disk, s."""
        return self._last_save_s

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` of every document from now on."""
        with self._lock:
            self._listeners.append(listener)

    def record(self, stream: str, data: Mapping[str, Any]) -> None:
        """Save an exposure or a dark; when this returns it survives a power cut.

        Args:
            stream: ``"exposure"`` or ``"dark"``.
            data: exactly the keys of `plqy_rig.data.fields.STREAMS[stream]`.

        Raises:
            StorageError: it isn't saved.
            ValueError: a mistake in the program: wrong keys, types or shapes. Nothing was written.
        """
        with self._lock:
            self._refuse_if_finished()
            pixels = len(self._start["wavelength_nm"])
            steps = len(self._start["target_power_density_mw_per_cm2"])
            checked = checked_data(stream, data, pixels=pixels, steps=steps)
            if stream not in self._descriptors:
                descriptor = descriptor_document(stream, self.uid, pixels, time_s=self._now())
                self._save("descriptor", descriptor)
                self._descriptors[stream] = descriptor
            number = self._num_events[stream] + 1
            descriptor_uid = self._descriptors[stream]["uid"]
            self._save("event", event_document(checked, descriptor_uid, number, time_s=self._now()))

    def finish(self, exit_status: ExitStatus | str, reason: str, safe_state: Mapping[str, Any]) -> None:
        """Write the one stop document and close the journal.

        Args:
            exit_status: ``success``, ``abort`` or ``fail``.
            reason: in the operator's words; may be empty for a success.
            safe_state: the verdict and what was read back.

        Raises:
            StorageError: it isn't saved; the run will be read as interrupted.
            ValueError: no such status.
        """
        status = ExitStatus(exit_status)
        if status is ExitStatus.INTERRUPTED:
            raise ValueError("a run that can be finished wasn't interrupted: success, abort or fail")
        with self._lock:
            self._refuse_if_finished()
            stop = stop_document(self.uid, status, reason, safe_state, self._num_events, time_s=self._now())
            self._save("stop", decode_json(encode_json(stop)))
            self._finished = True
            self.close()

    def _refuse_if_finished(self) -> None:
        if self._finished:
            raise RuntimeError(f"the run in {self._folder} has its stop document already")

    def _save(self, name: str, document: Document) -> None:
        begun = time.perf_counter()
        self._writer.append(name, document)
        self._last_save_s = time.perf_counter() - begun
        if name == "event":
            self._remember(name, document)
        for listener in tuple(self._listeners):
            try:
                listener(name, document)
            except Exception:
                _logger.exception("%r failed on document %s of run %s", listener, name, self._folder)

    def close(self) -> None:
        """Close the journal without a stop document (see `finish`). Callable twice."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sample_slug(sample: str) -> str:
    """Make of a sample's name what every file system takes: a-z, 0-9 and single hyphens, never empty."""
    plain = unicodedata.normalize("NFKD", sample).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "sample"


def _make_folder(out: Path, sample: str, time_s: float) -> Path:
    stamp = datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{stamp}_{sample_slug(sample)}"
    try:
        make_folders_durably(out)
        # A second run of the same sample within a second gets a number behind its name.
        for number in itertools.count(1):
            folder = out / (name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
        sync_directory(out)
    except OSError as error:
        raise storage_error(error, "make a run folder in", out) from error
    return folder
