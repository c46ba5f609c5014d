"""The optics of the bench in one object: what was set when, what light there was, what the pixels saw."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from sim.optics.balance import PhotonBalance
from sim.optics.detector import draw_detector
from sim.optics.frame_light import FrameLight
from sim.optics.lamp import LampSeat, draw_lamp, draw_seat
from sim.optics.lamp_certificate import LampCertificate, draw_certificate
from sim.optics.lamp_state import LampState
from sim.optics.laser import ModeHop
from sim.optics.light_path import LIGHT_THRESHOLD_W, Fluctuations, LightPath, draw_light_parts
from sim.optics.long_pass import draw_long_pass
from sim.optics.options import BenchOptions
from sim.optics.presets import WINDOWS_NM, preset_named
from sim.optics.sample import SampleBody
from sim.optics.settings import BenchSettings
from sim.optics.signals import SignalTable
from sim.optics.spectrograph import draw_spectrograph
from sim.optics.sphere import Sphere
from sim.optics.surroundings import Surroundings
from sim.optics.units import CountArray, FloatArray, named_stream

_UNDISTURBED = BenchOptions()


class OpticalBench(BenchSettings):
    """Laser, shutter blade, wheel, wedge, lamp, sphere, sample, filter, fibre and spectrometer.

    Settings and their history come from `BenchSettings`; this class answers what light there was and what the
    pixels saw. The same seed and the same calls give the same bytes.

    Attributes:
        options: the disturbances.
        parts: laser, wheel, wedge and beam as drawn.
        long_pass: filter as drawn.
        spectrograph: pixels as drawn.
        detector: array as drawn.
        lamp: calibration lamp as drawn.
        certificate: what is written about that lamp.
    """

    def __init__(self, sample: str, seed: int, options: BenchOptions = _UNDISTURBED) -> None:
        """Draw a bench.

        Args:
            sample: name of a preset (HOM, HET, HOM-Ce, HET-Ce).
            seed: 0 or more; mixed with the sample's name.
            options: disturbances and idealisations.

        Raises:
            ValueError: no such sample, or a negative seed.
        """
        self._preset = preset_named(sample)
        self._seed = seed
        self.options = options
        super().__init__(options, self._first_surroundings(), named_stream(seed, sample, "monitor pointing"))
        self.parts = draw_light_parts(seed, sample, options)
        self._light = LightPath(self.parts, Fluctuations(seed, sample, options), self)
        self.long_pass = draw_long_pass(named_stream(seed, sample, "long-pass"))
        self.spectrograph = draw_spectrograph(named_stream(seed, sample, "spectrograph"))
        self.detector = draw_detector(
            named_stream(seed, sample, "detector"),
            options.linearity_error_sd,
            options.nonlinearity_acts_on_dark,
        )
        self.lamp = draw_lamp(seed, sample)
        self.certificate: LampCertificate = draw_certificate(self.lamp, seed, sample)
        self._seat = lru_cache(maxsize=None)(lambda number: draw_seat(seed, sample, number))
        self._frame_light = FrameLight(
            self, self._light, self.spectrograph, self.long_pass, options, self._make_balance
        )

    def _first_surroundings(self) -> Surroundings:
        options, preset = self.options, self._preset
        return Surroundings(
            absorptance=preset.absorptance if options.absorptance is None else options.absorptance,
            laser_drift=options.laser_drift,
            ase_fraction=options.ase_fraction,
            stray_light_fraction=options.stray_light_fraction,
        )

    def _make_balance(self, absorptance: float) -> PhotonBalance:
        return PhotonBalance(
            Sphere(),
            SampleBody(),
            self._preset,
            absorptance,
            self.parts.laser.wavelength_nm_at_reference,
            (self.parts.beam.diameter_x_mm, self.parts.beam.diameter_y_mm),
            self.options.reabsorption_strength,
        )

    @property
    def balance(self) -> PhotonBalance:
        """Photon balance of the sphere with the sample as it is now."""
        return self._frame_light.balance(self.last_surroundings.absorptance)

    @property
    def signals(self) -> SignalTable:
        """Counts per joule in every state, with the sample as it is now."""
        return self._frame_light.signals(self.last_surroundings.absorptance)

    # Light

    def power_on_sample_w(self, time_s: float) -> float:
        """Laser power entering the sphere: the power on the sample's place, whether or not it is there."""
        return self._light.power_w(time_s)

    def mean_power_on_sample_w(self, start_s: float, end_s: float) -> float:
        """Mean of that power between two times; its value at one time if they are equal.

        Raises:
            ValueError: the end lies before the start.
        """
        if end_s < start_s:
            raise ValueError(f"the end {end_s} s lies before the start {start_s} s")
        if end_s == start_s:
            return self.power_on_sample_w(start_s)
        return self._light.energy_j(start_s, end_s) / (end_s - start_s)

    def power_at_entrance_w(self, time_s: float) -> float:
        """Laser power that comes to the sphere's entrance; what a head held there would see."""
        return self._light.power_at_entrance_w(time_s)

    def light_on_sample(self, time_s: float) -> bool:
        """Whether laser light reaches the sample's place."""
        return self.power_on_sample_w(time_s) > LIGHT_THRESHOLD_W

    def dose_j(self, time_s: float) -> float:
        """Energy that reached the sample's place since time 0."""
        return self._light.dose_j(time_s)

    def power_density_mw_per_cm2(self, power_w: float) -> float:
        """True power density (power over the D4sigma ellipse) for a power entering the sphere."""
        return 1e3 * power_w / self.parts.beam.area_cm2

    def monitor_power_w(self, time_s: float) -> float:
        """Optical power on the monitor's head, with the pointing error of the moment."""
        return self._light.monitor_power_w(time_s)

    def laser_power_w(self, time_s: float) -> float:
        """Power leaving the diode."""
        return self._light.emitted_power_w(time_s)

    def laser_wavelength_nm(self, time_s: float) -> float:
        """Centre of the laser line."""
        return self._light.wavelength_nm(self.conditions(time_s))

    def laser_photodiode_current_a(self, time_s: float) -> float:
        """Current of the photodiode in the laser's package."""
        return self.laser_power_w(time_s) * self.parts.laser.photodiode_a_per_w

    def laser_voltage_v(self, amperes: float) -> float:
        """Forward voltage of the diode at a current."""
        return self.parts.laser.voltage_v(amperes)

    # Spectrometer

    def expose(
        self, start_s: float, end_s: float, detector_temperature_c: float, random: np.random.Generator
    ) -> CountArray:
        """Integrate one frame over what was set in the meantime, and read it out.

        Args:
            start_s: begin of the integration.
            end_s: its end, after the begin.
            detector_temperature_c: of the array.
            random: stream of the detector's noise.

        Returns:
            Raw counts, shape [512].

        Raises:
            ValueError: the end doesn't lie after the start.
        """
        if not end_s > start_s:
            raise ValueError(f"a frame must end after its start; {start_s} s to {end_s} s was given")
        light = self.light_counts(start_s, end_s)
        return self.detector.frame(light, end_s - start_s, detector_temperature_c, random)

    def light_counts(self, start_s: float, end_s: float) -> FloatArray:
        """Mean counts that the light alone makes in a perfectly linear detector, shape [512]."""
        return self._frame_light.counts(start_s, end_s, self.lamp, self._seat)

    # Truth

    def truth(self) -> dict[str, object]:
        """What an evaluation should find with the sample as it is now.

        Yields are photons emitted in a window per photon absorbed, at low power; absorptance and mu hold at
        the laser's wavelength at 25 degrees Celsius and 0.300 A.
        """
        return {
            "sample": self._preset.name,
            "plqy": {name: self._preset.window_yield(*window) for name, window in WINDOWS_NM.items()},
            "absorptance": self.last_surroundings.absorptance,
            "mu": self.balance.diffuse_absorptance(self.parts.laser.wavelength_nm_at_reference),
            "monitor_ratio": self.true_monitor_ratio,
            "seed": self._seed,
        }

    def true_response_j_per_count(self) -> FloatArray:
        """Energy entering the empty sphere per linearised, dark-subtracted count now, shape [512]."""
        throughput = self.last_surroundings.fibre_throughput
        if throughput == 0.0:
            raise ValueError("no light comes through the fibre: there is no response")
        return self.signals.response_j_per_count() / throughput

    def true_long_pass(self, wavelength_nm: FloatArray) -> FloatArray:
        """Transmission of the long-pass as it stands now (angle, leakage), any shape."""
        return self._frame_light.filter_at(self.conditions(math.inf)).transmission(wavelength_nm)

    def true_lamp_flux_uw_per_nm(self, time_s: float, wavelength_nm: FloatArray) -> FloatArray:
        """Flux that the burning lamp puts into the sphere at a time: seat, warm-up, age; any shape."""
        state = self.lamp_state(time_s)
        warmth = 1.0 - state.coldness_at(time_s) * self.lamp.lack_when_cold(wavelength_nm)
        seat = self.lamp_seat(time_s).factor(wavelength_nm)
        flux = self.lamp.flux_uw_per_nm(wavelength_nm)
        return np.asarray(flux * seat * warmth * self.lamp.ageing(state.hours_at(time_s)))

    def lamp_state(self, time_s: float) -> LampState:
        """What had been done to the lamp by a time."""
        return self.conditions(time_s).lamp

    def lamp_seat(self, time_s: float) -> LampSeat:
        """How the lamp sits at a time."""
        return self._seat(self.lamp_state(time_s).seat)

    def true_hops(self) -> tuple[ModeHop, ...]:
        """Mode hops with the mount's temperatures at which they happen now, at 0.300 A."""
        shift_c = self.parts.laser.hop_shift_c(self.last_surroundings.hop_distance_c)
        hops = self.parts.laser.hops
        return tuple(replace(hop, temperature_c=hop.temperature_c + shift_c) for hop in hops)

    def water_vapour_path_m(self, time_s: float) -> float:
        """Effective path of the light through humid air."""
        return self.conditions(time_s).air.path_at_m(time_s)

    def true_linearity(self, linear_counts: FloatArray) -> FloatArray:
        """Counts above dark that the device shows for counts of a perfectly linear one."""
        return self.detector.linearity.measured_counts(linear_counts)

    def true_optical_density(self, angle_deg: float) -> float:
        """Density of the wheel at a true angle."""
        return self.parts.wheel.optical_density(angle_deg)

    @property
    def true_pixel_wavelengths_nm(self) -> FloatArray:
        """True centres of the pixels, shape [512]."""
        return self.spectrograph.pixel_wavelengths_nm

    @property
    def eeprom_wavelength_coefficients(self) -> tuple[float, float, float, float]:
        """Stored wavelength polynomial, powers 0 to 3 of the pixel number; off by 0.1 to 0.2 nm."""
        return self.spectrograph.stored_coefficients

    @property
    def eeprom_linearity_coefficients(self) -> tuple[float, ...]:
        """Stored linearity correction, 8 coefficients; slightly wrong."""
        return self.detector.linearity.stored_coefficients

    @property
    def true_monitor_ratio(self) -> float:
        """Power into the sphere over power on the monitor, without pointing errors (k)."""
        return self.parts.wedge.ratio

    @property
    def true_beam_d4sigma_mm(self) -> tuple[float, float]:
        """True D4sigma diameters across and upwards."""
        return self.parts.beam.diameter_x_mm, self.parts.beam.diameter_y_mm
