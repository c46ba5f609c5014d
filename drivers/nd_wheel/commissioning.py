"""Self-test of a newly built wheel: switch, direction of search, steps per revolution, lost steps."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from drivers.errors import InstrumentError
from drivers.nd_wheel.driver import NdWheel

_log = logging.getLogger(__name__)

_TOLERANCE = 2
"""Microsteps by which two passes of the switch's edge may differ."""


@dataclass(frozen=True)
class SelfTest:
    """What the self-test found."""

    microsteps_per_revolution: tuple[int, ...]
    """Counted from edge to edge, once per turn."""
    microsteps_lost: int
    """After moves over the whole range, found by homing again."""
    expected_per_revolution: int

    @property
    def complaints(self) -> tuple[str, ...]:
        """Get what is wrong, in words for who built it; empty when the wheel is good (tuple of str)."""
        found = []
        mean = sum(self.microsteps_per_revolution) / len(self.microsteps_per_revolution)
        if max(self.microsteps_per_revolution) - min(self.microsteps_per_revolution) > _TOLERANCE:
            found.append(
                f"the count of microsteps per turn varies ({self.microsteps_per_revolution}): "
                "steps are lost, or the flag or the switch is loose"
            )
        if abs(mean - self.expected_per_revolution) > _TOLERANCE:
            found.append(
                f"one turn is {mean:.0f} microsteps, the rig file says {self.expected_per_revolution}: "
                "check the microstep jumpers and the gear ratio, or correct microsteps_per_revolution"
            )
        if abs(self.microsteps_lost) > _TOLERANCE:
            found.append(
                f"{self.microsteps_lost} microsteps were lost in moves over the whole range: more motor "
                "current, or a lower VMAX or ACC"
            )
        return tuple(found)


def run_self_test(wheel: NdWheel, *, turns: int = 3) -> SelfTest:
    """Home, turn `turns` times and count, move over the whole range and count again. No beam!

    Args:
        wheel: connected.
        turns: full revolutions.

    Raises:
        InstrumentError: homing failed; its message says what to look at.
    """
    wheel.home()
    wheel.request("SET HDIR 1")  # searching upwards, the next homing goes once round
    try:
        counts = []
        for _ in range(turns):
            wheel.home()
            counts.append(_edge(wheel))
            _log.info("one turn: %d microsteps", counts[-1])
    finally:
        wheel.request("SET HDIR 0")
    low, high = wheel.angle_range_deg
    for angle_deg in (high, low, (low + high) / 2, high, low):
        wheel.move_to(angle_deg)
    wheel.home()
    turn = round(sum(counts) / len(counts))
    # The edge is met upwards whichever way it was searched; whole turns say nothing about lost steps.
    lost = (_edge(wheel) + turn // 2) % turn - turn // 2
    return SelfTest(tuple(counts), lost, wheel.microsteps_per_revolution)


def _edge(wheel: NdWheel) -> int:
    count = wheel.lost_microsteps
    if count is None:
        raise InstrumentError(wheel.name, "the board lost count of its steps; check its power supply")
    return count
