"""Kills programs and guardians in the middle of runs, a counted number of times, and finishes every run.

    python tests/soak/kills.py [--kills 200] [--seed 1] [--speed 50] [--minutes 60]

One bench; `plqy run` and `resume`, `plqy queue run` and `plqy serve` take turns. Each run is killed about
eight times at random moments, gone on with each time, and compared with undisturbed runs in the end. Prints
the counts as it goes; the first thing that isn't as it must be ends it, with exit code 1 and the folder kept.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.benches import Bench
from support.killed_runs import STYLES, Killer

from plqy_rig.bench_process import BenchProcess, BenchRequest

UNDISTURBED = 3


def _say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=50.0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after that")
    return parser.parse_args()


def main() -> int:
    """Kill; returns the exit code."""
    arguments = _arguments()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="plqy-kills-"))
    os.environ["PLQY_QUEUE_FOLDER"] = str(folder / "queues")
    os.environ["PLQY_RUNTIME_DIR"] = str(folder / "runtime")
    _say(f"in {folder}, seed {arguments.seed}")
    with BenchProcess(BenchRequest(speed=arguments.speed, seed=arguments.seed)) as process:
        killer = Killer(Bench(process), folder, arguments.seed)
        for _ in range(UNDISTURBED):
            killer.undisturbed()
        for style in itertools.cycle(STYLES):
            left = arguments.kills - killer.kills.kills
            if left <= 0 or time.monotonic() - began > 60 * arguments.minutes:
                break
            try:
                killer.one_run(style, left)
            except BaseException:
                _say(killer.kills)
                raise
            _say(f"... {killer.kills.kills} kills after {(time.monotonic() - began) / 60:.1f} minutes")
    shutil.rmtree(folder)
    _say(killer.kills)
    _say(f"{(time.monotonic() - began) / 60:.1f} minutes, load at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
