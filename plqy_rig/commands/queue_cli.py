"""The command group `plqy queue`. Light: `plqy --help` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plqy_rig.commands.common_options import Json
from plqy_rig.commands.exit_codes import errors_as_exit_codes

if TYPE_CHECKING:
    from plqy_rig.commands.queue import WhichQueue

queue_app = typer.Typer(
    name="queue",
    help="Runs one after the other: fill the queue, put it in order, run it through the night.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

RigOption = Annotated[Path | None, typer.Option("--rig", help="The queue of this rig.")]
Sim = Annotated[bool, typer.Option("--sim", help="The queue of the simulated benches.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="The entry, as `plqy queue list` numbers it.")]


@queue_app.command()
def add(
    recipes: Annotated[list[Path], typer.Argument(help="Recipe files (TOML).")],
    rig: RigOption = None,
    sim: Sim = False,
    only_pass: Annotated[
        str | None, typer.Option("--pass", metavar="ROLE", help="Measure this role only.")
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="One entry per pass, all in one run folder.")
    ] = False,
    on_failure: Annotated[str, typer.Option("--on-failure", metavar="skip|retry:N|stop")] = "skip",
    name: Annotated[str, typer.Option(help="For people; the sample's name by default.")] = "",
    out: Annotated[Path, typer.Option("--out", help="Folder in which run folders are made.")] = Path("runs"),
    held: Annotated[bool, typer.Option("--held", help="Not taken before it is released.")] = False,
    json: Json = False,
) -> None:
    """Add recipes behind the last entry; each is checked first."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.add(
            _which(rig, sim),
            recipes,
            only_pass=only_pass,
            split=split,
            on_failure=on_failure,
            name=name,
            out=out,
            held=held,
            as_json=json,
        )


@queue_app.command("list")
def list_entries(rig: RigOption = None, sim: Sim = False, json: Json = False) -> None:
    """Show the queue, with the times at which entries are expected to end."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.show(_which(rig, sim), as_json=json)


@queue_app.command()
def move(
    number: Number,
    position: Annotated[int, typer.Argument(help="Its new place, from 1.")],
    rig: RigOption = None,
    sim: Sim = False,
) -> None:
    """Put an entry at another place."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.move(number, position))


@queue_app.command()
def edit(
    number: Number,
    changes: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE...", help="A recipe key, name, out or on_failure.")
    ],
    rig: RigOption = None,
    sim: Sim = False,
) -> None:
    """Change an entry that isn't running; everything is checked again."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        values = commands.changes_of(changes)
        commands.change(_which(rig, sim), lambda store: store.edit(number, values))


@queue_app.command()
def duplicate(number: Number, rig: RigOption = None, sim: Sim = False) -> None:
    """Add the same once more, behind it."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.duplicate(number))


@queue_app.command()
def split(number: Number, rig: RigOption = None, sim: Sim = False) -> None:
    """Make of a recipe one entry per pass; all of them go into one run folder."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.split(number))


@queue_app.command()
def remove(number: Number, rig: RigOption = None, sim: Sim = False) -> None:
    """Take an entry out; a run folder it has stays."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.remove(number))


@queue_app.command()
def hold(number: Number, rig: RigOption = None, sim: Sim = False) -> None:
    """Keep an entry from being taken."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.hold(number, True))


@queue_app.command()
def release(number: Number, rig: RigOption = None, sim: Sim = False) -> None:
    """Let a held entry be taken; one that failed or was aborted goes on in its folder."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.hold(number, False))


@queue_app.command()
def clear(rig: RigOption = None, sim: Sim = False) -> None:
    """Take all entries out that have ended; their run folders stay."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.clear_ended())


@queue_app.command()
def group(rig: RigOption = None, sim: Sim = False) -> None:
    """Order what waits so that entries that need the same sample and filter follow one another."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue as commands

        commands.change(_which(rig, sim), lambda store: store.group())


@queue_app.command()
def run(
    rig: RigOption = None,
    sim: Sim = False,
    purge_confirmed: Annotated[
        bool,
        typer.Option("--purge-confirmed", help="The sphere is purged, where the rig file asks for that."),
    ] = False,
    operator_patience: Annotated[
        float,
        typer.Option("--operator-patience", metavar="SECONDS", help="Then entries without hands go on."),
    ] = 900.0,
    sample: Annotated[str, typer.Option(help="Preset of the bench.")] = "HET-Ce",
    seed: Annotated[int, typer.Option(help="Seed of everything random at the bench.")] = 1,
    speed: Annotated[float, typer.Option(help="Bench seconds per real second.")] = 1.0,
    fault: Annotated[list[str] | None, typer.Option("--fault", help="What goes wrong at the bench.")] = None,
    json: Json = False,
) -> None:
    """Run the queue until nothing is left; --sample to --fault are for --sim."""
    with errors_as_exit_codes():
        from plqy_rig.bench_process import BenchRequest
        from plqy_rig.commands import queue_run

        bench = BenchRequest(sample, seed, speed, tuple(fault or ())) if sim else None
        queue_run.run(
            _which(rig, sim),
            bench,
            purge_confirmed=purge_confirmed,
            operator_patience_s=operator_patience,
            as_json=json,
        )


@queue_app.command()
def pause(rig: RigOption = None, sim: Sim = False) -> None:
    """Take no more entries after the present one; the program that runs the rig does it."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue_remote

        queue_remote.pause(_which(rig, sim))


@queue_app.command()
def status(rig: RigOption = None, sim: Sim = False, json: Json = False) -> None:
    """What the queue does now, asked of the program that runs the rig."""
    with errors_as_exit_codes():
        from plqy_rig.commands import queue_remote

        queue_remote.status(_which(rig, sim), as_json=json)


def _which(rig: Path | None, sim: bool) -> WhichQueue:
    from plqy_rig.commands.queue import WhichQueue

    return WhichQueue(rig, sim)
