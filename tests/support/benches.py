"""Benches and commands as processes, the way a user starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plqy_rig.bench_process import BenchProcess
from plqy_rig.config import read_rig_file
from plqy_rig.rig import Rig

SHORT_RECIPE = """
sample = "HET-Ce"
power_density_min_mw_per_cm2 = 200.0
power_density_max_mw_per_cm2 = 800.0
power_steps = 3
scans_excitation = 4
scans_emission = 2
integration_time_max_emission_s = 1.0
laser_warm_up_s = 1.0
"""


class Bench:
    """A running bench with its console."""

    def __init__(self, process: BenchProcess) -> None:
        self.process = process
        self.rig = process.rig_path
        self.truth = process.truth
        self.announcement = process.announcement

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        host, port = self.announcement["console"].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            lines = connection.makefile("rw", encoding="utf-8")
            lines.write(json.dumps({"command": command, **arguments}) + "\n")
            lines.flush()
            return json.loads(lines.readline())

    def assert_safe(self) -> None:
        seen = self.ask("observe")
        assert not seen["light_on_sample"]
        assert not seen["shutter_open"]
        assert not seen["laser_on"]


class Plqy:
    """The command line in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-P", "-m", "plqy_rig.cli", *map(str, arguments)]

    def __call__(self, *arguments: object, code: int = 0, timeout: float = 120) -> Any:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: object, code: int = 0, timeout: float = 120) -> dict[str, Any]:
        return json.loads(self(*arguments, "--json", code=code, timeout=timeout).stdout)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return self._start(self.command(*arguments))

    def start_python(self, script: str, *arguments: object) -> subprocess.Popen[str]:
        return self._start([sys.executable, "-P", "-c", script, *map(str, arguments)])

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


@contextmanager
def open_rig(bench: Bench):
    """The rig in this process, over the bench's wires."""
    with Rig(read_rig_file(bench.rig)) as rig:
        rig.require_all()
        yield rig
