"""The options of `plqy report` and `plqy compare`. Light: `plqy --help` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders or files.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="HTML file; report.html if nothing else is asked for."
    ),
]
ComparisonOutput = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="HTML file with tables and figures.")
]
Windows = Annotated[
    list[str] | None, typer.Option("--window", metavar="NAME|lo:hi", help="Emission window in nm.")
]
Window = Annotated[str, typer.Option("--window", metavar="NAME|lo:hi", help="Emission window in nm.")]
PowerRange = Annotated[
    str | None, typer.Option("--range", metavar="lo:hi", help="Power densities of the mean, mW/cm².")
]
Density = Annotated[
    float, typer.Option("--density", metavar="MW_PER_CM2", help="Power density of the spectra shown.")
]
Figures = Annotated[
    Path | None, typer.Option("--figures", metavar="DIR", help="Folder for each figure as a file.")
]
Format = Annotated[str, typer.Option("--format", metavar="svg|pdf", help="Format of figure files.")]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Table of all steps; the means go to FILE_means.csv."),
]
RatioTo = Annotated[
    str | None, typer.Option("--ratio-to", metavar="SAMPLE", help="Sample below every ratio.")
]
