"""What the passes of one run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from calibration.roles import Arrangement, Role
from drivers.protocols import Attenuator
from procedures.exposure import ExposureTaker
from procedures.history import RunHistory
from procedures.instruments import Instruments
from procedures.operator import Operator
from procedures.placement import PlacementCheck
from procedures.power_steps import PowerCalibration
from procedures.settings import SweepSettings

Record = Callable[[str, Mapping[str, Any]], None]
"""Takes one datum: the stream ("exposure" or "dark") and its values."""


@dataclass(frozen=True)
class PowerAnchor:
    """The latest monitor reading and where the wheel stood: the start of the next prediction."""

    monitor_power_w: float
    wheel_position_deg: float


class Wheel:
    """Moves the attenuator in the background, so that it travels while a dark is collected.

    The shutter is closed whenever it moves. An error of a move is raised by `arrive`.
    """

    def __init__(self, attenuator: Attenuator, executor: Executor) -> None:
        self._attenuator = attenuator
        self._executor = executor
        self._target_deg: float | None = None
        self._move: Future[float] | None = None

    @property
    def limits_deg(self) -> tuple[float, float]:
        """Get the soft limits, clearest first."""
        return self._attenuator.angle_range_deg

    def go(self, angle_deg: float) -> None:
        """Start for an angle; nothing happens if that is where it stands or goes already."""
        if self._move is not None and angle_deg == self._target_deg:
            return
        self._target_deg = angle_deg
        self._move = self._executor.submit(self._move_and_read, angle_deg)

    def arrive(self) -> float:
        """Wait until it stands; returns the angle read back, degrees."""
        if self._move is None:
            return self._attenuator.angle_deg
        try:
            return self._move.result()
        except BaseException:
            self._move = None
            raise

    def _move_and_read(self, angle_deg: float) -> float:
        self._attenuator.move_to(angle_deg)
        return self._attenuator.angle_deg


@dataclass
class RunContext:
    """Tools and state shared by the passes of a run.

    Attributes:
        settings: the recipe.
        instruments: the rig.
        calibration: monitor reading to power density, wheel curve.
        operator: who moves sample and filter.
        taker: takes exposures and darks.
        wheel: sets the power.
        executor: one background thread for what may happen while a dark is collected.
        check: judges the first exposure of a pass.
        history: what was measured so far.
        record: where data go.
        warn: takes a sentence that belongs into the run's stop document.
        announce: takes what is being done now (role, step, activity, longest duration) for live views.
        saved: takes the exposure that was just recorded.
        should_stop: asked between steps.
        arrangement: how sample and filter stand; None if nobody knows.
        anchor: latest monitor reading.
    """

    settings: SweepSettings
    instruments: Instruments
    calibration: PowerCalibration
    operator: Operator
    taker: ExposureTaker
    wheel: Wheel
    executor: Executor
    check: PlacementCheck
    history: RunHistory
    record: Record
    warn: Callable[[str], None]
    announce: Callable[[Mapping[str, Any]], None]
    saved: Callable[[Mapping[str, Any]], None]
    should_stop: Callable[[], bool]
    anchor: PowerAnchor
    arrangement: Arrangement | None = None

    def tell(self, role: Role, step: int, activity: str, longest_s: float) -> None:
        """Announce what is done next and how long it may take, rig seconds (0: as long as a person needs)."""
        self.announce(
            {"role": role.value, "step": step, "activity": activity, "longest_duration_s": longest_s}
        )
