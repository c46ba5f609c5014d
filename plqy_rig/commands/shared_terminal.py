"""One terminal for the questions of many runs: a question that is withdrawn leaves no reader behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TextIO

from drivers.errors import RunAbortedError
from procedures import OperatorAnswer, OperatorRequest, TerminalOperator

_POLL_S = 0.1


class SharedTerminal:
    """Asks at the terminal (protocol `Operator`); only one thread ever reads from it.

    Attributes:
        unasked: called when somebody types a line although no question stands: he is there.
    """

    def __init__(self, output: TextIO, answers: TextIO) -> None:
        """Begin without a question.

        Args:
            output: where questions are written.
            answers: where answers are read from.
        """
        self.unasked: Callable[[], None] = lambda: None
        self._output = output
        self._answers = answers
        self._lock = threading.Lock()
        self._asked = 0
        self._lines: queue.SimpleQueue[str] | None = None
        self._reader: threading.Thread | None = None

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        """Write the request and wait for an answer.

        Raises:
            RunAbortedError: another question has taken this one's place.
        """
        with self._lock:
            self._asked += 1
            lines: queue.SimpleQueue[str] = queue.SimpleQueue()
            turn = _Turn(lines, self._stands_as(self._asked))
            self._lines = lines
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
                self._reader.start()
        try:
            return TerminalOperator(self._output, turn).ask(request)  # type: ignore[arg-type]
        finally:
            with self._lock:
                if self._lines is lines:
                    self._lines = None

    def _read(self) -> None:
        while line := self._answers.readline():
            with self._lock:
                lines = self._lines
            if lines is None:
                self.unasked()
            else:
                lines.put(line)
        # Its end isn't an answer: entries that need no hands go on, and the question stands.

    def _stands_as(self, number: int) -> Callable[[], bool]:
        return lambda: number == self._asked


class _Turn:
    """Lines for one question, as long as it is the one that stands."""

    def __init__(self, lines: queue.SimpleQueue[str], stands: Callable[[], bool]) -> None:
        self._lines = lines
        self._stands = stands

    def readline(self) -> str:
        while self._stands():
            try:
                return self._lines.get(timeout=_POLL_S)
            except queue.Empty:
                continue
        raise RunAbortedError("another question has taken this one's place")
