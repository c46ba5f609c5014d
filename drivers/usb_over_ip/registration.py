"""Making pyusb, and all that stands on it, see a USB/IP bus instead of the computer's own USB."""

from __future__ import annotations

import logging
import sys
import threading
import types
from urllib.parse import urlsplit

import usb.backend

from drivers.errors import ConfigurationError
from drivers.usb_over_ip.backend import UsbOverIpBackend

_log = logging.getLogger(__name__)

DEFAULT_PORT = 3240
_MODULE_NAME = "usb.backend.libusb1"
_lock = threading.Lock()
_registered: _BackendModule | None = None


class _BackendModule(types.ModuleType):
    """Stands where pyusb looks for its first backend."""

    def __init__(self, backend: UsbOverIpBackend) -> None:
        super().__init__(_MODULE_NAME, "The USB/IP bus of this process.")
        self.backend = backend
        self.UsbOverIpBackend = UsbOverIpBackend

    def get_backend(self, find_library: object = None) -> UsbOverIpBackend:
        """Return the one backend of this process."""
        return self.backend


def parse_bus_address(address: str) -> tuple[str, int]:
    """Read ``usbip://host[:port]``.

    Raises:
        ConfigurationError: it is something else.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"usb_bus {address!r}: {error}") from error
    if parts.scheme != "usbip" or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigurationError(f"usb_bus {address!r}: expected usbip://host:port")
    return parts.hostname, port or DEFAULT_PORT


def register_usb_bus(address: str | None) -> None:
    """Let this process see the USB/IP bus at `address`, and nothing else.

    Call it before the first use of pyvisa or seabreeze; calling it again looks at another bus. The
    process can't reach a real instrument by accident any more. `None` gives the computer's own USB
    back.

    Args:
        address: ``usbip://host:port``, or None.

    Raises:
        ConfigurationError: the address can't be read, or pyusb already uses the computer's own USB.
    """
    global _registered
    with _lock:
        if address is None:
            _unregister()
            return
        server = parse_bus_address(address)
        if _registered is not None:
            _registered.backend.retarget(server)
            return
        if _MODULE_NAME in sys.modules:
            raise ConfigurationError(
                f"usb_bus {address!r}: this program already uses the computer's own USB; start it anew"
            )
        _registered = _BackendModule(UsbOverIpBackend(server))
        sys.modules[_MODULE_NAME] = _registered
        usb.backend.libusb1 = _registered
        _log.info("USB is %s:%d from now on", *server)


def registered_usb_bus() -> str | None:
    """Return the address in use, None for the computer's own USB."""
    if _registered is None:
        return None
    host, port = _registered.backend.server
    return f"usbip://{host}:{port}"


def _unregister() -> None:
    global _registered
    if _registered is None:
        return
    sys.modules.pop(_MODULE_NAME, None)
    if getattr(usb.backend, "libusb1", None) is _registered:
        del usb.backend.libusb1
    _registered = None
