"""How long an evaluation takes, after import: analytic, and with Monte Carlo draws, one window and four.

    python benchmarks/evaluate_speed.py [RUN] [--draws 100000] [--repeats 15]

Without RUN a 20-step run is made on the bench's optics. Prints the median and the quickest of the repeats,
and the time of a fixed piece of arithmetic on this machine for comparison.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import make_bench_run

from plqy_rig.data import load_run
from plqy_rig.evaluation import NAMED_WINDOWS, EvaluationChoices, evaluate_run
from sim.optics import BenchOptions


def timed_s(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and shortest processor time: other people's load isn't counted."""
    found = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return float(np.median(found)), min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    run = load_run(options.run) if options.run else make_bench_run("HET-Ce", 1, BenchOptions())[0]
    one = (NAMED_WINDOWS["er"],)
    four = tuple(NAMED_WINDOWS.values())
    values = np.random.default_rng(1).standard_normal(1_000_000)
    median, quickest = timed_s(lambda: np.sort(values), options.repeats)
    print(f"sorting a million numbers: median {1e3 * median:.1f} ms, quickest {1e3 * quickest:.1f} ms")
    for draws, repeats in ((0, options.repeats), (options.draws, max(options.repeats // 4, 3))):
        for windows in (one, four):
            choices = EvaluationChoices(windows=windows, monte_carlo_draws=draws)
            median, quickest = timed_s(partial(evaluate_run, run, choices), repeats)
            what = f"{draws} draws per step" if draws else "analytic"
            print(
                f"{run.power_steps} steps, {len(windows)} window(s), {what}: median {1e3 * median:.1f} ms, "
                f"quickest {1e3 * quickest:.1f} ms"
            )


if __name__ == "__main__":
    main()
