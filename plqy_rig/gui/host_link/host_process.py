"""Starts a host as a process that outlives the window, and finds out where it listens."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import ConfigurationError, InstrumentConnectionError
from plqy_rig.bench_process import BenchRequest

log = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
"""Real seconds: instruments are connected before the host is found."""
_POLL_S = 0.1


@dataclass(frozen=True)
class HostRequest:
    """Which host is wanted.

    Attributes:
        rig: the rig file; None for a simulated bench.
        bench: the simulated bench; None for a rig.
        out: folder of runs; None leaves it to the host.
    """

    rig: Path | None = None
    bench: BenchRequest | None = None
    out: Path | None = None

    @property
    def words(self) -> str:
        """Get what is started, for people."""
        if self.bench is not None:
            return f"simulated bench ({self.bench.sample})"
        return self.rig.name if self.rig is not None else "rig"

    def arguments(self) -> list[str]:
        """Arguments of `plqy serve`."""
        out = [] if self.out is None else ["--out", str(self.out)]
        if self.bench is None:
            return ["--rig", str(self.rig), *out]
        bench = self.bench
        faults = [argument for fault in bench.faults for argument in ("--fault", fault)]
        chosen = ["--sample", bench.sample, "--seed", str(bench.seed), "--speed", f"{bench.speed:g}"]
        return ["--sim", *chosen, *faults, *out]


def serve_command(request: HostRequest) -> list[str]:
    """The command line of a host."""
    # -P: a folder "plqy_rig" where the user happens to stand must not be taken for the program.
    return [sys.executable, "-P", "-m", "plqy_rig.cli", "serve", *request.arguments()]


_started: list[subprocess.Popen[bytes]] = []
"""Hosts that live on: Python complains of processes that are forgotten while they run, and these may be."""


class HostProcess:
    """A host that was started here. It isn't ended with this object."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it.

        Args:
            command: from `serve_command`.
        """
        # A file, not a pipe: nobody reads it later, and a full pipe would stop the host.
        descriptor, name = tempfile.mkstemp(prefix="plqy-host-", suffix=".log")
        self._complaints = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                # The host goes on when the window's terminal is closed.
                start_new_session=True,
            )
        _started[:] = [process for process in _started if process.poll() is None]
        _started.append(self._process)

    @property
    def process_id(self) -> int:
        """Get the number of its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Get whether it lives."""
        return self._process.poll() is None

    def wait_for_address(
        self, list_hosts: Callable[[], Sequence[Any]], timeout_s: float = START_TIMEOUT_S
    ) -> Any:
        """Wait until it is found.

        Args:
            list_hosts: `plqy_rig.server.discovery.list_hosts`.
            timeout_s: real seconds.

        Raises:
            ConfigurationError: it ended before that; says its last words.
            InstrumentConnectionError: it took too long.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for address in list_hosts():
                if address.pid == self.process_id:
                    return address
            if not self.running:
                raise ConfigurationError(self._last_words())
            time.sleep(_POLL_S)
        raise InstrumentConnectionError(
            "host", f"it did not start within {timeout_s:g} s; see {self._complaints}"
        )

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; returns whether it has."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _last_words(self) -> str:
        lines = self._complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = lines[-1].removeprefix("plqy: ") if lines else f"it ended with {self._process.returncode}"
        return f"the host did not start: {said}"


def start_host(request: HostRequest) -> tuple[HostProcess, Any]:
    """Start a host and wait until it listens; returns it and its address.

    Raises:
        RigError: it did not start; says why.
    """
    from plqy_rig.server.discovery import list_hosts

    process = HostProcess(serve_command(request))
    return process, process.wait_for_address(list_hosts)
