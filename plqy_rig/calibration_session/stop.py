"""Ending a session: asked for in any thread, heard by the one that measures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from drivers.errors import RunAbortedError

_POLL_S = 0.05
Answer = TypeVar("Answer")


class StopRequest:
    """Whether the session is to end, why, and whether what hangs is waited for."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._reason = ""
        self.urgent = False
        """Nothing that hangs is waited for."""

    def ask(self, reason: str, *, urgent: bool = False) -> None:
        """Ask for the end; the first reason stays."""
        self._reason = self._reason or reason
        self.urgent = self.urgent or urgent
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Get whether somebody asked."""
        return self._asked.is_set()

    @property
    def reason(self) -> str:
        """Get why; empty as long as nobody asked."""
        return self._reason

    def wait(self, duration_s: float) -> bool:
        """Wait, real seconds, until somebody asks; returns whether."""
        return self._asked.wait(duration_s)


class Waited(Generic[Answer]):
    """The answer of somebody who may take for ever, with a way out."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._answers: list[Answer] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="calibration question", daemon=True)

    def answer(self, stop: StopRequest) -> Answer:
        """Ask and wait.

        Raises:
            RunAbortedError: a stop was asked for first; whoever was asked is left behind.
        """
        self._thread.start()
        while self._thread.is_alive():
            self._thread.join(_POLL_S)
            if stop.asked:
                raise RunAbortedError(f"the calibration was ended: {stop.reason}")
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._ask())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
