"""A small USB/IP server whose device does as a test tells it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from drivers.usb_over_ip import BusDevice, list_devices

VENDOR, PRODUCT = 0x1209, 0x0001
ECHO_ENDPOINT, SILENT_ENDPOINT, STALLED_ENDPOINT = 1, 2, 3
_DEVICE_DESCRIPTOR = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64, VENDOR, PRODUCT, 1, 1, 2, 3, 1)


def _configuration() -> bytes:
    endpoints = b"".join(
        struct.pack("<BBBBHB", 7, 5, address, 2, 512, 0) for address in (0x01, 0x81, 0x82, 0x83)
    )
    interface = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 4, 0xFF, 0, 0, 0)
    header = struct.pack("<BBHBBBBB", 9, 2, 9 + len(interface + endpoints), 1, 1, 0, 0x80, 50)
    return header + interface + endpoints


@dataclass
class UsbIpServer:
    """Echoes what endpoint 1 gets, keeps endpoint 2 silent, stalls endpoint 3.

    Attributes:
        late_completion: after an UNLINK, the cancelled transfer is completed all the same.
        busy: imports are refused.
        hung: nothing is answered any more, UNLINK neither.
    """

    late_completion: bool = False
    busy: bool = False
    hung: bool = False
    imports: int = 0
    address: tuple[str, int] = ("", 0)
    echoes: list[bytes] = field(default_factory=list)
    waiting: list[tuple[int, int]] = field(default_factory=list)
    unlinked: list[int] = field(default_factory=list)
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        for connection in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
        self._listener.close()

    def device(self) -> BusDevice:
        return list_devices(self.address)[0]

    def complete_waiting(self, data: bytes) -> None:
        """Let the silent endpoint's oldest transfer end with `data`."""
        sequence, _ = self.waiting.pop(0)
        self._reply(self._connections[-1], sequence, 0, data)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            _, code, _ = struct.unpack(">HHI", self._take(connection, 8))
            entry = struct.pack(
                ">256s32sIIIHHHBBBBBB", b"/sys/1-1", b"1-1", 1, 2, 3, VENDOR, PRODUCT, 1, 0, 0, 0, 1, 1, 1
            )
            if code == 0x8005:
                connection.sendall(struct.pack(">HHII", 0x0111, 5, 0, 1) + entry + b"\xff\x00\x00\x00")
                return
            self._take(connection, 32)
            if self.busy:
                connection.sendall(struct.pack(">HHI", 0x0111, 3, 1))
                return
            self.imports += 1
            self._connections.append(connection)
            connection.sendall(struct.pack(">HHI", 0x0111, 3, 0) + entry)
            while True:
                self._command(connection)

    def _command(self, connection: socket.socket) -> None:
        header = self._take(connection, 48)
        command, sequence, _, direction, endpoint = struct.unpack(">IIIII", header[:20])
        if self.hung:
            return
        if command == 2:
            self._unlink(connection, sequence, struct.unpack(">I", header[20:24])[0])
            return
        length = struct.unpack(">i", header[24:28])[0]
        setup = header[40:48]
        data = self._take(connection, length) if direction == 0 and length else b""
        if endpoint == 0:
            self._control(connection, sequence, setup)
        elif endpoint == STALLED_ENDPOINT:
            self._reply(connection, sequence, -32, b"")
        elif direction == 0:
            self.echoes.append(data)
            self._reply(connection, sequence, 0, b"", length)
        elif endpoint == ECHO_ENDPOINT and self.echoes:
            self._reply(connection, sequence, 0, self.echoes.pop(0)[:length])
        else:
            self.waiting.append((sequence, endpoint))

    def _control(self, connection: socket.socket, sequence: int, setup: bytes) -> None:
        request, value, length = (
            setup[1],
            struct.unpack("<H", setup[2:4])[0],
            struct.unpack("<H", setup[6:8])[0],
        )
        answers = {1: _DEVICE_DESCRIPTOR, 2: _configuration(), 3: b"\x04\x03\x09\x04"}
        if request == 6:
            self._reply(connection, sequence, 0, answers[value >> 8][:length])
        elif request == 8:
            self._reply(connection, sequence, 0, b"\x01")
        else:
            self._reply(connection, sequence, 0, b"")

    def _unlink(self, connection: socket.socket, sequence: int, cancelled: int) -> None:
        self.unlinked.append(cancelled)
        self.waiting = [entry for entry in self.waiting if entry[0] != cancelled]
        with self._lock:
            connection.sendall(struct.pack(">IIIIIi24x", 4, sequence, 0, 0, 0, -104))
        if self.late_completion:
            self._reply(connection, cancelled, 0, b"too late!")

    def _reply(
        self, connection: socket.socket, sequence: int, status: int, data: bytes, length: int | None = None
    ) -> None:
        actual = len(data) if length is None else length
        header = struct.pack(">IIIIIiiiii8x", 3, sequence, 0, 0, 0, status, actual, 0, 0, 0)
        with self._lock:
            connection.sendall(header + data)

    @staticmethod
    def _take(connection: socket.socket, length: int) -> bytes:
        taken = b""
        while len(taken) < length:
            part = connection.recv(length - len(taken))
            if not part:
                raise OSError("closed")
            taken += part
        return taken


@pytest.fixture
def server() -> Iterator[UsbIpServer]:
    usb_ip_server = UsbIpServer()
    usb_ip_server.start()
    yield usb_ip_server
    usb_ip_server.stop()
