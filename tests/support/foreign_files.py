"""Spectra as other programs write them, made up from numbers that are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from scipy.special import erf

EXAMPLE_A = {
    "empty": (1.000e15, 0.0),
    "indirect": (9.500e14, 2.500e13),
    "direct": (8.075e14, 9.625e13),
}
"""Laser and emission photons of the method's worked example: A = 0.15, mu = 0.05, yield 0.5."""
LASER, WINDOW = "967:987", "er=1400:1650"
HC_J_M = 6.62607015e-34 * 299792458.0


def grid(low: float = 900.0, high: float = 1700.0, step: float = 1.0) -> np.ndarray:
    return low + step * np.arange(round((high - low) / step) + 1)


def line(wavelength: np.ndarray, centre: float, fwhm: float) -> np.ndarray:
    """A Gaussian line integrated over each pixel; sums to 1."""
    middle = (wavelength[1:] + wavelength[:-1]) / 2
    edges = np.concatenate([[2 * wavelength[0] - middle[0]], middle, [2 * wavelength[-1] - middle[-1]]])
    sigma = fwhm / 2.3548
    content = np.diff(erf((edges - centre) / sigma / math.sqrt(2)))
    return content / content.sum()


def spectrum(
    wavelength: np.ndarray,
    laser: float,
    emission: float,
    *,
    offset: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """A laser line at 977 nm and a band at 1530 nm with these sums."""
    values = laser * line(wavelength, 977.0, 2.5) + emission * line(wavelength, 1530.0, 40.0) + offset
    return values + noise * np.random.default_rng(seed).standard_normal(len(wavelength))


def photon_energy_j(wavelength: np.ndarray) -> np.ndarray:
    return HC_J_M / (wavelength * 1e-9)


def rows(wavelength: np.ndarray, *columns: np.ndarray, delimiter: str = "\t", decimal: str = ".") -> str:
    lines = []
    for values in zip(wavelength, *columns, strict=True):
        text = delimiter.join([f"{values[0]:.3f}", *(f"{value:.9E}" for value in values[1:])])
        lines.append(text.replace(".", decimal))
    return "\n".join(lines) + "\n"


def oceanview(
    wavelength: np.ndarray, values: np.ndarray, integration_time_s: float, decimal: str = "."
) -> str:
    time = f"{integration_time_s:.6E}".replace(".", decimal)
    return (
        "Data from sample_HRX1_12-00-00-000.txt Node\n\n"
        "Date: Mon Nov 02 12:00:00 CET 2026\nUser: lab\nSpectrometer: NQ5100000\nTrigger mode: 0\n"
        f"Integration Time (sec): {time}\nScans to average: 10\nNonlinearity correction enabled: true\n"
        f"Boxcar width: 0\nXAxis mode: Wavelengths\nNumber of Pixels in Spectrum: {len(wavelength)}\n"
        ">>>>>Begin Spectral Data<<<<<\n" + rows(wavelength, values, decimal=decimal)
    )


def spectrasuite(wavelength: np.ndarray, values: np.ndarray, integration_time_s: float) -> str:
    return (
        "SpectraSuite Data File\n++++++++++++++++++++++++++++++++++++\nDate: Mon Nov 02 12:00:00 CET 2026\n"
        "User: lab\nDark Spectrum Present: No\nNumber of Sampled Component Spectra: 1\n"
        f"Integration Time (usec): {integration_time_s * 1e6:.0f} (USB4F00000)\n"
        "Spectra Averaged: 10 (USB4F00000)\nBoxcar Smoothing: 0 (USB4F00000)\n"
        f"Number of Pixels in Processed Spectrum: {len(wavelength)}\n"
        ">>>>>Begin Processed Spectral Data<<<<<\n" + rows(wavelength, values)
        + ">>>>>End Processed Spectral Data<<<<<\n"
    )  # fmt: skip


def scanning_fluorometer(wavelength: np.ndarray, *scans: np.ndarray) -> str:
    """One line per property, one column per scan, wavelengths falling, delimiters at the ends of lines."""
    header = [
        ["Labels", *(f"scan {i + 1}" for i in range(len(scans)))],
        ["Type", *["Emission Scan"] * len(scans)],
        ["Start", *[f"{wavelength[-1]:.2f}"] * len(scans)],
        ["Xaxis", *["Wavelength"] * len(scans)],
        ["Yaxis", *["Counts"] * len(scans)],
    ]
    text = "".join(",".join(line) + ",\n" for line in header) + "\n"
    body = rows(wavelength[::-1], *(scan[::-1] for scan in scans), delimiter=",")
    return text + body.replace("\n", ",\n")


def write_set(folder: Path, suffix: str, write) -> dict[str, Path]:
    """Files of the worked example by role; `write(role, laser, emission)` gives text or bytes."""
    files = {}
    for role, (laser, emission) in EXAMPLE_A.items():
        content = write(role, laser, emission)
        files[role] = folder / f"{role}{suffix}"
        files[role].write_bytes(content.encode() if isinstance(content, str) else content)
    return files
