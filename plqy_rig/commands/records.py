"""`plqy records`: what is in a calibration folder, one record, and whether a sweep can be made with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calibration import (
    CheckKind,
    RawState,
    Record,
    RecordKind,
    RecordState,
    RecordStatus,
    Selection,
    check_records,
    select_records,
)
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.config import read_rig_file
from plqy_rig.data import StorageError

_LONGEST_SHOWN = 8
_LEAST_HASH_CHARACTERS = 6


def list_records(folder: Path | None, rig: Path | None, *, as_json: bool) -> None:
    """Every record with its state, by kind, the newest first, and which of them a run takes."""
    place = _Place.of(folder, rig)
    statuses = place.statuses()
    selection = place.selection(statuses)
    used = set() if selection is None else set(selection.paths.values())
    if as_json:
        lines = [{**_line(status), "used": status.path in used} for status in statuses]
        terminal.print_json({"records": lines})
        return
    for status in statuses:
        terminal.say(f"{'*' if status.path in used else ' '} {_row(status)}")
    if used:
        terminal.say("* a run takes it")


def show(reference: str, folder: Path | None, rig: Path | None, *, as_json: bool) -> None:
    """One record, named by path or by the beginning of its hash."""
    status = _find(reference, folder, rig)
    assert status.record is not None
    if as_json:
        terminal.print_json({**_line(status), "record": status.record.to_document()})
        return
    for sentence in _described(status, status.record):
        terminal.say(sentence)


def check(folder: Path | None, rig: Path | None, *, as_json: bool) -> None:
    """Whether a sweep finds a valid record of every kind, and nothing is damaged.

    Raises:
        StorageError: something is missing, expired, damaged, or without its raw data.
    """
    place = _Place.of(folder, rig)
    statuses = place.statuses()
    said = [problem for status in statuses if (problem := _trouble(status))]
    usable: dict[str, str] = {}
    selection = place.selection(statuses)
    if selection is not None:
        usable = {str(kind): str(path) for kind, path in selection.paths.items()}
        said.extend(selection.warnings)
        said.extend(f"{kind}: no record" for kind in RecordKind if kind not in selection.records)
    if as_json:
        terminal.print_json({"folder": str(place.folder), "good": not said, "problems": said, "used": usable})
    else:
        terminal.say("\n".join(said) or f"{place.folder}: a valid record of every kind, none damaged")
    if said:
        problems = "1 problem" if len(said) == 1 else f"{len(said)} problems"
        raise StorageError(f"{place.folder}: {problems} with the calibration records")


@dataclass(frozen=True)
class _Place:
    """A calibration folder, and what its rig file says of the records to take.

    Attributes:
        folder: of the records.
        serial_numbers: of the rig's instruments, as far as its file knows them.
        chosen: records that the rig file names.
    """

    folder: Path
    serial_numbers: Mapping[str, str]
    chosen: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path | None, rig: Path | None) -> _Place:
        if folder is not None and rig is None:
            return cls(folder, {})
        if folder is not None or rig is None:
            raise ConfigurationError("give either the calibration folder or --rig FILE")
        file = read_rig_file(rig)
        return cls(file.calibration_folder, file.serial_numbers, file.configuration.calibration.records)

    def statuses(self) -> list[RecordStatus]:
        """Every record, by kind, the newest first; damaged ones before all others."""

        def order(status: RecordStatus) -> tuple[str, float]:
            if status.record is None:
                return "", 0.0
            return str(status.record.kind), -status.record.created.timestamp()

        return sorted(check_records(self.folder, datetime.now(UTC)), key=order)

    def selection(self, statuses: Sequence[RecordStatus]) -> Selection | None:
        """What a run takes; None where a damaged record keeps it from taking any."""
        if any(status.state is RecordState.DAMAGED for status in statuses):
            return None
        return select_records(self.folder, self.serial_numbers, datetime.now(UTC), self.chosen)


def _row(status: RecordStatus) -> str:
    record = status.record
    if record is None:
        return f"{'?':14} {status.state:8} {status.message}"
    said = [f"by {record.operator}", status.path.name, _verdict(record), _raw_trouble(status)]
    dates = f"{record.created:%Y-%m-%d %H:%M}  until {record.expires:%Y-%m-%d}"
    return f"{record.kind:14} {status.state:8} {dates}  {'  '.join(words for words in said if words)}"


def _verdict(record: Record) -> str:
    """How a laser check ended: its history is the reason to list it."""
    if record.kind is not CheckKind.LASER_CHECK:
        return ""
    verdict = "passed" if record.values.get("passed") else "FAILED"
    return f"{verdict}, {record.values.get('slope_minus_one', math.nan):+.1%}"


def _line(status: RecordStatus) -> dict[str, Any]:
    record = status.record
    document: dict[str, Any] = {
        "path": str(status.path),
        "state": str(status.state),
        "raw_data": str(status.raw),
        "message": status.message,
        "kind": None if record is None else str(record.kind),
    }
    if record is not None:
        sealed = record.to_document()
        keys = ("created", "expires", "operator", "origin", "instruments", "sha256")
        document |= {key: sealed[key] for key in keys}
    return document


def _find(reference: str, folder: Path | None, rig: Path | None) -> RecordStatus:
    """By path, or by hash in the folder; raises `ConfigurationError`."""
    path = Path(reference)
    if path.suffix == ".json" and path.exists():
        folder, rig = path.parent, None
    if len(reference) < _LEAST_HASH_CHARACTERS:
        raise ConfigurationError(f"{reference!r}: give a path or six or more characters of the hash")
    place = _Place.of(folder, rig)
    found = [
        status
        for status in place.statuses()
        if status.path.name == path.name
        or (status.record is not None and status.record.sha256.startswith(reference))
    ]
    if len(found) != 1:
        how_many = f"{len(found)} records are" if found else "no record is"
        raise ConfigurationError(
            f"{place.folder}: {how_many} named {reference!r}; plqy records list names all"
        )
    if found[0].record is None:
        raise StorageError(found[0].message)
    return found[0]


def _described(status: RecordStatus, record: Record) -> list[str]:
    sealed = record.to_document()
    said = [
        f"{sealed['kind']}  {status.state}  {status.path}",
        f"  made {sealed['created']} by {record.operator}, good until {sealed['expires']}",
        f"  how: {record.origin}",
        f"  instruments: {', '.join(f'{k} {v}' for k, v in record.instruments.items()) or 'none'}",
        f"  hash {record.sha256}, raw data: {status.raw}",
    ]
    return said + [f"  {name}: {_short(value)}" for name, value in record.values.items()]


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > _LONGEST_SHOWN:
        return f"{_short(value[0])} ... {_short(value[-1])} ({len(value)} values)"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _trouble(status: RecordStatus) -> str:
    if status.state is RecordState.DAMAGED:
        return status.message
    if status.state is RecordState.FUTURE:
        return f"{status.path.name}: dated in the future"
    trouble = _raw_trouble(status)
    return f"{status.path.name}: {trouble}" if trouble else ""


def _raw_trouble(status: RecordStatus) -> str:
    missing = status.raw in (RawState.MISSING, RawState.CHANGED)
    return f"its raw data are {status.raw}" if missing else ""
