"""How the window looks: the theme in force, styles of roles and states, icons, plots.

theme.on_change(self._restyle)                     call it after the theme or the font size was changed
theme.current().accent                             a colour, "#rrggbb"
theme.role_style("direct_emission")                colour, symbol, dash and words of a role
theme.dress_plot(plot_widget)                      a pyqtgraph widget in the theme's colours
theme.icon("queue")                                one of our own icons, in the text's colour
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from PyQt6 import sip
from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPalette, QPen, QPixmap
from PyQt6.QtWidgets import QApplication, QWidget

from plqy_rig.gui.icons import drawn_icon, drawn_picture, pixel_ratio, written_pictures
from plqy_rig.gui.themes import DARK, LIGHT, THEMES, Theme, style_sheet

FOLLOW_SYSTEM = "system"
"""The choice that takes light or dark as the desktop does."""

DEFAULT_FONT_SIZE_PT = 10.0
FONT_SIZES_PT = (8.0, 9.0, 10.0, 11.0, 12.0, 14.0, 16.0, 20.0)


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn and named; each of colour, symbol and dash tells it apart.

    Attributes:
        colour: "#rrggbb" of the theme in force.
        symbol: pyqtgraph's name of a marker.
        dash: style of its line.
        label: for legends; empty for numbered series.
    """

    colour: str
    symbol: str
    dash: Qt.PenStyle
    label: str = ""


@dataclass(frozen=True)
class StateStyle:
    """How good, warning, bad and unknown are shown: never by colour alone.

    Attributes:
        colour: "#rrggbb".
        symbol: one character.
        word: what it says.
    """

    colour: str
    symbol: str
    word: str


_SOLID, _DASH, _DOT = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine
_DASH_DOT, _DASH_DOT_DOT = Qt.PenStyle.DashDotLine, Qt.PenStyle.DashDotDotLine

_ROLES = {
    "empty_excitation": ("o", _DOT, "empty sphere (laser)"),
    "indirect_excitation": ("s", _DASH, "indirect (laser)"),
    "direct_excitation": ("t", _DASH_DOT, "direct (laser)"),
    "direct_emission": ("d", _SOLID, "direct (emission)"),
    "indirect_emission": ("p", _DASH_DOT_DOT, "indirect (emission)"),
    "empty_emission": ("x", _DOT, "empty sphere (emission)"),
}
_SYMBOLS = ("o", "s", "t1", "d", "t", "x", "p", "star")
_DASHES = (_SOLID, _DASH, _DASH_DOT, _DOT, _DASH_DOT_DOT)
_STATES = {
    "good": ("✔", "good"),
    "warning": ("▲", "warning"),
    "bad": ("✖", "bad"),
    "unknown": ("?", "unknown"),
}


class ThemeManager(QObject):
    """Holds the theme in force and dresses the application with it."""

    def __init__(self) -> None:
        super().__init__()
        self.choice = FOLLOW_SYSTEM
        self.font_size_pt = DEFAULT_FONT_SIZE_PT
        self._theme = LIGHT
        # No signal: PyQt keeps a connection to a deleted widget until the signal is emitted again, and every
        # notice that was ever shown would stay with a kilobyte.
        self._followers: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def theme(self) -> Theme:
        """Get the theme in force."""
        return self._theme

    def choose(self, choice: str, font_size_pt: float | None = None) -> None:
        """Take a theme by name, or `FOLLOW_SYSTEM`; unknown names follow the system.

        Args:
            choice: a name of THEMES or "system".
            font_size_pt: of ordinary text; None leaves it.
        """
        self.choice = choice if choice in THEMES else FOLLOW_SYSTEM
        self.font_size_pt = font_size_pt or self.font_size_pt
        self._theme = THEMES.get(self.choice) or system_theme()
        self._dress()
        for follower, names in list(self._followers.items()):
            for name in names:
                if not sip.isdeleted(follower):
                    getattr(follower, name)()

    def follow(self, redraw: Callable[[], object]) -> None:
        """Call a QObject's method after every change, as long as the object lives."""
        method: Any = redraw
        self._followers.setdefault(method.__self__, []).append(method.__name__)

    def _system_changed(self) -> None:
        if self.choice == FOLLOW_SYSTEM:
            self.choose(FOLLOW_SYSTEM)

    def _dress(self) -> None:
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            return
        application.setPalette(_palette(self._theme))
        pictures = written_pictures(self._theme.name, self._theme.text, self._theme.on_accent)
        application.setStyleSheet(style_sheet(self._theme, self.font_size_pt, pictures))


_manager: ThemeManager | None = None


def manager() -> ThemeManager:
    """The one theme manager; made when first asked for, after the QApplication."""
    global _manager
    if _manager is None:
        _manager = ThemeManager()
    return _manager


def current() -> Theme:
    """The theme in force."""
    return manager().theme


def system_theme() -> Theme:
    """Light or dark, as the desktop says; light when it doesn't say."""
    hints = QGuiApplication.styleHints()
    dark = hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def role_style(role: str) -> SeriesStyle:
    """Colour, symbol, dash and words of a role (a value of Role), the same in every plot."""
    symbol, dash, label = _ROLES[role]
    return SeriesStyle(current().roles[role], symbol, dash, label)


def series_style(index: int) -> SeriesStyle:
    """How the index-th of several runs or quantities is drawn."""
    series = current().series
    return SeriesStyle(
        series[index % len(series)], _SYMBOLS[index % len(_SYMBOLS)], _DASHES[index % len(_DASHES)]
    )


def state_style(state: str) -> StateStyle:
    """How "good", "warning", "bad" or "unknown" is shown."""
    symbol, word = _STATES.get(state, _STATES["unknown"])
    colours = {"good": current().good, "warning": current().warning, "bad": current().bad}
    return StateStyle(colours.get(state, current().muted), symbol, word)


def pen(colour: str, width: float = 1.5, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen for pyqtgraph: cosmetic, so that the width is the same whatever the zoom.

    Qt counts a cosmetic width in the screen's own pixels: on a fine screen it takes more of them. Hairlines
    stay one pixel wide, which is quick to draw.
    """
    ratio = 1.0 if width <= 1.0 else pixel_ratio()
    result = QPen(QColor(colour), width * ratio, dash)
    result.setCosmetic(True)
    return result


def role_pen(role: str, width: float = 1.5) -> QPen:
    """The pen of a role."""
    style = role_style(role)
    return pen(style.colour, width, style.dash)


def translucent(colour: str, opacity: float) -> QColor:
    """A colour that lets through what is behind it; opacity from 0 to 1."""
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


def icon(name: str, colour: str | None = None) -> QIcon:
    """One of our icons, sharp on every screen.

    Args:
        name: one of `plqy_rig.gui.icons.NAMES`.
        colour: "#rrggbb"; the text's colour when None.
    """
    return drawn_icon(name, colour or current().text)


def picture(name: str, colour: str, size: int) -> QPixmap:
    """One of our icons for a label: drawn in this size alone, where `icon` draws every size of a button.

    Args:
        name: one of `plqy_rig.gui.icons.NAMES`.
        colour: "#rrggbb".
        size: width and height, in the layout's pixels.
    """
    return drawn_picture(name, colour, size)


def fixed_font(size_ratio: float = 1.0) -> QFont:
    """A font in which all digits and letters are equally wide, for logs and code."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(manager().font_size_pt * size_ratio)
    return font


def set_property(widget: QWidget, name: str, value: Any) -> None:
    """Change a property that the style sheet looks at, and have the widget restyled."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)
    widget.update()


def dress_plot(plot: Any) -> None:
    """Dress a pyqtgraph PlotWidget or GraphicsLayoutWidget with the theme in force."""
    import pyqtgraph

    theme = current()
    plot.setBackground(theme.plot_background)
    items = [plot.getPlotItem()] if isinstance(plot, pyqtgraph.PlotWidget) else plot.ci.items
    for item in items:
        if isinstance(item, pyqtgraph.PlotItem):
            _dress_plot_item(item, theme)


def _dress_plot_item(item: Any, theme: Theme) -> None:
    for axis in (entry["item"] for entry in item.axes.values()):
        axis.setPen(pen(theme.axis, 1.0))
        axis.setTextPen(theme.text)
        axis.setStyle(tickFont=_plot_font())
        if axis.labelText:
            # Without its text the label would be lost.
            size = f"{manager().font_size_pt:g}pt"
            axis.setLabel(axis.labelText, axis.labelUnits or None, **{"color": theme.text, "font-size": size})
    item.showGrid(x=True, y=True, alpha=0.25)
    if item.titleLabel.text:
        item.setTitle(item.titleLabel.text, color=theme.text)
    if item.legend is not None:
        item.legend.setLabelTextColor(theme.text)


def _plot_font() -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(manager().font_size_pt * 0.9)
    return font


def on_change(redraw: Callable[[], object]) -> None:
    """Call a widget's method after every change of theme or font size, as long as the widget lives."""
    manager().follow(redraw)


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.background,
        role.WindowText: theme.text,
        role.Base: theme.surface,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Light: theme.hover,
        role.Midlight: theme.raised,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.background,
        role.Accent: theme.accent,
    }
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.muted))
    return palette
