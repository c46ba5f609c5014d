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
SYNTAX_ERROR = (-102, "Syntax error")
SETTINGS_CONFLICT = (-221, "Settings conflict")
DATA_OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_PARAMETER = (-224, "Illegal parameter value")
QUEUE_OVERFLOW = (-350, "Queue overflow")
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
        """The handler of a complete header, or `ScpiError` -113."""
        handler = self._find(header)
        if handler is None:
            raise ScpiError(*UNDEFINED_HEADER)
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
        header, _, rest = part.partition(" ")
        if header.startswith("*"):
            full = header
        else:
            full = header[1:] if header.startswith(":") else branch + header
            branch = full.rpartition(":")[0]
            branch = f"{branch}:" if branch else ""
        parameters = [p.strip() for p in _split_outside_quotes(rest, ",")] if rest.strip() else []
        units.append(Unit(full, parameters))
    return units


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    parts, current, quoted = [], "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == separator and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def number(text: str) -> float:
    """A numeric parameter, or `ScpiError` -104."""
    try:
        return float(text)
    except ValueError:
        raise ScpiError(*DATA_TYPE_ERROR) from None


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
