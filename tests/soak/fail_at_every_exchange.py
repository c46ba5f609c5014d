"""Spoils every exchange of a short run, one per case, and looks at what becomes of it.

    python tests/soak/fail_at_every_exchange.py [--share 0.05] [--only shutter:silence] [--minutes 60]
        [--jobs 8]

Every case is a run of its own on a bench of its own at speed 100, with one fault at one exchange of one
instrument. Allowed outcomes: the run is complete and its data agree with an undisturbed run's; or it failed,
or paused, in the verified safe state; or it says which instrument could not be verified. Always with a
message, never with light left on the sample, never later than the time-out. Prints a line for every case that
is anything else, and the counts.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import itertools
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.benches import Bench
from support.warm_benches import WarmBench

from drivers.errors import RigError
from plqy_rig.bench_process import BenchRequest
from plqy_rig.config import read_rig_file
from plqy_rig.engine import Engine, EngineState, Job, ObservedSweep, load_records
from plqy_rig.rig import Rig
from procedures import ConsoleHands

TIMEOUT_S = 90.0
"""Real seconds: several wire time-outs of three seconds, each with its retries, and the safe state."""
_PAUSED_S = 4.0
_CLOSE = 0.02
# The first step's exposure is long enough for the shutter's own timer, the second one's isn't.
RECIPE = {
    "sample": "HET-Ce",
    "passes": ["empty_excitation"],
    "power_density_min_mw_per_cm2": 30.0,
    "power_density_max_mw_per_cm2": 400.0,
    "power_steps": 2,
    "scans_excitation": 3,
    "laser_warm_up_s": 0.0,
}
REPLY_KINDS = ("silence", "late=5", "short", "garbled", "duplicated")
WIRE_KINDS = ("disconnect", "disconnect+20s", "hang", "hang+20s")
OWN_KINDS = {
    "laser": (
        "error",
        "interlock",
        "key",
        "over_temperature",
        "ld_enable",
        "sensor",
        "tec_cable",
        "temperature",
    ),
    "monitor": ("overflow", "overflow+20s", "no_head"),
    "shutter": ("stuck", "interlock", "button", "power_cycle", "error", "echo"),
    "nd_wheel": ("lost_steps", "reset", "switch_stuck_on", "switch_stuck_off", "switch_missing"),
    "spectrometer": ("saturation", "stale", "bad_sync", "wrong_slot"),
}


@dataclass(frozen=True)
class Case:
    """One fault at one exchange."""

    instrument: str
    kind: str
    exchange: int

    @property
    def spec(self) -> str:
        kind, plus, duration = self.kind.partition("+")
        return f"{self.instrument}:{kind}@{self.exchange}{plus}{duration}"


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    kind: str
    """complete, failed safe, failed and said which, paused, not connected; or what it must not be."""
    allowed: bool
    told: str
    seconds: float


Data = dict[tuple[str, int], Mapping[str, Any]]


def run_case(
    case: Case | None, undisturbed: Data | None, assumptions: Sequence[str] = ()
) -> tuple[Outcome, Data, dict[str, int]]:
    """Run once; returns the outcome, the events, and how many exchanges each instrument had."""
    began = time.monotonic()
    faults = (case.spec,) if case else ()
    events: Data = {}
    with (
        tempfile.TemporaryDirectory() as out,
        WarmBench(BenchRequest(speed=100.0, faults=faults, assumptions=assumptions)) as process,
    ):
        bench = Bench(process)
        try:
            kind, told = _run(bench, Path(out), events)
        except RigError as error:
            kind, told = "not connected", str(error)
        seen = bench.ask("observe")
    seconds = time.monotonic() - began
    allowed, kind = _judge(kind, told, seen, events, undisturbed)
    if seconds > TIMEOUT_S:
        allowed, kind = False, f"{kind}, TOO LATE"
    return Outcome(kind, allowed, told, seconds), events, dict(seen["exchanges"])


def _run(bench: Bench, out: Path, events: Data) -> tuple[str, str]:
    def hear(event: Any) -> None:
        document = getattr(event, "document", None)
        if document is not None and getattr(event, "name", "") == "event":
            data = document["data"]
            events["exposure" if "counts" in data else "dark", data["step"]] = data

    rig_file = read_rig_file(bench.rig)
    with Rig(rig_file) as rig:
        if rig.failures:
            verdict = rig.make_safe()
            first = next(iter(rig.failures.values()))
            return ("not connected", f"{first} [{verdict}]")
        assert rig_file.configuration.bench is not None
        hands = ConsoleHands(rig_file.configuration.bench.console)
        sweep = ObservedSweep.from_recipe(RECIPE, "recipe")
        with Engine(rig, guarded=False) as engine:
            engine.subscribe(hear)
            engine.submit(Job(sweep, load_records(rig_file.calibration_folder), out, "", hands))
            engine.start()
            paused = _wait(engine, bench)
            engine.flush()
            outcome = engine.outcome
    if paused:
        return "paused", paused
    assert outcome is not None
    if outcome.exit_status == "success":
        return "complete", ""
    told = f"{outcome.error} [{outcome.verdict}]"
    return ("failed safe" if outcome.verdict.safe else "failed and said which"), told


def _wait(engine: Engine, bench: Bench) -> str:
    """Wait for the end; a run that stays paused is looked at and then aborted. Returns why it paused."""
    since: float | None = None
    paused = ""
    while not engine.wait(0.2):
        if engine.status.state is not EngineState.PAUSED:
            since = None
            continue
        since = since or time.monotonic()
        if not paused and time.monotonic() - since > _PAUSED_S:
            seen = bench.ask("observe")
            paused = f"paused; light on sample: {seen['light_on_sample']}; {engine.status}"
            engine.abort("looked at")
    return paused


def _judge(
    kind: str, told: str, seen: Mapping[str, Any], events: Data, undisturbed: Data | None
) -> tuple[bool, str]:
    if kind != "complete" and not told.strip():
        return False, f"{kind}, WITHOUT A WORD"
    if seen["light_on_sample"] and "NOT SAFE" not in told:
        return False, f"{kind}, LIGHT ON"
    if "light on sample: True" in told:
        return False, f"{kind}, PAUSED IN LIGHT"
    if undisturbed is not None:
        wrong = differences(events, undisturbed)
        if wrong:
            return False, f"{kind}, WRONG DATA: {wrong}"
        if kind == "complete" and set(events) != set(undisturbed):
            return False, "complete, DATA MISSING"
    return True, kind


def differences(events: Data, undisturbed: Data) -> str:
    """What in the saved events does not agree with an undisturbed run; also events of runs that failed."""
    for (stream, step), data in events.items():
        reference = undisturbed.get((stream, step))
        if reference is None:
            return f"{stream} {step} nobody asked for"
        if stream == "dark":
            shift = float(np.mean(np.asarray(data["dark"]) - np.asarray(reference["dark"])))
            if abs(shift) > 40.0:
                return f"dark {step} is {shift:+.1f} counts off"
        elif ("dark", step) in events:
            here, there = (_rate(source, step) for source in (events, undisturbed))
            if abs(here / there - 1) > _CLOSE:
                return f"step {step}: {here / there - 1:+.1%} off"
    return ""


def _rate(events: Data, step: int) -> float:
    """Light at the spectrometer per second and monitor watt, brightest pixels."""
    exposure, dark = events["exposure", step], events["dark", step]
    counts = np.asarray(exposure["counts"]) - np.asarray(dark["dark"])
    bright = np.sort(counts)[-6:]
    return float(bright.sum() / exposure["integration_time_s"] / exposure["monitor_power_w"])


def every_case(exchanges: Mapping[str, int]) -> Iterator[Case]:
    """Every kind at every exchange of an undisturbed run."""
    for instrument, own in OWN_KINDS.items():
        for kind in (*REPLY_KINDS, *WIRE_KINDS, *own):
            for exchange in range(1, exchanges[instrument] + 1):
                yield Case(instrument, kind, exchange)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Counts:
    """What came of the cases so far."""

    def __init__(self) -> None:
        self.kinds: collections.Counter[str] = collections.Counter()
        self.bad = 0
        self.slowest_s = 0.0

    def add(self, case: Case, outcome: Outcome) -> None:
        """Count a case; tell it when it ended as it must not."""
        self.kinds[outcome.kind.split(",")[0] if outcome.allowed else "NOT ALLOWED"] += 1
        self.slowest_s = max(self.slowest_s, outcome.seconds)
        if not outcome.allowed:
            self.bad += 1
            _say(f"{case.spec}: {outcome.kind} ({outcome.seconds:.0f} s): {outcome.told}")

    def __str__(self) -> str:
        return f"{self.kinds.total()} cases: {dict(self.kinds)}; slowest {self.slowest_s:.0f} s"


def _watched_case(case: Case, undisturbed: Data) -> tuple[Case, Outcome]:
    """In a worker: a hang shows where it hangs, and ends the soak."""
    logging.disable(logging.CRITICAL)
    faulthandler.dump_traceback_later(3 * TIMEOUT_S, exit=True)
    outcome, _, _ = run_case(case, undisturbed)
    faulthandler.cancel_dump_traceback_later()
    return case, outcome


def run_cases(cases: Sequence[Case], undisturbed: Data, jobs: int, minutes: float) -> Counts:
    """Run cases side by side: most of a case's time is waiting for answers that don't come."""
    counts, ending = Counts(), time.monotonic() + 60 * minutes
    waiting = iter(cases)
    # Not forked: a worker must not inherit the threads and connections of the undisturbed run.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running: set[Future[tuple[Case, Outcome]]] = set()
        while True:
            if time.monotonic() < ending:
                for case in itertools.islice(waiting, jobs - len(running)):
                    running.add(pool.submit(_watched_case, case, undisturbed))
            if not running:
                return counts
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                counts.add(*future.result())
                if counts.kinds.total() % 100 == 0:
                    _say(f"... {counts}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="run this share of the cases, drawn at random"
    )
    parser.add_argument(
        "--only", default="", help="cases whose specification begins so, e.g. shutter:silence"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no case after that")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1), help="cases side by side")
    return parser.parse_args()


def main() -> int:
    """Run the cases; exit code 1 when one ended as it must not."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)
    _, undisturbed, exchanges = run_case(None, None)
    _say(f"undisturbed: {len(undisturbed)} events, exchanges {exchanges}")
    cases = [case for case in every_case(exchanges) if case.spec.startswith(arguments.only)]
    chosen = random.Random(arguments.seed).sample(cases, max(round(arguments.share * len(cases)), 1))
    _say(f"{len(chosen)} of {len(cases)} cases")
    counts = run_cases(chosen, undisturbed, arguments.jobs, arguments.minutes)
    _say(str(counts))
    return 1 if counts.bad else 0


if __name__ == "__main__":
    sys.exit(main())
