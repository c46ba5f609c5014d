"""A hypothesis state machine that drives an engine and a bench with commands, faults and kills.

What has to hold, whatever comes:

* light on the sample only while running (or for a moment while the light is being taken off),
* a verdict of "safe" is what the bench shows, and so is "dark",
* after a kill the bench is dark within five seconds (both killed: at the next start),
* no exposure that was announced is lost, none is there twice, exactly one stop document ends the run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.benches import SHORT_RECIPE, Bench
from support.engine_process import EngineProcess
from support.engine_runs import (
    LIGHT_OFF_WITHIN_S,
    SILENT_FOR_S,
    guardian_of,
    is_safe,
    kill_number,
    seconds_until_safe,
    wait_for,
)

from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.data import read_journal
from plqy_rig.guardian_lock import wait_for_guardian

RECIPE = SHORT_RECIPE.replace("power_steps = 3", "power_steps = 2")
SPEED = 50.0
FAULTS = (
    "laser:silence*2",
    "laser:garbled",
    "laser:disconnect+100s",
    "laser:key+100s",
    "laser:interlock+100s",
    "laser:temperature=5",
    "shutter:silence",
    "shutter:echo",
    "shutter:disconnect+100s",
    "monitor:silence*2",
    "monitor:disconnect+100s",
    "spectrometer:short=600",
    "spectrometer:disconnect+100s",
    "nd_wheel:silence*2",
    "nd_wheel:reset",
    "nd_wheel:lost_steps=20",
)
_LIGHT_MAY_BE_ON = {"running", "aborting", "pausing"}

COUNTS: Counter[str] = Counter()


class EngineAndBench(RuleBasedStateMachine):
    """Engine and bench, driven at random."""

    @initialize(seed=st.integers(1, 1000))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="plqy-machine-"))
        (self.folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        self.bench_process = BenchProcess(BenchRequest(speed=SPEED, seed=seed))
        self.bench = Bench(self.bench_process)
        self.run: Path | None = None
        self.announced: list[tuple[str, int]] = []
        self.engine = self._start()
        COUNTS["examples"] += 1

    def _start(self) -> EngineProcess:
        resume = self.run if self.run is not None and (self.run / "run.jsonl").exists() else None
        return EngineProcess(self.bench.rig, self.folder, str(self.folder / "recipe.toml"), resume=resume)

    def _status(self) -> dict[str, Any] | None:
        status = self.engine.ask("status")
        if status and status.get("folder"):
            self.run = Path(status["folder"])
        return status

    # -- commands ---------------------------------------------------------------------------------

    @rule(duration_s=st.floats(0.0, 0.6))
    def let_it_run(self, duration_s: float) -> None:
        time.sleep(duration_s)

    @rule()
    def let_light_out(self) -> None:
        """Most of a start is preparation: come to where it matters."""
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline and not self.bench.ask("observe")["light_on_sample"]:
            time.sleep(0.02)

    @rule(command=st.sampled_from(("pause", "pause", "resume", "resume", "abort", "emergency_off")))
    def command(self, command: str) -> None:
        self.engine.ask(command)
        COUNTS[command] += 1

    @rule(spec=st.sampled_from(FAULTS))
    def fault(self, spec: str) -> None:
        reply = self.bench.ask("fault", spec=spec)
        assert "error" not in reply, reply
        COUNTS[f"fault {spec.split('=')[0].split('*')[0].split('+')[0]}"] += 1

    @rule()
    def mend_everything(self) -> None:
        self.bench.ask("fault", clear=True)

    # -- kills ------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(("engine", "engine stopped", "guardian", "both")))
    def kill(self, how: str) -> None:
        self._status()
        guardian = guardian_of(self.engine.process)
        if not self.engine.alive or guardian is None:
            return
        self.bench.ask("fault", clear=True)  # a guardian can't close a shutter that doesn't answer
        COUNTS[f"kill {how}"] += 1
        if how == "guardian":
            kill_number(guardian)
            wait_for(lambda: guardian_of(self.engine.process) not in (None, guardian), "another guardian")
            return
        if how == "both":
            kill_number(guardian)
        os.kill(self.engine.process.pid, signal.SIGSTOP if how == "engine stopped" else signal.SIGKILL)
        if how != "both":
            allowance_s = LIGHT_OFF_WITHIN_S + (SILENT_FOR_S if how == "engine stopped" else 0.0)
            took_s = seconds_until_safe(self.bench)
            COUNTS["slowest reaction, ms"] = max(COUNTS["slowest reaction, ms"], round(1000 * took_s))
            assert took_s < allowance_s, (how, took_s)
        self._collect()
        self.engine = self._start()
        if how == "both":
            wait_for(lambda: is_safe(self.bench), "the bench dark at the next start")

    @precondition(lambda self: not self.engine.alive)
    @rule()
    def start_again(self) -> None:
        self._collect()
        self.engine = self._start()

    def _collect(self) -> None:
        self.engine.close()
        self.announced += self.engine.announced
        wait_for_guardian(self.bench.rig)

    # -- what has to hold -------------------------------------------------------------------------

    @invariant()
    def light_and_verdict_are_what_the_engine_says(self) -> None:
        if not hasattr(self, "engine") or not self.engine.alive:
            return
        before = self._status()
        seen = self.bench.ask("observe")
        after = self._status()
        if not before or not after or before.get("changes") != after.get("changes"):
            return
        if before["safety"] != after["safety"]:
            return
        COUNTS["looks"] += 1
        COUNTS[f"looks {after['state']}"] += 1
        if after["state"] not in _LIGHT_MAY_BE_ON:
            assert not seen["light_on_sample"], (after, seen)
        if after["safety"] in ("safe", "dark"):
            assert not seen["light_on_sample"], (after, seen)
        if after["safety"] == "safe":
            assert not seen["laser_on"], (after, seen)

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        try:
            self.bench.ask("fault", clear=True)
            self._finish_the_run()
            assert is_safe(self.bench), self.bench.ask("observe")
            assert_complete_without_doubles_of_announced(self.run, self.announced)
            COUNTS["exposures"] += len(self.announced)
        finally:
            self.engine.close()
            self.bench_process.stop()

    def _finish_the_run(self) -> None:
        """Nobody disturbs any more: a few starts have to be enough to finish."""
        for _ in range(4):
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                status = self._status()
                if not status or status.get("over"):
                    break
                if "operator" in status["holds"]:
                    self.engine.ask("resume")
                time.sleep(0.1)
            self.engine.ask("quit")
            try:
                self.engine.process.wait(30)
            except subprocess.TimeoutExpired:
                raise AssertionError("the engine does not end") from None
            self._collect()
            if self.run is not None and _is_complete(self.run):
                return
            self.engine = self._start()
        raise AssertionError(f"the run never finished: {self.run}, see {self.folder}/engine.log")


def _is_complete(run: Path) -> bool:
    entries = read_journal(run / "run.jsonl").entries
    return bool(entries) and entries[-1].name == "stop" and entries[-1].document["exit_status"] == "success"


def assert_complete_without_doubles_of_announced(run: Path, announced: list[tuple[str, int]]) -> None:
    """Everything that was announced is there once, and after each stop comes a resume or nothing."""
    entries = read_journal(run / "run.jsonl").entries
    names = [entry.name for entry in entries]
    for index, name in enumerate(names):
        if name == "stop":
            assert index == len(names) - 1 or names[index + 1] == "resume", names
    taken = Counter(
        (entry.document["data"]["role"], entry.document["data"]["step"])
        for entry in entries
        if entry.name == "event" and "counts" in entry.document["data"]
    )
    assert set(taken.values()) == {1}, taken
    assert set(announced) <= set(taken)
    assert len(announced) == len(set(announced))
    assert len(taken) == 10, taken
