"""What the status page shows: the host's picture, cut down to what fits a page, with the latest spectrum."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plqy_rig.host import News, RigHost

_LOG_LINES = 40
_WINDOW = "er"


class StatusPicture:
    """Hears a host and tells its state as one small JSON object."""

    def __init__(self, host: RigHost) -> None:
        """Begin to hear.

        Args:
            host: stays untouched: nothing here has a command to give.
        """
        self._host = host
        self._wavelength_nm: NDArray[np.float64] | None = None
        self._spectrum: dict[str, Any] | None = None
        self.sequence = 0
        """Number of the last event: the text is worth making anew when it has changed."""
        host.subscribe(self._hear)

    def _hear(self, news: News) -> None:
        if news.name == "document":
            self._take(news.fields["name"], news.fields["document"])
        self.sequence = news.sequence

    def _take(self, name: str, document: Mapping[str, Any]) -> None:
        if name == "start":
            self._wavelength_nm = np.asarray(document["wavelength_nm"], dtype=np.float64)
            self._spectrum = None
        elif name == "event" and self._wavelength_nm is not None:
            data = document["data"]
            if "counts" in data:
                self._spectrum = {
                    "role": data["role"],
                    "step": data["step"],
                    "wavelength_nm": _rounded(self._wavelength_nm),
                    "counts": _rounded(np.asarray(data["counts"], dtype=np.float64)),
                }

    def text(self) -> str:
        """The state as one line of JSON."""
        picture = self._host.snapshot
        document = {
            "now_s": time.time(),
            "rig": {key: picture["rig"][key] for key in ("name", "simulated")},
            "engine": _engine(picture["engine"], picture["history"]),
            "occupation": picture["occupation"],
            "run": _run(picture["run"]),
            "activity": picture["activity"],
            "progress": picture["progress"],
            "instruments": picture["instruments"],
            "spectrum": self._spectrum,
            "plqy": _plqy(picture["result"]),
            "queue": _queue(picture["queue"]),
            "log": _log(picture["log"], picture["history"]),
        }
        return json.dumps(_finite(document), separators=(",", ":"))


def _engine(engine: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    verdict, question = engine["verdict"], engine["question"]
    # The last change may be a moment ahead of the part "engine".
    changes = [change for change in history if change["new"] == engine["state"]]
    return {
        "state": engine["state"],
        "reason": changes[-1]["reason"] if changes else "",
        "since_s": changes[-1]["time_s"] if changes else None,
        "safety": engine["safety"],
        "verdict": verdict["sentence"] if verdict else "",
        "holds": engine["holds"],
        "question": question["sentence"] if question else "",
        "exposures": engine["exposures"],
        "exposures_wanted": engine["exposures_wanted"],
        "guardian_watching": engine["guardian_watching"],
        "unsaved": engine["unsaved"],
    }


def _log(notices: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Notices and changes of state in the order of their times."""
    lines = [
        {"time_s": line["time_s"], "sentence": line["sentence"], "kind": "warns" if line["warning"] else ""}
        for line in notices[-_LOG_LINES:]
    ]
    for change in history[-_LOG_LINES:]:
        why = f": {change['reason']}" if change["reason"] else ""
        lines.append({"time_s": change["time_s"], "sentence": f"{change['new']}{why}", "kind": "state"})
    return sorted(lines, key=lambda line: float(line["time_s"]))[-_LOG_LINES:]


def _run(run: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    folder = PurePath(run["folder"]).name if run["folder"] else ""
    return {
        "sample": run["sample"],
        "folder": folder,
        "started_s": run["started_s"],
        "exit_status": run["exit_status"],
    }


def _plqy(result: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The main window's steps; None while there is nothing to show."""
    if result is None or not result.get("windows"):
        return None
    windows = result["windows"]
    name = _WINDOW if _WINDOW in windows else next(iter(windows))
    window = windows[name]
    keys = ("power_density", "plqy", "u_plqy", "flags")
    return {
        "window": name,
        "mean": window["mean_plqy"],
        "u_mean": window["u_mean_plqy"],
        "partial": result["partial"],
        "steps": [{key: step[key] for key in keys} for step in window["steps"]],
    }


def _queue(queue: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("name", "sample", "status", "held", "predicted_finish_s", "message")
    return {
        "state": queue["state"],
        "reason": queue["reason"],
        "entries": [{key: entry[key] for key in keys} for entry in queue["entries"]],
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 1) for value in values]


def _finite(value: Any) -> Any:
    """JSON has no NaN: nothing is shown in its place."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
