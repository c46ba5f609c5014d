"""Does the laser check pass where all is well, and say what is wrong where something is? On many benches.

Each bench is calibrated by the program's own calibrations, without wires; then one thing is wrong at a time.
Prints how often the check failed, and how often it named the cause.

    python benchmarks/laser_checks.py --seeds 6 [--first-seed 1] [--preset HOM]...
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import calibrated_in_process as calibrated
import rig_in_process as rig

from calibration import CheckKind, Record, RecordKind
from calibration.records import AnyKind
from procedures.calibrations import LaserCheckMeasurement
from sim.optics import BenchOptions

AREA_CM2 = 5.0
WRONG = {
    "nothing": "passed",
    "certificate read as an irradiance": "multiplied by it once too often",
    "fibre moved, -10 %": "fibre moved",
    "purge off": "more water vapour now",
    "non-linearity left out": "no linearity correction was applied",
}


def check(world: rig.World, records: Mapping[AnyKind, Record], **parameters: Any) -> tuple[bool, str]:
    """Whether it passed, and all it said."""
    procedure = LaserCheckMeasurement()
    procedure.set_parameters(parameters)
    procedure.station, procedure.records = calibrated.station(world), records
    result = calibrated.done(procedure)[0]
    procedure.station.put_away()
    return result.passed, " ".join(result.summary)


def scaled(records: Mapping[AnyKind, Record]) -> dict[AnyKind, Record]:
    """The response of a flux that was taken for an irradiance on some area."""
    lamp, response = dict(records[CheckKind.LAMP].values), dict(records[RecordKind.RESPONSE].values)
    lamp["collecting_area_cm2"] = AREA_CM2
    response["response_j_per_count"] = [AREA_CM2 * one for one in response["response_j_per_count"]]
    wrong = {CheckKind.LAMP: lamp, RecordKind.RESPONSE: response}
    return {**records, **{kind: calibrated.sealed(kind, values) for kind, values in wrong.items()}}


def measure(preset: str, seed: int) -> dict[str, tuple[bool, str]]:
    """What the check says of each of the things that are wrong."""
    world = rig.World(preset, seed, BenchOptions())
    records = calibrated.calibrate(world)
    nothing, irradiance, fibre, purge, linearity = WRONG
    found = {nothing: check(world, records), irradiance: check(world, scaled(records))}
    found[linearity] = check(world, records, use_linearity=False)
    world.optics.change_surroundings(world.now_s, fibre_throughput=0.9)
    found[fibre] = check(world, records)
    world.optics.change_surroundings(world.now_s, fibre_throughput=1.0)
    world.optics.set_purge(world.now_s, False, settled=True)
    found[purge] = check(world, records, compare_lamp=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=6, help="of each preset")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", action="append", choices=calibrated.PRESETS, help="all without it")
    options = parser.parse_args()
    rows = [
        measure(preset, seed)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for preset in options.preset or calibrated.PRESETS
    ]
    for wrong, words in WRONG.items():
        failed = sum(not row[wrong][0] for row in rows)
        named = sum(words in row[wrong][1] for row in rows)
        print(f"{wrong:34s} failed {failed:2d} of {len(rows)}   said {words!r} {named:2d} of {len(rows)}")


if __name__ == "__main__":
    main()
