"""How far a run is and when it will be over, from the durations measured so far."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calibration.roles import Role


class Progress:
    """Counts exposures and measures how long a step takes; not for several threads at once.

    A step's duration is the time between two exposures of one pass with nothing in between that waited for
    somebody. A step still to come is expected to take as long as the same step took in an earlier pass of
    the same kind (their integration times follow the same powers), else as the steps of its own pass, else as
    those of its kind, else as forecast.
    """

    def __init__(
        self,
        passes: Sequence[Role],
        steps: int,
        forecast_s: Callable[[Role], float],
        now: Callable[[], float] = time.time,
    ) -> None:
        """Begin a run.

        Args:
            passes: in their order.
            steps: power steps of each.
            forecast_s: real seconds a step of a role is thought to take before anything was measured.
            now: s since 1970 UTC.
        """
        self._passes = tuple(passes)
        self._steps = steps
        self._forecast_s = forecast_s
        self._now = now
        self._done: dict[Role, set[int]] = {role: set() for role in passes}
        self._durations_s: dict[Role, dict[int, float]] = {role: {} for role in passes}
        self._last: tuple[Role, float] | None = None

    def interrupted(self) -> None:
        """Somebody or something made the run wait: the step under way isn't measured."""
        self._last = None

    def exposure(self, role: Role, step: int, time_s: float, *, measured: bool = True) -> None:
        """An exposure was saved.

        Args:
            role: its pass.
            step: its power step.
            time_s: when, s since 1970 UTC.
            measured: False for what an earlier attempt of the run saved.
        """
        if role not in self._done:
            return
        self._done[role].add(step)
        if not measured:
            return
        if self._last is not None and self._last[0] is role:
            self._durations_s[role][step] = time_s - self._last[1]
        self._last = (role, time_s)

    @property
    def remaining_s(self) -> float:
        """Get real seconds still to come, without the operator's moves and without pauses."""
        missing = [(role, step) for role in self._passes for step in range(self._steps)]
        return sum(self._step_s(role, step) for role, step in missing if step not in self._done[role])

    def document(self, *, over: bool, waiting: bool) -> dict[str, Any]:
        """The part "progress" of the picture.

        Args:
            over: whether the run has ended: nothing remains then.
            waiting: whether it stands still: then nobody knows when it finishes.
        """
        remaining_s = None if over else self.remaining_s
        finish_s = None if remaining_s is None or waiting else self._now() + remaining_s
        rows = [
            {"role": role.value, "steps_done": len(self._done[role]), "steps": self._steps}
            for role in self._passes
        ]
        return {"passes": rows, "remaining_s": remaining_s, "finish_s": finish_s}

    def _step_s(self, role: Role, step: int) -> float:
        kind = [other for other in self._passes if other.is_emission is role.is_emission]
        same_step = [self._durations_s[other][step] for other in kind if step in self._durations_s[other]]
        if same_step:
            return statistics.median(same_step)
        own = list(self._durations_s[role].values())
        of_kind = [value for other in kind for value in self._durations_s[other].values()]
        known = own or of_kind
        return statistics.fmean(known) if known else self._forecast_s(role)


def forecast_of_steps(summary: Mapping[str, Any] | None, speed: float) -> Callable[[Role], float]:
    """What `check_recipe` forecasts for one step of a role, real seconds.

    Args:
        summary: of `check_recipe`; None if it had none: nothing is known then.
        speed: rig seconds per real second.
    """
    rows = {row["role"]: row for row in (summary or {}).get("passes", ())}

    def forecast_s(role: Role) -> float:
        row = rows.get(role.value)
        return 0.0 if row is None else row["expected_duration_s"] / max(row["steps"], 1) / speed

    return forecast_s
