"""What a power step costs beyond its exposure and dark: `python benchmarks/step_overhead.py [--speed 1]`.

One pass on a simulated bench; from one saved exposure to the next, minus scans times time of both.
Bench seconds. Budget: 0.2 s median at speed 1. The integration times printed are what a change of light cost
before short frames were run while it changes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.commands.measure import read_toml
from plqy_rig.config import read_rig_file
from plqy_rig.engine import ObservedSweep, load_records, run_sweep
from plqy_rig.rig import Rig
from procedures import ConsoleHands


class Steps:
    """Hears of every saved document."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.beyond_s: list[float] = []
        self.integration_s: list[float] = []
        self._dark_s = 0.0
        self._last_s: float | None = None

    def hear(self, name: str, document: Mapping[str, Any]) -> None:
        if name != "event":
            return
        data = document["data"]
        exposed_s = data["integration_time_s"] * data["scans"]
        if "counts" not in data:
            self._dark_s = exposed_s
            return
        now_s = time.monotonic() * self.speed
        if self._last_s is not None:
            self.beyond_s.append(now_s - self._last_s - exposed_s - self._dark_s)
            self.integration_s.append(data["integration_time_s"])
        self._last_s = now_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument(
        "--passes", nargs="+", default=["empty_excitation", "direct_excitation", "direct_emission"]
    )
    arguments = parser.parse_args()
    recipe = Path(str(files("plqy_rig").joinpath("demo_recipe.toml")))
    text, values = read_toml(recipe, "recipe")
    values |= {
        "sample": "HET-Ce",
        "power_steps": arguments.steps,
        "passes": arguments.passes,
        "laser_warm_up_s": 1.0,
    }
    with BenchProcess(BenchRequest(speed=arguments.speed)) as bench, tempfile.TemporaryDirectory() as out:
        rig_file = read_rig_file(bench.rig_path)
        steps = Steps(arguments.speed)
        with Rig(rig_file) as rig:
            console = rig_file.configuration.bench.console
            run_sweep(
                rig,
                ObservedSweep.from_recipe(values, "recipe"),
                operator=ConsoleHands(console),
                records=load_records(rig_file.calibration_folder),
                out=Path(out),
                recipe_text=text,
                listeners=(steps.hear,),
            )
    for beyond_s, integration_s in zip(steps.beyond_s, steps.integration_s, strict=True):
        print(f"{integration_s:8.3f} s per scan   {beyond_s:7.3f} s beyond")
    print(f"median {statistics.median(steps.beyond_s):.3f} s beyond ({len(steps.beyond_s)} steps)")


if __name__ == "__main__":
    main()
