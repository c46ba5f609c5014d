"""Calibrated from nothing without wires: the program's own calibrations on the bench's optics, then a sweep.

Each bench has its calibrations done in the order of `plqy calibrate all` by the program's procedures; what
they find is sealed, and a sweep is evaluated with it. Prints for each preset

- the pulls of the mean yield, and what the deviation from the truth is made of: the evaluation with records
  that are exact, the error that was drawn for the lamp's certificate, and what the calibrations add to it.
  The first and the last scatter little, so that they show a bias that the pulls would hide for ever;
- in how many pixels between 950 and 1650 nm the response lies within one stated sigma of the true one, and
  the error of its ratio 1530/977 nm, which a yield follows, over its stated uncertainty.

    python benchmarks/calibrated_in_process.py --seeds 12 [--preset HOM]... [--window er] [--only-response]
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rig_in_process as rig

from calibration import (
    CalibrationSet,
    CheckKind,
    LampTable,
    LampUncertainty,
    LampUnit,
    LengthUnit,
    Record,
    UncertaintyColumn,
)
from calibration.lamp import spline_flux
from calibration.records import AnyKind, RecordKind
from plqy_rig.calibration_session import CALIBRATIONS, ORDER
from plqy_rig.data import Run
from plqy_rig.evaluation import evaluate_run, evaluation_document
from procedures import OperatorAnswer
from procedures.calibrations import (
    CalibrationProcedure,
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


def station(world: rig.World) -> Station:
    return Station(rig.instruments(world), Hands(world), Reference(world), _silent)


def done(procedure: CalibrationProcedure) -> tuple[CalibrationResult, ...]:
    """What a calibration finds that has its station."""
    try:
        procedure.startup()
        procedure.execute()
        return procedure.results
    finally:
        procedure.shutdown()


def calibrate(world: rig.World, names: tuple[str, ...] = ORDER) -> dict[AnyKind, Record]:
    """Every record that `calibrate all` makes, by kind."""
    records: dict[AnyKind, Record] = {}
    place = station(world)
    with tempfile.TemporaryDirectory() as folder:
        files = write_hand_outs(Path(folder), world.bench)
        for name in names:
            for result in _results(name, place, records, files):
                records[result.kind] = sealed(result.kind, result.values)
    place.put_away()
    return records


def _silent(sentence: str) -> None: ...


def sealed(kind: AnyKind, values: Any) -> Record:
    return rig._sealed(kind, dict(values), timedelta(hours=1))


def _results(
    name: str, place: Station, records: dict[AnyKind, Record], files: Any
) -> tuple[CalibrationResult, ...]:
    if name == "lamp":
        uncertainty = LampUncertainty(UncertaintyColumn.RELATIVE_PERCENT, None, 2.0)
        return (lamp_certificate(files.lamp_certificate, LampUnit.FLUX, uncertainty, None),)
    if name == "beam":
        x, y = [files.beam_profile_x], [files.beam_profile_y]
        return (beam_of_profiles(x, y, LengthUnit.MILLIMETRE, 0.0, "at the sample"),)
    procedure = CALIBRATIONS[name]()
    procedure.station, procedure.records = place, dict(records)
    return done(procedure)


def response_errors(world: rig.World, response: Record) -> tuple[float, float, float]:
    """Share of the band's pixels within one sigma, and the error of 1530 over 977 nm in sigmas.

    The share by the terms of the budget in quadrature, and by the scale and shape that an evaluation uses,
    where the lamp counts in full for the scale and in part for the shape.
    """
    values = response.values
    wavelength = np.array(values["wavelength_nm"], dtype=float)
    found = np.array(values["response_j_per_count"], dtype=float)
    ratio = found / world.optics.true_response_j_per_count() - 1
    inside = (wavelength >= BAND_NM[0]) & (wavelength <= BAND_NM[1]) & np.isfinite(ratio)
    shape = np.array(values["shape_uncertainty_relative"], dtype=float)
    terms = [np.array(term, dtype=float) for term in values["uncertainty_terms_relative"].values()]
    both = np.hypot(shape, values["scale_uncertainty_relative"])
    shares = [
        float(np.mean(np.abs(ratio[inside]) <= sigma[inside]))
        for sigma in (np.sqrt(np.sum(np.square(terms), axis=0)), both)
    ]
    laser, emission = (int(np.argmin(np.abs(wavelength - nm))) for nm in (977.0, 1530.0))
    apart = float(ratio[emission] - ratio[laser]) / float(np.hypot(shape[emission], shape[laser]))
    return shares[0], shares[1], apart


def exact_records(world: rig.World) -> dict[RecordKind, Record]:
    """Records without any error, with the uncertainties of ordinary ones."""
    optics, pixels, angles = world.optics, np.arange(512.0), np.arange(271.0)
    wavelength = np.polynomial.polynomial.polyval(pixels, optics.eeprom_wavelength_coefficients)
    counts = np.linspace(0.0, 1.05 * 65535.0, 400)[1:]
    shown = optics.true_linearity(counts)
    linear = np.polynomial.Polynomial.fit(shown, shown / counts, 7, domain=[0.0, 65535.0])
    x_mm, y_mm = optics.true_beam_d4sigma_mm
    grid = np.arange(900.0, 1751.0)
    values: dict[RecordKind, dict[str, Any]] = {
        RecordKind.RESPONSE: {
            "wavelength_nm": wavelength.tolist(),
            "response_j_per_count": optics.true_response_j_per_count().tolist(),
            "scale_uncertainty_relative": 0.02,
            "shape_uncertainty_relative": [0.007] * 512,
            "shape_correlation_length_nm": 140.0,
        },
        RecordKind.LONG_PASS: {
            "wavelength_nm": grid.tolist(),
            "transmission": optics.true_long_pass(grid).tolist(),
            "transmission_uncertainty_relative": 0.001,
        },
        RecordKind.LINEARITY: {
            "coefficients": linear.convert().coef.tolist(),
            "full_scale_counts": 65535.0,
            "uncertainty_relative_at_full_scale": 0.0005,
        },
        RecordKind.MONITOR_RATIO: {
            "ratio": optics.true_monitor_ratio,
            "ratio_uncertainty_relative": 0.03,
            "reading_noise_relative": 0.001,
        },
        RecordKind.BEAM: {
            "diameter_x_mm": x_mm,
            "diameter_y_mm": y_mm,
            "diameter_uncertainty_mm": 0.05,
            "definition": "D4sigma",
        },
        RecordKind.WHEEL: {
            "angle_deg": angles.tolist(),
            "optical_density": [optics.true_optical_density(float(angle)) for angle in angles],
        },
    }
    return {kind: sealed(kind, value) for kind, value in values.items()}


def with_certificate(world: rig.World, exact: dict[RecordKind, Record], lamp: Record) -> Record:
    """The exact response, wrong by nothing but what is wrong with the lamp's certificate."""
    nm = world.optics.true_pixel_wavelengths_nm
    error = spline_flux(LampTable.from_values(lamp.values), nm) / (
        1e-6 * world.optics.lamp.flux_uw_per_nm(nm)
    )
    values = dict(exact[RecordKind.RESPONSE].values)
    response = np.array(values["response_j_per_count"]) * error
    return sealed(RecordKind.RESPONSE, {**values, "response_j_per_count": response.tolist()})


@dataclass(frozen=True)
class Deviation:
    """Found yield less true one, relative: in sigmas, and what it is made of."""

    pull: float
    uncertainty: float
    evaluation: float
    certificate: float
    calibrations: float


def deviation(
    world: rig.World, records: dict[AnyKind, Record], preset: str, seed: int, window: str
) -> Deviation:
    """Of a sweep on this bench, evaluated with these records."""
    run, truth = rig.measure(preset, seed, **POWERS)
    exact = exact_records(world)
    drawn = {**exact, RecordKind.RESPONSE: with_certificate(world, exact, records[CheckKind.LAMP])}
    own = {kind: record for kind, record in records.items() if isinstance(kind, RecordKind)}
    (ideal, _), (with_drawn, _), (found, uncertainty) = (
        _yield(run, one, window) for one in (exact, drawn, own)
    )
    true = truth["plqy"][window]
    return Deviation(
        (found - true) / uncertainty,
        uncertainty / found,
        (ideal - true) / true,
        (with_drawn - ideal) / true,
        (found - with_drawn) / true,
    )


def _yield(run: Run, records: dict[RecordKind, Record], window: str) -> tuple[float, float]:
    evaluation = evaluate_run(run, calibration=CalibrationSet.from_records(records))
    found = evaluation_document(run, evaluation)["windows"][window]
    return found["mean_plqy"], found["u_mean_plqy"]


@dataclass(frozen=True)
class Row:
    """One bench."""

    held: float
    held_as_scale_and_shape: float
    ratio_pull: float
    laser_check: float
    deviation: Deviation | None

    def __str__(self) -> str:
        said = (
            f"{self.held:4.0%} of the pixels, 1530/977 nm {self.ratio_pull:+.2f} sigma, laser check "
            f"{self.laser_check:+.2%}"
        )
        one = self.deviation
        if one is not None:
            said += (
                f"   pull {one.pull:+.2f}: evaluation {one.evaluation:+.2%}, certificate "
                f"{one.certificate:+.2%}, calibrations {one.calibrations:+.2%}"
            )
        return said


def summary(name: str, rows: list[Row]) -> str:
    held, both, ratio, check = np.array(
        [(row.held, row.held_as_scale_and_shape, row.ratio_pull, row.laser_check) for row in rows]
    ).T
    count = len(rows)
    lines = [
        f"{name:7s}  n = {count}   pixels within one sigma {held.mean():.0%} ± "
        f"{held.std(ddof=1) / np.sqrt(count):.0%} (as scale and shape {both.mean():.0%})   1530/977 nm "
        f"{_mean_and_sd(ratio)} sigmas   laser check within 3 %: {np.mean(np.abs(check) <= 0.03):.0%}"
    ]
    found = [row.deviation for row in rows if row.deviation is not None]
    if found:
        pulls = np.array([one.pull for one in found])
        lines.append(
            f"         pull {_mean_and_sd(pulls)}, beyond 2: {np.sum(np.abs(pulls) > 2)}   u/found "
            f"{np.mean([one.uncertainty for one in found]):.2%}   of the yield: "
            + ", ".join(
                f"{part} {_percent([getattr(one, part) for one in found])}"
                for part in ("evaluation", "certificate", "calibrations")
            )
        )
    return "\n".join(lines)


def _mean_and_sd(values: Any) -> str:
    count, sd = len(values), values.std(ddof=1)
    return (
        f"{values.mean():+.2f} ± {sd / np.sqrt(count):.2f}, SD {sd:.2f} ± {sd / np.sqrt(2 * (count - 1)):.2f}"
    )


def _percent(values: list[float]) -> str:
    array = 100 * np.array(values)
    return f"{array.mean():+.3f} ± {array.std(ddof=1) / np.sqrt(len(array)):.3f} %"


def measure(preset: str, seed: int, window: str, *, only_response: bool) -> Row:
    world = rig.World(preset, seed, BenchOptions())
    records = calibrate(world)
    found = None if only_response else deviation(world, records, preset, seed, window)
    check = float(records[CheckKind.LASER_CHECK].values["slope_minus_one"])
    return Row(*response_errors(world, records[RecordKind.RESPONSE]), check, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12, help="of each preset")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--preset", action="append", choices=PRESETS, help="once for each; all without it")
    parser.add_argument("--window", default="er")
    parser.add_argument("--only-response", action="store_true")
    options = parser.parse_args()
    presets = options.preset or PRESETS
    rows: dict[str, list[Row]] = {preset: [] for preset in presets}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for preset in presets:
            rows[preset].append(measure(preset, seed, options.window, only_response=options.only_response))
            print(f"{preset:7s} seed {seed:3d}   {rows[preset][-1]}", flush=True)
    for preset in presets:
        print(summary(preset, rows[preset]))
    print(summary("all", [row for preset in presets for row in rows[preset]]))


if __name__ == "__main__":
    main()
