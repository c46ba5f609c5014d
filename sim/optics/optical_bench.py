"""The optics of the bench in one object: what was set when, what light there was, what the pixels saw."""

from __future__ import annotations

import numpy as np

from sim.optics.balance import PhotonBalance
from sim.optics.detector import draw_detector
from sim.optics.light_path import LIGHT_THRESHOLD_W, Fluctuations, LightPath, draw_light_parts
from sim.optics.long_pass import draw_long_pass
from sim.optics.options import BenchOptions
from sim.optics.presets import WINDOWS_NM, preset_named
from sim.optics.sample import SampleBody
from sim.optics.settings import BenchSettings, Conditions
from sim.optics.signals import SignalTable
from sim.optics.spectrograph import PIXELS, draw_spectrograph
from sim.optics.sphere import Sphere
from sim.optics.units import CountArray, FloatArray, named_stream

_UNDISTURBED = BenchOptions()


class OpticalBench(BenchSettings):
    """Laser, shutter blade, wheel, wedge, sphere, sample, filter, fibre and spectrometer.

    Settings and their history come from `BenchSettings`; this class answers what light there was and what the
    pixels saw. The same seed and the same calls give the same bytes.

    Attributes:
        options: the disturbances.
        parts: laser, wheel, wedge and beam as drawn.
        long_pass: filter as drawn.
        spectrograph: pixels as drawn.
        detector: array as drawn.
        balance: photon balance of sphere and sample.
        signals: counts per joule in every state.
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
        super().__init__(options.monitor_pointing_noise, named_stream(seed, sample, "monitor pointing"))
        self.parts = draw_light_parts(seed, sample, options)
        self._light = LightPath(self.parts, Fluctuations(seed, sample, options), self)
        self.long_pass = draw_long_pass(named_stream(seed, sample, "long-pass"))
        self.spectrograph = draw_spectrograph(named_stream(seed, sample, "spectrograph"))
        self.detector = draw_detector(
            named_stream(seed, sample, "detector"),
            options.linearity_error_sd,
            options.nonlinearity_acts_on_dark,
        )
        self._absorptance = self._preset.absorptance if options.absorptance is None else options.absorptance
        self.balance = PhotonBalance(
            Sphere(),
            SampleBody(),
            self._preset,
            self._absorptance,
            self.parts.laser.wavelength_nm_at_reference,
            (self.parts.beam.diameter_x_mm, self.parts.beam.diameter_y_mm),
            options.reabsorption_strength,
        )
        self.signals = SignalTable(
            self.balance, self.spectrograph, self.long_pass, self.parts.laser.line_fwhm_nm, options
        )

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
        counts = np.zeros(PIXELS)
        for low_s, high_s, conditions in self.stretches(start_s, end_s):
            power_w = self._light.mean_power_of_stretch_w(low_s, high_s, conditions)
            if power_w > 0.0:
                counts += self._counts_per_joule(conditions, power_w) * (power_w * (high_s - low_s))
        return counts

    def _counts_per_joule(self, conditions: Conditions, power_w: float) -> FloatArray:
        wavelength_nm = self._light.wavelength_nm(conditions)
        unit = self.signals.unit(conditions.place, conditions.long_pass_in, wavelength_nm)
        half_density = self.options.decline_density_mw_per_cm2
        if half_density is None:
            return unit.total
        # Only the beam is dense enough: light scattered by the wall is thousands of times weaker.
        return unit.steady + unit.under_beam / (1.0 + self.power_density_mw_per_cm2(power_w) / half_density)

    # Truth

    def truth(self) -> dict[str, object]:
        """What an evaluation should find.

        Yields are photons emitted in a window per photon absorbed, at low power; absorptance and mu hold at
        the laser's wavelength at 25 degrees Celsius and 0.300 A.
        """
        return {
            "sample": self._preset.name,
            "plqy": {name: self._preset.window_yield(*window) for name, window in WINDOWS_NM.items()},
            "absorptance": self._absorptance,
            "mu": self.balance.diffuse_absorptance(self.parts.laser.wavelength_nm_at_reference),
            "monitor_ratio": self.true_monitor_ratio,
            "seed": self._seed,
        }

    def true_response_j_per_count(self) -> FloatArray:
        """Energy entering the empty sphere per linearised, dark-subtracted count, shape [512]."""
        return self.signals.response_j_per_count()

    def true_long_pass(self, wavelength_nm: FloatArray) -> FloatArray:
        """Transmission of the long-pass, any shape."""
        return self.long_pass.transmission(wavelength_nm)

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
