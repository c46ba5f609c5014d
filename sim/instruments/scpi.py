"""A small SCPI parser: mnemonics, optional nodes, suffixes, chaining (SCPI-99 volume 1, chapter 6).

Headers are written as in a manual, capitals being the short form and brackets what may be left out:
``[SOURce[1]:]CURRent[:LEVel]``. A digit in brackets is a suffix that may be dropped, one without is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_NODE = re.compile(r"(?P<name>\*?[A-Za-z]+)(?P<digits>\d*)(?P<dropped>\[1\])?$")
_RECEIVED = re.compile(r"(?P<name>\*?[A-Za-z]+)(?P<digits>\d*)$")
_FOREIGN = re.compile(r"[^A-Za-z0-9_:*?]")
_DECIMAL = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?)\s*([A-Za-z]*)", re.ASCII | re.IGNORECASE)
_NON_DECIMAL = {"#H": 16, "#Q": 8, "#B": 2}
_MULTIPLIERS = {"": 1.0, "G": 1e9, "MA": 1e6, "K": 1e3, "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12}
_MEGA_UNITS = {"HZ", "OHM"}
"""M means milli, but mega with these (IEEE 488.2, section 7.7.3)."""


class ScpiError(Exception):
    """A command that can't be carried out, with the number and text for the error queue."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


UNDEFINED_HEADER = (-113, "Undefined header")
MISSING_PARAMETER = (-109, "Missing parameter")
PARAMETER_NOT_ALLOWED = (-108, "Parameter not allowed")
DATA_TYPE_ERROR = (-104, "Data type error")
INVALID_CHARACTER = (-101, "Invalid character")
INVALID_SUFFIX = (-131, "Invalid suffix")
SUFFIX_NOT_ALLOWED = (-138, "Suffix not allowed")
SETTINGS_CONFLICT = (-221, "Settings conflict")
DATA_OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_PARAMETER = (-224, "Illegal parameter value")
QUEUE_OVERFLOW = (-350, "Error queue overflow")
QUERY_UNTERMINATED = (-420, "Query UNTERMINATED")


@dataclass(frozen=True)
class Node:
    """One mnemonic of a header pattern."""

    long: str
    short: str
    suffix: int
    suffix_optional: bool
    optional: bool

    def accepts(self, received: str) -> bool:
        """Whether `received` (any case) names this node."""
        match = _RECEIVED.match(received)
        if match is None or match["name"].upper() not in (self.long, self.short):
            return False
        if not match["digits"]:
            return self.suffix_optional
        return int(match["digits"]) == self.suffix


def parse_pattern(pattern: str) -> tuple[Node, ...]:
    """Translate a manual's header notation into nodes."""
    marked = re.sub(r"\[1\]", "{1}", pattern)
    nodes: list[Node] = []
    for optional, plain in re.findall(r"\[:?([^\[\]:]+):?\]|([^\[\]:]+)", marked):
        text = (optional or plain).replace("{1}", "[1]")
        match = _NODE.match(text)
        if match is None:
            raise ValueError(f"no SCPI node: {text!r} in {pattern!r}")
        name = match["name"]
        nodes.append(
            Node(
                long=name.upper(),
                short="".join(c for c in name if not c.islower()),
                suffix=int(match["digits"] or 1),
                suffix_optional=not match["digits"],
                optional=bool(optional),
            )
        )
    return tuple(nodes)


def _matches(nodes: tuple[Node, ...], received: tuple[str, ...]) -> bool:
    if not nodes:
        return not received
    head, rest = nodes[0], nodes[1:]
    if received and head.accepts(received[0]) and _matches(rest, received[1:]):
        return True
    return head.optional and _matches(rest, received)


Handler = Callable[[list[str]], str | None]
"""Takes the parameters, returns the reply of a query or None."""


class CommandTable:
    """Which handler a header belongs to."""

    def __init__(self) -> None:
        self._entries: list[tuple[tuple[Node, ...], bool, Handler]] = []
        self._find = lru_cache(maxsize=512)(self._search)

    def add(self, pattern: str, *, command: Handler | None = None, query: Handler | None = None) -> None:
        """Register what `pattern` does as a command and as a query."""
        nodes = parse_pattern(pattern)
        if command is not None:
            self._entries.append((nodes, False, command))
        if query is not None:
            self._entries.append((nodes, True, query))

    def find(self, header: str) -> Handler:
        """The handler of a complete header, or `ScpiError` -113 or -101."""
        handler = self._find(header)
        if handler is None:
            raise ScpiError(*(INVALID_CHARACTER if _FOREIGN.search(header) else UNDEFINED_HEADER))
        return handler

    def _search(self, header: str) -> Handler | None:
        is_query = header.endswith("?")
        received = tuple(header.removesuffix("?").removeprefix(":").split(":"))
        for nodes, query, handler in self._entries:
            if query is is_query and _matches(nodes, received):
                return handler
        return None


@dataclass(frozen=True)
class Unit:
    """One command of a program message: its full header and its parameters."""

    header: str
    parameters: list[str]


def split_message(message: str) -> list[Unit]:
    """Split a program message at its semicolons and complete every header.

    A header after ``;`` continues in the branch of the one before, ``;:`` starts at the root, and
    common commands (``*IDN?``) leave the branch as it is.
    """
    units: list[Unit] = []
    branch = ""
    for text in _split_outside_quotes(message, ";"):
        part = text.strip()
        if not part:
            continue
        header, *parameter_text = part.split(None, 1)
        rest = "".join(parameter_text)
        if header.startswith("*"):
            full = header
        else:
            full = header[1:] if header.startswith(":") else branch + header
            branch = full.rpartition(":")[0]
            branch = f"{branch}:" if branch else ""
        parameters = [p.strip() for p in _split_outside_quotes(rest, ",")] if rest else []
        units.append(Unit(full, parameters))
    return units


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    if '"' not in text and "'" not in text:
        return text.split(separator)
    parts, current, quote = [], "", ""
    for character in text:
        if character == quote:
            quote = ""
        elif character in "\"'" and not quote:
            quote = character
        if character == separator and not quote:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def number(text: str) -> float:
    """A number without unit, decimal or ``#H1F``, ``#Q17``, ``#B101``; or `ScpiError` -104, -138."""
    value, suffix = number_and_suffix(text)
    if suffix:
        raise ScpiError(*SUFFIX_NOT_ALLOWED)
    return value


def number_and_suffix(text: str) -> tuple[float, str]:
    """A number and the unit behind it in capitals (``25.0C``, ``150 mA``), or `ScpiError` -104."""
    base = _NON_DECIMAL.get(text[:2].upper())
    match = _DECIMAL.fullmatch(text)
    try:
        if base is not None:
            return float(int(text[2:], base)), ""
        if match is not None:
            return float(match[1]), match[2].upper()
    except ValueError:
        pass  # digits that the base doesn't have
    raise ScpiError(*DATA_TYPE_ERROR)


def suffix_factor(suffix: str, unit: str) -> float:
    """What a number is multiplied by: ``MA`` is 1e-3 where the unit is ``A``; or `ScpiError` -131, -138."""
    if suffix and not unit:
        raise ScpiError(*SUFFIX_NOT_ALLOWED)
    multiplier = suffix.removesuffix(unit)
    if multiplier not in _MULTIPLIERS:
        raise ScpiError(*INVALID_SUFFIX)
    return 1e6 if multiplier == "M" and unit in _MEGA_UNITS else _MULTIPLIERS[multiplier]


def boolean(text: str) -> bool:
    """``0|1|OFF|ON`` in any case, or `ScpiError` -224."""
    values = {"0": False, "OFF": False, "1": True, "ON": True}
    try:
        return values[text.upper()]
    except KeyError:
        raise ScpiError(*ILLEGAL_PARAMETER) from None


def choice(text: str, words: tuple[str, ...]) -> str:
    """The short form of one of `words` (manual notation), or `ScpiError` -224."""
    for word in words:
        short = "".join(c for c in word if not c.islower())
        if text.upper() in (word.upper(), short):
            return short
    raise ScpiError(*ILLEGAL_PARAMETER)


def single(parameters: list[str]) -> str:
    """The only parameter, or `ScpiError` -109 / -108."""
    if not parameters:
        raise ScpiError(*MISSING_PARAMETER)
    if len(parameters) > 1:
        raise ScpiError(*PARAMETER_NOT_ALLOWED)
    return parameters[0]
