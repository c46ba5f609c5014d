"""Icons from their drawings, at every size a screen may ask for."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from plqy_rig.gui.icons.drawings import DRAWINGS, UNKNOWN

_SIZES = (16, 20, 24, 32, 48, 64, 96, 128)
_PICTURE_SIZE = 32
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" '
    'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" color="{colour}">{drawing}</svg>'
)


def _pixmap(name: str, colour: str, size: int) -> QPixmap:
    # currentColor isn't understood by every version of the renderer, so it is written out.
    drawing = DRAWINGS.get(name, UNKNOWN).replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(_SVG.format(colour=colour, drawing=drawing).encode()))
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


@cache
def drawn_icon(name: str, colour: str) -> QIcon:
    """An icon in a colour ("#rrggbb"); an unknown name gives a question mark in a box."""
    icon = QIcon()
    for size in _SIZES:
        pixmap = _pixmap(name, colour, size)
        icon.addPixmap(pixmap)
        # Without one of its own Qt makes a grey one for disabled buttons: not a colour of every theme.
        icon.addPixmap(pixmap, QIcon.Mode.Disabled)
    return icon


# Pictures must not outlive the application, which Qt takes away before Python clears its modules.
atexit.register(drawn_icon.cache_clear)


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="plqy-gui-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def written_pictures(theme_name: str, colour: str, on_accent: str) -> dict[str, str]:
    """Files of the pictures that the style sheet names.

    Args:
        theme_name: keeps the themes' files apart.
        colour: of arrows and crosses.
        on_accent: of the check mark, which stands on the accent colour.
    """
    wanted = {
        "arrow_up": ("arrow-up", colour),
        "arrow_down": ("arrow-down", colour),
        "check": ("tick", on_accent),
        "close": ("close", colour),
        "float": ("float", colour),
    }
    files = {}
    for key, (name, ink) in wanted.items():
        path = _folder() / f"{theme_name}-{key}.png"
        _pixmap(name, ink, _PICTURE_SIZE).save(str(path))
        files[key] = path.as_posix()
    return files
