"""Files that survive a power cut: written, flushed to the disk, and their folder's entry as well."""

from __future__ import annotations

import os
from pathlib import Path

from plqy_rig.data.errors import storage_error


def sync_directory(folder: Path) -> None:
    """Make sure that new names in `folder` survive a power cut.

    Does nothing on Windows, which can't open a folder and journals its names itself.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders_durably(folder: Path) -> None:
    """Make a folder and what is missing above it; the new names survive a power cut.

    Raises:
        OSError: one can't be made.
    """
    if folder.is_dir():
        return
    make_folders_durably(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_directory(folder.parent)


def write_text_durably(path: Path, text: str) -> None:
    """Write a new text file (UTF-8, line ends as given) and flush it to the disk.

    Raises:
        StorageError: it can't be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise storage_error(error, "write", path) from error


def replace_durably(part: Path, path: Path) -> None:
    """Flush the finished `part` to the disk and let it take the name `path` in one step.

    Raises:
        StorageError: the system refused, for instance because another program holds `path`.
    """
    try:
        descriptor = os.open(part, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise storage_error(error, "replace", path) from error
