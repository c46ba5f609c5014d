"""What a theme promises: red alone in the dark room, nothing told by colour alone, text that can be read."""

from __future__ import annotations

import gc
import itertools
import re
import weakref
from dataclasses import asdict

import pytest
from PyQt6 import sip
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtWidgets import QApplication

from calibration.roles import PASS_ORDER, Role
from plqy_rig.gui.icons import NAMES, drawn_icon, drawn_picture
from plqy_rig.gui.plots.spectrum_plot import SpectrumPlot
from plqy_rig.gui.themes import DARK_ROOM, THEMES, theme
from plqy_rig.gui.window.messages import _StateIcon

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@pytest.fixture(autouse=True)
def light_again(qapp):
    yield
    theme.manager().choose("light")


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_dark_room_emits_red_alone():
    colours = _COLOUR.findall(str(asdict(DARK_ROOM)))
    assert len(colours) > 30
    assert [colour for colour in colours if colour[3:] != "0000"] == []


def test_every_pixel_of_a_window_in_the_dark_room_is_red_alone(make_window, qtbot):
    window = make_window()
    theme.manager().choose("dark-room")
    qtbot.wait(50)
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    others = {
        picture.pixelColor(x, y).name()
        for x, y in itertools.product(range(0, picture.width(), 3), range(0, picture.height(), 3))
        if picture.pixelColor(x, y).green() or picture.pixelColor(x, y).blue()
    }
    assert others == set()


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("ink", ["text", "muted", "good", "warning", "bad"])
def test_text_can_be_read_on_every_surface(name, ink):
    chosen = THEMES[name]
    for ground in (chosen.background, chosen.surface, chosen.raised):
        assert contrast(getattr(chosen, ink), ground) >= 4.5


def test_the_dark_room_can_be_read_though_dim():
    for ink in (DARK_ROOM.text, DARK_ROOM.muted):
        assert contrast(ink, DARK_ROOM.surface) >= 2.5


def test_every_role_has_a_colour_a_symbol_and_words_in_every_theme(qapp):
    for name in THEMES:
        theme.manager().choose(name)
        styles = [theme.role_style(role.value) for role in Role]
        assert len({style.colour for style in styles}) == len(styles)
        assert len({style.symbol for style in styles}) == len(styles)
        assert all(style.label for style in styles)


def test_the_roles_of_a_run_are_told_apart_by_their_dashes_alone(qapp):
    five = [role for role in PASS_ORDER if role is not Role.EMPTY_EMISSION]
    assert len({theme.role_style(role).dash for role in five}) == len(five)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_lines_are_as_wide_and_icons_as_sharp_on_fine_screens(qapp, monkeypatch, ratio):
    monkeypatch.setattr(type(qapp), "devicePixelRatio", lambda _: ratio)
    drawn_icon.cache_clear()
    drawn_picture.cache_clear()
    assert theme.pen("#ff0000", 1.4).widthF() == pytest.approx(1.4 * ratio)
    assert theme.pen("#ff0000", 1.0).widthF() == 1.0
    sizes = {size.width() for size in theme.icon("laser", "#ff0001").availableSizes()}
    assert {round(size * ratio) for size in (16, 20, 22, 24, 26)} <= sizes
    picture = theme.picture("laser", "#ff0001", 56)
    assert (picture.width(), picture.devicePixelRatio()) == (round(56 * ratio), ratio)
    drawn_icon.cache_clear()
    drawn_picture.cache_clear()


def test_states_are_told_by_symbol_and_word_too(qapp):
    styles = [theme.state_style(state) for state in ("good", "warning", "bad", "unknown")]
    assert len({style.symbol for style in styles}) == 4
    assert len({style.word for style in styles}) == 4


def test_every_icon_draws_something_in_the_colour_asked_for(qapp):
    for name in NAMES:
        image = theme.icon(name, "#ff0000").pixmap(32, 32).toImage()
        pixels = [image.pixelColor(x, y) for x in range(32) for y in range(32)]
        inked = [pixel for pixel in pixels if pixel.alpha() > 128]
        assert inked, name
        assert all((pixel.green(), pixel.blue()) == (0, 0) for pixel in inked), name


def test_an_unknown_choice_follows_the_system(qapp):
    theme.manager().choose("mauve")
    assert theme.manager().choice == theme.FOLLOW_SYSTEM
    assert theme.current() is theme.system_theme()


def test_choosing_a_theme_dresses_the_application_and_tells_the_plots(qapp, qtbot):
    plot = SpectrumPlot("a plot")
    qtbot.addWidget(plot)
    theme.manager().choose("light")
    theme.manager().choose("dark")
    assert plot.canvas.backgroundBrush().color() == QColor(theme.current().plot_background)
    assert theme.current().surface in QApplication.instance().styleSheet()


def test_nothing_stays_of_what_was_deleted_though_the_theme_never_changed(qapp):
    followers = theme.manager()._followers
    gc.collect()
    before = len(followers), dead_references()
    for _ in range(50):
        label = _StateIcon("good")
        sip.delete(label)
        del label
    gc.collect()
    now = len(followers), dead_references()
    assert now[0] == before[0]
    assert now[1] < before[1] + 10


def dead_references():
    """What PyQt keeps of a connection to an object that was deleted."""
    references = [thing for thing in gc.get_objects() if isinstance(thing, weakref.ReferenceType)]
    return sum(reference() is None for reference in references)


def test_what_qt_deleted_is_not_drawn_though_python_still_knows_it(qapp):
    label = _StateIcon("good")
    sip.delete(label)
    theme.manager().choose("dark")
    assert sip.isdeleted(label)


def test_text_grows_with_the_font_size(qapp):
    before = theme.manager().font_size_pt
    theme.manager().choose("light", 14.0)
    assert "font-size: 14pt" in QApplication.instance().styleSheet()
    theme.manager().choose("light", before)
