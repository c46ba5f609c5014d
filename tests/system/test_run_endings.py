"""However a run ends, the light is off, it is verified, told, and nothing saved is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from support.engine_runs import run_folder, saved_exposures, wait_for

from plqy_rig.data import load_run

LONG = ("power_steps = 3", "power_steps = 40")


def wait_for_light(bench, process):
    deadline = time.monotonic() + 60
    while not bench.ask("observe")["light_on_sample"]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def only_run(plqy):
    (folder,) = (plqy.folder / "runs").iterdir()
    return folder


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_run_in_the_verified_safe_state(make_bench, plqy, recipe, name):
    bench = make_bench()
    process = plqy.start("run", recipe(LONG), "--rig", bench.rig)
    wait_for_light(bench, process)
    process.send_signal(getattr(signal, name))
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "safe: shutter closed, laser off, wheel at its darkest" in told
    bench.assert_safe()
    run = load_run(only_run(plqy))
    assert run.exit_status == "abort"
    assert name in run.stop["reason"]
    assert run.stop["safe_state"]["safe"] is True


def test_a_killed_program_leaves_a_readable_journal_and_safe_waits_for_the_guardian(make_bench, plqy, recipe):
    bench = make_bench()
    process = plqy.start("run", recipe(LONG), "--rig", bench.rig)
    wait_for(lambda: saved_exposures(run_folder(plqy)) or process.poll() is not None, "an exposure")
    process.kill()
    process.communicate()
    assert plqy.json("safe", "--rig", bench.rig)["safe"] is True
    bench.assert_safe()
    folder = only_run(plqy)
    run = load_run(folder)
    assert run.exit_status == "interrupted"
    assert sum(spectra.measured.sum() for spectra in run.spectra.values()) >= 1
    broken = folder.parent / "00000000T000000Z_broken"
    broken.mkdir()
    (broken / "run.jsonl").write_text("no journal\n")
    assert "1 of 2 runs could not be recovered" in plqy("recover", "runs", code=5).stderr
    assert (folder / "run.nxs").exists()


def test_safe_ends_a_run_that_holds_the_rig(make_bench, plqy, recipe):
    bench = make_bench()
    process = plqy.start("run", recipe(LONG), "--rig", bench.rig)
    wait_for_light(bench, process)
    done = plqy("safe", "--rig", bench.rig)
    bench.assert_safe()
    assert f"in use by 'plqy run' (process {process.pid}" in done.stderr
    assert "safe: shutter closed, laser off, wheel at its darkest" in done.stderr
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert load_run(only_run(plqy)).exit_status == "abort"


def test_safe_kills_what_holds_the_rig_and_does_not_hear(make_bench, plqy):
    bench = make_bench()
    deaf = subprocess.Popen(
        [sys.executable, "-c", _DEAF, str(bench.rig)], stdout=subprocess.PIPE, text=True, cwd=plqy.folder
    )
    try:
        assert deaf.stdout.readline() == "holds it\n"
        done = plqy("safe", "--rig", bench.rig)
        assert "it doesn't hear: killed" in done.stderr
        assert "safe: shutter closed, laser off, wheel at its darkest" in done.stderr
        assert deaf.wait(10) == -signal.SIGKILL
    finally:
        deaf.kill()
        deaf.communicate()


_DEAF = """
import pathlib, signal, sys, time
from plqy_rig.config import read_rig_file
from plqy_rig.rig_lock import hold_rig
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with hold_rig(read_rig_file(pathlib.Path(sys.argv[1])), "a deaf program"):
    print("holds it", flush=True)
    time.sleep(600)
"""


def test_one_pass_can_be_measured_alone_and_evaluation_says_what_is_missing(make_bench, plqy, recipe):
    bench = make_bench()
    found = plqy.json("run", recipe(), "--rig", bench.rig, "--pass", "empty_excitation")
    assert found["exit_status"] == "success"
    assert found["runs"] == []
    message = plqy("evaluate", found["folder"], code=5).stderr
    assert "indirect_excitation" in message
    bench.assert_safe()


def test_bench_time_passes_as_fast_as_the_speed_says(make_bench):
    for speed in (1.0, 20.0):
        bench = make_bench(speed=speed)
        asked_s = time.monotonic()
        before_s = bench.ask("observe")["bench_time_s"]
        answered_s = time.monotonic()
        time.sleep(1.0)
        asked_again_s = time.monotonic()
        passed_s = bench.ask("observe")["bench_time_s"] - before_s
        # The bench looked at its clock some time between question and answer.
        assert speed * (asked_again_s - answered_s) <= passed_s <= speed * (time.monotonic() - asked_s)


def test_a_safe_state_that_can_not_be_verified_is_exit_code_4(make_bench, plqy):
    bench = make_bench()
    bench.ask("fault", spec="shutter:silence*1000")
    message = plqy("safe", "--rig", bench.rig, code=4).stderr
    assert "NOT SAFE" in message
    assert "shutter" in message
    assert not bench.ask("observe")["laser_on"]


def test_instruments_are_told_one_by_one(make_bench, plqy):
    bench = make_bench()
    report = {entry["name"]: entry for entry in plqy.json("instruments", "--rig", bench.rig)["instruments"]}
    assert set(report) == {"shutter", "laser", "attenuator", "monitor", "spectrometer"}
    assert all(entry["connected"] for entry in report.values())
    assert report["laser"]["identity"]["model"] == "ITC4001"
    assert report["shutter"]["state"] == "closed"
