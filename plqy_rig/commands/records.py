"""`plqy records`: what is in a calibration folder, one record, and whether a sweep can be made with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calibration import RawState, Record, RecordKind, RecordState, RecordStatus, check_records, select_records
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.config import read_rig_file
from plqy_rig.data import StorageError

_LONGEST_SHOWN = 8
_LEAST_HASH_CHARACTERS = 6


def list_records(folder: Path | None, rig: Path | None, *, as_json: bool) -> None:
    """Every record with its state, by kind, the newest first."""
    statuses = _statuses(_folder(folder, rig))
    if as_json:
        terminal.print_json({"records": [_line(status) for status in statuses]})
        return
    for status in statuses:
        line = _line(status)
        until = f"until {line['expires'][:10]}, by {line['operator']}" if status.record else line["message"]
        terminal.say(f"{line['kind'] or '?':14} {line['state']:8} {status.path.name}  {until}")


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
    place = _folder(folder, rig)
    statuses = _statuses(place)
    problems = [_trouble(status) for status in statuses]
    said = [problem for problem in problems if problem]
    usable: dict[str, str] = {}
    if not any(status.state is RecordState.DAMAGED for status in statuses):
        selection = select_records(place, {}, datetime.now(UTC))
        usable = {str(kind): str(path) for kind, path in selection.paths.items()}
        said.extend(f"{kind}: the newest record is expired" for kind in selection.expired)
        said.extend(f"{kind}: no record" for kind in RecordKind if kind not in selection.records)
    if as_json:
        terminal.print_json({"folder": str(place), "good": not said, "problems": said, "used": usable})
    else:
        terminal.say("\n".join(said) or f"{place}: a valid record of every kind, none damaged")
    if said:
        raise StorageError(f"{place}: {len(said)} problems with the calibration records")


def _folder(folder: Path | None, rig: Path | None) -> Path:
    if (folder is None) == (rig is None):
        raise ConfigurationError("give either the calibration folder or --rig FILE")
    return folder if folder is not None else read_rig_file(_present(rig)).calibration_folder


def _present(path: Path | None) -> Path:
    assert path is not None
    return path


def _statuses(folder: Path) -> list[RecordStatus]:
    def order(status: RecordStatus) -> tuple[str, float]:
        if status.record is None:
            return "", 0.0
        return str(status.record.kind), -status.record.created.timestamp()

    return sorted(check_records(folder, datetime.now(UTC)), key=order)


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
    place = _folder(folder, rig)
    found = [
        status
        for status in _statuses(place)
        if status.path.name == path.name
        or (status.record is not None and status.record.sha256.startswith(reference))
    ]
    if len(found) != 1:
        raise ConfigurationError(f"{place}: {len(found)} records are named {reference!r}")
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
        return f"{value[0]} ... {value[-1]} ({len(value)} values)"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    return str(value)


def _trouble(status: RecordStatus) -> str:
    if status.state is RecordState.DAMAGED:
        return f"{status.path.name}: damaged: {status.message}"
    if status.state is RecordState.FUTURE:
        return f"{status.path.name}: dated in the future"
    if status.raw in (RawState.MISSING, RawState.CHANGED):
        return f"{status.path.name}: its raw data are {status.raw}"
    return ""
