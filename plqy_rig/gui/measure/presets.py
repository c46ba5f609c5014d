"""Recipes to begin with: built-in ones, and those that a person saved. No Qt."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs

from calibration.roles import Role

FOLDER_VARIABLE = "PLQY_RECIPES_FOLDER"
"""Environment variable that names another folder for saved recipes."""

PERSONAL = ("sample", "operator_name", "comment")
"""What a preset leaves as it is: it belongs to the measurement at hand."""


@dataclass(frozen=True)
class Preset:
    """A recipe to begin with.

    Attributes:
        name: in the menu.
        description: what it is good for, a sentence.
        values: what it sets; all else has its default.
        text: TOML with comments, where it has any.
        path: of its file; None for a built-in one.
    """

    name: str
    description: str
    values: Mapping[str, Any]
    text: str = ""
    path: Path | None = None


def built_in_presets() -> tuple[Preset, ...]:
    """The presets that come with the program."""
    text = files("plqy_rig").joinpath("demo_recipe.toml").read_text(encoding="utf-8")
    emission = [Role.DIRECT_EMISSION.value, Role.INDIRECT_EMISSION.value, Role.EMPTY_EMISSION.value]
    return (
        Preset("Example sweep", "Five spectra at 20 powers, 50 to 1000 mW/cm².", tomllib.loads(text), text),
        Preset(
            "Quick look",
            "Five spectra at 3 powers with few scans: is there a signal, and how large is it?",
            {
                "power_density_min_mw_per_cm2": 200.0,
                "power_density_max_mw_per_cm2": 800.0,
                "power_steps": 3,
                "scans_excitation": 4,
                "scans_emission": 2,
                "integration_time_max_emission_s": 1.0,
            },
        ),
        Preset(
            "Overnight emission",
            "Only the emission passes, with long spectra, many scans and the leakage of the long-pass.",
            {
                "passes": emission,
                "scans_emission": 20,
                "integration_time_max_emission_s": 60.0,
                "laser_warm_up_s": 600.0,
            },
        ),
    )


def recipes_folder() -> Path:
    """Where a person's own recipes are; made when something is saved there."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_data_dir("plqy-rig")) / "recipes"


def own_presets(folder: Path | None = None) -> tuple[Preset, ...]:
    """The recipes in a person's folder, by name; files that are no TOML are left out."""
    found = []
    for path in sorted((folder or recipes_folder()).glob("*.toml"), key=lambda one: one.name.lower()):
        try:
            text = path.read_text(encoding="utf-8")
            found.append(Preset(path.stem, str(path), tomllib.loads(text), text, path))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
    return tuple(found)


def preset_path(name: str, folder: Path | None = None) -> Path:
    """The file that a preset of this name is saved as; the name loses what file systems don't take."""
    plain = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", name).strip(" .-") or "recipe"
    return (folder or recipes_folder()) / f"{plain}.toml"


def applied(preset: Preset, present: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's values, with the personal ones of the present recipe where they are given."""
    kept = {key: present[key] for key in PERSONAL if present.get(key)}
    return {**preset.values, **kept}


def bench_sample(rig_name: str) -> str:
    """The sample in a simulated bench, by the name in its rig file; empty when it doesn't say."""
    found = re.fullmatch(r"simulated bench: ([^,]+), .*", rig_name)
    return found.group(1) if found else ""
