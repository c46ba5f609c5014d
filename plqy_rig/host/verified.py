"""What a verdict has verified is what faces show, until something newer was read."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from plqy_rig.host.instrument_readings import UNKNOWN, row
from plqy_rig.rig import LASER, SHUTTER, WHEEL
from plqy_rig.safe_state import SafeVerdict

Row = dict[str, Any]


class VerifiedReadings:
    """Readings that a verdict makes known without anybody being asked; for any thread."""

    def __init__(self, darkest_deg: float) -> None:
        """Begin without any.

        Args:
            darkest_deg: where the wheel is when it is verified at its darkest.
        """
        self._darkest_deg = darkest_deg
        self._lock = threading.Lock()
        self._verdict: SafeVerdict | None = None
        self._rows: dict[tuple[str, str], Row] = {}

    def take(self, verdict: SafeVerdict, time_s: float) -> bool:
        """Take a verdict; returns whether it was a new one.

        Args:
            verdict: what was verified; steps that weren't say nothing.
            time_s: now, s since 1970 UTC.
        """
        with self._lock:
            if verdict is self._verdict:
                return False
            self._verdict = verdict
            for step in verdict.steps:
                if step.safe:
                    self._rows |= self._of_step(step.name, time_s)
            return True

    def _of_step(self, name: str, time_s: float) -> dict[tuple[str, str], Row]:
        if name == SHUTTER:
            return {("shutter", "open"): row("open", False, "", time_s)}
        if name == LASER:
            return {
                ("laser", "output_on"): row("output_on", False, "", time_s),
                # Off, but how many amperes the driver would say is for the next look.
                ("laser", "current"): row("current", None, "A", time_s, UNKNOWN),
            }
        if name == WHEEL:
            return {
                ("attenuator", "homed"): row("homed", True, "", time_s),
                ("attenuator", "angle"): row("angle", self._darkest_deg, "°", time_s),
            }
        return {}

    def over(self, instrument: str, rows: Iterable[Row]) -> list[Row]:
        """The same rows, with what was verified later than they were read."""
        with self._lock:
            return [self._newer(instrument, one) for one in rows]

    def _newer(self, instrument: str, read: Row) -> Row:
        verified = self._rows.get((instrument, read["name"]))
        return verified if verified is not None and verified["time_s"] > read["time_s"] else read
