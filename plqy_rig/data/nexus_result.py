"""Results in the NeXus file: written so that a viewer plots PLQY against power density at once."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import h5py
import numpy as np

from plqy_rig.data.encoding import decode_json, encode_json
from plqy_rig.data.hdf5 import get_array, get_text, get_texts, make_group, put_numbers, put_text, put_texts
from plqy_rig.data.nexus_layout import iso_time
from plqy_rig.data.result import Evaluation, WindowResult
from plqy_rig.data.result_details import MeanDetails, StepDetails, WindowDetails

_FLAG_SEPARATOR = ";"

_STEP_RESULTS = (
    ("power_density_mw_per_cm2", "power_density", "mW/cm^2", "excitation power density"),
    ("plqy", "plqy", "1", "photoluminescence quantum yield"),
    ("u_plqy", "plqy_errors", "1", "standard uncertainty of the quantum yield"),
    ("ci68", "ci68", "1", "68 % interval of the quantum yield"),
    ("ci95", "ci95", "1", "95 % interval of the quantum yield"),
    ("absorptance", "absorptance", "1", "absorptance of the direct beam"),
    ("mu", "mu", "1", "fraction of scattered laser light absorbed"),
    ("plqy_2m", "plqy_2m", "1", "quantum yield by the two-measurement variant"),
)
"""Attribute of `WindowResult`, name in the file, units, label."""


_RATES = ("emission_rate", "absorbed_rate")
"""Details that are photons per second; the others are plain numbers."""


def write_result(entry: h5py.Group, evaluation: Evaluation) -> None:
    """Write /entry/result with one NXdata group for each window."""
    group = make_group(entry, "result", "NXprocess")
    put_text(group, "program", "plqy-rig")
    put_text(group, "version", evaluation.version)
    put_text(group, "date", iso_time(evaluation.evaluated))
    choices = make_group(group, "choices", "NXcollection")
    laser_window_nm = np.asarray(evaluation.laser_window_nm, dtype=np.float64)
    put_numbers(choices, "laser_window", laser_window_nm, "nm", "limits of the laser line")
    put_texts(choices, "windows", list(evaluation.windows))
    put_texts(choices, "warnings", evaluation.warnings)
    put_text(choices, "settings", encode_json(evaluation.settings))
    put_text(choices, "records", encode_json(evaluation.records))
    put_numbers(choices, "evaluated", evaluation.evaluated, "s", "when, since 1970 UTC")
    if evaluation.default_window is not None:
        group.attrs["default"] = evaluation.default_window
    for window in evaluation.windows.values():
        _write_window(group, window)


def _write_window(parent: h5py.Group, window: WindowResult) -> None:
    group = make_group(
        parent,
        window.name,
        "NXdata",
        signal="plqy",
        axes=["power_density"],
        power_density_indices=0,
    )
    put_text(group, "title", f"PLQY, {window.low_nm:g}-{window.high_nm:g} nm")
    limits_nm = np.array([window.low_nm, window.high_nm], dtype=np.float64)
    put_numbers(group, "window", limits_nm, "nm", "limits of the emission window")
    for attribute, name, units, what in _STEP_RESULTS:
        put_numbers(group, name, getattr(window, attribute), units, what)
    put_texts(group, "flags", [_FLAG_SEPARATOR.join(flags) for flags in window.flags])
    put_numbers(group, "mean_plqy", window.mean_plqy, "1", "mean quantum yield over the range")
    put_numbers(group, "mean_plqy_errors", window.u_mean_plqy, "1", "standard uncertainty of the mean")
    limits = np.asarray(window.range_mw_per_cm2, dtype=np.float64)
    put_numbers(group, "range", limits, "mW/cm^2", "power densities of the mean")
    put_text(group, "estimator", window.estimator)
    # Beside the numbers: in an NXdata group validators take a list of texts for something to plot.
    notes = make_group(group, "notes", "NXcollection")
    put_texts(notes, "warnings", window.warnings)
    budget = make_group(group, "budget", "NXcollection")
    for name, contribution in window.budget.items():
        put_numbers(budget, name, contribution, "1", "relative contribution to the uncertainty")
    _write_details(group, window.details)


def _write_details(window: h5py.Group, details: WindowDetails) -> None:
    group = make_group(window, "details", "NXcollection")
    steps = make_group(group, "steps", "NXcollection")
    for name, values in details.steps.arrays().items():
        put_numbers(steps, name, values, "1/s" if name in _RATES else "1")
    budget = make_group(group, "step_budget", "NXcollection")
    for name, values in details.step_budget.items():
        put_numbers(budget, name, values, "1", "relative contribution to the step's uncertainty")
    mean = make_group(group, "mean", "NXcollection")
    for item in fields(MeanDetails):
        put_numbers(mean, item.name, np.asarray(getattr(details.mean, item.name)), "1")


def _read_details(window: h5py.Group) -> WindowDetails:
    if "details" not in window:
        return WindowDetails()
    group = window["details"]
    return WindowDetails(
        steps=StepDetails(**{str(name): get_array(group["steps"], name, "<f8") for name in group["steps"]}),
        mean=MeanDetails(**{str(name): _plain(data[()]) for name, data in group["mean"].items()}),
        step_budget={
            str(name): get_array(group["step_budget"], name, "<f8") for name in group["step_budget"]
        },
    )


def _plain(values: Any) -> Any:
    """Python's own number, truth value or tuple of numbers."""
    plain = values.tolist()
    return tuple(plain) if isinstance(plain, list) else plain


def read_result(entry: h5py.Group, run_uid: str) -> Evaluation | None:
    """Read what `write_result` wrote; None when the run wasn't evaluated."""
    if "result" not in entry:
        return None
    group = entry["result"]
    choices = group["choices"]
    low, high = choices["laser_window"][()]
    return Evaluation(
        run_uid=run_uid,
        windows={name: _read_window(group[name], name) for name in get_texts(choices, "windows")},
        laser_window_nm=(float(low), float(high)),
        records=decode_json(get_text(choices, "records")),
        warnings=get_texts(choices, "warnings"),
        version=get_text(group, "version"),
        evaluated=float(choices["evaluated"][()]),
        settings=decode_json(get_text(choices, "settings")),
    )


def _read_window(group: h5py.Group, name: str) -> WindowResult:
    arrays: dict[str, Any] = {
        attribute: get_array(group, dataset, "<f8") for attribute, dataset, _, _ in _STEP_RESULTS
    }
    low, high = group["range"][()]
    low_nm, high_nm = group["window"][()]
    return WindowResult(
        name=name,
        low_nm=float(low_nm),
        high_nm=float(high_nm),
        flags=tuple(tuple(text.split(_FLAG_SEPARATOR)) if text else () for text in get_texts(group, "flags")),
        mean_plqy=float(group["mean_plqy"][()]),
        u_mean_plqy=float(group["mean_plqy_errors"][()]),
        range_mw_per_cm2=(float(low), float(high)),
        budget={str(term): float(dataset[()]) for term, dataset in group["budget"].items()},
        estimator=get_text(group, "estimator"),
        warnings=get_texts(group["notes"], "warnings"),
        details=_read_details(group),
        **arrays,
    )
