"""What states and durations are called in the window."""

from __future__ import annotations

import math
from dataclasses import dataclass

from plqy_rig.gui.themes import theme


@dataclass(frozen=True)
class Shown:
    """How a fact is shown.

    Attributes:
        state: "good", "warning", "bad" or "unknown".
        icon_name: of our icons.
        word: one or two words.
        sentence: what it means.
    """

    state: str
    icon_name: str
    word: str
    sentence: str


_SAFETY = {
    "safe": Shown("good", "safe", "SAFE", "Shutter closed, laser off, wheel at its darkest: all verified."),
    "dark": Shown("good", "safe", "DARK", "The shutter was verified closed; the laser may be on behind it."),
    "in use": Shown("warning", "in-use", "IN USE", "A run uses the rig: light may be on."),
    "not safe": Shown(
        "bad", "not-safe", "NOT SAFE", "The safe state was asked for and could not be verified."
    ),
}
_SAFETY_UNKNOWN = Shown("unknown", "unknown", "NOT VERIFIED", "Nothing is known about the safe state yet.")

_STATES = {
    "idle": ("unknown", "Idle"),
    "preparing": ("warning", "Preparing"),
    "running": ("warning", "Measuring"),
    "pausing": ("warning", "Pausing"),
    "paused": ("warning", "Paused"),
    "waiting for operator": ("warning", "Waiting for you"),
    "finishing": ("warning", "Finishing"),
    "aborting": ("bad", "Aborting"),
    "finished": ("good", "Finished"),
    "aborted": ("bad", "Aborted"),
    "failed": ("bad", "Failed"),
    "interrupted": ("bad", "Interrupted"),
}

_ACTIVITIES = {"idle": "", "queue": "Queue", "calibration": "Calibration", "manual": "By hand", "run": "Run"}


def safety_shown(safety: str) -> Shown:
    """How a value of Safety is shown."""
    return _SAFETY.get(safety, _SAFETY_UNKNOWN)


def state_words(state: str) -> tuple[str, str]:
    """State of the style ("good", ...) and word of a value of EngineState."""
    return _STATES.get(state, ("unknown", state.capitalize()))


def occupation_words(occupation: str) -> str:
    """What uses the rig; empty when nothing does."""
    return _ACTIVITIES.get(occupation, occupation)


def role_words(role: str) -> str:
    """A role in people's words, e.g. `indirect (emission)`: as in plots, reports and figures."""
    return theme.role_style(role).label


def duration_words(seconds: float | None) -> str:
    """A duration for people: "48 s", "7 min", "2 h 05 min"; empty when it isn't known."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def unbroken(text: str) -> str:
    """The text with blanks at which no line breaks."""
    return text.replace(" ", "\u00a0")
