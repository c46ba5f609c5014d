"""The command table: a name, its arguments, a function. What isn't in it can't be asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from drivers.errors import ConfigurationError

log = logging.getLogger(__name__)


class Arguments(BaseModel):
    """Arguments of a command: of the right kind, and none that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoArguments(Arguments):
    """For commands that take none."""


TheArguments = TypeVar("TheArguments", bound=Arguments)
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Command(Generic[TheArguments]):
    """One command.

    Attributes:
        arguments: what it takes.
        act: does it; raises `RigError` when it is refused or fails.
        urgent: done at once, beside whatever the same face asked for before.
    """

    arguments: type[TheArguments]
    act: Callable[[TheArguments], Result | None]
    urgent: bool = False


Commands = Mapping[str, Command[Any]]


def carry_out(commands: Commands, name: str, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check the arguments of a command and do it.

    Args:
        commands: the table.
        name: of the command.
        arguments: by name; None: none.

    Raises:
        ConfigurationError: no such command, or arguments that it doesn't take; nothing was done.
        RigError: whatever it raised.
    """
    command = commands.get(name)
    if command is None:
        raise ConfigurationError(f"unknown command {name!r}; known: {', '.join(sorted(commands))}")
    try:
        checked = command.arguments.model_validate(dict(arguments or {}))
    except ValidationError as error:
        raise ConfigurationError(f"{name}: {_explained(error)}") from error
    log.debug("%s %s", name, checked)
    return dict(command.act(checked) or {})


def _explained(error: ValidationError) -> str:
    return "; ".join(_one(problem) for problem in error.errors())


def _one(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "arguments"
    match problem["type"]:
        case "extra_forbidden":
            return f"{key}: unknown argument"
        case "missing":
            return f"{key}: missing"
        case "value_error":
            return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{key}: {problem['msg']}, got {problem['input']!r}"
