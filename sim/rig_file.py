"""The rig file and the calibration records that a bench hands out.

A record is never the exact truth: each is off by an error drawn, with the bench's seed, from the distribution
that the record itself states.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bench import Addresses, Bench
from sim.hand_outs import certificate_date

FloatArray = NDArray[np.float64]

_SCALE_SD = 0.03
_SHAPE_SD = (0.010, 0.015)
"""Relative SD of the response's shape in the middle and at the ends of the range."""
_SHAPE_CORRELATION_NM = 150.0
_GRID_NM = 2.0
_LONG_PASS_SD = 0.003
_MONITOR_RATIO_SD = 0.03
_BEAM_SD_MM = 0.05
_WHEEL_SD = 0.01
_AGE = timedelta(days=21)
_LIFE = timedelta(days=182)
_FULL_SCALE_COUNTS = 65535.0
_OPERATOR = "simulated bench"

_RIG = """\
format = "plqy-rig/1"
name = "simulated bench: {sample}, seed {seed}"

[connection]
visa_library = "@py"
usb_bus = "usbip://{usbip}"

[bench]
console = "{console}"
speed = {speed!r}

[laser]
resource = "USB0::0x1313::0x804A::{laser_serial}::INSTR"
current_a = 0.300
current_limit_a = 0.350
temperature_c = 25.0
temperature_range_c = [15.0, 35.0]

[monitor]
resource = "USB0::0x1313::0x8022::{monitor_serial}::INSTR"
channel = 1
wavelength_nm = 977.0
head_wavelength_range_nm = [400.0, 1100.0]
head_power_range_w = [5e-8, 5e-2]

[shutter]
port = "{sc10}"
baud = 9600

[attenuator]
port = "{nd_wheel}"
microsteps_per_revolution = 3200
angle_range_deg = [0.5, 265.0]

[spectrometer]
serial_number = "{spectrometer_serial}"
temperature_c = {detector_temperature_c!r}

[limits]
power_density_mw_per_cm2 = 1200.0

[calibration]
folder = "calibration"

[lamp]
serial_number = "{lamp}"
certificate = "lamp_certificate.txt"
unit = "uW/nm"
certified = {certified}
"""


@dataclass(frozen=True)
class Record:
    """One calibration result."""

    kind: str
    origin: str
    instruments: Mapping[str, str]
    values: Mapping[str, object]


def write_rig(
    folder: Path,
    bench: Bench,
    addresses: Addresses,
    console: str,
    speed: float,
    records: Iterable[Record] | None = None,
) -> Path:
    """Write ``rig.toml`` and the calibration folder.

    Args:
        folder: where.
        bench: which bench.
        addresses: of its wires.
        console: ``host:port``.
        speed: bench seconds per real second.
        records: what the calibration folder is to hold; None: those that the bench draws now.

    Returns:
        The rig file's absolute path.
    """
    calibration = folder / "calibration"
    calibration.mkdir(parents=True, exist_ok=True)
    _remove_earlier_records(calibration)
    created = (datetime.now(UTC) - _AGE).replace(hour=9, minute=0, second=0, microsecond=0)
    for record in draw_records(bench) if records is None else records:
        _write_record(calibration, record, created)
    path = (folder / "rig.toml").resolve()
    path.write_text(_rig_text(bench, addresses, console, speed), encoding="utf-8")
    return path


def _rig_text(bench: Bench, addresses: Addresses, console: str, speed: float) -> str:
    setup = bench.setup
    return _RIG.format(
        sample=setup.sample,
        seed=setup.seed,
        lamp=bench.optics.lamp.serial_number,
        certified=certificate_date(),
        usbip=addresses.usbip,
        console=console,
        speed=float(speed),
        sc10=addresses.sc10,
        nd_wheel=addresses.nd_wheel,
        laser_serial=setup.laser.identity.split(",")[2],
        monitor_serial=setup.monitor.identity.split(",")[2],
        spectrometer_serial=setup.spectrometer.serial_number,
        detector_temperature_c=setup.spectrometer.set_point_c,
    )


def draw_records(bench: Bench, draw: int = 0) -> list[Record]:
    """The six records of a bench, their errors drawn with its seed.

    Args:
        bench: whose truth the records miss.
        draw: 0 for the records that the bench hands out; others are what further calibrations of the same
            bench might have given.
    """
    mixed = zlib.crc32(f"records {bench.setup.sample}".encode())
    random = np.random.default_rng([bench.setup.seed, mixed, draw])
    return [
        _response(bench, random),
        _long_pass(bench, random),
        _linearity(bench),
        _monitor_ratio(bench, random),
        _beam(bench, random),
        _wheel(bench, random),
    ]


def _stored_wavelengths_nm(bench: Bench) -> FloatArray:
    pixels = np.arange(512.0)
    coefficients = bench.optics.eeprom_wavelength_coefficients
    return np.asarray(sum(c * pixels**k for k, c in enumerate(coefficients)), dtype=np.float64)


def _smooth_errors(wavelength_nm: FloatArray, random: np.random.Generator) -> FloatArray:
    """A zero-mean Gaussian process of SD 1 with correlation exp(-(difference)^2 / (2 length^2)).

    White noise smoothed with exp(-(x / length)^2) has that correlation.
    """
    reach_nm = 3.0 * _SHAPE_CORRELATION_NM
    grid_nm = np.arange(wavelength_nm.min() - reach_nm, wavelength_nm.max() + reach_nm, _GRID_NM)
    kernel_nm = np.arange(-reach_nm, reach_nm + _GRID_NM, _GRID_NM)
    kernel = np.exp(-((kernel_nm / _SHAPE_CORRELATION_NM) ** 2))
    noise = random.standard_normal(len(grid_nm))
    smooth = np.convolve(noise, kernel / np.sqrt(np.sum(kernel**2)), mode="same")
    return np.asarray(np.interp(wavelength_nm, grid_nm, smooth), dtype=np.float64)


def _spectrometer(bench: Bench) -> dict[str, str]:
    return {"spectrometer": bench.setup.spectrometer.serial_number}


def _response(bench: Bench, random: np.random.Generator) -> Record:
    wavelength_nm = _stored_wavelengths_nm(bench)
    middle_nm = 0.5 * (wavelength_nm[0] + wavelength_nm[-1])
    off_centre = np.abs(wavelength_nm - middle_nm) / (wavelength_nm[-1] - middle_nm)
    shape_sd = _SHAPE_SD[0] + (_SHAPE_SD[1] - _SHAPE_SD[0]) * np.minimum(off_centre, 1.0)
    scale = _SCALE_SD * float(random.standard_normal())
    error = scale + shape_sd * _smooth_errors(wavelength_nm, random)
    response = np.asarray(bench.optics.true_response_j_per_count()) * (1.0 + error)
    values = {
        "wavelength_nm": wavelength_nm.tolist(),
        "response_j_per_count": response.tolist(),
        "scale_uncertainty_relative": _SCALE_SD,
        "shape_uncertainty_relative": shape_sd.tolist(),
        "shape_correlation_length_nm": _SHAPE_CORRELATION_NM,
    }
    return Record("response", "Traceable lamp coupled into the empty sphere.", _spectrometer(bench), values)


def _long_pass(bench: Bench, random: np.random.Generator) -> Record:
    wavelength_nm = np.arange(900.0, 1751.0, 1.0)
    factor = 1.0 + _LONG_PASS_SD * float(random.standard_normal())
    transmission = np.asarray(bench.optics.true_long_pass(wavelength_nm)) * factor
    values = {
        "wavelength_nm": wavelength_nm.tolist(),
        "transmission": transmission.tolist(),
        "transmission_uncertainty_relative": _LONG_PASS_SD,
    }
    return Record("long_pass", "Lamp with the filter over lamp without it.", _spectrometer(bench), values)


def _linearity(bench: Bench) -> Record:
    # The optics draws the stored coefficients' error itself, with this SD at full scale.
    values = {
        "coefficients": list(bench.optics.eeprom_linearity_coefficients),
        "full_scale_counts": _FULL_SCALE_COUNTS,
        "uncertainty_relative_at_full_scale": bench.setup.optics.linearity_error_sd,
    }
    return Record("linearity", "The maker's polynomial in the device's memory.", _spectrometer(bench), values)


def _monitor_ratio(bench: Bench, random: np.random.Generator) -> Record:
    ratio = float(bench.optics.true_monitor_ratio) * (1.0 + _MONITOR_RATIO_SD * random.standard_normal())
    values = {
        "ratio": float(ratio),
        "ratio_uncertainty_relative": _MONITOR_RATIO_SD,
        "reading_noise_relative": bench.setup.optics.monitor_pointing_noise,
    }
    instruments = {"monitor": bench.setup.monitor.identity.split(",")[2]}
    return Record("monitor_ratio", "Second power head at the sphere's entry.", instruments, values)


def _beam(bench: Bench, random: np.random.Generator) -> Record:
    x_mm, y_mm = bench.optics.true_beam_d4sigma_mm
    values = {
        "diameter_x_mm": float(x_mm + _BEAM_SD_MM * random.standard_normal()),
        "diameter_y_mm": float(y_mm + _BEAM_SD_MM * random.standard_normal()),
        "diameter_uncertainty_mm": _BEAM_SD_MM,
        "definition": "D4sigma",
    }
    return Record("beam", "Beam profiler at the sample's place.", {}, values)


def _wheel(bench: Bench, random: np.random.Generator) -> Record:
    angle_deg = np.arange(0.0, 271.0, 5.0)
    density = np.array([float(bench.optics.true_optical_density(a)) for a in angle_deg])
    density = density * (1.0 + _WHEEL_SD * random.standard_normal(len(angle_deg)))
    values = {"angle_deg": angle_deg.tolist(), "optical_density": density.tolist()}
    return Record("wheel", "Monitor power against angle, one turn.", {}, values)


def _remove_earlier_records(folder: Path) -> None:
    """Remove what another bench left in the same folder; records of anybody else stay."""
    for path in folder.glob("*.json"):
        try:
            operator = json.loads(path.read_text(encoding="utf-8")).get("operator")
        except (ValueError, AttributeError):
            continue
        if operator == _OPERATOR:
            path.unlink()


def _write_record(folder: Path, record: Record, created: datetime) -> Path:
    content: dict[str, Any] = {
        "format": "plqy-record/1",
        "kind": record.kind,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires": (created + _LIFE).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "operator": _OPERATOR,
        "origin": record.origin,
        "instruments": dict(record.instruments),
        "values": dict(record.values),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    path = folder / f"{record.kind}_{created:%Y%m%d}_{digest[:8]}.json"
    path.write_text(
        json.dumps(content | {"sha256": digest}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path
