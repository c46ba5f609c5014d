"""One run, its calibration and a few choices in; quantum yields with uncertainties and flags out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from calibration import CalibrationSet
from calibration.roles import REQUIRED_ROLES
from plqy_rig.data import Evaluation, Run, WindowResult
from plqy_rig.data.errors import StorageError
from plqy_rig.evaluation.choices import DEFAULT_RANGE_MW_PER_CM2, EvaluationChoices
from plqy_rig.evaluation.corrected_run import CorrectedRun, correct_run
from plqy_rig.evaluation.monte_carlo import DrawnWindow, MonteCarloResult, monte_carlo
from plqy_rig.evaluation.record_checks import record_warnings
from plqy_rig.evaluation.run_checks import run_flags
from plqy_rig.evaluation.window_result import WindowProblem, evaluate_window, pose
from plqy_rig.evaluation.windows import named

__all__ = [
    "DEFAULT_RANGE_MW_PER_CM2",
    "EvaluationChoices",
    "evaluate_if_complete",
    "evaluate_run",
    "require_roles",
]


def evaluate_run(
    run: Run, choices: EvaluationChoices | None = None, calibration: CalibrationSet | None = None
) -> Evaluation:
    """Evaluate a run that has all five roles.

    Args:
        run: as loaded or as just measured.
        choices: windows, range, estimators and corrections; the published windows by default.
        calibration: other records than those stored in the run.

    Raises:
        StorageError: the run lacks a role altogether.
        CalibrationError: a record can't be used, or is for another spectrometer.
        ConfigurationError: a window lies outside the spectra.
    """
    choices = choices or EvaluationChoices()
    calibration = calibration or CalibrationSet.from_documents(run.calibration, str(run.folder))
    require_roles(run)
    corrected = correct_run(run, calibration, choices)
    of_run = run_flags(corrected)
    problems = {name: pose(corrected, window) for name, window in named(choices.windows).items()}
    windows = {name: evaluate_window(corrected, problem, of_run) for name, problem in problems.items()}
    if choices.monte_carlo_draws:
        windows = _with_draws(corrected, problems, windows)
    return _evaluation(corrected, choices, windows)


def evaluate_if_complete(run: Run) -> Evaluation | None:
    """Evaluate a run with its own records if all five roles have all their steps, else None."""
    return evaluate_run(run) if run.next_role() is None else None


def require_roles(run: Run) -> None:
    """Refuse a run that lacks one of the five roles; raises `StorageError`."""
    missing = [str(role) for role in REQUIRED_ROLES if role not in run.spectra]
    if missing:
        raise StorageError(
            f"{run.folder}: can't be evaluated, it has no {', '.join(missing)}; "
            "measure the missing passes first"
        )


def _with_draws(
    corrected: CorrectedRun,
    problems: Mapping[str, WindowProblem],
    windows: Mapping[str, WindowResult],
) -> dict[str, WindowResult]:
    choices = corrected.choices
    drawable = {name: problem for name, problem in problems.items() if problem.usable.any()}
    drawn = [
        DrawnWindow(
            contents=problem.contents,
            reference_power_w=problem.power_w,
            estimator=problem.estimator,
            leakage=choices.leakage,
            weights=problem.variances.weights,
            common_relative=problem.variances.common_relative,
        )
        for problem in drawable.values()
    ]
    results = monte_carlo(drawn, corrected.common_errors, choices.monte_carlo_draws, choices.seed)
    found = dict(windows)
    for name, result in zip(drawable, results, strict=True):
        found[name] = _with_distribution(windows[name], problems[name], result)
    return found


def _with_distribution(window: WindowResult, problem: WindowProblem, drawn: MonteCarloResult) -> WindowResult:
    """The analytic result with the intervals that were drawn."""

    def scattered(values: Any) -> Any:
        wide = np.full((len(problem.usable), *values.shape[1:]), np.nan)
        wide[problem.usable] = values
        return wide

    steps = dataclasses.replace(
        window.details.steps,
        plqy_median=scattered(drawn.median),
        u_plqy_monte_carlo=scattered(drawn.sigma),
        absorptance_not_positive=scattered(drawn.not_positive),
    )
    mean = dataclasses.replace(
        window.details.mean,
        median=drawn.mean_median,
        u_monte_carlo=drawn.mean_sigma,
        ci68=drawn.mean_ci68,
        ci95=drawn.mean_ci95,
    )
    return dataclasses.replace(
        window,
        ci68=scattered(drawn.ci68),
        ci95=scattered(drawn.ci95),
        details=dataclasses.replace(window.details, steps=steps, mean=mean),
    )


def _evaluation(
    corrected: CorrectedRun, choices: EvaluationChoices, windows: Mapping[str, WindowResult]
) -> Evaluation:
    run, calibration = corrected.run, corrected.calibration
    records = {str(kind): record.sha256 for kind, record in calibration.records.items()}
    if choices.response_behind_long_pass is not None:
        records["response_behind_long_pass"] = choices.response_behind_long_pass.sha256
    return Evaluation(
        run_uid=run.uid,
        laser_window_nm=(corrected.laser_window.low_nm, corrected.laser_window.high_nm),
        windows=windows,
        records=records,
        warnings=(*run.warnings, *_warnings(corrected)),
        version=_program_version(),
        evaluated=time.time(),
        settings={
            **choices.settings(),
            "u_power_density_relative": _power_density_uncertainty(calibration),
            **_baselines(corrected),
        },
    )


@cache
def _program_version() -> str:
    # Looking through the installed packages takes longer than evaluating a window.
    return version("plqy-rig")


def _warnings(corrected: CorrectedRun) -> Sequence[str]:
    run, calibration = corrected.run, corrected.calibration
    moment = datetime.fromtimestamp(run.started, tz=UTC)
    warnings = [
        f"calibration expired: {kind} ({calibration.records[kind].expires:%Y-%m-%d})"
        for kind in calibration.expired_at(moment)
    ]
    warnings += record_warnings(corrected)
    if run.exit_status != "success":
        reason = run.stop.get("reason", "") if run.stop else "it has no stop document"
        warnings.append(f"the run did not end as planned ({run.exit_status}): {reason}")
    return warnings


def _power_density_uncertainty(calibration: CalibrationSet) -> float:
    """Of all power densities of the run together: monitor ratio and beam area (method, section 8)."""
    return float(
        np.hypot(
            calibration.monitor_ratio.ratio_uncertainty_relative, calibration.beam.area_uncertainty_relative
        )
    )


def _baselines(corrected: CorrectedRun) -> dict[str, Any]:
    """What was taken off as baseline, counts, by role; nothing when none was."""
    found = {
        str(role): [float(value) for value in photons.baseline_counts]
        for role, photons in corrected.photons.items()
        if photons.baseline_counts is not None
    }
    return {"baseline_counts": found} if found else {}
