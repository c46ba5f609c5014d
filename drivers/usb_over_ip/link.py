"""One TCP connection to one USB/IP device: transfers with time-outs, from any thread.

Whichever thread waits reads the socket for all the others (leader and followers): with one caller
there is no thread switch between a request and its reply, which is what keeps a query short.
"""

from __future__ import annotations

import errno
import itertools
import logging
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import NoReturn

import usb.core

from drivers.usb_over_ip import wire

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 3.0
_SEND_TIMEOUT_S = 5.0
_UNLINK_TIMEOUT_S = 3.0
"""A server that doesn't even answer an UNLINK is gone."""
_CANCELLED_REMEMBERED = 256
_RECEIVE_SIZE = 1 << 16
_GONE_STATUSES = frozenset({-errno.ENODEV, -errno.ESHUTDOWN})
_UNLINKED_STATUSES = frozenset({-errno.ECONNRESET, -errno.ENOENT})


def no_device(reason: str) -> usb.core.USBError:
    """Make the error of a device that was unplugged."""
    return usb.core.USBError(f"No such device: {reason}", errno=errno.ENODEV)


def receive_exactly(connection: socket.socket, length: int) -> bytes:
    """Read `length` bytes or raise `usb.core.USBError` errno 19."""
    parts = bytearray()
    while len(parts) < length:
        chunk = connection.recv(length - len(parts))
        if not chunk:
            raise no_device("the USB/IP server closed the connection")
        parts += chunk
    return bytes(parts)


def connect(server: tuple[str, int]) -> socket.socket:
    """Open a connection without Nagle's delay; raises `OSError`."""
    connection = socket.create_connection(server, timeout=CONNECT_TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def list_devices(server: tuple[str, int]) -> list[wire.BusDevice]:
    """Ask a server what it exports; raises `OSError` when nobody answers."""
    with connect(server) as connection:
        connection.sendall(wire.pack_operation(wire.Operation.REQUEST_DEVICE_LIST))
        header = receive_exactly(connection, wire.OPERATION_LENGTH)
        wire.unpack_operation(header, wire.Operation.REPLY_DEVICE_LIST)
        count = int.from_bytes(receive_exactly(connection, wire.COUNT_LENGTH), "big")
        devices = []
        for _ in range(count):
            device = wire.unpack_device(server, receive_exactly(connection, wire.DEVICE_LENGTH))
            receive_exactly(connection, device.interfaces * wire.INTERFACE_LENGTH)
            devices.append(device)
        return devices


@dataclass
class _Transfer:
    """A transfer or an unlink on its way."""

    sequence: int
    direction: wire.Direction
    done: bool = False
    status: int = 0
    length: int = 0
    data: bytes = field(default=b"")
    cancels: int | None = None
    """Sequence number of the transfer this UNLINK is for."""


class DeviceLink:
    """An imported device.

    Every method may be called from any thread; transfers of several threads run at the same time.
    """

    def __init__(self, device: wire.BusDevice) -> None:
        """Import the device.

        Raises:
            usb.core.USBError: errno 19 when server or device are gone, 16 when it is in use elsewhere.
        """
        self.device = device
        self._socket = self._import()
        # Two objects for one connection: each has a time-out of its own.
        self._receiving = self._socket.dup()
        self._socket.settimeout(_SEND_TIMEOUT_S)
        self._sequences = itertools.count(1)
        self._send_lock = threading.Lock()
        self._state = threading.Condition()
        self._pending: dict[int, _Transfer] = {}
        self._cancelled: deque[int] = deque(maxlen=_CANCELLED_REMEMBERED)
        self._somebody_reads = False
        self._dead: str | None = None
        self._received = bytearray()

    def _import(self) -> socket.socket:
        try:
            connection = connect(self.device.server)
        except OSError as error:
            raise no_device(f"nobody answers at {self.device.server}: {error}") from error
        try:
            connection.sendall(wire.pack_import(self.device.bus_id))
            header = receive_exactly(connection, wire.OPERATION_LENGTH)
            if wire.unpack_operation(header, wire.Operation.REPLY_IMPORT) != 0:
                self._refused()
            receive_exactly(connection, wire.DEVICE_LENGTH)
        except usb.core.USBError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            raise no_device(f"import failed: {error}") from error
        return connection

    def _refused(self) -> NoReturn:
        """Tell a device in use from one that has gone: the status word doesn't always."""
        present = {(device.bus_id, device.vendor_id) for device in list_devices(self.device.server)}
        if (self.device.bus_id, self.device.vendor_id) not in present:
            raise no_device(f"{self.device.bus_id} is not on the bus any more")
        raise usb.core.USBError("Resource busy: imported by another program", errno=errno.EBUSY)

    @property
    def alive(self) -> bool:
        """Get whether transfers still have a chance."""
        return self._dead is None

    def close(self) -> None:
        """Give the device back; waiting transfers end with errno 19."""
        self._die("closed")

    def transfer(
        self,
        endpoint: int,
        *,
        data: bytes = b"",
        read_length: int | None = None,
        setup: bytes = wire.NO_SETUP,
        interval: int = 0,
        timeout_ms: int,
    ) -> tuple[int, bytes]:
        """Do one transfer: IN when `read_length` is given, else OUT.

        Args:
            endpoint: number or address; 0 needs `setup`, the eight bytes of a control transfer.
            data: what goes out.
            read_length: the most bytes to take in.
            setup: see endpoint.
            interval: of an interrupt endpoint.
            timeout_ms: 0 waits for ever, as in libusb.

        Returns:
            Bytes transferred, and the data of an IN transfer.

        Raises:
            usb.core.USBTimeoutError: errno 110; the transfer is cancelled, its data can't come later.
            usb.core.USBError: errno 19 gone, 32 stalled, or what the device's side reports.
        """
        direction = wire.Direction.OUT if read_length is None else wire.Direction.IN
        length = len(data) if read_length is None else read_length
        transfer = self._register(direction)
        identity = (transfer.sequence, self.device.device_id)
        header = wire.pack_submit(*identity, endpoint, direction, length, setup=setup, interval=interval)
        deadline = time.monotonic() + timeout_ms / 1000 if timeout_ms else None
        self._send(header + data)
        if not self._wait(transfer, deadline):
            self._unlink(transfer)
        return self._outcome(transfer)

    def _outcome(self, transfer: _Transfer) -> tuple[int, bytes]:
        status = transfer.status
        if status == 0:
            return transfer.length, transfer.data
        if status in _GONE_STATUSES:
            raise no_device(f"{self.device.bus_id} was unplugged")
        if status == -errno.EPIPE:
            raise usb.core.USBError("Pipe error: the endpoint stalled", errno=errno.EPIPE)
        code = -status if status < 0 else errno.EIO
        raise usb.core.USBError(f"transfer failed with status {status}", errno=code)

    def _unlink(self, transfer: _Transfer) -> None:
        """Cancel; returns normally only when the transfer was completed in the meantime."""
        cancel = self._register(wire.Direction.OUT, cancels=transfer.sequence)
        self._send(wire.pack_unlink(cancel.sequence, self.device.device_id, transfer.sequence))
        if not self._wait(cancel, time.monotonic() + _UNLINK_TIMEOUT_S):
            self._die("the USB/IP server does not answer any more")
            raise no_device("the USB/IP server does not answer any more")
        if not transfer.done or transfer.status in _UNLINKED_STATUSES:
            raise usb.core.USBTimeoutError("Operation timed out", errno=errno.ETIMEDOUT)

    def _register(self, direction: wire.Direction, cancels: int | None = None) -> _Transfer:
        with self._state:
            if self._dead is not None:
                raise no_device(self._dead)
            transfer = _Transfer(next(self._sequences), direction, cancels=cancels)
            self._pending[transfer.sequence] = transfer
            return transfer

    def _send(self, message: bytes) -> None:
        try:
            with self._send_lock:
                self._socket.sendall(message)
        except OSError as error:
            self._die(f"connection lost: {error}")
            raise no_device(f"connection lost: {error}") from error

    def _wait(self, transfer: _Transfer, deadline: float | None) -> bool:
        """Wait until it is done (True) or the deadline has passed (False)."""
        with self._state:
            while not transfer.done:
                if self._dead is not None:
                    raise no_device(self._dead)
                if not self._somebody_reads:
                    self._somebody_reads = True
                    break
                remaining_s = None if deadline is None else deadline - time.monotonic()
                if remaining_s is not None and remaining_s <= 0:
                    return False
                self._state.wait(remaining_s)
            else:
                return True
        try:
            return self._read_until(transfer, deadline)
        finally:
            with self._state:
                self._somebody_reads = False
                self._state.notify_all()

    def _read_until(self, transfer: _Transfer, deadline: float | None) -> bool:
        """Read replies for everybody until this transfer's own has come."""
        while not transfer.done:
            remaining_s = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                # A time-out of 0 would make the socket non-blocking, which is another error class.
                self._receiving.settimeout(None if remaining_s is None else max(remaining_s, 1e-6))
                chunk = self._receiving.recv(_RECEIVE_SIZE)
            except TimeoutError:
                return False
            except OSError as error:
                self._die(f"connection lost: {error}")
                raise no_device(f"connection lost: {error}") from error
            if not chunk:
                self._die("the USB/IP server closed the connection")
                raise no_device("the USB/IP server closed the connection")
            self._received += chunk
            self._dispatch()
        return True

    def _dispatch(self) -> None:
        """Hand out every complete reply in the buffer."""
        received = self._received
        while len(received) >= wire.REPLY_LENGTH:
            reply = wire.unpack_reply(bytes(received[: wire.REPLY_LENGTH]))
            payload = self._payload_length(reply)
            if len(received) < wire.REPLY_LENGTH + payload:
                return
            data = bytes(received[wire.REPLY_LENGTH : wire.REPLY_LENGTH + payload])
            del received[: wire.REPLY_LENGTH + payload]
            self._complete(reply, data)

    def _payload_length(self, reply: wire.Reply) -> int:
        """Tell how many bytes follow the header: only an IN transfer's reply has any.

        A server that completes a transfer while it is being cancelled still sends the data; they have
        to be taken off the stream and thrown away.
        """
        if reply.command != wire.Command.SUBMIT_REPLY:
            return 0
        transfer = self._pending.get(reply.sequence)
        into_us = (
            reply.sequence in self._cancelled if transfer is None else transfer.direction is wire.Direction.IN
        )
        return max(reply.length, 0) if into_us else 0

    def _complete(self, reply: wire.Reply, data: bytes) -> None:
        with self._state:
            transfer = self._pending.pop(reply.sequence, None)
            if transfer is None:
                _log.warning("%s: late reply %d thrown away", self.device.bus_id, reply.sequence)
                return
            if transfer.cancels is not None:
                # From here on nothing can complete the cancelled one any more.
                cancelled = self._pending.pop(transfer.cancels, None)
                if cancelled is not None and cancelled.direction is wire.Direction.IN:
                    self._cancelled.append(cancelled.sequence)
            transfer.status = reply.status
            transfer.length = reply.length
            transfer.data = data
            transfer.done = True
            self._state.notify_all()

    def _die(self, reason: str) -> None:
        with self._state:
            if self._dead is not None:
                return
            self._dead = reason
            self._pending.clear()
            self._state.notify_all()
        for connection in (self._receiving, self._socket):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                _log.debug("shutting down a dead connection: %s", error)
            connection.close()
