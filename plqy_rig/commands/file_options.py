"""The options of `plqy evaluate-files`, as the command line declares them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _files(words: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="F", help=words)
    return option


def _text(metavar: str, words: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar=metavar, help=words)
    return option


Empty = Annotated[list[Path], _files("Empty sphere; without --indirect the blank.")]
Indirect = Annotated[list[Path] | None, _files("Sample lit by scattered light; without it: 2M.")]
Direct = Annotated[list[Path], _files("Sample in the beam.")]
IndirectEmission = Annotated[list[Path] | None, _files("Emission, sample lit by scattered light.")]
DirectEmission = Annotated[list[Path] | None, _files("Emission, sample in the beam.")]
EmptyEmission = Annotated[list[Path] | None, _files("Emission window without a sample.")]
LaserWindow = Annotated[str, _text("lo:hi", "Laser window in nm.")]
EmissionWindows = Annotated[list[str], _text("[NAME=]lo:hi", "Emission window in nm.")]
Quantity = Annotated[str | None, _text("QUANTITY", "What the values are: counts, irradiance or photons.")]
Response = Annotated[Path | None, _text("F", "Curve by which counts are multiplied.")]
ResponseUnit = Annotated[
    str | None,
    _text(
        "UNIT",
        "relative-energy, relative-photons, uJ/count, W/nm/(count/s), photons/count or photons/nm/count.",
    ),
]
DivideByResponse = Annotated[bool, typer.Option(help="The curve is a sensitivity: counts are divided by it.")]
ResponseUncertainty = Annotated[
    float, _text("U", "Relative uncertainty of the response's ratio emission/laser.")
]
Columns = Annotated[list[str] | None, _text("[ROLE=]NAME|N", "Intensity column; several are repeats.")]
IntegrationTimes = Annotated[list[str] | None, _text("[ROLE=]S", "Integration time in s.")]
Darks = Annotated[list[str] | None, _text("[ROLE=]F", "Dark spectrum.")]
Powers = Annotated[list[str] | None, _text("ROLE=P", "Laser power while a role was measured.")]
LongPass = Annotated[Path | None, _text("F", "Transmission of the emission filter, 0 to 1.")]
Per = Annotated[str | None, _text("pixel|nm", "Values are contents of pixels, or densities per nm.")]
Baseline = Annotated[str | None, _text("lo:hi", "Region without light; its mean is subtracted.")]
Leakage = Annotated[str | None, _text("laser|fixed", "How the empty sphere's emission is subtracted.")]
SampleName = Annotated[str | None, _text("NAME", "Name of the sample.")]
