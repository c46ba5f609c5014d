"""The colours of each theme. Series' colours are those of Okabe and Ito (Color Universal Design, 2008).

The dark-room theme emits red alone: green and blue are 0 in every colour, so that adapted eyes and the
spectrometer's room stay as they are. There, things are told apart by brightness, symbol and line style.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for, as "#rrggbb".

    Attributes:
        name: "light", "dark" or "dark-room".
        title: as people read it.
        is_dark: whether the background is darker than the text.
        background: behind everything.
        surface: cards, panels, tables.
        raised: on a surface: fields, buttons.
        hover: under the pointer.
        selection: selected rows and the page shown.
        border: lines between things.
        text: ink.
        muted: what is less important; still readable.
        accent: what can be pressed, what is chosen.
        on_accent: text on accent.
        good: all is well.
        warning: something to look at.
        bad: something is wrong.
        on_state: text on good, warning and bad.
        emergency: the emergency button.
        on_emergency: its text.
        plot_background: behind curves.
        grid: lines behind curves.
        axis: axes and their ticks.
        band: shaded windows in plots.
        series: colours of series, in this order.
        roles: colour of each role of a spectrum.
    """

    name: str
    title: str
    is_dark: bool
    background: str
    surface: str
    raised: str
    hover: str
    selection: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    on_state: str
    emergency: str
    on_emergency: str
    plot_background: str
    grid: str
    axis: str
    band: str
    series: tuple[str, ...]
    roles: dict[str, str]


LIGHT = Theme(
    name="light",
    title="Light",
    is_dark=False,
    background="#f3f5f7",
    surface="#ffffff",
    raised="#f7f9fa",
    hover="#e9eef3",
    selection="#dbe9f5",
    border="#d3d9e0",
    text="#1c2127",
    muted="#5b6673",
    accent="#0b62a3",
    on_accent="#ffffff",
    good="#00795a",
    warning="#8f6200",
    bad="#b3370a",
    on_state="#ffffff",
    emergency="#c31212",
    on_emergency="#ffffff",
    plot_background="#ffffff",
    grid="#c9d0d8",
    axis="#616b78",
    band="#0072b2",
    series=("#0072b2", "#d55e00", "#009e73", "#b8578f", "#c98a00", "#3b9fd8"),
    roles={
        "empty_excitation": "#009e73",
        "indirect_excitation": "#d55e00",
        "direct_excitation": "#0072b2",
        "direct_emission": "#3b9fd8",
        "indirect_emission": "#c98a00",
        "empty_emission": "#b8578f",
    },
)

DARK = Theme(
    name="dark",
    title="Dark",
    is_dark=True,
    background="#15191e",
    surface="#1d2329",
    raised="#272e36",
    hover="#303943",
    selection="#1f4460",
    border="#39424c",
    text="#e7ebef",
    muted="#9ba7b4",
    accent="#4aa3df",
    on_accent="#0b1116",
    good="#3fc79a",
    warning="#e8b23a",
    bad="#ff7a45",
    on_state="#0b1116",
    emergency="#d92121",
    on_emergency="#ffffff",
    plot_background="#1d2329",
    grid="#3d4650",
    axis="#9ba7b4",
    band="#56b4e9",
    series=("#4aa3df", "#f0803c", "#2fc297", "#d884b4", "#e0b040", "#8ccdf2"),
    roles={
        "empty_excitation": "#2fc297",
        "indirect_excitation": "#f0803c",
        "direct_excitation": "#3d94d4",
        "direct_emission": "#8ccdf2",
        "indirect_emission": "#e0b040",
        "empty_emission": "#d884b4",
    },
)

DARK_ROOM = replace(
    DARK,
    name="dark-room",
    title="Dark room (red)",
    background="#080000",
    surface="#120000",
    raised="#1e0000",
    hover="#2c0000",
    selection="#460000",
    border="#4a0000",
    text="#e60000",
    muted="#ba0000",
    accent="#d00000",
    on_accent="#080000",
    good="#b40000",
    warning="#dc0000",
    bad="#ff0000",
    on_state="#080000",
    emergency="#ff0000",
    on_emergency="#000000",
    plot_background="#120000",
    grid="#400000",
    axis="#a00000",
    band="#a00000",
    series=("#ff0000", "#b40000", "#e00000", "#900000", "#cc0000", "#7c0000"),
    roles={
        "empty_excitation": "#7c0000",
        "indirect_excitation": "#b40000",
        "direct_excitation": "#e60000",
        "direct_emission": "#ff0000",
        "indirect_emission": "#cc0000",
        "empty_emission": "#900000",
    },
)

THEMES: dict[str, Theme] = {theme.name: theme for theme in (LIGHT, DARK, DARK_ROOM)}
"""Every theme by its name."""
