import errno
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plqy_rig.data import (
    DiskFullError,
    Journal,
    JournalWriter,
    MissingPathError,
    NotWritableError,
    ProblemKind,
    StorageError,
    UnreadableRunError,
    read_journal,
)
from plqy_rig.data.journal import format_line
from plqy_rig.data.run import differences

DOCUMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("start", {"uid": "a", "time": 1.5}),
    ("descriptor", {"uid": "b", "data_keys": {"counts": {"units": "counts"}}}),
    ("event", {"data": {"counts": np.arange(5.0), "power": float("nan")}}),
    ("event", {"data": {"counts": np.arange(5.0) * 2, "power": 2.0}}),
    ("stop", {"exit_status": "success", "reason": "°"}),
)

CONTENT = b"".join(format_line(number, *document) for number, document in enumerate(DOCUMENTS, start=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def write(path: Path, documents: tuple[tuple[str, dict[str, Any]], ...] = DOCUMENTS) -> None:
    with JournalWriter(path) as writer:
        for name, document in documents:
            writer.append(name, document)


def assert_nothing_wrong_is_read(journal: Journal) -> None:
    for entry in journal.entries:
        name, document = DOCUMENTS[entry.sequence - 1]
        assert entry.name == name
        assert differences(entry.document, document) == []


def kinds(journal: Journal) -> list[ProblemKind]:
    return [problem.kind for problem in journal.problems]


def test_documents_come_back_in_order_with_their_numbers(path: Path) -> None:
    write(path)
    journal = read_journal(path)
    assert [entry.sequence for entry in journal.entries] == [1, 2, 3, 4, 5]
    assert [entry.line for entry in journal.entries] == [1, 2, 3, 4, 5]
    assert_nothing_wrong_is_read(journal)
    assert journal.problems == ()
    assert not journal.interrupted
    assert journal.start is not None
    assert journal.start["uid"] == "a"


def test_every_line_is_json_whose_checksum_covers_the_rest_of_it(path: Path) -> None:
    write(path)
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        content = json.loads(line)
        assert list(content) == ["crc32", "seq", "name", "doc"]
        assert content["seq"] == number
        assert int(content["crc32"], 16) == zlib.crc32(line[len('{"crc32":"00000000",') :])


def test_a_document_is_one_write_and_flushed_before_it_counts_as_saved(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_write, real_fsync = os.write, os.fsync
    with JournalWriter(path) as writer:
        monkeypatch.setattr(os, "write", lambda fd, data: (calls.append("write"), real_write(fd, data))[1])
        monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), real_fsync(fd))[1])
        writer.append(*DOCUMENTS[0])
        assert calls == ["write", "fsync"]


@pytest.mark.skipif(os.name == "nt", reason="Windows can't flush a folder")
def test_the_folder_is_flushed_once_when_the_journal_is_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: folders.append(os.fstat(fd).st_mode & 0o170000 == 0o040000))
    write(path)
    assert folders == [True, False, False, False, False, False]


def test_wherever_the_last_lines_are_cut_what_was_announced_is_read_and_nothing_wrong(path: Path) -> None:
    write(path)
    content = path.read_bytes()
    ends = [position + 1 for position, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        announced = sum(end <= cut for end in ends)
        journal = read_journal(path)
        assert len(journal.entries) in (announced, announced + 1), cut
        if len(journal.entries) == announced + 1:  # all but the line end is there
            assert cut == ends[announced] - 1
        assert_nothing_wrong_is_read(journal)
        assert not journal.damaged, cut
        torn = cut not in (0, *ends, *(end - 1 for end in ends))
        assert kinds(journal) == [ProblemKind.HALF_WRITTEN_TAIL] * torn, cut


def test_wherever_it_was_cut_the_journal_can_be_gone_on_with(path: Path) -> None:
    write(path)
    content = path.read_bytes()
    first = content.index(b"\n")
    for cut in range(first, len(content) + 1, 7):
        path.write_bytes(content[:cut])
        before = read_journal(path)
        writer, _ = JournalWriter.resume(path)
        with writer:
            assert writer.append("resume", {"time": 2.0}) == len(before.entries) + 1
            writer.append("event", {"data": {}})
        after = read_journal(path)
        assert_nothing_wrong_is_read(before)
        assert [entry.name for entry in before.entries] == [
            entry.name for entry in after.entries[: len(before.entries)]
        ]
        assert [entry.name for entry in after.entries[len(before.entries) :]] == ["resume", "event"]
        assert not after.damaged
        assert path.read_bytes().startswith(content[:cut])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_however_bytes_are_changed_nothing_wrong_is_read_and_the_damage_is_told(
    path: Path, data: st.DataObject
) -> None:
    content = bytearray(CONTENT)
    # Behind the first line's beginning, without which a file isn't taken for a journal at all.
    place = data.draw(st.integers(20, len(content) - 1))
    change = data.draw(st.binary(min_size=1, max_size=8))
    content[place : place + len(change)] = change
    path.write_bytes(content)
    journal = read_journal(path)
    assert_nothing_wrong_is_read(journal)
    if content[: len(CONTENT) - 1] != CONTENT[:-1]:
        assert journal.problems


def test_damage_in_the_middle_is_reported_with_its_line(path: Path) -> None:
    write(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"event"', b'"Event"')
    path.write_bytes(b"".join(lines))
    journal = read_journal(path)
    assert [entry.sequence for entry in journal.entries] == [1, 2, 4, 5]
    assert journal.damaged
    assert kinds(journal) == [ProblemKind.DAMAGED_LINE, ProblemKind.MISSING_DOCUMENTS]
    assert journal.problems[0].line == 3
    assert journal.problems[0].offset_bytes == len(lines[0] + lines[1])
    assert "line 3" in journal.problems[0].message
    assert "document 3 is missing" in journal.problems[1].message


def test_a_removed_line_is_noticed(path: Path) -> None:
    write(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[3:]))
    journal = read_journal(path)
    assert kinds(journal) == [ProblemKind.MISSING_DOCUMENTS]
    assert "documents 2 to 3 are missing" in journal.problems[0].message


def test_a_line_that_comes_twice_counts_once(path: Path) -> None:
    write(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3] + lines[2:]))
    journal = read_journal(path)
    assert [entry.sequence for entry in journal.entries] == [1, 2, 3, 4, 5]
    assert kinds(journal) == [ProblemKind.REPEATED_DOCUMENT]


def test_pages_of_zeros_after_a_power_cut_are_a_half_written_tail(path: Path) -> None:
    write(path)
    content = path.read_bytes()
    end_of_fourth = content.rindex(b"\n", 0, -1) + 1
    path.write_bytes(content[:end_of_fourth] + b"\0" * 100 + b"}}\n")
    journal = read_journal(path)
    assert kinds(journal) == [ProblemKind.HALF_WRITTEN_TAIL]
    assert len(journal.entries) == 4


def test_a_damaged_last_line_keeps_its_number_when_the_run_goes_on(path: Path) -> None:
    write(path)
    content = path.read_bytes()
    path.write_bytes(content[:-5] + b"!" + content[-4:])
    assert kinds(read_journal(path)) == [ProblemKind.DAMAGED_LINE]
    writer, journal = JournalWriter.resume(path)
    with writer:
        assert journal.next_sequence == 6
        writer.append("resume", {})
    assert kinds(read_journal(path)) == [ProblemKind.DAMAGED_LINE, ProblemKind.MISSING_DOCUMENTS]


def test_after_a_resume_the_stop_document_before_it_no_longer_counts(path: Path) -> None:
    write(path)
    writer, _ = JournalWriter.resume(path)
    with writer:
        writer.append("resume", {})
    assert read_journal(path).interrupted
    assert read_journal(path).stop is None


def test_a_short_write_is_a_full_disk_and_the_next_document_is_not_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = os.write
    for missing in (1, 2, 30):
        path.unlink(missing_ok=True)
        with JournalWriter(path) as writer:
            writer.append(*DOCUMENTS[0])
            with monkeypatch.context() as patch:
                patch.setattr(os, "write", lambda fd, data, less=missing: real_write(fd, data[:-less]))
                with pytest.raises(DiskFullError, match="make room"):
                    writer.append("event", {"data": {"lost": True}})
            writer.append(*DOCUMENTS[1])
            writer.append(*DOCUMENTS[2])
        journal = read_journal(path)
        assert_nothing_wrong_is_read(journal)
        assert [entry.sequence for entry in journal.entries] == [1, 2, 3]
        assert kinds(journal) == [ProblemKind.INTERRUPTED_WRITE]


def test_after_a_failed_flush_nothing_more_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with JournalWriter(path) as writer:
        writer.append(*DOCUMENTS[0])
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(StorageError, match="flush"):
                writer.append(*DOCUMENTS[1])
        with pytest.raises(StorageError, match="resume"):
            writer.append(*DOCUMENTS[2])


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, DiskFullError, "disk is full"),
        (errno.EDQUOT, DiskFullError, "disk is full"),
        (errno.EROFS, NotWritableError, "read-only"),
        (errno.EACCES, NotWritableError, "permitted"),
        (errno.ENOENT, MissingPathError, "isn't there"),
        (errno.EIO, StorageError, "Check the disk"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[StorageError], words: str
) -> None:
    def fail(descriptor: int, content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    with JournalWriter(path) as writer:
        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(kind, match=words) as caught:
            writer.append(*DOCUMENTS[0])
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_second_writer_is_kept_out(path: Path) -> None:
    pytest.importorskip("fcntl", reason="this system has no file locks")
    with JournalWriter(path) as writer:
        writer.append(*DOCUMENTS[0])
        with pytest.raises(NotWritableError, match="another program"):
            JournalWriter.resume(path)
    JournalWriter.resume(path)[0].close()


def test_an_existing_journal_is_never_begun_again(path: Path) -> None:
    write(path)
    before = path.read_bytes()
    with pytest.raises(NotWritableError, match="exists already"):
        JournalWriter(path)
    assert path.read_bytes() == before


def test_a_journal_in_a_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="isn't there"):
        JournalWriter(tmp_path / "gone" / "run.jsonl")
    with pytest.raises(MissingPathError, match="isn't there"):
        read_journal(tmp_path / "run.jsonl")


def test_a_file_that_is_no_journal_is_said_to_be_none(path: Path) -> None:
    path.write_bytes(b"wavelength,counts\n900,1\n")
    with pytest.raises(UnreadableRunError, match="no journal"):
        read_journal(path)
    with pytest.raises(UnreadableRunError, match="no journal"):
        JournalWriter.resume(path)


def test_a_document_that_cannot_be_stored_leaves_the_file_as_it_was(path: Path) -> None:
    with JournalWriter(path) as writer:
        writer.append(*DOCUMENTS[0])
        before = path.read_bytes()
        with pytest.raises(TypeError, match="object"):
            writer.append("event", {"data": object()})
        assert path.read_bytes() == before
        assert writer.append(*DOCUMENTS[1]) == 2


def test_a_closed_writer_refuses_documents(path: Path) -> None:
    writer = JournalWriter(path)
    writer.close()
    writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.append(*DOCUMENTS[0])
