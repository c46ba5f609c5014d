"""Who holds a rig: a locked file for each of its wires, so that two rig files for one rig collide.

The lock ends with the process that holds it, however it ends; what stands in the file counts only while it is
locked. The guardian and `plqy safe` never ask for it: the safe state comes first.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from drivers.errors import RigError
from plqy_rig.config import RigConfiguration, RigFile

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

_PATIENCE_S = 2.0
"""A program that has just been told to end may still be giving its connections back."""
_POLL_S = 0.05
_USB_RESOURCE = re.compile(r"USB\d*::0x([0-9a-f]{4})::0x([0-9a-f]{4})::([^:]+)(::\d+)?::INSTR", re.IGNORECASE)


class RigHeldError(RigError):
    """Another program holds the rig; nothing was connected."""


def wires_of(configuration: RigConfiguration) -> tuple[str, ...]:
    """What the instruments of a rig hang on, each in one spelling, sorted.

    A bench is told apart by its console: its serial lines' names go to the next bench as soon as it ends.
    """
    if configuration.bench is not None:
        return (f"bench {configuration.bench.console}",)
    bus = configuration.connection.usb_bus or "usb"
    return tuple(
        sorted(
            {
                f"{bus} {_resource(configuration.laser.resource)}",
                f"{bus} {_resource(configuration.monitor.resource)}",
                f"{bus} spectrometer {configuration.spectrometer.serial_number}",
                f"port {_port(configuration.shutter.port)}",
                f"port {_port(configuration.attenuator.port)}",
            }
        )
    )


def _resource(name: str) -> str:
    """A VISA resource name in one spelling: board and interface number don't say which instrument it is."""
    usb = _USB_RESOURCE.fullmatch(name.strip())
    return f"{usb[1]}:{usb[2]}:{usb[3]}".lower() if usb else name.strip().lower()


def _port(name: str) -> str:
    """A serial port in one spelling: what a link like /dev/serial/by-id/... leads to."""
    return os.path.realpath(name) if name.startswith("/") else name.upper()


def lock_folder() -> Path:
    """Where the locks are: the same for every user of this computer."""
    return Path(tempfile.gettempdir()) / "plqy-rig-locks"


@contextmanager
def hold_rig(rig_file: RigFile, program: str, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Hold a rig as long as the block goes on.

    Args:
        rig_file: which.
        program: what holds it, as the user knows it, e.g. "plqy serve".
        patience_s: how long to wait for another program that is just leaving, real seconds.

    Raises:
        RigHeldError: another program holds it; says which, who, since when, and what to do.
    """
    if sys.platform == "win32":
        yield
        return
    deadline = time.monotonic() + patience_s
    with contextlib.ExitStack() as held:
        for wire in wires_of(rig_file.configuration):
            held.callback(os.close, _locked(wire, program, rig_file, deadline))
        yield


def who_holds(rig_file: RigFile) -> str:
    """Who holds a rig, as the end of a sentence "it is in use ..."; empty if nobody does. Takes nothing."""
    if sys.platform == "win32":
        return ""
    for wire in wires_of(rig_file.configuration):
        if not _lock_path(wire).exists():
            continue
        descriptor = _opened(_lock_path(wire))
        try:
            if not _taken(descriptor):
                return _who_holds(descriptor)
        finally:
            os.close(descriptor)
    return ""


def _locked(wire: str, program: str, rig_file: RigFile, deadline: float) -> int:
    """The descriptor of a wire's lock file, locked and signed."""
    path = _lock_path(wire)
    descriptor = _opened(path)
    while not _taken(descriptor):
        if time.monotonic() > deadline:
            sentence = _who_holds(descriptor)
            os.close(descriptor)
            raise RigHeldError(f"{rig_file.path}: this rig is in use {sentence}")
        time.sleep(_POLL_S)
    _sign(descriptor, program, rig_file)
    return descriptor


def _lock_path(wire: str) -> Path:
    return lock_folder() / f"{hashlib.sha256(wire.encode()).hexdigest()[:24]}.lock"


def _opened(path: Path) -> int:
    """Open a lock file that any user of this computer may lock, whoever made it."""
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(parents=True)
            path.parent.chmod(0o777)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise RigError(f"the lock of this rig can't be opened: {error}") from error
    with contextlib.suppress(OSError):  # it belongs to somebody else, who made it so already
        os.fchmod(descriptor, 0o666)
    return descriptor


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sign(descriptor: int, program: str, rig_file: RigFile) -> None:
    holder = {
        "pid": os.getpid(),
        "program": program,
        "user": _user_name(),
        "since_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "rig": str(rig_file.path),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _who_holds(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        program, pid, user = holder["program"], holder["pid"], holder["user"]
        since, rig = holder["since_utc"], holder["rig"]
    except (OSError, ValueError, KeyError, TypeError):
        return "by another program. Wait until it ends, or end it."
    return (
        f"by {program!r} (process {pid}, user {user}, since {since}, rig file {rig}). Use that one "
        f"(`plqy gui` attaches to a running `plqy serve`), wait until it ends, or end it: `kill {pid}` makes "
        "the rig safe first."
    )
