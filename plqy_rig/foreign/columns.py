"""Which column is the wavelength and which the intensity: by name, by option, or by asking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.numbers import parse_number
from plqy_rig.foreign.table import Table

_WAVELENGTH = re.compile(
    r"wave\s*-?_?length|^wave$|wavel\b|^wl\b|\bwl\b|lambda|λ|wellenl|longueur|longitud de onda|lunghezza d|"
    r"comprimento de onda|длина волны|波長|波长|^\W*nm\W*$|[(\[]\s*nm\s*[)\]]|^x$",
    re.IGNORECASE,
)
_INTENSITY = re.compile(
    r"intens|counts?\b|\bcps\b|\bcts\b|signal|irradiance|photons?|flux|power|\ba\.?u\.?\b|scope|sample|processed|"
    r"spectrum|zählung|\bS1c?\b|\braw\b|subtract|^y$",
    re.IGNORECASE,
)
_NO_INTENSITY = re.compile(
    r"err|\bstd|\bsd\b|sigma|uncert|dark(?!\W*(subtract|correct))|background|reference|\bref\b|\bR1\b|time|pixel|index|^#$|channel|^n$",
    re.IGNORECASE,
)
_OTHER_AXES = (
    (
        re.compile(r"wave\s*-?_?number|cm\s*\^?\s*[-−]\s*1|1\s*/\s*cm|cm⁻¹|raman", re.IGNORECASE),
        "wavenumbers in 1/cm",
    ),
    (re.compile(r"\bm?ev\b|energy|energie", re.IGNORECASE), "energies in eV"),
    (re.compile(r"[µμ]m\b|\bum\b|micron|micromet", re.IGNORECASE), "wavelengths in µm"),
    (re.compile(r"\bthz\b|frequency|\bhz\b", re.IGNORECASE), "frequencies"),
    (re.compile(r"å|ångstr|angstr", re.IGNORECASE), "wavelengths in Å"),
    (re.compile(r"^time|^t$|^t\s*[/(\[]|\bdelay\b", re.IGNORECASE), "times"),
    (re.compile(r"^pixels?$", re.IGNORECASE), "pixel numbers"),
)
_UNITS_ROW = re.compile(r"^[\[(]?\s*(nm|nanomet\w*)\s*[\])]?$", re.IGNORECASE)
_MOST_NAME_LINES = 3
_AXIS_KEY = re.compile(r"^\W*x\s*-?_?axis(\s*mode|\s*unit)?\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are used.

    Attributes:
        wavelength: index of the wavelength column.
        intensities: indices of the intensity columns, one per repeat.
        names: of the intensity columns; "" where the file has no names.
    """

    wavelength: int
    intensities: tuple[int, ...]
    names: tuple[str, ...]


def choose_columns(table: Table, wanted: Sequence[str]) -> Columns:
    """Pick the wavelength and intensity columns.

    Args:
        table: what was found in the file.
        wanted: names or 1-based numbers of intensity columns as the user gave them; several are repeats.

    Raises:
        ForeignFileError: the x axis isn't in nm, a wanted column isn't there, or several could be meant.
    """
    names = column_names(table)
    _refuse_other_axes(table, names)
    if table.columns < 2:
        raise ForeignFileError(table.path, "has one column; a spectrum needs wavelength and intensity")
    wavelengths = [i for i, name in enumerate(names) if _WAVELENGTH.search(name)] if names else []
    wavelength = wavelengths[0] if wavelengths else 0
    _refuse_axis(table, names[wavelength] if names else "")
    _same_wavelengths(table, wavelengths)
    others = [i for i in range(table.columns) if i != wavelength and i not in wavelengths]
    if not others:
        raise ForeignFileError(table.path, "has wavelength columns only, no intensity")
    chosen = _wanted(table, names, others, wanted) if wanted else _obvious(table, names, others)
    return Columns(wavelength, chosen, tuple(names[i] if names else "" for i in chosen))


def column_names(table: Table) -> tuple[str, ...]:
    """Names of the columns from the line above the numbers, or () where there is none."""
    above = [line for line in table.header if line.strip()]
    labels = _labels_row(table, above)
    if labels:
        return labels
    lines = _name_lines(table, above)
    if not lines:
        return ()
    _refuse_comma_twice(table, [field for field in lines[-1] if field])
    named = next((i for i, line in enumerate(lines) if any(map(_WAVELENGTH.search, line))), len(lines) - 1)
    if named + 1 < len(lines) and _UNITS_ROW.match(lines[named + 1][0]):
        return _joined(lines[named], lines[named + 1], table.columns)
    if named:
        return _titled(lines[named - 1], _cut(lines[named], table))
    return _cut(lines[named], table)


def _titled(titles: Sequence[str], names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of several pairs wavelength, value, where each pair's title stands above its wavelength."""
    pairs = [i for i in range(1, len(names), 2) if _WAVELENGTH.search(names[i - 1])]
    if len(pairs) < 2 or len({names[i] for i in pairs}) > 1:
        return names
    above = [*titles, *[""] * len(names)]
    return tuple(above[i - 1] if i in pairs and above[i - 1] else name for i, name in enumerate(names))


def _name_lines(table: Table, above: Sequence[str]) -> list[list[str]]:
    """Up to three lines straight above the numbers that have their columns: names, units, comments."""
    found: list[list[str]] = []
    for line in reversed(above[-_MOST_NAME_LINES:]):
        fields = _name_fields(table, line)
        filled = sum(map(bool, fields))
        is_setting = bool(fields) and fields[0].endswith(("=", ":"))
        if not min(2, table.columns) <= filled <= table.columns or ">>>" in line or is_setting:
            break
        found.insert(0, fields)
    return found


def _name_fields(table: Table, line: str) -> list[str]:
    """Fields of a line of names; names may be delimited by blanks above numbers delimited otherwise."""
    bare = line.lstrip().lstrip("#%").strip("\r\n")
    fields = table.dialect.fields(bare)
    while len(fields) > table.columns and not fields[-1]:
        fields.pop()
    words = bare.split()
    return words if len(fields) != table.columns and len(words) == table.columns else fields


def _labels_row(table: Table, above: Sequence[str]) -> tuple[str, ...]:
    """Names from a header that has one line per property and a column per scan ("Labels,a,b")."""
    for line in above:
        fields = _name_fields(table, line)
        if len(fields) >= 2 and fields[0].lower() == "labels":
            return _cut(["wavelength", *fields[1:]], table)
    return ()


def _cut(fields: Sequence[str], table: Table) -> tuple[str, ...]:
    return tuple([*fields, *[""] * table.columns][: table.columns])


def _joined(names: Sequence[str], units: Sequence[str], columns: int) -> tuple[str, ...]:
    """Names with the units that stand in a row of their own below them."""
    padded = [[*row, *[""] * columns][:columns] for row in (names, units)]
    return tuple(f"{name} ({unit})" if unit else name for name, unit in zip(*padded, strict=True))


def _refuse_comma_twice(table: Table, names: Sequence[str]) -> None:
    if table.dialect.delimiter == "," and table.columns == 2 * len(names):
        raise ForeignFileError(
            table.path,
            "the comma seems to be the decimal sign and the delimiter at once; export with semicolons "
            "or tabs",
        )


def _refuse_other_axes(table: Table, names: Sequence[str]) -> None:
    """Refuse files that say in their header that the x axis is something else."""
    for line in table.header:
        key, _, value = line.partition(":") if ":" in line else _key_and_rest(table, line)
        if _AXIS_KEY.match(key.strip()):
            _refuse_axis(table, value.strip())
    if names and not _WAVELENGTH.search(names[0]) and not any(map(_WAVELENGTH.search, names)):
        _refuse_axis(table, names[0])


def _key_and_rest(table: Table, line: str) -> tuple[str, str, str]:
    fields = table.dialect.fields(line)
    return (fields[0], "", fields[1]) if len(fields) > 1 else (line, "", "")


def _refuse_axis(table: Table, name: str) -> None:
    for pattern, what in _OTHER_AXES:
        if pattern.search(name):
            raise ForeignFileError(
                table.path, f"its first axis {name!r} means {what}; export the spectrum over wavelength in nm"
            )


def _same_wavelengths(table: Table, wavelengths: Sequence[int]) -> None:
    """Refuse tables in pairs of columns whose wavelengths differ."""
    for row, line in zip(table.rows, table.line_numbers, strict=True):
        values = {parse_number(row[i], table.dialect.decimal) for i in wavelengths if i < len(row) and row[i]}
        if len(values) > 1:
            raise ForeignFileError(
                table.path,
                f"its wavelength columns differ ({', '.join(map(str, values))}); use one file each",
                line,
            )


def _wanted(
    table: Table, names: Sequence[str], others: Sequence[int], wanted: Sequence[str]
) -> tuple[int, ...]:
    chosen = []
    for text in wanted:
        matches = [i for i in others if names and names[i].casefold() == text.casefold()]
        if not matches and text.isascii() and text.isdigit() and int(text) - 1 in others:
            matches = [int(text) - 1]
        if len(matches) != 1:
            raise ForeignFileError(
                table.path, f"--column {text}: {'several' if matches else 'no'} such intensity column; "
                f"choose from {_listed(names, others)}"
            )  # fmt: skip
        chosen.append(matches[0])
    if len(set(chosen)) != len(chosen):
        raise ForeignFileError(table.path, f"--column: the same column twice ({', '.join(wanted)})")
    return tuple(chosen)


def _obvious(table: Table, names: Sequence[str], others: Sequence[int]) -> tuple[int, ...]:
    if len(others) == 1:
        return (others[0],)
    sensible = [i for i in others if names and not _NO_INTENSITY.search(names[i])]
    # Columns without a name beside a named one are further scans under one heading, not something else.
    nameless = [i for i in sensible if not names[i] and any(i < len(row) and row[i] for row in table.rows)]
    for candidates in ([i for i in sensible if _INTENSITY.search(names[i])], sensible):
        if len(candidates) == 1 and not nameless:
            return (candidates[0],)
    hint = ""
    if table.dialect.delimiter == "," and not any("." in field for row in table.rows for field in row):
        hint = "; or, if its comma is also the decimal sign, export with semicolons or tabs"
    raise ForeignFileError(
        table.path,
        f"has {len(others)} columns that could be the intensity: {_listed(names, others)}; choose with "
        f"--column (given several times, the columns are repeats){hint}",
    )


def _listed(names: Sequence[str], columns: Sequence[int]) -> str:
    return ", ".join(f"{i + 1} ({names[i]})" if names and names[i] else str(i + 1) for i in columns)
