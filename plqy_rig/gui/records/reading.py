"""What the Records page shows, worked out from a calibration folder: no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from calibration import (
    RawState,
    Record,
    RecordKind,
    RecordState,
    RecordStatus,
    Selection,
    check_records,
    select_records,
)
from plqy_rig.gui.results.text import span_words

KIND_WORDS = {
    "response": "Response",
    "long_pass": "Long-pass",
    "linearity": "Linearity",
    "monitor_ratio": "Monitor ratio",
    "beam": "Beam",
    "wheel": "Wheel",
    "lamp": "Lamp certificate",
    "detector": "Detector",
    "wavelength": "Wavelength",
    "laser_check": "Laser check",
    "mode_hops": "Mode hops",
}
_STATES = {
    RecordState.VALID: ("good", "valid"),
    RecordState.EXPIRED: ("warning", "expired"),
    RecordState.FUTURE: ("bad", "dated in the future"),
    RecordState.DAMAGED: ("bad", "damaged"),
}
_RAW_WORDS = {
    RawState.NONE: "none beside it",
    RawState.SOUND: "beside it, sound",
    RawState.MISSING: "missing",
    RawState.CHANGED: "changed after the record was made",
}
_SOON_DAYS = 30
_LONGEST_SHOWN = 6


@dataclass(frozen=True)
class RecordLine:
    """One file of the folder.

    Attributes:
        status: what can be said about it.
        at: when that was said.
        used: whether a run now would use it.
    """

    status: RecordStatus
    at: datetime
    used: bool

    @property
    def record(self) -> Record | None:
        """Get the record; None where it is damaged."""
        return self.status.record

    @property
    def kind(self) -> str:
        """Get the kind in words."""
        return "Not readable" if self.record is None else kind_words(str(self.record.kind))

    @property
    def state(self) -> tuple[str, str]:
        """Get how good it is (as a state of the theme) and the word for it."""
        state, word = _STATES[self.status.state]
        if self.status.raw in (RawState.MISSING, RawState.CHANGED):
            return "warning", f"{word}, raw data {self.status.raw}"
        if state == "good" and self._expires_soon:
            return "warning", f"{word}, expires soon"
        return state, word

    @property
    def _expires_soon(self) -> bool:
        """A month before the end, or the last sixth of what holds for a shorter time."""
        if self.record is None:
            return False
        whole, left = self.record.expires - self.record.created, self.record.expires - self.at
        return left < min(timedelta(days=_SOON_DAYS), whole / 6)

    @property
    def age(self) -> str:
        """Get how old it is."""
        return "–" if self.status.age is None else span_words(self.status.age)

    @property
    def expires(self) -> str:
        """Get until when it holds, in words."""
        if self.record is None:
            return "–"
        left = self.record.expires - self.at
        words = span_words(left)
        return f"in {words}" if left.total_seconds() >= 0 else f"{words} ago"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Get what is told about it in detail: heads and texts."""
        record = self.record
        if record is None:
            return (
                ("File", self.status.path.name),
                ("Folder", str(self.status.path.parent)),
                ("Damage", _without_path(self.status)),
            )
        instruments = ", ".join(f"{name} {serial}" for name, serial in record.instruments.items())
        return (
            ("Made", f"{record.created:%Y-%m-%d %H:%M} UTC, {self.age} ago"),
            ("Good until", f"{record.expires:%Y-%m-%d} ({self.expires})"),
            ("Operator", record.operator or "not given"),
            ("How", record.origin),
            ("Instruments", instruments or "none named"),
            ("Raw data", _RAW_WORDS[self.status.raw]),
            ("Hash", " ".join(record.sha256[start : start + 16] for start in range(0, 64, 16))),
            ("File", self.status.path.name),
            ("Folder", str(self.status.path.parent)),
        )


@dataclass(frozen=True)
class KindChoice:
    """Which record of a kind a run would use now.

    Attributes:
        kind: in words.
        state: of the theme.
        word: "valid", "expired", "missing".
        sentence: which record, and why that one.
        path: of the record; None where there is none.
    """

    kind: str
    state: str
    word: str
    sentence: str
    path: Path | None


@dataclass(frozen=True)
class FolderReading:
    """A calibration folder as it is now.

    Attributes:
        folder: which.
        lines: every file, by kind, the newest of each first; damaged ones on top.
        choices: for each kind that a run needs.
        problems: what is wrong, in sentences; empty where all is well.
        remarks: why newer records aren't used, in sentences.
    """

    folder: Path
    lines: tuple[RecordLine, ...]
    choices: tuple[KindChoice, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def kind_words(kind: str) -> str:
    """A kind of record for people."""
    return KIND_WORDS.get(kind, kind.replace("_", " ").capitalize())


def read_folder(folder: Path, serial_numbers: Mapping[str, str], chosen: Sequence[str] = ()) -> FolderReading:
    """Look at every record of a folder.

    Args:
        folder: of the records.
        serial_numbers: of the instruments in use, by role; empty where nobody knows.
        chosen: records that the rig file names.

    Raises:
        RecordError: the folder doesn't exist, or a record that the rig file names isn't there.
    """
    now = datetime.now(UTC)
    statuses = sorted(check_records(folder, now), key=_order)
    damaged = [status for status in statuses if status.state is RecordState.DAMAGED]
    selection: Selection | None = None
    if not damaged:
        selection = select_records(folder, serial_numbers, now, chosen)
    used = set() if selection is None else set(selection.paths.values())
    lines = tuple(RecordLine(status, now, status.path in used) for status in statuses)
    choices = tuple(_choice(kind, lines, selection) for kind in RecordKind)
    return FolderReading(
        folder,
        lines,
        choices,
        _problems(lines, choices),
        () if selection is None else tuple(selection.warnings),
    )


def value_rows(record: Record) -> list[tuple[str, str]]:
    """The record's own numbers: names and shortened texts."""
    from plqy_rig.gui.results.differences import words_of_key

    return [(words_of_key(name), _short(value)) for name, value in record.values.items()]


def _order(status: RecordStatus) -> tuple[int, float]:
    if status.record is None:
        return -1, 0.0
    kinds = list(KIND_WORDS)
    kind = str(status.record.kind)
    place = kinds.index(kind) if kind in kinds else len(kinds)
    return place, -status.record.created.timestamp()


def _choice(kind: RecordKind, lines: tuple[RecordLine, ...], selection: Selection | None) -> KindChoice:
    words = kind_words(str(kind))
    if selection is None:
        return KindChoice(
            words, "bad", "blocked", "A damaged file might be the newest record: move it away first.", None
        )
    path = selection.paths.get(kind)
    if path is None:
        return KindChoice(words, "bad", "missing", "No run can be evaluated without one.", None)
    sha256 = selection.records[kind].sha256
    line = next(line for line in lines if line.record is not None and line.record.sha256 == sha256)
    of_kind = [other for other in lines if other.record is not None and other.record.kind is kind]
    expired = kind in selection.expired
    why = (
        "The rig file names it (calibration.records)."
        if kind in selection.chosen
        else _why(line, of_kind, expired=expired)
    )
    state = "warning" if expired else line.state[0]
    return KindChoice(words, state, "expired" if expired else line.state[1], why, path)


def _why(line: RecordLine, of_kind: list[RecordLine], *, expired: bool) -> str:
    assert line.record is not None
    made = f"Of {line.record.created:%Y-%m-%d}, expires {line.expires}"
    if expired:
        return f"Expired {line.expires}; no valid one is left. Results are stamped “calibration expired”."
    if len(of_kind) == 1:
        return f"{made}: the only one."
    newest = max(of_kind, key=lambda other: other.record.created if other.record else line.at)
    if newest is line:
        return f"{made}: the newest valid one of {len(of_kind)}."
    return f"{made}: newer ones are expired, dated in the future or of other instruments."


def _problems(lines: tuple[RecordLine, ...], choices: tuple[KindChoice, ...]) -> tuple[str, ...]:
    said = []
    for line in lines:
        if line.record is None:
            said.append(f"{line.status.path.name} is damaged: {_without_path(line.status)}")
        elif line.status.state is RecordState.FUTURE:
            said.append(f"{line.status.path.name} is dated in the future: check the computer's clock.")
        elif line.status.raw in (RawState.MISSING, RawState.CHANGED):
            said.append(f"{line.status.path.name}: its raw data are {line.status.raw}.")
    said += [f"{choice.kind}: {choice.word}." for choice in choices if choice.word in ("missing", "expired")]
    return tuple(said)


def _without_path(status: RecordStatus) -> str:
    """What is said of a file, without its path, which stands beside it already."""
    return status.message.removeprefix(f"{status.path}: ")


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > _LONGEST_SHOWN:
        return f"{_short(value[0])} … {_short(value[-1])} ({len(value)} values)"
    if isinstance(value, list):
        return ", ".join(_short(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_short(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None else str(value)
