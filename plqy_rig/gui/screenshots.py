"""Pictures of every page for the docs: `python -m plqy_rig.gui.screenshots docs/images/gui`.

Drives the real window against a host and its bench. A module of a page may add scenes of its own with a
function `scenes(window) -> dict[str, Callable[[], object]]`: each is called when a finished run is there,
and a picture `<name>-<theme>.png` is taken after it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plqy_rig.bench_process import BenchRequest

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QWidget

    from plqy_rig.gui.window.main_window import MainWindow

log = logging.getLogger(__name__)

_SIZE = (1280, 820)
_SCENE_MODULES = (
    "measure.page",
    "live.page",
    "operator.panel",
    "queue.page",
    "instruments.page",
    "calibrations.page",
    "results.page",
    "records.page",
)
_RECIPE = """
sample = "HET-Ce"
operator_name = "A. Operator"
power_density_min_mw_per_cm2 = 50.0
power_density_max_mw_per_cm2 = 1000.0
power_steps = 12
scans_excitation = 10
scans_emission = 4
integration_time_max_emission_s = 1.0
laser_warm_up_s = 5.0
"""
_PATIENCE_S = 180.0
_IN_EVERY_THEME = ("start", "live-running")
_OWN_PLACES = {
    "PLQY_GUI_SETTINGS": "settings.ini",
    "PLQY_RUNTIME_DIR": "runtime",
    "PLQY_RECIPES_FOLDER": "recipes",
    "PLQY_QUEUE_FOLDER": "queue",
    "PLQY_CATALOGUE": "catalogue.sqlite",
}
_QUEUED = ("HET-Ce, batch 17", "HOM-Ce, batch 12", "HET, reference")


class Photographer:
    """Takes pictures of a window in each theme."""

    def __init__(self, window: MainWindow, out: Path, themes: Sequence[str]) -> None:
        """Take none yet.

        Args:
            window: the MainWindow.
            out: folder of the pictures.
            themes: names of the themes.
        """
        self.window = window
        self.out = out
        self.themes = themes
        self.taken: list[Path] = []

    def take(self, name: str, widget: QWidget | None = None, themes: Sequence[str] = ()) -> None:
        """Take a picture of the window, or of another widget, in each theme."""
        from plqy_rig.gui.themes import THEMES, theme

        subject = widget or self.window
        every = tuple(THEMES) if name in _IN_EVERY_THEME else self.themes
        for each in themes or every:
            theme.manager().choose(each)
            settle(0.15)
            path = self.out / f"{name}-{each}.png"
            subject.grab().save(str(path))
            self.taken.append(path)


def settle(duration_s: float) -> None:
    """Let the event loop run for a while."""
    from PyQt6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(duration_s * 1000), loop.quit)
    loop.exec()


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Let the event loop run until something is true.

    Raises:
        TimeoutError: it never was.
    """
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {patience_s:g} s for: {what}")
        settle(0.05)


def take_pictures(out: Path, themes: Sequence[str], speed: float) -> list[Path]:
    """Drive the window through a measurement and take every picture; returns the files.

    Args:
        out: folder of the pictures; made.
        themes: names of the themes.
        speed: of the bench.
    """
    from plqy_rig.gui.application import make_application
    from plqy_rig.gui.window.main_window import MainWindow

    out.mkdir(parents=True, exist_ok=True)
    application = make_application()
    window = MainWindow()
    window.resize(*_SIZE)
    window.show()
    photographer = Photographer(window, out, themes)
    with tempfile.TemporaryDirectory(prefix="plqy-pictures-") as runs:
        try:
            _story(window, photographer, Path(runs), speed)
        finally:
            if window.session.connected:
                window.session.command("shutdown", {"abort": True})
                settle(1.0)
            window.close_without_asking()
    application.processEvents()
    return photographer.taken


def _story(window: MainWindow, photographer: Photographer, runs: Path, speed: float) -> None:
    from plqy_rig.gui.host_link.host_process import HostRequest

    settle(0.5)
    photographer.take("start")
    window.open_host(HostRequest(bench=BenchRequest(speed=speed), out=runs))
    rig = window.session.rig
    wait_until(lambda: window.session.connected and rig.idle, "the bench")
    wait_until(lambda: bool(window.rig_page.report.cards), "the instruments' report")
    photographer.take("rig")
    window.show_page("Measure")
    settle(1.5)
    photographer.take("measure")
    _run(window, photographer)
    _scenes(window, photographer)
    _dialogs(window, photographer)


def _run(window: MainWindow, photographer: Photographer) -> None:
    session, rig = window.session, window.session.rig
    session.command(
        "start_run", {"recipe": None, "recipe_toml": _RECIPE, "source": "docs", "simulated_hands": False}
    )
    window.show_page("Live")
    asked = 0
    wait_until(lambda: rig.run_under_way, "the run")
    while rig.run_under_way:
        wait_until(lambda: rig.question is not None or not rig.run_under_way, "a question or the end")
        question = rig.question
        if question is None:
            break
        asked += 1
        if asked in (2, 4):
            settle(0.5)
            photographer.take(f"operator-{asked // 2}")
        _obey(window, question)
        if asked == 4:
            wait_until(lambda: len(session.run.steps("direct_emission")) > 6, "some emission spectra")
            photographer.take("live-running")
    wait_until(lambda: session.run.stop is not None and rig.idle, "the end")
    settle(1.5)
    photographer.take("live")


def _obey(window: MainWindow, question: dict[str, object]) -> None:
    """Do at the bench what the operator is asked to, then confirm."""
    session, rig = window.session, window.session.rig
    target = question.get("target")
    if isinstance(target, dict):
        hands = {"place": target["sample"], "long_pass": target["long_pass"]}
        session.command(
            "bench_hands", hands, lambda _: session.command("answer_operator", {"answer": "done"})
        )
    else:
        session.command("answer_operator", {"answer": "done"})
    wait_until(lambda: rig.question != question, "that the answer is taken")


def _fill_queue(window: MainWindow) -> None:
    """A night's work, one of it held."""
    session = window.session

    def entries() -> list[dict[str, Any]]:
        return list(session.rig.queue.get("entries") or ())

    for sample in _QUEUED:
        recipe = _RECIPE.replace('"HET-Ce"', f'"{sample}"')
        session.command("queue_add", {"recipe_toml": recipe})
    wait_until(lambda: len(entries()) == len(_QUEUED), "the queue")
    session.command("queue_hold", {"id": entries()[-1]["id"], "held": True})


def _scenes(window: MainWindow, photographer: Photographer) -> None:
    _fill_queue(window)
    for title in window.navigation.titles:
        if title not in ("Rig", "Measure", "Live"):
            window.show_page(title)
            settle(1.5)
            photographer.take(title.lower())
    for module in _SCENE_MODULES:
        path = f"plqy_rig.gui.{module}"
        if find_spec(path) is None:
            continue
        for name, prepare in getattr(import_module(path), "scenes", lambda _: {})(window).items():
            prepare()
            settle(1.0)
            photographer.take(name)


def _dialogs(window: MainWindow, photographer: Photographer) -> None:
    keys = window.show_keys()
    settle(0.3)
    photographer.take("keys", keys, photographer.themes[:1])
    keys.close()
    window.show_page("Rig")
    window.press_emergency_off()
    wait_until(lambda: window.emergency.outcome is not None, "the verdict")
    settle(0.3)
    photographer.take("emergency-off", window.emergency)
    window.emergency.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description="Pictures of every page of the window.")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--themes", default="light", help="names, separated by commas")
    parser.add_argument("--speed", type=float, default=60.0, help="bench seconds per real second")
    options = parser.parse_args(arguments)
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="plqy-pictures-") as folder:
        # What the user keeps himself is neither shown nor changed.
        for name, place in _OWN_PLACES.items():
            os.environ[name] = str(Path(folder) / place)
        taken = take_pictures(options.out, options.themes.split(","), options.speed)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("%d pictures in %s", len(taken), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
