"""A small run whose quantum yield is known exactly, built backwards from the photons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plqy_rig.data import (
    PASS_ORDER,
    Evaluation,
    ExitStatus,
    Role,
    RunMetadata,
    RunRecorder,
    WindowResult,
)

PIXELS = 512
PLANCK_TIMES_C = 6.62607015e-34 * 299792458.0
NONLINEARITY = 1e-6
TARGETS = (50.0, 200.0, 900.0)


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return record | {"sha256": hashlib.sha256(text.encode()).hexdigest()}


def record(kind: str, **values: Any) -> dict[str, Any]:
    return sealed(
        {
            "format": "plqy-record/1",
            "kind": kind,
            "created": "2026-05-01T09:00:00Z",
            "expires": "2027-05-01T09:00:00Z",
            "operator": "Márta",
            "origin": "made for a test",
            "instruments": {"spectrometer": "NQ5120427"},
            "values": values,
        }
    )


def identity(manufacturer: str, model: str, serial_number: str, firmware: str) -> dict[str, str]:
    return {
        "manufacturer": manufacturer,
        "model": model,
        "serial_number": serial_number,
        "firmware": firmware,
    }


@dataclass
class SyntheticRig:
    """Knows the truth: absorptance 0.15, μ 0.05, yield 0.5, and makes the counts that belong to it."""

    wavelength_nm: np.ndarray = field(default_factory=lambda: np.linspace(900.0, 1700.0, PIXELS))
    absorptance: float = 0.15
    mu: float = 0.05
    plqy: float = 0.5
    leakage: float = 0.0
    """Laser leakage into the emission window, as a fraction of the laser light in the sphere."""

    @property
    def response(self) -> np.ndarray:
        return 8e-14 * (1 + 0.3 * np.sin(self.wavelength_nm / 90))

    @property
    def long_pass(self) -> np.ndarray:
        return 0.95 / (1 + np.exp(-(self.wavelength_nm - 1010.0) / 4))

    def records(self) -> list[dict[str, Any]]:
        wavelength = self.wavelength_nm.tolist()
        return [
            record(
                "response",
                wavelength_nm=wavelength,
                response_j_per_count=self.response.tolist(),
                scale_uncertainty_relative=0.02,
                shape_uncertainty_relative=[0.01] * PIXELS,
                shape_correlation_length_nm=100.0,
            ),
            record(
                "long_pass",
                wavelength_nm=wavelength,
                transmission=self.long_pass.tolist(),
                transmission_uncertainty_relative=0.005,
            ),
            record(
                "linearity",
                coefficients=[1.0, -NONLINEARITY, 0, 0, 0, 0, 0, 0],
                full_scale_counts=65535.0,
                uncertainty_relative_at_full_scale=0.002,
            ),
            record("monitor_ratio", ratio=24.0, ratio_uncertainty_relative=0.01, reading_noise_relative=1e-3),
            record(
                "beam",
                diameter_x_mm=4.6,
                diameter_y_mm=4.4,
                diameter_uncertainty_mm=0.05,
                definition="D4sigma",
            ),
            record("wheel", angle_deg=[0.0, 270.0], optical_density=[0.04, 2.0]),
        ]

    def metadata(self, **changes: Any) -> RunMetadata:
        values: dict[str, Any] = {
            "sample": "HET-Ce",
            "recipe": {"sample": "HET-Ce", "scans": 3, "integration_time_s": 0.01, "nothing": None},
            "rig": {"format": "plqy-rig/1", "name": "bench °C", "monitor": {"wavelength_nm": 977.0}},
            "instruments": {
                "laser": {
                    "manufacturer": "Thorlabs",
                    "model": "ITC4001",
                    "serial_number": "M1",
                    "firmware": "1",
                },
                "spectrometer": {
                    "manufacturer": "OO",
                    "model": "NQ512",
                    "serial_number": "N",
                    "firmware": "",
                },
            },
            "wavelength_nm": self.wavelength_nm,
            "full_scale_counts": 65535.0,
            "target_power_density_mw_per_cm2": TARGETS,
            "linearity_coefficients": [1.0, -NONLINEARITY, 0, 0, 0, 0, 0, 0],
            "calibration_records": self.records(),
            "versions": {"plqy-rig": "0.1.0", "python": "3.11"},
            "operator": "Márta",
        }
        return RunMetadata(**(values | changes))

    def photons(self, role: Role) -> np.ndarray:
        """Photons/s per pixel at the reference power: a line at 977 nm, a band at 1530 nm."""
        indirect, direct = 1 - self.mu, (1 - self.mu) * (1 - self.absorptance)
        laser = {"out": 1.0, "indirect": indirect, "direct": direct}[role.arrangement.sample]
        emission_b = self.plqy * self.mu
        emission_c = (1 - self.absorptance) * emission_b + self.plqy * self.absorptance
        emission = {"out": 0.0, "indirect": emission_b, "direct": emission_c}[role.arrangement.sample]
        leaked = self.leakage * laser * self._band(1450.0, 8.0)
        return 1e12 * (laser * self._band(977.0, 1.5) + emission * self._band(1530.0, 20.0) + leaked)

    def _band(self, centre_nm: float, width_nm: float) -> np.ndarray:
        band = np.exp(-0.5 * ((self.wavelength_nm - centre_nm) / width_nm) ** 2)
        band[band < 1e-12] = 0.0
        return band / band.sum()

    def exposure(self, role: Role, step: int, scans: int = 3, **changes: Any) -> dict[str, Any]:
        power_w = 1e-3 * (1 + step) * (1 + 0.01 * PASS_ORDER.index(role))
        time_s = 2.0 if role.is_emission else 0.01
        energy = PLANCK_TIMES_C / (self.wavelength_nm * 1e-9)
        signal = self.photons(role) * (power_w / 1e-3) * energy * time_s / self.response
        if role.is_emission:
            signal = signal * self.long_pass
        # linear = N / (1 - a N)  <=>  N = linear / (1 + a linear)
        counts = signal / (1 + NONLINEARITY * signal) + self.dark_counts(time_s)
        values = {
            "role": role.value,
            "step": step,
            "target_power_density_mw_per_cm2": TARGETS[step],
            "integration_time_s": time_s,
            "scans": scans,
            "counts": counts,
            "counts_std": np.full(PIXELS, 4.5),
            "scan_counts": np.tile(np.float32(counts), (scans, 1)),
            "monitor_power_w": power_w,
            "monitor_power_std_w": power_w * 1e-3,
            "monitor_readings": 40,
            "wheel_position_deg": 100.0 - 10 * step,
            "laser_current_a": 0.3,
            "laser_temperature_c": 25.0,
            "detector_temperature_c": -10.0,
            "saturated": False,
            "light_on_s": scans * time_s + 0.1,
        }
        return values | changes

    def dark_counts(self, time_s: float) -> np.ndarray:
        return 1500.0 + 20 * time_s + 3 * np.cos(np.arange(PIXELS))

    def dark(self, role: Role, step: int, scans: int = 3, **changes: Any) -> dict[str, Any]:
        time_s = 2.0 if role.is_emission else 0.01
        values = {
            "role": role.value,
            "step": step,
            "integration_time_s": time_s,
            "scans": scans,
            "dark": self.dark_counts(time_s),
            "dark_std": np.full(PIXELS, 3.5),
            "detector_temperature_c": -10.1,
        }
        return values | changes


@dataclass
class Ticker:
    """A clock that goes on by a second whenever it is asked."""

    now_s: float = 1_790_000_000.25

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


@pytest.fixture
def rig() -> SyntheticRig:
    return SyntheticRig()


@pytest.fixture
def new_recorder(tmp_path: Path, rig: SyntheticRig) -> Iterable[Callable[..., RunRecorder]]:
    recorders: list[RunRecorder] = []

    def create(**options: Any) -> RunRecorder:
        metadata = options.pop("metadata", rig.metadata())
        recorder = RunRecorder.create(tmp_path / "runs", metadata, now=Ticker(), **options)
        recorders.append(recorder)
        return recorder

    yield create
    for recorder in recorders:
        recorder.close()


@pytest.fixture
def record_run(rig: SyntheticRig, new_recorder: Callable[..., RunRecorder]) -> Callable[..., Path]:
    """Record a whole run; gives its folder."""

    def record_roles(roles: Iterable[Role] = PASS_ORDER[:5], *, finish: bool = True, **options: Any) -> Path:
        recorder = new_recorder(**options)
        for role in roles:
            for step in range(len(TARGETS)):
                recorder.record("exposure", rig.exposure(role, step))
                recorder.record("dark", rig.dark(role, step))
        if finish:
            recorder.finish(ExitStatus.SUCCESS, "", {"safe": True, "laser": "off"})
        recorder.close()
        return recorder.folder

    return record_roles


def window_result(name: str = "er", **changes: Any) -> WindowResult:
    steps = len(TARGETS)
    plqy = np.array([0.5, np.nan, 0.49])
    values: dict[str, Any] = {
        "name": name,
        "low_nm": 1400.0,
        "high_nm": 1650.0,
        "power_density_mw_per_cm2": np.array([51.0, 202.0, 899.0]),
        "plqy": plqy,
        "u_plqy": 0.02 * plqy,
        "ci68": np.stack([0.98 * plqy, 1.02 * plqy], axis=1),
        "ci95": np.stack([0.96 * plqy, 1.04 * plqy], axis=1),
        "absorptance": np.full(steps, 0.15),
        "mu": np.full(steps, 0.05),
        "plqy_2m": plqy,
        "flags": ((), ("saturated", "weak_signal"), ("monitor_unsteady",)),
        "mean_plqy": 0.495,
        "u_mean_plqy": 0.01,
        "range_mw_per_cm2": (50.0, 900.0),
        "budget": {"scan_noise": 0.01, "response_shape": 0.015},
        "estimator": "per_step",
        "warnings": ("only three steps",),
    }
    return WindowResult(**(values | changes))


@pytest.fixture
def new_window_result() -> Callable[..., WindowResult]:
    return window_result


@pytest.fixture
def new_evaluation() -> Callable[..., Evaluation]:
    def create(run_uid: str, windows: Mapping[str, WindowResult] | None = None) -> Evaluation:
        if windows is None:
            windows = {name: window_result(name) for name in ("total", "er", "1500:1600 nm")}
        return Evaluation(
            run_uid=run_uid,
            windows=windows,
            laser_window_nm=(967.0, 987.0),
            records={"response": "ab" * 32},
            warnings=("calibration expired: response (2026-05-01)",),
            version="0.1.0",
            evaluated=1_790_000_500.5,
            settings={"range_mw_per_cm2": [50.0, 900.0], "leakage": "scaled"},
        )

    return create
