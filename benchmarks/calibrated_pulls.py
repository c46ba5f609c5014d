"""Is the uncertainty right when the records were measured, not handed out? The whole chain, on many benches.

Each bench starts without records, is calibrated (`plqy calibrate all`), then measured (`plqy run`) and
evaluated with nothing but what the calibration found. Prints (found - truth) / u of the mean yield, and what
the laser check said. Pulls have mean 0 and standard deviation 1 if all uncertainties are right.

    python benchmarks/calibrated_pulls.py --seeds 10 [--preset HOM]... [--first-seed 1] [--window er]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from plqy_rig.bench_process import BenchProcess, BenchRequest

PRESETS = ("HOM", "HET", "HOM-Ce", "HET-Ce")
RECIPE = """
sample = "calibrated bench"
power_density_min_mw_per_cm2 = 100.0
power_density_max_mw_per_cm2 = 900.0
power_steps = 6
"""


def plqy(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "plqy_rig.cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(f"{arguments}: exit {done.returncode}\n{done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def measure(preset: str, seed: int, window: str, speed: float, recipe: Path) -> tuple[float, float, float]:
    """Pull of the mean yield, its relative uncertainty, and the laser check's deviation."""
    request = BenchRequest(sample=preset, seed=seed, speed=speed, with_records=False)
    with BenchProcess(request) as bench, tempfile.TemporaryDirectory() as out:
        calibrated = plqy("calibrate", "all", "--rig", bench.rig_path, "--yes")
        check = next(one for one in calibrated["results"] if one["kind"] == "laser_check")
        values = json.loads(Path(check["record"]).read_text(encoding="utf-8"))["values"]
        run = plqy("run", recipe, "--rig", bench.rig_path, "--out", out)["runs"][0]["windows"][window]
        pull = (run["mean_plqy"] - bench.truth["plqy"][window]) / run["u_mean_plqy"]
        return pull, run["u_mean_plqy"] / run["mean_plqy"], values["slope_minus_one"]


def summary(name: str, rows: list[tuple[float, float, float]]) -> str:
    pulls, relative, checks = np.array(rows).T
    count = len(pulls)
    spread = f"{pulls.std(ddof=1):.2f} ± {1 / np.sqrt(2 * (count - 1)):.2f}" if count > 1 else "-"
    return (
        f"{name:7s}  n = {count}   mean {pulls.mean():+.2f} ± {1 / np.sqrt(count):.2f}   "
        f"standard deviation {spread}   beyond 2: {np.sum(np.abs(pulls) > 2)}   "
        f"u/found {relative.mean():.2%}   laser check within 3 %: {np.mean(np.abs(checks) <= 0.03):.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="of each preset")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", action="append", choices=PRESETS, help="once for each; all without it")
    parser.add_argument("--window", default="er")
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--recipe", type=Path, default=None)
    options = parser.parse_args()
    presets = options.preset or PRESETS
    rows: dict[str, list[tuple[float, float, float]]] = {preset: [] for preset in presets}
    with tempfile.TemporaryDirectory() as folder:
        recipe = options.recipe or Path(folder) / "recipe.toml"
        if options.recipe is None:
            recipe.write_text(RECIPE, encoding="utf-8")
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for preset in presets:
                row = measure(preset, seed, options.window, options.speed, recipe)
                rows[preset].append(row)
                print(
                    f"{preset:7s} seed {seed:3d}   pull {row[0]:+.2f}   u/found {row[1]:.2%}   "
                    f"laser check {row[2]:+.2%}",
                    flush=True,
                )
    for preset in presets:
        print(summary(preset, rows[preset]))
    print(summary("all", [row for preset in presets for row in rows[preset]]))


if __name__ == "__main__":
    main()
