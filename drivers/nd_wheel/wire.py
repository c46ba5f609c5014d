"""NDW/1 as the host speaks it: check sum, requests, replies, events.

Source: docs/reference/instruments/nd_wheel.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BAUD = 57600
"""8N1; exact to 0.8 % on a board with a 16 MHz crystal."""

_LINE = re.compile(r"([#!])(.*)\*([0-9A-F]{2})", re.DOTALL)


def crc8(data: bytes) -> int:
    """CRC-8 of `data`: polynomial 0x07, start value 0, nothing reflected."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def request(sequence: int, text: str) -> str:
    """The line that asks `text`, without its line feed."""
    body = f"{sequence} {text}"
    return f"@{body}*{crc8(body.encode('ascii')):02X}"


@dataclass(frozen=True)
class Reply:
    """A line that answers a request."""

    sequence: int | None
    """None where the board could not read the request (`#? ERR`)."""
    fields: tuple[str, ...]
    """What follows OK; code and name where refused."""
    refused: bool

    @property
    def code(self) -> int:
        """Get the error code of a refusal, 0 for a success."""
        return int(self.fields[0]) if self.refused else 0


@dataclass(frozen=True)
class Event:
    """A line that nobody asked for."""

    name: str
    fields: tuple[str, ...]


def parse(line: str) -> Reply | Event | None:
    """Read a line (line end removed or not); None if it is damaged."""
    found = _LINE.fullmatch(line.strip("\r\n"))
    if found is None or crc8(found[2].encode("latin-1", "replace")) != int(found[3], 16):
        return None
    words = found[2].split(" ")
    if found[1] == "!":
        return Event(words[0], tuple(words[1:]))
    return _parse_reply(words)


def _parse_reply(words: list[str]) -> Reply | None:
    if len(words) < 2 or words[1] not in ("OK", "ERR") or not (words[0] == "?" or words[0].isdecimal()):
        return None
    refused = words[1] == "ERR"
    if refused and not (len(words) >= 3 and words[2].isdecimal()):
        return None
    sequence = None if words[0] == "?" else int(words[0])
    return Reply(sequence, tuple(words[2:]), refused)
