"""Durations, times, sizes and records in words, as the measure and the queue page say them. No Qt."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_DAY_S = 86400.0


def duration_words(seconds: float) -> str:
    """A duration with two units at most: "45 s", "12 min", "3 h 05 min", "2 d 4 h"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def moment_words(unix_s: float, now_s: float | None = None) -> str:
    """A time of day; with "tomorrow", a week day or a date where it isn't today."""
    now = time.localtime(time.time() if now_s is None else now_s)
    then = time.localtime(unix_s)
    clock = time.strftime("%H:%M", then)
    midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
    # Half a day more, so that a day of 23 or 25 hours changes nothing.
    days = int(
        (time.mktime((then.tm_year, then.tm_mon, then.tm_mday, 0, 0, 0, 0, 0, -1)) - midnight + _DAY_S / 2)
        // _DAY_S
    )
    if days == 0:
        return clock
    if days == 1:
        return f"tomorrow {clock}"
    return time.strftime("%a %H:%M" if 1 < days < 7 else "%d %b %H:%M", then)


def size_words(megabytes: float) -> str:
    """A size on a disk."""
    if megabytes >= 1e6:
        return f"{megabytes / 1e6:.1f} TB"
    return f"{megabytes / 1e3:.0f} GB" if megabytes >= 1e3 else f"{megabytes:.1f} MB"


def age_words(created: str, now: datetime | None = None) -> str:
    """How long ago an ISO time was: "3 hours", "21 days"."""
    age = (now or datetime.now(UTC)) - datetime.fromisoformat(created)
    if age.days >= 2:
        return f"{age.days} days"
    hours = max(age.total_seconds() / 3600, 0.0)
    return f"{hours:.0f} hours" if hours >= 1.5 else "1 hour or less"


def date_words(moment: str) -> str:
    """The date of an ISO time, e.g. "2 May 2027"."""
    return datetime.fromisoformat(moment).strftime("%d %b %Y").lstrip("0")


def dose_words(joules: float | None) -> str:
    """An energy on the sample."""
    if joules is None:
        return "unknown"
    if joules == 0:
        return "none"
    return f"{joules * 1e3:.3g} mJ" if joules < 0.1 else f"{joules:.3g} J"


def integration_words(range_s: Sequence[float]) -> str:
    """Shortest and longest integration time of a pass."""
    low, high = range_s
    if low == high:
        return f"{low * 1e3:.3g} ms" if low < 1 else f"{low:.3g} s"
    # One unit for both, so that they can be compared at a glance.
    return f"{low * 1e3:.3g}–{high * 1e3:.3g} ms" if high < 1 else f"{low:.3g}–{high:.3g} s"


def file_words(summary: Mapping[str, Any]) -> str:
    """What a run writes and where there is room for it."""
    needed, free = float(summary.get("needed_disk_mb") or 0.0), float(summary["free_disk_mb"])
    return f"about {size_words(needed)}; {size_words(free)} free"
