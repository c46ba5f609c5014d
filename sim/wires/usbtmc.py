"""USBTMC with the USB488 subclass, device side (USB-IF: USBTMC 1.0 and USBTMC-USB488 1.0).

Pure framing: bulk and control transfers in, bulk transfers out; no USB stack and no instrument in here.
"""

from __future__ import annotations

import logging
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

_LOG = logging.getLogger(__name__)

_HEADER = struct.Struct("<BBBx")
_OUT = 1
_REQUEST_IN = 2
_END_OF_MESSAGE = 0x01
_MESSAGE_AVAILABLE = 0x10
_LONGEST_MESSAGE = 1 << 20


class Request(IntEnum):
    """Class-specific control requests."""

    INITIATE_ABORT_BULK_OUT = 1
    CHECK_ABORT_BULK_OUT = 2
    INITIATE_ABORT_BULK_IN = 3
    CHECK_ABORT_BULK_IN = 4
    INITIATE_CLEAR = 5
    CHECK_CLEAR = 6
    GET_CAPABILITIES = 7
    INDICATOR_PULSE = 64
    READ_STATUS_BYTE = 128
    REN_CONTROL = 160
    GO_TO_LOCAL = 161
    LOCAL_LOCKOUT = 162


class Status(IntEnum):
    """First byte of every answer to such a request."""

    SUCCESS = 0x01
    PENDING = 0x02
    FAILED = 0x80
    TRANSFER_NOT_IN_PROGRESS = 0x81


class UsbtmcStallError(Exception):
    """The device refuses the transfer: the pipe stalls."""


@dataclass(frozen=True)
class Capabilities:
    """What GET_CAPABILITIES tells."""

    remote_enable: bool = True
    scpi: bool = True

    def packed(self) -> bytes:
        """The 24 bytes of the answer."""
        usb488_interface = 0x04 | (0x02 if self.remote_enable else 0)
        usb488_device = 0x08 if self.scpi else 0
        return struct.pack(
            "<BxHBB6xHBB8x", Status.SUCCESS, 0x0100, 0, 0, 0x0100, usb488_interface, usb488_device
        )


@dataclass
class UsbtmcCallbacks:
    """What the framing asks of the instrument and of the bus.

    Attributes:
        message: a complete program message has arrived.
        send: queue one bulk-in transfer.
        notify: queue one interrupt-in transfer.
        read_without_query: the host waits for a reply and none is on its way.
        clear: a device clear; forget whatever is half done, also what waits in the endpoint.
        remote: REN as the host set it.
        status_byte: the status byte for a serial poll.
    """

    message: Callable[[bytes], None]
    send: Callable[[bytes], None]
    notify: Callable[[bytes], None]
    read_without_query: Callable[[], None]
    clear: Callable[[], None]
    remote: Callable[[bool], None]
    status_byte: Callable[[], int]


class UsbtmcFunction:
    """One USBTMC interface."""

    def __init__(self, callbacks: UsbtmcCallbacks, capabilities: Capabilities = Capabilities()) -> None:
        self._do = callbacks
        self._capabilities = capabilities
        self._incoming = bytearray()
        self._replies: deque[bytes] = deque()
        self._waiting: tuple[int, int] | None = None
        """Tag and size of a read that no reply has answered yet."""

    # --- from the instrument ---

    def reply(self, message: bytes) -> None:
        """Put a response message in the output queue; a read that waits gets it at once."""
        self._replies.append(message)
        self._answer()

    def reset(self) -> None:
        """The bus was reset: nothing is left of earlier transfers."""
        self._incoming.clear()
        self._replies.clear()
        self._waiting = None

    # --- from the host ---

    def bulk_out(self, transfer: bytes) -> None:
        """One bulk-out transfer: a piece of a message or the request for a reply."""
        if len(transfer) < 12:
            raise UsbtmcStallError("shorter than a header")
        kind, tag, inverse = _HEADER.unpack_from(transfer)
        if tag == 0 or tag ^ inverse != 0xFF:
            raise UsbtmcStallError(f"tag {tag} and its complement {inverse} disagree")
        size, attributes = struct.unpack_from("<IB", transfer, 4)
        if kind == _OUT:
            self._take(transfer[12 : 12 + size], bool(attributes & _END_OF_MESSAGE))
        elif kind == _REQUEST_IN:
            self._waiting = (tag, size)
            if not self._replies:
                self._do.read_without_query()
            self._answer()
        else:
            raise UsbtmcStallError(f"message kind {kind} is not supported")

    def _take(self, data: bytes, is_last: bool) -> None:
        self._incoming += data
        if len(self._incoming) > _LONGEST_MESSAGE:
            self._incoming.clear()
            raise UsbtmcStallError("message too long")
        if is_last:
            message, self._incoming = bytes(self._incoming), bytearray()
            self._do.message(message)

    def _answer(self) -> None:
        """Give as much of the oldest reply as the waiting read asked for."""
        if self._waiting is None or not self._replies:
            return
        tag, size = self._waiting
        self._waiting = None
        message = self._replies.popleft()
        piece, rest = message[:size], message[size:]
        if rest:
            self._replies.appendleft(rest)
        header = _HEADER.pack(_REQUEST_IN, tag, tag ^ 0xFF)
        header += struct.pack("<IBxxx", len(piece), 0 if rest else _END_OF_MESSAGE)
        self._do.send(header + piece + b"\0" * (-len(piece) % 4))

    def control(self, request: int, value: int) -> bytes:
        """One class-specific control request; returns its answer or raises `UsbtmcStallError`."""
        answers: dict[int, Callable[[int], bytes]] = {
            Request.INITIATE_ABORT_BULK_OUT: self._abort_out,
            Request.CHECK_ABORT_BULK_OUT: lambda v: struct.pack("<B3xI", Status.SUCCESS, 0),
            Request.INITIATE_ABORT_BULK_IN: self._abort_in,
            Request.CHECK_ABORT_BULK_IN: lambda v: struct.pack("<B3xI", Status.SUCCESS, 0),
            Request.INITIATE_CLEAR: self._clear,
            Request.CHECK_CLEAR: lambda v: bytes([Status.SUCCESS, 0]),
            Request.GET_CAPABILITIES: lambda v: self._capabilities.packed(),
            Request.READ_STATUS_BYTE: self._read_status_byte,
        }
        if self._capabilities.remote_enable:
            answers |= {
                Request.REN_CONTROL: self._remote_enable,
                Request.GO_TO_LOCAL: lambda v: bytes([Status.SUCCESS]),
                Request.LOCAL_LOCKOUT: lambda v: bytes([Status.SUCCESS]),
            }
        answer = answers.get(request)
        if answer is None:
            raise UsbtmcStallError(f"control request {request} is not supported")
        return answer(value)

    def _abort_out(self, tag: int) -> bytes:
        self._incoming.clear()
        return bytes([Status.TRANSFER_NOT_IN_PROGRESS, tag & 0xFF])

    def _abort_in(self, tag: int) -> bytes:
        if self._waiting is None:
            return bytes([Status.FAILED, tag & 0xFF])
        if self._waiting[0] != tag & 0xFF:
            return bytes([Status.TRANSFER_NOT_IN_PROGRESS, tag & 0xFF])
        self._waiting = None
        # The device ends the aborted transfer with a short packet, which the host reads (USBTMC 4.2.1.4).
        self._do.send(b"")
        return bytes([Status.SUCCESS, tag & 0xFF])

    def _clear(self, value: int) -> bytes:
        self.reset()
        self._do.clear()
        return bytes([Status.SUCCESS])

    def _remote_enable(self, value: int) -> bytes:
        self._do.remote(bool(value & 0xFF))
        return bytes([Status.SUCCESS])

    def _read_status_byte(self, tag: int) -> bytes:
        # With an interrupt endpoint the byte goes there (USB488 4.3.1.2).
        byte = self._do.status_byte() | (_MESSAGE_AVAILABLE if self._replies else 0)
        self._do.notify(bytes([tag & 0x7F | 0x80, byte & 0xFF]))
        return bytes([Status.SUCCESS, tag & 0xFF, 0])
