"""What the session needs of a host's client: its shape, and how to get one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class CommandError:
    """Why a command failed.

    Attributes:
        kind: name of the error, e.g. "CommandRefusedError"; "HostGoneError" when nobody answered.
        message: the host's sentence.
        exit_code: as of the command line.
        command: the command's name.
    """

    kind: str
    message: str
    exit_code: int = 3
    command: str = ""


@dataclass(frozen=True)
class Message:
    """Something for the message bar: what, where, what to do.

    Attributes:
        text: what happened.
        state: "bad", "warning", "good" or "info".
        where: what it is about, e.g. "start the run"; may be empty.
        hint: what to do; may be empty.
    """

    text: str
    state: str = "bad"
    where: str = ""
    hint: str = ""


class Address(Protocol):
    """What the session needs of `plqy_rig.server.discovery.HostAddress`."""

    @property
    def url(self) -> str:
        """Get the WebSocket's address."""
        ...

    @property
    def token(self) -> str:
        """Get what proves that we may."""
        ...

    @property
    def pid(self) -> int:
        """Get the number of the host's process."""
        ...

    @property
    def rig(self) -> Any:
        """Get the path of the rig file."""
        ...


class Client(Protocol):
    """What the session needs of `plqy_rig.server.client.HostClient`."""

    def command(
        self, name: str, arguments: Mapping[str, Any] | None = None, timeout_s: float = 30.0
    ) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


Connect = Callable[[Any, Callable[[dict[str, Any]], None], Callable[[str], None]], Client]
"""Connects: address, on_event, on_closed (both called in threads)."""
Find = Callable[[Path], Any]
"""Finds the running host of a rig: its address, or None."""


def connect_to_host(
    address: Any, on_event: Callable[[dict[str, Any]], None], on_closed: Callable[[str], None]
) -> Client:
    """Connect to a host over its socket; see `plqy_rig.server.client.HostClient`."""
    from plqy_rig.server.client import HostClient

    return HostClient(address, on_event=on_event, on_closed=on_closed)


def find_running_host(rig_path: Path) -> Any:
    """The address of the host that runs a rig, or None."""
    from plqy_rig.server.discovery import find_host

    return find_host(rig_path)


def command_error(command: str, error: Exception) -> CommandError:
    """An error of the host, of the rig or of the system, as the window shows it."""
    return CommandError(
        str(getattr(error, "kind", type(error).__name__)),
        str(getattr(error, "message", "") or error),
        int(getattr(error, "exit_code", 3)),
        command,
    )
