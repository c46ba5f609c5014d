"""What a plot shows as a file: a picture, or its numbers as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from numpy.typing import ArrayLike
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtSvg import QSvgGenerator
from PyQt6.QtWidgets import QWidget

from drivers.errors import RigError
from plqy_rig.data.errors import storage_error

PICTURE_WIDTH_PX = 2000
"""Wide enough for a column of a printed page at 600 dots per inch."""


@dataclass(frozen=True)
class Column:
    """A column of the table behind a plot.

    Attributes:
        name: its heading.
        unit: of its values; ``"1"`` for a plain number, empty for text.
        values: one per row; columns may differ in length.
    """

    name: str
    unit: str
    values: ArrayLike | Sequence[str]


def table_text(columns: Sequence[Column], separator: str = ",") -> str:
    """The table as text: names, units, then the rows. Numbers in full precision, none is an empty cell."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter=separator, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerow([column.unit for column in columns])
    cells = [[_cell(value) for value in list(column.values)] for column in columns]  # type: ignore[arg-type]
    writer.writerows(zip_longest(*cells, fillvalue=""))
    return output.getvalue()


def write_csv(columns: Sequence[Column], path: Path) -> None:
    """Write the table; raises `StorageError` where that isn't possible."""
    try:
        path.write_text(table_text(columns), encoding="utf-8")
    except OSError as error:
        raise storage_error(error, "write", path) from error


def save_picture(canvas: QWidget, path: Path) -> None:
    """Save a plot as it is seen: PNG, or SVG where the name ends in ``.svg``.

    Raises:
        RigError: the file could not be written.
    """
    done = _save_svg(canvas, path) if path.suffix.lower() == ".svg" else _save_image(canvas, path)
    if not done:
        raise RigError(
            f"could not write {path}: choose a folder you may write to and a name ending in .png or .svg"
        )


def _save_image(canvas: QWidget, path: Path) -> bool:
    scale = PICTURE_WIDTH_PX / max(1, canvas.width())
    image = QImage(PICTURE_WIDTH_PX, round(canvas.height() * scale), QImage.Format.Format_RGB32)
    image.setDotsPerMeterX(round(600 / 0.0254))
    image.setDotsPerMeterY(round(600 / 0.0254))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    canvas.render(painter)
    painter.end()
    return image.save(str(path))


def _save_svg(canvas: QWidget, path: Path) -> bool:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(canvas.size())
    generator.setViewBox(canvas.rect())
    painter = QPainter()
    if not painter.begin(generator):
        return False
    canvas.render(painter)
    painter.end()
    return path.exists()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return repr(number) if math.isfinite(number) else ""
