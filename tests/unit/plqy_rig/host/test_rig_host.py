"""The host on a rig in memory: runs, questions, one user at a time, manual control, its end."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from drivers.errors import ConfigurationError, InstrumentError, OutOfRangeError
from plqy_rig.commands.run_view import Signals
from plqy_rig.commands.serve import _serve
from plqy_rig.data import NEXUS_NAME, differences, load_run, read_journal, run_from_documents
from plqy_rig.engine import CommandRefusedError
from plqy_rig.engine.states import Safety
from plqy_rig.host.occupation import Use
from plqy_rig.server import HostAddress


def documents_of(made) -> list:
    return [(one["name"], one["document"]) for one in made.host.command("run_documents")["documents"]]


def test_a_run_gives_the_same_documents_as_its_folder(make_host):
    made = make_host()
    made.answer_everything()
    made.start_run()
    made.face.wait_for_use("run")
    made.face.wait_for_use("idle")
    picture = made.host.snapshot
    folder = made.host.engine.outcome.folder
    assert picture["run"]["exit_status"] == "success"
    assert picture["run"]["folder"] == str(folder)
    told = run_from_documents(documents_of(made), folder)
    assert differences(told, load_run(folder)) == []
    heard = [event["document"]["uid"] for event in made.face.of("document")]
    assert heard == [entry.document["uid"] for entry in read_journal(folder / "run.jsonl").entries]
    assert [row["steps_done"] for row in picture["progress"]["passes"]] == [3] * 5
    made.host.close()
    assert made.host.snapshot["result"]["steps_done"] == 3
    assert not made.host.snapshot["result"]["partial"]
    assert (folder / NEXUS_NAME).is_file()


def test_a_question_is_in_the_picture_until_somebody_answers(make_host):
    made = make_host()
    made.start_run()
    question = made.face.wait_for(lambda face: face.picture["engine"]["question"])
    assert question["role"] == "empty_excitation"
    assert question["target"] == {"sample": "out", "long_pass": False}
    assert question["answers"] == ["done", "continue_anyway", "abort"]
    with pytest.raises(ConfigurationError, match="answer: must be one of"):
        made.host.command("answer_operator", {"answer": "perhaps"})
    made.host.command("answer_operator", {"answer": "abort"})
    made.face.wait_for_use("idle")
    assert made.face.picture["engine"]["question"] is None
    assert made.face.picture["engine"]["state"] == "aborted"
    with pytest.raises(CommandRefusedError, match="nobody asked"):
        made.host.command("answer_operator", {"answer": "done"})


def test_a_run_that_is_resumed_tells_what_was_there_before(make_host):
    made = make_host()
    made.answer_everything()
    made.start_run()
    made.face.wait_for(lambda face: len(face.of("document")) > 12)
    made.host.command("abort", {"reason": "tea"})
    made.face.wait_for_use("idle")
    folder = made.host.engine.outcome.folder
    made.host.command("resume_run", {"folder": str(folder)})
    made.face.wait_for_use("run")
    made.face.wait_for_use("idle")
    entries = read_journal(folder / "run.jsonl").entries
    assert [document["uid"] for _, document in documents_of(made)] == [
        entry.document["uid"] for entry in entries
    ]
    assert made.host.snapshot["run"]["exit_status"] == "success"
    with pytest.raises(ConfigurationError, match="nothing to go on with"):
        made.host.command("resume_run", {"folder": str(folder)})


def test_what_else_wants_the_rig_is_refused_while_a_run_goes_on(make_host):
    made = make_host()
    made.start_run()
    made.face.wait_for(lambda face: face.picture["engine"]["question"])
    for command, arguments in (
        ("start_run", {"recipe": {"sample": "x"}}),
        ("make_safe", {}),
        ("manual", {"action": "laser_on", "current_a": 0.1}),
        ("calibrate", {"names": ["wheel"]}),
        ("queue_start", {}),
        ("instruments_report", {}),
        ("reconnect", {"instrument": "laser"}),
    ):
        with pytest.raises(CommandRefusedError, match="a run is under way"):
            made.host.command(command, arguments)
    with pytest.raises(CommandRefusedError, match="can't shut down"):
        made.host.command("shutdown")
    assert made.host.snapshot["occupation"] == "run"


def test_a_missing_instrument_is_shown_with_its_mend_and_connected_later(make_host):
    made = make_host(begin=False, missing=("laser",))
    verdict = made.host.start()
    assert not verdict.safe
    state = made.host.snapshot["instruments"]["laser"]
    assert not state["connected"]
    assert "unplugged" in state["problem"]
    assert state["mend"]
    with pytest.raises(InstrumentError):
        made.start_run()
    with pytest.raises(InstrumentError):
        made.host.command("reconnect", {"instrument": "laser"})
    made.world.unplugged.clear()
    made.host.command("reconnect", {"instrument": "laser"})
    state = made.host.snapshot["instruments"]["laser"]
    assert state["connected"]
    assert state["problem"] is None
    assert made.host.command("make_safe")["verdict"]["safe"]


def test_idle_instruments_are_read_about_once_a_second(make_host):
    made = make_host()
    readings = made.face.wait_for(
        lambda face: face.picture["instruments"].get("laser", {}).get("readings"), "readings"
    )
    assert {row["name"] for row in readings} >= {"output_on", "current", "temperature"}
    assert all(row["state"] in ("good", "warning", "bad", "unknown") for row in readings)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ({"action": "laser_on", "current_a": 0.36}, OutOfRangeError),
        ({"action": "laser_on", "current_a": float("inf")}, ConfigurationError),
        ({"action": "laser_temperature", "celsius": 40.0}, OutOfRangeError),
        ({"action": "move_wheel", "angle_deg": 400.0}, OutOfRangeError),
        ({"action": "open_shutter", "seconds": 61.0}, ConfigurationError),
        ({"action": "open_shutter"}, ConfigurationError),
        ({"action": "take_spectrum", "integration_time_s": 1e6}, OutOfRangeError),
        ({"action": "dance"}, ConfigurationError),
        ({"action": "laser_off", "current_a": 0.1}, ConfigurationError),
    ],
)
def test_manual_control_stays_within_its_limits_and_moves_nothing_otherwise(make_host, action, problem):
    made = make_host()
    before = [event for event in made.world.events if "look" not in event]
    with pytest.raises(problem):
        made.host.command("manual", action)
    assert made.host.snapshot["occupation"] == "idle"
    assert not made.world.laser_on
    assert not made.world.shutter_open
    moves = [
        event for event in made.world.events[len(before) :] if event.split()[-1] in ("on", "open", "move")
    ]
    assert moves == []


def test_the_rig_counts_as_used_by_hand_while_its_laser_is_on(make_host):
    made = make_host()
    made.host.command("manual", {"action": "laser_on", "current_a": 0.2})
    assert made.world.laser_on
    assert made.host.snapshot["occupation"] == "manual"
    with pytest.raises(CommandRefusedError, match="used by hand"):
        made.start_run()
    made.host.command("manual", {"action": "laser_off"})
    assert made.host.snapshot["occupation"] == "idle"
    assert not made.world.laser_on


def test_what_fails_by_hand_ends_in_the_safe_state(make_host):
    made = make_host()
    made.host.command("manual", {"action": "laser_on", "current_a": 0.2})
    made.world.unplugged.add("attenuator")
    with pytest.raises(InstrumentError):
        made.host.command("manual", {"action": "move_wheel", "angle_deg": 100.0})
    made.host.engine.flush()
    assert not made.world.laser_on
    assert any("made safe" in line["sentence"] for line in made.host.snapshot["log"])
    assert made.host.snapshot["occupation"] == "idle"


def test_an_emergency_while_the_laser_is_being_switched_on_leaves_it_off(make_host):
    made = make_host()
    verdicts = []

    def hook(name: str) -> None:
        if name == "laser on" and not verdicts:
            verdicts.append(made.host.command("emergency_off"))

    made.world.hooks.append(hook)
    with pytest.raises(CommandRefusedError, match="made safe meanwhile"):
        made.host.command("manual", {"action": "laser_on", "current_a": 0.2})
    assert verdicts
    assert not made.world.laser_on


def test_a_spectrum_by_hand_has_a_value_for_each_pixel(make_host):
    made = make_host()
    taken = made.host.command("manual", {"action": "take_spectrum", "integration_time_s": 0.1, "scans": 2})
    assert np.shape(taken["counts"]) == np.shape(taken["wavelength_nm"])
    assert not taken["saturated"]


def test_the_end_of_the_host_ends_the_run_and_tells_the_verdict(make_host):
    made = make_host()
    made.start_run()
    made.face.wait_for(lambda face: face.picture["engine"]["question"])
    verdict = made.host.close("the day is over")
    assert verdict.safe
    assert made.host.ended_a_run
    assert made.face.of("closing")[0]["reason"] == "the day is over"
    assert made.face.picture["run"]["exit_status"] == "abort"
    assert not made.world.shutter_open
    with pytest.raises(CommandRefusedError, match="the host is ending"):
        made.host.command("make_safe")


def test_a_face_that_fails_doesnt_touch_the_run(make_host):
    made = make_host()
    made.answer_everything()
    broken = threading.Event()

    def fails(news) -> None:
        if news.name == "document":
            broken.set()
            raise RuntimeError("broken face")

    made.host.subscribe(fails)
    made.start_run()
    made.face.wait_for_use("run")
    made.face.wait_for_use("idle")
    assert broken.is_set()
    assert made.host.engine.outcome.exit_status == "success"


def test_the_dry_run_of_a_recipe_needs_no_instrument(make_host):
    made = make_host()
    checked = made.host.command("check_recipe", {"recipe": {"sample": "x", "power_steps": 4}})
    assert checked["problems"] == []
    assert checked["summary"]["steps"] == 20
    assert made.host.command("check_recipe", {"recipe_toml": "sample ="})["problems"]


class ServerThatLooks:
    """In place of the server: notes what a face would find that joins at once."""

    def __init__(self, host):
        self.host, self.found = host, []
        self.address = HostAddress(
            "ws://127.0.0.1:1/session", "", "", 1, "/rig.toml", "rig", "", simulated=True
        )

    def start(self):
        self.found.append(self.host.occupation.use)


def test_no_face_finds_the_rig_idle_before_it_was_made_safe(make_host):
    host = make_host(begin=False).host
    server = ServerThatLooks(host)
    waiting = threading.Timer(0.0, lambda: (wait_until_idle(host), host.ask_to_end("that's it")))
    waiting.start()
    verdict = _serve(host, server, None, Signals(), as_json=False)
    waiting.join(20)
    assert server.found == [Use.MANUAL]
    assert verdict.safe


def wait_until_idle(host):
    end = time.monotonic() + 20
    while host.occupation.use is not Use.IDLE or host.engine.status.safety is not Safety.SAFE:
        assert time.monotonic() < end
        time.sleep(0.01)
