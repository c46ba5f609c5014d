"""NDW/1 as the wheel's board speaks it: check sum, framing, numbers, configuration keys.

Written from the protocol page (docs/reference/instruments/nd_wheel.md); the firmware in C and the
driver have their own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

LINE_LIMIT = 63
"""Longest line without its terminator, characters."""

FIRMWARE_VERSION = "1.0.0"


class ErrorCode(IntEnum):
    """Codes of a refusal; the names are the words on the wire."""

    FRAME = 1
    CRC = 2
    VERB = 3
    ARG = 4
    NOTHOMED = 5
    BUSY = 6
    RANGE = 7
    HOMEFAIL = 8
    LIMIT = 9
    DISABLED = 10
    OVERRUN = 11
    FAULT = 12


class RefusedError(Exception):
    """A request that is answered with ERR."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.name)
        self.code = code


DEFAULTS: dict[str, int] = {
    "SPR": 3200,
    "SMIN": 0,
    "SMAX": 2400,
    "VMAX": 1600,
    "ACC": 16000,
    "VHOME": 1000,
    "HDIR": 0,
    "BACKL": 16,
    "TOUT": 2000,
}
"""Configuration of a board whose EEPROM is blank, in the order in which it is stored."""

_RANGES: dict[str, tuple[int, int]] = {
    "SPR": (200, 51200),
    "SMIN": (0, 51200),
    "SMAX": (0, 51200),
    "VMAX": (50, 5000),
    "ACC": (500, 60000),
    "VHOME": (50, 5000),
    "HDIR": (0, 1),
    "BACKL": (0, 1600),
    "TOUT": (100, 3_600_000),
}

_MAGIC = b"NDW\x01"
EEPROM_SIZE = 1024
STORED_SIZE = len(_MAGIC) + 4 * len(DEFAULTS) + 2


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 0x07, start value 0, of `data`."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def frame(mark: str, text: str) -> bytes:
    """A line as the board sends it: `mark` (# or !), text, check sum, CR LF."""
    return f"{mark}{text}*{crc8(text.encode('ascii')):02X}\r\n".encode("ascii")


@dataclass(frozen=True)
class Request:
    """A well-framed request."""

    sequence: int
    words: tuple[bytes, ...]
    """Verb and arguments; an empty word where two spaces met."""


def parse_request(line: bytes) -> Request:
    """Read one line (no CR, no LF).

    Raises:
        RefusedError: FRAME or CRC; such a line has no sequence number to answer to.
    """
    if len(line) < 4 or line[:1] != b"@" or line[-3:-2] != b"*":
        raise RefusedError(ErrorCode.FRAME)
    if any(digit not in b"0123456789ABCDEF" for digit in line[-2:]):
        raise RefusedError(ErrorCode.FRAME)
    text = line[1:-3]
    if crc8(text) != int(line[-2:], 16):
        raise RefusedError(ErrorCode.CRC)
    first, space, rest = text.partition(b" ")
    if not space or not 1 <= len(first) <= 3 or any(digit not in b"0123456789" for digit in first):
        raise RefusedError(ErrorCode.FRAME)
    if int(first) > 255:
        raise RefusedError(ErrorCode.FRAME)
    return Request(int(first), tuple(rest.split(b" ")))


def parse_number(word: bytes) -> int:
    """An int32 as on the wire: optional minus, one to ten digits.

    Raises:
        RefusedError: ARG for anything else.
    """
    digits = word[1:] if word[:1] == b"-" else word
    if not 1 <= len(digits) <= 10 or any(digit not in b"0123456789" for digit in digits):
        raise RefusedError(ErrorCode.ARG)
    value = int(word)
    if not -(2**31) <= value < 2**31:
        raise RefusedError(ErrorCode.ARG)
    return value


def configuration_is_valid(values: dict[str, int]) -> bool:
    """Whether every value is in its range and the values agree with each other.

    The highest soft limit stays within three quarters of a revolution: behind it is the seam between
    the darkest end and the clear sector.
    """
    if any(not low <= values[key] <= high for key, (low, high) in _RANGES.items()):
        return False
    turn = values["SPR"]
    return values["SMIN"] < values["SMAX"] <= turn * 3 // 4 and values["BACKL"] <= turn // 32


def crc16(data: bytes) -> int:
    """CRC-16 (polynomial 0x1021, start value 0xFFFF) of `data`: guards the stored configuration."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
    return crc


def pack_configuration(values: dict[str, int]) -> bytes:
    """The bytes at the start of the EEPROM: magic, nine int32, CRC-16; little-endian."""
    body = _MAGIC + struct.pack(f"<{len(DEFAULTS)}i", *(values[key] for key in DEFAULTS))
    return body + struct.pack("<H", crc16(body))


def unpack_configuration(eeprom: bytes) -> dict[str, int] | None:
    """The stored configuration, or None when it can't be trusted."""
    body = eeprom[: STORED_SIZE - 2]
    if len(eeprom) < STORED_SIZE or not body.startswith(_MAGIC):
        return None
    if struct.unpack_from("<H", eeprom, STORED_SIZE - 2)[0] != crc16(body):
        return None
    values = dict(zip(DEFAULTS, struct.unpack_from(f"<{len(DEFAULTS)}i", body, len(_MAGIC)), strict=True))
    return values if configuration_is_valid(values) else None
