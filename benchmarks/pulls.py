"""Is the uncertainty right? Whole runs on many benches; prints (found - truth) / u of the mean yield.

Each bench has its own sample, laser, detector noise, and records that are wrong by amounts drawn from the
distributions that they state. If the uncertainty is right, the pulls have mean 0 and standard deviation 1;
below 1 it is too large, above 1 too small.

    python benchmarks/pulls.py --seeds 10 [--window er] [--speed 100] [--jobs 2] [--first-seed 1]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

PRESETS = ("HOM", "HET", "HOM-Ce", "HET-Ce")


@dataclass(frozen=True)
class Pull:
    preset: str
    seed: int
    found: float
    uncertainty: float
    truth: float

    @property
    def value(self) -> float:
        return (self.found - self.truth) / self.uncertainty


def measure(preset: str, seed: int, window: str, speed: float) -> Pull:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "plqy_rig.cli", "demo", "--json", "--out", folder]
        command += ["--sample", preset, "--seed", str(seed), "--speed", str(speed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{preset} seed {seed}: exit {done.returncode}\n{done.stderr}")
    document = json.loads(done.stdout)
    found = document["runs"][0]["windows"][window]
    return Pull(preset, seed, found["mean_plqy"], found["u_mean_plqy"], document["truth"]["plqy"][window])


def report(pulls: list[Pull], name: str) -> None:
    values = np.array([pull.value for pull in pulls])
    count = len(values)
    print(
        f"{name:8s} n = {count:3d}   mean {values.mean():+.2f} ± {1 / np.sqrt(count):.2f}"
        f"   standard deviation {values.std(ddof=1):.2f} ± {1 / np.sqrt(2 * (count - 1)):.2f}"
        f"   u/found {100 * np.mean([pull.uncertainty / pull.found for pull in pulls]):.2f} %",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--window", default="er")
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    wanted = [
        (preset, seed)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for preset in PRESETS
    ]
    pulls: list[Pull] = []
    with ThreadPoolExecutor(options.jobs) as executor:
        jobs = executor.map(lambda job: measure(*job, options.window, options.speed), wanted)
        for pull in jobs:
            pulls.append(pull)
            print(
                f"{pull.preset:8s} seed {pull.seed:3d}   found {100 * pull.found:6.2f} %   "
                f"u {100 * pull.uncertainty:5.2f} %   truth {100 * pull.truth:6.2f} %   "
                f"pull {pull.value:+.2f}",
                flush=True,
            )
    print(f"\nwindow {options.window}: (found - truth) / u of the mean over 50-900 mW/cm²")
    for preset in PRESETS:
        report([pull for pull in pulls if pull.preset == preset], preset)
    report(pulls, "all")


if __name__ == "__main__":
    main()
