"""The person (or the bench's simulated hands) who moves the sample and the long-pass filter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from calibration.roles import Arrangement, Role, SamplePosition


class OperatorStep(StrEnum):
    """One move of the hand."""

    TAKE_SAMPLE_OUT = "take_sample_out"
    PLACE_SAMPLE_INDIRECT = "place_sample_indirect"
    PLACE_SAMPLE_DIRECT = "place_sample_direct"
    INSERT_LONG_PASS = "insert_long_pass"
    REMOVE_LONG_PASS = "remove_long_pass"


class OperatorAnswer(StrEnum):
    """What the operator says to a request."""

    DONE = "done"
    CONTINUE_ANYWAY = "continue_anyway"
    """Measure although the check failed; the run's warnings say so."""
    ABORT = "abort"


_STEP_OF_SAMPLE = {
    SamplePosition.OUT: OperatorStep.TAKE_SAMPLE_OUT,
    SamplePosition.INDIRECT: OperatorStep.PLACE_SAMPLE_INDIRECT,
    SamplePosition.DIRECT: OperatorStep.PLACE_SAMPLE_DIRECT,
}

_WORDS = {
    OperatorStep.TAKE_SAMPLE_OUT: "take the sample out of the sphere",
    OperatorStep.PLACE_SAMPLE_INDIRECT: "put the sample into the sphere, out of the beam (indirect position)",
    OperatorStep.PLACE_SAMPLE_DIRECT: "put the sample into the beam (direct position)",
    OperatorStep.INSERT_LONG_PASS: "insert the long-pass filter in front of the fibre",
    OperatorStep.REMOVE_LONG_PASS: "make sure that the long-pass filter isn't in front of the fibre",
}


@dataclass(frozen=True)
class OperatorRequest:
    """What the operator is asked to do. The shutter is closed while the question stands.

    Attributes:
        role: the pass it is for.
        target: how sample and long-pass shall stand afterwards.
        steps: the moves, in order; all that matter when the present arrangement isn't known.
        sentence: the moves in words.
        reason: why it is asked again (the check that failed, in words); empty the first time.
        next: what will be measured afterwards, in words.
    """

    role: Role
    target: Arrangement
    steps: tuple[OperatorStep, ...]
    sentence: str
    reason: str
    next: str


class Operator(Protocol):
    """Whoever moves sample and filter: a person at the GUI, at the terminal, or simulated hands."""

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        """Wait until the request is fulfilled (or refused) and say which.

        May block as long as a person needs. Raises `RunAbortedError` where the question is withdrawn.
        """
        ...


def moves_between(present: Arrangement | None, target: Arrangement) -> tuple[OperatorStep, ...]:
    """List the moves that lead from the present arrangement to the target.

    Args:
        present: how things stand now; None if nobody knows, then every part is named.
        target: how they shall stand.
    """
    moves: list[OperatorStep] = []
    if present is None or present.sample is not target.sample:
        moves.append(_STEP_OF_SAMPLE[target.sample])
    if present is None or present.long_pass_inserted is not target.long_pass_inserted:
        moves.append(
            OperatorStep.INSERT_LONG_PASS if target.long_pass_inserted else OperatorStep.REMOVE_LONG_PASS
        )
    return tuple(moves)


def make_request(
    role: Role, present: Arrangement | None, *, sample: str, power_steps: int, reason: str = ""
) -> OperatorRequest:
    """Write the request that prepares a pass.

    Args:
        role: the pass to prepare.
        present: the arrangement as known; None if unknown or in doubt.
        sample: its name: in a queue of several it matters which.
        power_steps: number of steps that will follow, for the words only.
        reason: why it is asked again.
    """
    target = role.arrangement
    # After a failed check the known arrangement is what is in doubt: name every part again.
    steps = moves_between(None if reason else present, target)
    text = ", and ".join(_WORDS[step] for step in steps)
    sentence = f"Please {text}." if steps else "Nothing to move."
    follows = (
        f"{sample}, {role.value.replace('_', ' ')}, {power_steps} power step{'s' if power_steps != 1 else ''}"
    )
    return OperatorRequest(role, target, steps, sentence, reason, f"Next: {follows}.")
