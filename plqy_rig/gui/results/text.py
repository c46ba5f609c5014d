"""Times in the words of the results pages. No Qt."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from plqy_rig.evaluation.words import NOTHING, plural


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


def when_briefly(time_s: float) -> str:
    """Day and time of something of this year, day and year of something older; in this computer's time."""
    if not math.isfinite(time_s):
        return NOTHING
    moment = datetime.fromtimestamp(time_s)
    return f"{moment:%d %b %H:%M}" if moment.year == datetime.now().year else f"{moment:%d %b %Y}"
