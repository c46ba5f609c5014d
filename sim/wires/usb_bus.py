"""A USB bus on loopback TCP: the only module that knows the `usbip` package.

Speaks the USB/IP protocol of the Linux kernel, so that any client of that (ours, Debian's ``usbip list``, a
kernel with ``vhci-hcd``) sees the instruments as USB devices.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import usbip
import usbip.pcap
import usbip.protocol
from usbip.core import Stall
from usbip.device import USBDevice
from usbip.function import Interface
from usbip.transport import Transport

_LOG = logging.getLogger(__name__)

_IMPORT_REQUEST = 0x8003
_IMPORT_REPLY = 0x0003
_PROTOCOL_VERSION = 0x0111
_DEVICE_BUSY = 2
_NO_SUCH_DEVICE = 4
_PORT_RESET = (0x23, 3, 4)
"""SET_FEATURE(PORT_RESET) to the port: how USB/IP says that the host resets the device."""
_BUSY_PATIENCE_S = 1.0
"""How long an import waits for the last user's connection to be noticed as gone."""
_CAPTURE_FLAGS = {"", "1", "on", "yes", "true", "auto"}
_CAPTURE_FILE = "bench.pcapng"

Answer = TypeVar("Answer")


class UsbStallError(Exception):
    """Raised by a device function to stall the pipe."""


class UsbFunction(Protocol):
    """What a device does with the transfers of a host."""

    def bulk_out(self, endpoint: int, data: bytes) -> None:
        """One bulk-out transfer."""
        ...

    def control(self, request: int, value: int, index: int, length: int, data: bytes) -> bytes:
        """One class or vendor request to endpoint 0; returns the data stage of an IN request."""
        ...

    def bus_reset(self) -> None:
        """A host attached or configured the device."""
        ...


@dataclass(frozen=True)
class UsbIdentity:
    """The descriptors of one device with one interface."""

    vendor: int
    product: int
    manufacturer_name: str
    product_name: str
    serial_number: str
    interface_class: tuple[int, int, int]
    bulk_out: tuple[int, ...]
    bulk_in: tuple[int, ...]
    interrupt_in: tuple[int, ...] = ()
    device_release: int = 0x0100
    bulk_packet_bytes: int = 512


class _OneInterface(Interface):  # type: ignore[misc]
    """Adapter between the package's interface class and a `UsbFunction`."""

    def __init__(self, identity: UsbIdentity, function: UsbFunction) -> None:
        self.bInterfaceClass, self.bInterfaceSubClass, self.bInterfaceProtocol = identity.interface_class
        super().__init__()
        self.function = function
        size = identity.bulk_packet_bytes
        self.endpoints = {
            number: self._add_endpoint(usbip.Out(number, "bulk", size)) for number in identity.bulk_out
        }
        for number in identity.bulk_in:
            self.endpoints[number | 0x80] = self._add_endpoint(usbip.In(number, "bulk", size))
        for number in identity.interrupt_in:
            self.endpoints[number | 0x80] = self._add_endpoint(usbip.In(number, "interrupt", 64, 10))

    def on_out(self, ep: Any, data: bytes) -> None:
        _answered(lambda: self.function.bulk_out(ep.number, bytes(data)))

    def on_control(self, setup: Any, data: bytes = b"") -> bytes:
        if (setup.bmRequestType, setup.bRequest, setup.wValue) == _PORT_RESET:
            self.dev.reset_io()
            return b""
        return _answered(
            lambda: self.function.control(
                setup.bRequest, setup.wValue, setup.wIndex, setup.wLength, bytes(data)
            )
        )

    def on_reset(self) -> None:
        self.function.bus_reset()


def _answered(action: Callable[[], Answer]) -> Answer:
    """Turn refusals and bugs of a device function into a stalled pipe: a bench must not lose its wire."""
    try:
        return action()
    except UsbStallError as error:
        _LOG.info("pipe stalls: %s", error)
        raise Stall(str(error)) from error
    except Exception as error:
        _LOG.exception("device function failed")
        raise Stall(repr(error)) from error


class _Registrar(Transport):  # type: ignore[misc]
    """Collects plugged devices; our own listener serves them."""

    def __init__(self, add: Callable[[Any], None]) -> None:
        self._add = add

    def serve(self, dev: Any) -> None:
        self._add(dev)

    def connect(self) -> socket.socket:
        raise NotImplementedError("this bus serves devices, it doesn't attach to them")


@dataclass
class UsbPort:
    """One device on the bus, as its owner sees it."""

    identity: UsbIdentity
    device: Any
    endpoints: dict[int, Any]
    connection: socket.socket | None = None
    plugged: bool = True
    free: threading.Event = field(default_factory=threading.Event)

    def send(self, endpoint: int, data: bytes) -> None:
        """Queue one IN transfer on an endpoint address such as 0x82."""
        self.endpoints[endpoint].write(data)

    def discard(self, endpoint: int) -> None:
        """Empty an IN endpoint: transfers nobody has read are lost."""
        self.endpoints[endpoint].reset()


class UsbBus:
    """A loopback listener that exports devices.

    Args:
        host: address to bind; loopback unless there is a reason.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        _open_capture()
        self._host = host
        self._ports: list[UsbPort] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None

    def add(self, identity: UsbIdentity, function: UsbFunction) -> UsbPort:
        """Plug a device in; call before `start`."""
        device = USBDevice(
            identity.vendor,
            identity.product,
            manufacturer=identity.manufacturer_name,
            product=identity.product_name,
            serial=identity.serial_number,
            bcdDevice=identity.device_release,
        )
        device.set_speed(usbip.SPEED_HIGH)
        device.config = 1  # a kernel configures what is plugged in, and programs count on it
        interface = device.add(_OneInterface(identity, function))
        number = len(self._ports) + 1
        device.busid, device.busnum, device.devnum = f"1-{number}", 1, number + 1
        port = UsbPort(identity, device, interface.endpoints)
        port.free.set()
        device.plug(via=_Registrar(lambda _: self._ports.append(port)))
        return port

    def start(self) -> str:
        """Listen on a free port; returns ``host:port``."""
        listener = socket.create_server((self._host, 0), backlog=16)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="usb-bus", daemon=True).start()
        host, port = listener.getsockname()[:2]
        return f"{host}:{port}"

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._listener is not None:
            _close(self._listener)
        for port in self._ports:
            self._drop(port)

    def unplug(self, port: UsbPort) -> None:
        """Pull the cable: the device vanishes from the list and its user's connection breaks."""
        with self._lock:
            port.plugged = False
        self._drop(port)

    def replug(self, port: UsbPort) -> None:
        """Put the cable back."""
        with self._lock:
            port.plugged = True

    @staticmethod
    def _drop(port: UsbPort) -> None:
        if port.connection is not None:
            _close(port.connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # Replies are a header and a payload in two small writes: never wait for acknowledgements.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), name="usb-host", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            wanted = _peek_import(connection)
            if wanted is None:
                usbip.protocol.serve_connection(connection, self._plugged_devices())
                return
            port = self._claim(wanted, connection)
            if port is not None:
                try:
                    usbip.protocol.serve_connection(connection, [port.device])
                finally:
                    self._release(port)
        except OSError as error:
            _LOG.debug("USB/IP connection ended: %s", error)
        finally:
            _close(connection)

    def _plugged_devices(self) -> list[Any]:
        with self._lock:
            return [port.device for port in self._ports if port.plugged]

    def _claim(self, busid: str, connection: socket.socket) -> UsbPort | None:
        """Give a device to one importer; a second one is told that it is busy."""
        port = next((p for p in self._ports if p.device.busid == busid and p.plugged), None)
        if port is None:
            _refuse(connection, _NO_SUCH_DEVICE)
            return None
        while True:
            if not port.free.wait(_BUSY_PATIENCE_S):
                _refuse(connection, _DEVICE_BUSY)
                return None
            with self._lock:
                if port.free.is_set():
                    port.free.clear()
                    port.connection = connection
                    return port

    def _release(self, port: UsbPort) -> None:
        with self._lock:
            port.connection = None
            port.free.set()


def _peek_import(connection: socket.socket) -> str | None:
    """The bus id that a client is about to import; None when it only wants the list."""
    head = connection.recv(8, socket.MSG_PEEK | socket.MSG_WAITALL)
    if len(head) < 8 or struct.unpack(">HHI", head)[1] != _IMPORT_REQUEST:
        return None
    request = connection.recv(40, socket.MSG_PEEK | socket.MSG_WAITALL)
    return request[8:].split(b"\0")[0].decode("ascii", "replace")


def _refuse(connection: socket.socket, status: int) -> None:
    connection.recv(40, socket.MSG_WAITALL)
    connection.sendall(struct.pack(">HHI", _PROTOCOL_VERSION, _IMPORT_REPLY, status))


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        _LOG.debug("shutting down a socket that is gone already: %s", error)
    connection.close()


def _open_capture() -> None:
    """Honour USBIP_PCAPNG; a bare flag captures to ``bench.pcapng`` in the working directory."""
    wanted = os.environ.get("USBIP_PCAPNG")
    if wanted is not None:
        usbip.pcap.open(_CAPTURE_FILE if wanted.strip().lower() in _CAPTURE_FLAGS else wanted)
