"""What hangs at the laser driver's terminals: the diode's current and the mount's temperature.

Both are told to the optical bench as steps in time, with the time at which they really happened.
"""

from __future__ import annotations

import math
from collections import deque

from sim.instruments.itc4001_options import Itc4001Options
from sim.instruments.optics_seam import LaserSeam

_RAMP_STEPS = 24
_RAMP_TIME_CONSTANTS = 7.0
_THERMAL_STEP = 0.05
"""Share of the remaining temperature difference between two steps that the optics hears of."""
_THERMALLY_THERE_K = 0.001


_AUTO_TUNE_S = 30.0
_AUTO_TUNE_CYCLE_S = 5.0


class AutoTune:
    """The automatic search for PID constants, which here only takes its time."""

    def __init__(self) -> None:
        self._state = 0
        self._started_s = 0.0

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._state == 1

    def start(self, now_s: float) -> None:
        """``ATUN:INIT``."""
        self._state, self._started_s = 1, now_s

    def cancel(self, now_s: float) -> None:
        """``ATUN:CANC``."""
        self.advance(now_s)
        self._state = 2 if self.running else self._state

    def advance(self, now_s: float) -> None:
        """Finish when it is time."""
        if self.running and now_s >= self._started_s + _AUTO_TUNE_S:
            self._state = 4

    def reply(self, now_s: float) -> str:
        """``state,phase,count``: 0 never, 1 running, 2 cancelled, 4 done."""
        count = int((now_s - self._started_s) // _AUTO_TUNE_CYCLE_S) if self.running else 0
        return f"{self._state},0,{count}"


class DiodeCurrent:
    """The current through the diode, approaching its target exponentially."""

    def __init__(self, optics: LaserSeam, options: Itc4001Options) -> None:
        self._optics = optics
        self._options = options
        self._steps: deque[tuple[float, float]] = deque()
        self.value_a = 0.0

    def approach(self, now_s: float, target_a: float, *, delay_s: float = 0.0) -> None:
        """Go to `target_a` from `now_s + delay_s` on."""
        self._steps.clear()
        start_a = self.value_a
        tau = self._options.settling_time_constant_s
        for k in range(1, _RAMP_STEPS + 1):
            # Equal shares of the settling time; the step's value is the one at its middle.
            middle = (k - 0.5) / _RAMP_STEPS * _RAMP_TIME_CONSTANTS
            time_s = now_s + delay_s + (k - 1) / _RAMP_STEPS * _RAMP_TIME_CONSTANTS * tau
            self._steps.append((time_s, target_a + (start_a - target_a) * math.exp(-middle)))
        end_s = now_s + delay_s + _RAMP_TIME_CONSTANTS * tau
        self._steps.append((end_s, target_a))

    def cut(self, now_s: float) -> None:
        """No current from `now_s` on."""
        self._steps.clear()
        if self.value_a != 0.0:
            self._set(now_s, 0.0)

    @property
    def rests_at_zero(self) -> bool:
        """Whether no current flows and none is about to."""
        return self.value_a == 0.0 and not self._steps

    def next_event_s(self) -> float | None:
        """When the next step is due."""
        return self._steps[0][0] if self._steps else None

    def advance(self, time_s: float) -> None:
        """Take the step that is due at `time_s`."""
        while self._steps and self._steps[0][0] <= time_s:
            self._set(*self._steps.popleft())

    def _set(self, time_s: float, amperes: float) -> None:
        self.value_a = amperes
        self._optics.set_laser_current(time_s, amperes)


class DiodeMount:
    """The mount's temperature: first order towards a target."""

    def __init__(self, optics: LaserSeam, options: Itc4001Options, now_s: float) -> None:
        self._optics = optics
        self._since_s = now_s
        self._start_c = options.ambient_c
        self._target_c = options.ambient_c
        self._tau_s = options.passive_time_constant_s
        self._told_c = options.ambient_c
        optics.set_laser_temperature(now_s, options.ambient_c)

    def approach(self, now_s: float, target_c: float, time_constant_s: float) -> None:
        """Relax to `target_c` from `now_s` on."""
        self._start_c = self.temperature_c(now_s)
        self._since_s, self._target_c, self._tau_s = now_s, target_c, time_constant_s

    def jump(self, now_s: float, celsius: float) -> None:
        """Be at `celsius` at once (fault injection)."""
        self._start_c, self._since_s = celsius, now_s
        self._tell(now_s)

    def temperature_c(self, now_s: float) -> float:
        """Temperature at `now_s`, °C."""
        decay = math.exp(-max(0.0, now_s - self._since_s) / self._tau_s)
        return self._target_c + (self._start_c - self._target_c) * decay

    @property
    def target_c(self) -> float:
        """Where it is going."""
        return self._target_c

    def next_event_s(self) -> float | None:
        """When the optics should hear of the next step."""
        remaining_k = self._told_c - self._target_c
        if remaining_k == 0.0:
            return None
        wanted_k = remaining_k * (1.0 - _THERMAL_STEP)
        if abs(remaining_k) < _THERMALLY_THERE_K:
            wanted_k = remaining_k * 0.5
        start_k = self._start_c - self._target_c
        if start_k == 0.0 or start_k / wanted_k <= 1.0:
            return self._since_s
        return self._since_s + self._tau_s * math.log(start_k / wanted_k)

    def advance(self, time_s: float) -> None:
        """Tell the optics the temperature at `time_s`."""
        self._tell(time_s)

    def _tell(self, time_s: float) -> None:
        value_c = self.temperature_c(time_s)
        if abs(value_c - self._target_c) < _THERMALLY_THERE_K:
            value_c = self._target_c
        if value_c != self._told_c:
            self._told_c = value_c
            self._optics.set_laser_temperature(time_s, value_c)
