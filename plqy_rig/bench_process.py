"""Starts the simulated bench as a process of its own. The only place that knows there is one.

A bench started here ends with the program that started it, because it watches the pipe on its standard
input. A bench that is to outlive the program, as instruments do, is started by itself (`plqy simulate`).
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.errors import ConfigurationError, InstrumentConnectionError

log = logging.getLogger(__name__)

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class BenchRequest:
    """Which bench is wanted.

    Attributes:
        sample: one of the presets, e.g. "HET-Ce".
        seed: of every random number.
        speed: bench seconds per real second.
        faults: fault specifications.
        conditions: what isn't as it should be, `NAME[=VALUE]`.
        assumptions: what nobody knows of the instruments, `PART.FIELD=VALUE`.
        with_records: whether the bench hands out calibration records, or an empty calibration folder.
    """

    sample: str = "HET-Ce"
    seed: int = 1
    speed: float = 1.0
    faults: Sequence[str] = field(default=())
    conditions: Sequence[str] = field(default=())
    assumptions: Sequence[str] = field(default=())
    with_records: bool = True

    def arguments(self) -> list[str]:
        """Arguments of the bench's command line."""
        several = {
            "--fault": self.faults,
            "--condition": self.conditions,
            "--assume": self.assumptions,
        }
        return [
            *("--sample", self.sample),
            *("--seed", str(self.seed)),
            *("--speed", str(self.speed)),
            *("--records", "all" if self.with_records else "none"),
            *(part for option, values in several.items() for value in values for part in (option, value)),
        ]


class BenchProcess:
    """A running bench; use it as a context manager.

    Attributes:
        announcement: the JSON object it printed when it was ready.
    """

    def __init__(self, request: BenchRequest) -> None:
        # A file, not a pipe: nobody reads it while the bench runs, and a full pipe would stop the bench.
        self._complaints = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 -- closed in stop
        self._process = subprocess.Popen(
            # -P: a folder "sim" where the user happens to stand must not be taken for the bench.
            [sys.executable, "-P", "-m", "sim", "--exit-with-parent", *request.arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            # Ctrl-C at the terminal is for the program: the bench must live until the laser is off.
            start_new_session=True,
        )
        try:
            self.announcement: Mapping[str, Any] = self._read_announcement()
        except BaseException:
            self.stop()
            raise

    @property
    def rig_path(self) -> Path:
        """The rig file that reaches this bench."""
        return Path(self.announcement["rig"])

    @property
    def truth(self) -> Mapping[str, Any]:
        """What a perfect evaluation would find."""
        return dict(self.announcement["truth"])

    def stop(self) -> None:
        """End the bench."""
        process = self._process
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.warning("the bench did not end by itself and was killed")
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, self._complaints):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _read_announcement(self) -> Mapping[str, Any]:
        output = self._process.stdout
        assert output is not None  # it was asked for above
        ready, _, _ = select.select([output], [], [], _START_TIMEOUT_S)
        line = output.readline() if ready else ""
        if line:
            document: Mapping[str, Any] = json.loads(line)
            return document
        if self._process.poll() is None and not ready:
            raise InstrumentConnectionError("simulated bench", f"did not start within {_START_TIMEOUT_S:g} s")
        self._process.wait(_STOP_TIMEOUT_S)
        self._complaints.seek(0)
        last = self._complaints.read().strip().splitlines()[-1:] or ["it said nothing"]
        raise ConfigurationError(f"the simulated bench did not start: {last[0]}")


def run_bench_in_foreground(request: BenchRequest) -> int:
    """Run the bench on this terminal until it ends; returns its exit code, where it returns at all.

    The process becomes the bench where a system knows how: whoever ends or kills it, ends the bench.
    """
    command = [sys.executable, "-P", "-m", "sim", *request.arguments()]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent the interrupt to the bench as well; it ends by itself.
            continue
