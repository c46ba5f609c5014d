"""Do the intervals hold what they promise? Hundreds of runs on the bench's optics, each with its own errors.

Every run is another bench: other sample, absorptance, pointing noise, laser, detector, and records that are
wrong by amounts drawn from the distributions they state. Prints how often the 68 % and 95 % intervals of the
mean hold the truth (62-74 % and 92-98 % are asked for), the median of (found - truth)/u (below 0.15), and the
flags that were raised (none but notes are asked for; with A = 0.05 most runs find a little less). *before* is
the yield before re-absorption, which is what the bench tells; without it the value is that of the light which
gets out, with what re-absorption may have taken in its uncertainty. *slit* compares with the bench's truth in
the window as a slit of 4 nm shows it: where a window's edge stands on the slope of a band (1000 nm does), the
slit carries light over it.

    python benchmarks/coverage.py [--runs 320] [--steps 20] [--records 4] [--jobs 1] [--first-seed 1]
        [--csv FILE]

What decides over a result is the error of the response record: 1.9 % against 0.3 % from the spectra. So every
run is evaluated with several record sets, each drawn anew (the first is the one that the bench hands out):
hundreds of runs alone leave the median bias to the luck of so many draws.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import Made, Plan, make_bench_run, with_other_records

from plqy_rig.data import MeanDetails
from plqy_rig.evaluation import NOTES, evaluate_run
from sim.optics import BenchOptions

Interval = tuple[float, float]
PRESETS = ("HOM", "HET", "HOM-Ce", "HET-Ce")
ABSORPTANCES = (0.05, 0.10, 0.15, 0.20)
POINTING_NOISES = (0.0005, 0.001, 0.003)


@dataclass(frozen=True)
class Found:
    preset: str
    absorptance: float
    noise: float
    seed: int
    window: str
    truth: float
    mean: float
    u: float
    u_random: float
    in68: bool
    in95: bool
    flags: str
    drawn: float
    chi_squared: float
    degrees: int

    @property
    def pull(self) -> float:
        return (self.mean - self.truth) / self.u


def one_run(job: tuple[str, float, float, int, int, int]) -> list[Found]:
    preset, absorptance, noise, seed, steps, records = job
    options = BenchOptions(absorptance=absorptance, monitor_pointing_noise=noise)
    made = make_bench_run(preset, seed, options, Plan(steps=steps))
    drawn = (made, *(with_other_records(made, draw) for draw in range(1, records)))
    return [row for each in drawn for row in _rows(job, each)]


def _rows(job: tuple[str, float, float, int, int, int], made: Made) -> list[Found]:
    preset, absorptance, noise, seed, *_ = job
    truth = made.truth
    rows = []
    for name, window in evaluate_run(made.run).windows.items():
        mean, true = window.details.mean, truth["plqy"][name]
        values = [(name, true, window.mean_plqy, window.u_mean_plqy, mean.ci68, mean.ci95)]
        if np.isfinite(mean.reabsorption_corrected):
            before = _before_reabsorption(mean)
            values.append((f"{name} before", true, *before))
            values.append((f"{name} before, slit", truth["through_slit"][name], *before))
        rows += [
            Found(
                preset,
                absorptance,
                noise,
                seed,
                label,
                expected,
                value,
                u,
                mean.u_random,
                *(low <= expected <= high for low, high in intervals),
                " ".join(sorted({flag for flags in window.flags for flag in flags} - NOTES)),
                truth["drawn_ratio_error"],
                mean.chi_squared,
                mean.degrees_of_freedom,
            )
            for label, expected, value, u, *intervals in values
        ]
    return rows


def _before_reabsorption(mean: MeanDetails) -> tuple[float, float, Interval, Interval]:
    value, u = mean.reabsorption_corrected, mean.u_reabsorption_corrected
    intervals = [(value - k * u, value + k * u) for k in (1.0, 1.96)]
    return value, u, intervals[0], intervals[1]


def report(name: str, rows: list[Found]) -> None:
    if len(rows) < 2:
        return
    pulls = np.array([row.pull for row in rows])
    in68, in95 = (np.mean([getattr(row, key) for row in rows]) for key in ("in68", "in95"))
    print(
        f"{name:18s} n = {len(rows):4d}   68 %: {100 * in68:5.1f}   95 %: {100 * in95:5.1f}   "
        f"median bias {np.median(pulls):+.2f} u   SD of pulls {pulls.std(ddof=1):.2f}   "
        f"u/found {100 * np.median([row.u / row.mean for row in rows]):.2f} %   "
        f"random {100 * np.median([row.u_random / row.mean for row in rows]):.2f} %",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=320)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--records", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    cases = itertools.cycle(itertools.product(PRESETS, ABSORPTANCES, POINTING_NOISES))
    jobs = [
        (*case, options.first_seed + number, options.steps, options.records)
        for number, case in zip(range(options.runs), cases, strict=False)
    ]
    rows: list[Found] = []
    with ProcessPoolExecutor(options.jobs) as executor:
        for number, found in enumerate(executor.map(one_run, jobs), start=1):
            rows += found
            print(f"\r{number} of {len(jobs)} runs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for window in dict.fromkeys(row.window for row in rows):
        report(window, [row for row in rows if row.window == window])
    erbium = [row for row in rows if row.window == "er"]
    for key, values in (("preset", PRESETS), ("absorptance", ABSORPTANCES), ("noise", POINTING_NOISES)):
        for value in values:
            report(f"er, {key} {value}", [row for row in erbium if getattr(row, key) == value])
    drawn = np.array([row.drawn for row in erbium])
    print(
        f"errors drawn for the response's ratio 1530/977 nm: median {np.median(drawn):+.2f} u, "
        f"SD {drawn.std():.2f} (0 ± {1.25 / np.sqrt(len(drawn)):.2f} and 1 expected); "
        f"pulls less these: median {np.median([row.pull for row in erbium] - drawn):+.2f} u"
    )
    scatter = np.array([row.chi_squared / row.degrees for row in erbium])
    expected = np.mean([2.0 / row.degrees for row in erbium]) ** 0.5
    print(
        f"chi squared of the steps over its degrees of freedom: mean {scatter.mean():.3f} ± "
        f"{scatter.std() / np.sqrt(len(scatter)):.3f} (1 expected), SD {scatter.std():.2f} ({expected:.2f} "
        "expected)"
    )
    flags = Counter(flag for row in rows if "before" not in row.window for flag in row.flags.split())
    print("flags raised (windows of runs):", dict(flags) or "none")
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(asdict(rows[0])))
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)


if __name__ == "__main__":
    main()
