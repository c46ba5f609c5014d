"""The rig file a command works with: a real rig's, or that of a bench started for the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.errors import ConfigurationError
from plqy_rig.bench_process import BenchProcess, BenchRequest
from plqy_rig.config import RigFile, read_rig_file


@contextmanager
def opened_rig_file(path: Path | None, bench_request: BenchRequest | None) -> Iterator[RigFile]:
    """Read the rig file at `path`, or start a bench and read its; raises `ConfigurationError`."""
    if (path is None) == (bench_request is None):
        raise ConfigurationError("give either --rig FILE (the real rig) or --sim (a simulated bench)")
    if path is not None:
        yield read_rig_file(path)
    elif bench_request is not None:
        with BenchProcess(bench_request) as bench:
            yield read_rig_file(bench.rig_path)
