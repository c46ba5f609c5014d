"""A request as it comes over the wire, checked; and the answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from calibration import CalibrationError
from drivers.errors import RigError
from plqy_rig.data.encoding import decode_json, encode_json

log = logging.getLogger(__name__)

_KEYS = frozenset({"id", "command", "arguments"})
_BAD_INPUT, _FAILED = 2, 3


class MalformedRequestError(RigError):
    """What came is no request."""

    exit_code = _BAD_INPUT

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


class TooManyRequestsError(RigError):
    """A face asks more, or more often, than anybody needs."""

    exit_code = _BAD_INPUT


@dataclass(frozen=True, eq=False)
class Request:
    """One command of a face.

    Attributes:
        number: its id; the reply names it.
        command: its name.
        arguments: by name.
    """

    number: int
    command: str
    arguments: Mapping[str, Any]


def parse_request(text: str) -> Request:
    """Read a request; raises `MalformedRequestError` that says what is wrong."""
    try:
        content = decode_json(text)
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(f"not JSON: {error}") from error
    if not isinstance(content, dict):
        raise MalformedRequestError("a request is an object with id, command and arguments")
    number = content.get("id")
    if type(number) is not int:
        raise MalformedRequestError("id: must be a whole number")
    unknown = sorted(set(content) - _KEYS)
    if unknown:
        raise MalformedRequestError(f"unknown: {', '.join(unknown)}", number)
    command, arguments = content.get("command"), content.get("arguments")
    if not isinstance(command, str):
        raise MalformedRequestError("command: must be a name", number)
    if arguments is not None and not isinstance(arguments, dict):
        raise MalformedRequestError("arguments: must be an object", number)
    return Request(number, command, arguments or {})


def reply(number: int | None, act: Callable[[], Mapping[str, Any]]) -> str:
    """Do something and make the reply of what comes of it.

    Args:
        number: the request's; None where it had none that could be read.
        act: gives the result, or raises.
    """
    try:
        return encode_json({"reply_to": number, "ok": True, "result": act()})
    except RigError as error:
        return refusal(number, error, error.exit_code)
    except CalibrationError as error:
        return refusal(number, error, _BAD_INPUT)
    except Exception as error:
        log.exception("a command failed in an unforeseen way")
        return refusal(number, error, _FAILED)


def refusal(number: int | None, error: Exception, exit_code: int) -> str:
    """The reply that something was refused or failed."""
    known = isinstance(error, RigError | CalibrationError)
    message = str(error) if known else f"unforeseen {type(error).__name__}: {error}"
    body = {"kind": type(error).__name__, "message": message, "exit_code": exit_code}
    return encode_json({"reply_to": number, "ok": False, "error": body})
