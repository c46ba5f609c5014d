"""Our own icons: line drawings on a 24 x 24 grid, in whatever colour the theme asks for."""

from plqy_rig.gui.icons.drawings import NAMES
from plqy_rig.gui.icons.render import drawn_icon, drawn_picture, pixel_ratio, written_pictures

__all__ = ["NAMES", "drawn_icon", "drawn_picture", "pixel_ratio", "written_pictures"]
