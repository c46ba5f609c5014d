"""The window's themes: their colours, and the style sheet made of them."""

from plqy_rig.gui.themes.colours import DARK, DARK_ROOM, LIGHT, THEMES, Theme
from plqy_rig.gui.themes.style_sheet import style_sheet

__all__ = ["DARK", "DARK_ROOM", "LIGHT", "THEMES", "Theme", "style_sheet"]
