"""Kill -9 a program that records: what it announced as saved has to be there."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from plqy_rig.data import RunRecorder, load_run, read_journal, recover_run

ROOT = Path(__file__).parents[2]
REPETITIONS = 30

RECORD_FOR_EVER = """
import itertools, sys
from pathlib import Path
import numpy as np
from plqy_rig.data import PASS_ORDER, RunMetadata, RunRecorder

pixels, scans, steps = 512, 4, 5

def announce(name, document):
    if name == "event":
        data = document["data"]
        print(document["uid"], int(data.get("counts", data.get("dark"))[0]), flush=True)

metadata = RunMetadata("kill", {}, {}, {}, np.arange(900.0, 900 + pixels), 65535.0, np.arange(1.0, 1 + steps))
recorder = RunRecorder.create(Path(sys.argv[1]), metadata, listeners=[announce])
print(recorder.folder, flush=True)
for number in itertools.count():
    place = {"role": PASS_ORDER[number // steps % 6].value, "step": number % steps, "integration_time_s": 0.5,
             "scans": scans, "detector_temperature_c": -10.0}
    spectrum = np.full(pixels, float(number))
    recorder.record("exposure", place | {
        "target_power_density_mw_per_cm2": 1.0, "counts": spectrum, "counts_std": spectrum,
        "scan_counts": np.tile(spectrum, (scans, 1)), "monitor_power_w": float(number),
        "monitor_power_std_w": 0.0, "monitor_readings": 3, "wheel_position_deg": 0.0, "laser_current_a": 0.3,
        "laser_temperature_c": 25.0, "saturated": False, "light_on_s": 1.0})
    recorder.record("dark", place | {"dark": spectrum, "dark_std": spectrum})
"""


def announced_before_the_kill(out: Path, delay_s: float) -> tuple[Path, list[tuple[str, int]]]:
    child = subprocess.Popen(
        [sys.executable, "-c", RECORD_FOR_EVER, str(out)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip())
    time.sleep(delay_s)
    child.send_signal(signal.SIGKILL)
    lines, _ = child.communicate()
    complete = lines[: lines.rfind("\n") + 1].splitlines()
    return folder, [(line.split()[0], int(line.split()[1])) for line in complete]


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 on this system")
def test_whatever_was_announced_before_a_kill_is_there(tmp_path: Path) -> None:
    moments = random.Random(20260921)
    total = 0
    for repetition in range(REPETITIONS):
        folder, announced = announced_before_the_kill(tmp_path / str(repetition), moments.uniform(0.0, 0.08))
        journal = read_journal(folder / "run.jsonl")
        assert not journal.damaged
        assert journal.interrupted
        saved = {entry.document["uid"]: entry.document for entry in journal.entries if entry.name == "event"}
        for uid, number in announced:
            data = saved[uid]["data"]
            assert (data.get("counts", data.get("dark")) == number).all()
        # At most what was being announced at the moment of the kill is there without having been heard of.
        assert len(announced) <= len(saved) <= len(announced) + 1
        total += len(announced)
    assert total > 5 * REPETITIONS


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 on this system")
def test_a_killed_run_can_be_recovered_and_gone_on_with(tmp_path: Path) -> None:
    folder, announced = announced_before_the_kill(tmp_path, 0.05)
    recovered = recover_run(folder).run
    assert recovered == load_run(folder / "run.nxs") == load_run(folder)
    assert recovered.exit_status == "interrupted"
    measured = sum(int(spectra.measured.sum()) for spectra in recovered.spectra.values())
    assert measured >= min(len(announced) // 2, 30)
    with RunRecorder.resume(folder) as recorder:
        recorder.finish("success", "", {})
    run = load_run(folder)
    assert run.exit_status == "success"
    assert len(run.resumed) == 1
    for role, spectra in run.spectra.items():
        assert np.array_equal(spectra.counts, recovered.spectra[role].counts, equal_nan=True)
    assert json.loads((folder / "run.jsonl").read_bytes().splitlines()[-1])["name"] == "stop"
