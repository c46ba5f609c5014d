"""`plqy serve` on a bench: runs, faces that come, go and are killed, engines that hang, signals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.engine_runs import LIGHT_OFF_WITHIN_S, seconds_until_safe
from support.hosts import ServeProcess, joined

from plqy_rig.config import read_rig_file
from plqy_rig.data import NEXUS_NAME, differences, load_run, read_journal, run_from_documents
from plqy_rig.server import HostCommandError, find_host, list_hosts

FACE = """
import os, signal, sys
from pathlib import Path
from plqy_rig.server import HostClient, find_host
def hear(event):
    if event["event"] == "document" and event["name"] == "event":
        os.kill(os.getpid(), signal.SIGKILL)
client = HostClient(find_host(Path(sys.argv[1])), on_event=hear, on_closed=print)
client.command("start_run", {"recipe_toml": Path(sys.argv[2]).read_text(), "simulated_hands": True})
print("started", flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def serve(tmp_path):
    """Start hosts; they end with the test."""
    with ExitStack() as stack:

        def start(*arguments: object) -> ServeProcess:
            served = ServeProcess(tmp_path, *arguments)
            stack.callback(served.close)
            return served

        yield start


def documents_of(face) -> list:
    documents, after, complete = [], 0, False
    while not complete:
        chunk = face.ask("run_documents", after=after)
        documents += [(one["name"], one["document"]) for one in chunk["documents"]]
        after, complete = chunk["next"], chunk["complete"]
    return documents


def start_run(face, recipe: Path) -> None:
    face.wait_for_use("idle")
    face.ask("start_run", recipe_toml=recipe.read_text(), simulated_hands=True)
    face.wait_for_use("run")


def wait_for_light(bench) -> None:
    deadline = time.monotonic() + 60
    while not bench.ask("observe")["light_on_sample"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_through_the_server_is_the_run_on_the_disk(make_bench, serve, recipe, plqy):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as first:
        start_run(first, recipe())
        first.wait_for(lambda face: len(face.of("document")) > 10, "documents")
        # A second face joins in the middle and sees everything, before and after.
        with joined(served.address) as second:
            first.wait_for_use("idle")
            second.wait_for_use("idle")
            second.wait_for(
                lambda face: face.picture["result"] and not face.picture["result"]["partial"], "result"
            )
            documents = documents_of(second)
            folder = Path(second.picture["run"]["folder"])
            assert second.picture["run"] == first.picture["run"]
            assert second.picture["history"] == first.picture["history"]
    run = load_run(folder)
    assert run.exit_status == "success"
    assert differences(run_from_documents(documents, folder), run) == []
    assert [document["uid"] for _, document in documents] == [
        entry.document["uid"] for entry in read_journal(folder / "run.jsonl").entries
    ]
    heard = {event["document"]["uid"] for event in first.of("document")}
    assert heard == {document["uid"] for _, document in documents}
    wanted = plqy.json("evaluate", folder)["runs"][0]
    result = second.picture["result"]
    assert result["windows"] == wanted["windows"]
    assert result["steps_done"] == 3
    deadline = time.monotonic() + 20
    while not (folder / NEXUS_NAME).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    bench.assert_safe()


def test_the_death_of_a_face_changes_nothing(make_bench, serve, recipe):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        face.wait_for_use("idle")
        killed = subprocess.run(
            [sys.executable, "-P", "-c", FACE, str(bench.rig), str(recipe())],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed
        face.wait_for(lambda face: (face.picture["run"] or {}).get("exit_status"), "the run's end", 90)
        assert face.picture["run"]["exit_status"] == "success"
        assert face.picture["engine"]["warnings"] == []
    assert served.process.poll() is None


def test_two_engines_at_one_rig_are_refused_with_who_holds_it(make_bench, serve, plqy, recipe, tmp_path):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    other = tmp_path / "other_rig.toml"
    other.write_text(
        bench.rig.read_text().replace('folder = "calibration"', f'folder = "{bench.rig.parent}/calibration"')
    )
    for command in (
        ("serve", "--rig", bench.rig),
        ("run", recipe(), "--rig", other),
        ("calibrate", "wheel", "--rig", bench.rig),
    ):
        refused = plqy(*command, code=3)
        assert "'plqy serve'" in refused.stderr
        assert f"process {served.process.pid}" in refused.stderr
        assert "since 20" in refused.stderr
    # The host has the instruments: it is what makes them safe when `plqy safe` asks for it.
    assert plqy.json("safe", "--rig", bench.rig)["safe"]
    assert plqy.json("safe", "--rig", other)["safe"]
    assert served.process.poll() is None
    # A host that was killed holds nothing; its guardian makes the rig safe before the next one begins.
    served.process.kill()
    served.process.wait()
    assert list_hosts() == ()
    again = serve("--rig", bench.rig)
    assert find_host(bench.rig) == again.address


def test_emergency_off_is_answered_while_the_engine_hangs(make_bench, serve, recipe):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        start_run(face, recipe())
        wait_for_light(bench)
        bench.ask("fault", spec="spectrometer:hang+100000s")
        time.sleep(1.0)
        began = time.monotonic()
        answer = face.ask("emergency_off", reason="smoke")
        assert time.monotonic() - began < LIGHT_OFF_WITHIN_S
        assert answer["verdict"]["safe"]
        bench.assert_safe()
        face.wait_for_use("idle")
        assert face.picture["engine"]["state"] == "aborted"
        assert face.picture["engine"]["safety"] == "safe"


def test_a_command_that_hangs_keeps_no_emergency_back(make_bench, serve):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        face.wait_for_use("idle")
        face.ask("manual", action="laser_temperature", celsius=25.0)
        face.wait_for(lambda face: any("reached" in line["sentence"] for line in face.picture["log"]))
        face.ask("manual", action="laser_on", current_a=0.2)
        assert bench.ask("observe")["laser_on"]
        bench.ask("fault", spec="nd_wheel:silence*100000")
        with pytest.raises(HostCommandError):
            face.ask("manual", action="move_wheel", angle_deg=100.0)
        # What failed in an unexpected way ended dark; that the wheel doesn't answer is said.
        assert not bench.ask("observe")["laser_on"]
        assert face.picture["engine"]["safety"] == "not safe"
        bench.ask("fault", clear=True)
        assert face.ask("make_safe")["verdict"]["safe"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_during_a_run_leaves_the_bench_dark(make_bench, serve, recipe, name):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        start_run(face, recipe())
        wait_for_light(bench)
        served.process.send_signal(getattr(signal, name))
        assert seconds_until_safe(bench) < LIGHT_OFF_WITHIN_S
        assert served.end() == 130
        face.wait_for(lambda face: face.closed, "the end")
        assert face.of("closing")[0]["reason"] == f"ended by {name}"
        assert face.picture["run"]["exit_status"] == "abort"
        folder = Path(face.picture["run"]["folder"])
    assert load_run(folder).stop["safe_state"]["safe"]
    assert list_hosts() == ()


def test_a_host_that_ends_without_being_verified_safe_says_so(make_bench, serve):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        face.wait_for_use("idle")
        bench.ask("fault", spec="shutter:silence*100000")
        face.ask("emergency_off")
        face.ask("shutdown")
        assert served.end() == 4
    assert "NOT SAFE" in served.log.read_text()


def test_a_killed_host_leaves_a_dark_bench(make_bench, serve, recipe):
    bench = make_bench()
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        start_run(face, recipe())
        wait_for_light(bench)
        served.process.kill()
        assert seconds_until_safe(bench) < LIGHT_OFF_WITHIN_S
        face.wait_for(lambda face: face.closed, "the end")


def test_a_missing_instrument_is_shown_and_connected_later(make_bench, serve, recipe):
    bench = make_bench(faults=("laser:disconnect+100000s",))
    served = serve("--rig", bench.rig)
    with joined(served.address) as face:
        face.wait_for(lambda face: face.picture["instruments"]["laser"]["problem"], "the problem")
        assert face.picture["instruments"]["laser"]["mend"]
        with pytest.raises(HostCommandError) as refused:
            face.ask("start_run", recipe_toml=recipe().read_text(), simulated_hands=True)
        assert refused.value.exit_code in (2, 3)
        bench.ask("fault", clear=True)
        face.wait_for_use("idle")
        face.ask("reconnect", instrument="laser")
        assert face.picture["instruments"]["laser"]["connected"]
        assert face.ask("make_safe")["verdict"]["safe"]


def test_the_rig_of_a_bench_of_its_own_needs_no_rig_file(serve, tmp_path):
    served = serve("--sim", "--speed", 100, "--out", tmp_path / "mine")
    assert served.address.simulated
    rig = read_rig_file(Path(served.address.rig))
    with joined(served.address) as face:
        assert face.picture["rig"]["name"] == rig.configuration.name
        assert face.picture["rig"]["out"] == str(tmp_path / "mine")
        assert face.ask("bench", command="observe")["sample"] == "out"
        face.wait_for_use("idle")
        face.ask("shutdown")
        face.wait_for(lambda face: face.closed, "the end")
    assert served.end() == 0
