"""Results as they are stored: what evaluation found, per window and power step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data.result_details import WindowDetails
from plqy_rig.data.run import differences

FloatArray = NDArray[np.float64]

DEFAULT_WINDOW = "er"
"""The window whose plot a viewer opens first, when it was evaluated."""


@dataclass(frozen=True, eq=False)
class WindowResult:
    """Quantum yield of one emission window. Steps that couldn't be evaluated are NaN.

    Attributes:
        name: of the window, e.g. ``er``.
        low_nm: its short end, nm.
        high_nm: its long end, nm.
        power_density_mw_per_cm2: [steps], measured, mW/cm².
        plqy: [steps].
        u_plqy: [steps], standard uncertainty; NaN where the distribution is too skewed for a symmetric one.
        ci68: [steps, 2], interval of 68 %; NaN where it has no finite limits.
        ci95: [steps, 2], interval of 95 %; NaN where it has no finite limits.
        absorptance: [steps], A of the direct beam.
        mu: [steps], fraction of scattered laser light absorbed.
        plqy_2m: [steps], by the two-measurement variant.
        flags: per step the names of what is doubtful; names hold no semicolon.
        mean_plqy: over `range_mw_per_cm2`.
        u_mean_plqy: its standard uncertainty; NaN where only the interval in `details` may be given.
        range_mw_per_cm2: lowest and highest power density of the mean, mW/cm².
        budget: relative contributions to the mean's uncertainty under their names.
        estimator: how the mean was made.
        warnings: about this window.
        details: parts of the uncertainty, intervals of the mean, tests, other estimates.
    """

    name: str
    low_nm: float
    high_nm: float
    power_density_mw_per_cm2: FloatArray
    plqy: FloatArray
    u_plqy: FloatArray
    ci68: FloatArray
    ci95: FloatArray
    absorptance: FloatArray
    mu: FloatArray
    plqy_2m: FloatArray
    flags: tuple[tuple[str, ...], ...]
    mean_plqy: float
    u_mean_plqy: float
    range_mw_per_cm2: tuple[float, float]
    budget: Mapping[str, float]
    estimator: str
    warnings: tuple[str, ...] = ()
    details: WindowDetails = field(default_factory=WindowDetails)

    def __post_init__(self) -> None:
        """Check shapes.

        Raises:
            ValueError: an array that doesn't have a row per step, or a name that a file can't hold.
        """
        steps = len(self.power_density_mw_per_cm2)
        for name in ("power_density_mw_per_cm2", "plqy", "u_plqy", "absorptance", "mu", "plqy_2m"):
            _check_shape(name, getattr(self, name), (steps,))
        for name in ("ci68", "ci95"):
            _check_shape(name, getattr(self, name), (steps, 2))
        for name, values in self.details.steps.arrays().items():
            _check_shape(name, values, (steps, steps) if name == "step_covariance" else (steps,))
        for name, values in self.details.step_budget.items():
            _check_shape(name, values, (steps,))
        if len(self.flags) != steps:
            raise ValueError(f"flags of {len(self.flags)} steps instead of {steps}")
        if (
            not self.name
            or "/" in self.name
            or any(not term or "/" in term for term in (*self.budget, *self.details.step_budget))
        ):
            raise ValueError("the name of a window or of a budget term is empty or holds a slash")
        if any(";" in flag or not flag for flags in self.flags for flag in flags):
            raise ValueError("a flag's name is empty or holds a semicolon")

    def __eq__(self, other: object) -> bool:
        return differences(self, other) == [] if isinstance(other, WindowResult) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def _check_shape(name: str, values: FloatArray, shape: tuple[int, ...]) -> None:
    if values.shape != shape or values.dtype != np.float64:
        raise ValueError(
            f"{name}: {values.dtype} of shape {values.shape} instead of float64 of shape {shape}"
        )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What one evaluation of a run found, and with what.

    Attributes:
        run_uid: of the run.
        windows: results under the windows' names.
        laser_window_nm: the limits of the laser line used for every excitation spectrum, nm.
        records: sha256 of each calibration record used, by kind.
        warnings: about the whole run.
        version: of the program that evaluated.
        evaluated: when, s since 1970 UTC.
        settings: choices that change the numbers (leakage, baseline, estimator ...); plain values.
    """

    run_uid: str
    windows: Mapping[str, WindowResult]
    laser_window_nm: tuple[float, float]
    records: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    version: str = ""
    evaluated: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def default_window(self) -> str | None:
        """The window to show first: `er` if there is one, else the first; None without windows."""
        if DEFAULT_WINDOW in self.windows:
            return DEFAULT_WINDOW
        return next(iter(self.windows), None)

    def __eq__(self, other: object) -> bool:
        return differences(self, other) == [] if isinstance(other, Evaluation) else NotImplemented

    __hash__ = None  # type: ignore[assignment]
