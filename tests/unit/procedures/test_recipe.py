from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from drivers.errors import ConfigurationError
from procedures import REQUIRED_ROLES, PlqySweep, Role

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_is_the_twenty_step_five_spectrum_sweep() -> None:
    values = tomllib.loads((ROOT / "examples" / "sweep.toml").read_text(encoding="utf-8"))
    assert set(values) <= set(PlqySweep().parameter_objects())
    settings = PlqySweep.from_recipe(values, "examples/sweep.toml").settings()
    assert settings.passes == REQUIRED_ROLES
    assert settings.power_steps == 20
    assert settings.power_densities_mw_per_cm2[0] == pytest.approx(50.0)
    assert settings.power_densities_mw_per_cm2[-1] == pytest.approx(1000.0)


def test_every_parameter_is_described_and_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "recipe.md").read_text(encoding="utf-8")
    for key, parameter in PlqySweep().parameter_objects().items():
        assert parameter.description, key
        assert f"`{key}`" in reference, key


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("power_stepz", 20, "unknown key power_stepz; did you mean power_steps?"),
        ("power_steps", 2.5, "whole number"),
        ("power_steps", 0, "allowed is 1 to 500"),
        ("power_steps", True, "whole number"),
        ("power_tolerance", "2 %", "must be a number"),
        ("integration_time_min_s", 0.0001, "allowed is 0.001 to 60 s"),
        ("passes", ["direct_emision"], "must be one or more of empty_excitation"),
        ("passes", [], "one or more"),
        ("passes", ["direct_emission", "direct_emission"], "twice"),
        ("passes", 3, "recipe.toml: passes = 3"),
        ("sample", 5, "must be a text"),
        ("sample", "  ", "sample must be given"),
        ("dark_scans", 1, "dark_scans"),
        ("power_density_min_mw_per_cm2", 2000.0, "power_density_min_mw_per_cm2 <= power"),
        ("peak_low_fraction", 0.9, "peak_low_fraction < peak_high_fraction"),
        ("laser_window_low_nm", 990.0, "laser_window_low_nm"),
        ("integration_time_min_s", 5.0, "integration_time_max_excitation_s"),
        (
            "power_density_max_mw_per_cm2",
            float("nan"),
            "power_density_max_mw_per_cm2 = nan: must be a finite",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_key(key, value, words) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PlqySweep.from_recipe({"sample": "x", key: value}, "recipe.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("recipe.toml: ")


def test_a_recipe_without_a_sample_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="sample must be given"):
        PlqySweep.from_recipe({}, "recipe.toml")


def test_passes_come_in_pass_order_whatever_the_recipe_says() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x", "passes": "direct_emission, empty_excitation"})
    assert sweep.passes == (Role.EMPTY_EXCITATION, Role.DIRECT_EMISSION)


def test_a_value_set_by_hand_is_checked_as_well() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x"})
    sweep.power_steps = 0
    with pytest.raises(ConfigurationError, match="allowed is 1 to 500"):
        sweep.settings()


def test_a_dry_run_says_how_long_how_many_and_how_bright() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x", "power_steps": 10, "power_density_max_mw_per_cm2": 800.0})
    estimate = sweep.estimate()
    assert estimate.exposures == 50
    assert estimate.highest_power_density_mw_per_cm2 == 800.0
    # 3 passes of 22 s and 2 of 100 s per step at most, 0.2 s overhead each, and the warm-up.
    assert estimate.longest_duration_s == pytest.approx(10 * (3 * 22.2 + 2 * 100.2) + 5.0)
    assert dict(sweep.get_estimates())["Exposures"] == "50"


def test_a_repeated_first_step_is_one_more_at_the_lowest_power_and_in_the_dry_run() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x", "power_steps": 10, "repeat_first_step": True})
    densities = sweep.settings().power_densities_mw_per_cm2
    assert len(densities) == sweep.settings().steps == 11
    assert densities[-1] == densities[0] == min(densities)
    assert sweep.estimate().exposures == 55
