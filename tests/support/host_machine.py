"""A hypothesis state machine that drives host, queue and bench with commands, faults and kills.

What has to hold, whatever comes:

* light on the sample only while running, for a moment while it is being taken off, or by hand,
* a verdict of "safe" is what the bench shows, and so is "dark",
* after a kill the bench is dark within five seconds (both killed: at the next start),
* the queue keeps its order; in the end every entry is finished, or somebody has aborted it,
* no exposure that was announced is lost, none is there twice, each run ends with one stop document.
"""

from __future__ import annotations

import os
import tempfile
import time
import tomllib
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.benches import SHORT_RECIPE, Bench
from support.engine_machine import FAULTS
from support.engine_runs import (
    LIGHT_OFF_WITHIN_S,
    guardian_of,
    is_safe,
    kill_number,
    seconds_until_safe,
    wait_for,
)
from support.hosts import Face, ServeProcess, joined
from support.night import ENDED, check_journal, check_order

from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.data import JOURNAL_NAME, load_run, read_journal
from plqy_rig.server import HostCommandError

RECIPE = tomllib.loads(SHORT_RECIPE) | {"power_steps": 2}
SPEED = 50.0
COUNTS: Counter[str] = Counter()
_LIGHT_MAY_BE_ON = {"running", "aborting", "pausing"}
_LOOKS = 4
_MANUAL: tuple[dict[str, Any], ...] = (
    {"action": "laser_temperature", "celsius": 25.0},
    {"action": "laser_on", "current_a": 0.2},
    {"action": "laser_off"},
    {"action": "open_shutter", "seconds": 20.0},
    {"action": "close_shutter"},
    {"action": "move_wheel", "angle_deg": 100.0},
)


class HostAndBench(RuleBasedStateMachine):
    """Host, queue and bench, driven at random."""

    @initialize(seed=st.integers(1, 1000))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="plqy-host-machine-"))
        os.environ["PLQY_QUEUE_FOLDER"] = str(self.folder / "queues")
        os.environ["PLQY_RUNTIME_DIR"] = str(self.folder / "runtime")
        self.bench_process = BenchProcess(BenchRequest(speed=SPEED, seed=seed))
        self.bench = Bench(self.bench_process)
        self.announced: dict[str, str] = {}
        """Documents, and the run that each belongs to."""
        self.folders: set[Path] = set()
        self._start()
        self.queue_add("A", split=True)
        self.queue_start()
        COUNTS["examples"] += 1

    def _start(self) -> None:
        self.stack = ExitStack()
        self.served = ServeProcess(self.folder, "--rig", self.bench.rig, "--out", self.folder / "runs")
        self.stack.callback(self.served.close)
        self.face: Face = self.stack.enter_context(joined(self.served.address))
        self.face.wait_for_use("idle")

    def _collect(self) -> None:
        """The host's life is over: what it has told has to be true for ever."""
        self.stack.close()
        for event in self.face.events:
            if event["event"] == "run" and event["run"] is not None:
                self.folders.add(Path(event["run"]["folder"]))
            if event["event"] == "document" and event["name"] == "event":
                self.announced[event["document"]["uid"]] = event["uid"]
        COUNTS["entries begun in order"] += check_order(self.face.of("queue"))

    def _ask(self, name: str, **arguments: Any) -> dict[str, Any] | None:
        """Give a command; None where it was refused, which is as good."""
        try:
            answer = self.face.ask(name, **arguments)
        except HostCommandError as error:
            if error.kind == "UnforeseenError" or "unforeseen" in str(error):
                raise
            COUNTS["commands refused or failed"] += 1
            return None
        COUNTS[f"did {name}"] += 1
        return answer

    # -- commands ---------------------------------------------------------------------------------

    @rule(duration_s=st.floats(0.0, 1.0))
    def let_it_run(self, duration_s: float) -> None:
        time.sleep(duration_s)

    @rule()
    def let_light_out(self) -> None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not self.bench.ask("observe")["light_on_sample"]:
            time.sleep(0.02)

    @rule(name=st.sampled_from("AB"), split=st.booleans())
    def queue_add(self, name: str, split: bool) -> None:
        if len(self.face.picture["queue"]["entries"]) < 6:
            # Two passes are enough for questions, and for entries that share a run.
            passes = ["empty_excitation", "indirect_excitation"]
            self._ask("queue_add", recipe=RECIPE | {"sample": name, "passes": passes}, split=split)

    @rule()
    def queue_start(self) -> None:
        self._ask("queue_start", simulated_hands=True)

    @rule(
        command=st.sampled_from(
            ("queue_pause", "pause", "resume", "resume", "abort", "emergency_off", "make_safe", "queue_group")
        )
    )
    def command(self, command: str) -> None:
        if command != "queue_group" or self.face.picture["occupation"] == "idle":
            self._ask(command)

    @rule(position=st.integers(1, 4), which=st.integers(0, 5))
    def queue_move(self, position: int, which: int) -> None:
        entries = self.face.picture["queue"]["entries"]
        if self.face.picture["occupation"] == "idle" and which < len(entries):
            self._ask("queue_move", id=entries[which]["id"], position=position)

    @rule()
    def start_run(self) -> None:
        recipe = RECIPE | {"sample": "by itself"}
        self._ask("start_run", recipe=recipe, only_pass="empty_excitation", simulated_hands=True)

    @rule(values=st.sampled_from(_MANUAL))
    def by_hand(self, values: dict[str, Any]) -> None:
        self._ask("manual", **values)

    @rule(spec=st.sampled_from(FAULTS))
    def fault(self, spec: str) -> None:
        reply = self.bench.ask("fault", spec=spec)
        assert "error" not in reply, reply
        COUNTS["faults"] += 1

    @rule()
    def mend_everything(self) -> None:
        self.bench.ask("fault", clear=True)

    @rule(how=st.sampled_from(("host", "guardian", "both")))
    def kill(self, how: str) -> None:
        process = self.served.process
        guardian = guardian_of(process)
        if guardian is None:
            return
        self.bench.ask("fault", clear=True)  # a guardian can't close a shutter that doesn't answer
        COUNTS[f"killed {how}"] += 1
        if how != "host":
            kill_number(guardian)
        if how == "guardian":
            wait_for(lambda: guardian_of(process) not in (None, guardian), "another guardian")
            return
        process.kill()
        if how == "host":
            took_s = seconds_until_safe(self.bench)
            COUNTS["slowest reaction, ms"] = max(COUNTS["slowest reaction, ms"], round(1000 * took_s))
            assert took_s < LIGHT_OFF_WITHIN_S, took_s
        self._collect()
        self._start()
        assert is_safe(self.bench), "not dark at the next start"

    # -- what has to hold -------------------------------------------------------------------------

    @invariant()
    def light_and_verdict_are_what_the_host_says(self) -> None:
        """A picture may be some milliseconds old: only what stays wrong is wrong."""
        if not hasattr(self, "face"):
            return
        first = self._look()
        COUNTS[f"looks, {first[0]['state']}, used by {first[1]}"] += 1
        for _ in range(_LOOKS):
            problem = _problem(*first)
            if not problem:
                return
            time.sleep(0.1)
            again = self._look()
            if again[:3] != first[:3]:
                return
            first = again
        raise AssertionError(problem)

    def _look(self) -> tuple[dict[str, Any], str, int, dict[str, Any]]:
        assert not self.face.closed, self.face.closed
        self.face.ask("queue_list")  # what was told before its answer has arrived with it
        picture = self.face.picture
        told = picture["engine"], picture["occupation"], len(picture["history"])
        return (*told, self.bench.ask("observe"))

    def teardown(self) -> None:
        if not hasattr(self, "face"):
            return
        try:
            self.bench.ask("fault", clear=True)
            self._finish_everything()
            assert self.face.ask("make_safe")["verdict"]["safe"]
            assert is_safe(self.bench), self.bench.ask("observe")
            self.face.ask("shutdown")
            assert self.served.end() == 0
            self._collect()
            self._check_runs()
        finally:
            self.stack.close()
            self.bench_process.stop()

    def _finish_everything(self) -> None:
        """Nobody disturbs any more: queue and runs come to their end."""
        deadline = time.monotonic() + 150
        while True:
            assert time.monotonic() < deadline, (self.face.picture["engine"], self.face.picture["queue"])
            self.face.ask("queue_list")
            use, engine = self.face.picture["occupation"], self.face.picture["engine"]
            if use == "manual":
                self._ask("make_safe")
            elif use != "idle" and engine["holds"]:
                self._ask("resume")
            elif use == "idle":
                waiting = [e for e in self.face.picture["queue"]["entries"] if e["status"] not in ENDED]
                if not waiting:
                    return
                self._ask("queue_start", simulated_hands=True)
            time.sleep(0.2)

    def _check_runs(self) -> None:
        uids = dict(_uids(folder) for folder in self.folders)
        for uid, run in self.announced.items():
            assert uid in uids[run], (uid, run)
        COUNTS["events announced and saved"] += len(self.announced)
        queued: dict[Path, list[dict[str, Any]]] = {}
        for entry in self.face.picture["queue"]["entries"]:
            COUNTS[f"entries {entry['status']}"] += 1
            if entry["folder"]:
                queued.setdefault(Path(entry["folder"]), []).append(entry)
        for folder, entries in queued.items():
            exposures = check_journal(folder)
            if {entry["status"] for entry in entries} == {"finished"}:
                assert load_run(folder).exit_status == "success"
                assert exposures == sum(2 if entry["only_pass"] else 4 for entry in entries), folder


def _uids(folder: Path) -> tuple[str, set[str]]:
    """The run's own uid and those of all its documents."""
    listed = [entry.document["uid"] for entry in read_journal(folder / JOURNAL_NAME).entries]
    assert len(listed) == len(set(listed)), folder
    return listed[0], set(listed)


def _problem(engine: dict[str, Any], use: str, _changes: int, seen: dict[str, Any]) -> str:
    if seen["light_on_sample"] and engine["state"] not in _LIGHT_MAY_BE_ON and use != "manual":
        return f"light on the sample: {engine}, {use}, {seen}"
    if seen["light_on_sample"] and engine["safety"] in ("safe", "dark"):
        return f"called {engine['safety']} in light: {engine}, {seen}"
    if seen["laser_on"] and engine["safety"] == "safe":
        return f"called safe with the laser on: {engine}, {seen}"
    return ""
