"""Hosts for tests: one in this process on a rig in memory, one as `plqy serve` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.rig_in_memory import RIG_TOML, SMALL, LiveWorld, RigInMemory, make_records

from calibration.roles import SamplePosition
from drivers.errors import InstrumentConnectionError
from plqy_rig.engine import CommandRefusedError
from plqy_rig.host import RigHost, apply_event
from plqy_rig.server import HostAddress, HostClient


class Face:
    """What a face hears and shows; lets a test wait for something."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.picture: dict[str, Any] = {}
        self.closed: list[str] = []
        self._news = threading.Condition()
        self.client: HostClient | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        with self._news:
            self.events.append(event)
            apply_event(self.picture, event)
            self._news.notify_all()

    def ended(self, why: str) -> None:
        with self._news:
            self.closed.append(why)
            self._news.notify_all()

    def wait_for(self, holds: Callable[[Face], Any], what: str = "", timeout_s: float = 60.0) -> Any:
        found: list[Any] = []

        def looked() -> bool:
            found[:] = [holds(self)]
            return bool(found[0])

        with self._news:
            assert self._news.wait_for(looked, timeout_s), (
                what,
                self.picture.get("engine"),
                self.events[-5:],
            )
        return found[0]

    def wait_for_use(self, use: str, timeout_s: float = 90.0) -> None:
        self.wait_for(lambda face: face.picture.get("occupation") == use, use, timeout_s)

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def ask(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        assert self.client is not None
        return self.client.command(name, arguments, 60.0)


@contextmanager
def joined(address: HostAddress):
    """A face that has joined a host."""
    face = Face()
    face.client = HostClient(address, on_event=face, on_closed=face.ended)
    try:
        face.wait_for(lambda face: face.events, "the snapshot")
        yield face
    finally:
        face.client.close()


class HostInMemory:
    """A host on a rig in memory, without a guardian."""

    def __init__(self, folder: Path, rig_toml: str = RIG_TOML, missing: tuple[str, ...] = ()) -> None:
        self.world = LiveWorld()
        self.rig = RigInMemory(self.world, folder / "rig", rig_toml)
        for name in missing:
            self.world.unplugged.add(name)
            with contextlib.suppress(InstrumentConnectionError):
                self.rig.reconnect(name)
        self.records = self.rig.rig_file.calibration_folder
        self.records.mkdir(parents=True, exist_ok=True)
        for kind, record in make_records().items():
            path = self.records / f"{kind}_20261101_{record.sha256[:8]}.json"
            path.write_text(json.dumps(record.to_document()), encoding="utf-8")
        self.host = RigHost(self.rig, folder / "runs", guarded=False)
        self.face = Face()
        self.host.subscribe(lambda news: self.face(news.document))

    def start_run(self, **changes: Any) -> None:
        self.host.command("start_run", {"recipe": {**SMALL, **changes}})

    def answer_everything(self) -> None:
        """Answer every question from now on, as somebody who does what is asked."""

        def answer(news: Any) -> None:
            question = news.fields["engine"]["question"] if news.name == "engine" else None
            if question is not None and question["role"] is not None:
                threading.Thread(target=self._answer, args=(question,), daemon=True).start()

        self.host.subscribe(answer)

    def _answer(self, question: dict[str, Any]) -> None:
        self.world.sample = SamplePosition(question["target"]["sample"])
        self.world.long_pass = question["target"]["long_pass"]
        # Refused where the same question was told twice and is answered already.
        with contextlib.suppress(CommandRefusedError):
            self.host.command("answer_operator", {"answer": "done"})


class ServeProcess:
    """`plqy serve` in a process of its own."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.log = folder / "serve.log"
        self._errors = self.log.open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "plqy_rig.cli", "-v", "serve", *map(str, arguments), "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.address = HostAddress.from_document(json.loads(line))

    def end(self, timeout_s: float = 60.0) -> int:
        """Wait for its end; returns its exit code."""
        return self.process.wait(timeout_s)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()
