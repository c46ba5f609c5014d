"""The wheel's motor, gear play and home switch, and the ramp that drives them.

The ramp is the board's own integer arithmetic, so that this model and the firmware step at the same
ticks; the mechanics know the true angle, which the board never does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

TICKS_PER_SECOND = 2_000_000
"""Step timer of the board: 16 MHz divided by 8."""


class SwitchFault(Enum):
    """What may be wrong with the home switch."""

    NONE = "none"
    STUCK_ON = "stuck-on"
    STUCK_OFF = "stuck-off"
    MISSING = "missing"
    """Unplugged: the pull-up makes it read as not active."""


class Ramp:
    """Times of the steps of one movement: accelerate, run, decelerate.

    Step k of a constant acceleration a is due at sqrt(2 k / a). The wait before step k + 1 is therefore
    c0 / (sqrt(k + 1) + sqrt(k)) with c0 = sqrt(2 / a): a sum instead of a difference, so that integers
    are exact enough.
    """

    def __init__(self, steps: int, step_rate: int, acceleration: int) -> None:
        self.remaining = steps
        quotient = (2_000_000_000 // acceleration) * 1000 + (
            2_000_000_000 % acceleration
        ) * 1000 // acceleration
        self._c0 = 2 * math.isqrt(quotient)
        self._shortest = -(-TICKS_PER_SECOND // step_rate) + 2  # 1 us for the jitter
        self._index = 0
        self.at_full_speed = False
        self.wait_ticks = self._wait(0)

    def _wait(self, index: int) -> int:
        roots = math.isqrt(index << 16) + math.isqrt((index + 1) << 16)
        ticks = (self._c0 << 8) // roots
        self.at_full_speed = ticks <= self._shortest
        return max(ticks, self._shortest)

    def step_done(self) -> None:
        """Count a step and work out the wait before the next one."""
        self.remaining -= 1
        if self.remaining == 0:
            return
        index = self._index if self.at_full_speed else self._index + 1
        index = min(index, self.remaining - 1)
        if index != self._index:
            self._index = index
            self.wait_ticks = self._wait(index)

    def shorten_to_stop(self) -> None:
        """Leave only the steps that the deceleration needs."""
        self.remaining = min(self.remaining, self._index + 1 if self._index else 0)


@dataclass(frozen=True)
class MechanicsOptions:
    """The wheel that the board turns."""

    steps_per_revolution: float = 3200.0
    """Really; need not be what the board believes, nor a whole number."""
    play_deg: float = 0.5
    """Gear or belt play: the wheel stands still for so much after a change of direction."""
    flag_width_deg: float = 8.0
    """The switch is active from `360 - flag_width_deg` to 360 degrees."""
    flag_hysteresis_deg: float = 0.02
    bounce_s: float = 0.0
    """How long the switch is undecided after an edge."""
    highest_step_rate: float = 6000.0
    """Steps per second; a faster step is lost."""
    reversed_wiring: bool = False


class Mechanics:
    """Motor, play, wheel and flag."""

    def __init__(self, options: MechanicsOptions, start_angle_deg: float) -> None:
        self.options = options
        self.wheel_deg = start_angle_deg
        self._motor_deg = start_angle_deg
        self._lost_steps = 0
        self._flag = self._in_flag(0.0)
        self.fault = SwitchFault.NONE

    @property
    def angle_deg(self) -> float:
        """True angle of the wheel, 0 <= angle < 360."""
        return self.wheel_deg % 360.0

    def lose_steps(self, count: int) -> None:
        """The next `count` steps do not turn the motor."""
        self._lost_steps += count

    def step(self, direction: int, wait_s: float) -> None:
        """One pulse of the driver, `wait_s` after the one before."""
        if self._lost_steps > 0:
            self._lost_steps -= 1
            return
        if wait_s * self.options.highest_step_rate < 1.0:
            return
        if self.options.reversed_wiring:
            direction = -direction
        self._motor_deg += direction * 360.0 / self.options.steps_per_revolution
        self._follow()

    def release(self) -> None:
        """Driver without current: the rotor falls to the nearest full step (16 microsteps)."""
        full_step_deg = 16 * 360.0 / self.options.steps_per_revolution
        self._motor_deg = math.floor(self._motor_deg / full_step_deg + 0.5) * full_step_deg
        self._follow()

    def _follow(self) -> None:
        self.wheel_deg = max(self.wheel_deg, self._motor_deg - self.options.play_deg)
        self.wheel_deg = min(self.wheel_deg, self._motor_deg)
        self._flag = self._in_flag(0.0 if self._flag else self.options.flag_hysteresis_deg)

    def _in_flag(self, inset_deg: float) -> bool:
        low = 360.0 - self.options.flag_width_deg + inset_deg
        return low <= self.angle_deg < 360.0 - inset_deg

    @property
    def switch_active(self) -> bool:
        """What the board's input reads."""
        match self.fault:
            case SwitchFault.STUCK_ON:
                return True
            case SwitchFault.STUCK_OFF | SwitchFault.MISSING:
                return False
            case SwitchFault.NONE:
                return self._flag
