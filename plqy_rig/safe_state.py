"""The safe state: an ordered list of steps, all tried whatever the others did, each verified.

    shutter closed -> laser output off -> wheel at its darkest -> a reminder of the calibration lamp

Software isn't the safety device: the key switch, the interlock and the laser goggles are.
"""

from __future__ import annotations

import logging
import threading
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
    """

    name: str
    action: Callable[[], None]
    timeout_s: float


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
    verdict = SafeVerdict(tuple(_try_step(step) for step in steps))
    log.log(logging.INFO if verdict.safe else logging.ERROR, "%s", verdict)
    return verdict


def _try_step(step: SafeStep) -> StepVerdict:
    problems: list[str] = []

    def run() -> None:
        try:
            step.action()
        except RigError as error:
            problems.append(str(error))
        except Exception as error:
            # Whatever it is, the next steps have to be tried.
            log.exception("safe state, %s: unexpected error", step.name)
            problems.append(f"unexpected {type(error).__name__}: {error}")

    thread = threading.Thread(target=run, name=f"safe state: {step.name}", daemon=True)
    thread.start()
    thread.join(step.timeout_s)
    if thread.is_alive():
        return StepVerdict(step.name, f"no answer within {step.timeout_s:g} s")
    return StepVerdict(step.name, "; ".join(problems))
