"""Stand-ins for the far end: adapters that answer what a test says, a clock that does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from pymeasure.adapters import Adapter

from drivers.clock import Clock

Reply = str | BaseException


@dataclass(frozen=True)
class ImpatientClock(Clock):
    """Never waits, and a minute passes between two looks at it; a condition gets a number of looks."""

    looks: int = 30
    minutes: Iterator[int] = field(default_factory=count)

    def monotonic(self) -> float:
        return 60.0 * next(self.minutes)

    def sleep(self, duration_s: float) -> None:
        return

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float, poll_s: float) -> bool:
        return any(condition() for _ in range(self.looks))


class AnsweringAdapter(Adapter):  # type: ignore[misc]
    """Answers by a function of the last command; an exception among the answers is raised."""

    def __init__(self, answer: Callable[[str], Reply]) -> None:
        super().__init__()
        self.answer = answer
        self.sent: list[str] = []

    def _write(self, command: str, **kwargs: object) -> None:
        self.sent.append(command)

    def _read(self, **kwargs: object) -> str:
        reply = self.answer(self.sent[-1] if self.sent else "")
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def flush_read_buffer(self) -> None:
        return


@pytest.fixture
def clock() -> Clock:
    return ImpatientClock()


@pytest.fixture
def answering() -> Callable[[Callable[[str], Reply]], AnsweringAdapter]:
    """Make an adapter that answers by a function of the command."""
    return AnsweringAdapter


@pytest.fixture
def answering_in_turn() -> Callable[[Iterable[Reply]], AnsweringAdapter]:
    """Make an adapter that gives these answers, whatever it is asked, and then empty ones."""

    def make(replies: Iterable[Reply]) -> AnsweringAdapter:
        turn = iter(replies)
        return AnsweringAdapter(lambda command: next(turn, ""))

    return make
