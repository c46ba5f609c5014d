"""One value of the rig file changed in place; everything else in it stays as it was written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from drivers.errors import ConfigurationError
from plqy_rig.config import read_rig_file, read_toml
from plqy_rig.data.files import replace_durably
from procedures.calibrations import ProposedSetting

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]\s*(#.*)?$")


def write_setting(path: Path, setting: ProposedSetting) -> float:
    """Change a number of the rig file: comments, order and line ends stay; written beside it, then renamed.

    Args:
        path: of the rig file.
        setting: section, key and new value.

    Returns:
        The value that stood there.

    Raises:
        ConfigurationError: the key has no line of its own, or the new file wouldn't be valid.
        StorageError: it can't be written.
    """
    text, before = _read(path)
    changed = _changed(path, text, setting)
    old = float(before[setting.section][setting.key])
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(changed.encode("utf-8"))
        shutil.copymode(path, part)
        _verify(part, before, setting)
        replace_durably(part, path)
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    return old


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Text with its own line ends, and content."""
    _, document = read_toml(path, "rig file")
    return path.read_bytes().decode("utf-8"), document


def _changed(path: Path, text: str, setting: ProposedSetting) -> str:
    line = re.compile(rf"(\s*{re.escape(setting.key)}\s*=\s*)([^\s#]+)(.*)$", re.DOTALL)
    lines = text.splitlines(keepends=True)
    section = ""
    for index, content in enumerate(lines):
        header = _HEADER.match(content.rstrip("\r\n"))
        if header:
            section = header[1]
        found = line.match(content) if section == setting.section else None
        if found:
            lines[index] = f"{found[1]}{_number(setting.new)}{found[3]}"
            return "".join(lines)
    raise ConfigurationError(
        f"{path}: {setting.key} isn't on a line of its own under [{setting.section}]; write "
        f"{setting.key} = {_number(setting.new)} there yourself"
    )


def _number(value: float) -> str:
    """A float of TOML needs its point."""
    return repr(float(value))


def _verify(part: Path, before: dict[str, Any], setting: ProposedSetting) -> None:
    """The new file must be valid, and differ in this value alone."""
    configuration = read_rig_file(part).configuration
    _, after = read_toml(part, "rig file")
    expected = {**before, setting.section: {**before[setting.section], setting.key: setting.new}}
    if after != expected:
        raise ConfigurationError(f"{part}: more than {setting.section}.{setting.key} would change")
    laser = configuration.laser
    low, high = laser.temperature_range_c
    if not low <= laser.temperature_c <= high:
        raise ConfigurationError(
            f"laser.temperature_c {laser.temperature_c:g} lies outside temperature_range_c {low:g}..{high:g}"
        )
