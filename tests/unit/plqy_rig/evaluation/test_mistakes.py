"""Deliberate mistakes at the bench's optics, measured by the program's own sweep: each raises its flag.

The whole table, over many benches, is `benchmarks/mistakes.py`; over the wires it is
`tests/system/test_deliberate_mistakes.py`.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from plqy_rig.evaluation import NOTES, evaluate_run

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
FEW_STEPS = {"power_steps": 6, "power_density_min_mw_per_cm2": 100.0, "power_density_max_mw_per_cm2": 800.0}


SEED = 7
SEEDS = {"diode 3 degrees warmer in one pass": 1}
"""With seed 7 a mode hop takes the line back to within 0.04 nm of where it was 3 degrees below."""


def load(name):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


rig_in_process = load("rig_in_process")
mistakes = load("mistakes")


def flags_of(mistake, seed=SEED, sample="HET-Ce"):
    recipe = {**mistakes.EXAMPLE, **FEW_STEPS}
    run, _ = rig_in_process.measure(sample, seed, mistake.arrangement, **recipe)
    found = evaluate_run(run)
    return {flag for window in found.windows.values() for step in window.flags for flag in step}


@pytest.mark.parametrize(
    "mistake", [one for one in mistakes.MISTAKES if one.flags], ids=lambda mistake: mistake.name
)
def test_a_mistake_raises_its_flag(mistake, caplog):
    caplog.set_level(logging.CRITICAL)
    assert flags_of(mistake, SEEDS.get(mistake.name, SEED)) & set(mistake.flags)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_without_a_mistake_raises_none_but_notes(seed):
    assert flags_of(mistakes.MISTAKES[0], seed, mistakes.PRESETS[seed]) <= {str(note) for note in NOTES}


def test_repeating_the_first_step_of_a_sample_that_lasts_raises_nothing_more():
    recipe = {**mistakes.EXAMPLE, **FEW_STEPS, "repeat_first_step": True}
    run, _ = rig_in_process.measure("HET-Ce", 5, mistakes.MISTAKES[0].arrangement, **recipe)
    assert run.power_steps == FEW_STEPS["power_steps"] + 1
    found = evaluate_run(run).windows["er"]
    assert found.power_density_mw_per_cm2[-1] == pytest.approx(found.power_density_mw_per_cm2[0], rel=0.03)
    assert {flag for flags in found.flags for flag in flags} <= {str(note) for note in NOTES}


def test_the_scatter_of_the_steps_is_what_their_uncertainties_say():
    recipe = {**mistakes.EXAMPLE, **FEW_STEPS, "power_steps": 12}
    total, degrees = 0.0, 0
    for seed in range(8):
        run, _ = rig_in_process.measure("HET-Ce", 100 + seed, **recipe)
        mean = evaluate_run(run).windows["er"].details.mean
        total, degrees = total + mean.chi_squared, degrees + mean.degrees_of_freedom
    # 88 degrees of freedom: one sigma is 13.
    assert total == pytest.approx(degrees, abs=4 * (2 * degrees) ** 0.5)
