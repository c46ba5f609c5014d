"""The page Calibrations in its window: what fits, what is seen first, and the host started anew."""

from __future__ import annotations

import pytest
from gui_support.fits import assert_nothing_is_cut, is_in_view, show_at
from gui_support.protocol import snapshot

from plqy_rig.gui.application import make_application
from plqy_rig.gui.calibrations import page as calibrations_page
from plqy_rig.gui.calibrations.page import CalibrationsPage
from plqy_rig.gui.host_link.wire import Message

REASON = "The wheel did not reach 268.37° within 12 s, and its last reply was 'ERR 7 STALL'. " * 5
X = [0.0, 90.0, 180.0, 270.0]
PLOT = {
    "title": "Optical density against angle",
    "x_label": "Angle (°)",
    "y_label": "Optical density",
    "series": [
        {"name": "measured", "x": X, "y": [0.0, 1.3, 2.6, 4.0]},
        {"name": "straight line", "x": X, "y": [0.0, 1.33, 2.66, 4.0]},
    ],
}
RESULT = {
    "kind": "wheel",
    "passed": False,
    "accepted": None,
    "summary": ["Optical density 0.04 to 4.03."],
    "warnings": [REASON],
    "plot": PLOT,
}
SETTING = {"key": "laser.temperature_c", "old": 25.0, "new": 23.5, "written": True}
HOPS = {
    "kind": "mode_hops",
    "passed": True,
    "accepted": True,
    "summary": [],
    "warnings": [],
    "setting": SETTING,
}


def session(**changes):
    part = {
        "names": ["wheel", "monitor", "detector"],
        "name": "wheel",
        "stage": "",
        "results": [],
        "plots": [],
    }
    return {**part, "deciding": False, "error": None, "over": False, **changes}


@pytest.fixture
def page(qtbot, fake_session):
    """As wide and high as in a window of 960 x 640."""
    make_application()
    made = CalibrationsPage(fake_session)
    qtbot.addWidget(made)
    show_at(made, 788, 551)
    return made


@pytest.fixture
def window(make_window, fake_session):
    made = make_window(fake_session)
    made.show_page("Calibrations")
    return made


def put(page, part, **parts):
    occupation = "idle" if part["over"] else "calibration"
    page.session.rig.take_snapshot(snapshot(calibration=part, occupation=occupation, **parts))
    show_at(page.window(), page.window().width(), page.window().height())


def test_list_and_form_of_every_calibration_fit(page):
    for one in calibrations_page.PLAN:
        page.list.choose((one.name,))
        page.form.complain(REASON)
        show_at(page, 788, 551)
        assert_nothing_is_cut(page)
        inside = page.form._scroll.widget()
        assert inside.minimumSizeHint().width() <= page.form._scroll.viewport().width()


def test_the_decision_about_a_result_is_seen_without_scrolling(page):
    put(page, session(results=[RESULT], deciding=True))
    assert_nothing_is_cut(page)
    (card,) = page.progress.cards
    assert is_in_view(card.accept_button)
    assert is_in_view(card.refuse_button)


def test_the_steps_of_a_session_are_broken_between_lines_never_within(page):
    put(page, session(names=[one.name for one in calibrations_page.PLAN]))
    assert_nothing_is_cut(page)
    lines = page.progress.steps.text().splitlines()
    assert len(lines) > 1
    assert all(line[0] in "▶○" for line in lines)


def test_a_curve_keeps_its_title_when_the_window_gets_another_size(page):
    put(page, session(plots=[PLOT]))
    (plot,) = page.progress.plots
    show_at(page, 930, 620)
    assert plot.heading.text() == PLOT["title"]


def test_the_legend_of_a_rising_curve_stands_at_the_left(page):
    put(page, session(plots=[PLOT]))
    (plot,) = page.progress.plots
    middle = plot.plot.getViewBox().sceneBoundingRect().center()
    legend = plot.plot.legend.sceneBoundingRect()
    assert legend.right() < middle.x()
    assert legend.bottom() < middle.y()


def test_beside_the_operator_s_panel_a_session_has_the_room_of_the_list(page):
    put(page, session())
    assert page.list.isVisible()
    show_at(page, 418, 551)
    assert not page.list.isVisible()
    assert page.progress.isVisible()
    assert_nothing_is_cut(page)
    page.session.rig.take_snapshot(snapshot())
    assert page.list.isVisible()


def changed_rig_file(page):
    put(page, session(names=["mode-hop"], name=None, results=[HOPS], over=True))


def test_a_change_of_the_rig_file_asks_for_a_restart_once_the_session_is_over(page):
    restart = page.progress.restart
    put(page, session(names=["mode-hop"], name="mode-hop", results=[HOPS]))
    assert not restart.isVisible()
    changed_rig_file(page)
    assert restart.isVisible()
    assert "a new laser temperature, 23.5 °C" in restart.words.text()
    assert restart.button.isEnabled()
    assert_nothing_is_cut(page)
    unwritten = {**HOPS, "accepted": False, "setting": {**SETTING, "written": False}}
    put(page, session(names=["mode-hop"], name=None, results=[unwritten], over=True))
    assert not restart.isVisible()


def test_the_restart_ends_the_host_and_starts_one_of_the_same_rig_file(
    window, fake_host, qtbot, tmp_path, monkeypatch
):
    page = window.page("Calibrations")
    rig_file, order = tmp_path / "rig.toml", []
    rig_file.write_text("")
    rig = {**snapshot()["rig"], "path": str(rig_file), "out": str(tmp_path / "runs")}
    put(page, session(names=["mode-hop"], name=None, results=[HOPS], over=True), rig=rig)
    fake_host.replies["shutdown"] = lambda arguments: order.append("shutdown") or {}
    monkeypatch.setattr(calibrations_page, "wait_until_gone", lambda path: order.append(f"gone {path}"))
    monkeypatch.setattr(window, "open_host", order.append)
    page.progress.restart.button.click()
    assert not page.progress.restart.button.isEnabled()
    qtbot.waitUntil(lambda: len(order) == 3, timeout=5000)
    assert order[:2] == ["shutdown", f"gone {rig_file}"]
    assert (order[2].rig, order[2].out) == (rig_file, tmp_path / "runs")


def test_a_bench_that_went_with_its_host_is_told_instead(window, fake_host, qtbot):
    page = window.page("Calibrations")
    changed_rig_file(page)
    page.progress.restart.button.click()
    qtbot.waitUntil(lambda: window.session.address is None, timeout=5000)
    assert len(fake_host.asked("shutdown")) == 1
    assert "The simulated bench ended with its host" in window.message_bar.texts[0]


def test_a_refused_restart_is_told_and_can_be_asked_for_again(page, fake_host, qtbot):
    heard: list[Message] = []
    page.session.message.connect(heard.append)
    fake_host.refuse("shutdown", "the queue still runs")
    changed_rig_file(page)
    page.progress.restart.button.click()
    qtbot.waitUntil(lambda: heard != [], timeout=5000)
    assert "the queue still runs" in heard[0].text
    assert page.progress.restart.button.isEnabled()
