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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Holder:
    """The program that holds a rig.

    Attributes:
        program: as the user knows it, e.g. "plqy run".
        process_id: 0 where it isn't known.
        user: whose it is.
        since_utc: ISO 8601.
        rig: path of its rig file.
    """

    program: str
    process_id: int
    user: str
    since_utc: str
    rig: str

    def __str__(self) -> str:
        if not self.process_id:
            return f"by {self.program}"
        return (
            f"by {self.program!r} (process {self.process_id}, user {self.user}, since {self.since_utc}, "
            f"rig file {self.rig})"
        )

    @property
    def what_to_do(self) -> str:
        """Get what somebody who wants the rig may do, as a sentence."""
        if not self.process_id:
            return "Wait until it ends, or end it."
        return (
            "Use that one (`plqy gui` attaches to a running `plqy serve`), wait until it ends, or end it: "
            f"`kill {self.process_id}` makes the rig safe first."
        )


UNKNOWN_HOLDER = Holder("another program", 0, "", "", "")


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


def who_holds(rig_file: RigFile) -> Holder | None:
    """Who holds a rig; None if nobody does. Takes nothing."""
    if sys.platform == "win32":
        return None
    for wire in wires_of(rig_file.configuration):
        if not _lock_path(wire).exists():
            continue
        descriptor = _opened(_lock_path(wire))
        try:
            if not _taken(descriptor):
                return _signature(descriptor)
        finally:
            os.close(descriptor)
    return None


def _locked(wire: str, program: str, rig_file: RigFile, deadline: float) -> int:
    """The descriptor of a wire's lock file, locked and signed."""
    path = _lock_path(wire)
    descriptor = _opened(path)
    while not _taken(descriptor):
        if time.monotonic() > deadline:
            holder = _signature(descriptor)
            os.close(descriptor)
            raise RigHeldError(f"{rig_file.path}: this rig is in use {holder}. {holder.what_to_do}")
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


def _signature(descriptor: int) -> Holder:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        program, pid, user = str(holder["program"]), int(holder["pid"]), str(holder["user"])
        return Holder(program, pid, user, str(holder["since_utc"]), str(holder["rig"]))
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN_HOLDER
