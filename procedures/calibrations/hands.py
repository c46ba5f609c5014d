"""The operators of a calibration that need no window: a person at the terminal, and hands at a bench."""

from __future__ import annotations

import logging
from typing import Any

from drivers.errors import InstrumentReportedError
from procedures.calibrations.setup import CalibrationRequest, LabStep
from procedures.hands import ConsoleHands, TerminalOperator
from procedures.operator import OperatorAnswer

_LOGGER = logging.getLogger(__name__)

_COMMANDS: dict[LabStep, dict[str, Any]] = {
    LabStep.TAKE_SAMPLE_OUT: {"command": "place", "sample": "out"},
    LabStep.INSERT_LONG_PASS: {"command": "long_pass", "inserted": True},
    LabStep.REMOVE_LONG_PASS: {"command": "long_pass", "inserted": False},
    LabStep.INSERT_SECOND_HEAD: {"command": "second_power_head", "inserted": True},
    LabStep.REMOVE_SECOND_HEAD: {"command": "second_power_head", "inserted": False},
    LabStep.LAMP_ON: {"command": "lamp", "on": True},
    LabStep.LAMP_OFF: {"command": "lamp", "on": False},
    LabStep.BLOCK_LAMP: {"command": "lamp_block", "blocked": True},
    LabStep.UNBLOCK_LAMP: {"command": "lamp_block", "blocked": False},
    LabStep.RESEAT_LAMP: {"command": "lamp", "reseat": True},
    LabStep.LINE_LAMP_ON: {"command": "condition", "name": "line_lamp", "value": True},
    LabStep.LINE_LAMP_OFF: {"command": "condition", "name": "line_lamp", "value": False},
}


class CalibrationHands(ConsoleHands):
    """Simulated hands: does the moves of a calibration through the console of a bench."""

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Do every move of the request; always done when it returns.

        Raises:
            ConfigurationError: the address isn't ``host:port``.
            InstrumentConnectionError: nobody answers there.
            InstrumentReportedError: the console refused.
        """
        _LOGGER.info("%s", request.sentence)
        commands = tuple(_COMMANDS[step] for step in request.steps)
        for command, reply in zip(commands, self._exchange(commands), strict=True):
            if "error" in reply:
                raise InstrumentReportedError("bench console", f"{command} was refused: {reply['error']}")
        return OperatorAnswer.DONE


class CalibrationTerminal(TerminalOperator):
    """A person at a terminal, asked to move lamp, filter and power head."""

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Write the request and read lines until one is an answer; the end of the input aborts."""
        if request.reason:
            self._write(f"\nOnce more: {request.reason}\n")
        self._write(f"\n{request.sentence} The shutter is closed.\n{request.next}\n")
        while True:
            self._write("Enter when done, a + Enter to abort: ")
            line = self.answers.readline()
            if not line or line.strip().lower() in {"a", "abort"}:
                return OperatorAnswer.ABORT
            if line.strip().lower() in {"", "d", "done"}:
                return OperatorAnswer.DONE
            self._write(f"{line.strip()!r} is no answer.\n")
