"""A lamp that is known exactly and a spectrometer that sees it: what the calibrations have to find again."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import LampTable, LampUnit, Linearity, Scans, SourceExposure

FULL_SCALE = 65535.0
PIXELS = 512
ROWS_NM = np.array(
    [
        *(350, 375, 400, 450, 500, 555, 600, 654.6, 700, 800, 900, 1050, 1150, 1200, 1300, 1540, 1600, 1700),
        *(2000, 2100, 2300, 2400),
    ],
    dtype=float,
)


def planck(wavelength_nm, kelvin):
    metres = wavelength_nm * 1e-9
    return wavelength_nm**-5.0 / np.expm1(6.62607015e-34 * 299792458.0 / (metres * 1.380649e-23 * kelvin))


def lamp_flux(wavelength_nm):
    """W/nm: a tungsten-like grey body at 2950 K with 35 µW/nm at 1 µm."""
    emissivity = 0.47 - 1.2e-4 * (wavelength_nm - 500) + 0.006 * np.sin(wavelength_nm / 180)
    at_1000 = 0.47 - 1.2e-4 * 500 + 0.006 * np.sin(1000 / 180)
    return 35e-6 * emissivity / at_1000 * planck(wavelength_nm, 2950) / planck(1000.0, 2950)


def lamp_table(rows_nm=ROWS_NM, flux=lamp_flux, uncertainty=0.02):
    return LampTable(
        wavelength_nm=rows_nm,
        flux_w_per_nm=flux(rows_nm),
        uncertainty_relative=np.full(len(rows_nm), uncertainty),
        unit=LampUnit.FLUX,
        collecting_area_cm2=None,
        source="synthetic.txt",
    )


class Spectrometer:
    """512 pixels whose response to energy is known: counts = F Δλ t / C, with noise, dark and offset."""

    wavelength_nm = 898.0 + 1.62 * np.arange(PIXELS) - 1e-4 * np.arange(PIXELS) ** 2
    electrons_per_count = 90.0
    read_noise = 6.0
    offset, dark_rate = 1500.0, 200.0

    def __init__(self, seed=1, coefficients=(1.0, *[0.0] * 7), scans=50):
        self.random = np.random.default_rng(seed)
        self.coefficients = np.array(coefficients)
        self.scans = scans
        self.hot = ()

    @property
    def response(self):
        edges = 1 + 3 * np.exp(-(self.wavelength_nm - 898) / 25) + np.exp((self.wavelength_nm - 1690) / 12)
        return 1.4e-10 * edges * (1 + 0.05 * np.sin(self.wavelength_nm / 40))

    def linearity(self, uncertainty=0.0):
        return Linearity(self.coefficients, FULL_SCALE, uncertainty)

    def measured(self, linear):
        """Counts N with N / p(N) = linear."""
        counts = np.array(linear, dtype=float)
        for _ in range(30):
            counts = linear * np.polynomial.polynomial.polyval(counts, self.coefficients)
        return counts

    def _scans(self, light, time_s, drift=0.0):
        dark = self.offset + self.dark_rate * time_s + drift
        mean = self.measured(light) + dark
        noise = np.sqrt((np.maximum(light, 0) + dark) / self.electrons_per_count + self.read_noise**2)
        counts = self.random.normal(mean, noise, (self.scans, len(light)))
        counts[:, list(self.hot)] = FULL_SCALE
        return Scans.of(np.clip(np.rint(counts), 0, FULL_SCALE))

    def expose(self, flux_w_per_nm, time_s, dark_drift=0.0):
        light = flux_w_per_nm * np.gradient(self.wavelength_nm) * time_s / self.response
        nothing = np.zeros(len(light))
        return SourceExposure(
            time_s,
            self._scans(light, time_s),
            self._scans(nothing, time_s),
            self._scans(nothing, time_s, dark_drift),
        )

    def expose_lamp(self, time_s, factor=1.0, **options):
        return self.expose(lamp_flux(self.wavelength_nm) * factor, time_s, **options)


@pytest.fixture
def spectrometer():
    return Spectrometer()


@pytest.fixture
def make_spectrometer():
    return Spectrometer


@pytest.fixture
def make_lamp_table():
    return lamp_table


@pytest.fixture
def true_lamp():
    return lamp_flux
