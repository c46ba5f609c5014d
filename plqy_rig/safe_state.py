"""The safe state: an ordered list of steps, all tried whatever the others did, each verified.

    shutter closed -> laser output off -> wheel at its darkest -> a reminder of the calibration lamp

Software isn't the safety device: the key switch, the interlock and the laser goggles are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.errors import RigError

log = logging.getLogger(__name__)

LAMP_REMINDER = "If the calibration lamp was used, switch it off: the program can't see it."


@dataclass(frozen=True)
class SafeStep:
    """One thing to bring into its safe state.

    Attributes:
        name: in an operator's words, what will be true, e.g. "shutter closed".
        action: brings it there and verifies it; raises `RigError` otherwise.
        timeout_s: real seconds after which it counts as failed.
        head_start_s: real seconds after which the next step begins even if this one isn't done; None
            gives it all of `timeout_s`. A shutter that hangs must not keep the laser on.
    """

    name: str
    action: Callable[[], None]
    timeout_s: float
    head_start_s: float | None = None


@dataclass(frozen=True)
class StepVerdict:
    """What became of one step: `problem` is empty when it was verified."""

    name: str
    problem: str

    @property
    def safe(self) -> bool:
        """Whether the step was verified."""
        return not self.problem


@dataclass(frozen=True)
class SafeVerdict:
    """What became of the whole list."""

    steps: tuple[StepVerdict, ...]

    @property
    def safe(self) -> bool:
        """Whether every step was verified."""
        return all(step.safe for step in self.steps)

    def __str__(self) -> str:
        if self.safe:
            return "safe: " + ", ".join(step.name for step in self.steps)
        failed = "; ".join(f"{step.name}: {step.problem}" for step in self.steps if not step.safe)
        return f"NOT SAFE: {failed}"

    def to_document(self) -> dict[str, object]:
        """For the run's stop document and `--json`."""
        return {
            "safe": self.safe,
            "sentence": str(self),
            "steps": [{"name": step.name, "safe": step.safe, "problem": step.problem} for step in self.steps],
        }


def make_safe(steps: Sequence[SafeStep]) -> SafeVerdict:
    """Try every step in order, each with its own time-out; never raises for a failing step.

    A step that hangs is left behind in its thread: the next ones must not wait for it.
    """
    tries: list[_Try] = []
    for step in steps:
        tries.append(_Try(step))
        tries[-1].wait(step.timeout_s if step.head_start_s is None else step.head_start_s)
    verdict = SafeVerdict(tuple(attempt.verdict() for attempt in tries))
    log.log(logging.INFO if verdict.safe else logging.ERROR, "%s", verdict)
    return verdict


class _Try:
    """One step on its way, in a thread of its own."""

    def __init__(self, step: SafeStep) -> None:
        self._step = step
        self._problems: list[str] = []
        self._deadline = time.monotonic() + step.timeout_s
        self._thread = threading.Thread(target=self._run, name=f"safe state: {step.name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._step.action()
        except RigError as error:
            self._problems.append(str(error))
        except Exception as error:
            # Whatever it is, the next steps have to be tried.
            log.exception("safe state, %s: unexpected error", self._step.name)
            self._problems.append(f"unexpected {type(error).__name__}: {error}")

    def wait(self, duration_s: float) -> None:
        """Wait until it is done, at most so long."""
        self._thread.join(duration_s)

    def verdict(self) -> StepVerdict:
        """Wait for the rest of its time, then say what became of it."""
        self._thread.join(max(self._deadline - time.monotonic(), 0.0))
        if self._thread.is_alive():
            return StepVerdict(self._step.name, f"no answer within {self._step.timeout_s:g} s")
        return StepVerdict(self._step.name, "; ".join(self._problems))
