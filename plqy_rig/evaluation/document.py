"""An evaluation as the JSON object that `plqy evaluate --json` prints."""

from __future__ import annotations

from typing import Any

from plqy_rig.data import Evaluation, Run, WindowResult


def evaluation_document(run: Run, evaluation: Evaluation) -> dict[str, Any]:
    """One entry of `runs`; numbers that aren't finite stay so, the printer makes them null."""
    return {
        "run": str(run.folder),
        "uid": run.uid,
        "sample": run.sample,
        "windows": {name: _window_document(window) for name, window in evaluation.windows.items()},
        "records": dict(evaluation.records),
        "warnings": [*evaluation.warnings],
    }


def _window_document(window: WindowResult) -> dict[str, Any]:
    return {
        "low_nm": window.low_nm,
        "high_nm": window.high_nm,
        "mean_plqy": window.mean_plqy,
        "u_mean_plqy": window.u_mean_plqy,
        "range": list(window.range_mw_per_cm2),
        "budget": dict(window.budget),
        "estimator": window.estimator,
        "steps": [_step_document(window, step) for step in range(len(window.plqy))],
    }


def _step_document(window: WindowResult, step: int) -> dict[str, Any]:
    return {
        "power_density": float(window.power_density_mw_per_cm2[step]),
        "plqy": float(window.plqy[step]),
        "u_plqy": float(window.u_plqy[step]),
        "ci68": [float(value) for value in window.ci68[step]],
        "ci95": [float(value) for value in window.ci95[step]],
        "absorptance": float(window.absorptance[step]),
        "mu": float(window.mu[step]),
        "plqy_2m": float(window.plqy_2m[step]),
        "flags": list(window.flags[step]),
    }
