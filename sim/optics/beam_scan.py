"""A scanning-slit profile of the beam at the sample's place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.optics.units import FloatArray

_STEP_MM = 0.05
_REACH = 1.5
"""Half the scan's range, in D4sigma diameters."""
_NOISE = 0.001
"""SD of an intensity, relative to the peak."""
_LOBES = ((-0.55, 0.60), (0.0, 0.90), (0.55, 0.60))
"""Centre and SD of three equal lobes of a multimode beam, before they are scaled to the diameter."""


@dataclass(frozen=True)
class BeamScan:
    """Intensity behind a slit against its position; the second moment of it gives the D4sigma diameter."""

    slit_position_mm: FloatArray
    intensity: FloatArray
    """Zero where there is no light, within noise."""

    def csv_text(self) -> str:
        """Two columns with a header."""
        rows = zip(self.slit_position_mm, self.intensity, strict=True)
        lines = [f"{position:.3f},{intensity:.6f}" for position, intensity in rows]
        return "\n".join(["slit_position_mm,intensity", *lines]) + "\n"


def scan_beam(diameter_mm: float, random: np.random.Generator) -> BeamScan:
    """Scan a flat-topped multimode beam of this D4sigma diameter; its centre is somewhere near zero."""
    count = round(2.0 * _REACH * diameter_mm / _STEP_MM) + 1
    position_mm = _STEP_MM * (np.arange(float(count)) - count // 2)
    centre_mm = float(random.uniform(-0.1, 0.1))
    own_sigma = np.sqrt(np.mean([centre**2 + sigma**2 for centre, sigma in _LOBES]))
    reduced = (position_mm - centre_mm) / (0.25 * diameter_mm / own_sigma)
    lobes = sum(np.exp(-0.5 * ((reduced - centre) / sigma) ** 2) / sigma for centre, sigma in _LOBES)
    intensity = lobes / np.max(lobes) + _NOISE * random.standard_normal(count)
    return BeamScan(position_mm, np.asarray(intensity))
