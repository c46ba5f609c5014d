"""The five-spectrum formulas (deMello, Wittmann, Friend, Adv. Mater. 9, 230, 1997).

All arguments are photon rates (photons/s) at one reference power. Nothing here knows of spectra or
steps; arrays of any one shape work element by element.

    L_a  laser photons, empty sphere            P_b  emission photons, indirect
    L_b  laser photons, sample lit indirectly   P_c  emission photons, direct
    L_c  laser photons, sample in the beam      P_a  what an empty sphere shows in the emission window
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def absorptance(laser_indirect: FloatArray, laser_direct: FloatArray) -> FloatArray:
    """A = 1 - L_c / L_b: absorptance of the direct first pass (equation 1)."""
    return np.asarray(1.0 - laser_direct / laser_indirect, dtype=np.float64)


def quantum_yield(
    laser_empty: FloatArray,
    emission_indirect: FloatArray,
    emission_direct: FloatArray,
    direct_absorptance: FloatArray,
) -> FloatArray:
    """η = [P_c - (1-A) P_b] / (L_a A) (equation 2)."""
    emitted = emission_direct - (1.0 - direct_absorptance) * emission_indirect
    return np.asarray(emitted / (laser_empty * direct_absorptance), dtype=np.float64)


def indirect_absorptance(laser_empty: FloatArray, laser_indirect: FloatArray) -> FloatArray:
    """μ = 1 - L_b / L_a: share of sphere-scattered laser light the sample absorbs (equation 3)."""
    return np.asarray(1.0 - laser_indirect / laser_empty, dtype=np.float64)


def quantum_yield_2m(
    laser_empty: FloatArray,
    laser_direct: FloatArray,
    emission_direct: FloatArray,
    emission_empty: FloatArray,
) -> FloatArray:
    """η_2M = (P_c - P_a) / (L_a - L_c): from two arrangements only (equation 4)."""
    return np.asarray((emission_direct - emission_empty) / (laser_empty - laser_direct), dtype=np.float64)


def reabsorption_corrected(observed: FloatArray, reabsorbed_fraction: FloatArray) -> FloatArray:
    """η = η_obs / (1 - a + a η_obs), a = share of emitted photons absorbed again (equation 6)."""
    return np.asarray(
        observed / (1.0 - reabsorbed_fraction + reabsorbed_fraction * observed), dtype=np.float64
    )
