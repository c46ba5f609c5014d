"""What stands behind the numbers of one window: parts of the uncertainty, intervals, tests, other estimates.

Everything is optional, so that results of earlier versions can be read: an array that isn't there is None,
a number that isn't there is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

NOT_KNOWN = (math.nan, math.nan)
"""An interval that wasn't computed, or that has no finite limits."""


@dataclass(frozen=True, eq=False)
class StepDetails:
    """More about each power step; NaN where a step couldn't be evaluated.

    Attributes:
        u_plqy_random: [steps], part of the standard uncertainty that differs between exposures.
        u_plqy_systematic: [steps], part that is one unknown for the whole run.
        step_covariance: [steps, steps], of what may make the steps differ: random errors (those of a
            pooled absorptance are shared by all) and what linearity leaves.
        absorptance_used: [steps], what entered the yield.
        u_absorptance: [steps], standard uncertainty of it.
        absorptance_2m: [steps], A of two measurements, with the diffuse part.
        u_plqy_2m: [steps], random part of the two-measurement yield's uncertainty.
        plqy_reabsorption_corrected: [steps], before re-absorption.
        plqy_median: [steps], median of the Monte Carlo draws.
        u_plqy_monte_carlo: [steps], their standard deviation.
        absorptance_not_positive: [steps], fraction of the draws with an absorptance of 0 or less.
        emission_rate: [steps], photons/s emitted after the direct first pass, in the window.
        absorbed_rate: [steps], laser photons/s absorbed on the direct first pass.
    """

    u_plqy_random: FloatArray | None = None
    u_plqy_systematic: FloatArray | None = None
    step_covariance: FloatArray | None = None
    absorptance_used: FloatArray | None = None
    u_absorptance: FloatArray | None = None
    absorptance_2m: FloatArray | None = None
    u_plqy_2m: FloatArray | None = None
    plqy_reabsorption_corrected: FloatArray | None = None
    plqy_median: FloatArray | None = None
    u_plqy_monte_carlo: FloatArray | None = None
    absorptance_not_positive: FloatArray | None = None
    emission_rate: FloatArray | None = None
    absorbed_rate: FloatArray | None = None

    def arrays(self) -> dict[str, FloatArray]:
        """Those that are there, under their names."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: values for name, values in found.items() if values is not None}


@dataclass(frozen=True)
class MeanDetails:
    """More about the mean.

    Attributes:
        u_random: part of the standard uncertainty that differs between exposures.
        u_systematic: part that is one unknown for the whole run.
        ci68: interval of 68 %.
        ci95: interval of 95 %.
        symmetric: whether the uncertainty may be given as a symmetric ±.
        steps: number of steps in the mean.
        absorptance: mean absorptance of these steps.
        u_absorptance: its standard uncertainty.
        chi_squared: of the steps about their mean, with `step_covariance`.
        degrees_of_freedom: of it.
        birge_factor: max(1, sqrt(chi squared / degrees of freedom)).
        plqy_2m: mean by the two-measurement variant, same weights.
        u_plqy_2m: random part of its standard uncertainty.
        reabsorbed_fraction: share of the emission taken as absorbed again; 0: none.
        reabsorption_corrected: the mean before re-absorption of that share; NaN where none is assumed.
        u_reabsorption_corrected: its standard uncertainty.
        median: of the Monte Carlo draws.
        u_monte_carlo: their standard deviation.
        other_estimator: the mean with the other absorptance estimator.
        u_other_estimator: its standard uncertainty.
    """

    u_random: float = math.nan
    u_systematic: float = math.nan
    ci68: tuple[float, float] = NOT_KNOWN
    ci95: tuple[float, float] = NOT_KNOWN
    symmetric: bool = True
    steps: int = 0
    absorptance: float = math.nan
    u_absorptance: float = math.nan
    chi_squared: float = math.nan
    degrees_of_freedom: int = 0
    birge_factor: float = math.nan
    plqy_2m: float = math.nan
    u_plqy_2m: float = math.nan
    reabsorbed_fraction: float = math.nan
    reabsorption_corrected: float = math.nan
    u_reabsorption_corrected: float = math.nan
    median: float = math.nan
    u_monte_carlo: float = math.nan
    other_estimator: float = math.nan
    u_other_estimator: float = math.nan


@dataclass(frozen=True, eq=False)
class WindowDetails:
    """What stands behind the numbers of one window.

    Attributes:
        steps: of each power step.
        mean: of the mean.
        step_budget: [steps] relative contributions to each step's uncertainty, under their names.
    """

    steps: StepDetails = field(default_factory=StepDetails)
    mean: MeanDetails = field(default_factory=MeanDetails)
    step_budget: Mapping[str, FloatArray] = field(default_factory=dict)
