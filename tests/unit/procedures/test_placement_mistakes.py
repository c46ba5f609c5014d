"""Hands make mistakes: each is noticed at the first step of the pass, and nothing of it is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from procedure_fakes import Records, ScriptedOperator, World, make_sweep, run

from drivers.errors import MeasurementError
from procedures import PASS_ORDER, Arrangement, OperatorAnswer, PlqySweep, Role, SamplePosition, StepSummary
from procedures.history import RunHistory
from procedures.placement import PlacementCheck

OUT, INDIRECT, DIRECT = SamplePosition.OUT, SamplePosition.INDIRECT, SamplePosition.DIRECT

MISTAKES = [
    pytest.param(0, Arrangement(OUT, True), "there is no laser line", id="long-pass still in, empty sphere"),
    pytest.param(1, Arrangement(INDIRECT, True), "long-pass still in", id="long-pass still in, with sample"),
    pytest.param(1, Arrangement(OUT, False), "seem to be in the sphere", id="sample not put in"),
    pytest.param(2, Arrangement(INDIRECT, False), "isn't in the beam", id="sample not moved into the beam"),
    pytest.param(3, Arrangement(DIRECT, False), "long-pass isn't in", id="long-pass not inserted"),
    pytest.param(3, Arrangement(OUT, True), "no emission above the noise", id="sample fell out"),
    pytest.param(4, Arrangement(DIRECT, True), "was not moved out of the beam", id="sample not moved back"),
    pytest.param(5, Arrangement(INDIRECT, True), "still in the sphere", id="sample not taken out"),
]


def sweep_with(
    mistakes: dict[int, Arrangement], seed: int = 1
) -> tuple[PlqySweep, Records, ScriptedOperator]:
    sweep, records, operator = make_sweep(World(seed=seed, long_pass_leak=1e-8), passes=list(PASS_ORDER))
    operator.mistakes.update(mistakes)
    return sweep, records, operator


@pytest.mark.parametrize(("turn", "wrong", "reason"), MISTAKES)
def test_a_mistake_is_asked_again_with_the_reason_and_nothing_of_it_is_recorded(turn, wrong, reason) -> None:
    sweep, records, operator = sweep_with({turn: wrong})
    run(sweep)
    assert sweep.finished
    assert sweep.warnings == []
    assert records.keys() == [(role.value, step) for role in PASS_ORDER for step in range(3)]
    assert len(operator.requests) == 7
    again = operator.requests[turn + 1]
    assert again.role is PASS_ORDER[turn]
    assert reason in again.reason
    # What stands wrong isn't known: every part is named again.
    assert len(again.steps) == 2


@pytest.mark.parametrize("sigmas", [3.5, 5.0])
def test_noise_that_stands_out_a_little_is_not_taken_for_the_laser_line(sigmas) -> None:
    rate, uncertainty = np.zeros(512), np.full(512, 1.0)
    rate[40] = sigmas * np.sqrt(20.0)
    summary = StepSummary(Role.EMPTY_EXCITATION, 0, 0.0, 1e-3, 1e-4, rate, uncertainty, np.zeros(512))
    check = PlacementCheck(np.arange(512.0), (30.0, 49.0))
    assert "there is no laser line" in (check.reason(summary, RunHistory()) or "")


@pytest.mark.parametrize("seed", range(8))
def test_a_correct_arrangement_is_never_asked_twice(seed) -> None:
    sweep, records, operator = sweep_with({}, seed)
    run(sweep)
    assert len(operator.requests) == 6
    assert len(records.exposures) == 18


def test_continue_anyway_measures_and_leaves_a_warning() -> None:
    sweep, records, operator = sweep_with({2: Arrangement(INDIRECT, False), 3: Arrangement(INDIRECT, False)})
    operator.answers[3] = OperatorAnswer.CONTINUE_ANYWAY
    run(sweep)
    assert sweep.finished
    assert len(records.exposures) == 18
    assert len(sweep.warnings) == 1
    assert "direct_excitation" in sweep.warnings[0]
    assert "isn't in the beam" in sweep.warnings[0]


def test_an_operator_who_never_gets_it_right_ends_the_run() -> None:
    wrong = {turn: Arrangement(OUT, False) for turn in range(1, 20)}
    sweep, records, operator = sweep_with(wrong)
    with pytest.raises(MeasurementError, match="after 5 tries"):
        run(sweep)
    assert len(records.exposures) == 3
    assert len(operator.requests) == 6


def test_an_arrangement_that_is_known_is_not_asked_for() -> None:
    sweep, _, operator = sweep_with({})
    sweep.arrangement = Role.EMPTY_EXCITATION.arrangement
    run(sweep)
    assert [request.role for request in operator.requests] == list(PASS_ORDER[1:])
