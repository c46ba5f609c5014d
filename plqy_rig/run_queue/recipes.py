"""Recipes of entries: checked before they are stored, and again with every change."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.errors import ConfigurationError
from plqy_rig.data.toml_text import toml_text
from plqy_rig.engine import ObservedSweep


@dataclass(frozen=True)
class CheckedRecipe:
    """A recipe that can be run.

    Attributes:
        text: as given, or made of the keys.
        values: every key with its value, defaults included.
    """

    text: str
    values: Mapping[str, Any]


def sweep_of(values: Mapping[str, Any], source: str = "recipe") -> ObservedSweep:
    """Make the sweep of a recipe's keys and values; raises `ConfigurationError`."""
    sweep = ObservedSweep.from_recipe(dict(values), source)
    assert isinstance(sweep, ObservedSweep)
    return sweep


def checked(values: Mapping[str, Any], source: str, highest_mw_per_cm2: float | None) -> CheckedRecipe:
    """Check a recipe's keys and values.

    Args:
        values: as given.
        source: where they come from, for the message.
        highest_mw_per_cm2: what the rig allows; None where it isn't known yet.

    Raises:
        ConfigurationError: names source, key, value and what is allowed.
    """
    sweep = sweep_of(values, source)
    wanted = sweep.settings().power_density_max_mw_per_cm2
    if highest_mw_per_cm2 is not None and wanted > highest_mw_per_cm2:
        raise ConfigurationError(
            f"{source}: power_density_max_mw_per_cm2 = {wanted:g}: this rig allows up to "
            f"{highest_mw_per_cm2:g} mW/cm²"
        )
    return CheckedRecipe(toml_text(dict(values)), sweep.recipe())


def checked_text(text: str, source: str, highest_mw_per_cm2: float | None) -> CheckedRecipe:
    """The same of a recipe file's text, which is kept as it is."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source}: not valid TOML, {error}") from error
    return CheckedRecipe(text, checked(values, source, highest_mw_per_cm2).values)
