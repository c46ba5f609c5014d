"""Propagation of distributions by drawing (GUM Supplement 1), many draws at once.

Each draw is one run that could have been measured: every exposure gets its own random error, every common
error (response shape, long-pass, linearity) is drawn once and reaches all integrals as it reaches them in
the analytic budget; then equations (1) and (2) are evaluated as they stand. Nothing is discarded. The
excitation spectra of a draw are the same in all windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.choices import LeakageModel
from plqy_rig.evaluation.estimate import AbsorptanceEstimator
from plqy_rig.evaluation.uncertainty import CommonErrors, Contents

FloatArray = NDArray[np.float64]

_AT_ONCE = 1024
"""Draws made together: few enough that one role's draws of all steps stay in the processor's cache."""
_NEGLIGIBLE = 1e-5
_QUANTILES = (0.025, 0.1587, 0.5, 0.8413, 0.975)


@dataclass(frozen=True)
class DrawnWindow:
    """What is drawn for one window.

    Attributes:
        contents: every role cut to the window, [steps] each.
        reference_power_w: [steps].
        estimator: which absorptance enters.
        leakage: how the empty sphere's emission is scaled.
        weights: of the steps in the mean, [steps].
        common_relative: one sigma of what scales a yield directly, [steps].
    """

    contents: Contents
    reference_power_w: FloatArray
    estimator: AbsorptanceEstimator
    leakage: LeakageModel
    weights: FloatArray
    common_relative: FloatArray


@dataclass(frozen=True)
class MonteCarloResult:
    """Distributions of one window.

    Attributes:
        median: [steps].
        average: arithmetic mean, [steps]; beside the median it shows the skewness.
        sigma: standard deviation, [steps].
        ci68: 15.87 and 84.13 percentiles, [steps, 2].
        ci95: 2.5 and 97.5 percentiles, [steps, 2].
        not_positive: fraction of draws with an absorptance of 0 or less, [steps].
        mean_median: of the mean.
        mean_average: of the mean.
        mean_sigma: of the mean.
        mean_ci68: of the mean.
        mean_ci95: of the mean.
    """

    median: FloatArray
    average: FloatArray
    sigma: FloatArray
    ci68: FloatArray
    ci95: FloatArray
    not_positive: FloatArray
    mean_median: float
    mean_average: float
    mean_sigma: float
    mean_ci68: tuple[float, float]
    mean_ci95: tuple[float, float]


def monte_carlo(
    windows: Sequence[DrawnWindow], common: CommonErrors, draws: int, seed: int
) -> list[MonteCarloResult]:
    """Draw all windows together.

    Args:
        windows: of one run; windows with the same steps share the excitation draws.
        common: sizes of the common errors.
        draws: per step.
        seed: of the generator (SFC64); the same seed gives the same result.
    """
    random = np.random.Generator(np.random.SFC64(seed))
    found: list[MonteCarloResult | None] = [None] * len(windows)
    for group in _same_steps(windows):
        members = [windows[index] for index in group]
        for index, result in zip(group, _draw_group(members, common, draws, random), strict=True):
            found[index] = result
    return [result for result in found if result is not None]


def _same_steps(windows: Sequence[DrawnWindow]) -> Iterator[list[int]]:
    groups: dict[bytes, list[int]] = {}
    for index, window in enumerate(windows):
        groups.setdefault(window.reference_power_w.tobytes(), []).append(index)
    yield from groups.values()


def _draw_group(
    windows: Sequence[DrawnWindow], common: CommonErrors, draws: int, random: np.random.Generator
) -> list[MonteCarloResult]:
    steps = len(windows[0].reference_power_w)
    effects = _common_effects([window.contents for window in windows], common)
    rank = next(iter(effects[0].values())).shape[1]
    collected = [_Collected.empty(steps, draws) for _ in windows]
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        shared = random.standard_normal((rank, count))
        laser: dict[Role, FloatArray] = {}
        for window, effect, into in zip(windows, effects, collected, strict=True):
            drawn = {
                role: laser[role] if role in laser else _draw(window, role, effect[role], shared, random)
                for role in window.contents
            }
            laser = {role: values for role, values in drawn.items() if not role.is_emission}
            into.add(start, window, drawn, random)
    return [into.result() for into in collected]


def _draw(
    window: DrawnWindow,
    role: Role,
    effect: FloatArray,
    shared: FloatArray,
    random: np.random.Generator,
) -> FloatArray:
    """Integrals of one role, [steps, draws]."""
    content = window.contents[role]
    drawn = random.standard_normal((len(content.integral), shared.shape[1]))
    drawn *= np.sqrt(content.random_variance)[:, None]
    drawn += effect @ shared
    drawn += content.integral[:, None]
    return drawn


def _common_effects(contents: Sequence[Contents], common: CommonErrors) -> list[dict[Role, FloatArray]]:
    """What unit common errors do to every integral, [steps, rank] by role, for each window.

    The response's shape, the long-pass and the linearity are some twenty-five independent numbers, but move
    the integrals of a run in two or three ways only; a singular value decomposition finds these ways.
    """
    names = [(index, role) for index, window in enumerate(contents) for role in window]
    rows, sizes = [], []
    for index, role in names:
        content = contents[index][role]
        transmitted = content.integral * (common.transmission_relative if role.is_emission else 0.0)
        counted = content.counts_weighted * common.linearity_per_count
        rows.append(np.column_stack([content.shape, transmitted, counted]))
        sizes.append(content.integral)
    integral = np.concatenate(sizes)
    relative = np.concatenate(rows) / integral[:, None]
    left, singular, _ = np.linalg.svd(relative, full_matrices=False)
    # An effect of 1e-5 of the largest is lost in everything else.
    kept = singular > _NEGLIGIBLE * max(float(singular.max(initial=0.0)), 1e-12)
    reduced = left[:, kept] * singular[kept] * integral[:, None]
    parts = np.split(reduced, np.cumsum([len(size) for size in sizes])[:-1])
    found: list[dict[Role, FloatArray]] = [{} for _ in contents]
    for (index, role), part in zip(names, parts, strict=True):
        found[index][role] = part
    return found


@dataclass(frozen=True)
class _Collected:
    """The draws of one window: yields [steps, draws], their mean [draws], and how many had no absorption."""

    plqy: NDArray[np.float32]
    mean: FloatArray
    not_positive: FloatArray

    @classmethod
    def empty(cls, steps: int, draws: int) -> _Collected:
        return cls(np.empty((steps, draws), dtype=np.float32), np.empty(draws), np.zeros(steps))

    def add(
        self,
        start: int,
        window: DrawnWindow,
        drawn: Mapping[Role, FloatArray],
        random: np.random.Generator,
    ) -> None:
        ratio = _ratio(window, drawn)
        plqy = _yields(window, drawn, ratio)
        if window.common_relative.any():
            plqy *= 1.0 + window.common_relative[:, None] * random.standard_normal(plqy.shape[1])
        stop = start + plqy.shape[1]
        self.plqy[:, start:stop] = plqy
        self.mean[start:stop] = window.weights @ plqy
        self.not_positive[:] += np.count_nonzero(np.broadcast_to(ratio >= 1.0, plqy.shape), axis=1)

    def result(self) -> MonteCarloResult:
        quantiles = np.stack([_quantiles(row) for row in self.plqy]) if len(self.plqy) else np.zeros((0, 5))
        of_mean = _quantiles(self.mean)
        return MonteCarloResult(
            median=quantiles[:, 2],
            average=self.plqy.mean(axis=1, dtype=np.float64),
            sigma=self.plqy.std(axis=1, dtype=np.float64),
            ci68=quantiles[:, [1, 3]],
            ci95=quantiles[:, [0, 4]],
            not_positive=self.not_positive / self.plqy.shape[1],
            mean_median=float(of_mean[2]),
            mean_average=float(self.mean.mean()),
            mean_sigma=float(self.mean.std()),
            mean_ci68=(float(of_mean[1]), float(of_mean[3])),
            mean_ci95=(float(of_mean[0]), float(of_mean[4])),
        )


def _ratio(window: DrawnWindow, drawn: Mapping[Role, FloatArray]) -> FloatArray:
    """The ratio L_c/L_b, [steps, draws] or [draws] (equation 1)."""
    indirect, direct = drawn[Role.INDIRECT_EXCITATION], drawn[Role.DIRECT_EXCITATION]
    if window.estimator is AbsorptanceEstimator.PER_STEP:
        return direct / indirect
    per_power = 1.0 / window.reference_power_w
    return np.asarray((per_power @ direct) / (per_power @ indirect), dtype=np.float64)


def _yields(window: DrawnWindow, drawn: Mapping[Role, FloatArray], ratio: FloatArray) -> FloatArray:
    """Equation 2 with the leakage of equation 5, [steps, draws]."""
    empty = drawn[Role.EMPTY_EXCITATION]
    emitted = drawn[Role.DIRECT_EMISSION] - ratio * drawn[Role.INDIRECT_EMISSION]
    leakage = drawn.get(Role.EMPTY_EMISSION)
    if leakage is not None:
        if window.leakage is LeakageModel.FIXED:
            emitted -= (1.0 - ratio) * leakage
        else:
            direct, indirect = drawn[Role.DIRECT_EXCITATION], drawn[Role.INDIRECT_EXCITATION]
            emitted -= (direct - ratio * indirect) / empty * leakage
    emitted /= empty
    emitted /= 1.0 - ratio
    return emitted


def _quantiles(values: NDArray[np.floating]) -> FloatArray:
    """The quantiles of one distribution, nearest rank, [5]."""
    ranks = [round(share * (len(values) - 1)) for share in _QUANTILES]
    return np.partition(values, ranks)[ranks].astype(np.float64)
