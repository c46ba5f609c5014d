"""Start, rig and log page: nothing is cut, long names and sentences fit, empty states say what to do."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from gui_support.fits import assert_nothing_is_cut, assert_only_red, show_at

from plqy_rig.gui.themes import theme

LONG_ERROR = ("The controller answered 'ERR 17' three times; light off, shutter closed. " * 6)[:400]
LONG_NAME = ("rig of the third laboratory behind the stairs, second table, with the long sphere " * 2)[:120]
SIZES = ((960, 640), (1280, 820), (1920, 1080))
NAMES = ("shutter", "laser", "attenuator", "monitor", "spectrometer")


def report(bad=(), long=""):
    return {
        "instruments": [
            {
                "name": name,
                "state": "bad" if name in bad else "good",
                "sentence": long or "It answers.",
                "mend": long if name in bad else "",
                "identity": None if name in bad else {"manufacturer": LONG_NAME, "model": "ITC4001"},
            }
            for name in NAMES
        ]
    }


def host_named(name: str):
    return SimpleNamespace(url=name, token="t", pid=1, rig=f"/{name}" * 3, rig_name=name, simulated=False)


@pytest.fixture
def rig_window(make_window, fake_host, fake_session, qtbot):
    def make(answer):
        fake_host.replies["instruments_report"] = answer
        fake_host.snapshot["rig"]["name"] = LONG_NAME
        window = make_window(fake_session)
        window.show_page("Rig")
        qtbot.waitUntil(lambda: len(window.rig_page.report.cards) == len(answer["instruments"]), timeout=5000)
        return window

    return make


@pytest.mark.parametrize("size", SIZES)
def test_the_start_page_is_whole_also_with_long_names(make_window, monkeypatch, size):
    window = make_window()
    start = window.rig_page.start
    paths = [Path("/home/operator") / LONG_NAME / LONG_NAME / "rig.toml"]
    monkeypatch.setattr(type(start._settings), "recent_rigs", property(lambda _: paths))
    start.show_hosts([host_named("bench"), host_named(LONG_NAME)])
    start.show_recent()
    start.set_busy("Starting the simulated bench …")
    show_at(window, *size)
    assert_nothing_is_cut(window)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "answer",
    [report(), report(("laser", "spectrometer"), LONG_ERROR), report(("laser",))],
    ids=["all well", "two broken with long sentences", "one broken"],
)
def test_the_rig_page_is_whole_in_every_state(rig_window, size, answer):
    window = rig_window(answer)
    show_at(window, *size)
    assert_nothing_is_cut(window)


def test_a_rig_without_instruments_says_what_to_do(rig_window, qtbot):
    window = rig_window({"instruments": []})
    qtbot.waitUntil(window.rig_page.report.empty.isVisible, timeout=3000)


def test_reconnecting_asks_once_and_then_for_the_report_again(rig_window, fake_host, qtbot):
    window = rig_window(report(("laser",)))
    panel = window.rig_page.report
    card = next(card for card in panel.cards if card.property("state") == "bad")
    fake_host.replies["instruments_report"] = report()
    card.again.click()
    assert not card.again.isEnabled()
    qtbot.waitUntil(lambda: all(card.property("state") == "good" for card in panel.cards), timeout=3000)
    assert fake_host.asked("reconnect") == [{"instrument": "laser"}]


def test_a_reconnect_that_is_refused_is_told_and_can_be_pressed_again(rig_window, fake_host, qtbot):
    window = rig_window(report(("laser",)))
    fake_host.refuse("reconnect", "the rig is in use")

    def button():
        return next(card.again for card in window.rig_page.report.cards if card.property("state") == "bad")

    with qtbot.waitSignal(window.session.message, timeout=3000) as told:
        button().click()
    assert told.args[0].text == "the rig is in use"
    qtbot.waitUntil(lambda: button().isEnabled(), timeout=3000)


@pytest.fixture
def log_page(make_window, fake_host, fake_session, qtbot):
    window = make_window(fake_session)
    window.show_page("Log")
    page = window.log_page
    now = time.time()
    for number in range(1000):
        sentence = LONG_ERROR if number % 10 == 0 else f"Exposure {number} is saved."
        notice = {"time_s": now + number, "sentence": sentence, "warning": number % 10 == 0}
        page.session.rig.log.append(notice)
    page.activated()
    return page


@pytest.mark.parametrize("size", SIZES)
def test_a_long_log_is_whole_and_shows_its_end(log_page, size):
    show_at(log_page.window(), *size)
    assert log_page.view.isVisible()
    assert_nothing_is_cut(log_page)
    bar = log_page.view.verticalScrollBar()
    assert bar.value() == bar.maximum()


def test_a_filter_that_matches_nothing_says_so(log_page):
    log_page.search.setText("nothing has these words")
    assert log_page.empty.isVisible()
    assert not log_page.view.isVisible()
    show_at(log_page.window(), 960, 640)
    assert_nothing_is_cut(log_page)
    log_page.search.clear()
    assert log_page.view.isVisible()
    assert not log_page.empty.isVisible()


def test_a_selected_line_that_is_too_long_is_shown_whole_below(log_page):
    show_at(log_page.window(), 960, 640)
    log_page.level.setCurrentIndex(1)
    log_page.view.selectRow(0)
    assert log_page.whole.isVisible()
    assert log_page.whole.text().replace("\u200b", "") == LONG_ERROR
    show_at(log_page.window(), 960, 640)
    assert_nothing_is_cut(log_page)
    log_page.level.setCurrentIndex(0)
    log_page.search.setText("exposure 999")
    log_page.view.selectRow(0)
    assert not log_page.whole.isVisible()


def test_tooltips_of_long_lines_are_wrapped(log_page):
    from PyQt6.QtCore import Qt

    model = log_page.view.model()
    tip = model.data(model.index(0, 2), Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("<p>")


@pytest.fixture
def dark_room():
    choice = theme.manager().choice
    yield lambda: theme.manager().choose("dark-room")
    theme.manager().choose(choice)


def without_cursor(window):
    if window.focusWidget() is not None:
        window.focusWidget().clearFocus()
    return window


def test_in_the_dark_room_the_start_page_is_red_alone_also_while_it_is_busy(make_window, dark_room):
    window = make_window()
    dark_room()
    start = window.rig_page.start
    start.show_hosts([host_named("bench")])
    start.set_busy("Starting the simulated bench …")
    show_at(window, 960, 640)
    assert_only_red(without_cursor(window))


def test_in_the_dark_room_a_broken_rig_is_red_alone(rig_window, dark_room):
    window = rig_window(report(("laser", "spectrometer"), LONG_ERROR))
    dark_room()
    show_at(window, 960, 640)
    assert_only_red(without_cursor(window))


def test_in_the_dark_room_a_filter_of_the_log_is_red_alone(log_page, dark_room):
    log_page.search.setText("nothing has these words")
    show_at(log_page.window(), 960, 640)
    dark_room()
    assert_only_red(without_cursor(log_page.window()))
