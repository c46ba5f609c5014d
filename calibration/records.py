"""Dated, immutable calibration records: one JSON file each, sealed with its own hash.

A record says what was found, how, by whom, with which instruments, until when it is good, and how
uncertain it is. Its hash covers everything else in it, so that a result can name the records it used
and a changed or truncated file is refused. The format is described in docs/reference/records.md.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from calibration.errors import RecordError

RECORD_FORMAT = "plqy-record/1"


class RecordKind(StrEnum):
    """What a record calibrates; a sweep and its evaluation need one of each."""

    RESPONSE = "response"
    LONG_PASS = "long_pass"
    LINEARITY = "linearity"
    MONITOR_RATIO = "monitor_ratio"
    BEAM = "beam"
    WHEEL = "wheel"


class CheckKind(StrEnum):
    """Records that are kept for their history, or that other records were made with."""

    LAMP = "lamp"
    """A lamp's certificate."""
    DETECTOR = "detector"
    WAVELENGTH = "wavelength"
    LASER_CHECK = "laser_check"
    MODE_HOPS = "mode_hops"
    """Where the laser hops between modes."""


AnyKind = RecordKind | CheckKind


def record_kind(name: str) -> AnyKind:
    """The kind of this name; raises `ValueError`."""
    return CheckKind(name) if name in set(CheckKind) else RecordKind(name)


@dataclass(frozen=True)
class Record:
    """One calibration result as it was sealed.

    Attributes:
        kind: what it calibrates.
        created: when it was made (UTC).
        expires: until when it may be used without a stamp (UTC).
        operator: who made it.
        origin: how it was got, a sentence.
        instruments: serial numbers of what was used, by role.
        values: the numbers; their names carry units (docs/reference/records.md).
        sha256: hash over everything above.
    """

    kind: AnyKind
    created: datetime
    expires: datetime
    operator: str
    origin: str
    instruments: Mapping[str, str]
    values: Mapping[str, Any]
    sha256: str

    @classmethod
    def seal(
        cls,
        *,
        kind: AnyKind,
        created: datetime,
        expires: datetime,
        operator: str,
        origin: str,
        instruments: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> Record:
        """Make a new record and compute its hash.

        Raises:
            RecordError: a value can't be written as strict JSON (NaN, infinity, an unknown type).
        """
        unsealed = cls(kind, created, expires, operator, origin, dict(instruments), dict(values), "")
        return cls(**{**vars(unsealed), "sha256": _content_hash(unsealed.to_document(), "new record")})

    @classmethod
    def from_document(cls, document: Mapping[str, Any], source: str) -> Record:
        """Check a record's document (its JSON as a mapping) and its hash.

        Args:
            document: what `to_document` gave, or what a file holds.
            source: the file or place it came from, for messages.

        Raises:
            RecordError: not a record, a key missing, or the hash doesn't fit.
        """
        if document.get("format") != RECORD_FORMAT:
            raise RecordError(
                f"{source}: not a calibration record (format is {document.get('format')!r}, "
                f"expected {RECORD_FORMAT!r})"
            )
        expected = _content_hash(document, source)
        if document.get("sha256") != expected:
            raise RecordError(
                f"{source}: the record was changed after it was made (its content has hash "
                f"{expected[:12]}…, it says {str(document.get('sha256'))[:12]}…). Take the original "
                "file or repeat the calibration."
            )
        try:
            return cls(
                kind=record_kind(document["kind"]),
                created=datetime.fromisoformat(document["created"]),
                expires=datetime.fromisoformat(document["expires"]),
                operator=str(document["operator"]),
                origin=str(document["origin"]),
                instruments=dict(document["instruments"]),
                values=dict(document["values"]),
                sha256=expected,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{source}: the record is incomplete or malformed ({error!r})") from error

    def to_document(self) -> dict[str, Any]:
        """The record as the mapping that its file holds."""
        return {
            "format": RECORD_FORMAT,
            "kind": str(self.kind),
            "created": _timestamp(self.created),
            "expires": _timestamp(self.expires),
            "operator": self.operator,
            "origin": self.origin,
            "instruments": dict(self.instruments),
            "values": dict(self.values),
            "sha256": self.sha256,
        }

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.kind}_{self.created:%Y%m%d}_{self.sha256[:8]}.json"

    def expired_at(self, moment: datetime) -> bool:
        """Whether the record was past its date at `moment`."""
        return moment > self.expires


def read_record(path: Path) -> Record:
    """Read and check one record file.

    Raises:
        RecordError: the file is missing, truncated, no record, or was changed.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: can't be read ({error.strerror})") from error
    except ValueError as error:
        raise RecordError(f"{path}: damaged, it isn't complete JSON ({error}).") from error
    if not isinstance(document, dict):
        raise RecordError(f"{path}: not a calibration record (no JSON object)")
    return Record.from_document(document, str(path))


def write_record(record: Record, folder: Path) -> Path:
    """Write a record into `folder` under its own name, never over another file; returns the path."""
    path = folder / record.file_name
    if path.exists():
        raise RecordError(f"{path}: exists already; records are never overwritten")
    text = json.dumps(record.to_document(), indent=1, ensure_ascii=False)
    write_whole(path, (text + "\n").encode("utf-8"))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whenever the program or the power ends.

    Raises:
        RecordError: it can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordError(f"{path}: can't be written ({error.strerror})") from error


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _content_hash(document: Mapping[str, Any], source: str) -> str:
    content = {key: value for key, value in document.items() if key != "sha256"}
    try:
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecordError(f"{source}: holds a value that is no plain finite number or text") from error
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
