"""What may be chosen without measuring again. Every choice is stored with the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import Record, RecordKind
from drivers.errors import ConfigurationError
from plqy_rig.evaluation.windows import NAMED_WINDOWS, Window

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DEFAULT_RANGE_MW_PER_CM2 = (50.0, 900.0)
"""The published averages are over this range."""
MOST_DRAWS = 10_000_000
_RANGE_TOLERANCE = 0.04
"""The sweep corrects a power from 2 % on, and once: a step aimed at the edge is found a little off."""


def steps_in_range(density_mw_per_cm2: FloatArray, limits_mw_per_cm2: tuple[float, float]) -> BoolArray:
    """Which steps belong to the averaging range, [steps]: those aimed at its edges too."""
    low, high = limits_mw_per_cm2
    return np.asarray(
        (density_mw_per_cm2 >= low * (1 - _RANGE_TOLERANCE))
        & (density_mw_per_cm2 <= high * (1 + _RANGE_TOLERANCE))
    )


class LeakageModel(StrEnum):
    """How the light that the empty sphere shows behind the long-pass is scaled before it is subtracted."""

    LASER = "laser"
    """g_k = L_k/L_a: it is laser light, or follows it (equation 5)."""
    FIXED = "fixed"
    """g_k = 1: it is a background that doesn't care for the sample."""


class EstimatorChoice(StrEnum):
    """Which absorptance enters the yields of the steps."""

    AUTO = "auto"
    """Pooled, unless the absorptance shows a trend with power density."""
    POOLED = "pooled"
    PER_STEP = "per_step"


@dataclass(frozen=True)
class EvaluationChoices:
    """What may be chosen without measuring again.

    Attributes:
        windows: emission windows.
        range_mw_per_cm2: power densities that enter the mean.
        laser_window: where the laser line is; None takes the recipe's.
        estimator: which absorptance enters the yields.
        leakage: how the empty sphere's emission spectrum is scaled.
        baseline_region: where there is no light; the mean of the dark-subtracted counts there is taken off
            the whole spectrum. None: off.
        local_baseline: two flanks; a straight line between their mean fluxes is taken off under every
            emission window. None: off.
        reabsorbed_fraction: share a of the emitted photons that the sample absorbs again, for the corrected
            yields that stand beside the others (equation 6).
        u_reabsorbed_fraction: what is to be counted for re-absorption in the uncertainty of the uncorrected
            yield, as a standard uncertainty of a. None, and no fraction stated: what the run's own
            absorptance and emission allow (`reabsorption`); 0 counts nothing.
        response_behind_long_pass: a response record measured with the long-pass in place; used for the
            emission roles, which are then not divided by the long-pass's transmission.
        birge: whether the random uncertainty of the mean is enlarged by the Birge factor.
        monte_carlo_draws: draws per step; 0: analytic only.
        seed: of the draws.

    Raises:
        ConfigurationError: a choice that makes no sense.
    """

    windows: Sequence[Window] = field(default_factory=lambda: tuple(NAMED_WINDOWS.values()))
    range_mw_per_cm2: tuple[float, float] = DEFAULT_RANGE_MW_PER_CM2
    laser_window: Window | None = None
    estimator: EstimatorChoice = EstimatorChoice.AUTO
    leakage: LeakageModel = LeakageModel.LASER
    baseline_region: Window | None = None
    local_baseline: tuple[Window, Window] | None = None
    reabsorbed_fraction: float = 0.0
    u_reabsorbed_fraction: float | None = None
    response_behind_long_pass: Record | None = None
    birge: bool = False
    monte_carlo_draws: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("reabsorbed_fraction", "u_reabsorbed_fraction"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 <= value < 1):
                raise ConfigurationError(f"{name} must be 0 or more and below 1, {value} was given")
        if not 0 <= self.monte_carlo_draws <= MOST_DRAWS or 0 < self.monte_carlo_draws < 100:
            raise ConfigurationError(
                f"Monte Carlo draws must be 0 (off) or 100 to {MOST_DRAWS}, "
                f"{self.monte_carlo_draws} was given"
            )
        if self.seed < 0:
            raise ConfigurationError(f"the seed must be 0 or more, {self.seed} was given")
        record = self.response_behind_long_pass
        if record is not None and record.kind is not RecordKind.RESPONSE:
            raise ConfigurationError(f"the response behind the long-pass is a {record.kind} record")

    def settings(self) -> dict[str, Any]:
        """The choices as plain values, as they are stored with the result."""
        return {
            "range_mw_per_cm2": list(self.range_mw_per_cm2),
            "estimator": str(self.estimator),
            "leakage": str(self.leakage),
            "baseline_region_nm": _limits(self.baseline_region),
            "local_baseline_nm": None
            if self.local_baseline is None
            else [_limits(flank) for flank in self.local_baseline],
            "reabsorbed_fraction": self.reabsorbed_fraction,
            "u_reabsorbed_fraction": self.u_reabsorbed_fraction,
            "long_pass": "transmission" if self.response_behind_long_pass is None else "in the response",
            "birge": self.birge,
            "monte_carlo_draws": self.monte_carlo_draws,
            "seed": self.seed if self.monte_carlo_draws else None,
        }


def _limits(window: Window | None) -> list[float] | None:
    return None if window is None else [window.low_nm, window.high_nm]
