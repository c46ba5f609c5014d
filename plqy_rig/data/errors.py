"""What can go wrong with stored data, and how it is said.

StorageError                 exit code 5
├── DiskFullError            no room (or quota) left
├── NotWritableError         read-only disk, no permission, locked by another program
├── MissingPathError         the folder or file isn't there (any more)
└── UnreadableRunError       not a run, or damaged beyond reading
"""

from __future__ import annotations

import errno
from pathlib import Path

from drivers.errors import RigError


class StorageError(RigError):
    """Data could not be stored or read; the message says what to do about it."""

    exit_code = 5


class DiskFullError(StorageError):
    """No room left; what was announced as saved is safe."""


class NotWritableError(StorageError):
    """A read-only disk, a missing permission, or another program that holds the file."""


class MissingPathError(StorageError):
    """A folder or file that isn't there, or isn't there any more."""


class UnreadableRunError(StorageError):
    """Not a run, or one that is damaged beyond reading."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY}
_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.EEXIST}


def storage_error(error: OSError, doing: str, path: Path, then: str = "resume the run") -> StorageError:
    """Translate what the system said into a sentence for the operator.

    Args:
        error: as raised by the system.
        doing: what was tried, as it follows "could not", e.g. ``"save an exposure to"``.
        path: the file or folder it was tried with.
        then: what to do when there is room again.
    """
    what = f"could not {doing} {path}"
    if error.errno in _FULL:
        return DiskFullError(
            f"{what}: the disk is full. What was announced as saved is safe; make room, then {then}."
        )
    if error.errno == errno.EROFS:
        return NotWritableError(f"{what}: the disk is read-only. Choose another folder with --out.")
    if error.errno in _NOT_WRITABLE:
        return NotWritableError(
            f"{what}: not permitted, or another program holds it. Close that program, mend the permissions "
            "or choose another folder with --out."
        )
    if error.errno in _MISSING:
        return MissingPathError(
            f"{what}: it isn't there, or is a file where a folder is needed. Check the path, and that the "
            "disk or network drive is connected."
        )
    return StorageError(f"{what}: {error.strerror or error}. Check the disk; what was announced is safe.")
