"""The InGaAs array: offset pattern, dark current, noise, non-linearity, saturation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from sim.optics.spectrograph import ELECTRONS_PER_COUNT, PIXELS, rounded_for_storage
from sim.optics.units import CountArray, FloatArray

FULL_SCALE_COUNTS = 65535.0
REFERENCE_TEMPERATURE_C = -10.0
_LIGHT_CEILING = 1.5 * FULL_SCALE_COUNTS
"""Light beyond this is far into saturation; the polynomial isn't meant to be followed further."""


@dataclass(frozen=True)
class Linearity:
    """What the electronics make of the light, and the maker's correction of it."""

    curve: tuple[float, float, float]
    """measured = linear x (1 + c1 x + c2 x^2 + c3 x^3) with x = linear / full scale."""
    stored_coefficients: tuple[float, ...]
    """linear ~ measured / (k0 + k1 N + ... + k7 N^7), N = measured counts above dark."""

    def measured_counts(self, linear_counts: FloatArray) -> FloatArray:
        """Counts shown for a number of counts that a perfectly linear detector would show."""
        c1, c2, c3 = self.curve
        part = linear_counts * (1.0 / FULL_SCALE_COUNTS)
        return np.asarray(linear_counts * (1.0 + part * (c1 + part * (c2 + part * c3))))


@dataclass(frozen=True)
class Detector:
    """One array. Arrays are of shape [512]."""

    offset_counts: FloatArray
    dark_counts_per_s: FloatArray
    """At -10 degrees Celsius."""
    linearity: Linearity
    read_noise_counts: float = 4.0
    electrons_per_count: float = ELECTRONS_PER_COUNT
    dark_doubling_c: float = 7.5
    nonlinearity_acts_on_dark: bool = False

    def dark_counts(self, duration_s: float, temperature_c: float) -> FloatArray:
        """Mean dark charge of a frame in counts, without the offset."""
        warmth = 2.0 ** ((temperature_c - REFERENCE_TEMPERATURE_C) / self.dark_doubling_c)
        return self.dark_counts_per_s * float(duration_s * warmth)

    def frame(
        self, light_counts: FloatArray, duration_s: float, temperature_c: float, random: np.random.Generator
    ) -> CountArray:
        """Read out one frame.

        Args:
            light_counts: mean counts that the light alone makes in a perfectly linear detector, shape [512].
            duration_s: time over which dark charge was collected.
            temperature_c: of the array.
            random: stream of the shot and read noise.

        Returns:
            Raw counts, shape [512], clipped at 0 and 65535.
        """
        dark = self.dark_counts(duration_s, temperature_c)
        light = np.minimum(light_counts, _LIGHT_CEILING)
        charge = light + dark
        # From tens of electrons on a Poisson number is a normal one; one draw serves shot and read noise.
        variance = charge * (1.0 / self.electrons_per_count)
        variance += self.read_noise_counts**2
        if self.nonlinearity_acts_on_dark:
            raw = self.linearity.measured_counts(np.minimum(charge, _LIGHT_CEILING))
        else:
            raw = self.linearity.measured_counts(light)
            raw += dark
        raw += self.offset_counts
        raw += np.sqrt(variance) * random.standard_normal(PIXELS)
        np.rint(raw, out=raw)
        np.clip(raw, 0.0, FULL_SCALE_COUNTS, out=raw)
        return raw.astype(np.uint16)


def draw_linearity(random: np.random.Generator, error_sd: float) -> Linearity:
    """Draw a curve that bends by about 3 % at full scale, and the maker's slightly wrong correction.

    Args:
        random: stream.
        error_sd: SD of the relative error of corrected counts at full scale; it grows with the counts.
    """
    c1 = -0.020 * (1.0 + 0.15 * float(np.clip(random.standard_normal(), -2.0, 2.0)))
    c2 = -0.012 * (1.0 + 0.15 * float(np.clip(random.standard_normal(), -2.0, 2.0)))
    c3 = 0.004
    error = error_sd * float(random.standard_normal())
    perfect = Linearity((c1, c2, c3), ())
    linear = np.linspace(0.0, 1.08 * FULL_SCALE_COUNTS, 400)[1:]
    measured = perfect.measured_counts(linear)
    divisor = measured / linear / (1.0 + error * measured / FULL_SCALE_COUNTS)
    fit = Chebyshev.fit(measured, divisor, 7, domain=[0.0, float(measured[-1])])
    # Chebyshev first: fitting powers of numbers up to 65535 directly would lose the digits.
    powers = fit.convert(kind=Polynomial).coef
    return Linearity((c1, c2, c3), tuple(rounded_for_storage(float(value)) for value in powers))


def draw_detector(
    random: np.random.Generator, linearity_error_sd: float, nonlinearity_acts_on_dark: bool
) -> Detector:
    """Draw one array: offset about 1500 with a fixed pattern, dark about 400 counts/s, five hot pixels."""
    alternating = np.where(np.arange(PIXELS) % 2 == 0, 6.0, -6.0)
    offset = 1500.0 + float(random.uniform(-60.0, 60.0)) + alternating + 12.0 * random.standard_normal(PIXELS)
    dark = float(random.uniform(340.0, 460.0)) * np.exp(0.10 * random.standard_normal(PIXELS))
    hot = random.choice(PIXELS, 5, replace=False)
    dark[hot] *= random.uniform(3.0, 8.0, 5)
    return Detector(
        offset_counts=offset,
        dark_counts_per_s=dark,
        linearity=draw_linearity(random, linearity_error_sd),
        nonlinearity_acts_on_dark=nonlinearity_acts_on_dark,
    )
