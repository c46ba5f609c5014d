"""Recipe files: reading one, writing changed values back without losing its comments. No Qt."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import ConfigurationError
from plqy_rig.config import read_toml
from plqy_rig.data import load_run
from plqy_rig.data.errors import storage_error
from plqy_rig.data.toml_text import toml_text


@dataclass(frozen=True)
class RecipeFile:
    """A recipe as it came from somewhere.

    Attributes:
        path: of the file or of the run folder.
        text: TOML, with its comments.
        values: its keys and values.
        is_run: whether it came from a run folder: saving asks for a new name then.
    """

    path: Path
    text: str
    values: Mapping[str, Any]
    is_run: bool = False


def open_recipe(path: Path) -> RecipeFile:
    """Read a recipe file, or the recipe that a run folder was measured with.

    Raises:
        ConfigurationError: no TOML, not readable, or not a recipe.
        StorageError: the folder is no run.
    """
    if path.is_dir():
        recipe = dict(load_run(path).recipe)
        return RecipeFile(path, toml_text(recipe), recipe, is_run=True)
    text, values = read_toml(path, "recipe")
    if "format" in values:
        raise ConfigurationError(
            f"{path.name} is no recipe: it says format = {values['format']!r}. "
            "A rig file is opened with File, Connect to a rig."
        )
    return RecipeFile(path, text, values)


def save_recipe(path: Path, text: str) -> None:
    """Write a recipe file: whole, or the old one stays.

    Raises:
        StorageError: it can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise storage_error(error, "write", path) from error


@dataclass(frozen=True)
class Rewritten:
    """A recipe's text with new values.

    Attributes:
        text: TOML that says the new values.
        comments_kept: whether every comment of the old text is still there.
    """

    text: str
    comments_kept: bool


def rewritten(text: str, values: Mapping[str, Any]) -> Rewritten:
    """Put new values into a recipe's text; what didn't change stays as it was written.

    Args:
        text: TOML of a recipe, or empty.
        values: what it shall say; keys that aren't here are taken out.
    """
    lines: list[str] = []
    written: set[str] = set()
    comments = 0
    for statement in _statements(text):
        key = statement.key
        if key is None:
            lines.extend(statement.lines)
        elif key in values:
            written.add(key)
            same = statement.value == values[key] and type(statement.value) is type(values[key])
            lines.extend(statement.lines if same else [_with_value(statement, values[key])])
            comments += 0 if same else statement.inner_comments
        else:
            comments += len(statement.comment) > 0
    lines.extend(_assignment(key, value) for key, value in values.items() if key not in written)
    new = "\n".join(lines).strip("\n") + "\n"
    if _says(new, values):
        return Rewritten(new, comments == 0)
    return Rewritten(toml_text(values), "#" not in text)


@dataclass(frozen=True)
class _Statement:
    lines: tuple[str, ...]
    key: str | None = None
    value: Any = None
    comment: str = ""

    @property
    def inner_comments(self) -> int:
        """Comments between the lines of a value, which a new value has no place for."""
        return sum("#" in line for line in self.lines[:-1]) if len(self.lines) > 1 else 0


def _statements(text: str) -> Iterator[_Statement]:
    lines = text.splitlines()
    start = 0
    while start < len(lines):
        end = start + 1
        while (parsed := _parsed("\n".join(lines[start:end]))) is None and end < len(lines):
            end += 1
        chunk = tuple(lines[start:end])
        if parsed is None or len(parsed) != 1:
            yield _Statement(chunk)
        else:
            ((key, value),) = parsed.items()
            yield _Statement(chunk, key, value, _comment(chunk[-1]) if len(chunk) == 1 else "")
        start = end


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _comment(line: str) -> str:
    """The comment at the end of a line, with the blanks before it."""
    position = line.find("#")
    while position >= 0:
        before = line[:position]
        if _parsed(before) is not None and before.strip():
            return line[len(before.rstrip()) :]
        position = line.find("#", position + 1)
    return ""


def _with_value(statement: _Statement, value: Any) -> str:
    assert statement.key is not None
    return _assignment(statement.key, value) + statement.comment


def _assignment(key: str, value: Any) -> str:
    return toml_text({key: value}).strip()


def _says(text: str, values: Mapping[str, Any]) -> bool:
    return _parsed(text) == {key: value for key, value in values.items() if value is not None}
