"""Lines of text to a table of fields: which delimiter, which decimal sign, where the numbers begin.

A row is a line whose first field is a number (or a NaN). The table goes from the first line that begins
with two numbers to the last row; what stands between must be a row, a comment or blank, so that damage
inside the numbers is never taken for a header or a footer.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.numbers import parse_number

_LEAST_ROWS = 3
_NEARLY = 0.9
_LARGEST_COLUMNS = 200
_MISSING = ("nan", "inf", "+inf", "-inf", "infinity", "#num!", "#n/a", "#value!")
_COMMENT = re.compile(r"\s*(#|%|//|!)")
# An error value of a spreadsheet (#NUM!) is no note.
_TRAILING_NOTE = re.compile(r"\s#(?!NUM|N/A|VALUE|REF|DIV|NAME).*$")
_BEGIN = re.compile(r">+\s*Begin .*Data\s*<+", re.IGNORECASE)
_GROUP, _GROUP_END = "<Group>", "</Group>"
_END = re.compile(r">+\s*End .*Data\s*<+", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a file separates fields and writes decimals.

    Attributes:
        delimiter: one character, or "" for any run of blanks.
        decimal: "." or ",".
    """

    delimiter: str
    decimal: str

    def fields(self, line: str) -> list[str]:
        """The stripped fields of a line; quotes hold a field together."""
        line = line.strip() if not self.delimiter else line.strip(" \r\n\ufeff")
        if not self.delimiter:
            return [field.strip('"') for field in line.split()]
        if '"' not in line:
            return [field.strip() for field in line.split(self.delimiter)]
        try:
            return [field.strip() for field in next(csv.reader([line], delimiter=self.delimiter), [])]
        except csv.Error:
            return [field.strip(' "') for field in line.split(self.delimiter)]

    def is_row(self, fields: Sequence[str]) -> bool:
        """Whether the first field is a number or stands for one that is missing."""
        return bool(fields) and (
            parse_number(fields[0], self.decimal) is not None or fields[0].lower() in _MISSING
        )

    def is_good_row(self, fields: Sequence[str]) -> bool:
        """Whether the first two fields are numbers."""
        return len(fields) >= 2 and all(parse_number(field, self.decimal) is not None for field in fields[:2])


# The order decides between dialects that read equally many rows; "400,5" is two columns, not a decimal.
_DIALECTS = tuple(
    Dialect(*pair)
    for pair in (
        ("\t", "."),
        (";", "."),
        (",", "."),
        ("", "."),
        ("\t", ","),
        (";", ","),
        (",", ","),
        ("", ","),
    )
)


@dataclass(frozen=True)
class Table:
    """The numbers of a file, still as text, and what stood around them.

    Attributes:
        path: the file.
        dialect: how its numbers are written.
        header: lines before the first row.
        rows: fields of each row; rows may differ in length.
        line_numbers: 1-based line of each row.
    """

    path: Path
    dialect: Dialect
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line_numbers: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Number of columns that hold anything."""
        widths = {max((i + 1 for i, field in enumerate(row) if field), default=0) for row in self.rows}
        return max(widths, default=0)


def find_table(lines: Sequence[str], path: Path) -> Table:
    """Find the numbers among the lines of a file.

    Raises:
        ForeignFileError: no table of at least two columns and three rows, or text between its rows.
    """
    first, last = _marked_part(lines, path)
    part = [_content(line) for line in lines[first:last]]
    dialect = _dialect(part)
    rows = _split(part, dialect)
    good = [index for index, fields in enumerate(rows) if dialect.is_good_row(fields)]
    if len(good) < _LEAST_ROWS:
        raise ForeignFileError(
            path,
            "holds no spectrum: there aren't three lines that begin with two numbers (wavelength in nm, "
            "value)",
        )
    return _collect(lines, part, first, _first_row(rows, good[0], dialect), dialect, path)


def _dialect(part: Sequence[str]) -> Dialect:
    """The decimal sign that reads most rows, and of its delimiters the first that reads nearly as many.

    Nearly: a tab file in which a damaged row happens to hold blanks stays a tab file.
    """
    signs = set("".join(part))
    possible = [
        dialect
        for dialect in _DIALECTS
        if (not dialect.delimiter or dialect.delimiter in signs) and dialect.decimal in signs | {"."}
    ]
    scores = {dialect: sum(map(dialect.is_good_row, _split(part, dialect))) for dialect in possible}
    best = max(possible, key=lambda dialect: scores[dialect])
    return next(
        dialect
        for dialect in possible
        if dialect.decimal == best.decimal and scores[dialect] >= _NEARLY * scores[best]
    )


def _split(part: Sequence[str], dialect: Dialect) -> list[list[str]]:
    return [dialect.fields(line) if line.strip() else [] for line in part]


def _first_row(rows: Sequence[Sequence[str]], good: int, dialect: Dialect) -> int:
    """Where the table begins: damaged rows straight above the first good one belong to it."""
    start = good
    for index in range(good - 1, -1, -1):
        if not dialect.is_row(rows[index]) or len(rows[index]) < 2:
            break
        start = index
    return start


def _collect(
    lines: Sequence[str], part: Sequence[str], first: int, start: int, dialect: Dialect, path: Path
) -> Table:
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    skipped: int | None = None
    for index in range(start, len(part)):
        if not part[index].strip():
            continue
        fields = dialect.fields(part[index])
        if not dialect.is_row(fields):
            skipped = index if skipped is None else skipped
            continue
        if skipped is not None:
            raise ForeignFileError(
                path,
                f"{part[skipped].strip()[:60]!r} stands between rows of numbers; every row must begin with "
                "a wavelength in nm (a second scan or a note belongs into a file of its own)",
                first + skipped + 1,
            )
        rows.append(tuple(fields))
        numbers.append(first + index + 1)
    if max(len(row) for row in rows) > _LARGEST_COLUMNS:
        raise ForeignFileError(
            path, "has one spectrum per line; export one spectrum per file, one wavelength per line"
        )
    return Table(path, dialect, tuple(lines[: first + start]), tuple(rows), tuple(numbers))


def _marked_part(lines: Sequence[str], path: Path) -> tuple[int, int]:
    """Lines between the maker's begin and end marks, or all."""
    groups = [i + 1 for i, line in enumerate(lines) if line.strip() == _GROUP]
    if groups:
        return _detector_group(lines, groups, path)
    begin = next((i + 1 for i, line in enumerate(lines) if _BEGIN.search(line)), 0)
    end = next((i for i, line in enumerate(lines[begin:], begin) if _END.search(line)), len(lines))
    return begin, end


def _detector_group(lines: Sequence[str], groups: Sequence[int], path: Path) -> tuple[int, int]:
    """The detector's traces in a session of FelixGX, which writes the lamp monitor's below them."""
    names = [lines[i].strip() if i < len(lines) else "" for i in groups]
    detectors = [i for i, name in zip(groups, names, strict=True) if name.lower().startswith("detector")]
    if len(detectors) != 1:
        raise ForeignFileError(
            path,
            f"holds the groups {', '.join(names)}, and {len(detectors)} of them are a detector's; export one "
            "acquisition per file",
        )
    begin = detectors[0]
    return begin, next(
        (i for i, line in enumerate(lines[begin:], begin) if line.strip() == _GROUP_END), len(lines)
    )


def _content(line: str) -> str:
    """The line without its comment."""
    return "" if _COMMENT.match(line) else _TRAILING_NOTE.sub("", line)
