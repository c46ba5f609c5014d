"""The safe state tries everything, verifies everything, and tells."""

from __future__ import annotations

import itertools
import threading

import pytest

from drivers.errors import InstrumentTimeoutError
from plqy_rig.safe_state import SafeStep, make_safe

NAMES = ("shutter closed", "laser off", "wheel dark")


def fail():
    raise InstrumentTimeoutError("shutter (SC10)", "no answer within 2 s")


def crash():
    raise ZeroDivisionError("a bug")


@pytest.mark.parametrize("failing", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("how", [fail, crash])
def test_every_step_is_tried_whatever_the_others_did(failing, how):
    tried = []

    def action(name, fails):
        tried.append(name)
        if fails:
            how()

    steps = [
        SafeStep(name, lambda name=name, fails=fails: action(name, fails), 5.0)
        for name, fails in zip(NAMES, failing, strict=True)
    ]
    verdict = make_safe(steps)
    assert tried == list(NAMES)
    assert [step.safe for step in verdict.steps] == [not fails for fails in failing]
    assert verdict.safe == (not any(failing))


def test_a_hanging_step_does_not_hold_up_the_next():
    release = threading.Event()
    tried = []
    verdict = make_safe(
        [SafeStep("shutter closed", release.wait, 0.05), SafeStep("laser off", lambda: tried.append(1), 5.0)]
    )
    release.set()
    assert tried == [1]
    assert not verdict.safe
    assert "shutter closed: no answer within 0.05 s" in str(verdict)


def test_the_verdict_names_what_is_not_safe():
    verdict = make_safe([SafeStep("shutter closed", fail, 5.0), SafeStep("laser off", lambda: None, 5.0)])
    assert str(verdict) == "NOT SAFE: shutter closed: shutter (SC10): no answer within 2 s"
    document = verdict.to_document()
    assert document["safe"] is False
    assert [step["safe"] for step in document["steps"]] == [False, True]


def test_a_safe_verdict_says_what_was_verified():
    verdict = make_safe([SafeStep(name, lambda: None, 5.0) for name in NAMES])
    assert str(verdict) == "safe: shutter closed, laser off, wheel dark"


def test_a_slow_step_with_a_head_start_is_overtaken_and_still_gets_its_time():
    laser_is_off = threading.Event()

    def slow_shutter():
        assert laser_is_off.wait(5.0), "the laser waited for the shutter"

    verdict = make_safe(
        [
            SafeStep("shutter closed", slow_shutter, 5.0, head_start_s=0.01),
            SafeStep("laser off", laser_is_off.set, 5.0),
        ]
    )
    assert verdict.safe
