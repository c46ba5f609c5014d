"""Calibrated from nothing without wires: the program's own calibrations on the bench's optics, then a sweep.

Each bench has its calibrations done in the order of `plqy calibrate all` by the program's procedures; what
they find is sealed, and a sweep is evaluated with it. Prints the pulls of the mean yield for each preset, and
in how many pixels between 950 and 1650 nm the response lies within one stated sigma of the true one.

    python benchmarks/calibrated_in_process.py --seeds 12 [--preset HOM]... [--window er] [--only-response]
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rig_in_process as rig

from calibration import (
    CalibrationSet,
    CheckKind,
    LampUncertainty,
    LampUnit,
    LengthUnit,
    Record,
    UncertaintyColumn,
)
from calibration.records import AnyKind, RecordKind
from plqy_rig.calibration_session import CALIBRATIONS, ORDER
from plqy_rig.evaluation import evaluate_run, evaluation_document
from procedures import OperatorAnswer
from procedures.calibrations import (
    CalibrationRequest,
    CalibrationResult,
    LabStep,
    Station,
    beam_of_profiles,
    lamp_certificate,
)
from sim.hand_outs import write_hand_outs
from sim.optics import BenchOptions

PRESETS = ("HOM", "HET", "HOM-Ce", "HET-Ce")
POWERS = {"power_density_min_mw_per_cm2": 100.0, "power_density_max_mw_per_cm2": 900.0, "power_steps": 6}
BAND_NM = (950.0, 1650.0)


class Reference:
    """The second head, wherever hands hold it."""

    def __init__(self, world: rig.World) -> None:
        self.world = world

    def prepare(self, wavelength_nm: float) -> None: ...

    def read_power_w(self) -> float:
        self.world.clock.sleep(0.05)
        return float(self.world.bench.second_power_head.monitor_power_w(self.world.now_s))


class Hands:
    """Does at once what a calibration asks for."""

    def __init__(self, world: rig.World) -> None:
        self.world = world

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        for step in request.steps:
            self.world.clock.sleep(10.0)
            self._do(step, self.world.now_s)
        return OperatorAnswer.DONE

    def _do(self, step: LabStep, now_s: float) -> None:
        optics = self.world.optics
        match step:
            case LabStep.TAKE_SAMPLE_OUT:
                optics.place_sample(now_s, "out")
            case LabStep.INSERT_LONG_PASS | LabStep.REMOVE_LONG_PASS:
                optics.set_long_pass(now_s, step is LabStep.INSERT_LONG_PASS)
            case LabStep.INSERT_SECOND_HEAD | LabStep.REMOVE_SECOND_HEAD:
                optics.change_surroundings(now_s, entrance_blocked=step is LabStep.INSERT_SECOND_HEAD)
            case LabStep.LAMP_ON | LabStep.LAMP_OFF:
                optics.set_lamp(now_s, step is LabStep.LAMP_ON)
            case LabStep.BLOCK_LAMP | LabStep.UNBLOCK_LAMP:
                optics.set_lamp_block(now_s, step is LabStep.BLOCK_LAMP)
            case LabStep.RESEAT_LAMP:
                optics.reseat_lamp(now_s)


def calibrate(world: rig.World, names: tuple[str, ...] = ORDER) -> dict[AnyKind, Record]:
    """Every record that `calibrate all` makes, by kind."""
    records: dict[AnyKind, Record] = {}
    station = Station(rig._instruments(world, rig.LASER_LINE_NM), Hands(world), Reference(world), _silent)
    with tempfile.TemporaryDirectory() as folder:
        files = write_hand_outs(Path(folder), world.bench)
        for name in names:
            for result in _results(name, station, records, files):
                records[result.kind] = rig._sealed(result.kind, _plain(result.values), timedelta(hours=1))
    station.put_away()
    return records


def _silent(sentence: str) -> None: ...


def _results(name: str, station: Station, records: dict[AnyKind, Record], files: Any) -> Any:
    if name == "lamp":
        uncertainty = LampUncertainty(UncertaintyColumn.RELATIVE_PERCENT, None, 2.0)
        return [lamp_certificate(files.lamp_certificate, LampUnit.FLUX, uncertainty, None)]
    if name == "beam":
        x, y = [files.beam_profile_x], [files.beam_profile_y]
        return [beam_of_profiles(x, y, LengthUnit.MILLIMETRE, 0.0, "at the sample")]
    procedure = CALIBRATIONS[name]()
    procedure.station, procedure.records = station, dict(records)
    results: tuple[CalibrationResult, ...] = ()
    try:
        procedure.startup()
        procedure.execute()
        results = procedure.results
    finally:
        procedure.shutdown()
    return results


def _plain(values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "used_records"}


def held_pixels(world: rig.World, response: Record) -> tuple[float, float, float]:
    """Share of the band's pixels within one sigma.

    By the terms of the budget in quadrature; by the scale and shape that an evaluation uses, where the lamp
    counts in full for the scale and in part for the shape; and by the shape alone.
    """
    values = response.values
    wavelength = np.array(values["wavelength_nm"], dtype=float)
    found = np.array(values["response_j_per_count"], dtype=float)
    ratio = found / world.optics.true_response_j_per_count() - 1
    inside = (wavelength >= BAND_NM[0]) & (wavelength <= BAND_NM[1]) & np.isfinite(ratio)
    shape = np.array(values["shape_uncertainty_relative"], dtype=float)
    terms = [np.array(term, dtype=float) for term in values["uncertainty_terms_relative"].values()]
    budget = np.sqrt(np.sum(np.square(terms), axis=0))
    both = np.hypot(shape, values["scale_uncertainty_relative"])
    left = ratio - np.nanmedian(ratio[inside])
    pairs = ((ratio, budget), (ratio, both), (left, shape))
    shares = [float(np.mean(np.abs(error[inside]) <= sigma[inside])) for error, sigma in pairs]
    return shares[0], shares[1], shares[2]


def pull(records: dict[AnyKind, Record], preset: str, seed: int, window: str) -> tuple[float, float]:
    """Pull of the mean yield of a sweep evaluated with these records, and u over found."""
    run, truth = rig.measure(preset, seed, **POWERS)
    own = {kind: record for kind, record in records.items() if isinstance(kind, RecordKind)}
    evaluation = evaluate_run(run, calibration=CalibrationSet.from_records(own))
    found = evaluation_document(run, evaluation)["windows"][window]
    mean, uncertainty = found["mean_plqy"], found["u_mean_plqy"]
    return (mean - truth["plqy"][window]) / uncertainty, uncertainty / mean


def summary(name: str, rows: list[tuple[float, ...]]) -> str:
    held, both, shape, deviation, *pulls = np.array(rows).T
    said = (
        f"{name:7s}  n = {len(rows)}   pixels within one sigma {held.mean():.0%} ± "
        f"{held.std(ddof=1) / np.sqrt(len(rows)):.0%} (as scale and shape {both.mean():.0%}, shape alone "
        f"{shape.mean():.0%})"
        f"   laser check within 3 %: {np.mean(np.abs(deviation) <= 0.03):.0%}"
    )
    if pulls:
        values, relative = pulls
        count = len(values)
        said += (
            f"   pull {values.mean():+.2f} ± {1 / np.sqrt(count):.2f}, SD {values.std(ddof=1):.2f} ± "
            f"{1 / np.sqrt(2 * (count - 1)):.2f}, beyond 2: {np.sum(np.abs(values) > 2)}"
            f"   u/found {relative.mean():.2%}"
        )
    return said


def measure(preset: str, seed: int, window: str, *, only_response: bool) -> tuple[float, ...]:
    world = rig.World(preset, seed, BenchOptions())
    records = calibrate(world)
    row = held_pixels(world, records[RecordKind.RESPONSE])
    row = (*row, float(records[CheckKind.LASER_CHECK].values["slope_minus_one"]))
    return row if only_response else (*row, *pull(records, preset, seed, window))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12, help="of each preset")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", action="append", choices=PRESETS, help="once for each; all without it")
    parser.add_argument("--window", default="er")
    parser.add_argument("--only-response", action="store_true")
    options = parser.parse_args()
    presets = options.preset or PRESETS
    rows: dict[str, list[tuple[float, ...]]] = {preset: [] for preset in presets}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for preset in presets:
            row = measure(preset, seed, options.window, only_response=options.only_response)
            rows[preset].append(row)
            words = f"{row[0]:.0%}, {row[1]:.0%}, {row[2]:.0%} of the pixels, laser check {row[3]:+.2%}"
            numbers = "".join(f"   {one:+.3f}" for one in row[4:])
            print(f"{preset:7s} seed {seed:3d}   {words}{numbers}", flush=True)
    for preset in presets:
        print(summary(preset, rows[preset]))
    print(summary("all", [row for preset in presets for row in rows[preset]]))


if __name__ == "__main__":
    main()
