"""Time as the rig sees it.

On a simulated bench that runs N times as fast as life, the program's own waits have to run N times as
fast as well. Everything that waits for physics (a motor, an exposure, a temperature) asks this clock;
time-outs of the wire (is anybody there?) stay in real seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import OutOfRangeError

_SHORTEST_REAL_TIMEOUT_S = 2.0
"""However fast the bench runs, the computer's own scheduling isn't faster: no deadline below this."""


@dataclass(frozen=True)
class Clock:
    """Rig time: real time multiplied by `speed`.

    Attributes:
        speed: rig seconds per real second; 1 in a lab.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise OutOfRangeError(f"clock speed must be above 0, got {self.speed}")

    def monotonic(self) -> float:
        """Rig seconds since an arbitrary start."""
        return time.monotonic() * self.speed

    def sleep(self, duration_s: float) -> None:
        """Wait `duration_s` rig seconds."""
        if duration_s > 0:
            time.sleep(duration_s / self.speed)

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float, poll_s: float) -> bool:
        """Poll `condition` every `poll_s` rig seconds; False when `timeout_s` rig seconds have passed.

        The deadline is never shorter than two real seconds. The condition is asked at least once,
        and once more after the deadline.
        """
        deadline = time.monotonic() + max(timeout_s / self.speed, _SHORTEST_REAL_TIMEOUT_S)
        while not condition():
            if time.monotonic() >= deadline:
                return condition()
            self.sleep(poll_s)
        return True
