"""An argon lamp at the sphere's port: narrow lines at known wavelengths."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sim.optics.spectrograph import Spectrograph, counts_per_photon
from sim.optics.units import FloatArray

ARGON_NM = np.array(
    [912.30, 922.45, 965.78, 978.45, 1047.00, 1067.36, 1148.81, 1213.97, 1371.86, 1504.65, 1694.06]
)
"""Lines of neutral argon in air. Close neighbours that a slit of 4 nm doesn't part are left out."""
_STRENGTHS = np.array([1.0, 0.45, 0.9, 0.25, 0.12, 0.07, 0.08, 0.22, 0.30, 0.20, 0.5])
"""Against the strongest; real ones depend on pressure and current."""
_PHOTONS_PER_S = 4.0e14
"""Of the strongest line at the detector port."""


@lru_cache(maxsize=8)
def argon_counts_per_s(spectrograph: Spectrograph) -> FloatArray:
    """Linear counts per second that the lamp makes, shape [512]."""
    photons = _PHOTONS_PER_S * _STRENGTHS * counts_per_photon(ARGON_NM)
    counts = np.asarray(spectrograph.pixel_shares(ARGON_NM) @ photons)
    counts.flags.writeable = False
    return counts
