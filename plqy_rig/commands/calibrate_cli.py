"""The command groups `plqy calibrate` and `plqy records`. Light: `plqy --help` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plqy_rig.commands.common_options import Condition, Fault, Json, RigOption, Sample, Seed, Sim, Speed
from plqy_rig.commands.exit_codes import errors_as_exit_codes

calibrate_app = typer.Typer(
    name="calibrate",
    help="Guided calibrations: operator steps, quality gates, shown before they are kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
records_app = typer.Typer(
    name="records",
    help="Calibration records: list them, show one, check them all.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Yes = Annotated[bool, typer.Option("--yes", help="Keep what passes the gates without asking.")]
Who = Annotated[str, typer.Option("--operator", help="Who does it; your login name by default.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="For the records, instead of the rig's calibration folder.")
]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Parameter of the calibration.")
]
Area = Annotated[
    float | None, typer.Option("--collecting-area-cm2", help="For a certificate of irradiance (uW/cm2/nm).")
]
CertificatePercent = Annotated[
    float | None,
    typer.Option(
        "--certificate-percent", help="One uncertainty for all rows, in per cent; otherwise column 3."
    ),
]
AbsoluteColumn = Annotated[
    bool, typer.Option("--absolute-column", help="Column 3 is in the unit of column 2, not in per cent.")
]
Coverage = Annotated[float, typer.Option("--coverage-factor", help="k of the certificate's uncertainty.")]
ProfilesX = Annotated[
    list[Path] | None, typer.Option("--profile-x", metavar="FILE", help="Profiler export, one per position.")
]
ProfilesY = Annotated[list[Path] | None, typer.Option("--profile-y", metavar="FILE", help="Along y.")]
Micrometres = Annotated[bool, typer.Option("--micrometres", help="Positions are in µm, not mm.")]
SlitWidth = Annotated[float, typer.Option("--slit-width", metavar="MM", help="Of the profiler.")]
DiameterX = Annotated[float | None, typer.Option("--diameter-x", metavar="MM", help="D4sigma, typed.")]
DiameterY = Annotated[float | None, typer.Option("--diameter-y", metavar="MM", help="D4sigma, typed.")]
DiameterUncertainty = Annotated[float, typer.Option("--diameter-uncertainty", metavar="MM")]
Plane = Annotated[str, typer.Option("--plane", help="Where the beam was measured.")]

_HELP = {
    "detector": "Darks and linearity, with the lamp.",
    "wavelength": "The pixels' wavelengths against the laser's line.",
    "response": "Sphere, fibre and spectrometer against the lamp, seated three times.",
    "long-pass": "The emission filter, with the lamp.",
    "wheel": "The attenuator's curve, up and back.",
    "monitor": "Power into the sphere over monitor power, with a reference head.",
    "mode-hop": "Where the laser hops between modes; a quiet temperature, for the rig file.",
    "laser-check": "The absolute scale against the laser's power; says what is wrong if it fails.",
}


def _one(name: str) -> None:
    """Register a calibration that needs the rig and nothing but parameters."""

    @calibrate_app.command(name, help=_HELP[name])
    def command(
        rig: RigOption = None,
        sim: Sim = False,
        yes: Yes = False,
        json: Json = False,
        operator: Who = "",
        folder: Folder = None,
        changes: Changes = None,
        sample: Sample = "HET-Ce",
        seed: Seed = 1,
        speed: Speed = 100.0,
        fault: Fault = None,
        condition: Condition = None,
    ) -> None:
        _run((name,), dict(locals()))


for _name in _HELP:
    _one(_name)


@calibrate_app.command()
def lamp(
    rig: RigOption = None,
    sim: Sim = False,
    yes: Yes = False,
    json: Json = False,
    operator: Who = "",
    folder: Folder = None,
    collecting_area_cm2: Area = None,
    uncertainty_percent: CertificatePercent = None,
    absolute_column: AbsoluteColumn = False,
    coverage_factor: Coverage = 2.0,
) -> None:
    """The certificate that the rig file names, as a record; the response needs it."""
    _run(("lamp",), dict(locals()))


@calibrate_app.command()
def beam(
    rig: RigOption = None,
    sim: Sim = False,
    yes: Yes = False,
    json: Json = False,
    operator: Who = "",
    folder: Folder = None,
    profile_x: ProfilesX = None,
    profile_y: ProfilesY = None,
    micrometres: Micrometres = False,
    slit_width_mm: SlitWidth = 0.0,
    diameter_x_mm: DiameterX = None,
    diameter_y_mm: DiameterY = None,
    diameter_uncertainty_mm: DiameterUncertainty = 0.1,
    plane: Plane = "at the sample",
) -> None:
    """The beam's D4sigma diameters, from a profiler's files or typed."""
    _run(("beam",), dict(locals()))


@calibrate_app.command("all")
def everything(
    rig: RigOption = None,
    sim: Sim = False,
    yes: Yes = False,
    json: Json = False,
    operator: Who = "",
    folder: Folder = None,
    changes: Changes = None,
    sample: Sample = "HET-Ce",
    seed: Seed = 1,
    speed: Speed = 100.0,
    fault: Fault = None,
    condition: Condition = None,
    collecting_area_cm2: Area = None,
    uncertainty_percent: CertificatePercent = None,
    absolute_column: AbsoluteColumn = False,
    coverage_factor: Coverage = 2.0,
    profile_x: ProfilesX = None,
    profile_y: ProfilesY = None,
    micrometres: Micrometres = False,
    slit_width_mm: SlitWidth = 0.0,
    diameter_x_mm: DiameterX = None,
    diameter_y_mm: DiameterY = None,
    diameter_uncertainty_mm: DiameterUncertainty = 0.1,
    plane: Plane = "at the sample",
) -> None:
    """The whole set in the right order; the lamp warms up once, the laser check comes last."""
    _run((), dict(locals()))


def _run(names: tuple[str, ...], options: dict[str, Any]) -> None:
    with errors_as_exit_codes():
        from plqy_rig.calibration_session import BeamInput, LampInput, SessionRequest
        from plqy_rig.commands import calibrate as commands

        for key in ("profile_x", "profile_y", "changes"):
            options[key] = tuple(options.get(key) or ())
        request = SessionRequest(
            names=names or commands.ORDER,
            lamp=LampInput(**_those_of(LampInput, options)),
            beam=BeamInput(**_those_of(BeamInput, options)),
            **{key: options[key] for key in ("operator", "changes", "folder")},
        )
        bench = _bench(options, with_records=bool(names)) if options["sim"] else None
        commands.calibrate(
            commands.CalibrateCall(request, options["rig"], bench, options["yes"], options["json"])
        )


def _those_of(kind: Any, options: dict[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in kind.__dataclass_fields__ if key in options}


def _bench(options: dict[str, Any], *, with_records: bool) -> Any:
    from plqy_rig.bench_process import BenchRequest

    keys = [key for key in ("sample", "seed", "speed") if key in options]
    return BenchRequest(
        faults=tuple(options.get("fault") or ()),
        conditions=tuple(options.get("condition") or ()),
        with_records=with_records,
        **{key: options[key] for key in keys},
    )


RecordsFolder = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Calibration folder.")]


@records_app.command("list")
def list_records(folder: RecordsFolder = None, rig: RigOption = None, json: Json = False) -> None:
    """Every record with its state, newest of each kind first."""
    with errors_as_exit_codes():
        from plqy_rig.commands import records as commands

        commands.list_records(folder, rig, as_json=json)


@records_app.command()
def show(
    reference: Annotated[str, typer.Argument(metavar="RECORD", help="Path, or six or more of its hash.")],
    folder: RecordsFolder = None,
    rig: RigOption = None,
    json: Json = False,
) -> None:
    """One record: what, when, by whom, with which instruments and records, how uncertain."""
    with errors_as_exit_codes():
        from plqy_rig.commands import records as commands

        commands.show(reference, folder, rig, as_json=json)


@records_app.command()
def check(folder: RecordsFolder = None, rig: RigOption = None, json: Json = False) -> None:
    """Is there a valid record of every kind a sweep needs, and is none damaged? Exit code 5 if not."""
    with errors_as_exit_codes():
        from plqy_rig.commands import records as commands

        commands.check(folder, rig, as_json=json)


@records_app.command("import-response")
def import_response(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Wavelength in nm and response, two columns.")],
    unit: Annotated[str, typer.Option("--unit", help="uJ/count, W/nm/(count/s), photons/nm/count, ...")],
    scale_percent: Annotated[float, typer.Option("--scale-percent", help="One sigma of the common factor.")],
    shape_percent: Annotated[float, typer.Option("--shape-percent", help="One sigma of the shape.")],
    correlation_length_nm: Annotated[float, typer.Option("--correlation-length", metavar="NM")] = 150.0,
    rig: RigOption = None,
    folder: Folder = None,
    spectrometer: Annotated[str, typer.Option(help="Serial number; the rig file's by default.")] = "",
    pixels_of: Annotated[
        Path | None, typer.Option("--pixels-of", metavar="RECORD", help="A response with the right pixels.")
    ] = None,
    operator: Who = "",
    json: Json = False,
) -> None:
    """A response that another program measured, as a record; unit and uncertainty are never guessed."""
    options = dict(locals())
    with errors_as_exit_codes():
        from plqy_rig.commands.records_import import ImportCall, import_as_record

        as_json = options.pop("json")
        import_as_record(ImportCall(**options), as_json=as_json)
