"""The documents of the run that goes on, or of the last one, as numbers to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QObject, pyqtSignal

FloatArray = NDArray[np.float64]

_NOT_KEPT = frozenset({"scan_counts"})
"""Large, and nothing in the window draws single scans: memory has to stay flat."""


@dataclass(frozen=True)
class LiveExposure:
    """One saved exposure or dark.

    Attributes:
        role: a value of Role.
        step: 0-based.
        time_s: when it was saved, s since 1970 UTC.
        data: the event's data as recorded (see docs/reference/journal.md), without the single scans.
    """

    role: str
    step: int
    time_s: float
    data: Mapping[str, Any]


class LiveRun(QObject):
    """The present or last run, document by document.

    Signals:
        run_changed(): another run, or none: everything drawn of the old one is void.
        exposure_added(str, int): role and step of a saved exposure.
        dark_added(str, int): role and step of a saved dark.
        stopped(dict): the stop document.
        loaded(): everything that happened before this window was there has been fetched.

    Attributes:
        start: the start document, empty before there is one.
        stop: the stop document, or None while the run goes on.
    """

    run_changed = pyqtSignal()
    exposure_added = pyqtSignal(str, int)
    dark_added = pyqtSignal(str, int)
    stopped = pyqtSignal(dict)
    loaded = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.start: Mapping[str, Any] = {}
        self.stop: Mapping[str, Any] | None = None
        self._clear()

    # -- what was measured ----------------------------------------------------------------------------

    @property
    def uid(self) -> str:
        """Get the run's identifier; empty when there is no run."""
        return str(self.start.get("uid", ""))

    @property
    def wavelength_nm(self) -> FloatArray:
        """Get the pixels' wavelengths, [pixels], nm; empty when there is no run."""
        return np.asarray(self.start.get("wavelength_nm", ()), dtype=float)

    @property
    def full_scale_counts(self) -> float:
        """Get the counts at which a pixel is saturated."""
        return float(self.start.get("full_scale_counts", 65535.0))

    @property
    def target_power_density_mw_per_cm2(self) -> FloatArray:
        """Get the power densities of the steps, [steps], mW/cm²."""
        return np.asarray(self.start.get("target_power_density_mw_per_cm2", ()), dtype=float)

    @property
    def exposures(self) -> list[LiveExposure]:
        """Get every exposure in the order of saving."""
        return self._in_order

    @property
    def latest(self) -> LiveExposure | None:
        """Get the exposure saved last."""
        return self._in_order[-1] if self._in_order else None

    def roles(self) -> list[str]:
        """Roles that have an exposure, in the order in which they were begun."""
        return list(self._exposures)

    def steps(self, role: str) -> list[int]:
        """Steps of a role that have an exposure, ascending."""
        return sorted(self._exposures.get(role, ()))

    def exposure(self, role: str, step: int) -> LiveExposure | None:
        """The newest exposure of a role at a step."""
        return self._exposures.get(role, {}).get(step)

    def dark(self, role: str, step: int) -> LiveExposure | None:
        """The newest dark of a role at a step."""
        return self._darks.get(role, {}).get(step)

    def counts(self, role: str, step: int, *, without_dark: bool = False) -> FloatArray:
        """Mean counts, [pixels]; empty when there is no such exposure.

        Args:
            role: a value of Role.
            step: 0-based.
            without_dark: the dark taken off, where there is one yet.
        """
        exposure = self.exposure(role, step)
        if exposure is None:
            return np.zeros(0)
        counts = np.asarray(exposure.data["counts"], dtype=float)
        dark = self.dark(role, step)
        return counts - np.asarray(dark.data["dark"]) if without_dark and dark is not None else counts

    def column(self, role: str, key: str) -> FloatArray:
        """One quantity of a role's exposures, [steps]; NaN where there is none yet."""
        values = np.full(self.target_power_density_mw_per_cm2.size, np.nan)
        for step, exposure in self._exposures.get(role, {}).items():
            if step < values.size:
                values[step] = float(exposure.data[key])
        return values

    def history(self, key: str) -> tuple[FloatArray, FloatArray]:
        """One quantity of every exposure against time: times (s since 1970 UTC) and values."""
        times = np.array([exposure.time_s for exposure in self._in_order], dtype=float)
        values = np.array([float(exposure.data[key]) for exposure in self._in_order], dtype=float)
        return times, values

    # -- what it hears --------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget the run."""
        self._clear()
        self.run_changed.emit()

    def take_document(self, name: str, document: Mapping[str, Any]) -> None:
        """Take one document; those that were taken already are left alone."""
        uid = str(document.get("uid", ""))
        if uid in self._taken:
            return
        if name == "start":
            self._clear()
            self.start = document
            self.run_changed.emit()
        elif name == "descriptor":
            self._streams[uid] = str(document["name"])
        elif name == "event":
            self._take_event(document)
        elif name == "resume":
            self.stop = None
        elif name == "stop":
            self.stop = document
            self.stopped.emit(dict(document))
        self._taken.add(uid)

    def _take_event(self, document: Mapping[str, Any]) -> None:
        stream = self._streams.get(str(document["descriptor"]), "")
        data = {key: value for key, value in document["data"].items() if key not in _NOT_KEPT}
        entry = LiveExposure(str(data["role"]), int(data["step"]), float(document["time"]), data)
        if stream == "exposure":
            self._exposures.setdefault(entry.role, {})[entry.step] = entry
            self._in_order.append(entry)
            self.exposure_added.emit(entry.role, entry.step)
        elif stream == "dark":
            self._darks.setdefault(entry.role, {})[entry.step] = entry
            self.dark_added.emit(entry.role, entry.step)

    def _clear(self) -> None:
        self.start = {}
        self.stop = None
        self._streams: dict[str, str] = {}
        self._taken: set[str] = set()
        self._in_order: list[LiveExposure] = []
        self._exposures: dict[str, dict[int, LiveExposure]] = {}
        self._darks: dict[str, dict[int, LiveExposure]] = {}
