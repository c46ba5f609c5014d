"""How long an evaluation takes, after import: analytic, and with Monte Carlo draws, one window and four.

    python benchmarks/evaluate_speed.py [RUN] [--draws 100000] [--repeats 15]
    python benchmarks/evaluate_speed.py RUN --many 1000 [--jobs 2]

Without RUN a 20-step run is made on the bench's optics. With --many the run's folder is read and evaluated so
often through an executor with so many processes. Prints the median and the quickest of the repeats,
and the time of a fixed piece of arithmetic on this machine for comparison.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import make_bench_run

from plqy_rig.data import load_run
from plqy_rig.evaluation import NAMED_WINDOWS, EvaluationChoices, evaluate_run, evaluate_runs
from sim.optics import BenchOptions


def timed_s(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and shortest processor time: other people's load isn't counted."""
    found = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return float(np.median(found)), min(found)


def evaluate_many(path: Path, count: int, jobs: int) -> None:
    choices = EvaluationChoices(windows=(NAMED_WINDOWS["er"],))
    began = time.perf_counter()
    with ProcessPoolExecutor(jobs) as executor:
        found = list(evaluate_runs([path] * count, choices, executor))
    took_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    means = {each.evaluation.windows["er"].mean_plqy for each in found if each.evaluation}
    bad = sum(bool(each.problem) for each in found)
    print(
        f"{count} evaluations (reading the run included) by {jobs} processes: {took_s:.1f} s, "
        f"{1e3 * (used.ru_utime + used.ru_stime) / count:.1f} ms of processor time each; {bad} failed, "
        f"{len(means)} different mean(s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.many:
        if options.run is None:
            parser.error("--many reads a run from the disk: give RUN")
        evaluate_many(options.run, options.many, options.jobs)
        return
    run = load_run(options.run) if options.run else make_bench_run("HET-Ce", 1, BenchOptions()).run
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
