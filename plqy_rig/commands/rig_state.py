"""`plqy instruments` and `plqy safe`: look at the rig, and make it safe."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from drivers.errors import SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchRequest
from plqy_rig.bus_search import rig_file_lines, search_buses
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.instrument_report import report_instruments
from plqy_rig.rig import Rig, make_rig_safe
from plqy_rig.safe_state import LAMP_REMINDER


def instruments(rig_path: Path | None, bench_request: BenchRequest | None, *, as_json: bool) -> None:
    """Find and identify every instrument of a rig; without one, whatever is on the buses."""
    if rig_path is None and bench_request is None:
        _search(as_json=as_json)
        return
    with opened_rig_file(rig_path, bench_request) as rig_file, Rig(rig_file) as rig:
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
    """Make everything safe now."""
    with opened_rig_file(rig_path, bench_request) as rig_file:
        verdict = make_rig_safe(rig_file)
        terminal.say(str(verdict))
        terminal.say(LAMP_REMINDER)
        if as_json:
            terminal.print_json(verdict.to_document())
        if not verdict.safe:
            raise SafetyError("the safe state could not be verified")
