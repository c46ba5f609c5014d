"""Several runs side by side: means of one sample's runs, their spread, and ratios between samples.

Three things are kept apart. The uncertainty of a mean is what the measurement doesn't know. The spread
between runs of one sample (batches, or repeats) is what the samples do; it is reported beside it, never
mixed in. The uncertainty of a ratio is smaller than its parts suggest, because runs that used the same
calibration record share its error:

    response    the same error curve δ(λ) in both: what is left is the difference of how the two spectra
                weigh it. With V the record's covariance and w = ∂ln η/∂δ(λ): cov = w₁ᵀ V w₂
    long-pass   one factor, the same in both: cancels
    all others  taken as independent between runs, also those of the same record
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.errors import ConfigurationError
from plqy_rig.data import WindowResult
from plqy_rig.evaluation.flags import doubts
from plqy_rig.report.figures import mean_sigma
from plqy_rig.report.quantities import response_weights
from plqy_rig.report.subject import Subject

FloatArray = NDArray[np.float64]

_RECORD_OF_TERM = {"response_shape": "response", "long_pass": "long_pass"}
"""Systematic terms that runs share when they share this record."""


@dataclass(frozen=True)
class SampleResult:
    """All runs of one sample in one window.

    Attributes:
        sample: its name.
        runs: positions of its runs among all that were compared.
        mean_plqy: plain mean of the runs' means: each batch counts as one.
        u_mean_plqy: its standard uncertainty by measurement alone.
        spread: standard deviation between the runs' means; NaN with one run.
    """

    sample: str
    runs: tuple[int, ...]
    mean_plqy: float
    u_mean_plqy: float
    spread: float

    @property
    def spread_relative(self) -> float:
        """The spread over the mean; NaN with one run."""
        return self.spread / self.mean_plqy if self.mean_plqy else float("nan")


@dataclass(frozen=True)
class Ratio:
    """Quantum yield of one sample over that of another.

    Attributes:
        sample: above the line.
        reference: below the line.
        ratio: of the samples' means.
        u_ratio: standard uncertainty by measurement, with what the runs share taken out.
        u_ratio_unshared: the same if every term were independent, for comparison.
        u_batches: standard uncertainty by the spread between runs, s/√n of both; NaN if neither has two.
    """

    sample: str
    reference: str
    ratio: float
    u_ratio: float
    u_ratio_unshared: float
    u_batches: float


@dataclass(frozen=True)
class Comparison:
    """What several runs say together, in one window.

    Attributes:
        window: its name.
        low_nm: its short end, nm.
        high_nm: its long end, nm.
        subjects: the runs compared, in the order given.
        samples: in the order of their first run.
        ratios: of every other sample to the reference.
        shared_records: kinds of record that all runs share and whose errors cancel in part.
        left_out: folder and reason of each run without a result here.
    """

    window: str
    low_nm: float
    high_nm: float
    subjects: tuple[Subject, ...]
    samples: tuple[SampleResult, ...]
    ratios: tuple[Ratio, ...]
    shared_records: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    def result(self, position: int) -> WindowResult:
        """The window's result of one of the runs."""
        return window_of(self.subjects[position], self.window)


def window_of(subject: Subject, name: str) -> WindowResult:
    """A subject's result in a window; raises `ConfigurationError` if it has none."""
    if subject.evaluation is None or name not in subject.evaluation.windows:
        raise ConfigurationError(f"{subject.run.folder}: has no result in the window {name}")
    return subject.evaluation.windows[name]


def compare(subjects: Sequence[Subject], window: str, ratio_to: str | None = None) -> Comparison:
    """Compare runs in one window.

    Args:
        subjects: evaluated runs; those without a mean in this window are left out and named.
        window: its name.
        ratio_to: the sample below every ratio; by default that of the first run.

    Raises:
        ConfigurationError: no run has a result, or there is no sample `ratio_to`.
    """
    reasons = [_reason_to_leave_out(subject, window) for subject in subjects]
    kept = [subject for subject, reason in zip(subjects, reasons, strict=True) if not reason]
    if not kept:
        told = "; ".join(
            f"{subject.run.folder}: {reason}" for subject, reason in zip(subjects, reasons, strict=True)
        )
        raise ConfigurationError(f"nothing to compare in the window {window}: {told}")
    results = [window_of(subject, window) for subject in kept]
    covariance = relative_covariance(kept, results)
    samples = _samples(kept, results, covariance)
    return Comparison(
        window=window,
        low_nm=results[0].low_nm,
        high_nm=results[0].high_nm,
        subjects=tuple(kept),
        samples=samples,
        ratios=_ratios(samples, results, covariance, ratio_to),
        shared_records=_shared_records(kept),
        left_out=tuple(
            (str(subject.run.folder), reason)
            for subject, reason in zip(subjects, reasons, strict=True)
            if reason
        ),
    )


def relative_covariance(subjects: Sequence[Subject], results: Sequence[WindowResult]) -> FloatArray:
    """Covariance of the runs' relative measurement errors, [runs, runs].

    The diagonal is (u/mean)² as stated with each mean; off it stands what two runs share.
    """
    relative = np.array([mean_sigma(result) / abs(result.mean_plqy) for result in results])
    covariance = np.diag(relative**2)
    for term in _RECORD_OF_TERM:
        sizes = np.array([float(result.budget.get(term, 0.0)) for result in results])
        for row in range(len(subjects)):
            for column in range(row):
                shared = _correlation(term, subjects[row], results[row], subjects[column], results[column])
                covariance[row, column] += shared * sizes[row] * sizes[column]
                covariance[column, row] = covariance[row, column]
    return covariance


def _correlation(
    term: str, first: Subject, first_result: WindowResult, second: Subject, second_result: WindowResult
) -> float:
    """Correlation of one systematic term between two runs: 0 unless they used the same record."""
    kind = _RECORD_OF_TERM[term]
    if first.evaluation is None or second.evaluation is None:
        return 0.0
    record = first.evaluation.records.get(kind)
    if record is None or record != second.evaluation.records.get(kind):
        return 0.0
    if term != "response_shape" or first.corrected is None or second.corrected is None:
        return 1.0
    matrix = first.corrected.calibration.response.shape_covariance()
    left = response_weights(first.corrected, first_result)
    right = response_weights(second.corrected, second_result)
    size = float(np.sqrt((left @ matrix @ left) * (right @ matrix @ right)))
    return float(left @ matrix @ right) / size if size > 0 else 1.0


def _samples(
    subjects: Sequence[Subject], results: Sequence[WindowResult], covariance: FloatArray
) -> tuple[SampleResult, ...]:
    found: list[SampleResult] = []
    for sample in dict.fromkeys(subject.run.sample for subject in subjects):
        runs = [index for index, subject in enumerate(subjects) if subject.run.sample == sample]
        means = np.array([results[index].mean_plqy for index in runs])
        absolute = covariance[np.ix_(runs, runs)] * means[:, None] * means[None, :]
        found.append(
            SampleResult(
                sample=sample,
                runs=tuple(runs),
                mean_plqy=float(means.mean()),
                u_mean_plqy=float(np.sqrt(absolute.sum()) / len(runs)),
                spread=float(means.std(ddof=1)) if len(runs) > 1 else float("nan"),
            )
        )
    return tuple(found)


def _ratios(
    samples: Sequence[SampleResult],
    results: Sequence[WindowResult],
    covariance: FloatArray,
    ratio_to: str | None,
) -> tuple[Ratio, ...]:
    by_name = {sample.sample: sample for sample in samples}
    if ratio_to is not None and ratio_to not in by_name:
        raise ConfigurationError(f"--ratio-to {ratio_to!r}: no such sample, there is {', '.join(by_name)}")
    lower = samples[0] if ratio_to is None else by_name[ratio_to]
    return tuple(_ratio(upper, lower, results, covariance) for upper in samples if upper is not lower)


def _ratio(
    upper: SampleResult, lower: SampleResult, results: Sequence[WindowResult], covariance: FloatArray
) -> Ratio:
    """∂ln R/∂ln η_k = ± η_k / (n mean) for the runs above and below the line; the rest is algebra."""
    weights = np.zeros(len(results))
    for sample, sign in ((upper, 1.0), (lower, -1.0)):
        for index in sample.runs:
            weights[index] = sign * results[index].mean_plqy / (len(sample.runs) * sample.mean_plqy)
    ratio = upper.mean_plqy / lower.mean_plqy
    by_spread = [
        sample.spread_relative / len(sample.runs) ** 0.5 for sample in (upper, lower) if len(sample.runs) > 1
    ]
    return Ratio(
        sample=upper.sample,
        reference=lower.sample,
        ratio=ratio,
        u_ratio=abs(ratio) * max(float(weights @ covariance @ weights), 0.0) ** 0.5,
        u_ratio_unshared=abs(ratio) * float(np.sqrt(weights**2 @ np.diag(covariance))),
        u_batches=abs(ratio) * float(np.linalg.norm(by_spread)) if by_spread else float("nan"),
    )


def _reason_to_leave_out(subject: Subject, window: str) -> str:
    if subject.evaluation is None:
        return subject.problem
    result = subject.evaluation.windows.get(window)
    if result is None:
        return f"not evaluated in the window {window}"
    return "" if np.isfinite(result.mean_plqy) else "no step in the averaging range"


def _shared_records(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Of the records whose errors cancel in ratios, those that all runs used."""
    used: list[Mapping[str, str]] = [
        subject.evaluation.records for subject in subjects if subject.evaluation is not None
    ]
    if len(used) < 2:
        return ()
    return tuple(
        kind
        for kind in _RECORD_OF_TERM.values()
        if kind in used[0] and all(records.get(kind) == used[0][kind] for records in used)
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as the JSON object that `plqy compare --json` prints; what isn't finite stays so."""
    return {
        "window": comparison.window,
        "low_nm": comparison.low_nm,
        "high_nm": comparison.high_nm,
        "samples": [
            {
                "sample": sample.sample,
                "mean_plqy": sample.mean_plqy,
                "u_mean_plqy": sample.u_mean_plqy,
                "spread": sample.spread,
                "spread_relative": sample.spread_relative,
                "runs": [_run_json(comparison, position) for position in sample.runs],
            }
            for sample in comparison.samples
        ],
        "ratios": [asdict(ratio) for ratio in comparison.ratios],
        "shared_records": list(comparison.shared_records),
        "left_out": [{"run": folder, "reason": reason} for folder, reason in comparison.left_out],
    }


def _run_json(comparison: Comparison, position: int) -> dict[str, Any]:
    run, result = comparison.subjects[position].run, comparison.result(position)
    return {
        "run": str(run.folder),
        "uid": run.uid,
        "mean_plqy": result.mean_plqy,
        "u_mean_plqy": result.u_mean_plqy,
        "range": list(result.range_mw_per_cm2),
        "flags": list(doubts(result.flags)),
    }
