"""How long the window's event loop is ever blocked: a whole run, and plots of 10⁵ points.

    python benchmarks/gui_run.py [--speed 40] [--page Live] [--points 100000] [--stacks]

The real window against a host with a simulated bench: the 20 steps of the example recipe, five passes. A
block is the time between two turns of the event loop: real time, and processor time of the loop's thread,
which a busy machine doesn't disturb. Budget: 50 ms. `--stacks` prints what was being done in long blocks.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PyQt6.QtWidgets import QApplication

import plqy_rig
from plqy_rig.bench_process import BenchRequest
from plqy_rig.gui.application import make_application
from plqy_rig.gui.host_link.host_process import HostProcess, HostRequest, start_host
from plqy_rig.gui.plots.density_plot import DensitySeries
from plqy_rig.gui.plots.spectrum_plot import SpectrumLine
from plqy_rig.gui.window.loop_watch import LoopWatch
from plqy_rig.gui.window.main_window import MainWindow

RECIPE = Path(plqy_rig.__file__).parent / "demo_recipe.toml"
BUDGET_S = 0.050
PATIENCE_S = 600.0


class Stacks:
    """Looks from another thread at what long turns are doing."""

    def __init__(self, watch: LoopWatch, after_s: float = 0.020) -> None:
        self.seen: Counter[str] = Counter()
        self._watch, self._after_s = watch, after_s
        self._thread_id = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._thread_id)
        self._ended = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._ended.wait(0.002):
            busy_s = time.clock_gettime(self._clock) - self._watch.processor_s
            if not self._watch.is_running or busy_s < self._after_s:
                continue
            frame = sys._current_frames().get(self._thread_id)
            lines = [
                f"{Path(entry.filename).name}:{entry.lineno} {entry.name}"
                for entry in traceback.extract_stack(frame)
                if "gui_run.py" not in entry.filename
            ]
            self.seen[" > ".join(lines[:3] + (["…"] if len(lines) > 6 else []) + lines[3:][-3:])] += 1

    def print(self) -> None:
        self._ended.set()
        for stack, count in self.seen.most_common(30):
            print(f"{count:5} {stack}")


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Let the event loop run until something is so."""
    end_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit(f"waited {patience_s:g} s for {what}")
        turn()


def turn(seconds: float = 0.0) -> None:
    """Let the event loop run as it does in the program."""
    end_s = time.monotonic() + seconds
    while True:
        QApplication.processEvents()
        if time.monotonic() >= end_s:
            # Python's own loop around Qt's must not be what keeps the processor busy.
            time.sleep(0.0005)
            return
        time.sleep(0.0005)


def report(what: str, watch: LoopWatch) -> None:
    """Print the distribution of the blocks."""
    for name, blocks in (("real", watch.blocks_s), ("processor", watch.processor_blocks_s)):
        milliseconds = 1e3 * np.array(blocks)
        above = int((milliseconds > 1e3 * BUDGET_S).sum())
        middle, high, very_high = np.percentile(milliseconds, (50, 99, 99.9))
        print(
            f"{what:26} {name:9} longest {milliseconds.max():6.1f} ms   99.9 % {very_high:5.1f}"
            f"   99 % {high:5.1f}   median {middle:4.1f}   above 50 ms: {above} of {len(milliseconds)}",
            flush=True,
        )


@contextmanager
def surroundings():
    """Settings, hosts and runs in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="plqy-gui-run-") as name:
        folder = Path(name)
        os.environ["PLQY_GUI_SETTINGS"] = str(folder / "settings.ini")
        for variable, part in (
            ("PLQY_RUNTIME_DIR", "runtime"),
            ("PLQY_RECIPES_FOLDER", "recipes"),
            ("PLQY_QUEUE_FOLDER", "queue"),
        ):
            os.environ[variable] = str(folder / part)
        yield folder


def end(process: HostProcess) -> None:
    """End the host hard; its bench ends with it."""
    if process.running:
        os.kill(process.process_id, signal.SIGKILL)
        process.wait(10.0)


def watch_run(window: MainWindow, watch: LoopWatch, page: str) -> float:
    """A whole run from its command to its result; returns the loop's share of a processor."""
    session = window.session
    watch.start()
    window.show_page(page)
    begun_s, processor_s = time.monotonic(), time.thread_time()
    arguments = {
        "recipe": None,
        "recipe_toml": RECIPE.read_text(encoding="utf-8"),
        "source": "benchmark",
        "simulated_hands": True,
    }
    session.command("start_run", arguments)
    until(lambda: session.run.stop is not None and session.rig.idle, "the end of the run")
    until(lambda: (session.rig.result or {}).get("partial") is False, "the result", 60.0)
    turn(2.0)
    watch.stop()
    assert session.run.stop is not None
    print(f"run: {session.run.stop['exit_status']}, {len(session.run.exposures)} exposures", flush=True)
    return (time.thread_time() - processor_s) / (time.monotonic() - begun_s)


def watch_pages(window: MainWindow, watch: LoopWatch) -> None:
    """Every page shown once, with the finished run there."""
    for title in window.shelf.titles:
        watch.start()
        window.show_page(title)
        turn(1.5)
        watch.stop()
        report(f"page {title} shown", watch)


def watch_results(window: MainWindow, watch: LoopWatch, run: Path) -> None:
    """The run opened on the page Results, and every tab looked at for the first time."""
    window.show_page("Results")
    page = window.page("Results")
    until(lambda: page.view is not None, "the view")
    watch.start()
    page.open([run])
    until(lambda: page.view.reading is not None, "the evaluation", 60.0)
    turn(1.5)
    watch.stop()
    report("run opened", watch)
    tabs = page.view.tabs
    for index in range(tabs.count()):
        watch.start()
        tabs.setCurrentIndex(index)
        turn(1.5)
        watch.stop()
        report(f"tab {tabs.tabText(index)} shown", watch)


def watch_reattaching(window: MainWindow, watch: LoopWatch, address: object) -> None:
    """The window leaves and comes back: the whole run is fetched again."""
    window.show_page("Live")
    exposures = len(window.session.run.exposures)
    turn(1.0)
    watch.start()
    window.detach()
    turn(0.5)
    window.show_page("Live")
    window.attach(address)
    until(lambda: len(window.session.run.exposures) == exposures, "the documents", 60.0)
    turn(1.0)
    watch.stop()
    report("reattached, run fetched", watch)


def watch_points(window: MainWindow, watch: LoopWatch, points: int) -> None:
    """Each kind of plot on the live page with many points, drawn anew ten times, and moved about."""
    window.show_page("Live")
    page = window.page("Live")
    turn(1.0)
    noise = np.random.default_rng(1)
    x = np.linspace(0.0, 1.0, points)

    def spectra(round_number: int) -> None:
        line = SpectrumLine("noise", "noise", 900 + 800 * x, noise.normal(1e3, 50, points), "#4477aa")
        page.spectra.plot.set_empty("")
        page.spectra.plot.set_lines([line])

    def readings(round_number: int) -> None:
        page.times.temperature_plot.set_empty("")
        page.times.temperature_plot.set_data(1.0, 1.0 + 3600 * x, noise.normal(25, 0.01, points))

    def densities(round_number: int) -> None:
        density, values = 50 * 20**x, noise.normal(50, 1, points)
        page.result.yield_plot.set_empty("")
        spread = np.full(points, 0.5)
        page.result.yield_plot.set_series(DensitySeries(density, values, inner=spread, outer=2 * spread))

    for what, draw, plot in (
        ("spectra", spectra, page.spectra.plot),
        ("readings", readings, page.times.temperature_plot),
        ("yields", densities, page.result.yield_plot),
    ):
        watch.start()
        for round_number in range(10):
            draw(round_number)
            turn(0.15)
            plot.plot.getViewBox().scaleBy((0.8, 0.9))
            turn(0.15)
        plot.show_everything()
        turn(0.3)
        watch.stop()
        report(f"{points} points, {what}", watch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=40.0)
    parser.add_argument("--page", default="Live", help="page shown during the run")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--no-run", action="store_true", help="plots with many points only")
    parser.add_argument("--stacks", action="store_true", help="what long blocks were doing")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    print(f"load before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}", flush=True)
    with surroundings() as folder:
        application = make_application()
        window = MainWindow()
        window.show()
        watch = LoopWatch()
        watch.start()
        until(lambda: window.shelf.all_made, "the pages")
        turn(1.0)
        watch.stop()
        report("started, every page made", watch)
        process = None
        stacks = None
        try:
            if not arguments.no_run:
                bench = BenchRequest(speed=arguments.speed)
                process, address = start_host(HostRequest(bench=bench, out=folder / "runs"))
                stacks = Stacks(watch) if arguments.stacks else None
                watch.start()
                window.attach(address)
                until(lambda: window.session.connected and window.session.rig.idle, "the host")
                turn(1.0)
                watch.stop()
                report("attached", watch)
                share = watch_run(window, watch, arguments.page)
                report(f"whole run, page {arguments.page}", watch)
                print(f"the loop's thread used {100 * share:.0f} % of a processor")
                watch_pages(window, watch)
                (run,) = (path.parent for path in (folder / "runs").glob("*/run.jsonl"))
                watch_results(window, watch, run)
                watch_reattaching(window, watch, address)
            else:
                stacks = Stacks(watch) if arguments.stacks else None
            watch_points(window, watch, arguments.points)
        finally:
            if stacks is not None:
                stacks.print()
            if process is not None:
                end(process)
        window.close_without_asking()
        application.processEvents()
    print(f"load after: {os.getloadavg()[0]:.1f}", flush=True)
    os._exit(0)  # Qt's things are left as they are: nothing is measured after this


if __name__ == "__main__":
    main()
