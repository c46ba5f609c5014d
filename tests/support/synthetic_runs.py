"""Runs made from equations, with errors drawn from the very distributions that the records state.

Not the bench: no sphere, no instruments. It tests the algebra and the propagation alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from calibration import Record, RecordKind
from plqy_rig.data import ExitStatus, Role, RoleSpectra
from plqy_rig.data.assemble import run_from_parts
from plqy_rig.data.documents import JOURNAL_FORMAT

PIXELS = 512
WAVELENGTH = np.linspace(900.0, 1700.0, PIXELS)
PHOTON_ENERGY = 6.62607015e-34 * 299792458.0 / (WAVELENGTH * 1e-9)
FULL_SCALE = 65535.0
MADE = datetime(2026, 5, 1, tzinfo=UTC)


def _band(centre, width):
    shape = np.exp(-0.5 * ((WAVELENGTH - centre) / width) ** 2)
    return shape / shape.sum()


LASER, ERBIUM = _band(977.0, 2.0), _band(1530.0, 20.0)


@cache
def _smooth_shapes(correlation_nm):
    distance = WAVELENGTH[:, None] - WAVELENGTH[None, :]
    correlation = np.exp(-0.5 * (distance / correlation_nm) ** 2)
    return np.linalg.cholesky(correlation + 1e-9 * np.eye(PIXELS))


class Truth:
    """What is true, and how uncertain the records are about it."""

    def __init__(self, plqy=0.5, absorptance=0.15, mu=0.05, steps=8, **changes):
        self.plqy, self.absorptance, self.mu, self.steps = plqy, absorptance, mu, steps
        self.shape_uncertainty, self.correlation_nm = 0.012, 150.0
        self.long_pass_uncertainty, self.linearity_uncertainty = 0.003, 0.002
        self.monitor_noise, self.read_noise = 0.001, 8.0
        self.electrons_per_count = 90.0
        self.scans, self.leakage = 4, 0.0
        self.full_scale = FULL_SCALE
        self.repeat_first_step = False
        for name, value in changes.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    @property
    def densities(self):
        densities = np.geomspace(50, 900, self.steps)
        return np.append(densities, densities[0]) if self.repeat_first_step else densities

    @property
    def response(self):
        return 1e-13 * (1 + 0.3 * np.sin(WAVELENGTH / 120.0))

    @property
    def transmission(self):
        return 0.97 / (1 + np.exp(-(WAVELENGTH - 988.0)))


def records(truth, random):
    smooth = truth.shape_uncertainty * (_smooth_shapes(truth.correlation_nm) @ random.normal(size=PIXELS))
    response = truth.response * (1 + smooth + 0.03 * random.normal())
    values = {
        RecordKind.RESPONSE: {
            "wavelength_nm": WAVELENGTH.tolist(),
            "response_j_per_count": response.tolist(),
            "scale_uncertainty_relative": 0.03,
            "shape_uncertainty_relative": [truth.shape_uncertainty] * PIXELS,
            "shape_correlation_length_nm": truth.correlation_nm,
        },
        RecordKind.LONG_PASS: {
            "wavelength_nm": WAVELENGTH.tolist(),
            "transmission": np.minimum(
                truth.transmission * (1 + truth.long_pass_uncertainty * random.normal()), 1.0
            ).tolist(),
            "transmission_uncertainty_relative": truth.long_pass_uncertainty,
        },
        RecordKind.LINEARITY: {
            "coefficients": [1.0, *[0.0] * 7],
            "full_scale_counts": FULL_SCALE,
            "uncertainty_relative_at_full_scale": truth.linearity_uncertainty,
        },
        RecordKind.MONITOR_RATIO: {
            "ratio": 24.0,
            "ratio_uncertainty_relative": 0.03,
            "reading_noise_relative": truth.monitor_noise,
        },
        RecordKind.BEAM: {
            "diameter_x_mm": 4.6,
            "diameter_y_mm": 4.4,
            "diameter_uncertainty_mm": 0.05,
            "definition": "D4sigma",
        },
    }
    return {
        str(kind): Record.seal(
            kind=kind,
            created=MADE,
            expires=MADE.replace(year=2027),
            operator="test",
            origin="drawn",
            instruments={},
            values=content,
        ).to_document()
        for kind, content in values.items()
    }


def _photons(truth, role, photon_rate):
    a, mu, eta = truth.absorptance, truth.mu, truth.plqy
    laser = {
        Role.EMPTY_EXCITATION: 1.0,
        Role.INDIRECT_EXCITATION: 1 - mu,
        Role.DIRECT_EXCITATION: (1 - mu) * (1 - a),
    }
    emission = {
        Role.INDIRECT_EMISSION: eta * mu,
        Role.DIRECT_EMISSION: (1 - a) * eta * mu + eta * a,
        Role.EMPTY_EMISSION: 0.0,
    }
    if role.is_emission:
        leak = truth.leakage * (1 - mu * (role is not Role.EMPTY_EMISSION))
        leak *= 1 - a * (role is Role.DIRECT_EMISSION)
        return photon_rate * (emission[role] + leak) * ERBIUM * truth.transmission
    # Without the long-pass the emission is in the excitation spectra as well.
    shining = {
        Role.EMPTY_EXCITATION: Role.EMPTY_EMISSION,
        Role.INDIRECT_EXCITATION: Role.INDIRECT_EMISSION,
        Role.DIRECT_EXCITATION: Role.DIRECT_EMISSION,
    }[role]
    return photon_rate * (laser[role] * LASER + emission[shining] * ERBIUM)


def _role(truth, role, power_w, random, error):
    rows = []
    for power in power_w:
        # The monitor tells a little wrong what the light really was.
        light = power * (1 + truth.monitor_noise * random.normal())
        joules = _photons(truth, role, light * 24.0 / PHOTON_ENERGY[np.argmax(LASER)]) * PHOTON_ENERGY
        rate = joules / truth.response
        time_s = 0.7 * FULL_SCALE / rate.max() if rate.max() > 0 else 1.0
        net = rate * time_s
        net = net * (1 + error * net / FULL_SCALE)
        scans = (
            1500.0
            + net
            + random.normal(size=(truth.scans, PIXELS))
            * np.hypot(truth.read_noise, np.sqrt(np.maximum(net, 0) / truth.electrons_per_count))
        )
        dark = 1500.0 + random.normal(size=(truth.scans, PIXELS)) * truth.read_noise
        rows.append((np.minimum(scans, truth.full_scale), dark, time_s))
    scans, dark, times = (np.stack(part) for part in zip(*rows, strict=True))
    steps = len(power_w)
    constant = {
        name: np.full(steps, value)
        for name, value in (
            ("laser_current_a", 0.3),
            ("wheel_position_deg", 90.0),
            ("laser_temperature_c", 25.0),
            ("detector_temperature_c", -10.0),
            ("dark_detector_temperature_c", -10.0),
            ("light_on_s", 1.0),
            ("time", 1.78e9),
            ("dark_time", 1.78e9),
        )
    }
    deviation = {"axis": 1, "ddof": 1} if truth.scans > 1 else {"axis": 1}
    return RoleSpectra(
        measured=np.full(steps, True),
        counts=scans.mean(axis=1),
        counts_std=scans.std(**deviation) if truth.scans > 1 else np.full((steps, PIXELS), np.nan),
        scan_counts=scans.astype(np.float32),
        dark=dark.mean(axis=1),
        dark_std=dark.std(**deviation) if truth.scans > 1 else np.full((steps, PIXELS), np.nan),
        integration_time_s=times,
        scans=np.full(steps, truth.scans),
        dark_scans=np.full(steps, truth.scans),
        monitor_power_w=np.asarray(power_w),
        monitor_power_std_w=np.zeros(steps),
        monitor_readings=np.full(steps, 20),
        saturated=(scans >= truth.full_scale).any(axis=(1, 2)),
        **constant,
    )


def make_run(truth, seed=1, roles=tuple(Role)[:5]):
    random = np.random.default_rng(seed)
    calibration = records(truth, random)
    error = truth.linearity_uncertainty * random.normal()
    power_w = truth.densities * (np.pi * 4.6 * 4.4 / 400) / 1e3 / 24.0
    spectra = {role: _role(truth, role, power_w, random, error) for role in roles}
    return run_from_parts(Path("synthetic"), _headers(truth, seed), WAVELENGTH, calibration, spectra, ())


def _headers(truth, seed):
    start = {
        "uid": f"synthetic-{seed}",
        "time": MADE.timestamp() + 86400,
        "format": JOURNAL_FORMAT,
        "sample": "synthetic",
        "operator": "test",
        "recipe": {"laser_window_low_nm": 967.0, "laser_window_high_nm": 987.0},
        "rig": {},
        "recipe_toml": "",
        "rig_toml": "",
        "instruments": {},
        "versions": {},
        "full_scale_counts": truth.full_scale,
        "linearity_coefficients": None,
        "target_power_density_mw_per_cm2": truth.densities,
    }
    stop = {"time": MADE.timestamp() + 90000, "exit_status": str(ExitStatus.SUCCESS), "reason": ""}
    return (("start", start), ("stop", stop))
