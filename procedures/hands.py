"""Two operators that need no window: a person at the terminal, and simulated hands at a bench."""

from __future__ import annotations

import json
import logging
import socket
from dataclasses import dataclass
from typing import Any, TextIO

from drivers.errors import ConfigurationError, InstrumentConnectionError, InstrumentReportedError
from procedures.operator import OperatorAnswer, OperatorRequest

_LOGGER = logging.getLogger(__name__)

_ANSWERS = {
    "": OperatorAnswer.DONE,
    "d": OperatorAnswer.DONE,
    "done": OperatorAnswer.DONE,
    "c": OperatorAnswer.CONTINUE_ANYWAY,
    "continue": OperatorAnswer.CONTINUE_ANYWAY,
    "a": OperatorAnswer.ABORT,
    "abort": OperatorAnswer.ABORT,
}

_CONSOLE = "bench console"


@dataclass(frozen=True)
class TerminalOperator:
    """A person at a terminal: the request is written, the answer is one line.

    Attributes:
        output: where the request is written; stderr at the command line, stdout is for machines.
        answers: where the answer is read from. Its end counts as abort: nobody is there to move the sample.
    """

    output: TextIO
    answers: TextIO

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        """Write the request and read lines until one is an answer."""
        if request.reason:
            self._write(f"\nThe check at the first step failed: {request.reason}\n")
        self._write(f"\n{request.sentence} The shutter is closed.\n{request.next}\n")
        while True:
            again = ", c + Enter to continue anyway" if request.reason else ""
            self._write(f"Enter when done{again}, a + Enter to abort: ")
            line = self.answers.readline()
            if not line:
                return OperatorAnswer.ABORT
            answer = _ANSWERS.get(line.strip().lower())
            if answer is not None:
                return answer
            self._write(f"{line.strip()!r} is no answer.\n")

    def _write(self, text: str) -> None:
        self.output.write(text)
        self.output.flush()


@dataclass(frozen=True)
class ConsoleHands:
    """Simulated hands: does the operator's moves through the console of a bench.

    Attributes:
        address: ``"host:port"`` of the console, as the bench's rig file names it.
        timeout_s: longest wait for an answer of the console, real seconds.
    """

    address: str
    timeout_s: float = 10.0

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        """Bring sample and long-pass into the target arrangement; always done when it returns.

        Raises:
            ConfigurationError: the address isn't ``host:port``.
            InstrumentConnectionError: nobody answers there.
            InstrumentReportedError: the console refused.
        """
        if request.reason:
            _LOGGER.warning("asked again: %s", request.reason)
        commands: tuple[dict[str, Any], ...] = (
            {"command": "place", "sample": request.target.sample.value},
            {"command": "long_pass", "inserted": request.target.long_pass_inserted},
        )
        for command, reply in zip(commands, self._exchange(commands), strict=True):
            if "error" in reply:
                raise InstrumentReportedError(_CONSOLE, f"{command} was refused: {reply['error']}")
        return OperatorAnswer.DONE

    def _exchange(self, commands: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
        host, separator, port = self.address.rpartition(":")
        if not (host and separator and port.isdigit()):
            raise ConfigurationError(f"bench.console must be host:port, got {self.address!r}")
        try:
            with (
                socket.create_connection((host, int(port)), timeout=self.timeout_s) as connection,
                connection.makefile("rw", encoding="utf-8", newline="\n") as lines,
            ):
                return [self._one(lines, command) for command in commands]
        except (OSError, ValueError) as error:
            raise InstrumentConnectionError(_CONSOLE, f"no answer at {self.address}: {error}") from error

    @staticmethod
    def _one(lines: TextIO, command: dict[str, Any]) -> dict[str, Any]:
        lines.write(json.dumps(command) + "\n")
        lines.flush()
        reply = json.loads(lines.readline())
        if not isinstance(reply, dict):
            raise ValueError(f"{reply!r} is no object")
        return reply
