"""Constants of nature, array types and named random streams shared by the optics modules."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
CountArray = NDArray[np.uint16]

PLANCK_J_S = 6.62607015e-34
LIGHT_SPEED_M_PER_S = 299792458.0
PHOTON_ENERGY_J_NM = PLANCK_J_S * LIGHT_SPEED_M_PER_S * 1e9
"""Energy of a photon times its wavelength: E = PHOTON_ENERGY_J_NM / wavelength_nm."""

FWHM_PER_SIGMA = 2.0 * float(np.sqrt(2.0 * np.log(2.0)))


def photons_per_joule(wavelength_nm: float) -> float:
    """Number of photons in one joule of light of this wavelength."""
    return wavelength_nm / PHOTON_ENERGY_J_NM


def seed_sequence(seed: int, sample: str, purpose: str) -> np.random.SeedSequence:
    """Seed material that depends on seed, sample and purpose, and on nothing else.

    The names are hashed with CRC-32 because Python's own hash differs from process to process.

    Raises:
        ValueError: the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"the bench's seed must be 0 or more, {seed} was given")
    return np.random.SeedSequence([seed, zlib.crc32(sample.encode()), zlib.crc32(purpose.encode())])


def named_stream(seed: int, sample: str, purpose: str) -> np.random.Generator:
    """Random stream of one purpose, so that drawing more in one place changes nothing elsewhere."""
    return np.random.default_rng(seed_sequence(seed, sample, purpose))
