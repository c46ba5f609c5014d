"""Figures as text inside a document, and as files for a paper."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from enum import StrEnum
from html import escape
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from plqy_rig.data.errors import storage_error
from plqy_rig.report.style import COLOUR_NAMES, file_settings


class FigureFormat(StrEnum):
    """Formats of figure files."""

    SVG = "svg"
    """Letters as outlines: looks the same everywhere."""
    PDF = "pdf"
    """Letters as embedded TrueType fonts."""


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """A figure as an SVG element for an HTML document.

    Its colours are the document's (`var(--figure-blue)` ...), so that it follows light and dark; its
    letters are text in the document's typeface; its ids begin with `name`, so that several figures can
    stand in one document.

    Args:
        figure: to draw.
        name: letters, digits and hyphens, different for each figure of a document.
        description: what it shows, for people who can't see it.
    """
    buffer = io.StringIO()
    with mpl.rc_context(file_settings(**{"svg.fonttype": "none"})):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    for colour, colour_name in COLOUR_NAMES.items():
        body = body.replace(colour, f"var(--figure-{colour_name})")
    body = body.replace("'DejaVu Sans'", "var(--figure-font)")
    head, rest = body.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = escape(description, quote=True)
    return f'{head} role="img" aria-label="{label}">{rest}'


def save_figures(figures: Mapping[str, Figure], folder: Path, form: FigureFormat) -> list[Path]:
    """Save figures as `<name>.<format>` into a folder, which is made; over older ones.

    Raises:
        StorageError: the folder or a file can't be written.
    """
    paths = []
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            path = folder / f"{name}.{form}"
            with mpl.rc_context(file_settings(**{"svg.fonttype": "path"})):
                metadata = {"Date": None} if form is FigureFormat.SVG else {"CreationDate": None}
                figure.savefig(path, format=str(form), metadata=metadata)
            paths.append(path)
    except OSError as error:
        raise storage_error(error, "write the figure", path) from error
    return paths
