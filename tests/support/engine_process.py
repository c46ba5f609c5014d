"""An engine in a process of its own, commanded by JSON lines: to be driven at random, and killed.

Run as a script it is the process; imported it gives the handle.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]


class EngineProcess:
    """The handle of a running engine."""

    def __init__(self, rig: Path, folder: Path, recipe: str, *, resume: Path | None = None) -> None:
        self._errors = (folder / "engine.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(rig), str(folder), recipe, str(resume or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        self.announced: list[tuple[str, int]] = []
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # cut short by a kill
            if "saved" in message:
                self.announced.append(tuple(message["saved"]))
            else:
                self._replies.put(message)
        self._replies.put(None)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, command: str, timeout_s: float = 30.0) -> dict[str, Any] | None:
        """Give a command; None when the process died over it."""
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            return self._replies.get(timeout=timeout_s)
        except (BrokenPipeError, OSError):
            return None

    def close(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._errors.close()


def main(rig_path: Path, folder: Path, recipe: str, resume: str) -> None:
    import logging
    import tomllib

    from plqy_rig.config import read_rig_file
    from plqy_rig.engine import (
        CommandRefusedError,
        DocumentSaved,
        Engine,
        Job,
        ObservedSweep,
        load_records,
        read_job,
    )
    from plqy_rig.rig import Rig
    from procedures import ConsoleHands

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("pymeasure").setLevel(logging.WARNING)
    rig_file = read_rig_file(rig_path)
    hands = ConsoleHands(rig_file.configuration.bench.console)
    speaking = threading.Lock()

    def say(**message: Any) -> None:
        with speaking:
            os.write(1, json.dumps(message).encode() + b"\n")

    def hear(event: Any) -> None:
        if isinstance(event, DocumentSaved) and event.name == "event" and "counts" in event.document["data"]:
            say(saved=(event.document["data"]["role"], event.document["data"]["step"]))

    with Rig(rig_file) as rig:
        rig.require_all()
        if resume:
            job = read_job(Path(resume), operator=hands)
        else:
            sweep = ObservedSweep.from_recipe(tomllib.loads(Path(recipe).read_text()), recipe)
            records = load_records(rig_file.calibration_folder)
            job = Job(sweep, records, folder / "runs", Path(recipe).read_text(), hands)
        with Engine(rig) as engine:
            engine.subscribe(hear)
            engine.submit(job)
            engine.start()
            verbs = {
                "pause": engine.pause,
                "resume": engine.resume,
                "abort": engine.abort,
                "emergency_off": engine.emergency_off,
            }
            for line in sys.stdin:
                command, refused = line.strip(), ""
                try:
                    if command in verbs:
                        verbs[command]()
                    elif command == "quit":
                        break
                except CommandRefusedError as error:
                    refused = str(error)
                status = engine.status
                say(
                    state=str(status.state),
                    changes=len(engine.history),
                    safety=str(status.safety),
                    holds=[hold.name for hold in status.holds],
                    exposures=status.exposures,
                    folder=str(status.folder or ""),
                    over=engine.wait(0),
                    refused=refused,
                )
    say(ended=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
