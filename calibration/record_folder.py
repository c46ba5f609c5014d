"""A folder of records: which ones hold for a measurement, and what state all of them are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from calibration.errors import RecordError
from calibration.new_record import RawState, raw_state
from calibration.records import AnyKind, CheckKind, Record, RecordKind, read_record

DEFAULT_LAMP_HOURS = 50.0
"""Burning hours after which a lamp's certificate lapses, unless the certificate says otherwise."""
_LEAST_HASH_CHARACTERS = 6


class RecordState(StrEnum):
    """What can be said about a record file."""

    VALID = "valid"
    EXPIRED = "expired"
    FUTURE = "future"
    """Its date lies ahead: one of two computers' clocks is wrong."""
    DAMAGED = "damaged"
    """Truncated, changed, or no record at all."""


@dataclass(frozen=True)
class RecordStatus:
    """One file of a calibration folder.

    Attributes:
        path: the file.
        state: whether it can be used.
        record: None where it is damaged.
        age: since it was made; None where it is damaged.
        raw: state of the raw data beside it.
        message: why it is damaged; empty otherwise.
    """

    path: Path
    state: RecordState
    record: Record | None
    age: timedelta | None
    raw: RawState
    message: str


@dataclass(frozen=True)
class Selection:
    """The records that hold for a measurement.

    Attributes:
        records: one of each kind that there is one of.
        paths: where they are.
        expired: kinds whose record was past its date; results are to be stamped.
        warnings: sentences.
        chosen: kinds that were chosen by hand.
    """

    records: Mapping[RecordKind, Record]
    paths: Mapping[RecordKind, Path]
    expired: tuple[RecordKind, ...]
    warnings: tuple[str, ...]
    chosen: tuple[RecordKind, ...] = ()


def check_records(folder: Path, at: datetime) -> tuple[RecordStatus, ...]:
    """The state of every record in `folder`, by name; damaged ones are listed, not raised.

    Raises:
        RecordError: the folder doesn't exist.
    """
    statuses = [_status(path, at) for path in _record_files(folder)]
    return tuple(
        status if status.record is None else replace(status, raw=raw_state(status.path, status.record))
        for status in statuses
    )


def select_records(
    folder: Path,
    serial_numbers: Mapping[str, str],
    at: datetime,
    chosen: Sequence[str | Path] = (),
) -> Selection:
    """The records to use: of each kind the newest valid one that belongs to these instruments.

    A record belongs to the instruments if every role that both know has the same serial number. An expired
    one is taken only where no valid one is left, and told. Records dated after `at` aren't taken.

    Args:
        folder: of records.
        serial_numbers: of the instruments in use, by role.
        at: when the measurement is made.
        chosen: records to use whatever their age, by path (also relative to `folder`) or by the first six or
            more characters of their hash.

    Raises:
        RecordError: the folder doesn't exist, a file in it is damaged, or a chosen record isn't found.
    """
    statuses = [_status(path, at) for path in _record_files(folder)]
    _refuse_damaged(statuses)
    picked: dict[RecordKind, RecordStatus] = {}
    for reference in chosen:
        status = _find(reference, folder, statuses, at)
        picked[_sweep_kind(status)] = status
    warnings = [
        f"{status.path.name} was chosen by hand but is of {other}"
        for status in picked.values()
        if (other := _foreign_serials(status, serial_numbers))
    ]
    by_hand = tuple(picked)
    for kind in RecordKind:
        if kind not in picked:
            best, why_not = _newest(statuses, kind, serial_numbers)
            warnings.extend(why_not)
            if best is not None:
                picked[kind] = best
    expired = tuple(kind for kind, status in picked.items() if status.state is RecordState.EXPIRED)
    warnings.extend(f"{picked[kind].path.name}: calibration expired" for kind in expired)
    return Selection(
        {kind: _record(status) for kind, status in picked.items()},
        {kind: status.path for kind, status in picked.items()},
        expired,
        tuple(warnings),
        by_hand,
    )


def select_checks(folder: Path, serial_numbers: Mapping[str, str], at: datetime) -> dict[CheckKind, Record]:
    """Of each kind of check the record that belongs to these instruments, by the rules of `select_records`.

    Another lamp's certificate or another spectrometer's wavelengths are never taken. Damaged files are left
    out: no result stands on a check.

    Args:
        folder: of records.
        serial_numbers: of the instruments in use, by role.
        at: when they are used.

    Raises:
        RecordError: the folder doesn't exist.
    """
    statuses = [status for path in _record_files(folder) if (status := _status(path, at)).record is not None]
    best = {kind: _newest(statuses, kind, serial_numbers)[0] for kind in CheckKind}
    return {kind: _record(status) for kind, status in best.items() if status is not None}


def lamp_warnings(record: Record, *, at: datetime, hours_used: float) -> tuple[str, ...]:
    """Why a lamp's certificate shouldn't be relied on any more: its date or its burning hours."""
    warnings = []
    hours_limit = float(record.values.get("valid_hours", DEFAULT_LAMP_HOURS))
    if record.expired_at(at):
        warnings.append(f"the lamp's certificate expired on {record.expires:%Y-%m-%d}")
    if hours_used > hours_limit:
        warnings.append(
            f"the lamp has burnt {hours_used:g} h since its certificate (limit {hours_limit:g} h)"
        )
    return tuple(warnings)


def _record_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise RecordError(f"{folder}: the calibration folder doesn't exist")
    return sorted(folder.glob("*.json"))


def _status(path: Path, at: datetime) -> RecordStatus:
    try:
        record = read_record(path)
    except RecordError as error:
        return RecordStatus(path, RecordState.DAMAGED, None, None, RawState.NONE, str(error))
    state = RecordState.VALID
    if record.created > at:
        state = RecordState.FUTURE
    elif record.expired_at(at):
        state = RecordState.EXPIRED
    return RecordStatus(path, state, record, at - record.created, RawState.NONE, "")


def _refuse_damaged(statuses: Sequence[RecordStatus]) -> None:
    """A damaged file might be the newest record of its kind: an older one mustn't slip into its place."""
    damaged = [status.message for status in statuses if status.state is RecordState.DAMAGED]
    if damaged:
        raise RecordError(
            f"{'; '.join(damaged)} It might be the newest of its kind: put the original back, or move it out "
            "of the folder."
        )


def _find(
    reference: str | Path, folder: Path, statuses: Sequence[RecordStatus], at: datetime
) -> RecordStatus:
    text = str(reference)
    if isinstance(reference, Path) or text.endswith(".json"):
        path = Path(reference)
        status = _status(path if path.exists() else folder / path, at)
        if status.state is RecordState.DAMAGED:
            raise RecordError(status.message)
        return status
    if len(text) < _LEAST_HASH_CHARACTERS:
        raise RecordError(
            f"{text!r}: give a path or at least {_LEAST_HASH_CHARACTERS} characters of the hash"
        )
    found = [status for status in statuses if _record(status).sha256.startswith(text.lower())]
    if len({_record(status).sha256 for status in found}) != 1:
        raise RecordError(f"{text!r}: {len(found)} records have a hash that begins so; one is needed")
    return found[0]


def _sweep_kind(status: RecordStatus) -> RecordKind:
    kind = _record(status).kind
    if not isinstance(kind, RecordKind):
        raise RecordError(f"{status.path}: a {kind} record is a check; no evaluation uses it")
    return kind


def _newest(
    statuses: Sequence[RecordStatus], kind: AnyKind, serial_numbers: Mapping[str, str]
) -> tuple[RecordStatus | None, list[str]]:
    """The best record of a kind, and why newer ones weren't taken."""
    of_kind = [status for status in statuses if _record(status).kind is kind]
    own = [status for status in of_kind if not _foreign_serials(status, serial_numbers)]
    for state in (RecordState.VALID, RecordState.EXPIRED):
        usable = [status for status in own if status.state is state]
        if usable:
            return max(usable, key=lambda status: _record(status).created), []
    warnings = [
        f"{status.path.name} isn't used: it is of {_foreign_serials(status, serial_numbers)}"
        for status in of_kind
        if status not in own
    ]
    warnings.extend(
        f"{status.path.name} isn't used: it is dated {_record(status).created:%Y-%m-%d %H:%M} UTC, in the "
        "future; check the computer's clock"
        for status in own
    )
    return None, warnings


def foreign_instruments(record: Record, serial_numbers: Mapping[str, str]) -> str:
    """The instruments of a record that aren't the ones in use, as words; empty if there are none.

    Args:
        record: any.
        serial_numbers: of the instruments in use, by role; a role that either doesn't know isn't compared.
    """
    return ", ".join(
        f"{role} {serial} (in use: {serial_numbers[role]})"
        for role, serial in record.instruments.items()
        if role in serial_numbers and serial_numbers[role] != serial
    )


def _foreign_serials(status: RecordStatus, serial_numbers: Mapping[str, str]) -> str:
    return foreign_instruments(_record(status), serial_numbers)


def _record(status: RecordStatus) -> Record:
    if status.record is None:
        raise RecordError(status.message)
    return status.record
