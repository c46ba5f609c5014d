"""Options that several commands have: which rig or bench, and how the answer is given. Light."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else there.")]
RigOption = Annotated[Path | None, typer.Option("--rig", help="Rig file of the real rig.")]
Sim = Annotated[bool, typer.Option("--sim", help="A simulated bench instead of a rig.")]
Sample = Annotated[str, typer.Option(help="Preset of the bench: HOM, HET, HOM-Ce or HET-Ce.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random at the bench.")]
Speed = Annotated[float, typer.Option(help="Bench seconds per real second.")]
Fault = Annotated[list[str] | None, typer.Option("--fault", help="What goes wrong at the bench.")]
Condition = Annotated[
    list[str] | None, typer.Option("--condition", metavar="NAME[=VALUE]", help="What isn't as it should be.")
]
Assume = Annotated[
    list[str] | None,
    typer.Option("--assume", metavar="PART.FIELD=VALUE", help="Decides what nobody knows of an instrument."),
]
