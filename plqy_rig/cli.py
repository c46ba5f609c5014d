"""The command `plqy`. Does nothing that the engine can't; people's text to stderr, JSON to stdout.

Exit codes: 0 done, 2 bad input, 3 instrument or connection, 4 safe state not verified, 5 data or storage,
130 aborted. Heavy imports happen inside the commands, so that `plqy --help` answers at once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plqy_rig.bench_process import BenchRequest

app = typer.Typer(
    name="plqy",
    help="Runs an integrating-sphere photoluminescence quantum yield rig and evaluates what it measures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else there.")]
Out = Annotated[Path, typer.Option("--out", help="Folder in which the run folder is made.")]
RigOption = Annotated[Path | None, typer.Option("--rig", help="Rig file of the real rig.")]
Sim = Annotated[bool, typer.Option("--sim", help="A simulated bench instead of a rig.")]
Sample = Annotated[str, typer.Option(help="Preset of the bench: HOM, HET, HOM-Ce or HET-Ce.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random at the bench.")]
Speed = Annotated[float, typer.Option(help="Bench seconds per real second.")]
Fault = Annotated[list[str] | None, typer.Option("--fault", help="What goes wrong at the bench.")]

_DEFAULT_OUT = Path("runs")


@app.callback()
def _logging(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more on stderr.")] = False,
) -> None:
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # pymeasure tells every parameter it sets.
    logging.getLogger("pymeasure").setLevel(logging.WARNING if verbose else logging.ERROR)


@app.command()
def demo(
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 100.0,
    out: Out = _DEFAULT_OUT,
    json: Json = False,
) -> None:
    """A full five-spectrum run on a simulated bench, evaluated, with the truth beside it."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import measure

        measure.demo(_bench(sample, seed, speed, None), out, as_json=json)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="Recipe file (TOML).")],
    rig: RigOption = None,
    sim: Sim = False,
    out: Out = _DEFAULT_OUT,
    only_pass: Annotated[
        str | None, typer.Option("--pass", metavar="ROLE", help="Measure this role only.")
    ] = None,
    json: Json = False,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 1.0,
    fault: Fault = None,
) -> None:
    """Measure a recipe; evaluate it when all five roles are there. --sample to --fault are for --sim."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import measure

        bench = _bench(sample, seed, speed, fault)
        measure.run(recipe, rig, bench if sim else None, out, only_pass, as_json=json)


@app.command()
def evaluate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders or files.")],
    window: Annotated[
        list[str] | None, typer.Option("--window", metavar="NAME|lo:hi", help="Emission window in nm.")
    ] = None,
    power_range: Annotated[
        str | None, typer.Option("--range", metavar="lo:hi", help="Power densities of the mean, mW/cm².")
    ] = None,
    response: Annotated[
        Path | None, typer.Option("--response", metavar="RECORD", help="Another response record.")
    ] = None,
    json: Json = False,
) -> None:
    """Evaluate runs, again and again, with other windows or another record."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import evaluate as commands

        commands.evaluate(runs, window or [], power_range, response, as_json=json)


@app.command()
def recover(
    directory: Annotated[Path, typer.Argument(help="Folder of runs, or one run.")] = _DEFAULT_OUT,
    json: Json = False,
) -> None:
    """Rebuild run.nxs of interrupted runs from their journals."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import evaluate as commands

        commands.recover(directory, as_json=json)


@app.command()
def instruments(
    rig: RigOption = None, sim: Sim = False, speed: Speed = 1.0, fault: Fault = None, json: Json = False
) -> None:
    """Find and identify each instrument; say what is missing and how to mend it."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import rig_state

        bench = _bench("HET-Ce", 1, speed, fault) if sim else None
        rig_state.instruments(rig, bench, as_json=json)


@app.command()
def safe(
    rig: RigOption = None, sim: Sim = False, speed: Speed = 1.0, fault: Fault = None, json: Json = False
) -> None:
    """Make everything safe now, verify it, and say so."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import rig_state

        bench = _bench("HET-Ce", 1, speed, fault) if sim else None
        rig_state.safe(rig, bench, as_json=json)


@app.command()
def simulate(sample: Sample = "HET-Ce", seed: Seed = 1, speed: Speed = 1.0, fault: Fault = None) -> None:
    """The simulated bench alone, until Ctrl-C; its first line on stdout is a JSON object."""
    from plqy_rig.bench_process import run_bench_in_foreground

    raise typer.Exit(run_bench_in_foreground(_bench(sample, seed, speed, fault)))


def _bench(sample: str, seed: int, speed: float, faults: list[str] | None) -> BenchRequest:
    from plqy_rig.bench_process import BenchRequest

    return BenchRequest(sample=sample, seed=seed, speed=speed, faults=tuple(faults or ()))


@contextmanager
def _errors_as_exit_codes() -> Iterator[None]:
    """Errors of the rig become their sentence on stderr and their exit code."""
    from calibration import CalibrationError
    from drivers.errors import RigError

    try:
        yield
    except RigError as error:
        typer.echo(f"plqy: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except CalibrationError as error:
        typer.echo(f"plqy: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        typer.echo("plqy: aborted", err=True)
        raise typer.Exit(130) from error


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
