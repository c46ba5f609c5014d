import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from plqy_rig.data import PASS_ORDER, Role, Run, load_run, write_nexus
from plqy_rig.evaluation.evaluate import evaluate_run

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "recompute_plqy.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recompute_plqy", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(run: Run) -> Path:
    path = run.folder / "run.nxs"
    write_nexus(run, evaluate_run(run), path)
    return path


@pytest.mark.parametrize("roles", [PASS_ORDER[:5], PASS_ORDER], ids=["five spectra", "six spectra"])
def test_the_example_finds_the_yield_that_the_counts_were_made_of(
    example: ModuleType, rig: Any, record_run: Callable[..., Path], roles: Sequence[Role]
) -> None:
    rig.leakage = 1e-3 if Role.EMPTY_EMISSION in roles else 0.0
    path = written(load_run(record_run(roles)))
    density, recomputed, stored = example.recompute(path)
    assert recomputed == pytest.approx([0.5] * 3, rel=1e-6)
    assert recomputed == pytest.approx(stored, rel=1e-9)
    assert (np.diff(density) > 0).all()


def test_the_example_agrees_with_the_evaluation_on_noisy_counts_in_every_window(
    example: ModuleType, rig: Any, new_recorder: Callable[..., Any]
) -> None:
    rig.leakage = 1e-3
    random = np.random.default_rng(1)
    with new_recorder() as recorder:
        for role in PASS_ORDER:
            for step in range(3):
                exposure = rig.exposure(role, step)
                exposure["counts"] = exposure["counts"] + random.normal(0, 5, 512)
                recorder.record("exposure", exposure)
                recorder.record("dark", rig.dark(role, step))
        recorder.finish("success", "", {})
    path = written(load_run(recorder.folder))
    for window in ("er", "er_table1", "total", "yb"):
        _, recomputed, stored = example.recompute(path, window)
        assert recomputed == pytest.approx(stored, rel=1e-9)
        assert np.isfinite(stored).all()
