"""Protocol-shaped pictures and documents for unit tests of the window."""

from __future__ import annotations

from typing import Any

import numpy as np

ROLES = (
    "empty_excitation",
    "indirect_excitation",
    "direct_excitation",
    "direct_emission",
    "indirect_emission",
)
INSTRUMENTS = ("shutter", "laser", "attenuator", "monitor", "spectrometer")
PIXELS = 8


def engine(**changes: Any) -> dict[str, Any]:
    """The engine part of a snapshot."""
    return {
        "state": "idle",
        "safety": "safe",
        "verdict": None,
        "holds": [],
        "question": None,
        "folder": None,
        "exposures": 0,
        "exposures_wanted": 0,
        "unsaved": 0,
        "guardian_watching": True,
        "warnings": [],
        **changes,
    }


def snapshot(**changes: Any) -> dict[str, Any]:
    """A whole snapshot of an idle simulated rig; `changes` replace parts."""
    instrument = {"connected": True, "problem": None, "mend": None, "identity": None, "readings": []}
    limits = {
        "power_density_mw_per_cm2": 1200.0,
        "current_a": 0.3,
        "current_limit_a": 0.35,
        "temperature_range_c": [15.0, 35.0],
        "angle_range_deg": [0.0, 270.0],
    }
    return {
        "rig": {
            "name": "simulated bench: HET-Ce, seed 1",
            "path": "/rig.toml",
            "simulated": True,
            "speed": 100.0,
            "console": None,
            "out": "runs",
            "calibration_folder": "calibration",
            "limits": limits,
            "purge_must_be_confirmed": False,
            "purge_confirmed": False,
        },
        "engine": engine(),
        "occupation": "idle",
        "activity": None,
        "progress": {"passes": [], "remaining_s": None, "finish_s": None},
        "run": None,
        "instruments": {name: dict(instrument) for name in INSTRUMENTS},
        "queue": {"state": "idle", "reason": "", "entries": []},
        "result": None,
        "calibration": None,
        "log": [],
        "history": [],
        **changes,
    }


def run_part(uid: str = "run-1", **changes: Any) -> dict[str, Any]:
    """The run part of a snapshot."""
    return {
        "uid": uid,
        "sample": "HET-Ce",
        "folder": "/runs/1",
        "started_s": 1.0,
        "recipe": {},
        "power_densities_mw_per_cm2": [100.0, 300.0, 900.0],
        "exit_status": None,
        **changes,
    }


def run_documents(uid: str = "run-1", steps: int = 3) -> list[tuple[str, dict[str, Any]]]:
    """Documents of a short run: start, descriptors, an exposure and a dark of each step of a role."""
    start = {
        "uid": uid,
        "time": 1.0,
        "sample": "HET-Ce",
        "wavelength_nm": np.linspace(900.0, 1700.0, PIXELS),
        "full_scale_counts": 65535.0,
        "target_power_density_mw_per_cm2": np.array([100.0, 300.0, 900.0]),
    }
    documents: list[tuple[str, dict[str, Any]]] = [("start", start)]
    documents += [
        ("descriptor", {"uid": f"{uid}-{stream}", "time": 1.0, "name": stream, "run_start": uid})
        for stream in ("exposure", "dark")
    ]
    for step in range(steps):
        documents.append(exposure_document(uid, ROLES[0], step))
        documents.append(dark_document(uid, ROLES[0], step))
    return documents


def exposure_document(
    uid: str, role: str, step: int, time_s: float | None = None
) -> tuple[str, dict[str, Any]]:
    """An event of the exposure stream."""
    data = {
        "role": role,
        "step": step,
        "target_power_density_mw_per_cm2": (100.0, 300.0, 900.0)[step],
        "integration_time_s": 0.1,
        "scans": 2,
        "counts": np.full(PIXELS, 1000.0 * (step + 1)),
        "counts_std": np.full(PIXELS, 5.0),
        "scan_counts": np.full((2, PIXELS), 1000.0 * (step + 1), dtype="<f4"),
        "monitor_power_w": 1e-3 * (step + 1),
        "monitor_power_std_w": 1e-6,
        "monitor_readings": 12,
        "wheel_position_deg": 100.0 + step,
        "laser_current_a": 0.3,
        "laser_temperature_c": 25.0,
        "detector_temperature_c": -10.0,
        "saturated": False,
        "light_on_s": 0.2,
    }
    return "event", _event(uid, "exposure", f"{role}-{step}", 10.0 + step if time_s is None else time_s, data)


def dark_document(uid: str, role: str, step: int) -> tuple[str, dict[str, Any]]:
    """An event of the dark stream."""
    data = {
        "role": role,
        "step": step,
        "integration_time_s": 0.1,
        "scans": 2,
        "dark": np.full(PIXELS, 100.0),
        "dark_std": np.full(PIXELS, 4.0),
        "detector_temperature_c": -10.0,
    }
    return "event", _event(uid, "dark", f"{role}-{step}", 10.5 + step, data)


def stop_document(uid: str = "run-1", exit_status: str = "success") -> tuple[str, dict[str, Any]]:
    """The stop document."""
    document = {
        "uid": f"{uid}-stop",
        "time": 99.0,
        "run_start": uid,
        "exit_status": exit_status,
        "reason": "",
    }
    return "stop", document


def _event(uid: str, stream: str, what: str, time_s: float, data: dict[str, Any]) -> dict[str, Any]:
    return {"uid": f"{uid}-{stream}-{what}", "time": time_s, "descriptor": f"{uid}-{stream}", "data": data}
