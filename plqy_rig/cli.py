"""The command `plqy`. Does nothing that the engine can't; people's text to stderr, JSON to stdout.

Exit codes: 0 done, 2 bad input, 3 instrument or connection, 4 safe state not verified, 5 data or storage,
130 aborted. Heavy imports happen inside the commands, so that `plqy --help` answers at once.
"""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plqy_rig.commands import evaluate_options, file_options, report_options
from plqy_rig.commands.calibrate_cli import calibrate_app, records_app
from plqy_rig.commands.catalogue_cli import runs
from plqy_rig.commands.common_options import (
    Assume,
    Condition,
    Fault,
    Json,
    RigOption,
    Sample,
    Seed,
    Sim,
    Speed,
)
from plqy_rig.commands.exit_codes import ABORTED
from plqy_rig.commands.exit_codes import errors_as_exit_codes as _errors_as_exit_codes
from plqy_rig.commands.notify_cli import notify_test
from plqy_rig.commands.queue_cli import queue_app

if TYPE_CHECKING:
    from plqy_rig.bench_process import BenchRequest

app = typer.Typer(
    name="plqy",
    help="Runs an integrating-sphere photoluminescence quantum yield rig and evaluates what it measures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(calibrate_app)
app.add_typer(records_app)
app.add_typer(queue_app)
app.command()(runs)
app.command()(notify_test)

Out = Annotated[Path, typer.Option("--out", help="Folder in which the run folder is made.")]
OnlyPass = Annotated[str | None, typer.Option("--pass", metavar="ROLE", help="Measure this role only.")]
PurgeConfirmed = Annotated[
    bool, typer.Option("--purge-confirmed", help="The sphere is purged, where the rig file asks for that.")
]
StatusPage = Annotated[
    str | None,
    typer.Option(
        "--status-page", metavar="HOST:PORT", help="Let other machines look (read only), e.g. 0.0.0.0:8080."
    ),
]

_DEFAULT_OUT = Path("runs")


@app.callback()
def _logging(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell more on stderr.")] = False,
) -> None:
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # pymeasure tells every parameter it sets.
    logging.getLogger("pymeasure").setLevel(logging.WARNING if verbose else logging.ERROR)
    # Who was turned away is said without being asked for.
    for name in ("plqy_rig.server", "plqy_rig.web", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)


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
    only_pass: OnlyPass = None,
    purge_confirmed: PurgeConfirmed = False,
    json: Json = False,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 1.0,
    fault: Fault = None,
) -> None:
    """Measure a recipe; evaluate it when all five roles are there. --sample to --fault are for --sim."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import measure

        bench = _bench(sample, seed, speed, fault) if sim else None
        measure.run(recipe, rig, bench, out, only_pass, as_json=json, purge_confirmed=purge_confirmed)


@app.command()
def resume(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of the run to go on with.")],
    rig: RigOption = None,
    sim: Sim = False,
    only_pass: OnlyPass = None,
    purge_confirmed: PurgeConfirmed = False,
    json: Json = False,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 1.0,
    fault: Fault = None,
) -> None:
    """Go on with a run that ended early, today or another day; by default at the rig it began at."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import measure

        bench = _bench(sample, seed, speed, fault) if sim else None
        measure.resume(run_folder, rig, bench, only_pass, as_json=json, purge_confirmed=purge_confirmed)


@app.command()
def evaluate(
    runs: evaluate_options.Runs,
    window: evaluate_options.Windows = None,
    power_range: evaluate_options.PowerRange = None,
    response: evaluate_options.Response = None,
    response_behind_long_pass: evaluate_options.ResponseBehindLongPass = None,
    estimator: evaluate_options.Estimator = "auto",
    leakage: evaluate_options.Leakage = "laser",
    baseline: evaluate_options.Baseline = None,
    local_baseline: evaluate_options.LocalBaseline = None,
    reabsorption: evaluate_options.Reabsorption = 0.0,
    reabsorption_uncertainty: evaluate_options.ReabsorptionUncertainty = None,
    birge: evaluate_options.Birge = False,
    monte_carlo: evaluate_options.MonteCarlo = 0,
    seed: evaluate_options.Seed = 1,
    fits: evaluate_options.Fits = False,
    stages: evaluate_options.Stages = None,
    jobs: evaluate_options.Jobs = 1,
    json: Json = False,
) -> None:
    """Evaluate runs, again and again, with other windows, other corrections or another record."""
    options = dict(locals())
    del options["json"]
    with _errors_as_exit_codes():
        from plqy_rig.commands import evaluate as commands

        commands.evaluate(commands.EvaluateRequest(**options), as_json=json)


@app.command("evaluate-files")
def evaluate_files(
    empty: file_options.Empty,
    direct: file_options.Direct,
    laser: file_options.LaserWindow,
    window: file_options.EmissionWindows,
    indirect: file_options.Indirect = None,
    indirect_emission: file_options.IndirectEmission = None,
    direct_emission: file_options.DirectEmission = None,
    empty_emission: file_options.EmptyEmission = None,
    quantity: file_options.Quantity = None,
    response: file_options.Response = None,
    response_unit: file_options.ResponseUnit = None,
    divide_by_response: file_options.DivideByResponse = False,
    response_uncertainty: file_options.ResponseUncertainty = 0.0,
    column: file_options.Columns = None,
    integration_time: file_options.IntegrationTimes = None,
    dark: file_options.Darks = None,
    power: file_options.Powers = None,
    long_pass: file_options.LongPass = None,
    per: file_options.Per = None,
    baseline: file_options.Baseline = None,
    leakage: file_options.Leakage = None,
    sample: file_options.SampleName = None,
    json: Json = False,
) -> None:
    """Quantum yield from spectra that other programs wrote; an option given several times means repeats.

    ROLE is one of empty, indirect, direct, empty-emission, indirect-emission, direct-emission.
    """
    options = dict(locals())
    del options["json"]
    with _errors_as_exit_codes():
        from plqy_rig.commands import evaluate_files as commands

        commands.evaluate(commands.FilesOptions.typed(**options), as_json=json)


@app.command()
def report(
    runs: report_options.Runs,
    output: report_options.Output = None,
    window: evaluate_options.Windows = None,
    power_range: evaluate_options.PowerRange = None,
    response: evaluate_options.Response = None,
    response_behind_long_pass: evaluate_options.ResponseBehindLongPass = None,
    estimator: evaluate_options.Estimator = "auto",
    leakage: evaluate_options.Leakage = "laser",
    baseline: evaluate_options.Baseline = None,
    local_baseline: evaluate_options.LocalBaseline = None,
    reabsorption: evaluate_options.Reabsorption = 0.0,
    reabsorption_uncertainty: evaluate_options.ReabsorptionUncertainty = None,
    birge: evaluate_options.Birge = False,
    monte_carlo: evaluate_options.MonteCarlo = 0,
    seed: evaluate_options.Seed = 1,
    density: report_options.Density = 200.0,
    figures: report_options.Figures = None,
    form: report_options.Format = "pdf",
    csv: report_options.Csv = None,
) -> None:
    """One HTML file with figures, tables and what a reader asks for; figures and tables as files."""
    options = dict(locals())
    with _errors_as_exit_codes():
        from plqy_rig.commands import report as commands

        commands.report(commands.ReportRequest(**options))


@app.command()
def compare(
    runs: report_options.Runs,
    window: report_options.Window = "er",
    power_range: report_options.PowerRange = None,
    ratio_to: report_options.RatioTo = None,
    density: report_options.Density = 200.0,
    output: report_options.ComparisonOutput = None,
    figures: report_options.Figures = None,
    form: report_options.Format = "pdf",
    json: Json = False,
) -> None:
    """Several runs side by side: means, spread between batches, ratios with their uncertainties."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import compare as commands

        commands.compare(runs, window, power_range, ratio_to, density, output, figures, form, as_json=json)


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
def serve(
    rig: RigOption = None,
    sim: Sim = False,
    out: Out = _DEFAULT_OUT,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1; 0 takes a free one.")] = 0,
    status_page: StatusPage = None,
    json: Json = False,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 1.0,
    fault: Fault = None,
) -> None:
    """Own the rig and serve it to windows and other faces on this computer; they may come and go."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import serve as commands

        bench = _bench(sample, seed, speed, fault) if sim else None
        commands.serve(rig, bench, out, port, status_page, as_json=json)


@app.command()
def gui(
    rig: RigOption = None,
    sim: Sim = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of runs.")] = None,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 30.0,
    fault: Fault = None,
) -> None:
    """The operator's window: joins the rig's host, or starts one that outlives the window."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import gui as commands

        commands.gui(rig, _bench(sample, seed, speed, fault) if sim else None, out)


@app.command()
def safe(
    rig: RigOption = None, sim: Sim = False, speed: Speed = 1.0, fault: Fault = None, json: Json = False
) -> None:
    """Make everything safe now, verify it, and say so. A run that is under way is ended."""
    with _errors_as_exit_codes():
        from plqy_rig.commands import rig_state

        bench = _bench("HET-Ce", 1, speed, fault) if sim else None
        rig_state.safe(rig, bench, as_json=json)


@app.command()
def simulate(
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 1.0,
    fault: Fault = None,
    condition: Condition = None,
    assume: Assume = None,
    records: Annotated[bool, typer.Option(help="Hand out calibration records.")] = True,
) -> None:
    """The simulated bench alone, until Ctrl-C; its first line on stdout is a JSON object."""
    from plqy_rig.bench_process import run_bench_in_foreground

    request = replace(
        _bench(sample, seed, speed, fault),
        conditions=tuple(condition or ()),
        assumptions=tuple(assume or ()),
        with_records=records,
    )
    raise typer.Exit(run_bench_in_foreground(request))


def _bench(sample: str, seed: int, speed: float, faults: list[str] | None) -> BenchRequest:
    from plqy_rig.bench_process import BenchRequest

    return BenchRequest(sample=sample, seed=seed, speed=speed, faults=tuple(faults or ()))


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except SystemExit as end:
        if end.code == ABORTED:
            # All is done, the light is off: a second Ctrl-C while Python takes itself down would only make
            # another exit code of it.
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_IGN)
        raise


if __name__ == "__main__":
    main()
