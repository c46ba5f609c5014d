"""The lamp's certificate: what a calibration laboratory wrote down about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.optics.lamp import Lamp
from sim.optics.units import FloatArray, named_stream

CERTIFIED_WAVELENGTHS_NM = np.array(
    [
        *(350.0, 375.0, 400.0, 425.0, 450.0, 475.0, 500.0, 525.0, 550.0, 575.0, 600.0, 650.0, 700.0, 750.0),
        *(800.0, 850.0, 900.0, 950.0, 1000.0, 1050.0, 1100.0, 1150.0, 1200.0, 1300.0, 1400.0, 1540.0),
        *(1600.0, 1700.0, 1800.0, 2000.0, 2200.0, 2400.0),
    ]
)
"""The rows: 25 nm apart at first, 200 nm at the end."""

_STANDARD_UNCERTAINTY = ((350.0, 0.025), (500.0, 0.015), (1000.0, 0.015), (1600.0, 0.018), (2400.0, 0.025))
_SCALE_SHARE, _SHAPE_SHARE = 0.90, 0.42
_WAVE_WEIGHTS = np.array([1.06, 0.78, 0.49])
_ROW_NOISE = 0.0002
_LARGEST_ERROR = 1.9
"""In standard uncertainties: the truth lies within the stated expanded uncertainty."""


@dataclass(frozen=True)
class LampCertificate:
    """The table, one entry per row."""

    wavelength_nm: FloatArray
    flux_uw_per_nm: FloatArray
    expanded_uncertainty_percent: FloatArray
    """Coverage factor 2."""


def draw_certificate(lamp: Lamp, seed: int, sample: str) -> LampCertificate:
    """Draw a certificate of this lamp.

    Its error is one common to all rows, a smooth one, and a little of each row's own; their sum never
    exceeds the stated expanded uncertainty.
    """
    random = named_stream(seed, sample, "lamp certificate")
    wavelength_nm = CERTIFIED_WAVELENGTHS_NM
    knots = np.array(_STANDARD_UNCERTAINTY)
    standard = np.interp(wavelength_nm, knots[:, 0], knots[:, 1])
    scale = float(random.standard_normal())
    pull = _SCALE_SHARE * scale + _SHAPE_SHARE * _smooth(wavelength_nm, random)
    bounded = _LARGEST_ERROR * np.tanh(pull / _LARGEST_ERROR)
    noise = _ROW_NOISE * np.clip(random.standard_normal(len(wavelength_nm)), -3.0, 3.0)
    flux = lamp.flux_uw_per_nm(wavelength_nm) * (1.0 + standard * bounded + noise)
    return LampCertificate(wavelength_nm, flux, 200.0 * standard)


def _smooth(wavelength_nm: FloatArray, random: np.random.Generator) -> FloatArray:
    """A smooth random curve of about unit SD: three slow cosines along the table."""
    along = (wavelength_nm - wavelength_nm[0]) / (wavelength_nm[-1] - wavelength_nm[0])
    weights = random.standard_normal(3) * _WAVE_WEIGHTS
    waves = np.cos(math.pi * np.outer(np.arange(1, 4), along))
    return np.asarray(weights @ waves)


def certificate_text(certificate: LampCertificate, lamp: Lamp, date: str) -> str:
    """The certificate as the text file that comes with the lamp.

    Args:
        certificate: the table.
        lamp: whose it is.
        date: of the calibration, ISO.
    """
    head = (
        "# Calibration certificate, tungsten-halogen lamp for integrating spheres (simulated)",
        f"# Lamp serial number: {lamp.serial_number}",
        f"# Date of calibration: {date}; lamp hours then: {lamp.certified_hours:.1f}",
        "# Valid for 12 months or 50 hours of burning, whichever ends first; warm-up 20 minutes",
        "# Quantity: total spectral flux put into the sphere",
        "# Unit: µW/nm",
        "# Columns: wavelength / nm, spectral flux / (µW/nm), expanded uncertainty / % (k=2)",
    )
    rows = zip(
        certificate.wavelength_nm,
        certificate.flux_uw_per_nm,
        certificate.expanded_uncertainty_percent,
        strict=True,
    )
    lines = [f"{nm:.1f}\t{flux:.5e}\t{percent:.2f}" for nm, flux, percent in rows]
    return "\n".join([*head, *lines]) + "\n"
