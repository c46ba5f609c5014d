"""USB/IP as bytes: the layouts of the Linux kernel's documentation (usb/usbip_protocol).

Header fields are big-endian; the set-up packet and the payload pass through as they are.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from enum import IntEnum

PROTOCOL_VERSION = 0x0111
NOT_ISOCHRONOUS = -1


class Operation(IntEnum):
    """Codes of the phase before a device is imported."""

    REQUEST_DEVICE_LIST = 0x8005
    REPLY_DEVICE_LIST = 0x0005
    REQUEST_IMPORT = 0x8003
    REPLY_IMPORT = 0x0003


class Command(IntEnum):
    """Codes of the phase after a device is imported."""

    SUBMIT = 1
    UNLINK = 2
    SUBMIT_REPLY = 3
    UNLINK_REPLY = 4


class Direction(IntEnum):
    """Where the payload goes."""

    OUT = 0
    IN = 1


_OPERATION = struct.Struct(">HHI")
_DEVICE = struct.Struct(">256s32sIIIHHHBBBBBB")
_SUBMIT = struct.Struct(">IIIIIIiiii8s")
_UNLINK = struct.Struct(">IIIIII24x")
_REPLY = struct.Struct(">IIIIIiiiii8x")
OPERATION_LENGTH = _OPERATION.size
DEVICE_LENGTH = _DEVICE.size
REPLY_LENGTH = _REPLY.size
INTERFACE_LENGTH = 4
COUNT_LENGTH = 4
NO_SETUP = bytes(8)


@dataclass(frozen=True)
class BusDevice:
    """One device that a USB/IP server exports.

    Attributes:
        server: host and port of the server.
        bus_id: the server's name of the device, e.g. ``"1-2"``.
        speed: the kernel's speed code (2 full, 3 high, 5 super).
    """

    server: tuple[str, int]
    bus_id: str
    bus_number: int
    device_number: int
    speed: int
    vendor_id: int
    product_id: int
    release: int
    device_class: int
    device_subclass: int
    device_protocol: int
    configurations: int
    interfaces: int

    @property
    def device_id(self) -> int:
        """Get the number that names the device in every transfer."""
        return self.bus_number << 16 | self.device_number


@dataclass(frozen=True)
class Reply:
    """Header of a reply to SUBMIT or UNLINK."""

    command: int
    sequence: int
    status: int
    """0 or a negative Linux errno."""
    length: int
    """Bytes really transferred."""


def pack_operation(code: Operation, payload: bytes = b"") -> bytes:
    """Build a request of the phase before import."""
    return _OPERATION.pack(PROTOCOL_VERSION, code, 0) + payload


def pack_import(bus_id: str) -> bytes:
    """Build the request to import one device."""
    return pack_operation(Operation.REQUEST_IMPORT, bus_id.encode("ascii").ljust(32, b"\0"))


def unpack_operation(header: bytes, expected: Operation) -> int:
    """Return the status of an operation's reply.

    Raises:
        OSError: errno EPROTO, it is the reply to something else.
    """
    _version, code, status = _OPERATION.unpack(header)
    if code != expected:
        message = f"USB/IP server answered 0x{code:04x} where 0x{expected:04x} was due"
        raise OSError(errno.EPROTO, message)
    return int(status)


def unpack_device(server: tuple[str, int], raw: bytes) -> BusDevice:
    """Read one 312-byte device entry."""
    fields = _DEVICE.unpack(raw)
    return BusDevice(
        server=server,
        bus_id=fields[1].split(b"\0")[0].decode("ascii", "replace"),
        bus_number=fields[2],
        device_number=fields[3],
        speed=fields[4],
        vendor_id=fields[5],
        product_id=fields[6],
        release=fields[7],
        device_class=fields[8],
        device_subclass=fields[9],
        device_protocol=fields[10],
        configurations=fields[12],
        interfaces=fields[13],
    )


def pack_submit(
    sequence: int,
    device_id: int,
    endpoint: int,
    direction: Direction,
    length: int,
    *,
    setup: bytes = NO_SETUP,
    interval: int = 0,
) -> bytes:
    """Build the header of one transfer; an OUT payload follows it."""
    return _SUBMIT.pack(
        Command.SUBMIT,
        sequence,
        device_id,
        direction,
        endpoint & 0x0F,
        0,
        length,
        0,
        NOT_ISOCHRONOUS,
        interval,
        setup,
    )


def pack_unlink(sequence: int, device_id: int, cancelled_sequence: int) -> bytes:
    """Build the request to give up a transfer."""
    return _UNLINK.pack(Command.UNLINK, sequence, device_id, 0, 0, cancelled_sequence)


def unpack_reply(header: bytes | bytearray | memoryview) -> Reply:
    """Read the 48-byte header of a reply to SUBMIT or UNLINK."""
    fields = _REPLY.unpack(header)
    return Reply(command=fields[0], sequence=fields[1], status=fields[5], length=fields[6])
