"""Reading the monitor all the while a spectrum is collected."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from drivers.clock import Clock
from drivers.errors import MeasurementError
from drivers.protocols import PowerMonitor

FEWEST_READINGS = 3
_MOST_READINGS = 50
"""About so many readings in a long exposure: enough for mean and spread, little traffic."""

_SHORTEST_INTERVAL_S = 0.02
_JOIN_TIMEOUT_S = 30.0
"""Real seconds; the driver's own time-outs end a reading much earlier."""


@dataclass(frozen=True)
class MonitorReadings:
    """What the monitor read during one exposure.

    Attributes:
        mean_w: mean power at the monitor, W.
        std_w: standard deviation of single readings, W.
        readings: how many there were.
    """

    mean_w: float
    std_w: float
    readings: int

    @classmethod
    def of(cls, powers_w: list[float]) -> MonitorReadings:
        """Summarise single readings (two or more for a spread)."""
        spread = float(np.std(powers_w, ddof=1)) if len(powers_w) > 1 else 0.0
        return cls(float(np.mean(powers_w)), spread, len(powers_w))

    @property
    def spread(self) -> float:
        """Get the standard deviation relative to the mean."""
        return self.std_w / self.mean_w if self.mean_w else float("inf")


class MonitorLog:
    """Reads the monitor in a thread of its own, evenly over time, between `with` and its end.

    Leaving the block waits for the reading that is under way, so the light must stay on until then; at
    least `FEWEST_READINGS` are taken however short the exposure is. A reading that fails is raised by
    `readings`, not lost in the thread.
    """

    def __init__(self, monitor: PowerMonitor, clock: Clock, duration_s: float) -> None:
        self._monitor = monitor
        interval_s = max(duration_s / _MOST_READINGS, _SHORTEST_INTERVAL_S)
        self._interval_real_s = interval_s / clock.speed
        self._stop = threading.Event()
        self._powers_w: list[float] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="monitor log", daemon=True)

    def __enter__(self) -> MonitorLog:
        """Start reading."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop after the reading that is under way (at once when the exposure failed)."""
        self._stop.set()
        if error is not None:
            # The caller has to close the shutter first; a reading under way ends by itself.
            return
        self._thread.join(_JOIN_TIMEOUT_S)

    def wait_until_ended(self) -> None:
        """Wait for the thread after a failed exposure, when the shutter is closed again."""
        if self._thread.ident is not None:
            self._thread.join(_JOIN_TIMEOUT_S)

    def readings(self) -> MonitorReadings:
        """Summarise what was read, after the block.

        Raises:
            MeasurementError: the monitor didn't come back from a reading.
            RigError: whatever a reading raised.
        """
        if self._error is not None:
            raise self._error
        if self._thread.is_alive() or len(self._powers_w) < FEWEST_READINGS:
            raise MeasurementError(
                "the power monitor didn't answer during the exposure: nothing was recorded"
            )
        return MonitorReadings.of(self._powers_w)

    def _run(self) -> None:
        try:
            while not self._stop.is_set() or len(self._powers_w) < FEWEST_READINGS:
                self._powers_w.append(self._monitor.read_power_w())
                # Waits on the event, not on the clock: the end of an exposure must not have to wait.
                self._stop.wait(self._interval_real_s)
        except BaseException as error:  # noqa: BLE001 - handed on by readings(), in the procedure's thread
            self._error = error
