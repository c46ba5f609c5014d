"""Are all mode hops found, and is the laser quiet where the map says so? On many benches, without wires.

Each bench has a hop just above its laser's set point. The hops are mapped by the program's own calibration; a
sweep is made at the set point and one at the temperature that the map proposes. In both, all hops drift by a
tenth of a degree when the sample goes into the beam. Prints how many hops were found, how far they are off,
and how many power steps of the sweeps show a hop.

    python benchmarks/mode_hops.py --seeds 24 [--first-seed 1] [--preset HET-Ce]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import calibrated_in_process as calibrated
import rig_in_process as rig

from plqy_rig.evaluation import evaluate_run, evaluation_document
from procedures import OperatorRequest
from procedures.calibrations import ModeHopScan
from sim.optics import BenchOptions

SET_POINT_C = 25.0
BESIDE_C = 0.05


@dataclass(frozen=True)
class Mapped:
    """One bench: hops that there are, that were found within a step, that there aren't; steps with a hop."""

    true: int
    found: int
    invented: int
    largest_error_c: float
    quiet_c: float
    distance_c: float
    flagged_beside: int
    flagged_at_quiet: int

    def __str__(self) -> str:
        return (
            f"{self.found} of {self.true} hops, {self.invented} invented, at most {self.largest_error_c:.3f} "
            f"°C off; steps with a hop {self.flagged_beside} beside one, {self.flagged_at_quiet} at "
            f"{self.quiet_c:.2f} °C, {self.distance_c:.2f} °C from the nearest"
        )


def measure(preset: str, seed: int) -> Mapped:
    world = rig.World(preset, seed, BenchOptions())
    hop_beside(world)
    scan = ModeHopScan()
    scan.station = calibrated.station(world)
    scan.station.laser_temperature_range_c = (15.0, 35.0)
    values = calibrated.done(scan)[0].values
    low, high = values["scanned"]
    hops = [hop.temperature_c for hop in world.optics.true_hops()]
    inside = [celsius for celsius in hops if low < celsius < high]
    positions = [hop["position"] for hop in values["hops"]]
    near = [min((abs(celsius - one), one) for one in positions) for celsius in inside]
    found = {one: error for error, one in near if error <= values["step"]}
    quiet_c = values["quietest_temperature_c"]
    return Mapped(
        len(inside),
        len(found),
        len(positions) - len(found),
        max(found.values()),
        quiet_c,
        min(abs(celsius - quiet_c) for celsius in hops),
        steps_with_a_hop(preset, seed, SET_POINT_C),
        steps_with_a_hop(preset, seed, quiet_c),
    )


def hop_beside(world: rig.World, distance_c: float = BESIDE_C) -> None:
    world.optics.change_surroundings(world.now_s, hop_distance_c=distance_c)


def steps_with_a_hop(preset: str, seed: int, laser_temperature_c: float) -> int:
    arrangement = rig.Arrangement(before=hop_beside, during=drift, laser_temperature_c=laser_temperature_c)
    run, _ = rig.measure(preset, seed, arrangement, **calibrated.POWERS)
    window = evaluation_document(run, evaluate_run(run))["windows"]["er"]
    return sum("mode_hop" in step["flags"] for step in window["steps"])


def drift(world: rig.World, request: OperatorRequest) -> None:
    if request.target.sample.value == "direct":
        hop_beside(world, -BESIDE_C)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", default="HET-Ce", choices=calibrated.PRESETS)
    options = parser.parse_args()
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        rows.append(measure(options.preset, seed))
        print(f"seed {seed:3d}   {rows[-1]}", flush=True)
    found, true = sum(row.found for row in rows), sum(row.true for row in rows)
    beside, quiet = sum(row.flagged_beside > 0 for row in rows), sum(row.flagged_at_quiet > 0 for row in rows)
    error, invented = max(row.largest_error_c for row in rows), sum(row.invented for row in rows)
    print(
        f"{len(rows)} benches: {found} of {true} hops found within a step, at most {error:.3f} °C off, "
        f"{invented} invented; a hop in {beside} sweeps beside one, in {quiet} at the map's temperature"
    )


if __name__ == "__main__":
    main()
