"""The command `plqy runs`. Light: `plqy --help` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plqy_rig.commands.common_options import Json
from plqy_rig.commands.exit_codes import errors_as_exit_codes

Directories = Annotated[
    list[Path] | None, typer.Argument(metavar="[DIR]...", help="Folders of runs; ./runs by default.")
]
Search = Annotated[str, typer.Option(help="Words that all occur in sample, operator, comment, flags ...")]
Status = Annotated[str | None, typer.Option(help="success, abort, fail, interrupted or unreadable.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Read every run anew.")]
Index = Annotated[Path | None, typer.Option("--index", help="File of the index; one in the user's cache.")]


def runs(
    directories: Directories = None,
    search: Search = "",
    status: Status = None,
    rebuild: Rebuild = False,
    index: Index = None,
    json: Json = False,
) -> None:
    """List runs: how they ended, how far they came, what was found."""
    with errors_as_exit_codes():
        from plqy_rig.commands import catalogue

        folders = directories or [Path("runs")]
        catalogue.runs(folders, search, status, index, rebuild=rebuild, as_json=json)
