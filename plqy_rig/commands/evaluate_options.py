"""The options of `plqy evaluate`; `plqy report` shares those that say how runs are evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders or files.")]
Windows = Annotated[
    list[str] | None, typer.Option("--window", metavar="NAME|lo:hi", help="Emission window in nm.")
]
PowerRange = Annotated[
    str | None, typer.Option("--range", metavar="lo:hi", help="Power densities of the mean, mW/cm².")
]
Response = Annotated[
    Path | None,
    typer.Option("--response", metavar="RECORD", help="Another response record; both results are shown."),
]
ResponseBehindLongPass = Annotated[
    Path | None,
    typer.Option(
        metavar="RECORD",
        help="Response measured with the long-pass in place, for the emission: nothing is divided by then.",
    ),
]
Estimator = Annotated[
    str,
    typer.Option(
        metavar="auto|pooled|per_step",
        help="Absorptance of each step: one from all steps, or its own; auto: pooled unless it has a trend.",
    ),
]
Leakage = Annotated[
    str,
    typer.Option(
        metavar="laser|fixed", help="Empty emission scaled with the laser light present, or taken as it is."
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(metavar="lo:hi", help="Dark region in nm whose mean counts are taken off the spectra."),
]
LocalBaseline = Annotated[
    str | None,
    typer.Option(
        metavar="lo:hi,lo:hi", help="Two flanks in nm; a straight line between them is taken off each window."
    ),
]
Reabsorption = Annotated[
    float, typer.Option(metavar="A", help="Re-absorbed share of the emission, for corrected yields beside.")
]
ReabsorptionUncertainty = Annotated[
    float | None,
    typer.Option(
        "--u-reabsorption",
        metavar="U",
        help="Standard uncertainty of that share, for the budget; without both what the spectra allow.",
    ),
]
Birge = Annotated[
    bool, typer.Option("--birge", help="Enlarge the mean's random uncertainty by the Birge factor.")
]
MonteCarlo = Annotated[
    int, typer.Option(metavar="N", help="Draws for each step; intervals come from them (1e5 is plenty).")
]
Seed = Annotated[int, typer.Option(help="Seed of the draws; stored with the result.")]
Fits = Annotated[bool, typer.Option("--fits", help="Fit models of the power dependence.")]
Stages = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write every intermediate spectrum there, as CSV, for each role."),
]
Jobs = Annotated[int, typer.Option(min=1, help="Processes that evaluate runs at the same time.")]
