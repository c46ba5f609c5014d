"""How fast the window is there, against a bare pymeasure ManagedWindow, and how long it ever blocks.

    python benchmarks/gui_start.py [--times 5]

Each start is a process of its own. First paint: the first frame of the window was drawn. Usable: the event
loop is free again, so that the first click is answered. Complete: every page is made. The ManagedWindow has
one procedure of one parameter, and is complete when it is usable. Run while nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = """
import json, sys, time
from PyQt6.QtCore import QEvent, QObject, QTimer
from plqy_rig.gui.application import make_application
from plqy_rig.gui.window.main_window import MainWindow
begun_s = float(sys.argv[1])
application = make_application()
window = MainWindow()
seen = {}
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and "first_paint_s" not in seen:
            seen["first_paint_s"] = time.time() - begun_s
            QTimer.singleShot(0, usable)
        return False
def usable():
    seen["usable_s"] = time.time() - begun_s
watch = Watch()
window.header.installEventFilter(watch)
def ready():
    seen["complete_s"] = time.time() - begun_s
    print(json.dumps(seen))
    window.close_without_asking()
    application.quit()
window.shelf.ready.connect(lambda: QTimer.singleShot(0, ready))
window.show()
application.exec()
"""

THEIRS = """
import json, sys, time
from pymeasure.display.Qt import QtCore, QtWidgets
from pymeasure.display.windows import ManagedWindow
from pymeasure.experiment import FloatParameter, Procedure
begun_s = float(sys.argv[1])
class Sweep(Procedure):
    current = FloatParameter("Current", units="A", default=0.1)
    DATA_COLUMNS = ["Current", "Power"]
    def execute(self):
        pass
application = QtWidgets.QApplication(sys.argv[:1])
window = ManagedWindow(Sweep, inputs=["current"], displays=["current"], x_axis="Current", y_axis="Power")
seen = {}
class Watch(QtCore.QObject):
    def eventFilter(self, watched, event):
        if event.type() == QtCore.QEvent.Type.Paint and "first_paint_s" not in seen:
            seen["first_paint_s"] = time.time() - begun_s
            QtCore.QTimer.singleShot(0, ready)
        return False
def ready():
    seen["usable_s"] = seen["complete_s"] = time.time() - begun_s
    print(json.dumps(seen))
    application.quit()
watch = Watch()
window.centralWidget().installEventFilter(watch)
window.show()
application.exec()
"""

_STARTER = "import sys, time; exec(compile(sys.argv.pop(2), 'start', 'exec'))"


def start(script: str, folder: Path) -> dict[str, float]:
    """One start in a process of its own; times count from before Python begins."""
    import time

    surroundings = {
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "PLQY_GUI_SETTINGS": str(folder / "settings.ini"),
        "PLQY_RUNTIME_DIR": str(folder / "runtime"),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", _STARTER, str(time.time()), script],
        capture_output=True,
        text=True,
        env={**os.environ, **surroundings},
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="starts of each")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen: dict[str, list[dict[str, float]]] = {"ours": [], "ManagedWindow": []}
        for _ in range(times):
            seen["ours"].append(start(OURS, folder))
            seen["ManagedWindow"].append(start(THEIRS, folder))
    medians = {
        who: {
            key: statistics.median(each[key] for each in starts)
            for key in ("first_paint_s", "usable_s", "complete_s")
        }
        for who, starts in seen.items()
    }
    for who, values in medians.items():
        print(
            f"{who:14} "
            + ", ".join(f"{key[:-2].replace('_', ' ')} {value:.2f} s" for key, value in values.items())
        )
    ratio = {key: medians["ours"][key] / medians["ManagedWindow"][key] for key in medians["ours"]}
    print(
        "ratio          "
        + ", ".join(f"{key[:-2].replace('_', ' ')} {value:.2f}" for key, value in ratio.items())
    )


if __name__ == "__main__":
    main()
