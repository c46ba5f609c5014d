"""The table of states: what isn't in it can't happen, and every change is told with its reason."""

from __future__ import annotations

import itertools

import pytest

from plqy_rig.engine import TRANSITIONS, EngineState, IllegalTransitionError, StateTable

S = EngineState
ENDS = {S.FINISHED, S.ABORTED, S.FAILED, S.INTERRUPTED}


def table_in(state):
    table = StateTable(lambda transition: None, now=lambda: 0.0)
    table._state = state
    return table


@pytest.mark.parametrize(("old", "new"), list(itertools.product(S, S)))
def test_a_change_is_made_exactly_if_the_table_has_it(old, new):
    table = table_in(old)
    if new in TRANSITIONS[old]:
        table.change(new, "because")
        assert table.state is new
    else:
        with pytest.raises(IllegalTransitionError):
            table.change(new, "because")
        assert table.state is old


def test_every_state_has_its_row_and_every_end_can_begin_again():
    assert set(TRANSITIONS) == set(S)
    for end in ENDS:
        assert end.over
        assert S.PREPARING in TRANSITIONS[end]


def test_from_every_state_of_a_run_the_light_can_be_taken_off():
    for state in set(S) - ENDS - {S.IDLE, S.ABORTING}:
        assert S.ABORTING in TRANSITIONS[state]
        assert not state.over


def test_running_is_entered_only_through_preparing_or_an_answered_question():
    assert {old for old, new in TRANSITIONS.items() if S.RUNNING in new} == {
        S.PREPARING,
        S.WAITING_FOR_OPERATOR,
    }


def test_a_run_ends_only_after_the_safe_state_was_tried():
    for end in ENDS:
        assert {old for old, new in TRANSITIONS.items() if end in new} <= {S.FINISHING, S.ABORTING}


def test_each_change_is_told_with_its_reason_and_time():
    told = []
    table = StateTable(told.append, now=lambda: 12.0)
    table.change(S.PREPARING, "a run of HET")
    assert not table.change_from(frozenset({S.RUNNING}), S.PAUSING, "no")
    assert table.change_from(frozenset({S.PREPARING}), S.RUNNING, "first light")
    assert [(item.old, item.new, item.reason, item.time_s) for item in told] == [
        (S.IDLE, S.PREPARING, "a run of HET", 12.0),
        (S.PREPARING, S.RUNNING, "first light", 12.0),
    ]
    assert table.history == tuple(told)
