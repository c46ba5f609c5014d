"""Bytes of a file to lines of text, whatever program and operating system wrote them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from plqy_rig.foreign.errors import ForeignFileError

_LARGEST_BYTES = 64 * 1024 * 1024
_SAMPLE_BYTES = 4096
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # The UTF-32 marks begin with those of UTF-16 and are asked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KNOWN_BINARY = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF"),
)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without their ends; CR, LF and CRLF all end a line.

    Raises:
        ForeignFileError: the file is missing, not readable, empty, binary or larger than 64 MiB.
    """
    lines = _LINE_ENDS.split(_decode(_read(path), path))
    if not any(line.strip() for line in lines):
        raise ForeignFileError(path, "is empty; export the spectrum again")
    return lines


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ForeignFileError(path, "is larger than 64 MiB, which no single spectrum is")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ForeignFileError(path, f"can't be read: {reason or error}") from error


def _decode(content: bytes, path: Path) -> str:
    for start, what in _KNOWN_BINARY:
        if content.startswith(start):
            raise ForeignFileError(path, f"is {what}, not text; export the spectrum as text or CSV")
    text = _text(content)
    if text is None or _CONTROL.search(text.strip("\x00\x1a")):
        raise ForeignFileError(path, "is a binary file, not text; export the spectrum as text or CSV")
    return text.strip("\x00\x1a")


def _text(content: bytes) -> str | None:
    """Decoded text; None where the declared encoding doesn't fit."""
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _encodings(content: bytes) -> tuple[str, ...]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return (encoding,)
    sample = content[:_SAMPLE_BYTES]
    # Text in UTF-16 without a mark has a zero in every other byte.
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = sample[offset::2]
        if half and half.count(0) > 0.8 * len(half) and sample.count(0) < 0.6 * len(sample):
            return (encoding,)
    return ("utf-8", "cp1252", "latin-1")
