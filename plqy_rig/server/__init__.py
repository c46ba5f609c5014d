"""The host on a loopback WebSocket: authentication, limits, discovery, client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plqy_rig.server.client import HostClient, HostCommandError, HostGoneError
    from plqy_rig.server.discovery import HostAddress, find_host, list_hosts
    from plqy_rig.server.server import RigServer

_HOME = {
    "client": ("HostClient", "HostCommandError", "HostGoneError"),
    "discovery": ("HostAddress", "find_host", "list_hosts"),
    "server": ("RigServer",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "HostAddress",
    "HostClient",
    "HostCommandError",
    "HostGoneError",
    "RigServer",
    "find_host",
    "list_hosts",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
