"""The journal: append-only JSON lines in the shape of bluesky's event model, and how they are read.

One line is one document::

    {"crc32":"9a0364b9","seq":7,"name":"event","doc":{...}}

`crc32` covers every byte after its comma up to the line end, `seq` counts from 1 without gaps. A line is
written by one write, so that a crash can only leave a half-written LAST line. Whoever goes on with the
journal begins with a line end and uses the sequence number of the torn line again: a damaged line that no
sequence number is missing for had never been announced, and anything else is damage and is reported.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from plqy_rig.data.encoding import decode_json, encode_json
from plqy_rig.data.errors import UnreadableRunError, storage_error

Document = Mapping[str, Any]

_BEGINNING = b'{"crc32":"'
_PREFIX = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')


class ProblemKind(StrEnum):
    """What is wrong with a place of a journal."""

    HALF_WRITTEN_TAIL = "half-written tail"
    """The last line is incomplete: the run was interrupted; nothing that was announced is missing."""
    INTERRUPTED_WRITE = "interrupted write"
    """An incomplete line that was never announced; the next one tells that nothing is missing."""
    DAMAGED_LINE = "damaged line"
    """A line was altered after it had been written."""
    MISSING_DOCUMENTS = "missing documents"
    """Sequence numbers are missing: lines were removed."""
    REPEATED_DOCUMENT = "repeated document"
    """A sequence number comes again (or too late); that line isn't used."""


@dataclass(frozen=True)
class JournalProblem:
    """One thing that is wrong, and where.

    Attributes:
        kind: what is wrong.
        line: number of the line, from 1.
        offset_bytes: where that line begins in the file.
        message: for the operator.
    """

    kind: ProblemKind
    line: int
    offset_bytes: int
    message: str


@dataclass(frozen=True, eq=False)
class JournalEntry:
    """One document as it stands in the journal.

    Attributes:
        sequence: its number in the journal, from 1.
        line: the line it stands in, from 1.
        name: ``start``, ``descriptor``, ``event``, ``resume`` or ``stop``.
        document: the document; arrays are read-only.
    """

    sequence: int
    line: int
    name: str
    document: Document


@dataclass(frozen=True, eq=False)
class Journal:
    """All that could be read of a journal.

    Attributes:
        path: the file.
        entries: the documents in their order.
        problems: what is wrong with the file; empty for a whole one.
        next_sequence: the number of the next document.
        ends_with_line_end: whether the next line can be appended as it is (so too in an empty file).
    """

    path: Path
    entries: tuple[JournalEntry, ...]
    problems: tuple[JournalProblem, ...]
    next_sequence: int
    ends_with_line_end: bool

    @property
    def start(self) -> Document | None:
        """The start document; None when even that wasn't completed."""
        return next((entry.document for entry in self.entries if entry.name == "start"), None)

    @property
    def stop(self) -> Document | None:
        """The stop document that ends the run; None when it was interrupted, or resumed since."""
        for entry in reversed(self.entries):
            if entry.name == "resume":
                return None
            if entry.name == "stop":
                return entry.document
        return None

    @property
    def interrupted(self) -> bool:
        """Whether there is no stop document: the program died, or still runs."""
        return self.stop is None

    @property
    def damaged(self) -> bool:
        """Whether something that had been announced was altered or lost afterwards."""
        harmless = (ProblemKind.HALF_WRITTEN_TAIL, ProblemKind.INTERRUPTED_WRITE)
        return any(problem.kind not in harmless for problem in self.problems)


class DamagedLineError(ValueError):
    """A line that isn't what was written."""


def format_line(sequence: int, name: str, document: Document) -> bytes:
    """Make the line of a document, with its line end.

    Raises:
        TypeError: the document holds something that can't be stored without loss.
    """
    covered = encode_json({"seq": sequence, "name": name, "doc": document})[1:].encode("ascii")
    return b'{"crc32":"%08x",%b\n' % (zlib.crc32(covered), covered)


def parse_line(line: bytes) -> tuple[int, str, Document]:
    """Take a line (without its line end) apart: sequence number, name, document.

    Raises:
        DamagedLineError: it isn't what was written; says why.
    """
    prefix = _PREFIX.match(line)
    if prefix is None:
        raise DamagedLineError("it doesn't begin with a checksum")
    covered = line[prefix.end() :]
    if b"%08x" % zlib.crc32(covered) != prefix[1]:
        raise DamagedLineError("its checksum is wrong")
    try:
        content = decode_json("{" + covered.decode("ascii"))
        sequence, name, document = content["seq"], content["name"], content["doc"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedLineError(f"it is no journal line: {error}") from error
    if type(sequence) is not int or not isinstance(name, str) or not isinstance(document, dict):
        raise DamagedLineError("it is no journal line")
    return sequence, name, document


def read_journal(path: Path) -> Journal:
    """Read all that can be read of a journal, and say what is wrong with the rest.

    Args:
        path: of run.jsonl; may be being written to at the same time.

    Raises:
        StorageError: the file can't be opened.
        UnreadableRunError: it holds no journal at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise storage_error(error, "read", path) from error
    reader = _Reader()
    for number, offset, line, complete in _lines(content):
        reader.take(number, offset, line, complete)
    reader.finish()
    if not reader.entries and not _may_be_torn_beginning(content):
        raise UnreadableRunError(f"{path} is no journal of a run: its first line has no checksum.")
    return Journal(
        path,
        tuple(reader.entries),
        tuple(reader.problems),
        reader.next_sequence,
        ends_with_line_end=not content or content.endswith(b"\n"),
    )


def _may_be_torn_beginning(content: bytes) -> bool:
    """Whether a file without any good line may be a journal that was interrupted in its first line."""
    beginning = content[: len(_BEGINNING)]
    return _BEGINNING.startswith(beginning) or b"\0" in beginning


def _lines(content: bytes) -> Iterator[tuple[int, int, bytes, bool]]:
    """Number, offset, bytes and completeness of every line that isn't empty."""
    offset = 0
    for number, line in enumerate(content.split(b"\n"), start=1):
        end = offset + len(line)
        if line:
            yield number, offset, line, end < len(content)
        offset = end + 1


@dataclass(frozen=True)
class _BadLine:
    number: int
    offset: int
    reason: str
    torn: bool
    """Not brought to its end: no line end, or pages of zeros as a power cut leaves them."""


class _Reader:
    """Sorts good lines from bad ones; what a bad one means is known when the next good one is there."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.problems: list[JournalProblem] = []
        self._bad: list[_BadLine] = []
        self._last_sequence = 0

    @property
    def next_sequence(self) -> int:
        """A complete but damaged line at the end keeps its number: its document counts as lost."""
        return self._last_sequence + 1 + sum(not bad.torn for bad in self._bad)

    def take(self, number: int, offset: int, line: bytes, complete: bool) -> None:
        try:
            sequence, name, document = parse_line(line)
        except DamagedLineError as error:
            self._bad.append(_BadLine(number, offset, str(error), not complete or b"\0" in line))
            return
        if sequence <= self._last_sequence:
            message = f"line {number} repeats document {sequence}; it isn't used"
            self._report(ProblemKind.REPEATED_DOCUMENT, number, offset, message)
            return
        self._explain_gap(sequence, number, offset)
        self.entries.append(JournalEntry(sequence, number, name, document))
        self._last_sequence = sequence

    def finish(self) -> None:
        """What is bad at the very end: torn means interrupted, everything else is damage."""
        for bad in self._bad:
            if bad.torn and bad is self._bad[-1]:
                message = (
                    f"line {bad.number} is half-written: the program or the computer stopped while saving it"
                )
                self._report(ProblemKind.HALF_WRITTEN_TAIL, bad.number, bad.offset, message)
            else:
                self._report_damage(bad)

    def _explain_gap(self, sequence: int, number: int, offset: int) -> None:
        missing = sequence - self._last_sequence - 1
        for bad in self._bad:
            if missing:
                self._report_damage(bad)
            else:
                message = (
                    f"line {bad.number} is half-written and was never announced; saving went on after it"
                )
                self._report(ProblemKind.INTERRUPTED_WRITE, bad.number, bad.offset, message)
        if missing:
            first, last = self._last_sequence + 1, sequence - 1
            which = f"document {first} is" if first == last else f"documents {first} to {last} are"
            self._report(
                ProblemKind.MISSING_DOCUMENTS, number, offset, f"{which} missing before line {number}"
            )
        self._bad.clear()

    def _report_damage(self, bad: _BadLine) -> None:
        message = f"line {bad.number} is damaged: {bad.reason}; it isn't used"
        self._report(ProblemKind.DAMAGED_LINE, bad.number, bad.offset, message)

    def _report(self, kind: ProblemKind, number: int, offset: int, message: str) -> None:
        self.problems.append(JournalProblem(kind, number, offset, message))
