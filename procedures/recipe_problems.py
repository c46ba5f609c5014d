"""Everything that is wrong with a recipe at once, each problem with the key it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.errors import ConfigurationError, RigError
from procedures.plqy_sweep import PlqySweep
from procedures.recipe import converted
from procedures.settings import SweepSettings

_SOURCE = "recipe"


@dataclass(frozen=True)
class RecipeProblem:
    """One thing that is wrong with a recipe.

    Attributes:
        keys: the keys it is about, the first one named foremost; empty when it is about the whole.
        message: what is wrong and what is allowed, a sentence.
    """

    keys: tuple[str, ...]
    message: str

    def to_document(self) -> dict[str, Any]:
        """As JSON takes it: `key` is the foremost one, `keys` are all of them."""
        return {"key": self.keys[0] if self.keys else None, "keys": list(self.keys), "message": self.message}


def recipe_problems(recipe: Mapping[str, Any]) -> tuple[SweepSettings | None, tuple[RecipeProblem, ...]]:
    """Check a recipe's keys and values, without stopping at the first problem.

    Args:
        recipe: keys and values as TOML gives them; what is missing has its default.

    Returns:
        The settings when nothing is wrong (else None), and what is wrong.
    """
    sweep = PlqySweep()
    parameters = sweep.parameter_objects()
    problems = []
    for key, value in recipe.items():
        try:
            setattr(sweep, key, converted(parameters, {key: value}, _SOURCE)[key])
        except ConfigurationError as error:
            problems.append(RecipeProblem((key,), _plain(str(error), key, value)))
    problems.extend(
        RecipeProblem((key,), f"{parameter.name} must be given.")
        for key, parameter in parameters.items()
        if key not in recipe and getattr(sweep, key) is None
    )
    if problems:
        return None, tuple(problems)
    try:
        return sweep.settings(), ()
    except RigError as error:
        return None, (RecipeProblem(_keys_in(str(error), parameters), _sentence(str(error))),)


def keys_named(message: str) -> tuple[str, ...]:
    """The recipe keys that a message names, in the order in which it names them."""
    return _keys_in(message, PlqySweep().parameter_objects())


def _keys_in(message: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    words = re.findall(r"\w+", message)
    return tuple(dict.fromkeys(word for word in words if word in parameters))


def _plain(message: str, key: str, value: Any) -> str:
    without_source = message.removeprefix(f"{_SOURCE}: ")
    return _sentence(without_source.removeprefix(f"{key} = {value!r}: "))


def _sentence(words: str) -> str:
    """The words with a capital (unless they begin with a key) and a full stop."""
    start = words if "_" in words.split(" ")[0] else words[:1].upper() + words[1:]
    return start if start.endswith((".", "!", "?")) else f"{start}."
