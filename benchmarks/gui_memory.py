"""Whether the window's memory stays flat over many runs.

    python benchmarks/gui_memory.py [--runs 200] [--hosted 10]

One window sees `--hosted` short runs of a real host with a simulated bench, another one `--runs` whole runs
(20 steps, five passes, a result) told as events over a wire that is a function call. The page shown changes
with every run. Printed: resident memory of the process, Python's and Qt's objects, each after a collection.
"""

from __future__ import annotations

import argparse
import copy
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QApplication

from plqy_rig.bench_process import BenchRequest
from plqy_rig.gui.application import make_application
from plqy_rig.gui.host_link.host_process import HostRequest, start_host
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.window.main_window import MainWindow

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
import gui_run
from gui_support import protocol
from gui_support.fake_host import FakeHost

ROLES = protocol.ROLES
STEPS = 20
PIXELS = 512
PAGES = ("Live", "Rig", "Measure", "Queue", "Instruments", "Log")
HOSTED_RECIPE = """
sample = "HET-Ce"
passes = ["empty_excitation", "direct_excitation"]
power_density_min_mw_per_cm2 = 500.0
power_density_max_mw_per_cm2 = 500.0
power_steps = 1
scans_excitation = 2
dark_scans = 2
laser_warm_up_s = 0.0
"""


def resident_mb(process: int | str = "self") -> float:
    """Resident memory of a process, MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def qt_objects(window: MainWindow) -> int:
    """Objects of Qt below the window and its session."""
    return len(window.findChildren(QObject)) + len(window.session.findChildren(QObject))


def report(what: str, window: MainWindow) -> None:
    """Print what is in use."""
    gui_run.turn(0.3)
    gc.collect()
    print(
        f"{what:22} {resident_mb():7.1f} MB   {len(gc.get_objects()):8} Python objects"
        f"   {qt_objects(window):6} Qt objects",
        flush=True,
    )


def exposures(uid: str, random: np.random.Generator) -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents of a whole run as the host tells them, with arrays of their real size."""
    for role in ROLES:
        for step in range(STEPS):
            for make in (protocol.exposure_document, protocol.dark_document):
                name, document = make(uid, role, min(step, 2))
                document["uid"] += f"-{step}"
                document["time"] = 10.0 + step
                data = document["data"]
                data["step"] = step
                if "counts" in data:
                    data["counts"] = random.normal(2e4, 50.0, PIXELS)
                    data["scan_counts"] = random.normal(2e4, 50.0, (10, PIXELS)).astype("<f4")
                else:
                    data["dark"] = random.normal(3e3, 50.0, PIXELS)
                yield name, document


def tell_run(host: FakeHost, number: int, result: dict[str, Any] | None) -> None:
    """One run, from its start to its stop; the window's loop runs in between."""
    random = np.random.default_rng(number)
    uid = f"run-{number}"
    host.say("run", run=protocol.run_part(uid))
    host.say("engine", engine=protocol.engine(state="measuring", exposures_wanted=100))
    start, *descriptors = protocol.run_documents(uid, 0)
    densities = np.geomspace(50.0, 1000.0, STEPS)
    start[1]["wavelength_nm"] = np.linspace(900.0, 1700.0, PIXELS)
    start[1]["target_power_density_mw_per_cm2"] = densities
    for name, document in (start, *descriptors):
        host.say("document", name=name, document=document, uid=uid)
    for count, (name, document) in enumerate(exposures(uid, random)):
        host.say("document", name=name, document=document, uid=uid)
        host.say("notice", sentence=f"run {number}, document {count}", warning=False)
        host.say("engine", engine=protocol.engine(state="measuring", exposures=count // 2))
        if count % 20 == 0:
            QApplication.processEvents()
    if result is not None:
        host.say("result", result=copy.deepcopy(result))
    name, document = protocol.stop_document(uid)
    host.say("document", name=name, document=document, uid=uid)
    host.say("engine", engine=protocol.engine())


def hosted_run(session: Session) -> None:
    """A short run of a real host, to its end."""
    before = session.run.uid
    arguments = {"recipe_toml": HOSTED_RECIPE, "source": "benchmark", "simulated_hands": True}
    session.command("start_run", arguments)
    gui_run.until(lambda: session.run.uid not in ("", before), "the start of a run")
    gui_run.until(lambda: session.run.stop is not None and session.rig.idle, "the end of a run")


def hosted_runs(window: MainWindow, folder: Path, count: int) -> dict[str, Any] | None:
    """Short runs of a real host; returns the result of the last."""
    session = window.session
    process, address = start_host(HostRequest(bench=BenchRequest(speed=100.0), out=folder / "runs"))
    try:
        window.attach(address)
        gui_run.until(lambda: session.connected and session.rig.idle, "the host")
        seen = ""
        for number in range(1, count + 1):
            window.show_page(PAGES[number % len(PAGES)])
            hosted_run(session)
            seen = str((session.run.stop or {}).get("exit_status"))
            if number in (2, 10, count) or number % 50 == 0:
                report(f"{number} runs of a host", window)
                print(f"{'':22} {resident_mb(process.process_id):7.1f} MB in the host", flush=True)
        print(f"last of them: {seen}", flush=True)
        return session.rig.result
    finally:
        gui_run.end(process)


def until_told(session: Session, uid: str) -> None:
    """Let the event loop run until the window knows all of a run."""
    gui_run.until(lambda: session.run.uid == uid and session.run.stop is not None, "the run", 60.0)


def told_runs(folder: Path, count: int, types: bool) -> None:
    """Whole runs told to a window of its own."""
    host = FakeHost()
    session = Session(connect=host.connect, find=host.find)
    window = MainWindow(session)
    window.show()
    gui_run.until(lambda: window.shelf.all_made, "the pages")
    session.attach(host.address)
    gui_run.until(lambda: session.connected, "the wire")
    before: Counter[str] = Counter()
    for number in range(1, count + 1):
        window.show_page(PAGES[number % len(PAGES)])
        tell_run(host, number, example_result(number))
        until_told(session, f"run-{number}")
        gui_run.turn(0.15)
        if number == 10 or number % 50 == 0:
            report(f"{number} whole runs", window)
            now = Counter(type(thing).__name__ for thing in gc.get_objects()) if types else Counter()
            if before:
                print("   more:", dict((now - before).most_common(8)))
            before = now


def example_result(number: int) -> dict[str, Any]:
    """A live evaluation of 20 steps in the host's shape."""
    random = np.random.default_rng(number)
    densities = np.geomspace(50.0, 1000.0, STEPS)
    steps = [
        {
            "power_density": float(density),
            "plqy": 0.5 + 0.01 * float(random.normal()),
            "u_plqy": 0.01,
            "u_plqy_random": 0.002,
            "absorptance": 0.12,
            "mu": 0.05,
            "flags": ["weak_signal"] if step < 4 else [],
        }
        for step, density in enumerate(densities)
    ]
    window = {
        "low_nm": 1400.0,
        "high_nm": 1650.0,
        "range": [50.0, 900.0],
        "mean_plqy": 0.5,
        "u_mean_plqy": 0.01,
        "mean": {"absorptance": 0.12, "u_absorptance": 0.001, "plqy_2m": 0.5},
        "steps": steps,
    }
    flags = {"weak_signal": {"sentence": "Little light", "kind": "note"}}
    return {"windows": {"er": window}, "flags": flags, "warnings": [], "partial": False, "steps_done": STEPS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--hosted", type=int, default=10)
    parser.add_argument("--types", action="store_true", help="which Python objects became more")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with gui_run.surroundings() as folder:
        application = make_application()
        begun_s = time.monotonic()
        if arguments.hosted:
            window = MainWindow()
            window.show()
            gui_run.until(lambda: window.shelf.all_made, "the pages")
            hosted_runs(window, folder, arguments.hosted)
            window.close_without_asking()
            window.deleteLater()
            gui_run.turn(0.5)
        if arguments.runs:
            told_runs(folder, arguments.runs, arguments.types)
        application.processEvents()
        print(f"{time.monotonic() - begun_s:.0f} s")
    os._exit(0)  # Qt's things are left as they are: nothing is measured after this


if __name__ == "__main__":
    main()
