"""The uncertainty of a spectral response, term by term, and as the scale and shape that an evaluation uses.

    u² = u_lamp² + u_interpolation² + u_coupling² + u_noise² + u_linearity² + u_wavelength² + u_age²

Certificates seldom state how errors at different wavelengths hang together. What is taken here, and stands in
every record as a sentence: the certificate's uncertainty counts in full for the common scale, and a stated
fraction of it for the shape; ageing and the common part of re-seating go to the scale; interpolation, the
rest of re-seating, noise, linearity and wavelength go to the shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CurveError

FloatArray = NDArray[np.float64]

_CORRELATION_LENGTH_RANGE_NM = (50.0, 200.0)
"""The correlation length is the widest row spacing of the lamp table in the range used: errors of
neighbouring rows spread as far as the interpolation carries them. Not below 50 nm, because the errors of
lamps (temperature, primary scale) are smooth whatever the table's step; not above 200 nm, so that laser and
emission never share an error."""
_POOLING_PIXELS = 31
"""Pixels over which the scatter between few repeats is pooled: re-seating tilts the spectrum, it has no
lines."""
_STUDENT_68 = {2: 1.837, 3: 1.321, 4: 1.197, 5: 1.142, 6: 1.111, 7: 1.091, 8: 1.077, 9: 1.067, 10: 1.059}
"""Student's t for 68.27 % coverage with n repeats (n - 1 degrees of freedom); JCGM 100:2008, table G.2."""


@dataclass(frozen=True)
class BudgetAssumptions:
    """What has to be stated because no measurement of this calibration says it.

    Attributes:
        lamp_shape_fraction: fraction of the certificate's uncertainty that differs between wavelengths.
        wavelength_uncertainty_nm: one sigma of the pixel wavelengths.
        age_uncertainty_relative: one sigma of the lamp's drift since its certificate.
        coupling_relative: one sigma of re-seating the lamp, for a calibration without repeats; None:
            measured.
    """

    lamp_shape_fraction: float = 0.4
    wavelength_uncertainty_nm: float = 0.5
    age_uncertainty_relative: float = 0.005
    coupling_relative: float | None = None

    def __post_init__(self) -> None:
        for name in ("lamp_shape_fraction", "wavelength_uncertainty_nm", "age_uncertainty_relative"):
            if not getattr(self, name) >= 0:
                raise CurveError(f"response: {name} can't be negative, got {getattr(self, name)}")
        if self.lamp_shape_fraction > 1:
            raise CurveError(
                f"response: lamp_shape_fraction is a fraction from 0 to 1, got {self.lamp_shape_fraction}"
            )

    def sentences(self) -> list[str]:
        """The assumptions as they are printed with a record."""
        said = [
            f"of the lamp certificate's uncertainty, all counts for the common scale and "
            f"{self.lamp_shape_fraction:.0%} for the shape (the certificate states no correlation)",
            f"pixel wavelengths known to {self.wavelength_uncertainty_nm:g} nm",
            f"lamp drift since its certificate {self.age_uncertainty_relative:.1%}",
        ]
        if self.coupling_relative is not None:
            said.append(f"re-seating the lamp {self.coupling_relative:.1%}, not measured in this calibration")
        return said


@dataclass(frozen=True)
class Coupling:
    """What re-seating the lamp does, one sigma of the mean over the repeats, relative.

    Attributes:
        standard_deviation: of single repeats at each pixel, noise included, [pixels].
        scale: common to all pixels.
        shape: the rest, [pixels].
    """

    standard_deviation: FloatArray
    scale: float
    shape: FloatArray


@dataclass(frozen=True)
class ResponseBudget:
    """The terms, each one sigma relative, [pixels].

    Attributes:
        lamp: certificate.
        interpolation: spread between two interpolations.
        coupling: re-seating.
        noise: scatter of the scans.
        linearity: what the linearity correction leaves.
        wavelength: (dF/dλ)/F times the uncertainty of the wavelength.
        age: drift of the lamp since its certificate.
        coupling_scale: the part of the coupling that all pixels share.
        coupling_shape: the rest of it.
        lamp_shape_fraction: part of the lamp's that goes to the shape.
        correlation_length_nm: of the shape.
    """

    lamp: FloatArray
    interpolation: FloatArray
    coupling: FloatArray
    noise: FloatArray
    linearity: FloatArray
    wavelength: FloatArray
    age: FloatArray
    coupling_scale: float
    coupling_shape: FloatArray
    lamp_shape_fraction: float
    correlation_length_nm: float

    @property
    def terms(self) -> dict[str, FloatArray]:
        """The terms by name."""
        names = ("lamp", "interpolation", "coupling", "noise", "linearity", "wavelength", "age")
        return {name: getattr(self, name) for name in names}

    @property
    def total(self) -> FloatArray:
        """Root of the sum of squares of all terms, [pixels]."""
        return np.asarray(np.sqrt(sum(term**2 for term in self.terms.values())), dtype=np.float64)

    @property
    def scale(self) -> float:
        """One sigma of the common factor."""
        lamp = float(np.sqrt(np.nanmean(self.lamp**2)))
        age = float(np.sqrt(np.nanmean(self.age**2)))
        return math.hypot(lamp, age, self.coupling_scale)

    @property
    def shape(self) -> FloatArray:
        """One sigma of the shape, [pixels]."""
        return np.asarray(
            np.sqrt(
                (self.lamp_shape_fraction * self.lamp) ** 2
                + self.interpolation**2
                + self.coupling_shape**2
                + self.noise**2
                + self.linearity**2
                + self.wavelength**2
            ),
            dtype=np.float64,
        )


def correlation_length_nm(largest_gap_nm: float) -> float:
    """Correlation length of the shape from the widest row spacing of the lamp table in use."""
    low, high = _CORRELATION_LENGTH_RANGE_NM
    return min(max(largest_gap_nm, low), high)


def coupling_from_repeats(rates: Sequence[FloatArray], noises: Sequence[FloatArray]) -> Coupling:
    """What re-seating the lamp does, from two or more repeats.

    The scatter of few repeats understates itself; Student's factor for 68 % corrects that. Scan noise that is
    in the scatter as well is taken out of the shape, because it is a term of its own.

    Args:
        rates: counts/s of each repeat, [pixels], NaN where not measured.
        noises: relative scan noise of each, [pixels].
    """
    logs = np.log(np.array(rates))
    number = len(logs)
    usable = np.asarray(np.isfinite(logs).all(axis=0), dtype=np.bool_)
    factor = _STUDENT_68.get(number, 1.0 + 0.5 / (number - 1)) / math.sqrt(number)
    deviation = np.where(usable, logs - np.where(usable, logs, 0.0).mean(axis=0), np.nan)
    common = np.nanmedian(deviation, axis=1)
    rest = deviation - common[:, None]
    single = np.sqrt(np.sum(deviation**2, axis=0) / (number - 1))
    noise = np.asarray(np.mean(np.array(noises) ** 2, axis=0), dtype=np.float64)
    variance = _pooled(np.asarray(np.sum(rest**2, axis=0) / (number - 1), dtype=np.float64), usable)
    shape = np.sqrt(np.maximum(variance - _pooled(noise, usable), 0.0))
    scale = math.sqrt(float(np.sum(common**2)) / (number - 1))
    return Coupling(single, factor * scale, factor * shape)


def assumed_coupling(relative: float, pixels: int) -> Coupling:
    """For a single seating: the stated uncertainty is common to all pixels, and half of it shape."""
    return Coupling(np.full(pixels, relative), relative, np.full(pixels, relative / 2))


def _pooled(variance: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
    kernel = np.ones(_POOLING_PIXELS)
    total = np.convolve(np.where(usable, variance, 0.0), kernel, mode="same")
    count = np.convolve(usable.astype(np.float64), kernel, mode="same")
    return np.where(usable, total / np.maximum(count, 1), np.nan)
