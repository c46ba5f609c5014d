"""From the numbers of a calibration to a sealed record in a folder, with the raw data beside it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import RecordError
from calibration.records import AnyKind, CheckKind, Record, RecordKind, read_record, write_record, write_whole

DEFAULT_VALIDITY: Mapping[AnyKind, timedelta] = {
    RecordKind.RESPONSE: timedelta(days=182),
    RecordKind.LONG_PASS: timedelta(days=365),
    RecordKind.LINEARITY: timedelta(days=365),
    RecordKind.MONITOR_RATIO: timedelta(days=182),
    RecordKind.BEAM: timedelta(days=182),
    RecordKind.WHEEL: timedelta(days=365),
    CheckKind.LAMP: timedelta(days=365),
    CheckKind.DETECTOR: timedelta(days=365),
    CheckKind.WAVELENGTH: timedelta(days=182),
    CheckKind.LASER_CHECK: timedelta(days=30),
    CheckKind.MODE_HOPS: timedelta(days=182),
}
"""How long a record holds unless its maker says otherwise. Habits, not standards: six months for what is made
of fibres and mounts, a year for glass and electronics, a month for the check before a campaign."""
_RAW_HASH_KEY = "raw_data_sha256"


class RawState(StrEnum):
    """What can be said about the raw data beside a record."""

    NONE = "none"
    """The record names none."""
    SOUND = "sound"
    MISSING = "missing"
    CHANGED = "changed"


@dataclass(frozen=True)
class NewRecord:
    """A record that isn't on disk yet, with the raw data it was made from.

    Attributes:
        record: sealed; names the hash of the raw data.
        raw: content of the raw file; None without raw data.
    """

    record: Record
    raw: bytes | None = field(repr=False)


def make_record(
    kind: AnyKind,
    values: Mapping[str, Any],
    *,
    operator: str,
    origin: str,
    instruments: Mapping[str, str],
    created: datetime,
    validity: timedelta | None = None,
    expires: datetime | None = None,
    used_records: Mapping[str, Record] | None = None,
    raw: Mapping[str, NDArray[Any]] | None = None,
) -> NewRecord:
    """Seal the result of a calibration.

    Args:
        kind: of the record.
        values: what `record_values` of a calibration gave.
        operator: who made it.
        origin: how, in a sentence.
        instruments: serial numbers by role, at least of what the record belongs to.
        created: when (UTC).
        validity: how long it holds; `DEFAULT_VALIDITY` of its kind if None.
        expires: until when, where that is laid down elsewhere, as by a certificate; may lie in the past.
        used_records: the records that went into it, by name; their hashes are kept.
        raw: raw arrays by name, to be written beside the record.

    Raises:
        RecordError: a value can't be sealed, or the validity isn't above 0.
    """
    lasts = DEFAULT_VALIDITY[kind] if validity is None else validity
    if lasts <= timedelta(0):
        raise RecordError(f"new {kind} record: a validity of {lasts} isn't above 0")
    content = dict(values)
    if used_records:
        content["used_records"] = {name: record.sha256 for name, record in used_records.items()}
    packed = None
    if raw:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **dict(raw))
        packed = buffer.getvalue()
        content[_RAW_HASH_KEY] = hashlib.sha256(packed).hexdigest()
    record = Record.seal(
        kind=kind,
        created=created,
        expires=created + lasts if expires is None else expires,
        operator=operator,
        origin=origin,
        instruments=instruments,
        values=content,
    )
    return NewRecord(record, packed)


def save_record(new: NewRecord, folder: Path) -> Path:
    """Write a record and its raw data (`<record's stem>.raw.npz`); returns the record's path.

    The raw data go first, so that a record never stands without them.

    Raises:
        RecordError: the folder can't be made or written, or the record exists.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"{folder}: can't be made ({error.strerror})") from error
    path = folder / new.record.file_name
    if path.exists():
        raise RecordError(f"{path}: exists already; records are never overwritten")
    if new.raw is not None:
        write_whole(raw_data_path(path), new.raw)
    return write_record(new.record, folder)


def raw_data_path(path: Path) -> Path:
    """Where the raw data of a record are."""
    return path.with_name(f"{path.stem}.raw.npz")


def read_raw_data(path: Path) -> dict[str, NDArray[Any]]:
    """The raw arrays beside the record at `path`, checked against its hash.

    Raises:
        RecordError: the record names none, or the file is missing or was changed.
    """
    record = read_record(path)
    state = raw_state(path, record)
    if state is not RawState.SOUND:
        raise RecordError(f"{raw_data_path(path)}: raw data {state}")
    with np.load(raw_data_path(path), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def raw_state(path: Path, record: Record) -> RawState:
    """The state of the raw data beside the record at `path`."""
    stated = record.values.get(_RAW_HASH_KEY)
    if stated is None:
        return RawState.NONE
    try:
        content = raw_data_path(path).read_bytes()
    except OSError:
        return RawState.MISSING
    return RawState.SOUND if hashlib.sha256(content).hexdigest() == stated else RawState.CHANGED
