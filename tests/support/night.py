"""A night on a bench: a queue of passes, faults at random, hands that are away for a while.

What has to hold in the morning: every entry is finished or failed and says why, every run's data are whole
and agree with the truth, the queue kept its order, the rig is verified safe. How much memory the host took is
in the report.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.benches import Bench
from support.hosts import Face, ServeProcess

from drivers.errors import RigError
from plqy_rig.data import JOURNAL_NAME, load_run, read_journal
from plqy_rig.evaluation import evaluate_run, evaluation_document

ENDED = ("finished", "failed", "skipped", "aborted")
# What ends by itself; %g stands for bench seconds that are a few real ones.
FAULTS = (
    "laser:silence*2",
    "laser:garbled",
    "laser:disconnect+%gs",
    "laser:key+%gs",
    "laser:interlock+%gs",
    "laser:temperature=5",
    "shutter:silence*2",
    "shutter:echo",
    "shutter:disconnect+%gs",
    "shutter:interlock+%gs",
    "monitor:silence*2",
    "monitor:garbled",
    "monitor:disconnect+%gs",
    "monitor:overflow+%gs",
    "spectrometer:short=600",
    "spectrometer:stale",
    "spectrometer:saturation+%gs",
    "spectrometer:disconnect+%gs",
    "nd_wheel:silence*2",
    "nd_wheel:reset",
    "nd_wheel:lost_steps=20",
    "nd_wheel:disconnect+%gs",
)
_SAMPLE_INTERVAL_S = 0.5


@dataclass(frozen=True)
class Plan:
    """What is queued and what goes wrong.

    Attributes:
        recipe: TOML without `sample`.
        samples: their names; each gives a run, split into its passes.
        speed: the bench's.
        faults_per_hour: of bench time, on average; the moments are drawn.
        seed: of faults and their moments.
        away_after: how many entries have ended when the hands go; None: they stay.
        away_s: for how long, real seconds.
        patience_s: how long a question stands before what needs no hands comes first, real seconds.
    """

    recipe: str
    samples: tuple[str, ...]
    speed: float
    faults_per_hour: float
    seed: int = 1
    away_after: int | None = None
    away_s: float = 15.0
    patience_s: float = 2.0


@dataclass
class Morning:
    """What was found."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    bench_hours: float = 0.0
    minutes: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def growth_mb(self) -> float:
        """Memory of the last quarter of the night above that of the second."""
        quarter = max(len(self.memory_mb) // 4, 1)
        evening = statistics.median(self.memory_mb[quarter : 2 * quarter])
        return statistics.median(self.memory_mb[-quarter:]) - evening

    def __str__(self) -> str:
        lines = [
            f"{self.bench_hours:.2f} h of bench time in {self.minutes:.1f} minutes",
            *(f"{count:6d}  {name}" for name, count in sorted(self.counts.items())),
            f"{self.faults.total():6d}  faults: "
            + ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items())),
            f"memory: {self.memory_mb[0]:.0f} MB at first, {max(self.memory_mb):.0f} MB at most, "
            f"{self.memory_mb[-1]:.0f} MB at last; last quarter {self.growth_mb():+.1f} MB above the second",
            f"open files {self.files[0]} ... {max(self.files)} ... {self.files[-1]}, "
            f"threads {self.threads[0]} ... {max(self.threads)} ... {self.threads[-1]}",
            "yields against the truth, in their uncertainty: "
            + " ".join(f"{value:+.1f}" for value in self.deviations),
            *self.messages,
        ]
        return "\n".join(lines)


class Night:
    """One night; `run` sees it through."""

    def __init__(self, bench: Bench, served: ServeProcess, face: Face, plan: Plan) -> None:
        """Prepare.

        Args:
            bench: whose instruments fail.
            served: the host.
            face: one that has joined it.
            plan: what is done.
        """
        self.morning = Morning()
        self._bench = bench
        self._served = served
        self._face = face
        self._plan = plan
        self._over = threading.Event()
        self._troubles: list[str] = []

    def run(self, timeout_s: float) -> Morning:
        """See it through, and check what is there in the morning."""
        began = time.monotonic()
        self._face.wait_for_use("idle")
        wanted = 0
        for sample in self._plan.samples:
            text = f'sample = "{sample}"\n{self._plan.recipe}'
            wanted += len(self._face.ask("queue_add", recipe_toml=text, split=True)["ids"])
        self._face.ask("queue_group")
        self._face.wait_for(lambda face: len(face.picture["queue"]["entries"]) == wanted, "the queue")
        threads = [
            threading.Thread(target=self._watched, args=(work,), daemon=True)
            for work in (self._be_the_hands, self._spoil, self._weigh)
        ]
        for thread in threads:
            thread.start()
        try:
            self._see_it_through(began + timeout_s)
        finally:
            self._over.set()
            for thread in threads:
                thread.join(20)
        self._bench.ask("fault", clear=True)
        assert not self._troubles, self._troubles
        self.morning.minutes = (time.monotonic() - began) / 60
        self.morning.bench_hours = self._bench.ask("observe")["bench_time_s"] / 3600
        self._check()
        return self.morning

    def _watched(self, work: Any) -> None:
        try:
            work()
        except (RigError, OSError) as error:
            if not self._over.is_set():
                self._troubles.append(f"{work.__name__}: {type(error).__name__}: {error}")

    def _entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._face.picture["queue"]["entries"]
        return entries

    def _all_ended(self) -> bool:
        return all(entry["status"] in ENDED for entry in self._entries())

    def _see_it_through(self, deadline: float) -> None:
        """Start the queue; where it stopped by itself, everything is made safe and it goes on."""
        while not self._all_ended() or self._face.picture["occupation"] != "idle":
            assert time.monotonic() < deadline, self._face.picture["queue"]
            assert not self._face.closed, self._served.log.read_text()[-3000:]
            if self._face.picture["occupation"] == "idle":
                self._start_queue()
            time.sleep(0.05)

    def _start_queue(self) -> None:
        queue = self._face.picture["queue"]
        if queue["not_safe"]:
            # Whoever comes then looks at the rig, and so does the program.
            self._bench.ask("fault", clear=True)
            self._face.ask("make_safe")
        try:
            self._face.ask("queue_start", operator_patience_s=self._plan.patience_s)
        except RigError:
            # An instrument is missing just now: it comes back.
            self.morning.counts["starts refused"] += 1
            time.sleep(0.5)
            return
        if queue["state"] == "paused":
            self.morning.counts["times the queue stopped"] += 1
            self.morning.messages.append(f"the queue stopped: {queue['reason']}")
        time.sleep(0.3)

    # -- who is there -----------------------------------------------------------------------------

    def _be_the_hands(self) -> None:
        away_until = None
        while not self._over.wait(0.05):
            ended = sum(entry["status"] in ENDED for entry in self._entries())
            if away_until is None and self._plan.away_after is not None and ended >= self._plan.away_after:
                away_until = time.monotonic() + self._plan.away_s
            if away_until is not None and time.monotonic() < away_until:
                needed = self._face.picture["queue"].get("operator_needed", [])
                self.morning.counts["most entries that waited for hands"] = max(
                    self.morning.counts["most entries that waited for hands"], len(needed)
                )
                continue
            self._answer()

    def _answer(self) -> None:
        question = self._face.picture["engine"]["question"]
        if question is None or question["target"] is None:
            return
        self._bench.ask("place", sample=question["target"]["sample"])
        self._bench.ask("long_pass", inserted=question["target"]["long_pass"])
        try:
            self._face.ask("answer_operator", answer="done")
            self.morning.counts["questions answered"] += 1
        except RigError:
            self.morning.counts["answers that came too late"] += 1
        still = time.monotonic() + 2
        while self._face.picture["engine"]["question"] == question and time.monotonic() < still:
            time.sleep(0.02)

    # -- what goes wrong --------------------------------------------------------------------------

    def _spoil(self) -> None:
        draw = random.Random(self._plan.seed)
        if not self._plan.faults_per_hour:
            return
        mean_s = 3600 / self._plan.faults_per_hour / self._plan.speed
        while not self._over.wait(draw.expovariate(1 / mean_s)):
            fault = draw.choice(FAULTS)
            spec = fault % (draw.uniform(0.5, 3.0) * self._plan.speed) if "%" in fault else fault
            reply = self._bench.ask("fault", spec=spec)
            assert "error" not in reply, reply
            self.morning.faults[fault.split("=")[0].split("*")[0].split("+")[0]] += 1

    def _weigh(self) -> None:
        process = Path("/proc") / str(self._served.process.pid)
        while not self._over.wait(_SAMPLE_INTERVAL_S):
            pages = int((process / "statm").read_text().split()[1])
            self.morning.memory_mb.append(pages * 4096 / 1e6)
            self.morning.files.append(len(list((process / "fd").iterdir())))
            self.morning.threads.append(len(list((process / "task").iterdir())))

    # -- the morning ------------------------------------------------------------------------------

    def _check(self) -> None:
        for entry in self._entries():
            self.morning.counts[f"passes {entry['status']}"] += 1
            if entry["status"] != "finished":
                assert entry["message"], entry
                self.morning.messages.append(f"{entry['name']}: {entry['status']}: {entry['message']}")
        check_order(self._face.of("queue"))
        by_folder: dict[str, list[str]] = {}
        for entry in self._entries():
            if entry["folder"]:
                by_folder.setdefault(entry["folder"], []).append(entry["status"])
        for folder, statuses in by_folder.items():
            self._check_run(Path(folder), statuses)
        assert self._face.picture["engine"]["safety"] == "safe"
        self._bench.assert_safe()

    def _check_run(self, folder: Path, statuses: list[str]) -> None:
        exposures = check_journal(folder)
        run = load_run(folder)
        # The last pass to be begun says how the run ended.
        self.morning.counts[f"runs whose last word is {run.exit_status}"] += 1
        assert run.exit_status in ("success", "fail"), folder
        if set(statuses) != {"finished"}:
            return
        assert exposures == len(statuses) * run.power_steps, folder
        self.morning.counts["runs whole"] += 1
        if run.next_role() is not None:
            return  # a sample of passes gives no yield
        for name, window in evaluation_document(run, evaluate_run(run))["windows"].items():
            if name in ("er", "yb"):
                truth = self._bench.truth["plqy"][name]
                deviation = (window["mean_plqy"] - truth) / window["u_mean_plqy"]
                self.morning.deviations.append(deviation)
                assert abs(deviation) < 4.0, (folder, name, window["mean_plqy"], truth)


def check_journal(folder: Path) -> int:
    """No exposure is there twice, the last word is a stop document, and each other one is gone on after.

    Returns:
        How many exposures there are.
    """
    entries = read_journal(folder / JOURNAL_NAME).entries
    names = [entry.name for entry in entries]
    assert names[-1] == "stop", names[-3:]
    assert all(names[index + 1] == "resume" for index, name in enumerate(names[:-1]) if name == "stop"), (
        folder
    )
    taken = Counter(
        (entry.document["data"]["role"], entry.document["data"]["step"])
        for entry in entries
        if entry.name == "event" and "counts" in entry.document["data"]
    )
    assert set(taken.values()) <= {1}, taken
    return len(taken)


def check_order(pictures: list[dict[str, Any]]) -> int:
    """An entry was only begun when all before it had ended, or waited for hands; returns how many were.

    A picture may be told a moment after the entry was taken, with others moved before it meanwhile: what
    counts is what already stood before it in the picture before.
    """
    running, parked, begun = None, set(), 0
    before: dict[int, int] = {}
    for queue in (event["queue"] for event in pictures):
        needed = set(queue.get("operator_needed", ()))
        waiting = {
            entry["id"] for entry in queue["entries"] if entry["status"] == "waiting" and not entry["held"]
        }
        places = {entry["id"]: entry["position"] for entry in queue["entries"]}
        now = next((entry for entry in queue["entries"] if entry["status"] == "running"), None)
        if now is not None and now["id"] != running:
            begun += 1
            for other in waiting - needed - parked:
                stood_before = all(
                    one[other] < one[now["id"]]
                    for one in (places, before or places)
                    if other in one and now["id"] in one
                )
                assert not stood_before, (now["name"], other, queue, before)
        running, parked, before = (None if now is None else now["id"]), needed, places
    return begun
