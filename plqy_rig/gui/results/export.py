"""Writing what is shown: the paper's figures, tables as CSV, the HTML report. For threads; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from matplotlib.figure import Figure

from drivers.errors import ConfigurationError
from plqy_rig.data.errors import storage_error
from plqy_rig.gui.results.reading import Reading, compared
from plqy_rig.report import (
    FigureFormat,
    comparison_figures,
    file_names,
    report_document,
    run_figures,
    save_figures,
    write_csv,
    write_html,
)

FORMATS = ("svg", "pdf", "png")
_PNG_DOTS_PER_INCH = 300

_ONE_AT_A_TIME = Lock()
"""matplotlib's settings are the whole process's: two threads must not draw at once."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        paths: of the files.
        sentence: for the message bar.
    """

    paths: tuple[Path, ...]
    sentence: str


def export_figures(reading: Reading, folder: Path, form: str, density_mw_per_cm2: float) -> Exported:
    """Write every figure of the open runs, and of their comparison, into a folder.

    Args:
        reading: what is open.
        folder: is made where it doesn't exist.
        form: one of `FORMATS`.
        density_mw_per_cm2: of the emission spectra.

    Raises:
        ConfigurationError: an unknown format.
        StorageError: a file can't be written.
    """
    if form not in FORMATS:
        raise ConfigurationError(f"figures: {form!r} must be one of {', '.join(FORMATS)}")
    named: dict[str, Figure] = {}
    with _ONE_AT_A_TIME:
        for subject in reading.subjects:
            named |= file_names(subject, run_figures(subject, density_mw_per_cm2))
        comparison, _ = compared(reading.runs, reading.choices)
        if comparison is not None:
            named |= {item.name: item.figure for item in comparison_figures(comparison, density_mw_per_cm2)}
        png = form == "png"
        paths = _save_png(named, folder) if png else save_figures(named, folder, FigureFormat(form))
    return Exported(tuple(paths), f"{len(paths)} figures in {folder}")


def export_csv(reading: Reading, path: Path) -> Exported:
    """Write the steps and, beside them, the means; raises `StorageError`."""
    paths = write_csv(reading.subjects, path)
    return Exported(paths, f"{paths[0].name} and {paths[1].name} in {path.parent}")


def export_report(reading: Reading, path: Path, density_mw_per_cm2: float) -> Exported:
    """Write the HTML report of the open runs; raises `StorageError`."""
    with _ONE_AT_A_TIME:
        comparison, _ = compared(reading.runs, reading.choices)
        document = report_document(reading.subjects, comparison, density_mw_per_cm2)
        write_html(document, path)
    return Exported((path,), f"report: {path}")


def _save_png(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """As `save_figures`, in dots: for slides and messages."""
    paths: list[Path] = []
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            path = folder / f"{name}.png"
            # White, not see-through: a dark viewer would swallow dark letters.
            figure.savefig(path, format="png", dpi=_PNG_DOTS_PER_INCH, facecolor="white")
            paths.append(path)
    except OSError as error:
        raise storage_error(error, "write the figure", path) from error
    return paths
