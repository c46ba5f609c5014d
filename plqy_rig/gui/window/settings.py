"""What the window remembers between starts: its geometry, the theme, rig files used before."""

from __future__ import annotations

import os
from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings

ORGANISATION = "PLQY rig"
APPLICATION = "window"
FILE_VARIABLE = "PLQY_GUI_SETTINGS"
"""Environment variable with the path of a settings file, instead of the user's own; for tests."""

_MOST_RECENT = 8


class Settings:
    """The remembered things, typed; unreadable entries count as absent."""

    def __init__(self) -> None:
        path = os.environ.get(FILE_VARIABLE)
        if path:
            self._store = QSettings(path, QSettings.Format.IniFormat)
        else:
            self._store = QSettings(ORGANISATION, APPLICATION)

    def text(self, key: str, default: str = "") -> str:
        """A remembered text."""
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def number(self, key: str, default: float) -> float:
        """A remembered number."""
        try:
            return float(self._store.value(key, default))
        except (TypeError, ValueError):
            return default

    def data(self, key: str) -> QByteArray:
        """Remembered bytes, as Qt gives them for geometries; empty when there are none."""
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def remember(self, key: str, value: str | float | QByteArray | list[str]) -> None:
        """Remember something."""
        self._store.setValue(key, value)

    def save(self) -> None:
        """Write it down now."""
        self._store.sync()

    @property
    def recent_rigs(self) -> list[Path]:
        """Get the rig files used before that still exist, the last one first."""
        value = self._store.value("recent_rigs") or []
        names = [value] if isinstance(value, str) else list(value)
        return [Path(name) for name in names if Path(name).is_file()]

    def remember_rig(self, path: Path) -> None:
        """Put a rig file first among the recent ones."""
        others = [str(known) for known in self.recent_rigs if known != path]
        self.remember("recent_rigs", [str(path), *others][:_MOST_RECENT])
