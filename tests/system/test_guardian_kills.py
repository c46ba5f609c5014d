"""Whoever is killed, stopped or hangs: the bench is dark soon after, and the run can be gone on with."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from support.engine_runs import (
    LIGHT_OFF_WITHIN_S,
    assert_complete_without_doubles,
    guardian_of,
    is_safe,
    kill,
    kill_both,
    kill_number,
    result,
    run_folder,
    saved_exposures,
    seconds_until_safe,
    soak_only,
    wait_for,
)

from plqy_rig.data import load_run
from plqy_rig.guardian_lock import wait_for_guardian

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs /proc and kill -9")

SLOW = ("power_steps = 3", "power_steps = 4")


@pytest.fixture
def running(make_bench, plqy, recipe):
    """A run that lets light out, with its bench and its guardian's process number."""
    bench = make_bench(speed=50.0)
    process = plqy.start("run", recipe(SLOW), "--rig", bench.rig)
    try:
        wait_for(lambda: saved_exposures(run_folder(plqy)) or process.poll() is not None, "an exposure")
        wait_for(lambda: bench.ask("observe")["light_on_sample"] or process.poll() is not None, "light")
        assert process.poll() is None, process.communicate()
        yield bench, process, guardian_of(process)
    finally:
        kill(process)
        seconds_until_safe(bench)
        wait_for_guardian(bench.rig)


def test_a_killed_engine_leaves_the_bench_dark_and_its_run_can_be_finished(running, make_bench, plqy):
    bench, process, guardian = running
    assert guardian is not None
    time.sleep(random.Random(1).uniform(0.0, 0.5))
    kill(process)
    assert seconds_until_safe(bench) < LIGHT_OFF_WITHIN_S
    folder = run_folder(plqy)
    before = saved_exposures(folder)
    assert load_run(folder).exit_status == "interrupted"
    found = plqy.json("resume", folder)
    assert found["exit_status"] == "success"
    assert found["safe_state"]["safe"] is True
    assert saved_exposures(folder) == 20 > before
    assert_complete_without_doubles(folder)
    assert "the engine is dead" in (folder / "guardian.log").read_text()
    assert "safe: shutter closed, laser off, wheel at its darkest" in (folder / "guardian.log").read_text()
    window = result(plqy, folder)["er"]
    assert abs(window["mean_plqy"] - bench.truth["plqy"]["er"]) < 4 * window["u_mean_plqy"]


def test_a_stopped_engine_is_killed_and_the_bench_made_dark(running, plqy):
    bench, process, _ = running
    process.send_signal(signal.SIGSTOP)
    assert seconds_until_safe(bench) < LIGHT_OFF_WITHIN_S
    assert process.wait(10) == -signal.SIGKILL
    assert "no sign of life" in wait_for(
        lambda: (run_folder(plqy) / "guardian.log").read_text(), "the guardian's log"
    )


def test_a_killed_guardian_is_told_and_replaced_and_nothing_of_it_is_left_in_the_end(running, plqy):
    bench, process, guardian = running
    kill_number(guardian)
    new = wait_for(lambda: guardian_of(process), "another guardian")
    assert new != guardian
    _output, told = process.communicate(timeout=90)
    assert process.returncode == 0, told
    assert "The guardian was lost" in told
    bench.assert_safe()
    folder = run_folder(plqy)
    assert_complete_without_doubles(folder)
    assert {path.name for path in folder.iterdir()} == {"run.jsonl", "run.nxs", "recipe.toml", "rig.toml"}
    with pytest.raises(ProcessLookupError):
        os.kill(new, 0)
    assert any("guardian" in warning for warning in load_run(folder).stop["safe_state"]["warnings"])


def test_when_both_are_killed_the_next_start_makes_the_bench_dark_first(running, plqy):
    bench, process, guardian = running
    kill_both(process, guardian)
    time.sleep(0.5)
    assert bench.ask("observe")["laser_on"], "nobody was left to switch it off"
    folder = run_folder(plqy)
    dark = plqy.start("resume", folder)
    wait_for(lambda: is_safe(bench) or dark.poll() is not None, "the bench dark at the next start")
    _, told = dark.communicate(timeout=90)
    assert dark.returncode == 0, told
    assert_complete_without_doubles(folder)
    bench.assert_safe()


def test_when_both_are_killed_in_a_long_exposure_the_shutters_own_timer_closes_it(make_bench, plqy, recipe):
    bench = make_bench(speed=100.0)
    long = ("scans_excitation = 4", "scans_excitation = 400")
    process = plqy.start("run", recipe(long), "--rig", bench.rig)
    guardian = wait_for(lambda: guardian_of(process), "the guardian")
    lit_since = time.monotonic()
    # The short openings for the monitor alone have no timer: an exposure is what lasts.
    while time.monotonic() - lit_since < 0.6:
        assert process.poll() is None, process.communicate()
        if not bench.ask("observe")["light_on_sample"]:
            lit_since = time.monotonic()
    process.send_signal(signal.SIGSTOP)
    kill_number(guardian)
    lit = bench.ask("observe")["light_on_sample"]
    kill(process)
    assert lit, "the kill came too late to prove anything"
    wait_for(lambda: not bench.ask("observe")["light_on_sample"], "the shutter's timer", 15)
    assert bench.ask("observe")["laser_on"], "only the shutter has a timer"


HANG = """
import ctypes, sys, threading
from drivers.nirquest512 import NIRQuest512
acquire, calls = NIRQuest512.acquire, []
library = ctypes.{library}(None)
def hanging(self, scans):
    calls.append(1)
    if len(calls) == 12:
        library.sleep(1000)
    return acquire(self, scans)
NIRQuest512.acquire = hanging
from plqy_rig.cli import main
sys.argv = ["plqy", *sys.argv[1:]]
main()
"""


@soak_only
def test_a_native_call_that_holds_the_interpreter_is_ended_by_the_guardian(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    process = plqy.start_python(HANG.format(library="PyDLL"), "run", recipe(SLOW), "--rig", bench.rig)
    assert process.wait(60) == -signal.SIGKILL
    assert seconds_until_safe(bench) < LIGHT_OFF_WITHIN_S
    process.communicate()
    plqy("resume", run_folder(plqy))
    assert_complete_without_doubles(run_folder(plqy))


@soak_only
def test_a_native_call_that_lets_the_interpreter_run_is_ended_by_the_engine(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    script = "import plqy_rig.engine.attempt as a\na._REAL_MARGIN_S = 2.0\n" + HANG.format(library="CDLL")
    process = plqy.start_python(script, "run", recipe(SLOW), "--rig", bench.rig)
    _, told = process.communicate(timeout=90)
    assert process.returncode == 3, told
    assert "hangs" in told
    bench.assert_safe()
    plqy("resume", run_folder(plqy))
    assert_complete_without_doubles(run_folder(plqy))
