"""What a person at the terminal sees of a run, and what signals do to it."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from plqy_rig import terminal
from plqy_rig.engine import (
    ActivityChanged,
    CommandRefusedError,
    DocumentSaved,
    Engine,
    Event,
    HoldsChanged,
    Notice,
    RunOpened,
)

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_POLL_S = 0.05


class RunView:
    """Hears the engine's stream and puts it on the terminal."""

    def __init__(self, progress: terminal.ProgressView) -> None:
        self._progress = progress

    def hear(self, event: Event) -> None:
        """Take one event."""
        match event:
            case DocumentSaved(name, document):
                self._progress.document(name, document)
            case ActivityChanged(role, step, activity):
                self._progress.activity("activity", {"role": role, "step": step, "activity": activity})
            case RunOpened(_, exposures):
                self._progress.already_saved(exposures)
            case Notice(sentence):
                terminal.say(sentence)
            case HoldsChanged(sentences):
                terminal.say(
                    f"on hold: {' '.join(sentences)}" if sentences else "nothing holds the run any more"
                )
            case _:
                pass


class Endable(Protocol):
    """What signals end: a run's engine, or a session of calibrations."""

    def abort(self, reason: str) -> None:
        """End it."""
        ...

    def emergency_off(self, reason: str) -> object:
        """End it without waiting for anything."""
        ...


class Signals:
    """Signals that came, in their order; looked at by the main loop, never acted upon in the handler."""

    def __init__(self) -> None:
        self._came: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ending = 0
        self._terminals = [number for number in (1, 2) if os.isatty(number)]

    def handler(self, name: str) -> Callable[[int, FrameType | None], None]:
        """Make what notes a signal."""
        return lambda number, frame: self._came.put(name)

    def act(self, engine: Endable) -> None:
        """Do what the signals since the last look ask for.

        The first one ends the run; the second one doesn't wait for what hangs; the third one leaves at
        once, and the guardian makes the rig safe.
        """
        while not self._came.empty():
            name = self._came.get()
            if name == "SIGTSTP":
                terminal.say(
                    "A run can't be put to sleep: the rig would be left alone. Use Ctrl-C to end it."
                )
                continue
            if name == "SIGHUP":
                self._leave_the_terminal()
            self._ending += 1
            self._end(engine, name)

    def _end(self, engine: Endable, name: str) -> None:
        try:
            if self._ending == 1:
                terminal.say(f"{name}: light off; what is saved stays saved. Again: without waiting.")
                engine.abort(f"ended by {name}")
            elif self._ending == 2:
                terminal.say(f"{name} again: the end doesn't wait for anything any more.")
                engine.emergency_off(f"ended by {name}")
            else:
                terminal.say(f"{name} once more: leaving at once, the guardian makes the rig safe.")
                os._exit(130)
        except CommandRefusedError as refusal:
            terminal.say(f"{name}: {refusal}")

    def _leave_the_terminal(self) -> None:
        """The terminal is gone: writing to it would fail just when the run is being saved."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in self._terminals:
            os.dup2(nowhere, number)
        os.close(nowhere)


@contextmanager
def noted_signals() -> Iterator[Signals]:
    """While a run goes on, signals are noted instead of tearing it apart."""
    signals = Signals()
    names = [name for name in (*_ENDING, "SIGTSTP") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    for name in names:
        signal.signal(getattr(signal, name), signals.handler(name))
    try:
        yield signals
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def run_to_the_end(engine: Engine, signals: Signals) -> None:
    """Wait for the run, looking for signals."""
    while not engine.wait(_POLL_S):
        signals.act(engine)
