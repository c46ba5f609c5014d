"""The whole way once: what `make demo` promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recompute_plqy import recompute

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One demo for all the tests of this module."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "plqy_rig.cli", "demo", "--seed", "11", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_twenty_steps_come_near_the_truth_by_the_stated_uncertainty(demo):
    (run,) = demo["runs"]
    assert demo["truth"]["sample"] == run["sample"] == "HET-Ce"
    for name, window in run["windows"].items():
        assert len(window["steps"]) == 20
        pull = (window["mean_plqy"] - demo["truth"]["plqy"][name]) / window["u_mean_plqy"]
        assert abs(pull) < 4, (name, pull)
    erbium = run["windows"]["er"]
    assert 0.01 < erbium["u_mean_plqy"] / erbium["mean_plqy"] < 0.05
    density = [step["power_density"] for step in erbium["steps"]]
    np.testing.assert_allclose(density, np.geomspace(50, 1000, 20), rtol=0.06)
    absorptance = np.mean([step["absorptance"] for step in erbium["steps"]])
    assert absorptance == pytest.approx(demo["truth"]["absorptance"], abs=0.002)
    assert np.mean([step["mu"] for step in erbium["steps"]]) == pytest.approx(demo["truth"]["mu"], abs=0.002)


def test_the_rig_was_left_safe_and_the_run_says_so(demo):
    assert demo["exit_status"] == "success"
    assert demo["safe_state"]["safe"] is True
    journal = Path(demo["folder"], "run.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"safe":true' in journal[-1]


def test_evaluate_gives_the_printed_numbers_after_the_bench_is_gone(demo):
    for target in (demo["folder"], f"{demo['folder']}/run.nxs", f"{demo['folder']}/run.jsonl"):
        again = subprocess.run(
            [sys.executable, "-P", "-m", "plqy_rig.cli", "evaluate", target, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        (found,), (printed,) = json.loads(again.stdout)["runs"], demo["runs"]
        assert found["windows"] == printed["windows"]


def test_ten_lines_of_h5py_recompute_the_yield(demo):
    for name in ("er", "er_table1", "total", "yb"):
        _, recomputed, stored = recompute(f"{demo['folder']}/run.nxs", name)
        assert np.isfinite(stored).all()
        np.testing.assert_allclose(recomputed, stored, rtol=1e-9)


def test_the_run_folder_holds_what_is_needed_to_judge_the_run(demo):
    folder = Path(demo["folder"])
    assert {path.name for path in folder.iterdir()} == {"run.jsonl", "run.nxs", "recipe.toml", "rig.toml"}
    assert (folder / "recipe.toml").read_text() == (ROOT / "examples" / "sweep.toml").read_text()
