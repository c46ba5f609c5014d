"""The recorder's own writes, replayed up to every point with whatever wasn't flushed dropped, cut or kept."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from plqy_rig.data import PASS_ORDER, RunRecorder, load_run, read_journal
from plqy_rig.data.recorder import JOURNAL_NAME

WAYS_TO_LOSE = 6
"""Random outcomes tried per crash point."""


@dataclass(frozen=True)
class Write:
    """Bytes appended to a file, not yet flushed."""

    path: Path
    content: bytes


@dataclass(frozen=True)
class Flush:
    """A file as it was flushed to the disk."""

    path: Path
    content: bytes


@dataclass(frozen=True)
class FlushNames:
    """The names in a folder as they were flushed to the disk."""

    folder: Path
    names: frozenset[str]


@dataclass(frozen=True)
class Announced:
    """A document that somebody was told to be saved."""

    name: str
    uid: str


@dataclass
class Log:
    """What was done to the disk, in order."""

    done: list[Write | Flush | FlushNames | Announced] = field(default_factory=list)

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write, fsync = os.write, os.fsync

        def logged_write(descriptor: int, content: bytes) -> int:
            written = write(descriptor, content)
            self.done.append(Write(_path_of(descriptor), bytes(content[:written])))
            return written

        def logged_fsync(descriptor: int) -> None:
            fsync(descriptor)
            path = _path_of(descriptor)
            if path.is_dir():
                self.done.append(FlushNames(path, frozenset(child.name for child in path.iterdir())))
            else:
                self.done.append(Flush(path, path.read_bytes()))

        monkeypatch.setattr(os, "write", logged_write)
        monkeypatch.setattr(os, "fsync", logged_fsync)

    def hear(self, name: str, document: dict[str, Any]) -> None:
        self.done.append(Announced(name, document["uid"]))


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def disk_after_crash(log: Iterable[Any], root: Path, chance: random.Random) -> dict[Path, bytes]:
    """What may be on the disk when the power fails here: what was flushed, and perhaps more."""
    files: dict[Path, bytes] = {}
    pending: dict[Path, list[bytes]] = {}
    names: dict[Path, frozenset[str]] = {}
    for one in log:
        match one:
            case Write(path, content):
                pending.setdefault(path, []).append(content)
            case Flush(path, content):
                files[path], pending[path] = content, []
            case FlushNames(folder, found):
                names[folder] = found
    for path, contents in pending.items():
        files[path] = files.get(path, b"") + _some_of(contents, chance)
    return {path: content for path, content in files.items() if _named(path, root, names, chance)}


def _some_of(contents: list[bytes], chance: random.Random) -> bytes:
    """Writes that were not flushed: kept, dropped (zeros where a later one is kept) or cut."""
    found = b""
    for content in contents:
        match chance.choice(("kept", "dropped", "cut")):
            case "kept":
                found += content
            case "cut":
                found += content[: chance.randrange(len(content))]
            case "dropped":
                found += b"\0" * len(content) if content is not contents[-1] else b""
    return found


def _named(path: Path, root: Path, names: dict[Path, frozenset[str]], chance: random.Random) -> bool:
    """Whether every name on the way to the file is on the disk."""
    while path != root:
        if path.name not in names.get(path.parent, frozenset()) and chance.random() < 0.5:
            return False
        path = path.parent
    return True


@pytest.fixture
def logged_run(
    tmp_path: Path, rig: Any, monkeypatch: pytest.MonkeyPatch, new_recorder: Callable[..., RunRecorder]
) -> tuple[Log, Path]:
    """A run with a resume in the middle, and all that was done to the disk for it."""
    log = Log()
    log.attach(monkeypatch)
    recorder = new_recorder(listeners=[log.hear])
    role = PASS_ORDER[0]
    recorder.record("exposure", rig.exposure(role, 0))
    recorder.record("dark", rig.dark(role, 0))
    recorder.close()
    with RunRecorder.resume(recorder.folder, listeners=[log.hear]) as again:
        again.record("exposure", rig.exposure(role, 1))
        again.record("dark", rig.dark(role, 1))
        again.finish("success", "", {"safe": True})
    monkeypatch.undo()
    return log, tmp_path


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to know which file was written")
def test_no_announced_document_is_lost_wherever_the_power_fails(
    logged_run: tuple[Log, Path], tmp_path: Path
) -> None:
    log, root = logged_run
    chance, states = random.Random(7), 0
    assert sum(isinstance(one, Announced) for one in log.done) >= 8
    for crash in range(len(log.done) + 1):
        before = log.done[:crash]
        announced = [one.uid for one in before if isinstance(one, Announced)]
        for _ in range(WAYS_TO_LOSE):
            states += 1
            disk = disk_after_crash(before, root, chance)
            journals = [path for path in disk if path.name == JOURNAL_NAME]
            if not journals:
                assert announced == []
                continue
            folder = tmp_path / f"state {states}"
            folder.mkdir()
            for path, content in disk.items():
                if path.parent == journals[0].parent:
                    (folder / path.name).write_bytes(content)
            _assert_nothing_lost(folder, announced)
    assert states == WAYS_TO_LOSE * (len(log.done) + 1)


def _assert_nothing_lost(folder: Path, announced: list[str]) -> None:
    if not (folder / JOURNAL_NAME).read_bytes().strip(b"\0"):
        assert announced == []
        return
    journal = read_journal(folder / JOURNAL_NAME)
    found = [entry.document["uid"] for entry in journal.entries]
    assert found[: len(announced)] == announced
    assert len(found) <= len(announced) + 1
    assert not journal.damaged
    if journal.start is not None:
        load_run(folder)
        with RunRecorder.resume(folder) as again:
            again.finish("success", "", {})
        assert load_run(folder).exit_status == "success"
