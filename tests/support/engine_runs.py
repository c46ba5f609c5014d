"""Runs that are disturbed from outside: started, watched at the bench, killed, gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.benches import Bench, Plqy

from plqy_rig.data import load_run, read_journal

LIGHT_OFF_WITHIN_S = 5.0
"""After the death of an engine; one that was stopped counts as dead after a while of silence."""
SILENT_FOR_S = 2.7
"""So long the guardian bears silence: its patience and a second look."""

soak_only = pytest.mark.skipif(
    "PLQY_SOAK_EXAMPLES" not in os.environ, reason="takes long: set PLQY_SOAK_EXAMPLES"
)


def guardian_of(process: subprocess.Popen[str]) -> int | None:
    """Process number of the guardian of a program, from the system's process table."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if b"plqy_rig.engine.guardian" in words and parent == process.pid:
            return int(entry.name)
    return None


def wait_for(condition, what: str, timeout_s: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return found


def run_folder(plqy: Plqy) -> Path | None:
    folders = list((plqy.folder / "runs").glob("*")) if (plqy.folder / "runs").exists() else []
    assert len(folders) <= 1
    return folders[0] if folders else None


def saved_exposures(folder: Path | None) -> int:
    if folder is None or not (folder / "run.jsonl").exists():
        return 0
    return sum(
        entry.name == "event" and "counts" in entry.document["data"]
        for entry in read_journal(folder / "run.jsonl").entries
    )


def is_safe(bench: Bench) -> bool:
    seen = bench.ask("observe")
    return not (seen["light_on_sample"] or seen["shutter_open"] or seen["laser_on"])


def seconds_until_safe(bench: Bench, timeout_s: float = 30.0) -> float:
    """How long the bench took to be observed with the shutter closed and the laser off, real seconds."""
    began = time.monotonic()
    while not is_safe(bench):
        assert time.monotonic() - began < timeout_s, bench.ask("observe")
        time.sleep(0.02)
    return time.monotonic() - began


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def kill_number(number: int | None) -> None:
    if number is not None:
        os.kill(number, signal.SIGKILL)


def kill_both(process: subprocess.Popen[str], guardian: int | None) -> None:
    """Kill a program and its guardian, however busy the computer is: neither may see the other die."""
    process.send_signal(signal.SIGSTOP)
    kill_number(guardian)
    kill(process)


def assert_complete_without_doubles(folder: Path) -> None:
    """Every step of every pass has exactly one exposure, one stop ends it, and it says success."""
    entries = read_journal(folder / "run.jsonl").entries
    start = next(entry.document for entry in entries if entry.name == "start")
    taken = Counter(
        (entry.document["data"]["role"], entry.document["data"]["step"])
        for entry in entries
        if entry.name == "event" and "counts" in entry.document["data"]
    )
    steps = len(start["target_power_density_mw_per_cm2"])
    assert set(taken) == {(role, step) for role in start["recipe"]["passes"] for step in range(steps)}
    assert set(taken.values()) == {1}, taken
    names = [entry.name for entry in entries]
    assert names[-1] == "stop"
    assert all(names[index + 1] == "resume" for index, name in enumerate(names[:-1]) if name == "stop")
    assert load_run(folder).exit_status == "success"


def result(plqy: Plqy, folder: Path) -> dict[str, Any]:
    return json.loads(plqy("evaluate", folder, "--json").stdout)["runs"][0]["windows"]
