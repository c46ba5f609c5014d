"""A host on a bench while nothing runs: cables that are pulled, questions of a calibration, what is shown."""

from __future__ import annotations

import pytest
from support.benches import SHORT_RECIPE, Bench
from support.engine_runs import soak_only
from support.hosts import ServeProcess, joined

from plqy_rig.bench_process import BenchProcess, BenchRequest


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A face of one host, whose bench all tests of this file share; it is idle before each."""
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch, BenchProcess(BenchRequest(speed=100.0)) as process:
        patch.setenv("PLQY_QUEUE_FOLDER", str(folder / "queues"))
        patch.setenv("PLQY_RUNTIME_DIR", str(folder / "runtime"))
        host = ServeProcess(folder, "--rig", process.rig_path)
        try:
            with joined(host.address) as face:
                face.bench = Bench(process)
                face.wait_for_use("idle")
                yield face
        finally:
            host.close()


def told(face, words: str) -> int:
    return sum(words in line["sentence"] for line in face.picture["log"])


@pytest.mark.parametrize(
    ("name", "cable"),
    [
        ("shutter", "shutter"),
        ("laser", "laser"),
        pytest.param("attenuator", "nd_wheel", marks=soak_only),
        pytest.param("monitor", "monitor", marks=soak_only),
        ("spectrometer", "spectrometer"),
    ],
)
def test_a_cable_that_was_pulled_and_put_back_needs_nobody(served, name, cable):
    others = {other for other in served.picture["instruments"] if other != name}
    before, seen = told(served, f"The {name} is connected again"), len(served.events)
    served.bench.ask("fault", spec=f"{cable}:disconnect")
    served.wait_for(lambda face: not face.picture["instruments"][name]["connected"], "that it is gone")
    assert served.picture["instruments"][name]["mend"]
    served.bench.ask("fault", clear=True)
    served.wait_for(
        lambda face: (
            face.picture["instruments"][name]["connected"]
            and not face.picture["instruments"][name]["problem"]
        ),
        "that it is back",
        20,
    )
    served.wait_for(lambda face: told(face, f"The {name} is connected again") > before, "the notice", 5)
    # The others didn't notice.
    for event in served.events[seen:]:
        if event["event"] == "readings" and event["instrument"] in others:
            assert event["instrument_state"]["connected"], event
    assert served.ask("make_safe")["verdict"]["safe"]


def test_a_question_of_a_calibration_is_answered_by_a_face(served):
    served.ask("bench_hands", place="direct")
    served.ask("calibrate", names=["wheel"])
    question = served.wait_for(lambda face: face.picture["engine"]["question"], "the question")
    assert question["kind"] == "calibration"
    assert question["answers"] == ["done", "abort"]
    assert "out" in question["sentence"]
    served.bench.ask("place", sample="out")
    served.ask("answer_operator", answer="done")
    served.wait_for(lambda face: (face.picture["calibration"] or {}).get("deciding"), "the decision", 60)
    assert served.picture["engine"]["question"] is None
    served.ask("calibration_decide", accept=False)
    served.wait_for_use("idle")
    assert served.picture["calibration"]["results"][0]["accepted"] is False
    served.bench.assert_safe()


def test_what_is_shown_when_a_run_has_just_ended_is_what_is(served):
    served.ask("start_run", recipe_toml=SHORT_RECIPE, only_pass="empty_excitation", simulated_hands=True)
    served.wait_for_use("run")
    served.wait_for(lambda face: face.picture["engine"]["state"] == "finished", "the end of the run")
    shown = served.picture["instruments"]
    rows = {
        (name, row["name"]): row["value"]
        for name in ("shutter", "laser", "attenuator")
        for row in shown[name]["readings"]
    }
    assert rows["shutter", "open"] is False
    assert rows["laser", "output_on"] is False
    assert rows["attenuator", "angle"] == pytest.approx(
        served.bench.ask("observe")["wheel_angle_deg"], abs=0.3
    )
    served.wait_for_use("idle")
