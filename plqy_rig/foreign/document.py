"""An evaluation of files as the JSON object of `plqy evaluate-files`: the keys of `plqy evaluate`."""

from __future__ import annotations

import math
from typing import Any

from plqy_rig.foreign.evaluate import FilesEvaluation, WindowYield


def files_document(evaluation: FilesEvaluation) -> dict[str, Any]:
    """One entry of `runs`; numbers that aren't known are NaN, which the printer makes null."""
    request = evaluation.measurement.request
    notes = [*evaluation.notes, *(note for window in evaluation.windows.values() for note in window.notes)]
    direct = evaluation.measurement.parts
    path = next(spectra.path for part, spectra in direct.items() if part.value == "direct")
    return {
        "run": str(path),
        "sample": request.sample if request.sample is not None else path.stem,
        "windows": {name: _window(window) for name, window in evaluation.windows.items()},
        "files": {str(part): list(spectra.labels) for part, spectra in evaluation.measurement.parts.items()},
        "method": "2M" if request.is_two_measurement else "3M",
        "laser": [request.laser.low_nm, request.laser.high_nm],
        "quantity": str(evaluation.measurement.quantity),
        "per": str(evaluation.per),
        "leakage": str(request.leakage_used),
        "warnings": notes,
    }


def _window(result: WindowYield) -> dict[str, Any]:
    yields, sigma = result.yields, result.u_plqy
    size = abs(yields.plqy)
    return {
        "low_nm": result.window.low_nm,
        "high_nm": result.window.high_nm,
        "mean_plqy": yields.plqy,
        "u_mean_plqy": sigma,
        "range": [math.nan, math.nan],
        "budget": {
            name: math.sqrt(term) / size if size else math.nan for name, term in result.plqy.terms.items()
        },
        "degrees_of_freedom": result.plqy.degrees_of_freedom,
        "steps": [
            {
                "power_density": math.nan,
                "plqy": yields.plqy,
                "u_plqy": sigma,
                "ci68": list(result.ci68),
                "ci95": list(result.ci95),
                "absorptance": yields.absorptance,
                "mu": yields.mu,
                "plqy_2m": yields.plqy_2m,
                "flags": [str(flag) for flag in result.flags],
            }
        ],
    }
