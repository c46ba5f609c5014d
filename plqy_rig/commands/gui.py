"""`plqy gui`: the window."""

from __future__ import annotations

from pathlib import Path

import typer

from drivers.errors import ConfigurationError
from plqy_rig.bench_process import BenchRequest


def gui(rig: Path | None, bench: BenchRequest | None, out: Path | None) -> None:
    """Show the window until it is closed.

    Args:
        rig: a rig file; its running host is joined, or one is started.
        bench: a simulated bench to start.
        out: folder of runs of a host that is started here.

    Raises:
        ConfigurationError: both a rig and a bench, or no such file, or no Qt.
    """
    if rig is not None and bench is not None:
        raise ConfigurationError("--rig and --sim exclude each other")
    if rig is not None and not rig.is_file():
        raise ConfigurationError(f"{rig}: there is no such rig file")
    try:
        from plqy_rig.gui.application import run
        from plqy_rig.gui.host_link.host_process import HostRequest
    except ImportError as error:
        raise ConfigurationError(f"the window can't be shown: {error}") from error
    request = None
    if rig is not None or bench is not None:
        request = HostRequest(rig=rig, bench=bench, out=out)
    raise typer.Exit(run(request))
