"""The window's event loop is never blocked for long: measured as processor time of its own thread.

Real time would say how busy the machine is; processor time of the thread says what the window's work costs.
On a busy machine the same work takes up to twice the processor time, since two threads share a core and its
cache, and that changes from one moment to the next: a long block counts as what it would have taken on a
quiet machine, by a piece of work that is always the same and is done right after it.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from PyQt6.QtCore import QTimer
from support.window_runs import attached, start_run, wait_for_end

from plqy_rig.gui.plots.density_plot import DensitySeries
from plqy_rig.gui.plots.spectrum_plot import SpectrumLine
from plqy_rig.gui.window.loop_watch import LoopWatch

BUDGET_S = 0.050
POINTS = 100_000


SAME_WORK_S = 0.0003
"""What `same_work` takes where nothing else runs."""


def compute(seconds: float) -> None:
    """Keep the processor busy: this much processor time of this thread."""
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def same_work() -> float:
    """Do what is always the same; gives the processor time that it took, s."""
    begun_s = time.thread_time()
    for _ in range(20_000):
        pass
    return time.thread_time() - begun_s


class CalibratedWatch(LoopWatch):
    """Knows of each long block what it would have taken on a quiet machine.

    Attributes:
        quiet_blocks_s: processor time of the long blocks, as it would be there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quiet_blocks_s: list[float] = []

    def start(self) -> None:
        self.quiet_blocks_s = []
        super().start()

    def _tick(self) -> None:
        super()._tick()
        block_s = self.processor_blocks_s[-1]
        if block_s > BUDGET_S / 2:
            slowness = float(np.median([same_work() for _ in range(7)])) / SAME_WORK_S
            self.quiet_blocks_s.append(block_s / max(1.0, slowness))
            # What was just done is no work of the window.
            self.turned_s, self.processor_s = time.perf_counter(), time.thread_time()

    def assert_never_blocked(self, what: str = "") -> None:
        """Every block is within the budget."""
        assert max(self.quiet_blocks_s, default=0.0) < BUDGET_S, (what, self.quiet_blocks_s)


@pytest.fixture
def calibrated_watch(loop_watch):
    """In place of `loop_watch`, whose fixture keeps earlier tests' garbage out of the measurement."""
    loop_watch.stop()
    watch = CalibratedWatch()
    yield watch
    watch.stop()


def test_a_run_on_the_live_page_never_blocks_the_loop(make_window, start_plqy_host, calibrated_watch, qtbot):
    window = attached(make_window, start_plqy_host(), qtbot)
    calibrated_watch.start()
    window.show_page("Live")
    start_run(window, qtbot, hands=True)
    assert wait_for_end(window, qtbot) == "success"
    qtbot.waitUntil(lambda: (window.session.rig.result or {}).get("partial") is False, timeout=60_000)
    qtbot.wait(600)
    calibrated_watch.stop()
    assert len(window.session.run.exposures) == 15
    assert len(calibrated_watch.processor_blocks_s) > 100
    calibrated_watch.assert_never_blocked()


def test_the_operators_panel_appears_beside_a_full_page_without_blocking_the_loop(
    make_window, start_plqy_host, calibrated_watch, qtbot
):
    window = attached(make_window, start_plqy_host(), qtbot)
    window.show_page("Live")
    start_run(window, qtbot, hands=True)
    assert wait_for_end(window, qtbot) == "success"
    qtbot.wait(1000)
    for visible in (True, False):
        calibrated_watch.start()
        window.operator_dock.setVisible(visible)
        qtbot.wait(500)
        calibrated_watch.stop()
        calibrated_watch.assert_never_blocked(f"panel visible: {visible}")


def test_a_hundred_thousand_points_in_each_plot_never_block_the_loop(
    make_window, fake_session, calibrated_watch, qtbot
):
    page = page_with_plots(make_window(fake_session), qtbot)
    for draw in (draw_spectrum, draw_readings, draw_yields):
        calibrated_watch.start()
        plot = draw(page)
        qtbot.wait(100)
        plot.plot.getViewBox().scaleBy((0.7, 0.9))
        qtbot.wait(100)
        plot.show_everything()
        qtbot.wait(100)
        calibrated_watch.stop()
        assert not plot.canvas.is_waiting
        calibrated_watch.assert_never_blocked(draw.__name__)


def page_with_plots(window, qtbot):
    window.show_page("Live")
    qtbot.wait(500)
    return window.page("Live")


def draw_spectrum(page):
    wavelength_nm = np.linspace(900.0, 1700.0, POINTS)
    counts = np.random.default_rng(1).normal(1000.0, 50.0, POINTS)
    page.spectra.plot.set_empty("")
    page.spectra.plot.set_lines([SpectrumLine("noise", "noise", wavelength_nm, counts, "#4477aa")])
    return page.spectra.plot


def draw_readings(page):
    times_s = np.linspace(1.0, 3600.0, POINTS)
    page.times.temperature_plot.set_empty("")
    page.times.temperature_plot.set_data(1.0, times_s, np.random.default_rng(2).normal(25.0, 0.01, POINTS))
    return page.times.temperature_plot


def draw_yields(page):
    values, spread = np.random.default_rng(3).normal(50.0, 1.0, POINTS), np.full(POINTS, 0.5)
    density = np.geomspace(50.0, 1000.0, POINTS)
    page.result.yield_plot.set_empty("")
    page.result.yield_plot.set_series(DensitySeries(density, values, inner=spread, outer=2 * spread))
    return page.result.yield_plot


def test_sixty_milliseconds_of_computing_in_a_slot_are_seen(
    make_window, fake_session, calibrated_watch, qtbot
):
    window = make_window(fake_session)
    window.session.event_received.connect(lambda event: compute(0.060))
    qtbot.wait(300)
    calibrated_watch.start()
    qtbot.wait(100)
    calibrated_watch.assert_never_blocked()
    window.session.event_received.emit({"event": "nothing"})
    qtbot.wait(50)
    assert calibrated_watch.longest_processor_s >= 0.060
    assert calibrated_watch.quiet_blocks_s


def test_waiting_for_the_processor_does_not_count_as_computing(loop_watch, qtbot):
    QTimer.singleShot(10, lambda: time.sleep(0.2))
    qtbot.wait(300)
    assert loop_watch.longest_s > 0.15
    assert loop_watch.longest_processor_s < BUDGET_S
