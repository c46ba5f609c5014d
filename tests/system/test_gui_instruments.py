"""The instruments page against a real host and its bench: readings, manual control, refusals, safe state."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from support.window_runs import RUN_MS, ask_bench, attached, start_run, wait_for_question

WAIT_MS = 30_000


@pytest.fixture
def window(make_window, start_plqy_host, qtbot):
    return attached(make_window, start_plqy_host(), qtbot)


@pytest.fixture
def page(window):
    window.show_page("Instruments")
    return window.page("Instruments")


def press(button, qtbot) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=WAIT_MS)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_outcome(controls, words: str, qtbot) -> None:
    qtbot.waitUntil(lambda: words in controls.outcome.text(), timeout=WAIT_MS)


def test_every_instrument_shows_who_it_is_and_what_it_reads(page, qtbot):
    panels = page.panels
    for name, reading, word in (
        ("shutter", "open", "closed"),
        ("laser", "output_on", "off"),
        ("laser", "temperature", "°C"),
        ("monitor", "power", "W"),
        ("spectrometer", "temperature", "°C"),
    ):
        qtbot.waitUntil(lambda: word in panels[name].table.text_of(reading), timeout=WAIT_MS)  # noqa: B023
    assert "ITC4001" in panels["laser"].identity.whole
    assert all(panel.state in ("good", "warning") for panel in panels.values())


def test_the_wheel_goes_where_it_is_sent_and_a_value_outside_its_limits_is_refused(window, page, qtbot):
    wheel = page.panels["attenuator"].controls
    press(wheel.home_button, qtbot)
    wait_for_outcome(wheel, "At ", qtbot)
    wheel.angle.setValue(120.0)
    press(wheel.move_button, qtbot)
    wait_for_outcome(wheel, "At 120", qtbot)
    assert ask_bench(window, "observe")["wheel_angle_deg"] == pytest.approx(120.0, abs=1.0)
    wheel.angle.setValue(300.0)
    assert wheel.angle.property("state") == "bad"
    press(wheel.move_button, qtbot)
    qtbot.waitUntil(lambda: "300" in wheel.outcome.text(), timeout=WAIT_MS)
    assert wheel.outcome.property("state") == "bad"
    assert "outside" in wheel.outcome.text()
    assert ask_bench(window, "observe")["wheel_angle_deg"] == pytest.approx(120.0, abs=1.0)


def test_light_by_hand_is_timed_and_make_safe_ends_it(window, page, qtbot):
    laser, shutter = page.panels["laser"].controls, page.panels["shutter"].controls
    press(page.panels["attenuator"].controls.home_button, qtbot)
    wait_for_outcome(page.panels["attenuator"].controls, "At ", qtbot)
    press(laser.control_on_button, qtbot)
    wait_for_outcome(laser, "is on", qtbot)
    press(laser.temperature_button, qtbot)
    qtbot.waitUntil(
        lambda: "yes" in page.panels["laser"].table.text_of("temperature_in_window"), timeout=WAIT_MS
    )
    laser.current.setValue(0.9)
    press(laser.on_button, qtbot)
    qtbot.waitUntil(lambda: laser.outcome.property("state") == "bad", timeout=WAIT_MS)
    assert "0.35" in laser.outcome.text()
    assert not ask_bench(window, "observe")["laser_on"]
    laser.current.setValue(0.2)
    press(laser.on_button, qtbot)
    wait_for_outcome(laser, "on at 0.200 A", qtbot)
    assert ask_bench(window, "observe")["laser_current_a"] == pytest.approx(0.2, abs=0.005)
    shutter.seconds.setValue(60.0)
    press(shutter.open_button, qtbot)
    wait_for_outcome(shutter, "Open;", qtbot)
    assert "closes in" in shutter.countdown.text()
    qtbot.waitUntil(lambda: not ask_bench(window, "observe")["shutter_open"], timeout=WAIT_MS)
    press(page.safety.make_safe_button, qtbot)
    qtbot.waitUntil(lambda: page.safety.word.text() == "SAFE", timeout=WAIT_MS)
    seen = ask_bench(window, "observe")
    assert [seen[key] for key in ("light_on_sample", "laser_on", "shutter_open")] == [False] * 3


def test_a_spectrum_taken_by_hand_is_plotted(page, qtbot):
    assert page.spectrum.empty_text
    controls = page.panels["spectrometer"].controls
    controls.time_ms.setValue(20.0)
    controls.scans.setValue(3)
    press(controls.take_button, qtbot)
    wait_for_outcome(controls, "plotted", qtbot)
    assert page.spectrum.empty_text == ""
    wavelength_nm, counts = page.spectrum.curve_values["counts"]
    assert len(wavelength_nm) == len(counts) == 512
    assert np.all(counts > 0)
    press(page.panels["monitor"].controls.read_button, qtbot)
    qtbot.waitUntil(
        lambda: page.panels["monitor"].controls.outcome.property("state") == "good", timeout=WAIT_MS
    )


def test_an_instrument_unplugged_says_what_mends_it_and_reconnects(window, page, qtbot):
    panel = page.panels["spectrometer"]
    qtbot.waitUntil(lambda: panel.state != "unknown", timeout=WAIT_MS)
    ask_bench(window, "fault", spec="spectrometer:disconnect")
    qtbot.waitUntil(lambda: panel.problem.isVisible() and panel.mend.isVisible(), timeout=WAIT_MS)
    assert panel.state == "bad"
    assert not panel.controls.take_button.isEnabled()
    press(panel.reconnect_button, qtbot)
    qtbot.waitUntil(lambda: panel.controls.outcome.property("state") == "bad", timeout=WAIT_MS)
    ask_bench(window, "fault", clear=True)
    press(panel.reconnect_button, qtbot)
    qtbot.waitUntil(lambda: panel.state in ("good", "warning"), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not panel.problem.isVisible(), timeout=WAIT_MS)
    qtbot.waitUntil(panel.controls.take_button.isEnabled, timeout=WAIT_MS)


def test_while_a_run_goes_on_nothing_can_be_done_by_hand(window, page, qtbot):
    start_run(window, qtbot, hands=False)
    wait_for_question(window, qtbot, "empty_excitation")
    qtbot.waitUntil(page.hint.isVisible, timeout=WAIT_MS)
    assert "A run uses the rig" in page.hint.text()
    assert not page.panels["laser"].controls.on_button.isEnabled()
    assert not page.panels["laser"].controls.off_button.isEnabled()
    assert not page.safety.make_safe_button.isEnabled()
    window.session.command("abort", {"reason": "enough"})
    qtbot.waitUntil(lambda: window.session.rig.idle, timeout=RUN_MS)
    qtbot.waitUntil(page.panels["laser"].controls.on_button.isEnabled, timeout=WAIT_MS)
