"""What may happen to an operator, told with the real window, host and bench: kills, lamp, diagnosis, hops."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.benches import SHORT_RECIPE
from support.hosts import joined
from support.window_runs import RUN_MS, START_MS, attached, start_run, wait_for_end

from calibration import CheckKind, RecordKind, read_record
from plqy_rig.data import load_run
from plqy_rig.server.discovery import find_host

PATIENCE_MS = 90_000
LIGHT_OFF_WITHIN_MS = 10_000


@pytest.fixture
def bench(make_bench):
    """A bench that outlives its host, as instruments do."""
    return make_bench(speed=100.0)


@pytest.fixture
def window(bench, make_window, start_plqy_host, qtbot):
    return attached(make_window, start_plqy_host(rig=bench.rig), qtbot)


def wait(qtbot, fulfilled, timeout_ms=PATIENCE_MS):
    qtbot.waitUntil(lambda: bool(fulfilled()), timeout=timeout_ms)


def is_dark(bench):
    seen = bench.ask("observe")
    return not (seen["light_on_sample"] or seen["shutter_open"] or seen["laser_on"])


def counts_of(run):
    return {
        (role, step): spectra.counts[step].copy()
        for role, spectra in run.spectra.items()
        for step in np.flatnonzero(spectra.measured)
    }


def test_a_host_killed_in_a_run_leaves_the_rig_dark_and_a_new_one_goes_on_with_the_run(
    window, bench, start_plqy_host, qtbot
):
    start_run(window, qtbot, hands=True)
    wait(qtbot, lambda: len(window.session.run.exposures) >= 4)
    folder = Path(window.session.rig.run["folder"])
    os.kill(window.session.address.pid, signal.SIGKILL)
    wait(qtbot, lambda: not window.session.connected)
    wait(qtbot, lambda: is_dark(bench), LIGHT_OFF_WITHIN_MS)
    saved = counts_of(load_run(folder))
    assert len(saved) >= 4

    start_plqy_host(rig=bench.rig)
    wait(qtbot, lambda: window.session.connected and window.session.rig.idle)
    window.show_page("Results")
    page = window.page("Results")
    wait(qtbot, lambda: folder in {line.path for line in page.catalogue.table.model_.lines})
    page.catalogue.table.choose([folder])
    wait(qtbot, lambda: page.go_on_button.isVisible() and page.go_on_button.isEnabled())
    page.go_on_button.click()
    wait(qtbot, lambda: window.session.rig.question is not None)
    panel = window.operator_dock.widget().widget()
    panel.always_box.click()
    assert wait_for_end(window, qtbot) == "success"
    assert window.shown_page.title == "Live"
    complete = load_run(folder)
    assert complete.next_role() is None
    after = counts_of(complete)
    assert all(np.array_equal(after[place], counts) for place, counts in saved.items())
    bench.assert_safe()


@pytest.fixture
def window_process(bench, tmp_path, gui_surroundings):
    """A window in a process of its own, which starts the host of the bench; gives process and address."""
    command = [sys.executable, "-P", "-m", "plqy_rig.cli", "gui", "--rig", str(bench.rig)]
    command += ["--out", str(tmp_path / "runs")]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        deadline_s = time.monotonic() + START_MS / 1000
        while (address := find_host(bench.rig)) is None:
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        try:
            yield process, address
        finally:
            process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(address.pid, signal.SIGKILL)


def test_a_window_killed_in_a_run_changes_nothing_and_a_new_one_shows_all_that_was_missed(
    window_process, bench, make_window, qtbot
):
    process, address = window_process
    with joined(address) as face:
        face.wait_for_use("idle")
        face.ask("start_run", recipe=None, recipe_toml=SHORT_RECIPE, source="test", simulated_hands=True)
        face.wait_for(lambda face: len(face.of("document")) >= 8, "the first exposures")
        process.kill()
        process.wait(10)
        face.wait_for_use("idle")
        told = face.picture["run"]["exit_status"]
    other = make_window()
    other.attach(address)
    qtbot.waitUntil(lambda: other.session.run.stop is not None, timeout=RUN_MS)
    assert told == other.session.run.stop["exit_status"] == "success"
    saved = load_run(Path(other.session.rig.run["folder"]))
    assert saved.next_role() is None
    assert not saved.warnings
    run = other.session.run
    for (role, step), counts in counts_of(saved).items():
        np.testing.assert_array_equal(run.counts(str(role), step), counts)
    assert len(run.exposures) == len(counts_of(saved)) == 15
    bench.assert_safe()


def calibrate(window, qtbot, *names, **parameters):
    """Fill in the form of the page Calibrations and start."""
    window.show_page("Calibrations")
    page = window.page("Calibrations")
    wait(qtbot, lambda: page.reading is not None and window.session.rig.idle)
    page.list.choose(names)
    page.form.operator.setText("A. Tester")
    page.form.hands.setChecked(True)
    for key, value in parameters.items():
        page.form.rows[key].enter(value)
    wait(qtbot, page.form.start.isEnabled)
    page.form.start.click()
    return page


def keep_all(page, qtbot, count, seen=lambda: None):
    """Keep results as they come."""
    for number in range(1, count + 1):

        def is_asked(number=number):
            seen()
            cards = page.progress.cards
            return len(cards) == number and cards[-1].accept_button.isVisible()

        wait(qtbot, is_asked)
        page.progress.cards[-1].accept_button.click()
    wait(qtbot, lambda: page.progress.back.isVisible() and page.session.rig.idle)


def records(window, kind):
    folder = Path(window.session.rig.rig["calibration_folder"])
    return [read_record(path) for path in folder.glob(f"{kind}_*.json")]


def test_the_lamp_session_counts_its_warm_up_down_and_makes_a_response(window, bench, qtbot):
    before = len(records(window, RecordKind.RESPONSE))
    page = calibrate(window, qtbot, "lamp", "response", warm_up_s=600.0, seatings=2)
    told = []

    def look() -> None:
        if page.progress.warm_up.isVisible():
            told.append(page.progress.warm_up.left.text())

    keep_all(page, qtbot, 2, look)
    assert told
    assert "The lamp warms up: about 0:0" in told[0]
    assert len(set(told)) > 1, told
    made = max(records(window, RecordKind.RESPONSE), key=lambda record: record.created)
    assert len(records(window, RecordKind.RESPONSE)) == before + 1
    assert made.operator == "A. Tester"
    assert "✔ Response: kept" in page.progress.steps.text()
    assert page.progress.title.text() == "Done: 2 of 2 results kept"
    assert not bench.ask("observe")["lamp_on"]


def test_a_laser_check_that_fails_says_what_its_pattern_points_to(window, bench, qtbot):
    assert bench.ask("condition", name="fibre_throughput", value=0.9)["ok"]
    page = calibrate(window, qtbot, "laser-check")
    wait(qtbot, lambda: page.progress.cards and page.progress.cards[-1].accept_button.isVisible())
    (card,) = page.progress.cards
    assert card.gate.text() == "✖ check failed: see below what the pattern points to"
    assert "fibre moved" in card.summary.text() + card.warnings.text()
    assert card.plot.isVisible()
    card.refuse_button.click()
    wait(qtbot, lambda: page.progress.back.isVisible() and window.session.rig.idle)
    assert records(window, CheckKind.LASER_CHECK) == []
    bench.assert_safe()


def test_a_quiet_temperature_is_proposed_kept_and_used_by_a_host_started_anew(window, bench, qtbot):
    assert bench.ask("condition", name="hop_distance_c", value=0.05)["ok"]
    page = calibrate(
        window,
        qtbot,
        "mode-hop",
        scans=2,
        laser_warm_up_s=5.0,
        both_ways=False,
        half_range_c=4.0,
        step_c=0.4,
    )
    wait(qtbot, lambda: page.progress.cards and page.progress.cards[-1].accept_button.isVisible())
    (card,) = page.progress.cards
    assert "instead of 25 °C" in card.setting.text()
    assert not page.progress.restart.isVisible()
    new_c = card.document["setting"]["new"]
    hops = [hop["temperature_c"] for hop in bench.ask("truth", detail="hops")["hops"]]
    assert min(abs(celsius - new_c) for celsius in hops) > 0.3
    card.accept_button.click()
    wait(qtbot, page.progress.restart.isVisible)
    assert f"laser temperature, {new_c:g} °C" in page.progress.restart.words.text()
    assert f"temperature_c = {new_c!r}" in bench.rig.read_text(encoding="utf-8")
    old_pid = window.session.address.pid
    wait(qtbot, lambda: window.session.rig.idle)
    page.progress.restart.button.click()
    wait(qtbot, lambda: window.session.connected and window.session.address.pid != old_pid)
    wait(qtbot, lambda: window.session.rig.idle)
    new_pid = window.session.address.pid
    try:
        # The new host's picture may come a moment after its address.
        wait(qtbot, lambda: window.session.rig.calibration is None)
        wait(qtbot, lambda: not page.progress.restart.isVisible())
    finally:
        os.kill(new_pid, signal.SIGKILL)
