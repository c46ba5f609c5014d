"""Ctrl-C once and twice, Ctrl-Z, a closed terminal, a cable pulled, a safe state that fails or hangs."""

from __future__ import annotations

import itertools
import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest
from support.benches import SHORT_RECIPE
from support.engine_runs import (
    assert_complete_without_doubles,
    kill,
    run_folder,
    saved_exposures,
    seconds_until_safe,
    soak_only,
    wait_for,
)

from plqy_rig.data import load_run

LONG = ("power_steps = 3", "power_steps = 40")
INSTRUMENTS = ("shutter", "laser", "nd_wheel")
STEP_OF = {"shutter": "shutter closed", "laser": "laser off", "nd_wheel": "wheel at its darkest"}


def wait_for_light(bench, process):
    wait_for(lambda: bench.ask("observe")["light_on_sample"] or process.poll() is not None, "light")
    assert process.poll() is None, process.communicate()


def test_ctrl_c_twice_ends_at_once_and_dark_even_when_the_spectrometer_hangs(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    process = plqy.start("run", recipe(LONG), "--rig", bench.rig)
    wait_for_light(bench, process)
    bench.ask("fault", spec="spectrometer:hang+100000s")
    process.send_signal(signal.SIGINT)
    assert seconds_until_safe(bench) < 5
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, told = process.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert process.returncode == 130, told
    assert load_run(run_folder(plqy)).exit_status == "abort"
    bench.assert_safe()


@soak_only
def test_ctrl_z_does_not_leave_the_laser_alone(make_bench, plqy, recipe):
    bench = make_bench()
    process = plqy.start("run", recipe(), "--rig", bench.rig)
    wait_for_light(bench, process)
    process.send_signal(signal.SIGTSTP)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "can't be put to sleep" in told
    assert_complete_without_doubles(run_folder(plqy))


def test_a_closed_terminal_ends_the_run_dark_saved_and_evaluated(make_bench, plqy, recipe):
    bench = make_bench()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        plqy.command("run", recipe(LONG), "--rig", bench.rig),
        cwd=plqy.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_the_terminal,
    )
    os.close(theirs)
    try:
        deadline = time.monotonic() + 60
        while not (saved_exposures(run_folder(plqy)) >= 2 and bench.ask("observe")["light_on_sample"]):
            if select.select([ours], [], [], 0.01)[0]:
                os.read(ours, 65536)
            assert process.poll() is None
            assert time.monotonic() < deadline
        os.close(ours)  # the window is closed: the system sends SIGHUP, every write fails from now on
        assert seconds_until_safe(bench) < 5
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()
    run = load_run(run_folder(plqy))
    assert run.exit_status == "abort"
    assert "SIGHUP" in run.stop["reason"]
    assert (run_folder(plqy) / "run.nxs").exists()


def take_the_terminal():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize(
    "spec",
    [
        "spectrometer:disconnect+150s",
        "spectrometer:saturation+300s",
        pytest.param("laser:disconnect+150s", marks=soak_only),
        pytest.param("monitor:disconnect+150s", marks=soak_only),
        pytest.param("shutter:disconnect+150s", marks=soak_only),
        pytest.param("nd_wheel:disconnect+150s", marks=soak_only),
        pytest.param("laser:key+150s", marks=soak_only),
        pytest.param("laser:interlock+150s", marks=soak_only),
        pytest.param("shutter:interlock+150s", marks=soak_only),
    ],
)
def test_what_comes_back_by_itself_is_waited_for_dark_and_the_run_goes_on(make_bench, plqy, recipe, spec):
    bench = make_bench(speed=50.0)
    process = plqy.start("run", recipe(), "--rig", bench.rig)
    wait_for_light(bench, process)
    bench.ask("fault", spec=spec)
    wait_for(lambda: not bench.ask("observe")["laser_on"], "the safe state", 20)
    _, told = process.communicate(timeout=90)
    assert process.returncode == 0, told
    # A shutter that comes back soon is found again by its own driver, before the engine has to wait.
    assert "on hold: " in told or spec.startswith("shutter:disconnect")
    assert_complete_without_doubles(run_folder(plqy))
    bench.assert_safe()


QUICK = {("hang", ("nd_wheel",))}


def some_of_three():
    return [
        pytest.param(
            which,
            how,
            id=f"{how}: {', '.join(which)}",
            marks=() if (how, which) in QUICK else soak_only,
        )
        for how in ("silence*100000", "hang")
        for number in (1, 2, 3)
        for which in itertools.combinations(INSTRUMENTS, number)
    ]


@pytest.fixture(scope="module")
def lit_bench():
    """One bench for all the combinations; every test begins with the shutter open and the laser on."""
    from support.benches import Bench, open_rig

    from plqy_rig.bench_process import BenchProcess, BenchRequest

    with BenchProcess(BenchRequest(speed=100.0)) as process:
        bench = Bench(process)

        def light() -> Bench:
            bench.ask("fault", clear=True)
            with open_rig(bench) as rig:
                rig.attenuator.home()
                rig.laser.stabilise_temperature(25.0, timeout_s=600.0)
                rig.laser.switch_on(0.2)
                rig.shutter.open()
            assert bench.ask("observe")["light_on_sample"]
            return bench

        yield light


@pytest.mark.parametrize(("which", "how"), some_of_three())
def test_a_safe_state_with_steps_that_fail_or_hang_tries_all_the_others_and_says_so(
    lit_bench, plqy, which, how
):
    bench = lit_bench()
    for instrument in which:
        bench.ask("fault", spec=f"{instrument}:{how}")
    done = plqy("safe", "--rig", bench.rig, "--json", code=4)
    seen = bench.ask("observe")
    verdict = json.loads(done.stdout)
    for instrument, step in zip(INSTRUMENTS, verdict["steps"], strict=True):
        assert step["name"] == STEP_OF[instrument]
        assert step["safe"] is (instrument not in which), verdict
    assert verdict["safe"] is False
    assert "NOT SAFE" in done.stderr
    assert all(STEP_OF[instrument] in done.stderr for instrument in which)
    if "shutter" not in which:
        assert not seen["shutter_open"]
    if "laser" not in which:
        assert not seen["laser_on"]
    if "nd_wheel" not in which:
        assert seen["wheel_angle_deg"] > 260


@soak_only
def test_a_run_whose_shutter_falls_silent_is_paused_with_the_laser_off_and_says_not_safe(make_bench, plqy):
    bench = make_bench(speed=50.0)
    recipe = plqy.folder / "recipe.toml"
    recipe.write_text(SHORT_RECIPE.replace("power_steps = 3", "power_steps = 20"), encoding="utf-8")
    process = plqy.start("run", recipe, "--rig", bench.rig)
    try:
        wait_for_light(bench, process)
        bench.ask("fault", spec="shutter:silence*100000")
        wait_for(lambda: not bench.ask("observe")["laser_on"], "the laser off", 30)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=90)
        assert process.returncode == 4, told
        assert "NOT SAFE: shutter closed" in told
        stop = load_run(run_folder(plqy)).stop
        assert stop["safe_state"]["safe"] is False
        assert not bench.ask("observe")["laser_on"]
    finally:
        bench.ask("fault", clear=True)
        kill(process)
