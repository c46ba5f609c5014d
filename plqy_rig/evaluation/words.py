"""Names and numbers as a reader sees them. Plain text; the same in figures, tables and JSON notes."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from calibration.roles import Role
from plqy_rig.data import WindowResult

POWER_DENSITY = "Power density (mW/cm²)"
"""Axis label of every figure against power density."""

NOTHING = "–"
"""What stands where there is no number."""

_ROLES = {
    Role.EMPTY_EXCITATION: "empty sphere (laser)",
    Role.INDIRECT_EXCITATION: "indirect (laser)",
    Role.DIRECT_EXCITATION: "direct (laser)",
    Role.DIRECT_EMISSION: "direct (emission)",
    Role.INDIRECT_EMISSION: "indirect (emission)",
    Role.EMPTY_EMISSION: "empty sphere (emission)",
}

WINDOW_TITLES = {
    "er": "Er band",
    "er_table1": "Er band, narrow",
    "total": "SWIR total",
    "yb": "Yb band",
}
"""Names of the known windows for people."""

_TERMS = {
    "scan_noise": "scan noise",
    "monitor_noise": "monitor noise",
    "response_shape": "shape of the response",
    "long_pass": "long-pass transmission",
    "linearity": "detector linearity",
    "leakage_model": "leakage model",
    "reabsorption": "re-absorption",
}

_ESTIMATORS = {
    "pooled": "one absorptance pooled over the steps",
    "per_step": "each step with its own absorptance",
}


TERMS = tuple(_TERMS)
"""All terms of an uncertainty budget."""


def role_words(role: Role) -> str:
    """What a role is, e.g. `indirect (emission)`."""
    return _ROLES.get(role, str(role))


def window_title(window: WindowResult) -> str:
    """A window's name for people: `Er band` for a known one, its own name otherwise."""
    return WINDOW_TITLES.get(window.name, window.name)


def window_limits(window: WindowResult) -> str:
    """A window's limits, e.g. `1400–1650 nm`."""
    return f"{window.low_nm:g}–{window.high_nm:g} nm"


def term_words(term: str) -> str:
    """A term of the uncertainty budget in words."""
    return _TERMS.get(term, term.replace("_", " "))


def estimator_words(estimator: str) -> str:
    """How the absorptance entered, in words."""
    return _ESTIMATORS.get(estimator, estimator.replace("_", " "))


def number(value: float, form: str = ".4g") -> str:
    """A number, or a dash where there is none."""
    return format(value, form).replace("-", "−") if math.isfinite(value) else NOTHING


def decimals_for(uncertainty: float, digits: int = 2) -> int:
    """Decimals that show an uncertainty with `digits` significant digits; at least 0, at most 6."""
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return 2
    return min(6, max(0, digits - 1 - math.floor(math.log10(float(f"{uncertainty:.{digits - 1}e}")))))


def with_uncertainty(value: float, uncertainty: float, scale: float = 1.0) -> tuple[str, str]:
    """Value and standard uncertainty, both rounded to the uncertainty's second digit.

    Args:
        value: what was found.
        uncertainty: its standard uncertainty, in the same unit.
        scale: multiplies both, e.g. 100 for per cent.

    Returns:
        Two texts; a dash for what isn't finite.
    """
    decimals = decimals_for(scale * uncertainty)
    return number(scale * value, f".{decimals}f"), number(scale * uncertainty, f".{decimals}f")


def percent(value: float, uncertainty: float) -> str:
    """A fraction as per cent with its uncertainty, e.g. `30.71 ± 0.59`; the unit isn't in it."""
    if not math.isfinite(value):
        return NOTHING
    shown, spread = with_uncertainty(value, uncertainty, 100.0)
    return shown if spread == NOTHING else f"{shown}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{spread}"


def power_range(limits: tuple[float, float]) -> str:
    """A range of power density, e.g. `50–900 mW/cm²`."""
    return f"{limits[0]:g}–{limits[1]:g} mW/cm²"


def moment(time_s: float | None) -> str:
    """A moment in UTC from s since 1970, e.g. `2026-11-22 12:01 UTC`."""
    if time_s is None or not math.isfinite(time_s):
        return NOTHING
    return f"{datetime.fromtimestamp(time_s, tz=UTC):%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """A length of time with a sensible unit, e.g. `12 min`, `3.4 h`, `21 days`."""
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172800.0, 3600.0, "h")):
        if abs(seconds) < limit:
            return f"{seconds / unit:.{1 if name == 'h' else 0}f} {name}"
    return f"{seconds / 86400.0:.0f} days"


def exposure(time_s: float) -> str:
    """An integration time, e.g. `45 ms`, `1.5 s`."""
    if not math.isfinite(time_s):
        return NOTHING
    return f"{time_s:.3g} s" if time_s >= 0.9995 else f"{1e3 * time_s:.3g} ms"


def plural(count: int, noun: str) -> str:
    """`1 step`, `20 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def superscript(exponent: int) -> str:
    """An exponent in superscript characters, e.g. `¹⁴`."""
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
