"""How things stand around the sphere during a calibration, and what the operator is asked to change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from procedures.operator import OperatorAnswer


class LabStep(StrEnum):
    """One move of the hand during a calibration."""

    TAKE_SAMPLE_OUT = "take_sample_out"
    INSERT_LONG_PASS = "insert_long_pass"
    REMOVE_LONG_PASS = "remove_long_pass"
    INSERT_SECOND_HEAD = "insert_second_head"
    REMOVE_SECOND_HEAD = "remove_second_head"
    LAMP_ON = "lamp_on"
    LAMP_OFF = "lamp_off"
    BLOCK_LAMP = "block_lamp"
    UNBLOCK_LAMP = "unblock_lamp"
    RESEAT_LAMP = "reseat_lamp"
    LINE_LAMP_ON = "line_lamp_on"
    LINE_LAMP_OFF = "line_lamp_off"


_WORDS = {
    LabStep.TAKE_SAMPLE_OUT: "make sure that no sample is in the sphere",
    LabStep.INSERT_LONG_PASS: "insert the long-pass filter in front of the fibre",
    LabStep.REMOVE_LONG_PASS: "make sure that the long-pass filter isn't in front of the fibre",
    LabStep.INSERT_SECOND_HEAD: "hold the reference power head before the sphere's entrance",
    LabStep.REMOVE_SECOND_HEAD: "make sure that the reference power head is out of the beam",
    LabStep.LAMP_ON: "seat the calibration lamp at its port, switch it on and note its hours",
    LabStep.LAMP_OFF: "switch the calibration lamp off and note its hours",
    LabStep.BLOCK_LAMP: "block the lamp's light (leave it burning)",
    LabStep.UNBLOCK_LAMP: "let the lamp's light into the sphere",
    LabStep.RESEAT_LAMP: "take the burning lamp off its port and seat it again",
    LabStep.LINE_LAMP_ON: "hold the argon lamp to its port and switch it on",
    LabStep.LINE_LAMP_OFF: "switch the argon lamp off and take it away",
}


@dataclass(frozen=True)
class Setup:
    """What stands where. The sample is out of the sphere in every calibration.

    Attributes:
        lamp_on: the calibration lamp burns at its port.
        lamp_blocked: its light doesn't enter the sphere; False where it doesn't burn.
        long_pass: the emission filter is in front of the fibre.
        second_head: the reference power head is at the sphere's entrance.
        line_lamp: an argon lamp burns at the port.
    """

    lamp_on: bool = False
    lamp_blocked: bool = False
    long_pass: bool = False
    second_head: bool = False
    line_lamp: bool = False


@dataclass(frozen=True)
class CalibrationRequest:
    """What the operator is asked to do. Shutter closed while the question stands; laser off with the lamp.

    Attributes:
        steps: the moves, in order.
        sentence: the same in words.
        next: what will be measured afterwards, in words.
        reason: why it is asked again; empty the first time.
    """

    steps: tuple[LabStep, ...]
    sentence: str
    next: str
    reason: str = ""


class CalibrationOperator(Protocol):
    """Whoever moves lamp, filter and power head: a person, or simulated hands."""

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Wait until the request is fulfilled (or refused) and say which."""
        ...


def moves_between(present: Setup | None, target: Setup) -> tuple[LabStep, ...]:
    """List the moves that lead from one setup to another.

    Args:
        present: how things stand; None if nobody knows, then every part is named.
        target: how they shall stand.
    """
    moves: list[LabStep] = [LabStep.TAKE_SAMPLE_OUT] if present is None else []
    if present is None or present.long_pass != target.long_pass:
        moves.append(LabStep.INSERT_LONG_PASS if target.long_pass else LabStep.REMOVE_LONG_PASS)
    if present is None or present.second_head != target.second_head:
        moves.append(LabStep.INSERT_SECOND_HEAD if target.second_head else LabStep.REMOVE_SECOND_HEAD)
    # An argon lamp is on nobody's mind who doesn't use one: where nothing is known, it is off.
    if (present is not None and present.line_lamp) != target.line_lamp:
        moves.append(LabStep.LINE_LAMP_ON if target.line_lamp else LabStep.LINE_LAMP_OFF)
    if present is None or present.lamp_on != target.lamp_on:
        moves.append(LabStep.LAMP_ON if target.lamp_on else LabStep.LAMP_OFF)
    if target.lamp_on and (present is None or present.lamp_blocked != target.lamp_blocked):
        moves.append(LabStep.BLOCK_LAMP if target.lamp_blocked else LabStep.UNBLOCK_LAMP)
    elif present is not None and present.lamp_blocked and not target.lamp_on:
        moves.append(LabStep.UNBLOCK_LAMP)
    return tuple(moves)


def make_request(steps: tuple[LabStep, ...], following: str, reason: str = "") -> CalibrationRequest:
    """Put moves into words."""
    text = ", then ".join(_WORDS[step] for step in steps)
    return CalibrationRequest(steps, f"Please {text}.", f"Next: {following}.", reason)
