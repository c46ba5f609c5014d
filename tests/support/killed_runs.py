"""Runs whose programs are killed at random moments, and gone on with, until they are complete.

What has to hold, however it was killed:

* the program killed, its guardian alive: the bench has shutter closed and laser off within five seconds,
* the guardian killed: another one watches soon, and the run goes on,
* both killed: the next start makes the bench dark before it does anything else,
* what was saved stays, once; going on finishes the run; it evaluates as an undisturbed one does.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.benches import SHORT_RECIPE, Bench, Plqy
from support.engine_runs import (
    LIGHT_OFF_WITHIN_S,
    assert_complete_without_doubles,
    guardian_of,
    is_safe,
    kill_number,
    seconds_until_safe,
    wait_for,
)
from support.hosts import Face, ServeProcess

from drivers.errors import RigError
from plqy_rig.data import JOURNAL_NAME, load_run, read_journal
from plqy_rig.evaluation import evaluate_run, evaluation_document
from plqy_rig.server import HostClient

RECIPE = SHORT_RECIPE.replace("power_steps = 3", "power_steps = 4")
STYLES = ("run", "queue", "serve")
VICTIMS = ("program", "program", "guardian", "both")
_GUARDIAN_BACK_WITHIN_S = 15.0
_DARK_AT_NEXT_START_S = 40.0
_NEAR = 5.0
"""Yields of two runs may differ by so many of their random uncertainties."""


@dataclass
class Kills:
    """What was done and seen."""

    counts: Counter[str] = field(default_factory=Counter)
    dark_after_s: list[float] = field(default_factory=list)
    guardian_after_s: list[float] = field(default_factory=list)
    dark_at_next_start_s: list[float] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)
    """Of the disturbed runs' yields, in random uncertainties of a difference."""

    @property
    def kills(self) -> int:
        """How many so far."""
        return sum(count for name, count in self.counts.items() if name.startswith("killed "))

    def __str__(self) -> str:
        lines = [f"{count:6d}  {name}" for name, count in sorted(self.counts.items())]
        lines += [
            _spread("program killed, bench dark after", self.dark_after_s),
            _spread("guardian killed, another one after", self.guardian_after_s),
            _spread("both killed, dark at the next start after", self.dark_at_next_start_s),
            "yields against undisturbed runs, in their random uncertainty: "
            + " ".join(f"{value:+.1f}" for value in self.deviations),
        ]
        return "\n".join([f"{self.kills:6d}  kills in all", *lines])


def _spread(what: str, values: list[float]) -> str:
    if not values:
        return f"{what}: never"
    ordered = sorted(values)
    return f"{what}: median {ordered[len(ordered) // 2]:.2f} s, longest {ordered[-1]:.2f} s ({len(ordered)})"


def yield_of(folder: Path) -> tuple[float, float]:
    """Mean yield of the erbium window of a complete run, and its random uncertainty."""
    run = load_run(folder)
    window = evaluation_document(run, evaluate_run(run))["windows"]["er"]
    return float(window["mean_plqy"]), float(window["mean"]["u_random"])


class KilledRun:
    """One run of one style, started as often as it is killed."""

    def __init__(self, bench: Bench, folder: Path, style: str) -> None:
        """Prepare it in a folder of its own."""
        folder.mkdir(parents=True)
        self.style = style
        self.saved: dict[tuple[str, int], str] = {}
        self._bench = bench
        self._folder = folder
        self._plqy = Plqy(folder)
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        self._served: ServeProcess | None = None
        self._log = (folder / "program.log").open("ab")
        if style == "queue":
            self._plqy("queue", "add", folder / "recipe.toml", "--rig", bench.rig)

    @property
    def folder(self) -> Path | None:
        """Where its data are, as soon as something stands there."""
        for journal in sorted((self._folder / "runs").glob(f"*/{JOURNAL_NAME}")):
            if any(entry.name == "start" for entry in read_journal(journal).entries):
                return journal.parent
        return None

    @property
    def complete(self) -> bool:
        """Whether it has ended with success."""
        folder = self.folder
        entries = read_journal(folder / JOURNAL_NAME).entries if folder else ()
        return bool(entries) and entries[-1].document.get("exit_status") == "success"

    def start(self) -> subprocess.Popen[Any]:
        """Start its program, or start it again."""
        folder, rig = self.folder, self._bench.rig
        if self.style == "serve":
            self._served = ServeProcess(self._folder, "--rig", rig, "--out", self._folder / "runs")
            threading.Thread(target=self._drive, args=(self._served, folder), daemon=True).start()
            return self._served.process
        if self.style == "queue":
            return self._program("queue", "run", "--rig", rig)
        if folder is not None:
            return self._program("resume", folder)
        return self._program("run", self._folder / "recipe.toml", "--rig", rig)

    def _program(self, *arguments: object) -> subprocess.Popen[Any]:
        return subprocess.Popen(
            self._plqy.command(*arguments), cwd=self._folder, stdout=self._log, stderr=subprocess.STDOUT
        )

    def _drive(self, served: ServeProcess, folder: Path | None) -> None:
        """A face that starts the run and ends the host after it; the host may be killed at any moment."""
        face = Face()
        with contextlib.suppress(RigError, OSError, AssertionError):
            face.client = HostClient(served.address, on_event=face, on_closed=face.ended)
            face.wait_for(_is_idle_or_gone)
            if folder is None:
                face.ask("start_run", recipe_toml=RECIPE, simulated_hands=True)
            else:
                face.ask("resume_run", folder=str(folder), simulated_hands=True)
            face.wait_for(lambda face: face.closed or face.picture["occupation"] == "run")
            face.wait_for(_is_idle_or_gone, timeout_s=300.0)
            face.ask("shutdown")

    def note_saved(self) -> None:
        """Keep which exposures stand in the journal: what stood there once has to stay."""
        folder = self.folder
        for entry in read_journal(folder / JOURNAL_NAME).entries if folder else ():
            data = entry.document.get("data", {})
            if entry.name == "event" and "counts" in data:
                key = str(data["role"]), int(data["step"])
                assert self.saved.setdefault(key, entry.document["uid"]) == entry.document["uid"], key

    def collect(self, process: subprocess.Popen[Any]) -> None:
        """The program has ended or was killed."""
        process.wait(60)
        if self._served is not None:
            self._served.close()

    def check(self) -> None:
        """It is complete: everything once, nothing lost."""
        before = dict(self.saved)
        self.note_saved()
        assert before.items() <= self.saved.items()
        folder = self.folder
        assert folder is not None
        assert_complete_without_doubles(folder)
        self._log.close()


def _is_idle_or_gone(face: Face) -> bool:
    return bool(face.closed) or face.picture.get("occupation") == "idle"


class Killer:
    """Kills programs and guardians of one bench's runs, and counts."""

    def __init__(self, bench: Bench, folder: Path, seed: int, *, kills_per_run: int = 8) -> None:
        """Prepare.

        Args:
            bench: whose runs.
            folder: where everything is written.
            seed: of the moments and the victims.
            kills_per_run: after so many a run may finish.
        """
        self.kills = Kills()
        self._bench = bench
        self._folder = folder
        self._random = random.Random(seed)
        self._kills_per_run = kills_per_run
        self._numbers = iter(range(1, 1_000_000))
        self._references: list[tuple[float, float]] = []

    def undisturbed(self) -> None:
        """One run that nobody disturbs, to compare with."""
        run = self._new_run("run")
        process = run.start()
        run.collect(process)
        run.check()
        assert run.folder is not None
        self._references.append(yield_of(run.folder))

    def one_run(self, style: str, most: int) -> None:
        """Start, kill, go on, until the run is complete.

        Args:
            style: one of `STYLES`.
            most: no more kills than these.
        """
        run = self._new_run(style)
        wanted = self.kills.kills + min(most, self._kills_per_run)
        for _ in range(3 * self._kills_per_run):
            self._life(run, wanted)
            if run.complete:
                break
        run.check()
        wait_for(lambda: is_safe(self._bench), "the bench safe after the run")
        self.kills.counts[f"runs finished, {style}"] += 1
        self._compare(run)

    def _new_run(self, style: str) -> KilledRun:
        return KilledRun(self._bench, self._folder / f"{next(self._numbers):04d}_{style}", style)

    def _compare(self, run: KilledRun) -> None:
        assert run.folder is not None
        mean, u_random = yield_of(run.folder)
        reference = sum(value for value, _ in self._references) / len(self._references)
        u_reference = (sum(u**2 for _, u in self._references) ** 0.5) / len(self._references)
        deviation = (mean - reference) / (u_random**2 + u_reference**2) ** 0.5
        self.kills.deviations.append(deviation)
        assert abs(deviation) < _NEAR, (run.folder, mean, reference)

    # -- one life of a program --------------------------------------------------------------------

    def _life(self, run: KilledRun, wanted: int) -> None:
        was_safe = is_safe(self._bench)
        began = time.monotonic()
        process = run.start()
        try:
            if not was_safe:
                wait_for(lambda: is_safe(self._bench), "dark at the next start", _DARK_AT_NEXT_START_S)
                self.kills.dark_at_next_start_s.append(time.monotonic() - began)
            while self.kills.kills < wanted and self._at_a_random_moment(process):
                victim = self._random.choice(VICTIMS)
                if victim == "guardian":
                    self._kill_guardian(process)
                else:
                    run.note_saved()
                    self._kill_program(process, victim)
            process.wait(300)
        finally:
            if process.poll() is None:
                process.kill()
            run.collect(process)
            run.note_saved()

    def _at_a_random_moment(self, process: subprocess.Popen[Any]) -> bool:
        """Wait for it; returns whether the program still lives then."""
        lit: Callable[[], bool] = lambda: self._bench.ask("observe")["light_on_sample"]  # noqa: E731
        kind = self._random.choice(("any", "light", "light"))
        longest_s = self._random.uniform(0.0, 3.0 if kind == "any" else 0.8)
        if kind == "light":
            wait_for(lambda: process.poll() is not None or lit(), "light or the end", 120)
        deadline = time.monotonic() + longest_s
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        return process.poll() is None

    def _kill_guardian(self, process: subprocess.Popen[Any]) -> None:
        guardian = guardian_of(process)
        if guardian is None:
            return
        with contextlib.suppress(ProcessLookupError):
            kill_number(guardian)
            self.kills.counts["killed guardian"] += 1
        began = time.monotonic()
        wait_for(
            lambda: process.poll() is not None or guardian_of(process) not in (None, guardian),
            "another guardian",
            _GUARDIAN_BACK_WITHIN_S,
        )
        if process.poll() is None:
            self.kills.guardian_after_s.append(time.monotonic() - began)

    def _kill_program(self, process: subprocess.Popen[Any], victim: str) -> None:
        guardian = guardian_of(process)
        before = is_safe(self._bench)
        if victim == "both" and guardian is not None:
            with contextlib.suppress(ProcessLookupError):
                kill_number(guardian)
                self.kills.counts["killed guardian with its program"] += 1
        if process.poll() is not None:
            return
        os.kill(process.pid, 9)
        self.kills.counts[f"killed program, {'dark' if before else 'laser on or shutter open'}"] += 1
        if victim == "program" and guardian is not None:
            took_s = seconds_until_safe(self._bench)
            self.kills.dark_after_s.append(took_s)
            assert took_s < LIGHT_OFF_WITHIN_S, took_s
