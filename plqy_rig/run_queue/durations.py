"""How long entries will take, from how long exposures did take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calibration.roles import Role
from plqy_rig.engine import DocumentSaved, EngineState, Event, StateChanged
from plqy_rig.run_queue.database import Database
from plqy_rig.run_queue.entry import Entry
from plqy_rig.run_queue.recipes import sweep_of
from procedures.settings import SweepSettings

_PREPARATION = "preparation"
_MOST_KEPT = 5000
_MOST_USED = 400
_FALLBACK_OVERHEAD_S = 0.2
_LOST_FRAMES = 2
"""Frames begun before a change of light, where no exposure was measured yet."""

_Row = tuple[str, str, float, float, int, float | None, float]


class DurationRecorder:
    """Hears the engine's stream and keeps how long each exposure took, with what it took it."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        """Begin with nothing.

        Args:
            database: the queue's.
            now: s since 1970 UTC.
        """
        self._database = database
        self._now = now
        self._rows: list[_Row] = []
        self._sample = ""
        self._dark_scans = 0
        self._last: tuple[str, float] | None = None
        self._preparing_since: float | None = None

    def hear(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, StateChanged):
            self._take_state(event.transition.new, event.transition.time_s)
        elif isinstance(event, DocumentSaved) and event.name == "start":
            self._sample = str(event.document["sample"])
        elif isinstance(event, DocumentSaved) and event.name == "event":
            self._take_data(event.document["data"], float(event.document["time"]))

    def _take_state(self, state: EngineState, time_s: float) -> None:
        # A pause or a question between two exposures isn't part of how long they take.
        self._last = None
        if self._preparing_since is not None:
            self._rows.append((self._sample, _PREPARATION, 0, 0, 0, time_s - self._preparing_since, time_s))
        self._preparing_since = time_s if state is EngineState.PREPARING else None

    def _take_data(self, data: Any, time_s: float) -> None:
        role = str(data["role"])
        if "counts" not in data:
            self._dark_scans = int(data["scans"])
            return
        power = float(data["target_power_density_mw_per_cm2"])
        frames = int(data["scans"]) + self._dark_scans
        duration_s = time_s - self._last[1] if self._last and self._last[0] == role else None
        self._rows.append(
            (self._sample, role, power, float(data["integration_time_s"]), frames, duration_s, time_s)
        )
        self._last = role, time_s

    def save(self) -> None:
        """Store what was heard; raises `StorageError`."""
        rows, self._rows = self._rows, []
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO durations VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute(
                "DELETE FROM durations WHERE rowid <= (SELECT MAX(rowid) FROM durations) - ?", (_MOST_KEPT,)
            )


class DurationPredictor:
    """Says how long an entry will take, real seconds, without the operator's moves."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        """Take the history.

        Args:
            database: the queue's.
            speed: rig seconds per real second.
        """
        self._database = database
        self._speed = speed
        self._known: dict[tuple[Any, ...], float] = {}

    def forget(self) -> None:
        """Look at the history anew: more was measured."""
        self._known.clear()

    def duration_s(self, entry: Entry) -> float:
        """How long it will take."""
        key = (repr(sorted(entry.recipe.items())), entry.passes)
        if key not in self._known:
            self._known[key] = self._predict(entry)
        return self._known[key]

    def _predict(self, entry: Entry) -> float:
        settings = sweep_of(entry.recipe).settings()
        passes = sum(self._pass_s(entry.sample, role, settings) for role in entry.passes)
        return passes + self._preparation_s(settings)

    def _preparation_s(self, settings: SweepSettings) -> float:
        rows = self._database.read(
            "SELECT duration_s FROM durations WHERE role = ? ORDER BY recorded_s DESC LIMIT 20", _PREPARATION
        )
        measured = float(np.median([row[0] for row in rows])) if rows else 0.0
        return max(measured, settings.laser_warm_up_s / self._speed)

    def _pass_s(self, sample: str, role: Role, settings: SweepSettings) -> float:
        rows = self._rows(sample, role)
        powers = np.asarray(settings.power_densities_mw_per_cm2)
        shortest_s = settings.integration_time_min_s
        longest_s = (
            settings.integration_time_max_emission_s
            if role.is_emission
            else settings.integration_time_max_excitation_s
        )
        frames = settings.scans(role) + settings.scans_of_dark(role)
        if not rows:
            step_s = (frames + _LOST_FRAMES) * longest_s / self._speed + _FALLBACK_OVERHEAD_S
            return len(powers) * step_s
        times_s = np.clip(_integration_times(rows, powers), shortest_s, longest_s)
        return float(np.sum(frames * times_s) / self._speed + len(powers) * self._overhead_s(rows))

    def _rows(self, sample: str, role: Role) -> list[Any]:
        """What this sample gave in this role; what any sample gave where it wasn't measured yet."""
        query = "SELECT * FROM durations WHERE role = ? {} ORDER BY recorded_s DESC LIMIT {}"
        own = self._database.read(query.format("AND sample = ?", _MOST_USED), role.value, sample)
        return own or self._database.read(query.format("", _MOST_USED), role.value)

    def _overhead_s(self, rows: Sequence[Any]) -> float:
        """Real seconds of a step beyond its frames."""
        measured = [
            row["duration_s"] - row["frames"] * row["integration_time_s"] / self._speed
            for row in rows
            if row["duration_s"] is not None
        ]
        return max(float(np.median(measured)), 0.0) if measured else _FALLBACK_OVERHEAD_S


def _integration_times(rows: Sequence[Any], powers: Any) -> Any:
    """Between measured powers interpolated in logarithms, beyond them in inverse proportion to the power."""
    by_power: dict[float, list[float]] = {}
    for row in rows:
        by_power.setdefault(row["power_density_mw_per_cm2"], []).append(row["integration_time_s"])
    known = np.array(sorted(by_power))
    times_s = np.array([np.median(by_power[power]) for power in known])
    inside = np.interp(np.log(powers), np.log(known), np.log(times_s))
    return np.exp(inside) * np.where(
        powers < known[0], known[0] / powers, np.where(powers > known[-1], known[-1] / powers, 1.0)
    )
