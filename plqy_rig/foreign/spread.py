"""From repeats, or from the noise between the lines, to the uncertainty of any result.

Each part is measured on its own; the errors of parts are independent. The repeats of one part carry laser
and emission of the same exposure, so their errors belong together: a result's linear form is taken of
every repeat first, and the variance of the mean of those numbers is the covariance of the repeat means
projected onto the result. Combinations of repeats of different parts aren't independent measurements
(Fries and Reineke, Sci. Rep. 9, 2019) and are never counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from calibration.roles import Role
from plqy_rig.evaluation.windows import Window
from plqy_rig.foreign.kernels import Corrections, baseline_pixels, kernel
from plqy_rig.foreign.measurement import Measurement, PartSpectra
from plqy_rig.foreign.quantity import Per
from plqy_rig.foreign.roles import Part
from plqy_rig.foreign.yields import Gradient

FloatArray = NDArray[np.float64]

_LEAST_FREE_POINTS = 20
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Uncertainty:
    """Standard uncertainty of one number.

    Attributes:
        sigma: one standard uncertainty; NaN where nothing is known of it.
        degrees_of_freedom: of `sigma` (Welch-Satterthwaite); inf where it isn't from few repeats.
        terms: variance by source: "repeats", "noise", "dark", "response".
    """

    sigma: float
    degrees_of_freedom: float
    terms: Mapping[str, float]

    @property
    def is_known(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.sigma)

    def quantile(self, level: float) -> float:
        """How many sigmas a two-sided interval of a level reaches, by Student's t."""
        return float(student_t.ppf(0.5 + level / 2, self.degrees_of_freedom))


_UNKNOWN = Uncertainty(math.nan, math.inf, {})


@dataclass(frozen=True)
class _Term:
    source: str
    covariance: float
    degrees_of_freedom: float


@dataclass(frozen=True)
class PartSpread:
    """How far one part can be trusted.

    Attributes:
        kernels: of each role that the part carries, [pixels].
        spectra: the part.
        noise: one sigma of a single value from the signal-free region; None where none is known.
        region: that region in words.
    """

    kernels: Mapping[Role, FloatArray]
    spectra: PartSpectra
    noise: float | None
    region: str

    @property
    def has_repeats(self) -> bool:
        """Whether there are at least two."""
        return len(self.spectra.values) > 1

    def integrals(self) -> dict[Role, float]:
        """Mean window integral of each role."""
        mean = self.spectra.values.mean(axis=0)
        return {role: float(mean @ weights) for role, weights in self.kernels.items()}

    def term(self, first: Gradient, second: Gradient) -> _Term | None:
        """Covariance of two results from this part; None where nothing is known."""
        forms = [self._form(first), self._form(second)]
        if not (forms[0].any() and forms[1].any()):
            return _Term("noise", 0.0, math.inf)
        if self.has_repeats:
            numbers = [self.spectra.values @ form for form in forms]
            if any(np.ptp(several) <= 1e-12 * np.abs(several).max() for several in numbers):
                return None  # copies of one another
            return _Term("repeats", _covariance_of_means(*numbers), len(numbers[0]) - 1)
        if self.noise is None:
            return None
        return _Term("noise", self.noise**2 * float(forms[0] @ forms[1]), math.inf)

    def dark_numbers(self, gradient: Gradient) -> FloatArray:
        """The result's linear form of each dark, [darks]."""
        return np.asarray(self.spectra.darks @ self._form(gradient), dtype=np.float64)

    def _form(self, gradient: Gradient) -> FloatArray:
        parts = [gradient.get(role, 0.0) * weights for role, weights in self.kernels.items()]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def part_spreads(
    measurement: Measurement, corrections: Corrections, window: Window, per: Per
) -> list[PartSpread]:
    """Each part with the weights that make its window integrals."""
    laser = measurement.request.laser
    kernels: dict[Part, dict[Role, FloatArray]] = {part: {} for part in measurement.parts}
    for arrangement in (Part.EMPTY, Part.INDIRECT, Part.DIRECT):
        if arrangement not in measurement.parts:
            continue
        spectra = measurement.parts[arrangement]
        kernels[arrangement][arrangement.role] = kernel(measurement, corrections, spectra, laser, per)
        emission = measurement.emission_part(arrangement)
        if emission is not None:
            weights = kernel(measurement, corrections, measurement.parts[emission], window, per)
            kernels[emission][arrangement.emission.role] = weights
    return [
        PartSpread(kernels[part], spectra, *noise_of(measurement, spectra))
        for part, spectra in measurement.parts.items()
    ]


def uncertainty(parts: Sequence[PartSpread], gradient: Gradient, response_sigma: float = 0.0) -> Uncertainty:
    """Uncertainty of a number with these derivatives.

    Args:
        parts: all of the measurement.
        gradient: derivatives by window integral.
        response_sigma: what the response's own uncertainty adds, absolute.
    """
    terms = _terms(parts, gradient, gradient)
    if terms is None or not any(gradient.values()):
        return _UNKNOWN
    terms.append(_Term("response", response_sigma**2, math.inf))
    total = sum(term.covariance for term in terms)
    if not (total > 0 and math.isfinite(total)):
        return _UNKNOWN
    # Relative to the total, so that squares of tiny variances don't vanish.
    denominator = sum((term.covariance / total) ** 2 / term.degrees_of_freedom for term in terms)
    freedom = 1 / denominator if denominator > 0 else math.inf
    return Uncertainty(math.sqrt(total), freedom, _by_source(terms))


def covariance(parts: Sequence[PartSpread], first: Gradient, second: Gradient) -> float:
    """Covariance of two numbers with these derivatives; NaN where it isn't known."""
    terms = _terms(parts, first, second)
    return math.nan if terms is None else sum(term.covariance for term in terms)


def _terms(parts: Sequence[PartSpread], first: Gradient, second: Gradient) -> list[_Term] | None:
    terms = [part.term(first, second) for part in parts]
    known = [term for term in terms if term is not None]
    return None if len(known) < len(terms) else [*known, *_dark_terms(parts, first, second)]


def _covariance_of_means(first: FloatArray, second: FloatArray) -> float:
    return float((first - first.mean()) @ (second - second.mean())) / (len(first) * (len(first) - 1))


def _dark_terms(parts: Sequence[PartSpread], first: Gradient, second: Gradient) -> Iterable[_Term]:
    """Darks that several parts share move them together; one dark alone tells nothing of its noise."""
    shared: dict[tuple[str, ...], list[PartSpread]] = {}
    for part in parts:
        shared.setdefault(tuple(map(str, part.spectra.dark_paths)), []).append(part)
    for paths, users in shared.items():
        if len(paths) > 1:
            numbers = [np.sum([user.dark_numbers(g) for user in users], axis=0) for g in (first, second)]
            yield _Term("dark", _covariance_of_means(*numbers), len(paths) - 1)


def _by_source(terms: Iterable[_Term]) -> dict[str, float]:
    result: dict[str, float] = {}
    for term in terms:
        if term.covariance > 0:
            result[term.source] = result.get(term.source, 0.0) + term.covariance
    return result


def signal_free(measurement: Measurement, spectra: PartSpectra) -> tuple[NDArray[np.bool_], str]:
    """Pixels where neither laser nor emission is looked for, and that region in words."""
    request, grid = measurement.request, spectra.wavelength_nm
    region = baseline_pixels(grid, request.baseline)
    if region is not None and request.baseline is not None:
        return region, f"at {request.baseline.low_nm:g}-{request.baseline.high_nm:g} nm"
    free = np.ones(len(grid), dtype=bool)
    width = request.laser.high_nm - request.laser.low_nm
    wide_laser = Window("laser", request.laser.low_nm - width, request.laser.high_nm + width)
    for window in (wide_laser, *request.windows.values()):
        free &= (grid < window.low_nm) | (grid > window.high_nm)
    return free, "outside all windows"


def noise_of(measurement: Measurement, spectra: PartSpectra) -> tuple[float | None, str]:
    """One sigma of a single value from the differences of signal-free neighbours, and where.

    Differences don't see slopes and offsets; half the median of their sizes doesn't see single spikes.
    None with fewer than 20 such points, or where all are equal (values were rounded or computed).
    """
    free, region = signal_free(measurement, spectra)
    pairs = free[1:] & free[:-1]
    if pairs.sum() < _LEAST_FREE_POINTS - 1:
        return None, region
    differences = np.diff(spectra.values, axis=1)[:, pairs].ravel()
    sigma = _MAD_TO_SIGMA * float(np.median(np.abs(differences))) / math.sqrt(2)
    if sigma <= 0:
        # Counts of few digits: more than half of the neighbours are equal.
        sigma = float(np.std(differences)) / math.sqrt(2)
    return (sigma if sigma > 0 else None), region
