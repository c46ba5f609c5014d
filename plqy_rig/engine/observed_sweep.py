"""The sweep as the engine runs it: it can be asked to stop, and says what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procedures import PlqySweep

_LETS_LIGHT_OUT = ("exposure", "test exposure")


class ObservedSweep(PlqySweep):
    """A sweep with an engine around it.

    Attributes:
        stop_asked: asked before every step and exposure, with whether the sweep stands between two steps.
        activity: hears what the sweep emits.
    """

    stop_asked: Callable[[bool], bool] | None = None
    activity: Callable[[str, Any], None] | None = None
    _between_steps = True

    def emit(self, topic: str, record: Any) -> None:
        """Pass it on, and know from it whether a step is under way."""
        if topic == "results":
            self._between_steps = True
        elif topic == "activity" and record["activity"] in _LETS_LIGHT_OUT:
            self._between_steps = False
        if self.activity is not None:
            self.activity(topic, record)

    def should_stop(self) -> bool:
        """Whether the engine was asked to end."""
        return self.stop_asked is not None and self.stop_asked(self._between_steps)

    def again(self, **changes: Any) -> ObservedSweep:
        """The same sweep, not yet run, with some parameters changed.

        Args:
            changes: parameters by their recipe keys.
        """
        sweep = type(self).from_recipe({**self.recipe(), **changes})
        assert isinstance(sweep, ObservedSweep)
        return sweep
