"""A host on a bench does what else uses the rig: queue, calibrations, manual control."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.hosts import ServeProcess, joined

from plqy_rig.data import load_run
from plqy_rig.server import HostCommandError


@pytest.fixture
def served(make_bench, tmp_path, monkeypatch):
    """A host and the bench it owns."""
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))
    bench = make_bench(speed=200.0)
    process = ServeProcess(tmp_path, "--rig", bench.rig)
    with joined(process.address) as face:
        face.wait_for_use("idle")
        face.bench = bench
        yield face
    process.close()


def test_the_queue_runs_its_entries_one_after_the_other(served, recipe):
    text = recipe().read_text()
    first = served.ask("queue_add", recipe_toml=text, name="one")["id"]
    second = served.ask("queue_add", recipe_toml=text, name="two", only_pass="empty_excitation")["id"]
    served.ask("queue_move", id=second, position=1)
    served.ask("queue_start", simulated_hands=True)
    served.wait_for(lambda face: face.picture["occupation"] == "queue", "the queue at work", 10)
    with pytest.raises(HostCommandError, match="the queue is running"):
        served.ask("start_run", recipe_toml=text)
    served.wait_for_use("idle", 120)
    served.wait_for(
        lambda face: [entry["status"] for entry in face.picture["queue"]["entries"]] == ["finished"] * 2,
        "both entries",
    )
    entries = served.picture["queue"]["entries"]
    assert [entry["id"] for entry in entries] == [second, first]
    assert [load_run(Path(entry["folder"])).exit_status for entry in entries] == ["success"] * 2
    served.bench.assert_safe()


def test_a_calibration_is_shown_decided_and_kept(served):
    folder = served.bench.rig.parent / "calibration"
    before = len(list(folder.glob("wheel_*.json")))
    with pytest.raises(HostCommandError, match="names"):
        served.ask("calibrate", names=[])
    with pytest.raises(HostCommandError, match="no calibration is under way"):
        served.ask("calibration_abort")
    served.ask("calibrate", names=["wheel"], simulated_hands=True)
    assert served.picture["occupation"] == "calibration"
    served.wait_for(lambda face: (face.picture["calibration"] or {}).get("deciding"), "the decision", 120)
    result = served.picture["calibration"]["results"][0]
    assert result["passed"]
    assert result["accepted"] is None
    assert result["plot"]["series"]
    served.ask("calibration_decide", accept=True)
    served.wait_for_use("idle")
    part = served.picture["calibration"]
    assert part["results"][0]["accepted"]
    assert part["error"] is None
    assert len(list(folder.glob("wheel_*.json"))) == before + 1
    assert served.picture["engine"]["safety"] == "safe"


def test_a_calibration_that_is_aborted_leaves_nothing_on(served):
    served.ask("calibrate", names=["wheel"])
    served.wait_for(
        lambda face: face.bench.ask("observe")["laser_on"] or face.picture["engine"]["question"], "light"
    )
    served.ask("abort", reason="enough")
    served.wait_for_use("idle")
    assert "enough" in served.picture["calibration"]["error"]
    assert served.picture["engine"]["question"] is None
    served.bench.assert_safe()


def test_an_opening_by_hand_ends_by_itself(served):
    served.ask("manual", action="laser_temperature", celsius=25.0)
    served.wait_for(
        lambda face: any("reached" in line["sentence"] for line in face.picture["log"]), "the temperature"
    )
    served.ask("manual", action="laser_on", current_a=0.2)
    served.ask("manual", action="open_shutter", seconds=60.0)
    # 60 seconds of the bench, 200 times as fast as life.
    deadline = time.monotonic() + 20
    while served.bench.ask("observe")["shutter_open"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert served.picture["occupation"] == "manual"
    served.ask("manual", action="laser_off")
    served.wait_for_use("idle")
    assert served.picture["engine"]["safety"] == "dark"
    served.bench.assert_safe()
