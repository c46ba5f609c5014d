"""Icons from their drawings, at every size a screen may ask for."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from plqy_rig.gui.icons.drawings import DRAWINGS, UNKNOWN

_BUTTON_SIZES = (16, 20, 22, 24, 26)
"""As buttons, menus and the navigation show them, before the screen's pixel ratio: none is scaled."""
_PICTURE_SIZE = 32
_WHOLE, _MIDDLE = "0 0 24 24", "4 4 16 16"
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" fill="none" stroke="{colour}" '
    'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" color="{colour}">{drawing}</svg>'
)


def _pixmap(name: str, colour: str, size: int, box: str = _WHOLE) -> QPixmap:
    # currentColor isn't understood by every version of the renderer, so it is written out.
    drawing = DRAWINGS.get(name, UNKNOWN).replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(_SVG.format(box=box, colour=colour, drawing=drawing).encode()))
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def pixel_ratio() -> float:
    """The screen's own pixels for each pixel of a layout; of the finest screen where there are several."""
    application = QGuiApplication.instance()
    return application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0


@cache
def drawn_icon(name: str, colour: str) -> QIcon:
    """An icon for buttons in a colour ("#rrggbb"); an unknown name gives a question mark in a box."""
    icon = QIcon()
    for size in _BUTTON_SIZES:
        pixmap = _pixmap(name, colour, round(size * pixel_ratio()))
        icon.addPixmap(pixmap)
        # Without one of its own Qt makes a grey one for disabled buttons: not a colour of every theme.
        icon.addPixmap(pixmap, QIcon.Mode.Disabled)
    return icon


@cache
def drawn_picture(name: str, colour: str, size: int) -> QPixmap:
    """An icon's drawing for a label, `size` of the layout's pixels wide and high."""
    ratio = pixel_ratio()
    picture = _pixmap(name, colour, round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    return picture


# Pictures must not outlive the application, which Qt takes away before Python clears its modules.
atexit.register(drawn_icon.cache_clear)
atexit.register(drawn_picture.cache_clear)


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
        "arrow_up": ("arrow-up", colour, _WHOLE),
        "arrow_down": ("arrow-down", colour, _WHOLE),
        "check": ("tick", on_accent, _WHOLE),
        # Buttons of panels show their pictures very small: without the margin of a drawing they can be seen.
        "close": ("close", colour, _MIDDLE),
        "float": ("float", colour, _MIDDLE),
    }
    files = {}
    for key, (name, ink, box) in wanted.items():
        path = _folder() / f"{theme_name}-{key}.png"
        _pixmap(name, ink, _PICTURE_SIZE, box).save(str(path))
        files[key] = path.as_posix()
    return files
