"""Light of one frame: laser and lamp, summed over what was set while it lasted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from sim.optics.balance import PhotonBalance
from sim.optics.lamp import Lamp, LampSeat
from sim.optics.light_path import LightPath
from sim.optics.line_lamp import argon_counts_per_s
from sim.optics.long_pass import LongPass
from sim.optics.options import BenchOptions
from sim.optics.settings import BenchSettings, Conditions
from sim.optics.signals import Passage, SignalTable
from sim.optics.spectrograph import PIXELS, Spectrograph
from sim.optics.units import FloatArray

_LONGEST_PIECE_S = 5.0
_MOST_PIECES = 50


class FrameLight:
    """Adds up counts; a table of signals for each dilution of the sample."""

    def __init__(
        self,
        settings: BenchSettings,
        light: LightPath,
        spectrograph: Spectrograph,
        long_pass: LongPass,
        options: BenchOptions,
        make_balance: Callable[[float], PhotonBalance],
    ) -> None:
        """Join what a frame depends on.

        Args:
            settings: what was set when.
            light: power of the laser.
            spectrograph: pixels and slit.
            long_pass: the filter as drawn.
            options: decline of the yield.
            make_balance: photon balance of a sample of this absorptance.
        """
        self._settings = settings
        self._light = light
        self._spectrograph = spectrograph
        self._long_pass = long_pass
        self._decline_density_mw_per_cm2 = options.decline_density_mw_per_cm2
        self._make_balance = make_balance
        self._tables: dict[float, tuple[PhotonBalance, SignalTable]] = {}
        self._filters: dict[tuple[float, float], LongPass] = {}

    def balance(self, absorptance: float) -> PhotonBalance:
        """Photon balance of a sample of this absorptance."""
        return self._of(absorptance)[0]

    def signals(self, absorptance: float) -> SignalTable:
        """Signals with a sample of this absorptance."""
        return self._of(absorptance)[1]

    def filter_at(self, conditions: Conditions) -> LongPass:
        """The long-pass with its present angle and leakage, wherever it is."""
        key = (conditions.surroundings.filter_angle_deg, conditions.surroundings.filter_leakage)
        if key not in self._filters:
            self._filters[key] = self._long_pass.tilted(key[0]).leaking(key[1])
        return self._filters[key]

    def passage(self, conditions: Conditions, time_s: float) -> Passage:
        """What light meets under these conditions at a time."""
        return Passage(
            conditions.place,
            self.filter_at(conditions) if conditions.long_pass_in else None,
            conditions.air.humidity_at(time_s),
            conditions.surroundings.ase_fraction,
            conditions.surroundings.stray_light_fraction,
        )

    def counts(self, start_s: float, end_s: float, lamp: Lamp, seat: Callable[[int], LampSeat]) -> FloatArray:
        """Mean counts that the light alone makes in a perfectly linear detector, shape [512].

        Args:
            start_s: begin of the frame.
            end_s: its end.
            lamp: the lamp.
            seat: its n-th seat.
        """
        counts = np.zeros(PIXELS)
        for low_s, high_s, conditions in self._settings.stretches(start_s, end_s):
            for begin_s, finish_s in _pieces(low_s, high_s, conditions):
                self._add_laser(counts, begin_s, finish_s, conditions)
                if conditions.lamp.shines and not conditions.surroundings.entrance_blocked:
                    counts += self._lamp_counts(begin_s, finish_s, conditions, lamp, seat)
                if conditions.surroundings.line_lamp:
                    counts += self._line_lamp_counts(finish_s - begin_s, conditions)
        return counts

    def _add_laser(self, counts: FloatArray, start_s: float, end_s: float, conditions: Conditions) -> None:
        power_w = self._light.mean_power_of_stretch_w(start_s, end_s, conditions)
        if power_w > 0.0:
            passage = self.passage(conditions, 0.5 * (start_s + end_s))
            per_joule = self._counts_per_joule(conditions, passage, power_w)
            throughput = conditions.surroundings.fibre_throughput
            counts += per_joule * (power_w * (end_s - start_s) * throughput)

    def _counts_per_joule(self, conditions: Conditions, passage: Passage, power_w: float) -> FloatArray:
        wavelength_nm = self._light.wavelength_nm(conditions)
        unit = self.signals(conditions.surroundings.absorptance).unit(passage, wavelength_nm)
        half_density = self._decline_density_mw_per_cm2
        if half_density is None:
            return unit.total
        density = 1e3 * power_w / self._light.parts.beam.area_cm2
        # Only the beam is dense enough: light scattered by the wall is thousands of times weaker.
        return unit.steady + unit.under_beam / (1.0 + density / half_density)

    def _lamp_counts(
        self,
        start_s: float,
        end_s: float,
        conditions: Conditions,
        lamp: Lamp,
        seat: Callable[[int], LampSeat],
    ) -> FloatArray:
        middle_s, state = 0.5 * (start_s + end_s), conditions.lamp
        signals = self.signals(conditions.surroundings.absorptance)
        signal = signals.lamp(self.passage(conditions, middle_s), lamp, seat(state.seat))
        per_second = signal.warm - state.mean_coldness(start_s, end_s) * signal.lacking
        age = lamp.ageing(state.hours_at(middle_s))
        return per_second * (age * (end_s - start_s) * conditions.surroundings.fibre_throughput)

    def _line_lamp_counts(self, duration_s: float, conditions: Conditions) -> FloatArray:
        per_second = argon_counts_per_s(self._spectrograph)
        if conditions.long_pass_in:
            wavelength_nm = self._spectrograph.pixel_wavelengths_nm
            per_second = per_second * self.filter_at(conditions).transmission(wavelength_nm)
        return per_second * (duration_s * conditions.surroundings.fibre_throughput)

    def _of(self, absorptance: float) -> tuple[PhotonBalance, SignalTable]:
        known = self._tables.get(absorptance)
        if known is None:
            balance = self._make_balance(absorptance)
            table = SignalTable(balance, self._spectrograph, self._light.parts.laser.line_fwhm_nm)
            known = self._tables[absorptance] = (balance, table)
        return known


def _pieces(start_s: float, end_s: float, conditions: Conditions) -> Iterator[tuple[float, float]]:
    """Pieces short enough for the air to be taken as constant; the whole while it is."""
    if conditions.air.is_steady or conditions.air.humidity_at(start_s) == conditions.air.humidity_at(end_s):
        yield start_s, end_s
        return
    count = min(math.ceil((end_s - start_s) / _LONGEST_PIECE_S), _MOST_PIECES)
    step_s = (end_s - start_s) / count
    for number in range(count):
        yield start_s + number * step_s, start_s + (number + 1) * step_s
