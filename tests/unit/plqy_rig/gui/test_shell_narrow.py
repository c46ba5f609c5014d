"""In a window of 960 x 640 nothing of header, messages and dialogs is cut, however long the words are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from gui_support.fits import assert_nothing_is_cut, is_in_view, show_at
from gui_support.protocol import engine, run_part, snapshot
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import QApplication, QLabel

from plqy_rig.gui.application import make_application
from plqy_rig.gui.emergency.off import EmergencyOutcome
from plqy_rig.gui.emergency.view import EmergencyDialog
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import HeaderBar

LONG_NAME = "HET-Ce core–shell nanocrystals in toluene, batch 17b, cuvette 4, washed thrice " * 2
LONG_REASON = (
    "The attenuator did not reach 268.37° within 12 s: it stands at 143.20° and its last reply was 'STALL'. "
    "The wheel was stopped, the shutter was closed and verified, the laser was switched off and verified. "
    "Look whether a cable touches the wheel, turn it by hand once with the power off, then reconnect it and "
    "find its reference; after that the run can be resumed, and no saved exposure is lost by what happened."
)
PROGRESS = {
    "passes": [{"role": "direct_emission", "steps_done": 4, "steps": 12}],
    "remaining_s": 7540.0,
    "finish_s": 1_000_000.0,
}
PURGE = "The purge gas flow is too low (now 0.8 l/min; allowed 1.5 to 5 l/min)."
STATES = [
    ("idle", "safe", "idle", []),
    ("preparing", "unknown", "run", []),
    ("running", "in use", "queue", []),
    ("pausing", "in use", "run", []),
    ("paused", "dark", "run", [PURGE]),
    ("paused", "not safe", "run", [f"An instrument doesn't answer: {LONG_REASON}"]),
    ("waiting for operator", "unknown", "calibration", []),
    ("aborting", "in use", "run", []),
    ("failed", "not safe", "idle", []),
    ("interrupted", "unknown", "manual", []),
]


@pytest.fixture
def window(make_window, fake_session):
    made = make_window(fake_session)
    show_at(made, 960, 640)
    return made


@pytest.fixture
def header(qtbot, fake_session):
    make_application()
    made = HeaderBar(fake_session)
    qtbot.addWidget(made)
    show_at(made, 960, 90)
    return made


def put(session, state, safety="safe", occupation="idle", holds=()):
    parts = {"engine": engine(state=state, safety=safety, holds=list(holds)), "occupation": occupation}
    parts["run"] = run_part(sample=LONG_NAME)
    parts["rig"] = {**snapshot()["rig"], "name": LONG_NAME, "simulated": False, "path": f"/rigs/{LONG_NAME}"}
    session.rig.take_snapshot(snapshot(progress=PROGRESS, **parts))


@pytest.mark.parametrize(("state", "safety", "occupation", "holds"), STATES)
def test_the_header_fits_in_every_state(header, fake_session, state, safety, occupation, holds):
    put(fake_session, state, safety, occupation, holds)
    for width in (960, 1280):
        show_at(header, width, header.layout().totalHeightForWidth(width))
        assert header.width() == width
        assert_nothing_is_cut(header)
        assert is_in_view(header.emergency_button)


def test_the_header_fits_with_larger_letters(header, fake_session):
    before = theme.manager().font_size_pt
    try:
        theme.manager().choose("light", 11.0)
        put(fake_session, "paused", "dark", "run", [PURGE])
        show_at(header, 960, 120)
        assert header.width() == 960
        assert_nothing_is_cut(header)
    finally:
        theme.manager().choose("light", before)


def test_with_room_everything_stands_in_one_line_again(header, fake_session):
    put(fake_session, "waiting for operator", "unknown", "run")
    show_at(header, 960, 90)
    assert "\n" in header.emergency_button.text()
    show_at(header, 1500, 90)
    assert header.emergency_button.text() == "EMERGENCY OFF"
    assert "done at" in header.time_left.whole


def test_what_holds_the_run_takes_three_lines_at_most_and_the_tooltip_has_all_of_it(window):
    put(window.session, "paused", "dark", "run", [LONG_REASON, LONG_REASON])
    show_at(window, 960, 640)
    holds = window.header.holds
    assert_nothing_is_cut(window.header)
    assert holds.height() < 4 * QFontMetrics(holds.font()).lineSpacing()
    assert holds.text().endswith("…")
    assert holds.toolTip().count(LONG_REASON) == 2


def test_a_badge_never_pushes_the_title_of_its_page_out_of_the_navigation(window):
    for title, badge in (("Calibrations", "10"), ("Instruments", "5"), ("Live", "100 %")):
        window.show_page(title)
        window.page(title).badge_changed.emit(badge)
        assert window.navigation.button(title).text() == f"{title} · {badge}"
        show_at(window, 960, 640)
        assert_nothing_is_cut(window.navigation)


def test_the_newest_message_is_shown_whole_and_those_before_it_in_a_line_each(window):
    for number in range(3):
        window.session.tell(f"{number}: {LONG_REASON}", where="move the wheel", hint="Find its reference.")
    show_at(window, 960, 640)
    assert_nothing_is_cut(window.message_bar)
    assert window.message_bar.height() < 0.4 * window.height()
    newest, *before = window.message_bar._rows
    assert newest.text_label.isVisible()
    assert all(LONG_REASON in row.brief.toolTip() for row in before)
    window.close_message()
    assert before[0].text_label.isVisible()


def test_long_notices_are_shown_whole_and_never_above_the_page(window):
    for text in ("The laser reached 25 °C.", LONG_REASON, f"b {LONG_REASON}", "/a/path" * 20):
        window.toasts.show_notice(text, True)
    show_at(window, 960, 640)
    toasts = window.toasts._toasts
    assert len(toasts) >= 3
    for toast in toasts:
        assert_nothing_is_cut(toast)
        assert toast.y() >= 0
    for upper, lower in pairwise(toasts):
        assert upper.geometry().bottom() < lower.geometry().top()


@pytest.fixture
def dialog(qtbot):
    make_application()
    made = EmergencyDialog()
    qtbot.addWidget(made)
    made._begin()
    return made


STEPS = (
    {"name": "shutter closed", "safe": True, "problem": ""},
    {"name": "wheel at its darkest", "safe": False, "problem": LONG_REASON},
)


@pytest.mark.parametrize(
    "outcome",
    [
        EmergencyOutcome(True, "safe", STEPS[:1], "without the host"),
        EmergencyOutcome(False, f"NOT SAFE: {LONG_REASON}"),
        EmergencyOutcome(False, f"NOT SAFE: wheel: {LONG_REASON}", STEPS),
    ],
    ids=["safe without the host", "no steps", "a step with a long problem"],
)
def test_nothing_of_a_verdict_is_cut(dialog, qtbot, outcome):
    dialog.finished_with.emit(outcome)
    assert_nothing_is_cut(dialog)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())
    assert said.count(LONG_REASON) == (0 if outcome.safe else 1)


def test_nothing_of_how_far_the_emergency_off_is_gets_cut(dialog):
    dialog._tell("The host doesn't answer: its process is being ended, its guardian makes the rig safe …")
    assert_nothing_is_cut(dialog)


def test_a_page_s_keys_work_as_soon_as_it_is_shown(window, qtbot):
    put(window.session, "running", "in use", "run")
    window.navigation.button("Live").setFocus()
    window.show_page("Live")
    live = window.page("Live")
    assert live is QApplication.focusWidget()
    before = live.spectra.log_box.isChecked()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_L)
    assert live.spectra.log_box.isChecked() is not before
