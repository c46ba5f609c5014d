"""The real window against a real host and its bench: nothing is mocked above the wire."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from support.benches import SHORT_RECIPE

START_MS = 90_000
RUN_MS = 90_000


@pytest.fixture
def bench_window(make_window, start_plqy_host, qtbot):
    """A window on a simulated bench of a host of its own."""
    address = start_plqy_host()
    window = make_window()
    window.attach(address)
    qtbot.waitUntil(lambda: window.session.connected and window.session.rig.idle, timeout=START_MS)
    return window


def start_run(window, qtbot, recipe: str = SHORT_RECIPE, *, hands: bool = True) -> None:
    arguments = {"recipe": None, "recipe_toml": recipe, "source": "test", "simulated_hands": hands}
    window.session.command("start_run", arguments)
    qtbot.waitUntil(lambda: window.session.rig.run_under_way, timeout=START_MS)


def wait_for_light(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.run.latest is not None, timeout=RUN_MS)


def wait_for_end(window, qtbot) -> None:
    qtbot.waitUntil(lambda: window.session.rig.idle, timeout=RUN_MS)


def test_a_run_is_followed_from_the_first_exposure_to_the_verdict(bench_window, loop_watch, qtbot):
    start_run(bench_window, qtbot)
    wait_for_light(bench_window, qtbot)
    assert bench_window.header.state.value.text() in ("Measuring", "Waiting for you", "Preparing")
    wait_for_end(bench_window, qtbot)
    run = bench_window.session.run
    qtbot.waitUntil(lambda: run.stop is not None, timeout=5000)
    assert run.stop["exit_status"] == "success"
    assert len(run.roles()) == 5
    assert all(run.steps(role) == [0, 1, 2] for role in run.roles())
    qtbot.waitUntil(lambda: bench_window.header.safety.value.text() == "SAFE", timeout=2000)
    assert bench_window.message_bar.texts == []


def test_the_instruments_are_shown_with_light_and_sentence(bench_window, qtbot):
    report = bench_window.rig_page.report
    qtbot.waitUntil(lambda: len(report.cards) == 5, timeout=START_MS)
    assert all(card.sentence.text() for card in report.cards)
    assert {card.light.text() for card in report.cards} <= {"✔ good", "▲ warning"}


def test_a_window_that_is_closed_and_opened_again_has_missed_nothing(bench_window, make_window, qtbot):
    start_run(bench_window, qtbot)
    wait_for_light(bench_window, qtbot)
    address = bench_window.session.address
    bench_window.close_without_asking()
    other = make_window()
    other.attach(address)
    qtbot.waitUntil(lambda: other.session.run.stop is not None, timeout=RUN_MS)
    run = other.session.run
    assert [len(run.steps(role)) for role in run.roles()] == [3] * 5
    assert run.stop["exit_status"] == "success"


def test_closing_during_a_run_asks_and_leaving_it_changes_nothing(bench_window, make_window, qtbot):
    start_run(bench_window, qtbot)
    wait_for_light(bench_window, qtbot)
    bench_window.close()
    assert bench_window.isVisible()
    question = bench_window.closing.question
    assert "HET-Ce is under way" in question.text()
    address = bench_window.session.address
    answer(question, "Leave it running", qtbot)
    qtbot.waitUntil(lambda: not bench_window.isVisible(), timeout=5000)
    other = make_window()
    other.attach(address)
    qtbot.waitUntil(lambda: other.session.run.stop is not None, timeout=RUN_MS)
    assert other.session.run.stop["exit_status"] == "success"


def answer(question, words: str, qtbot) -> None:
    button = next(button for button in question.buttons() if button.text() == words)
    button.click()


def test_abort_at_the_header_ends_the_run_safe(bench_window, qtbot):
    start_run(bench_window, qtbot)
    wait_for_light(bench_window, qtbot)
    bench_window.header.abort_button.click()
    answer(bench_window.question, "Abort the run", qtbot)
    wait_for_end(bench_window, qtbot)
    qtbot.waitUntil(lambda: bench_window.session.run.stop is not None, timeout=5000)
    assert bench_window.session.run.stop["exit_status"] == "abort"
    assert bench_window.session.rig.safety == "safe"


def test_pause_and_continue_at_the_header(bench_window, qtbot):
    start_run(bench_window, qtbot)
    wait_for_light(bench_window, qtbot)
    bench_window.header.pause_button.click()
    qtbot.waitUntil(lambda: bench_window.session.rig.state == "paused", timeout=RUN_MS)
    qtbot.waitUntil(lambda: bench_window.header.pause_button.text() == "Continue", timeout=2000)
    assert "Paused by the operator" in bench_window.header.holds.text()
    bench_window.header.pause_button.click()
    wait_for_end(bench_window, qtbot)
    qtbot.waitUntil(lambda: bench_window.session.run.stop is not None, timeout=5000)
    assert bench_window.session.run.stop["exit_status"] == "success"


@pytest.fixture
def rig_window(make_bench, make_window, start_plqy_host, qtbot):
    """A window on a bench that outlives its host, as instruments do; gives both."""
    bench = make_bench()
    address = start_plqy_host(rig=bench.rig)
    window = make_window()
    window.attach(address)
    qtbot.waitUntil(lambda: window.session.connected and window.session.rig.idle, timeout=START_MS)
    return window, bench


def test_emergency_off_takes_the_light_off_and_says_so(rig_window, qtbot):
    window, bench = rig_window
    start_run(window, qtbot, hands=True)
    wait_for_light(window, qtbot)
    window.header.emergency_button.click()
    qtbot.waitUntil(lambda: window.emergency.outcome is not None, timeout=30_000)
    assert window.emergency.outcome.safe
    assert window.emergency.outcome.way == "host"
    bench.assert_safe()


def test_emergency_off_works_though_the_host_hangs(rig_window, qtbot):
    window, bench = rig_window
    start_run(window, qtbot)
    wait_for_light(window, qtbot)
    pid = window.session.address.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        pressed_s = time.monotonic()
        window.header.emergency_button.click()
        qtbot.waitUntil(lambda: window.emergency.outcome is not None, timeout=100_000)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert window.emergency.outcome.safe, window.emergency.outcome
    assert window.emergency.outcome.way == "without the host"
    assert time.monotonic() - pressed_s < 60
    bench.assert_safe()


def test_a_host_that_was_killed_is_found_again_when_it_is_back(rig_window, start_plqy_host, qtbot):
    window, bench = rig_window
    os.kill(window.session.address.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not window.session.connected, timeout=10_000)
    assert any("Connection to the host" in text for text in window.message_bar.texts)
    start_plqy_host(rig=bench.rig)
    qtbot.waitUntil(lambda: window.session.connected, timeout=START_MS)

    def no_message_is_left() -> None:
        assert window.message_bar.texts == []

    qtbot.waitUntil(no_message_is_left, timeout=5000)


def click(qtbot, button) -> None:
    qtbot.waitUntil(button.isEnabled, timeout=START_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_three_clicks_lead_from_the_start_to_a_yield_curve(make_window, qtbot, gui_surroundings):
    window = make_window()
    window.rig_page.start.speed_box.setValue(100.0)
    click(qtbot, window.rig_page.start.bench_tile)
    qtbot.waitUntil(lambda: window.session.connected and window.session.rig.idle, timeout=START_MS)
    assert window.session.host_is_ours
    click(qtbot, window.rig_page.report.measure_button)
    click(qtbot, window.page("Measure").start_card.start_button)
    qtbot.waitUntil(lambda: window.session.rig.run_under_way, timeout=START_MS)
    live = window.page("Live")
    qtbot.waitUntil(live.isVisible, timeout=5000)
    wait_for_end(window, qtbot)
    rig = window.session.rig
    qtbot.waitUntil(lambda: rig.result is not None and not rig.result["partial"], timeout=RUN_MS)
    steps = rig.result["windows"]["er"]["steps"]
    assert len(steps) == 20
    assert all(0.4 < step["plqy"] < 0.6 for step in steps)
    # An idle bench that the window started ends with it.
    window.close()
    process = window.host_process
    qtbot.waitUntil(lambda: not process.running, timeout=20_000)
    assert not window.isVisible()
