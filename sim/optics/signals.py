"""Counts that one joule of laser light makes in each pixel, for every state of sphere, filter and laser."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite import hermgauss

from sim.optics.balance import CELL_CENTRES_NM, CELL_EDGES_NM, PhotonBalance, SamplePlace
from sim.optics.bands import Band, Component
from sim.optics.long_pass import LongPass, vapour_transmission
from sim.optics.options import BenchOptions
from sim.optics.spectrograph import PIXELS, Spectrograph, counts_per_photon
from sim.optics.units import FWHM_PER_SIGMA, PHOTON_ENERGY_J_NM, FloatArray, photons_per_joule

ASE_POWER = Band((Component(985.0, 30.0, 1.0),))
"""Power spectrum of the diode's broad pedestal."""

_WAVELENGTH_STEPS_PER_NM = 500.0
_KEPT = 256


@dataclass(frozen=True)
class UnitSignal:
    """Counts per joule of laser light entering the sphere, shape [512] each."""

    steady: FloatArray
    """Laser line, pedestal and emission excited by scattered light."""
    under_beam: FloatArray
    """Emission excited by the direct beam."""
    total: FloatArray
    """Their sum."""


class SignalTable:
    """Works out unit signals when a state is first met and keeps them."""

    def __init__(
        self,
        balance: PhotonBalance,
        spectrograph: Spectrograph,
        long_pass: LongPass,
        line_fwhm_nm: float,
        options: BenchOptions,
    ) -> None:
        """Prepare the table.

        Args:
            balance: of sphere and sample.
            spectrograph: pixels and slit.
            long_pass: the filter that may be put before the fibre.
            line_fwhm_nm: width of the laser line.
            options: pedestal, stray light, humid air.
        """
        self._balance = balance
        self._spectrograph = spectrograph
        self._long_pass = long_pass
        self._line_fwhm_nm = line_fwhm_nm
        self._options = options
        self._broad: dict[tuple[SamplePlace, bool], FloatArray] = {}
        self._kept: OrderedDict[tuple[SamplePlace, bool, int], UnitSignal] = OrderedDict()
        self._cell_counts = self._counts_per_cell_photon()

    def unit(self, place: SamplePlace, long_pass_in: bool, laser_wavelength_nm: float) -> UnitSignal:
        """Counts per joule in a state; the wavelength is rounded to 2 pm."""
        key = (place, long_pass_in, round(laser_wavelength_nm * _WAVELENGTH_STEPS_PER_NM))
        signal = self._kept.get(key)
        if signal is None:
            if len(self._kept) >= _KEPT:
                self._kept.popitem(last=False)
            signal = self._make(place, long_pass_in, key[2] / _WAVELENGTH_STEPS_PER_NM)
            self._kept[key] = signal
        return signal

    def counts_of_cells(self, photons_at_detector: FloatArray, long_pass_in: bool) -> FloatArray:
        """Counts in each pixel made by broad light at the detector port.

        Args:
            photons_at_detector: per wavelength cell (see CELL_EDGES_NM).
            long_pass_in: whether the filter is in.
        """
        filtered = photons_at_detector
        if long_pass_in:
            filtered = filtered * self._long_pass.transmission(CELL_CENTRES_NM)
        return np.asarray(self._cell_counts @ filtered)

    def response_j_per_count(self) -> FloatArray:
        """Energy entering the empty, dry sphere per linear count at each pixel's wavelength, shape [512]."""
        wavelength_nm = self._spectrograph.pixel_wavelengths_nm
        reaching = self._balance.laser_shares(wavelength_nm, SamplePlace.OUT).detector
        return PHOTON_ENERGY_J_NM / wavelength_nm / (reaching * counts_per_photon(wavelength_nm))

    def _counts_per_cell_photon(self) -> FloatArray:
        sensitivity = counts_per_photon(CELL_CENTRES_NM)
        sensitivity *= vapour_transmission(CELL_CENTRES_NM, self._options.water_vapour_path_m)
        return self._spectrograph.pixel_shares(CELL_CENTRES_NM) * sensitivity

    def _make(self, place: SamplePlace, long_pass_in: bool, wavelength_nm: float) -> UnitSignal:
        photons = photons_per_joule(wavelength_nm) * (1.0 - self._options.ase_fraction)
        shares = self._balance.laser_shares(np.array([wavelength_nm]), place)
        steady = self._line(wavelength_nm, long_pass_in) * (photons * float(shares.detector[0]))
        under_beam = np.zeros(PIXELS)
        if place is not SamplePlace.OUT:
            diffuse = photons * float(shares.absorbed_diffusely[0])
            direct = photons * float(shares.absorbed_directly[0])
            steady += diffuse * self._emission(SamplePlace.INDIRECT, long_pass_in)
            under_beam = direct * self._emission(SamplePlace.DIRECT, long_pass_in)
        if self._options.ase_fraction > 0.0:
            steady += self._options.ase_fraction * self._pedestal(place, long_pass_in)
        steady, under_beam = self._with_stray_light(steady), self._with_stray_light(under_beam)
        return UnitSignal(steady, under_beam, steady + under_beam)

    def _line(self, wavelength_nm: float, long_pass_in: bool) -> FloatArray:
        """Counts per photon of the laser line at the detector port."""
        centre = np.array([wavelength_nm])
        factor = counts_per_photon(centre) * vapour_transmission(centre, self._options.water_vapour_path_m)
        if long_pass_in:
            nodes, weights = hermgauss(15)
            across = wavelength_nm + nodes * np.sqrt(2.0) * self._line_fwhm_nm / FWHM_PER_SIGMA
            factor = factor * (weights @ self._long_pass.transmission(across)) / weights.sum()
        return self._spectrograph.pixel_shares_of_line(wavelength_nm, self._line_fwhm_nm) * float(factor[0])

    def _emission(self, place: SamplePlace, long_pass_in: bool) -> FloatArray:
        """Counts per absorbed laser photon; INDIRECT stands for light absorbed anywhere in the sample."""
        key = (place, long_pass_in)
        if key not in self._broad:
            photons = self._balance.emission_at_detector(direct=place is SamplePlace.DIRECT)
            self._broad[key] = self.counts_of_cells(photons, long_pass_in)
        return self._broad[key]

    def _pedestal(self, place: SamplePlace, long_pass_in: bool) -> FloatArray:
        """Counts per joule of the diode's pedestal (its own excitation of the sample is left out)."""
        photons = ASE_POWER.share_per_cell(CELL_EDGES_NM) * CELL_CENTRES_NM / PHOTON_ENERGY_J_NM
        reaching = self._balance.laser_shares(CELL_CENTRES_NM, place).detector
        return self.counts_of_cells(photons * reaching, long_pass_in)

    def _with_stray_light(self, counts: FloatArray) -> FloatArray:
        stray = self._options.stray_light_fraction
        if stray == 0.0:
            return counts
        return np.asarray((1.0 - stray) * counts + stray * counts.sum() / PIXELS)
