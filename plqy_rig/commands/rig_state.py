"""`plqy instruments` and `plqy safe`: look at the rig, and make it safe."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drivers.errors import SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchRequest
from plqy_rig.bus_search import rig_file_lines, search_buses
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile
from plqy_rig.instrument_report import report_instruments
from plqy_rig.rig import Rig, make_rig_safe
from plqy_rig.rig_lock import Holder, hold_rig, who_holds
from plqy_rig.safe_state import LAMP_REMINDER
from plqy_rig.server.discovery import HostAddress, find_host, list_hosts

_HEARING_S = 10.0
"""A program that was asked to end makes the rig safe in about a second, real time."""
_POLL_S = 0.05


def instruments(rig_path: Path | None, bench_request: BenchRequest | None, *, as_json: bool) -> None:
    """Find and identify every instrument of a rig; without one, whatever is on the buses."""
    if rig_path is None and bench_request is None:
        _search(as_json=as_json)
        return
    with (
        opened_rig_file(rig_path, bench_request) as rig_file,
        hold_rig(rig_file, "plqy instruments"),
        Rig(rig_file) as rig,
    ):
        report = report_instruments(rig)
        if as_json:
            terminal.print_json({"instruments": report})
        else:
            terminal.print_instruments(report)
        rig.require_all()


def _search(*, as_json: bool) -> None:
    found = search_buses()
    if as_json:
        terminal.print_json({"found": [asdict(item) for item in found], "rig_toml": rig_file_lines(found)})
        return
    if not found:
        terminal.say(
            "Nothing found: no VISA instrument, no spectrometer, no serial port. Check cables and power."
        )
        return
    for item in found:
        terminal.say(f"{item.bus} {item.address}: {item.identity or item.problem}")
        if item.mend:
            terminal.say(f"  mend: {item.mend}")
    terminal.say("\nLines for a rig file (docs/how-to/use-real-instruments.md):\n\n" + rig_file_lines(found))


def safe(rig_path: Path | None, bench_request: BenchRequest | None, *, as_json: bool) -> None:
    """Make everything safe now.

    Where a host owns the rig, the host does it. Any other program that holds it is ended: nobody else can
    reach the instruments meanwhile, and its run can't go on in the dark.
    """
    with opened_rig_file(rig_path, bench_request) as rig_file:
        verdict = _by_the_host(rig_file)
        if verdict is None:
            _end_holder(rig_file)
            verdict = make_rig_safe(rig_file).to_document()
        terminal.say(str(verdict["sentence"]))
        terminal.say(LAMP_REMINDER)
        if as_json:
            terminal.print_json(verdict)
        if not verdict["safe"]:
            holder = who_holds(rig_file)
            raise SafetyError(
                "the safe state could not be verified" + (f"; the rig is in use {holder}" if holder else "")
            )


def _by_the_host(rig_file: RigFile) -> dict[str, Any] | None:
    """The verdict of the host that owns this rig; None where there is none, or it gives none."""
    address = find_host(rig_file.path) or _host_that_holds(rig_file)
    if address is None:
        return None
    # Only wanted where there is a host.
    from plqy_rig.server.client import HostClient, HostCommandError, HostGoneError

    terminal.say(f"asking the host that owns this rig (process {address.pid})")
    try:
        with HostClient(address, on_event=lambda event: None, on_closed=lambda why: None) as client:
            verdict: dict[str, Any] | None = client.command("emergency_off", {"reason": "plqy safe"})[
                "verdict"
            ]
            return verdict
    except (HostCommandError, HostGoneError) as error:
        terminal.say(str(error))
        return None


def _host_that_holds(rig_file: RigFile) -> HostAddress | None:
    """A host that was started with another rig file for the same rig."""
    holder = who_holds(rig_file)
    if holder is None:
        return None
    return next((host for host in list_hosts() if host.pid == holder.process_id), None)


def _end_holder(rig_file: RigFile) -> None:
    """End the program that holds the rig: asked at first, so that it makes the rig safe itself.

    One that doesn't hear is killed; its guardian then makes the rig safe.
    """
    holder = who_holds(rig_file)
    if holder is None or not holder.process_id:
        return
    terminal.say(f"the rig is in use {holder}: ended")
    try:
        os.kill(holder.process_id, signal.SIGTERM)
        if not _has_let_go(rig_file, holder, _HEARING_S):
            terminal.say("it doesn't hear: killed")
            os.kill(holder.process_id, signal.SIGKILL)
            _has_let_go(rig_file, holder, _HEARING_S)
    except ProcessLookupError:
        return
    except PermissionError:
        terminal.say(f"it could not be ended: it belongs to {holder.user}")


def _has_let_go(rig_file: RigFile, holder: Holder, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while who_holds(rig_file) == holder:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
