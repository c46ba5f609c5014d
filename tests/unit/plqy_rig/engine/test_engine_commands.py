"""Commands, pauses, holds and reconnections, on a rig in memory."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from drivers.errors import InstrumentTimeoutError
from plqy_rig.data import ExitStatus, load_run, read_journal
from plqy_rig.engine import (
    CommandRefusedError,
    EngineState,
    HoldsChanged,
    Notice,
    OperatorAsked,
    Safety,
    SafetyChanged,
    StateChanged,
    read_job,
)
from procedures import OperatorAnswer

S = EngineState
ROLES = 5


def reaches(state):
    return lambda event: isinstance(event, StateChanged) and event.transition.new is state


def is_safe(event):
    return isinstance(event, SafetyChanged) and event.safety is Safety.SAFE


def taken(folder):
    return Counter(
        (entry.document["data"]["role"], entry.document["data"]["step"])
        for entry in read_journal(folder / "run.jsonl").entries
        if entry.name == "event" and "counts" in entry.document["data"]
    )


def assert_whole(outcome, steps=3):
    assert outcome.error is None, outcome
    counts = taken(outcome.folder)
    assert len(counts) == ROLES * steps
    assert set(counts.values()) == {1}
    names = [entry.name for entry in read_journal(outcome.folder / "run.jsonl").entries]
    assert names.count("stop") == 1
    assert names[-1] == "stop"


def test_a_run_goes_through_its_states_and_ends_safe(make):
    rig = make()
    rig.start()
    outcome = rig.finish()
    assert_whole(outcome)
    states = [event.transition.new for event in rig.heard.of(StateChanged)]
    assert states[:3] == [S.PREPARING, S.RUNNING, S.WAITING_FOR_OPERATOR]
    assert states[-2:] == [S.FINISHING, S.FINISHED]
    assert all(event.transition.reason for event in rig.heard.of(StateChanged))
    status = rig.engine.status
    assert status.safety is Safety.SAFE
    assert (status.exposures, status.exposures_wanted) == (15, 15)
    assert not rig.world.shutter_open
    assert not rig.world.laser_on


def test_the_shutter_opens_in_the_running_state_only(make):
    rig = make()
    wrong = []

    def look(name):
        if name == "shutter open" and rig.engine.status.state is not S.RUNNING:
            wrong.append(rig.engine.status.state)

    rig.world.hooks.append(look)
    rig.start()
    rig.finish()
    assert wrong == []


def test_a_pause_comes_between_two_steps_and_nothing_is_measured_twice(make):
    rig = make()
    rig.at("spectrometer acquire", 9, lambda: rig.engine.pause("coffee"))
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    status = rig.engine.status
    assert status.safety is Safety.DARK
    assert not rig.world.shutter_open
    assert rig.world.laser_on, "a short pause leaves the laser on behind the closed shutter"
    assert [hold.name for hold in status.holds] == ["operator"]
    assert "coffee" in status.holds[0].sentence
    before = len(taken(status.folder))
    assert before == status.exposures >= 1
    rig.engine.resume()
    assert_whole(rig.finish())


def test_a_shutter_that_somebody_opens_during_a_pause_is_closed_and_told(make):
    rig = make()
    rig.at("spectrometer acquire", 9, rig.engine.pause)
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    heard = len(rig.heard.events)
    rig.world.shutter_open = True
    rig.heard.wait_for(lambda event: isinstance(event, Notice) and "isn't closed any more" in event.sentence)
    rig.heard.wait_for(is_safe, after=heard)
    assert not rig.world.shutter_open
    rig.engine.resume()
    assert_whole(rig.finish())


def test_a_long_pause_switches_the_laser_off(make):
    rig = make()
    rig.at("spectrometer acquire", 9, rig.engine.pause)
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    heard = len(rig.heard.events)
    rig.world.clock.sleep(61.0)
    rig.heard.wait_for(lambda event: isinstance(event, Notice) and "laser is switched off" in event.sentence)
    rig.heard.wait_for(is_safe, after=heard)
    assert not rig.world.laser_on
    rig.engine.resume()
    assert_whole(rig.finish())


def test_a_pause_while_the_operator_is_asked_withdraws_the_question_and_asks_again(make):
    rig = make(operator=False)
    rig.start()
    rig.heard.wait_for(lambda event: isinstance(event, OperatorAsked))
    rig.engine.pause()
    rig.heard.wait_for(reaches(S.PAUSED))
    assert rig.engine.status.question is None
    with pytest.raises(CommandRefusedError):
        rig.engine.answer_operator(OperatorAnswer.DONE)
    rig.engine.resume()
    rig.heard.wait_for(lambda event: len(rig.heard.of(OperatorAsked)) == 2)


def test_answers_may_come_by_command(make):
    rig = make(operator=False)

    def answer(event):
        if isinstance(event, OperatorAsked):
            target = event.request.target
            rig.world.sample, rig.world.long_pass = target.sample, target.long_pass_inserted
            rig.engine.answer_operator(OperatorAnswer.DONE)

    rig.engine.subscribe(answer)
    rig.start()
    assert_whole(rig.finish())


def test_an_abort_takes_the_light_off_and_keeps_what_was_saved(make):
    rig = make()
    rig.at("spectrometer acquire", 9, lambda: rig.engine.abort("the operator had enough"))
    rig.start()
    outcome = rig.finish()
    assert outcome.exit_status is ExitStatus.ABORT
    assert outcome.error.exit_code == 130
    assert outcome.verdict.safe
    assert rig.engine.status.state is S.ABORTED
    stop = load_run(outcome.folder).stop
    assert stop["reason"] == "the operator had enough"
    assert not rig.world.shutter_open
    assert not rig.world.laser_on


def test_a_step_whose_light_was_taken_off_by_an_abort_is_not_recorded(make):
    rig = make()
    before = []

    def abort_and_wait_until_dark():
        before.append(rig.engine.status.exposures)
        rig.engine.abort()
        while rig.world.shutter_open:
            pass

    rig.at("spectrometer acquire", 9, abort_and_wait_until_dark)
    rig.start()
    outcome = rig.finish()
    assert sum(taken(outcome.folder).values()) == before[0]


def test_what_takes_longer_than_it_may_is_ended_dark_and_not_recorded(make, monkeypatch):
    monkeypatch.setattr("plqy_rig.engine.attempt._REAL_MARGIN_S", 0.3)
    monkeypatch.setattr("plqy_rig.engine.run_life._OVERDUE_PATIENCE_S", 0.3)
    rig = make()
    release = threading.Event()
    rig.at("spectrometer acquire", 9, lambda: release.wait(20))
    rig.start()
    outcome = rig.finish(10)
    assert outcome.exit_status is ExitStatus.FAIL
    assert "hangs" in str(outcome.error)
    assert outcome.verdict.safe
    assert not rig.world.shutter_open
    saved = taken(outcome.folder)
    release.set()
    assert taken(outcome.folder) == saved


def test_what_takes_too_long_but_comes_back_is_measured_again(make, monkeypatch):
    monkeypatch.setattr("plqy_rig.engine.attempt._REAL_MARGIN_S", 0.3)
    rig = make()
    dark = threading.Event()
    rig.engine.subscribe(lambda event: dark.set() if reaches(S.PAUSING)(event) else None)
    rig.at("spectrometer acquire", 9, lambda: (dark.wait(10), rig.world.hooks.clear()))
    rig.start()
    outcome = rig.finish()
    assert_whole(outcome)
    assert any("takes longer than it should" in warning for warning in outcome.warnings)


def test_an_emergency_does_not_wait_for_what_hangs(make):
    rig = make()
    release = threading.Event()

    def hang():
        rig.engine.emergency_off()
        release.wait(20)

    rig.at("spectrometer acquire", 9, hang)
    rig.start()
    outcome = rig.finish(10)
    assert outcome.exit_status is ExitStatus.ABORT
    assert not rig.world.shutter_open
    assert not rig.world.laser_on
    saved = taken(outcome.folder)
    release.set()
    assert taken(outcome.folder) == saved, "what comes too late isn't saved"


@pytest.mark.parametrize("command", ["pause", "resume", "abort"])
def test_commands_that_make_no_sense_are_refused_with_the_state(make, command):
    rig = make()
    with pytest.raises(CommandRefusedError, match="idle"):
        getattr(rig.engine, command)()
    with pytest.raises(CommandRefusedError, match="no job"):
        rig.engine.start()


def test_a_second_job_waits_for_the_first(make):
    rig = make(operator=False)
    rig.start()
    with pytest.raises(CommandRefusedError):
        rig.engine.start()
    with pytest.raises(CommandRefusedError):
        rig.engine.submit(rig.job())
    rig.engine.abort()
    rig.finish()
    rig.start()


@pytest.mark.parametrize("name", ["shutter", "laser", "attenuator", "monitor", "spectrometer"])
def test_an_instrument_that_is_unplugged_pauses_the_run_until_it_is_back(make, name):
    rig = make()
    rig.at("spectrometer acquire", 9, lambda: rig.world.unplugged.add(name))
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    rig.heard.wait_for(lambda event: isinstance(event, HoldsChanged) and event.sentences)
    status = rig.engine.status
    assert [hold.name for hold in status.holds] == ["instrument"]
    if name in ("monitor", "spectrometer"):
        assert status.safety is Safety.SAFE
    if name != "laser":
        assert not rig.world.laser_on
    if name != "shutter":
        assert not rig.world.shutter_open
    rig.world.unplugged.clear()
    outcome = rig.finish()
    assert_whole(outcome)
    assert any("the run is paused" in warning for warning in outcome.warnings)


def test_an_instrument_that_fails_again_and_again_ends_the_run(make):
    rig = make()

    def fail(name):
        if name == "spectrometer acquire":
            raise InstrumentTimeoutError("spectrometer", "no spectrum")

    rig.world.hooks.append(fail)
    rig.start()
    outcome = rig.finish()
    assert outcome.exit_status is ExitStatus.FAIL
    assert "no spectrum" in str(outcome.error)
    assert rig.engine.status.state is S.FAILED
    assert outcome.verdict.safe


def test_a_locked_key_holds_the_run_and_lets_it_go_on_by_itself(make):
    rig = make()

    def lock():
        rig.world.protections = ("key switch is locked",)
        rig.world.laser_on = False

    rig.at("spectrometer acquire", 9, lock)
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    assert [hold.name for hold in rig.engine.status.holds] == ["laser_key"]
    rig.world.protections = ()
    rig.world.hooks.append(lambda name: rig.world.clock.sleep(0.5) if name == "laser state" else None)
    assert_whole(rig.finish())


def test_a_temperature_outside_its_window_holds_after_the_step(make):
    rig = make()
    rig.at("spectrometer acquire", 9, lambda: setattr(rig.world, "laser_temperature_c", 29.0))
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    status = rig.engine.status
    assert [hold.name for hold in status.holds] == ["laser_temperature"]
    assert "29 °C" in status.holds[0].sentence
    rig.world.laser_temperature_c = 25.0
    rig.world.hooks.append(lambda name: rig.world.clock.sleep(3.0) if name == "laser state" else None)
    assert_whole(rig.finish())


def test_an_unforeseen_error_in_the_sweep_ends_dark_with_its_name(make):
    rig = make()

    def crash():
        raise ZeroDivisionError("a bug")

    rig.at("spectrometer acquire", 9, crash)
    rig.start()
    outcome = rig.finish()
    assert outcome.exit_status is ExitStatus.FAIL
    assert "ZeroDivisionError: a bug" in str(outcome.error)
    assert outcome.verdict.safe


def test_an_aborted_run_is_gone_on_with_by_another_engine(make):
    first = make()
    first.at("spectrometer acquire", 9, first.engine.abort)
    first.start()
    folder = first.finish().folder
    before = taken(folder)
    second = make()
    job = read_job(folder, operator=second.operator)
    assert len(job.previous) == len(before) >= 1
    second.engine.submit(job)
    second.engine.start()
    outcome = second.finish()
    assert outcome.folder == folder
    counts = taken(folder)
    assert len(counts) == ROLES * 3
    assert set(counts.values()) == {1}
    assert load_run(folder).exit_status == "success"


def test_a_rig_that_is_not_safe_before_the_run_is_refused_and_nothing_recorded(make):
    rig = make()
    rig.world.unplugged.add("shutter")
    rig.start()
    outcome = rig.finish()
    assert outcome.folder is None
    assert outcome.error.exit_code == 4
    assert rig.engine.status.safety is Safety.NOT_SAFE
    assert not (rig.folder / "runs").exists()


def test_a_purge_that_must_be_confirmed_holds_until_it_is(make):
    from support.rig_in_memory import RIG_TOML

    rig = make(rig_toml=RIG_TOML + "purge_must_be_confirmed = true\n")
    rig.start()
    rig.heard.wait_for(reaches(S.PAUSED))
    assert [hold.name for hold in rig.engine.status.holds] == ["purge"]
    assert rig.world.events.count("shutter open") == 0
    rig.engine.confirm_purge()
    assert_whole(rig.finish())


def test_a_subscriber_that_fails_or_is_slow_harms_nobody(make):
    rig = make()

    def fail(event):
        raise ValueError("a face crashed")

    rig.engine.subscribe(fail)
    rig.start()
    assert_whole(rig.finish())
