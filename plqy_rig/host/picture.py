"""The picture of a rig that every face shows: one document, and how each event changes it.

The host keeps its snapshot with the very function a face may use, so that a face that heard every event since
its snapshot sees what the host sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_LOG_LINES = 500
MOST_HISTORY = 500

WHOLE_PARTS = (
    "engine",
    "occupation",
    "run",
    "activity",
    "progress",
    "queue",
    "result",
    "calibration",
    "rig",
)
"""Events that bring a whole part of the picture under their own name."""

NO_PROGRESS: Mapping[str, Any] = {"passes": [], "remaining_s": None, "finish_s": None}


def empty_picture(rig: Mapping[str, Any], engine: Mapping[str, Any]) -> dict[str, Any]:
    """The picture before anything happened.

    Args:
        rig: its part "rig".
        engine: its part "engine".
    """
    return {
        "rig": rig,
        "engine": engine,
        "occupation": "idle",
        "activity": None,
        "progress": dict(NO_PROGRESS),
        "run": None,
        "instruments": {},
        "queue": {"state": "idle", "reason": "", "entries": []},
        "result": None,
        "calibration": None,
        "log": [],
        "history": [],
    }


def apply_event(picture: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Change a picture as an event says. Parts are replaced, never altered: a shallow copy stays as it was.

    Args:
        picture: the content of a snapshot.
        event: as it comes over the wire, with `event`, `time_s` and its fields.
    """
    name = event["event"]
    if name in WHOLE_PARTS:
        picture[name] = event[name]
    elif name == "snapshot":
        whole = dict(event["snapshot"])
        picture.clear()
        picture.update(whole)
    elif name == "readings":
        picture["instruments"] = {**picture["instruments"], event["instrument"]: event["instrument_state"]}
    elif name == "notice":
        line = {"time_s": event["time_s"], "sentence": event["sentence"], "warning": event["warning"]}
        picture["log"] = [*picture["log"][1 - MOST_LOG_LINES :], line]
    elif name == "state":
        change = {"old": event["old"], "new": event["state"], "reason": event["reason"]}
        change["time_s"] = event["time_s"]
        picture["history"] = [*picture["history"][1 - MOST_HISTORY :], change]
