"""Benches that begin at once: forked from a process that has imported all of it, for tests in thousands."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from plqy_rig.bench_process import BenchRequest

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 10.0
_CONTEXT = multiprocessing.get_context("forkserver")
# From a server without threads, so that no lock is forked while somebody holds it.
_CONTEXT.set_forkserver_preload(["sim.__main__"])


def _be_a_bench(arguments: list[str], announcement: Connection) -> None:
    from sim.__main__ import main

    os.dup2(announcement.fileno(), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # it tells every fault it makes
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.exit(main(arguments))


class WarmBench:
    """A running bench, as `BenchProcess`; use it as a context manager."""

    def __init__(self, request: BenchRequest) -> None:
        here, there = _CONTEXT.Pipe(duplex=True)
        self._process = _CONTEXT.Process(target=_be_a_bench, args=(request.arguments(), there), daemon=True)
        self._process.start()
        there.close()
        try:
            assert here.poll(_START_TIMEOUT_S), "the bench does not begin"
            with os.fdopen(os.dup(here.fileno()), "r") as lines:
                self.announcement: Mapping[str, Any] = json.loads(lines.readline())
        except BaseException:
            self.stop()
            raise
        finally:
            here.close()

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
        self._process.terminate()
        self._process.join(_STOP_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
