"""Columns of numbers from a text file, whoever wrote it; every complaint names the line.

Certificates and exports differ in separator, decimal mark and header. What a file uses is found from the file
as a whole and has to be the same on every line: a row that could be read in two ways is refused, not guessed
at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_WORD = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_COMMENT = ("#", ">>>>>")
"""Lines that begin so carry no data; the second is how spectrometer programs frame theirs."""


@dataclass(frozen=True)
class TextTable:
    """The rows of one file.

    Attributes:
        source: the file, for messages.
        rows: [rows, columns], all finite.
        line_numbers: line of each row, counted from 1.
        header: the lines before the first row, without comments and blank lines.
    """

    source: str
    rows: FloatArray
    line_numbers: tuple[int, ...]
    header: tuple[str, ...]

    def refuse(self, row: int, why: str) -> CurveError:
        """The error for one row; `row` counts from 0."""
        return CurveError(f"{self.source}, line {self.line_numbers[row]}: {why}")

    def require_rising(self, what: str, unit: str) -> None:
        """Refuse a first column that doesn't rise from row to row; raises `CurveError` with the line."""
        first = self.rows[:, 0]
        for row in np.flatnonzero(np.diff(first) <= 0) + 1:
            if first[row] == first[row - 1]:
                raise self.refuse(int(row), f"{what} {first[row]:g} {unit} stands there twice")
            raise self.refuse(
                int(row), f"{what} {first[row]:g} {unit} comes after {first[row - 1]:g} {unit}; sort the rows"
            )

    def require_rows(self, least: int, what: str) -> None:
        """Refuse a table of fewer than `least` rows; raises `CurveError` with the last line."""
        if len(self.rows) < least:
            raise self.refuse(
                len(self.rows) - 1, f"only {len(self.rows)} rows; {what} needs at least {least}"
            )


@dataclass(frozen=True)
class _Line:
    number: int
    separator: str
    fields: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        return all(_NUMBER.fullmatch(field) or _WORD.fullmatch(field) for field in self.fields)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8 or, failing that, Latin-1 (µ and ² in old exports).

    Raises:
        CurveError: it can't be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CurveError(f"{path}: can't be read ({error.strerror})") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read_table(path: Path, columns: Sequence[int]) -> TextTable:
    """Read a table of numbers.

    Args:
        path: the file. Comma, tab, space or semicolon between columns; decimal point or comma; header lines
            before the first row; `#` comments anywhere.
        columns: the numbers of columns that may be there, e.g. (2, 3).

    Raises:
        CurveError: the file can't be read, holds no rows, or a row is damaged, written differently from the
            others, or not finite; with file and line.
    """
    return parse_table(read_text(path), str(path), columns)


def parse_table(text: str, source: str, columns: Sequence[int]) -> TextTable:
    """As `read_table`, from text."""
    header, lines = _header_and_rows(text, columns)
    if not lines:
        raise CurveError(f"{source}: no row of {_wanted(columns)} numbers in it")
    _refuse_damaged_first_row(header, lines[0], source)
    first = lines[0]
    decimal = _decimal_mark(lines, source)
    rows: list[list[float]] = []
    for line in lines:
        if not line.numeric or len(line.fields) != len(first.fields):
            raise CurveError(
                f"{source}, line {line.number}: not a row of {len(first.fields)} numbers like line "
                f"{first.number}"
            )
        if line.separator != first.separator:
            raise CurveError(
                f"{source}, line {line.number}: its columns are separated by {line.separator}, those of line "
                f"{first.number} by {first.separator}"
            )
        row = [float(field.replace(",", ".") if decimal == "," else field) for field in line.fields]
        if not np.isfinite(row).all():
            raise CurveError(f"{source}, line {line.number}: holds a number that isn't finite")
        rows.append(row)
    return TextTable(
        source, np.array(rows), tuple(line.number for line in lines), tuple(text for _, text in header)
    )


def _header_and_rows(text: str, columns: Sequence[int]) -> tuple[list[tuple[int, str]], list[_Line]]:
    header: list[tuple[int, str]] = []
    lines: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        stripped = raw.split("#")[0].strip()
        if not stripped or stripped.startswith(_COMMENT):
            continue
        line = _split(number, stripped)
        if lines or (line.numeric and len(line.fields) in columns):
            lines.append(line)
        else:
            header.append((number, stripped))
    return header, lines


def _split(number: int, text: str) -> _Line:
    if ";" in text:
        return _Line(number, "semicolons", tuple(field.strip() for field in text.split(";")))
    if re.search(r",\s|\s,", text) or ("," in text and not re.search(r"\s", text)):
        return _Line(number, "commas", tuple(field.strip() for field in text.split(",")))
    return _Line(number, "spaces or tabs", tuple(text.split()))


def _decimal_mark(lines: Sequence[_Line], source: str) -> str:
    """The one decimal mark of the file; '.' where there is none."""
    found: tuple[str, int] | None = None
    for line in lines:
        for field in line.fields:
            mark = "," if "," in field else "." if "." in field else None
            if mark is None or not _NUMBER.fullmatch(field):
                continue
            if found is not None and found[0] != mark:
                raise CurveError(
                    f"{source}, line {line.number}: decimal mark {mark!r} where line {found[1]} has "
                    f"{found[0]!r}; is one of them a thousands separator?"
                )
            found = found or (mark, line.number)
    return found[0] if found else "."


def _refuse_damaged_first_row(header: Sequence[tuple[int, str]], first: _Line, source: str) -> None:
    """A first row with a typing error must not pass for the end of the header."""
    if not header:
        return
    number, text = header[-1]
    fields = _split(number, text).fields
    if len(fields) == len(first.fields) and fields[0][:1].isdigit():
        raise CurveError(
            f"{source}, line {number}: looks like a row of numbers but isn't one ({text!r}); mend it, or "
            "put # before it if it is a heading"
        )


def _wanted(columns: Sequence[int]) -> str:
    return " or ".join(str(count) for count in columns)
