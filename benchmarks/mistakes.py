"""Does every mistake at the rig raise its flag, and does a run without one raise none?

Each run is another bench, measured by the program's own sweep (`rig_in_process.py`): sample, laser,
detector, noise and records are drawn anew. Prints for every mistake how many runs raised the flag that it has
to raise, and what else they raised; for undisturbed runs what they raised at all. Notes are counted apart.

    python benchmarks/mistakes.py [--seeds 50] [--first-seed 1] [--jobs 2] [--only NAME] [--limits]

With --limits the size of some mistakes is varied: from where on are they seen?
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rig_in_process import Arrangement, World, measure

from drivers.errors import MeasurementError
from plqy_rig.evaluation import NOTES, evaluate_run
from procedures import OperatorRequest
from sim.optics import BenchOptions

PRESETS = ("HOM", "HET", "HOM-Ce", "HET-Ce")
EXAMPLE = {"integration_time_max_emission_s": 1.0}
"""What examples/sweep.toml has different from the recipe's defaults."""
DEFAULT = {"integration_time_max_emission_s": 10.0}


@dataclass(frozen=True)
class Mistake:
    """One thing done wrong.

    Attributes:
        name: in words.
        flags: any of these has to be raised; none for an undisturbed run.
        arrangement: what is different.
        samples: whose runs; all by default.
    """

    name: str
    flags: tuple[str, ...]
    arrangement: Arrangement
    samples: tuple[str, ...] = PRESETS


def surrounding(name: str, value: float) -> Callable[[World], None]:
    return partial(_change, name=name, value=value)


def _change(world: World, name: str, value: float) -> None:
    world.bench.change_surrounding(name, value)


def purge_off(world: World) -> None:
    world.optics.set_purge(world.now_s, False, True)


def warm(world: World, *, c_per_min: float, from_c: float = 0.0) -> None:
    world.warming_c_per_min = c_per_min
    world.warming_since_s = world.now_s - 60.0 * from_c / c_per_min


def at_role(world: World, request: OperatorRequest, *, role: str, act: Callable[[World], None]) -> None:
    if request.role.value == role:
        act(world)


def fibre(world: World, *, throughput: float) -> None:
    with world.lock:
        world.optics.change_surroundings(world.now_s, fibre_throughput=throughput)


def diode(world: World, *, celsius: float) -> None:
    with world.lock:
        world.optics.set_laser_temperature(world.now_s, celsius)


def moved_fibre(throughput: float, role: str = "direct_emission") -> Arrangement:
    return Arrangement(during=partial(at_role, role=role, act=partial(fibre, throughput=throughput)))


MISTAKES = (
    Mistake("nothing, example recipe", (), Arrangement(recipe=EXAMPLE, laser_check=True)),
    Mistake("nothing, emission up to 10 s", (), Arrangement(recipe=DEFAULT, laser_check=True)),
    Mistake("purge off", ("water_vapour",), Arrangement(before=purge_off, laser_check=True)),
    Mistake(
        "filter at 10 degrees",
        ("laser_behind_filter",),
        Arrangement(before=surrounding("filter_angle_deg", 10.0)),
    ),
    Mistake("monitor at 808 nm", ("monitor_wavelength",), Arrangement(monitor_wavelength_nm=808.0)),
    Mistake(
        "monitor at 635 nm", ("monitor_wavelength", "power_scale"), Arrangement(monitor_wavelength_nm=635.0)
    ),
    Mistake(
        "records past their date", ("calibration_expired",), Arrangement(records_age=timedelta(days=200))
    ),
    Mistake("lamp past its hours", ("calibration_warning",), Arrangement(lamp_hours=60.0)),
    Mistake(
        "light past the filter, 1e-3",
        ("laser_behind_filter",),
        Arrangement(before=surrounding("filter_leakage", 1e-3)),
    ),
    Mistake("diode's pedestal, 1 %", ("leakage",), Arrangement(options=BenchOptions(ase_fraction=0.01))),
    Mistake(
        "diode's pedestal, 0.3 %, sixth spectrum",
        ("leakage",),
        Arrangement(
            options=BenchOptions(ase_fraction=0.003),
            recipe={
                "passes": [
                    "empty_excitation",
                    "indirect_excitation",
                    "direct_excitation",
                    "direct_emission",
                    "indirect_emission",
                    "empty_emission",
                ]
            },
        ),
    ),
    Mistake("absorptance 0.03", ("absorptance_low",), Arrangement(options=BenchOptions(absorptance=0.03))),
    Mistake(
        "laser drifts by 4 % (SD)",
        ("laser_drift", "monitor_unsteady"),
        Arrangement(options=BenchOptions(laser_drift=0.04)),
    ),
    Mistake(
        "diode 3 degrees warmer in one pass",
        ("mode_hop", "laser_drift"),
        Arrangement(during=partial(at_role, role="direct_excitation", act=partial(diode, celsius=28.0))),
    ),
    Mistake(
        "detector warms by 1 degree in 5 minutes",
        ("detector_temperature",),
        Arrangement(before=partial(warm, c_per_min=0.2)),
    ),
    Mistake(
        "detector stable 5 degrees too warm",
        ("detector_temperature",),
        Arrangement(before=partial(warm, c_per_min=1e-6, from_c=5.0)),
    ),
    Mistake("fibre moved before the emission, -5 %", ("emission_mismatch",), moved_fibre(0.95)),
)


@dataclass(frozen=True)
class Raised:
    mistake: str
    sample: str
    seed: int
    flags: frozenset[str]


def one_run(mistake: Mistake, seed: int) -> Raised:
    logging.disable(logging.CRITICAL)
    sample = mistake.samples[seed % len(mistake.samples)]
    try:
        run, _ = measure(sample, seed, mistake.arrangement, **({} if "nothing" in mistake.name else EXAMPLE))
    except MeasurementError:
        # Such as a laser that drifted out of the recipe's powers: told at once, and there is no run.
        return Raised(mistake.name, sample, seed, frozenset(("not measured",)))
    found = evaluate_run(run)
    flags = {flag for window in found.windows.values() for step in window.flags for flag in step}
    return Raised(mistake.name, sample, seed, frozenset(flags))


def report(mistake: Mistake, found: list[Raised]) -> None:
    notes = {str(flag) for flag in NOTES}
    wanted = set(mistake.flags)
    others = Counter(flag for run in found for flag in run.flags - notes - wanted)
    said = Counter(flag for run in found for flag in run.flags & notes)
    seen = sum(bool(run.flags & (wanted | {"not measured"})) for run in found)
    clean = sum(not run.flags - notes for run in found)
    verdict = f"seen {seen:3d} of {len(found)}" if wanted else f"no flag {clean:3d} of {len(found)}"
    each = ", ".join(f"{flag} {sum(flag in run.flags for run in found)}" for flag in mistake.flags)
    rest = ", ".join(f"{flag} {count}" for flag, count in others.most_common()) or "nothing"
    noted = ", ".join(f"{flag} {count}" for flag, count in said.items()) or "none"
    print(f"{mistake.name:42s} {verdict:18s} {each:42s} also: {rest}; notes: {noted}", flush=True)


def limits() -> tuple[Mistake, ...]:
    """The same mistakes, smaller and smaller."""
    behind, leaks, moved = ("laser_behind_filter",), ("leakage",), ("emission_mismatch",)
    tilts = [(f"filter at {angle:g} degrees", "filter_angle_deg", angle) for angle in (7.0, 8.0, 8.5, 9.0)]
    past = [(f"light past the filter, {share:g}", "filter_leakage", share) for share in (3e-6, 1e-5, 2e-5)]
    return (
        *(Mistake(name, behind, Arrangement(before=surrounding(*how))) for name, *how in (*tilts, *past)),
        *(
            Mistake(f"diode's pedestal, {share:g}", leaks, Arrangement(BenchOptions(ase_fraction=share)))
            for share in (3e-4, 1e-3, 3e-3)
        ),
        *(
            Mistake(f"fibre moved before the emission, {share - 1:+.0%}", moved, moved_fibre(share))
            for share in (0.99, 0.98, 0.97)
        ),
        *(
            Mistake(
                f"laser drifts by {drift:.0%} (SD)",
                ("laser_drift", "monitor_unsteady"),
                Arrangement(BenchOptions(laser_drift=drift)),
            )
            for drift in (0.01, 0.02)
        ),
        *(
            Mistake(
                f"purge off until {minutes} minutes before",
                ("water_vapour",),
                Arrangement(before=partial(damp, minutes=minutes), laser_check=True),
            )
            for minutes in (5, 8, 10, 12)
        ),
    )


def damp(world: World, *, minutes: float) -> None:
    """Humid air, then the nitrogen on for so long."""
    world.optics.set_purge(world.now_s, False, True)
    world.optics.set_purge(world.now_s, True)
    world.clock.sleep(60.0 * minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    with ProcessPoolExecutor(options.jobs) as executor:
        for mistake in limits() if options.limits else MISTAKES:
            if options.only in mistake.name:
                report(mistake, list(executor.map(partial(one_run, mistake), seeds)))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
