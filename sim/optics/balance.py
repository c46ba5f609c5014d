"""The photon balance: what of the laser light and of the emission reaches the detector port.

Everything is counted forwards in photons, per photon entering the sphere. Laser light that the sample
absorbs, on its first pass or later on its way between walls, excites ytterbium; that emits in both bands.
Emitted light is absorbed again with small probability, by ytterbium or erbium, inside the sample or when it
comes back from the wall; the re-absorbed light feeds a two-by-two linear system whose solution is the total
number of excitations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from sim.optics.presets import (
    ERBIUM_ABSORPTION,
    ERBIUM_ABSORPTION_AT_1530_RELATIVE_TO_LASER,
    ERBIUM_EMISSION,
    WINDOWS_NM,
    YTTERBIUM_ABSORPTION,
    YTTERBIUM_EMISSION,
    SamplePreset,
)
from sim.optics.sample import LengthDistribution, SampleBody
from sim.optics.sphere import Sphere
from sim.optics.units import FloatArray

CELL_EDGES_NM = np.arange(860.0, 1740.25, 0.5)
"""Borders of the wavelength cells in which broad light is counted."""
CELL_CENTRES_NM = 0.5 * (CELL_EDGES_NM[1:] + CELL_EDGES_NM[:-1])


class SamplePlace(Enum):
    """Where the sample is."""

    OUT = "out"
    """Not in the sphere."""
    INDIRECT = "indirect"
    """In the sphere, the beam misses it and strikes the wall."""
    DIRECT = "direct"
    """In the sphere, the beam crosses it first."""


@dataclass(frozen=True)
class LaserShares:
    """Where the laser's photons go; each per photon entering the sphere."""

    detector: FloatArray
    """Out through the detector port."""
    absorbed_directly: FloatArray
    """By the sample on the beam's first pass."""
    absorbed_diffusely: FloatArray
    """By the sample on later passes."""


@dataclass(frozen=True)
class EmissionSources:
    """What one excitation emits and where the sample absorbs it again; arrays over the cells."""

    per_ytterbium: FloatArray
    """Photons per cell from one excitation of ytterbium."""
    per_erbium: FloatArray
    """Photons per cell from one excitation of erbium's lowest level."""
    ytterbium_per_mm: FloatArray
    erbium_per_mm: FloatArray


class PhotonBalance:
    """Balance of one sample in one sphere."""

    def __init__(
        self,
        sphere: Sphere,
        body: SampleBody,
        preset: SamplePreset,
        absorptance: float,
        laser_wavelength_nm: float,
        beam_diameters_mm: tuple[float, float],
        reabsorption_strength: float = 1.0,
    ) -> None:
        """Prepare a balance.

        Args:
            sphere: with its ports.
            body: the sample's box.
            preset: bands and yields.
            absorptance: of the direct beam at laser_wavelength_nm.
            laser_wavelength_nm: at which the absorptance is meant.
            beam_diameters_mm: D4sigma across and upwards.
            reabsorption_strength: factor on the absorption of emitted light.
        """
        self.sphere = sphere
        self.body = body
        self._laser_per_mm = body.absorption_per_mm(absorptance)
        self._relative_at_laser = float(YTTERBIUM_ABSORPTION.height(np.array([laser_wavelength_nm]))[0])
        self._hit_share = body.surface_mm2 / sphere.surface_mm2
        self._from_beam = body.escape_from_beam(self._laser_per_mm, *beam_diameters_mm)
        self.sources = _sources(
            preset, self._laser_per_mm, self.absorption_per_mm(CELL_CENTRES_NM), reabsorption_strength
        )
        self._direct, self._diffuse = self._solve_emission()

    def absorption_per_mm(self, wavelength_nm: FloatArray) -> FloatArray:
        """Absorption coefficient of ytterbium for light of the laser, any wavelength."""
        relative = YTTERBIUM_ABSORPTION.height(wavelength_nm) / self._relative_at_laser
        return self._laser_per_mm * relative

    def absorbed_per_flight(self, absorption_per_mm: FloatArray) -> FloatArray:
        """Probability that the sample absorbs a photon on one flight from wall to wall, one-dimensional."""
        return self._hit_share * (1.0 - self.body.chords().mean_transmission(absorption_per_mm))

    def laser_shares(self, wavelength_nm: FloatArray, place: SamplePlace) -> LaserShares:
        """Where light of the beam goes, for each wavelength (one-dimensional)."""
        zero = np.zeros_like(wavelength_nm)
        if place is SamplePlace.OUT:
            return LaserShares(self.sphere.fates_of_beam(wavelength_nm, zero).detector, zero, zero)
        per_mm = self.absorption_per_mm(wavelength_nm)
        fates = self.sphere.fates_of_beam(wavelength_nm, self.absorbed_per_flight(per_mm))
        first = -np.expm1(-per_mm * self.body.depth_mm) if place is SamplePlace.DIRECT else zero
        return LaserShares(fates.detector * (1.0 - first), first, fates.sample * (1.0 - first))

    def emission_at_detector(self, direct: bool) -> FloatArray:
        """Emitted photons at the detector port per cell and per laser photon absorbed, shape [cells].

        Args:
            direct: whether the photon was absorbed along the beam, or anywhere in the sample.
        """
        return self._direct if direct else self._diffuse

    def diffuse_absorptance(self, wavelength_nm: float) -> float:
        """Share of the sphere's laser light that the sample takes away, 1 - indirect / empty (mu)."""
        wavelengths = np.array([wavelength_nm])
        loaded = self.laser_shares(wavelengths, SamplePlace.INDIRECT).detector
        empty = self.laser_shares(wavelengths, SamplePlace.OUT).detector
        return float(1.0 - loaded[0] / empty[0])

    def _solve_emission(self) -> tuple[FloatArray, FloatArray]:
        sources = self.sources
        total_per_mm = sources.ytterbium_per_mm + sources.erbium_per_mm
        fates = self.sphere.fates_from_sample(CELL_CENTRES_NM, self.absorbed_per_flight(total_per_mm))
        anywhere = self._leaving(self.body.escape_from_anywhere(), total_per_mm, fates.sample)
        beam = self._leaving(self._from_beam, total_per_mm, fates.sample)
        # Excitations of (Yb, Er) made by re-absorption, from light that re-absorption itself had made.
        endless = np.linalg.inv(np.eye(2) - anywhere[1])
        spectra = np.stack([sources.per_ytterbium, sources.per_erbium])
        first = np.array([1.0, 0.0])
        results = []
        for escaping, again in (beam, anywhere):
            later = endless @ again @ first
            emitted_first = escaping * sources.per_ytterbium
            emitted_later = anywhere[0] * (later @ spectra)
            results.append((emitted_first + emitted_later) * fates.detector)
        return results[0], results[1]

    def _leaving(
        self, ways_out: LengthDistribution, total_per_mm: FloatArray, back_from_sphere: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Share that leaves the sample per cell, and the re-absorption matrix [absorber, emitter]."""
        sources = self.sources
        escaping = ways_out.mean_transmission(total_per_mm)
        absorbed = (1.0 - escaping) + escaping * back_from_sphere
        per_mm = np.stack([sources.ytterbium_per_mm, sources.erbium_per_mm])
        shares = np.divide(per_mm, total_per_mm, out=np.zeros_like(per_mm), where=total_per_mm > 0.0)
        spectra = np.stack([sources.per_ytterbium, sources.per_erbium])
        return escaping, (shares * absorbed) @ spectra.T


def _sources(
    preset: SamplePreset, laser_per_mm: float, ytterbium_per_mm: FloatArray, strength: float
) -> EmissionSources:
    yield_yb, yield_er = preset.band_yields()
    ytterbium_band = YTTERBIUM_EMISSION.share_per_cell(CELL_EDGES_NM)
    erbium_band = ERBIUM_EMISSION.share_per_cell(CELL_EDGES_NM)
    excited_er = preset.yield_of_excited_er / ERBIUM_EMISSION.share_between(*WINDOWS_NM["er"])
    relative_er = ERBIUM_ABSORPTION.height(CELL_CENTRES_NM)
    at_1530 = float(ERBIUM_ABSORPTION.height(np.array([1530.0]))[0])
    erbium_per_mm = laser_per_mm * ERBIUM_ABSORPTION_AT_1530_RELATIVE_TO_LASER * relative_er / at_1530
    return EmissionSources(
        per_ytterbium=yield_yb * ytterbium_band + yield_er * erbium_band,
        per_erbium=excited_er * erbium_band,
        ytterbium_per_mm=strength * ytterbium_per_mm,
        erbium_per_mm=strength * erbium_per_mm,
    )
