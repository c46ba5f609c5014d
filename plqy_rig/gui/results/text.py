"""Numbers and words of the results pages that are needed before the report's package is loaded. No Qt.

`plqy_rig.report.words` says the same, but importing it loads matplotlib, which would hold up the window's
start. Tests make sure that both agree.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

NOTHING = "–"
"""What stands where there is no number."""


def percent(value: float, uncertainty: float) -> str:
    """A fraction as per cent with its uncertainty, both rounded to its second digit; no unit."""
    if not math.isfinite(value):
        return NOTHING
    decimals = _decimals_for(100 * uncertainty)
    shown = f"{100 * value:.{decimals}f}".replace("-", "−")
    if not math.isfinite(uncertainty):
        return shown
    return f"{shown}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{100 * uncertainty:.{decimals}f}"


def plural(count: int, noun: str) -> str:
    """`1 step`, `20 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def span_words(span: timedelta) -> str:
    """A length of time as people say it: `3 h`, `12 days`, `5 months`."""
    seconds = abs(span.total_seconds())
    if seconds < 60:
        return "under a minute"
    for limit, unit, noun in (
        (5400, 60.0, "minute"),
        (172800, 3600.0, "hour"),
        (5_270_000, 86400.0, "day"),
        (63_100_000, 2_629_800.0, "month"),
    ):
        if seconds < limit:
            return plural(round(seconds / unit), noun)
    return plural(round(seconds / 31_557_600), "year")


def _decimals_for(uncertainty: float, digits: int = 2) -> int:
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return 2
    return min(6, max(0, digits - 1 - math.floor(math.log10(float(f"{uncertainty:.{digits - 1}e}")))))


def when_briefly(time_s: float) -> str:
    """Day and time of something of this year, day and year of something older; in this computer's time."""
    if not math.isfinite(time_s):
        return NOTHING
    moment = datetime.fromtimestamp(time_s)
    return f"{moment:%d %b %H:%M}" if moment.year == datetime.now().year else f"{moment:%d %b %Y}"
