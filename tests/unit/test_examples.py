"""What lies in `examples/` can be used as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from plqy_rig.config import read_rig_file, read_toml
from procedures import PlqySweep

EXAMPLES = Path(__file__).parents[2] / "examples"
RIG = EXAMPLES / "rig.toml"
RECIPES = sorted(set(EXAMPLES.glob("*.toml")) - {RIG})


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_an_example_recipe_is_accepted_within_the_example_rigs_limits(path):
    _, recipe = read_toml(path, "recipe")
    settings = PlqySweep.from_recipe(recipe, path.name).settings()
    limit = read_rig_file(RIG).configuration.limits.power_density_mw_per_cm2
    assert max(settings.power_densities_mw_per_cm2) <= limit


def test_the_example_rig_file_is_a_real_rigs():
    configuration = read_rig_file(RIG).configuration
    assert configuration.bench is None
    assert configuration.connection.usb_bus is None
    assert configuration.lamp is not None
