"""Models of a yield against power density: pure functions with their formulas (method, section 9).

Every model is an amplitude times a shape, so that good starting values are found by trying shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def constant(x: FloatArray) -> FloatArray:
    """1: the yield doesn't depend on power density."""
    return np.ones_like(x)


def power_law(x: FloatArray, x0: float, s: float) -> FloatArray:
    """(x/x0)^s: s = n-1 for an n-photon emission, 0 for downshifting."""
    return np.asarray((x / x0) ** s, dtype=np.float64)


def declining(x: FloatArray, x_s_inverse: float) -> FloatArray:
    """1/(1 + x/x_s): loss to upconversion or heating; x_s is the density of half the yield."""
    return np.asarray(1.0 / (1.0 + x * x_s_inverse), dtype=np.float64)


def balancing(x: FloatArray, x_b: float) -> FloatArray:
    """2 (x/x_b)/(1 + x/x_b): two photons; 1 at the balancing density x_b, 2 far above."""
    return np.asarray(2.0 * x / (x_b + x), dtype=np.float64)


def quadratic_rate(x: FloatArray, x_c: float) -> FloatArray:
    """1 + (1 - sqrt(1 + 4 x/x_c))/(2 x/x_c): one linear loss and one bimolecular channel, exact."""
    ratio = x / x_c
    # The same without the difference of two nearly equal numbers at small x.
    return np.asarray(4.0 * ratio / (1.0 + np.sqrt(1.0 + 4.0 * ratio)) ** 2, dtype=np.float64)


def n_photon(x: FloatArray, x_b: float, n: float) -> FloatArray:
    """[x/(x + x_b)]^(n-1): saturating n-photon emission, a pragmatic generalisation."""
    return np.asarray((x / (x + x_b)) ** (n - 1.0), dtype=np.float64)


@dataclass(frozen=True)
class PowerModel:
    """One model.

    Attributes:
        name: in tables and files.
        formula: as it is printed; x is the power density in mW/cm².
        amplitude: name of the factor in front of the shape.
        shape: of x and of the other parameters.
        limits: allowed range of each free parameter of the shape.
        fixed_x0: whether the shape has the reference density x0, fixed at the points' geometric mean.
    """

    name: str
    formula: str
    amplitude: str
    shape: Callable[..., FloatArray]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    fixed_x0: bool = False

    def fixed(self, x: FloatArray) -> dict[str, float]:
        """Parameters that aren't fitted."""
        return {"x0": float(np.exp(np.mean(np.log(x))))} if self.fixed_x0 else {}

    def starts(self, x: FloatArray) -> list[dict[str, float]]:
        """Parameters of the shape to begin from; the best is taken."""
        densities = np.geomspace(x.min() / 10, x.max() * 10, 13)
        candidates: dict[str, list[float]] = {
            "s": [-0.2, 0.0, 0.5, 1.0, 2.0],
            "x_s_inverse": [0.0, *(1.0 / densities[4:])],
            "x_b": [float(value) for value in densities],
            "x_c": [float(value) for value in densities],
            "n": [1.5, 2.0, 3.0, 4.0],
        }
        names = list(self.limits)
        return [dict(zip(names, values, strict=True)) for values in product(*(candidates[n] for n in names))]


_DENSITY = (1e-6, 1e9)

POWER_MODELS = (
    PowerModel("constant", "eta0", "eta0", constant),
    PowerModel("power_law", "eta0 (x/x0)^s", "eta0", power_law, {"s": (-10.0, 10.0)}, fixed_x0=True),
    PowerModel("declining", "eta0/(1 + x/x_s)", "eta0", declining, {"x_s_inverse": (-1e-2, 1e3)}),
    PowerModel("balancing", "2 eta_b (x/x_b)/(1 + x/x_b)", "eta_b", balancing, {"x_b": _DENSITY}),
    PowerModel(
        "quadratic_rate",
        "eta_inf [1 + (1 - sqrt(1 + 4 x/x_c))/(2 x/x_c)]",
        "eta_inf",
        quadratic_rate,
        {"x_c": _DENSITY},
    ),
    PowerModel(
        "n_photon", "eta_inf [x/(x + x_b)]^(n-1)", "eta_inf", n_photon, {"x_b": _DENSITY, "n": (1.0, 8.0)}
    ),
)
"""All models, the simplest first."""
