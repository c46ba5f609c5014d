"""A simulated night: ten hours of bench time, thirty queued passes, faults at random, nobody at the keyboard.

    python tests/soak/night.py [--samples 6] [--speed 200] [--faults-per-hour 4] [--seed 1]

`plqy serve` on one bench; six samples, each a run of five passes, queued one by one and grouped by how sample
and filter stand. Simulated hands answer at a face, and are away in the middle of it. Prints what was found in
the morning; the first thing that isn't as it must be ends it, with exit code 1 and the folder kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.benches import Bench
from support.hosts import ServeProcess, joined
from support.night import Night, Plan

from plqy_rig.bench_process import BenchProcess, BenchRequest

RECIPE = """
power_density_min_mw_per_cm2 = 50.0
power_density_max_mw_per_cm2 = 900.0
power_steps = 10
scans_excitation = 20
scans_emission = 20
integration_time_max_emission_s = 4.0
laser_warm_up_s = 60.0
"""
HOURS = 10.0
MOST_GROWTH_MB = 40.0
"""Of the host's memory: the last quarter of the night above the second."""
MOST_NEW_FILES = 8


def _say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=6, help="five passes each")
    parser.add_argument("--speed", type=float, default=200.0)
    parser.add_argument("--faults-per-hour", type=float, default=4.0, help="of bench time")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> int:
    """See a night through; returns the exit code."""
    given = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="plqy-night-"))
    os.environ["PLQY_QUEUE_FOLDER"] = str(folder / "queues")
    os.environ["PLQY_RUNTIME_DIR"] = str(folder / "runtime")
    _say(f"in {folder}, seed {given.seed}")
    samples = tuple(f"sample {number}" for number in range(1, given.samples + 1))
    away = len(samples) * 2
    plan = Plan(RECIPE, samples, given.speed, given.faults_per_hour, given.seed, away_after=away)
    with BenchProcess(BenchRequest(speed=given.speed, seed=given.seed)) as process:
        served = ServeProcess(folder, "--rig", process.rig_path, "--out", folder / "runs")
        try:
            with joined(served.address) as face:
                night = Night(Bench(process), served, face, plan)
                try:
                    morning = night.run(timeout_s=3600.0)
                finally:
                    _say(night.morning)
                face.ask("shutdown")
                assert served.end() == 0, "the end wasn't verified safe"
        finally:
            served.close()
    if given.samples >= 6:
        assert morning.bench_hours >= HOURS, "too short for a night"
        assert morning.growth_mb() < MOST_GROWTH_MB
        assert morning.files[-1] - morning.files[0] <= MOST_NEW_FILES
    shutil.rmtree(folder)
    _say(f"load at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
