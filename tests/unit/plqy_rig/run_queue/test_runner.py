"""What the queue does with runs that end well, fail, are aborted, or wait for somebody's hands."""

from __future__ import annotations

import sqlite3
import time

import pytest

from drivers.errors import InstrumentConnectionError, SafetyError
from plqy_rig.data import load_run
from plqy_rig.engine import CommandRefusedError, EngineState, StateChanged
from plqy_rig.run_queue import QueueRunner, QueueState, QueueStore
from procedures import OperatorAnswer


def fail_runs(queue, *numbers):
    """Let the n-th attempts fail, from 1: the laser refuses to go on."""
    seen = []

    def hook(name):
        if name == "laser on":
            seen.append(name)
            if len(seen) in numbers:
                raise SafetyError("it refuses")

    queue.rig.world.hooks.append(hook)


def test_entries_run_in_their_order_and_each_gets_a_folder(make_queue):
    queue = make_queue()
    for sample in ("A", "B", "C"):
        queue.add(sample)
    queue.store.move(3, 1)
    queue.run()
    assert queue.made == [3, 1, 2]
    assert queue.status() == ["finished"] * 3
    assert [load_run(entry.folder).sample for entry in queue.store.entries()] == ["C", "A", "B"]
    assert queue.after == [(3, "success"), (1, "success"), (2, "success")]
    assert (queue.runner.state, queue.runner.reason) == (QueueState.IDLE, "nothing left to run")


def test_a_failed_entry_is_skipped_and_the_others_finish(make_queue):
    queue = make_queue()
    for sample in ("A", "B", "C"):
        queue.add(sample)
    fail_runs(queue, 2)
    queue.run()
    assert queue.status() == ["finished", "failed", "finished"]
    assert "it refuses" in queue.store.entry(2).message


def test_retry_goes_on_in_the_same_folder(make_queue):
    queue = make_queue()
    queue.add("A", on_failure="retry:2")
    fail_runs(queue, 1, 2)
    queue.run()
    entry = queue.store.entry(1)
    assert (entry.status, entry.attempts) == ("finished", 3)
    assert len(list((queue.rig.folder / "runs").iterdir())) == 1


def test_retries_end(make_queue):
    queue = make_queue()
    queue.add("A", on_failure="retry:1")
    queue.add("B")
    fail_runs(queue, 1, 2)
    queue.run()
    assert queue.status() == ["failed", "finished"]
    assert queue.store.entry(1).attempts == 2


def test_policy_stop_stops_the_queue(make_queue):
    queue = make_queue()
    queue.add("A", on_failure="stop")
    queue.add("B")
    fail_runs(queue, 1)
    queue.run()
    assert queue.status() == ["failed", "waiting"]
    assert queue.runner.state is QueueState.PAUSED
    assert "it refuses" in queue.runner.reason
    queue.run()
    assert queue.status() == ["failed", "finished"]


def test_a_rig_that_is_not_safe_stops_the_queue_whatever_the_policy(make_queue):
    queue = make_queue()
    queue.add("A", on_failure="retry:5")
    queue.add("B")
    fail_runs(queue, 1)
    refused = queue.rig.at("laser on", 1, lambda: None)

    def stays_on(name):
        if name == "laser off" and refused.is_set():
            raise SafetyError("it stays on")

    queue.rig.world.hooks.insert(0, queue.rig.world.hooks.pop())
    queue.rig.world.hooks.append(stays_on)
    queue.run()
    assert queue.runner.not_safe
    assert queue.runner.state is QueueState.PAUSED
    assert queue.status()[1] == "waiting"
    assert "NOT SAFE" in queue.runner.reason


def test_three_entries_that_measure_nothing_stop_the_queue(make_queue):
    queue = make_queue()
    for sample in "ABCDE":
        queue.add(sample)
    fail_runs(queue, *range(1, 9))
    queue.run()
    assert queue.status() == ["failed"] * 3 + ["waiting"] * 2
    assert queue.runner.state is QueueState.PAUSED


def test_a_recipe_that_cannot_be_begun_fails_alone(make_queue):
    queue = make_queue()
    queue.add("A")
    queue.add("B")
    make_job = queue.make_job

    def broken(entry):
        if entry.id == 1:
            raise InstrumentConnectionError("records", "gone")
        return make_job(entry)

    queue.runner._make_job = broken
    queue.run()
    assert queue.status() == ["failed", "finished"]
    assert "gone" in queue.store.entry(1).message


def test_held_entries_wait(make_queue):
    queue = make_queue()
    queue.add("A", held=True)
    queue.add("B")
    queue.run()
    assert queue.status() == ["waiting", "finished"]
    assert queue.runner.reason == "nothing left to run (1 held)"
    queue.store.hold(1, False)
    queue.run()
    assert queue.status() == ["finished", "finished"]


def test_pause_lets_the_present_entry_finish(make_queue):
    queue = make_queue()
    queue.add("A")
    queue.add("B")
    paused = queue.rig.at("laser on", 1, queue.runner.pause)
    queue.run()
    assert paused.is_set()
    assert queue.runner.state is QueueState.PAUSED
    assert queue.status() == ["finished", "waiting"]
    with pytest.raises(CommandRefusedError, match="paused"):
        queue.runner.pause()


def test_an_abort_by_somebody_pauses_the_queue(make_queue):
    queue = make_queue()
    queue.add("A")
    queue.add("B")
    queue.rig.at("laser on", 1, lambda: queue.rig.engine.abort("aborted by somebody"))
    queue.run()
    assert queue.status() == ["aborted", "waiting"]
    assert queue.runner.state is QueueState.PAUSED
    queue.store.hold(1, False)
    queue.run()
    assert queue.status() == ["finished", "finished"]


def test_an_abort_because_the_program_ends_leaves_the_entry_waiting(make_queue, tmp_path):
    queue = make_queue()
    queue.add("A")

    def leave():
        queue.runner.begin_close()
        queue.rig.engine.abort("ended by SIGTERM")

    left = queue.rig.at("laser on", 1, leave)
    queue.runner.start()
    assert left.wait(20)
    queue.runner.close()
    entry = queue.store.entry(1)
    assert (entry.status, entry.attempts) == ("waiting", 0)
    assert entry.folder is not None


def test_the_queue_does_not_start_while_another_run_is_under_way(make_queue):
    queue = make_queue()
    queue.add("A")
    queue.rig.start()
    with pytest.raises(CommandRefusedError, match="under way"):
        queue.runner.start()
    queue.rig.finish()
    queue.run()
    assert queue.status() == ["finished"]


def test_one_program_runs_a_queue(make_queue, tmp_path):
    queue = make_queue()
    queue.runner.start()
    assert queue.runner.wait(10)
    with QueueStore(queue.store.path) as other:
        second = QueueRunner(queue.rig.engine, other, queue.make_job)
        with pytest.raises(CommandRefusedError, match="another program"):
            second.start()
        second.close()


def test_passes_of_one_run_share_its_folder(make_queue):
    queue = make_queue()
    roles = ["empty_excitation", "indirect_excitation", "direct_excitation"]
    queue.store.split(queue.add("A", recipe={"passes": roles}).id)
    queue.run()
    entries = queue.store.entries()
    assert [str(entry.status) for entry in entries] == ["finished"] * 3
    assert len({entry.folder for entry in entries}) == 1
    assert {role.value for role in load_run(entries[0].folder).spectra} == set(roles)


def test_what_needs_no_hands_is_not_asked_for(make_queue):
    queue = make_queue()
    for sample in ("A", "B", "A"):
        queue.add(sample)
    queue.run()
    assert len(queue.questions()) == 1
    queue.runner.forget_arrangement()
    queue.store.duplicate(1)
    queue.run()
    assert len(queue.questions()) == 2


def test_another_sample_is_asked_for_though_the_place_is_the_same(make_queue):
    queue = make_queue()
    for sample in ("A", "A", "B"):
        queue.add(sample, recipe={"passes": ["direct_excitation"]})
    queue.run()
    assert len(queue.questions()) == 2
    assert queue.status() == ["finished"] * 3


def wait_until(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_while_nobody_answers_entries_that_need_no_hands_go_on(make_queue):
    queue = make_queue(operator=False, operator_patience_s=0.3)
    queue.add("A")
    queue.add("A", recipe={"passes": ["direct_excitation"]})
    queue.add("B")
    queue.add("C")
    engine = queue.rig.engine
    queue.runner.start()
    wait_until(lambda: engine.status.question is not None)
    engine.answer_operator(OperatorAnswer.DONE)
    # The second entry is asked for in vain; the third and fourth don't need anybody.
    wait_until(lambda: queue.status()[2:] == ["finished", "finished"])
    wait_until(lambda: engine.status.question is not None)
    wait_until(lambda: queue.runner.operator_needed == (2,))
    place_directly(queue)
    engine.answer_operator(OperatorAnswer.DONE)
    assert queue.runner.wait(30), queue.runner.snapshot()
    assert queue.status() == ["finished"] * 4
    assert queue.store.entry(2).attempts == 1
    assert queue.runner.operator_needed == ()


def place_directly(queue):
    from calibration.roles import Role

    queue.rig.world.arrangement = Role.DIRECT_EXCITATION.arrangement


def test_a_question_waits_for_ever_when_nothing_else_can_be_run(make_queue):
    queue = make_queue(operator=False, operator_patience_s=0.05)
    queue.add("A")
    queue.add("B", recipe={"passes": ["direct_excitation"]})
    queue.runner.start()
    engine = queue.rig.engine
    wait_until(lambda: engine.status.question is not None)
    assert not queue.runner.wait(1.0)
    assert engine.status.state is EngineState.WAITING_FOR_OPERATOR
    asked = [
        event for event in queue.rig.heard.of(StateChanged) if event.transition.new is EngineState.ABORTING
    ]
    assert not asked


@pytest.fixture
def locked(store):
    """Another program holds the queue's file, from the first light until it is let go."""
    store.database.read("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    yield other
    other.close()


def lock_at_first_light(queue, other):
    def hook(name):
        if name == "laser on" and not other.in_transaction:
            other.execute("BEGIN EXCLUSIVE")

    queue.rig.world.hooks.append(hook)


def test_a_night_goes_on_after_its_file_was_locked_and_nothing_is_forgotten(make_queue, locked):
    queue = make_queue()
    queue.add("A")
    queue.add("B")
    lock_at_first_light(queue, locked)
    queue.runner.start()
    wait_until(lambda: queue.runner.reason.startswith("waiting: "))
    assert queue.made == [1]
    assert queue.status()[0] == "running"
    queue.rig.world.hooks.clear()
    locked.execute("ROLLBACK")
    assert queue.runner.wait(60)
    assert queue.status() == ["finished"] * 2
    assert (queue.made, queue.runner.reason) == ([1, 2], "nothing left to run")
    assert all(entry.folder.is_dir() for entry in queue.store.entries())


def test_a_file_that_stays_locked_stops_the_queue_and_what_became_of_its_entry_is_kept(
    make_queue, locked, monkeypatch
):
    monkeypatch.setattr("plqy_rig.run_queue.runner._FILE_PATIENCE_S", 0.0)
    queue = make_queue()
    queue.add("A")
    queue.add("B")
    lock_at_first_light(queue, locked)
    queue.run()
    assert queue.runner.state is QueueState.PAUSED
    assert "can't be stored in the queue yet" in queue.runner.reason
    queue.rig.world.hooks.clear()
    locked.execute("ROLLBACK")
    wait_until(lambda: queue.status() == ["finished", "waiting"])
    queue.run()
    assert (queue.status(), queue.made) == (["finished"] * 2, [1, 2])


def test_changes_by_other_programs_are_told(make_queue):
    queue = make_queue()
    told = []
    queue.runner._on_change = lambda: told.append(1)
    with QueueStore(queue.store.path) as other:
        other.add({"sample": "from elsewhere"})
    wait_until(lambda: told)


def test_measured_durations_predict_the_next_ones(make_queue):
    queue = make_queue()
    first = queue.runner._predictor.duration_s(queue.add("A"))
    queue.run()
    queue.add("A")
    second = queue.runner.snapshot()["entries"][1]
    assert second["predicted_duration_s"] < first
    assert second["predicted_finish_s"] - second["predicted_start_s"] == pytest.approx(
        second["predicted_duration_s"]
    )
