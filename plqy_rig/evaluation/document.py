"""An evaluation as the JSON object that `plqy evaluate --json` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from plqy_rig.data import Evaluation, MeanDetails, Run, WindowResult
from plqy_rig.evaluation.batch import EvaluatedRun, RunIdentity
from plqy_rig.evaluation.flags import NOTES, SENTENCES, Flag

if TYPE_CHECKING:
    from plqy_rig.evaluation.power_dependence import ModelFit, PowerDependence

_STEP_DETAILS = (
    "u_plqy_random",
    "u_plqy_systematic",
    "absorptance_used",
    "u_absorptance",
    "absorptance_2m",
    "u_plqy_2m",
    "plqy_reabsorption_corrected",
    "plqy_median",
    "u_plqy_monte_carlo",
    "absorptance_not_positive",
)


def evaluation_document(
    run: Run | RunIdentity,
    evaluation: Evaluation,
    with_stored_response: Evaluation | None = None,
    fits: Mapping[str, PowerDependence] | None = None,
) -> dict[str, Any]:
    """One entry of `runs`; numbers that aren't finite stay so, the printer makes them null.

    Args:
        run: which run it is.
        evaluation: what was found.
        with_stored_response: the same with the response stored in the run, where another was used.
        fits: power dependence by window, where it was asked for.
    """
    document: dict[str, Any] = {
        "run": str(run.folder),
        "uid": run.uid,
        "sample": run.sample,
        "windows": {name: _window_document(window) for name, window in evaluation.windows.items()},
        "records": dict(evaluation.records),
        "settings": dict(evaluation.settings),
        "flags": _flags_document(evaluation),
        "warnings": [*evaluation.warnings],
    }
    if with_stored_response is not None:
        document["with_stored_response"] = {
            "records": dict(with_stored_response.records),
            "windows": {
                name: {"mean_plqy": window.mean_plqy, "u_mean_plqy": window.u_mean_plqy}
                for name, window in with_stored_response.windows.items()
            },
        }
    for name, fit in (fits or {}).items():
        document["windows"][name]["fits"] = _fits_document(fit)
    return document


def problem_document(found: EvaluatedRun) -> dict[str, Any]:
    """The entry of a run without an evaluation: the keys that scripts read are there, without a result."""
    return {
        "run": str(found.path),
        "sample": found.identity.sample if found.identity else None,
        "windows": {},
        "warnings": [found.problem],
        "problem": found.problem,
    }


def _window_document(window: WindowResult) -> dict[str, Any]:
    return {
        "low_nm": window.low_nm,
        "high_nm": window.high_nm,
        "mean_plqy": window.mean_plqy,
        "u_mean_plqy": window.u_mean_plqy,
        "range": list(window.range_mw_per_cm2),
        "mean": _mean_document(window.details.mean),
        "budget": dict(window.budget),
        "estimator": window.estimator,
        "steps": [_step_document(window, step) for step in range(len(window.plqy))],
    }


def _mean_document(mean: MeanDetails) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(mean).items()
    }


def _step_document(window: WindowResult, step: int) -> dict[str, Any]:
    arrays = window.details.steps.arrays()
    u_plqy = float(window.u_plqy[step])
    return {
        "power_density": float(window.power_density_mw_per_cm2[step]),
        "plqy": float(window.plqy[step]),
        "u_plqy": u_plqy,
        "symmetric": bool(np.isfinite(u_plqy)),
        "ci68": [float(value) for value in window.ci68[step]],
        "ci95": [float(value) for value in window.ci95[step]],
        "absorptance": float(window.absorptance[step]),
        "mu": float(window.mu[step]),
        "plqy_2m": float(window.plqy_2m[step]),
        "flags": list(window.flags[step]),
        **{name: float(arrays[name][step]) for name in _STEP_DETAILS if name in arrays},
        "budget": {name: float(part[step]) for name, part in window.details.step_budget.items()},
    }


def _flags_document(evaluation: Evaluation) -> dict[str, Any]:
    """Every flag that was raised: what it means, and whether it is a note or a doubt."""
    raised = {flag for window in evaluation.windows.values() for flags in window.flags for flag in flags}
    known = [Flag(code) for code in sorted(raised)]
    return {
        str(flag): {"sentence": SENTENCES[flag], "kind": "note" if flag in NOTES else "doubt"}
        for flag in known
    }


def _fits_document(fit: PowerDependence) -> dict[str, Any]:
    return {
        "chosen": fit.chosen,
        "p_no_trend": fit.p_no_trend,
        "emission_slope": fit.emission_slope,
        "u_emission_slope": fit.u_emission_slope,
        "power_density": [float(value) for value in fit.density],
        "models": {model.name: _model_document(model) for model in fit.models},
    }


def _model_document(model: ModelFit) -> dict[str, Any]:
    return {
        "formula": model.formula,
        "parameters": {
            name: {"value": value, "u": model.sigmas[name]} for name, value in model.values.items()
        },
        "free": list(model.free),
        "covariance": None if model.covariance is None else model.covariance.tolist(),
        "chi_squared": model.chi_squared,
        "degrees_of_freedom": model.degrees_of_freedom,
        "chi_squared_reduced": model.chi_squared_reduced,
        "aicc": model.aicc,
        "residuals": [float(value) for value in model.residuals],
    }
