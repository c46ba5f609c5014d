"""`plqy runs`: what was measured, how it ended, what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.data.catalogue import Catalogue
from plqy_rig.data.catalogue_entry import UNREADABLE, CatalogueEntry
from plqy_rig.data.documents import ExitStatus

_STATUSES = (*map(str, ExitStatus), UNREADABLE)


def runs(
    folders: Sequence[Path],
    search: str,
    status: str | None,
    index: Path | None,
    *,
    rebuild: bool,
    as_json: bool,
) -> None:
    """List the runs of some folders, newest first."""
    if status is not None and status not in _STATUSES:
        raise ConfigurationError(f"--status {status!r}: must be one of {', '.join(_STATUSES)}")
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is no folder")
    with Catalogue(folders, index) as catalogue:
        catalogue.refresh(rebuild=rebuild)
        entries = catalogue.entries(search, status)
    if as_json:
        terminal.print_json({"runs": [asdict(entry) for entry in entries]})
    elif entries:
        _print(entries)
    else:
        terminal.say("No runs found.")


def _print(entries: Sequence[CatalogueEntry]) -> None:
    """A table for 80 columns: the folder's name holds the time, and is what other commands take."""
    count = f"{len(entries)} run{'s' if len(entries) != 1 else ''}"
    table = Table(title=count, title_justify="left", box=None)
    table.add_column("run", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("exposures", justify="right")
    table.add_column("PLQY / %", justify="right", no_wrap=True)
    table.add_column("flags")
    for entry in entries:
        table.add_row(
            Path(entry.folder).name,
            entry.status,
            f"{entry.exposures}/{entry.exposures_wanted}",
            _mean_words(entry),
            ", ".join(entry.flags) or entry.problem,
        )
    terminal.print_table(table)


def _mean_words(entry: CatalogueEntry) -> str:
    window = entry.windows.get("er") or next(iter(entry.windows.values()), None)
    if window is None or window["mean"] is None:
        return "-"
    uncertainty = f" ± {100 * window['u']:.2f}" if window["u"] is not None else ""
    return f"{100 * window['mean']:.2f}{uncertainty}"
