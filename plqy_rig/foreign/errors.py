"""What can be wrong with files from other programs.

ConfigurationError           exit code 2 (drivers.errors)
└── ForeignFileError         a file that can't be read as a spectrum, or doesn't fit the others
"""

from __future__ import annotations

from pathlib import Path

from drivers.errors import ConfigurationError


class ForeignFileError(ConfigurationError):
    """A file that can't be used; the message names it, the line where there is one, and what to do.

    Attributes:
        path: the file.
        line: 1-based line, or None where the file as a whole is meant.
    """

    def __init__(self, path: Path, message: str, line: int | None = None) -> None:
        where = str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {message}")
        self.path = path
        self.line = line
