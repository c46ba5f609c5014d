"""Counts that laser light and lamp light make in each pixel, for every state of sphere, air and filter."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.polynomial.hermite import hermgauss

from sim.optics.balance import CELL_CENTRES_NM, CELL_EDGES_NM, LaserShares, PhotonBalance, SamplePlace
from sim.optics.bands import Band, Component
from sim.optics.lamp import Lamp, LampSeat
from sim.optics.long_pass import WATER_VAPOUR, LongPass, humid_transmission
from sim.optics.spectrograph import PIXELS, Spectrograph, counts_per_photon
from sim.optics.units import FWHM_PER_SIGMA, PHOTON_ENERGY_J_NM, FloatArray, photons_per_joule

ASE_POWER = Band((Component(985.0, 30.0, 1.0),))
"""Power spectrum of the diode's broad pedestal."""

_WAVELENGTH_STEPS_PER_NM = 200.0
"""Signals are kept for so many wavelengths; between them a straight line is right to 1e-6 of the peak."""
_KEPT = 256
_W_PER_UW = 1.0e-6

Kept = TypeVar("Kept")


class Passage(NamedTuple):
    """What light meets between the sphere's entrance and the pixels."""

    place: SamplePlace
    long_pass: LongPass | None = None
    """The filter as it stands before the fibre; None: it isn't there."""
    humidity: float = 0.0
    """Depth of the vapour bands relative to VAPOUR_REFERENCE_PATH_M of humid air."""
    ase_fraction: float = 0.0
    stray_light_fraction: float = 0.0


@dataclass(frozen=True)
class UnitSignal:
    """Counts per joule of laser light entering the sphere, shape [512] each."""

    steady: FloatArray
    """Laser line, pedestal and emission excited by scattered light."""
    under_beam: FloatArray
    """Emission excited by the direct beam."""
    total: FloatArray
    """Their sum."""


@dataclass(frozen=True)
class LampSignal:
    """Counts per second of lamp light, shape [512] each."""

    warm: FloatArray
    """Of the warm lamp."""
    lacking: FloatArray
    """What is missing just after a cold start."""


class SignalTable:
    """Works out signals when a state is first met and keeps them."""

    def __init__(self, balance: PhotonBalance, spectrograph: Spectrograph, line_fwhm_nm: float) -> None:
        """Prepare the table.

        Args:
            balance: of sphere and sample.
            spectrograph: pixels and slit.
            line_fwhm_nm: width of the laser line.
        """
        self._balance = balance
        self._spectrograph = spectrograph
        self._line_fwhm_nm = line_fwhm_nm
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._cell_counts = spectrograph.pixel_shares(CELL_CENTRES_NM) * counts_per_photon(CELL_CENTRES_NM)

    def unit(self, passage: Passage, laser_wavelength_nm: float) -> UnitSignal:
        """Counts per joule in a state.

        Not of a rounded wavelength: the line would move in steps, and a centroid shows less than a picometre.
        """
        place = laser_wavelength_nm * _WAVELENGTH_STEPS_PER_NM
        step = math.floor(place)
        below, above = self._at(passage, step), self._at(passage, step + 1)
        share = place - step
        steady = below.steady + share * (above.steady - below.steady)
        under_beam = below.under_beam + share * (above.under_beam - below.under_beam)
        return UnitSignal(steady, under_beam, steady + under_beam)

    def _at(self, passage: Passage, step: int) -> UnitSignal:
        return self._keep((passage, step), lambda: self._make(passage, step / _WAVELENGTH_STEPS_PER_NM))

    def lamp(self, passage: Passage, lamp: Lamp, seat: LampSeat) -> LampSignal:
        """Counts per second of the lamp, unaged. Its light strikes the wall, wherever the sample is."""
        return self._keep((passage, lamp, seat), lambda: self._make_lamp(passage, lamp, seat))

    def counts_of_cells(self, photons_at_detector: FloatArray, passage: Passage) -> FloatArray:
        """Counts in each pixel made by broad light at the detector port.

        Args:
            photons_at_detector: per wavelength cell (see CELL_EDGES_NM).
            passage: filter and air.
        """
        passing = photons_at_detector
        if passage.long_pass is not None:
            passing = passing * passage.long_pass.transmission(CELL_CENTRES_NM)
        if passage.humidity > 0.0:
            passing = passing * np.exp(-passage.humidity * _CELL_VAPOUR)
        return np.asarray(self._cell_counts @ passing)

    def response_j_per_count(self) -> FloatArray:
        """Energy entering the empty, dry sphere per linear count at each pixel's wavelength, shape [512]."""
        wavelength_nm = self._spectrograph.pixel_wavelengths_nm
        reaching = self._balance.laser_shares(wavelength_nm, SamplePlace.OUT).detector
        return PHOTON_ENERGY_J_NM / wavelength_nm / (reaching * counts_per_photon(wavelength_nm))

    def _keep(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _KEPT:
                self._kept.popitem(last=False)
            kept = self._kept[key] = make()
        # What is kept under a key is what the key's only maker made.
        return cast("Kept", kept)

    def _make(self, passage: Passage, wavelength_nm: float) -> UnitSignal:
        photons = photons_per_joule(wavelength_nm) * (1.0 - passage.ase_fraction)
        shares = self._balance.laser_shares(np.array([wavelength_nm]), passage.place)
        steady = self._line(wavelength_nm, passage) * (photons * float(shares.detector[0]))
        under_beam = np.zeros(PIXELS)
        if passage.place is not SamplePlace.OUT:
            diffuse = photons * float(shares.absorbed_diffusely[0])
            direct = photons * float(shares.absorbed_directly[0])
            steady += diffuse * self._emission(passage, direct=False)
            under_beam = direct * self._emission(passage, direct=True)
        if passage.ase_fraction > 0.0:
            steady += passage.ase_fraction * self._pedestal(passage)
        steady, under_beam = _with_stray_light(steady, passage), _with_stray_light(under_beam, passage)
        return UnitSignal(steady, under_beam, steady + under_beam)

    def _line(self, wavelength_nm: float, passage: Passage) -> FloatArray:
        """Counts per photon of the laser line at the detector port."""
        centre = np.array([wavelength_nm])
        factor = counts_per_photon(centre) * humid_transmission(centre, passage.humidity)
        if passage.long_pass is not None:
            nodes, weights = hermgauss(15)
            across = wavelength_nm + nodes * np.sqrt(2.0) * self._line_fwhm_nm / FWHM_PER_SIGMA
            factor = factor * (weights @ passage.long_pass.transmission(across)) / weights.sum()
        return self._spectrograph.pixel_shares_of_line(wavelength_nm, self._line_fwhm_nm) * float(factor[0])

    def _emission(self, passage: Passage, direct: bool) -> FloatArray:
        """Counts per laser photon absorbed along the beam, or anywhere in the sample."""
        key = ("emission", direct, passage.long_pass, passage.humidity)
        photons = self._balance.emission_at_detector(direct)
        return self._keep(key, lambda: self.counts_of_cells(photons, passage))

    def _pedestal(self, passage: Passage) -> FloatArray:
        """Counts per joule of the diode's pedestal (its own excitation of the sample is left out)."""
        photons = ASE_POWER.share_per_cell(CELL_EDGES_NM) * CELL_CENTRES_NM / PHOTON_ENERGY_J_NM
        return self.counts_of_cells(photons * self._cell_shares(passage.place).detector, passage)

    def _make_lamp(self, passage: Passage, lamp: Lamp, seat: LampSeat) -> LampSignal:
        flux_w_per_nm = _W_PER_UW * lamp.flux_uw_per_nm(CELL_CENTRES_NM) * seat.factor(CELL_CENTRES_NM)
        photons = flux_w_per_nm * np.diff(CELL_EDGES_NM) * CELL_CENTRES_NM / PHOTON_ENERGY_J_NM
        lacking = photons * lamp.lack_when_cold(CELL_CENTRES_NM)
        return LampSignal(self._from_wall(photons, passage), self._from_wall(lacking, passage))

    def _from_wall(self, photons: FloatArray, passage: Passage) -> FloatArray:
        """Counts of broad light that strikes the wall first; the sample takes some and emits."""
        place = SamplePlace.OUT if passage.place is SamplePlace.OUT else SamplePlace.INDIRECT
        shares = self._cell_shares(place)
        reaching = photons * shares.detector
        if place is SamplePlace.INDIRECT:
            absorbed = float(photons @ shares.absorbed_diffusely)
            reaching = reaching + absorbed * self._balance.emission_at_detector(direct=False)
        return _with_stray_light(self.counts_of_cells(reaching, passage), passage)

    def _cell_shares(self, place: SamplePlace) -> LaserShares:
        return self._keep(("shares", place), lambda: self._balance.laser_shares(CELL_CENTRES_NM, place))


_CELL_VAPOUR = WATER_VAPOUR.height(CELL_CENTRES_NM)


def _with_stray_light(counts: FloatArray, passage: Passage) -> FloatArray:
    stray = passage.stray_light_fraction
    if stray == 0.0:
        return counts
    return np.asarray((1.0 - stray) * counts + stray * counts.sum() / PIXELS)
