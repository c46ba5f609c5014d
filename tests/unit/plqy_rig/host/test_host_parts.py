"""Parts of the host: command table, occupation, progress, documents of a run."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.data.encoding import encode_json
from plqy_rig.engine import CommandRefusedError
from plqy_rig.host.occupation import Occupation, Use
from plqy_rig.host.progress import Progress
from plqy_rig.host.run_commands import absolute, recipe_of, role_of
from plqy_rig.host.run_documents import MOST_BYTES_OF_A_CHUNK, RunDocuments
from plqy_rig.host.table import Arguments, Command, carry_out


class Given(Arguments):
    reason: str = ""
    times: int = 1


COMMANDS = {"pause": Command(Given, lambda given: {"said": given.reason * given.times})}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("fly", {}, "unknown command 'fly'; known: pause"),
        ("pause", {"reson": "x"}, "pause: reson: unknown argument"),
        ("pause", {"times": "3"}, "pause: times: .*got '3'"),
        ("pause", {"times": 1.5}, "pause: times: .*got 1.5"),
        ("pause", {"times": True}, "pause: times: .*got True"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_by_name(name, arguments, words):
    with pytest.raises(ConfigurationError, match=words):
        carry_out(COMMANDS, name, arguments)


def test_a_command_gets_its_arguments():
    assert carry_out(COMMANDS, "pause", {"reason": "ha", "times": 2}) == {"said": "haha"}
    assert carry_out(COMMANDS, "pause", None) == {"said": ""}


def test_only_one_thing_uses_the_rig():
    told = []
    occupation = Occupation(told.append)
    occupation.take(Use.RUN, verb="start")
    for use in (Use.RUN, Use.QUEUE, Use.CALIBRATION, Use.MANUAL):
        with pytest.raises(CommandRefusedError, match="a run is under way"):
            occupation.take(use, verb="begin")
    occupation.release(Use.QUEUE)
    assert occupation.use is Use.RUN
    occupation.release(Use.RUN)
    assert told == [Use.RUN, Use.IDLE]


def test_who_takes_the_rig_waits_for_a_look_that_is_under_way():
    occupation = Occupation(lambda use: None)
    looking, taken = threading.Event(), threading.Event()

    def take() -> None:
        occupation.take(Use.RUN, verb="start")
        taken.set()

    with occupation.looking() as allowed:
        assert allowed
        thread = threading.Thread(target=take)
        thread.start()
        assert not taken.wait(0.1)
        looking.set()
    assert taken.wait(5)
    thread.join()
    with occupation.looking() as allowed:
        assert not allowed


def test_the_time_that_remains_comes_from_what_was_measured():
    now = [100.0]
    passes = (Role.EMPTY_EXCITATION, Role.DIRECT_EXCITATION, Role.DIRECT_EMISSION)
    progress = Progress(passes, 3, lambda role: 10.0, lambda: now[0])
    assert progress.remaining_s == pytest.approx(90.0)
    for step, time_s in ((0, 50.0), (1, 52.0), (2, 56.0)):
        progress.exposure(Role.EMPTY_EXCITATION, step, time_s)
    # Steps 1 and 2 took 2 s and 4 s; the same steps of the next excitation pass will, its first as they do.
    assert progress.remaining_s == pytest.approx((3.0 + 2.0 + 4.0) + 30.0)
    document = progress.document(over=False, waiting=False)
    assert document["finish_s"] == pytest.approx(now[0] + document["remaining_s"])
    assert document["passes"][0] == {"role": "empty_excitation", "steps_done": 3, "steps": 3}


def test_a_step_with_a_pause_in_it_isnt_taken_for_a_long_one():
    progress = Progress((Role.EMPTY_EXCITATION,), 4, lambda role: 10.0, lambda: 0.0)
    progress.exposure(Role.EMPTY_EXCITATION, 0, 0.0)
    progress.exposure(Role.EMPTY_EXCITATION, 1, 2.0)
    progress.interrupted()
    progress.exposure(Role.EMPTY_EXCITATION, 2, 500.0)
    assert progress.remaining_s == pytest.approx(2.0)


def test_nobody_knows_when_a_paused_run_finishes():
    progress = Progress((Role.EMPTY_EXCITATION,), 2, lambda role: 10.0, lambda: 0.0)
    assert progress.document(over=False, waiting=True) == {
        "passes": [{"role": "empty_excitation", "steps_done": 0, "steps": 2}],
        "remaining_s": pytest.approx(20.0),
        "finish_s": None,
    }
    assert progress.document(over=True, waiting=True)["remaining_s"] is None


def test_documents_come_in_chunks_that_fit_and_each_once():
    documents = RunDocuments()
    wanted = [
        ("event", {"uid": str(number), "data": np.full(100_000, number, dtype=float)}) for number in range(10)
    ]
    for name, document in wanted:
        assert documents.add(name, document) is not None
        assert documents.add(name, document) is None
    after, got, rounds = 0, [], 0
    while True:
        chunk = documents.chunk(after)
        assert len(encode_json(chunk)) < MOST_BYTES_OF_A_CHUNK * 1.1
        got += [(one["name"], one["document"]) for one in chunk["documents"]]
        after, rounds = chunk["next"], rounds + 1
        if chunk["complete"]:
            break
    assert rounds > 1
    assert [document["uid"] for _, document in got] == [str(number) for number in range(10)]
    assert documents.chunk(after) == {"documents": [], "next": 10, "complete": True}


def test_a_recipe_is_stored_as_it_was_written_where_it_says_the_same():
    text = "# mine\nsample = 'x'\n"
    assert recipe_of(None, text, "r") == ({"sample": "x"}, text)
    assert recipe_of({"sample": "x"}, text, "r")[1] == text
    values, changed = recipe_of({"sample": "y"}, text, "r")
    assert values == {"sample": "y"}
    assert "y" in changed
    with pytest.raises(ConfigurationError, match="missing"):
        recipe_of(None, None, "r")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        recipe_of(None, "sample =", "r")


def test_a_path_depends_on_nobodys_working_folder():
    with pytest.raises(ConfigurationError, match="out: must be an absolute path"):
        absolute("runs", "out")
    with pytest.raises(ConfigurationError, match="only_pass"):
        role_of("sideways")
