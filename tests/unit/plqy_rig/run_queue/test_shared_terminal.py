"""Questions of many runs at one terminal: each answer reaches the question that stands."""

from __future__ import annotations

import io
import os
import threading

import pytest

from calibration.roles import Role
from drivers.errors import RunAbortedError
from plqy_rig.commands.shared_terminal import SharedTerminal
from procedures import OperatorAnswer
from procedures.operator import make_request

REQUEST = make_request(Role.DIRECT_EXCITATION, None, sample="HET-Ce", power_steps=3)


@pytest.fixture
def typed():
    """A pipe as the keyboard; gives its two ends as files."""
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as keyboard, open(writing, "w", encoding="utf-8") as fingers:  # noqa: PTH123 -- descriptors
        yield keyboard, fingers
        fingers.close()


def press(fingers, text):
    fingers.write(text + "\n")
    fingers.flush()


def test_an_answer_goes_to_the_question_that_stands_not_to_one_withdrawn(typed):
    keyboard, fingers = typed
    terminal = SharedTerminal(io.StringIO(), keyboard)
    ended = []

    def ask():
        try:
            ended.append(terminal.ask(REQUEST))
        except RunAbortedError as error:
            ended.append(str(error))

    first = threading.Thread(target=ask)
    first.start()
    second = threading.Thread(target=ask)
    second.start()
    first.join(0.5)
    press(fingers, "")
    first.join(20)
    second.join(20)
    assert sorted(map(str, ended)) == [
        "another question has taken this one's place",
        str(OperatorAnswer.DONE),
    ]


def test_a_line_without_a_question_says_that_somebody_is_there(typed):
    keyboard, fingers = typed
    terminal = SharedTerminal(io.StringIO(), keyboard)
    here = threading.Event()
    terminal.unasked = here.set
    press(fingers, "d")
    assert terminal.ask(REQUEST) is OperatorAnswer.DONE
    press(fingers, "")
    assert here.wait(20)
