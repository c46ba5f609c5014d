"""Where a host is found: a file per rig in the user's runtime folder, that only the user can read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import socket
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

log = logging.getLogger(__name__)

HOST_FORMAT = "plqy-host/1"
RUNTIME_VARIABLE = "PLQY_RUNTIME_DIR"
_CONNECT_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class HostAddress:
    """How to reach a host.

    Attributes:
        url: of its session, `ws://127.0.0.1:PORT/session`.
        token: that opens it.
        status_url: of its status page.
        pid: its process.
        rig: path of its rig file.
        rig_name: name in the rig file.
        started_utc: when it began, ISO 8601.
        simulated: whether it is a bench.
    """

    url: str
    token: str
    status_url: str
    pid: int
    rig: str
    rig_name: str
    started_utc: str
    simulated: bool

    def to_document(self) -> dict[str, Any]:
        """For the file, and for `plqy serve --json`."""
        return {"format": HOST_FORMAT, **asdict(self)}

    @classmethod
    def from_document(cls, document: Any) -> HostAddress:
        """Read it; raises `ValueError` for anything else."""
        if not isinstance(document, dict) or document.get("format") != HOST_FORMAT:
            raise ValueError(f"it is no {HOST_FORMAT}")
        kinds = {name: kind for name, kind in _KINDS.items() if type(document.get(name)) is not kind}
        if kinds:
            raise ValueError(f"{', '.join(kinds)} missing or of another kind")
        return cls(**{name: document[name] for name in _KINDS})


_KINDS = {
    "url": str,
    "token": str,
    "status_url": str,
    "pid": int,
    "rig": str,
    "rig_name": str,
    "started_utc": str,
    "simulated": bool,
}


def hosts_folder() -> Path:
    """The folder of the host files; PLQY_RUNTIME_DIR overrides where it is."""
    given = os.environ.get(RUNTIME_VARIABLE)
    if given:
        return Path(given) / "hosts"
    with warnings.catch_warnings():
        # Without a session of the user's own there is only a folder under /tmp; whose it is, is looked at.
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_dir("plqy-rig")) / "hosts"


def host_path(rig_path: Path) -> Path:
    """The file of a rig's host."""
    digest = hashlib.sha256(str(rig_path.resolve()).encode()).hexdigest()[:16]
    return hosts_folder() / f"{digest}.json"


def announce(address: HostAddress) -> Path:
    """Write the file of a host: for this user only, whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    path = host_path(Path(address.rig))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    if not _is_mine(path.parent):
        raise PermissionError(1, "it belongs to another user", str(path.parent))
    # mkstemp gives 0600 from the beginning.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".host-", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(address.to_document(), file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def withdraw(address: HostAddress) -> None:
    """Take the file of a host away, if it still is that host's."""
    path = host_path(Path(address.rig))
    if _read(path) == address:
        with contextlib.suppress(OSError):
            path.unlink()


def list_hosts() -> tuple[HostAddress, ...]:
    """Every host of this user that answers."""
    folder = hosts_folder()
    if not folder.is_dir() or not _is_mine(folder):
        return ()
    found = [_read(path) for path in sorted(folder.glob("*.json"))]
    return tuple(address for address in found if address is not None and _is_live(address))


def find_host(rig_path: Path) -> HostAddress | None:
    """The host of a rig; None where none answers."""
    path = host_path(rig_path)
    address = _read(path) if path.is_file() and _is_mine(path.parent) else None
    return address if address is not None and _is_live(address) else None


def _is_mine(folder: Path) -> bool:
    """Whether a folder belongs to this user: what stands in another's is no host of ours."""
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()


def _read(path: Path) -> HostAddress | None:
    try:
        return HostAddress.from_document(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s isn't the file of a host: %s", path, error)
        return None


def _is_live(address: HostAddress) -> bool:
    """Whether somebody listens there: a host that was killed leaves its file behind."""
    parts = urlsplit(address.url)
    if parts.hostname is None or parts.port is None:
        return False
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=_CONNECT_TIMEOUT_S):
            return True
    except OSError:
        return False
