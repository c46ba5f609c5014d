"""Whole runs made on the bench's optics in this process: no wires, no waiting, no instruments' firmware.

The light, the detector and the records are those of the bench; what is left out is how the program gets at
them (that is `pulls.py`'s business).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from calibration import Record, RecordKind
from plqy_rig.data import ExitStatus, Role, RoleSpectra, Run
from sim.bench import Bench, BenchSetup
from sim.clock import ManualClock
from sim.optics import BenchOptions
from sim.optics.presets import PRESETS, WINDOWS_NM
from sim.optics.units import FWHM_PER_SIGMA
from sim.rig_file import draw_records

FULL_SCALE = 65535.0
DETECTOR_C = -10.0
MADE = datetime(2026, 5, 1, tzinfo=UTC)
AIM = 0.72
"""Share of full scale that the brightest pixel is aimed at."""


@dataclass(frozen=True)
class Plan:
    """How a run is measured."""

    steps: int = 20
    scans_excitation: int = 10
    scans_emission: int = 4
    monitor_readings: int = 8
    longest_s: float = 1.0
    roles: tuple[Role, ...] = tuple(Role)[:5]


@dataclass(frozen=True)
class Made:
    """One run, the bench's truth with the error that was drawn for its response, and the bench."""

    run: Run
    truth: dict[str, Any]
    bench: Bench


def make_bench_run(sample: str, seed: int, options: BenchOptions, plan: Plan = Plan()) -> Made:
    """Measure one run on a bench of its own."""
    bench = Bench(BenchSetup(sample=sample, seed=seed, optics=options), ManualClock())
    optics = bench.optics
    random = np.random.default_rng([seed, 20260501])
    targets = np.geomspace(50.0, 1000.0, plan.steps)
    angles = [_angle(optics, target) for target in targets]
    optics.set_laser_current(0.0, 0.300)
    now_s = 60.0
    spectra = {}
    for role in plan.roles:
        optics.place_sample(now_s, role.arrangement.sample.value)
        optics.set_long_pass(now_s, role.is_emission)
        spectra[role], now_s = _measure(optics, role, angles, now_s, plan, random)
    coefficients = optics.eeprom_wavelength_coefficients
    wavelength_nm = np.polynomial.polynomial.polyval(np.arange(512.0), coefficients)
    records = _records(bench)
    truth = {
        **optics.truth(),
        "drawn_ratio_error": _drawn_ratio_error(optics, records),
        "through_slit": _through_slit(sample, optics.spectrograph.slit_fwhm_nm),
    }
    return Made(_run(seed, sample, spectra, wavelength_nm, targets, records), truth, bench)


def with_other_records(made: Made, draw: int) -> Made:
    """The same spectra with the records that another calibration of this bench might have given."""
    records = _records(made.bench, draw)
    error = _drawn_ratio_error(made.bench.optics, records)
    return replace(
        made,
        run=replace(made.run, calibration=records),
        truth={**made.truth, "drawn_ratio_error": error},
    )


def _through_slit(sample: str, fwhm_nm: float) -> dict[str, float]:
    """The true yields in the windows of a spectrum that a slit has made less sharp."""
    shifts_sigma = np.linspace(-4.0, 4.0, 33)
    weights = np.exp(-0.5 * shifts_sigma**2) / np.exp(-0.5 * shifts_sigma**2).sum()
    shifts_nm = shifts_sigma * fwhm_nm / FWHM_PER_SIGMA
    preset = PRESETS[sample]
    return {
        name: float(
            sum(w * preset.window_yield(low + s, high + s) for w, s in zip(weights, shifts_nm, strict=True))
        )
        for name, (low, high) in WINDOWS_NM.items()
    }


def _drawn_ratio_error(optics, records) -> float:
    """Error of the response's ratio 1530 nm to 977 nm that was drawn for this bench, over its uncertainty."""
    values = {name: np.array(value) for name, value in records["response"]["values"].items()}
    error = values["response_j_per_count"] / optics.true_response_j_per_count() - 1
    laser, emission = (int(np.argmin(np.abs(values["wavelength_nm"] - nm))) for nm in (977.0, 1530.0))
    # 553 nm apart the two errors are as good as independent.
    sigma = np.hypot(*values["shape_uncertainty_relative"][[laser, emission]])
    return float((error[emission] - error[laser]) / sigma)


def _angle(optics, target: float) -> float:
    """Wheel angle for a power density, by bisection on the true curve."""
    brightest = optics.parts.laser.power_w(0.300, 25.0) * optics.parts.wedge.sphere_share
    wanted = np.log10(optics.power_density_mw_per_cm2(brightest) / target)
    low, high = 0.0, 270.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if optics.true_optical_density(middle) < wanted else (low, middle)
    return low


def _measure(optics, role, angles, now_s, plan, random):
    scans = plan.scans_emission if role.is_emission else plan.scans_excitation
    rows = []
    for angle in angles:
        now_s += 0.5
        optics.set_wheel_angle(now_s, angle)
        optics.set_blade(now_s, True)
        rate = float(optics.light_counts(now_s, now_s + 0.01).max()) / 0.01
        time_s = round(min(max(np.floor(1e3 * AIM * FULL_SCALE / rate) / 1e3, 0.001), plan.longest_s), 6)
        start_s = now_s
        frames = _frames(optics, now_s, time_s, scans, random)
        now_s += time_s * scans
        readings = [optics.monitor_power_w(t) for t in np.linspace(start_s, now_s, plan.monitor_readings)]
        optics.set_blade(now_s, False)
        dark = _frames(optics, now_s + 0.01, time_s, scans, random)
        now_s += 0.02 + time_s * scans
        rows.append((frames, dark, time_s, np.mean(readings), np.std(readings, ddof=1), angle, now_s))
    return _spectra(rows, scans, plan), now_s


def _frames(optics, start_s, time_s, scans, random):
    starts = start_s + time_s * np.arange(scans)
    return np.stack([optics.expose(s, s + time_s, DETECTOR_C, random) for s in starts]).astype(np.float64)


def _spectra(rows, scans, plan) -> RoleSpectra:
    frames, dark, times, power, spread, angle, when = (np.array(part) for part in zip(*rows, strict=True))
    steps = len(times)
    return RoleSpectra(
        measured=np.full(steps, True),
        counts=frames.mean(axis=1),
        counts_std=frames.std(axis=1, ddof=1),
        scan_counts=frames.astype(np.float32),
        dark=dark.mean(axis=1),
        dark_std=dark.std(axis=1, ddof=1),
        integration_time_s=times,
        scans=np.full(steps, scans),
        dark_scans=np.full(steps, scans),
        monitor_power_w=power,
        monitor_power_std_w=spread,
        monitor_readings=np.full(steps, plan.monitor_readings),
        wheel_position_deg=angle,
        laser_current_a=np.full(steps, 0.3),
        laser_temperature_c=np.full(steps, 25.0),
        detector_temperature_c=np.full(steps, DETECTOR_C),
        dark_detector_temperature_c=np.full(steps, DETECTOR_C),
        light_on_s=times * scans,
        time=MADE.timestamp() + when,
        dark_time=MADE.timestamp() + when,
        saturated=(frames >= FULL_SCALE).any(axis=(1, 2)),
    )


def _records(bench: Bench, draw: int = 0) -> dict[str, dict]:
    found = {}
    for record in draw_records(bench, draw):
        kind = RecordKind(record.kind)
        sealed = Record.seal(
            kind=kind,
            created=MADE - timedelta(days=21),
            expires=MADE + timedelta(days=160),
            operator="bench",
            origin=record.origin,
            instruments=record.instruments,
            values=record.values,
        )
        found[str(kind)] = sealed.to_document()
    return found


def _run(seed, sample, spectra, wavelength_nm, targets, records) -> Run:
    return Run(
        folder=Path(f"{sample}-{seed}"),
        uid=f"{sample}-{seed}",
        sample=sample,
        operator="bench",
        recipe={"laser_window_low_nm": 967.0, "laser_window_high_nm": 987.0},
        rig={},
        recipe_toml="",
        rig_toml="",
        instruments={},
        versions={},
        calibration=records,
        wavelength_nm=wavelength_nm,
        full_scale_counts=FULL_SCALE,
        linearity_coefficients=None,
        target_power_density_mw_per_cm2=targets,
        started=MADE.timestamp(),
        finished=MADE.timestamp() + 3600,
        resumed=(),
        exit_status=ExitStatus.SUCCESS,
        spectra=spectra,
        stop={"reason": ""},
        warnings=(),
        documents=(),
    )
