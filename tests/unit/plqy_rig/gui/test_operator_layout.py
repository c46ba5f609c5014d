"""The operator's panel: picture, what to do and the buttons are seen, however much there is to say."""

from __future__ import annotations

import pytest
from gui_support.fits import assert_nothing_is_cut, assert_only_red, is_in_view, show_at
from gui_support.protocol import engine

from plqy_rig.gui.operator.panel import OperatorPanel
from plqy_rig.gui.themes import theme

LONG_REASON = ("the spectrum has no laser line in it although the shutter is open; the laser is on; " * 6)[
    :400
]
LONG_SAMPLE = ("HET-Ce batch 2026-11 vial 7b, core-shell in cyclohexane, annealed " * 3)[:120]
QUESTION = {
    "kind": "sweep",
    "role": "direct_emission",
    "target": {"sample": "direct", "long_pass": True},
    "steps": ["insert_long_pass"],
    "sentence": "Please put the sample into the beam, and insert the long-pass filter in front of the fibre.",
    "reason": "",
    "next": f"Next: {LONG_SAMPLE}, direct emission, 20 power steps.",
    "answers": ["done", "continue_anyway", "abort"],
    "simulated_hands": False,
}
LAMP = {
    **QUESTION,
    "role": None,
    "target": None,
    "steps": [],
    "sentence": "Switch the lamp on.",
    "next": "",
    "answers": ["done", "abort"],
}
SIZES = ((960, 640), (1280, 820), (1920, 1080))


@pytest.fixture
def window(make_window, fake_host, fake_session):
    made = make_window(fake_session)
    made.show_page("Log")
    return made


@pytest.fixture
def ask(window, fake_host, fake_session, qtbot):
    def asked(**changes) -> OperatorPanel:
        question = {**QUESTION, **changes}
        fake_host.say("engine", engine=engine(state="waiting for operator", question=question))
        qtbot.waitUntil(lambda: fake_session.rig.question == question, timeout=3000)
        panel = window.findChild(OperatorPanel)
        shown = (str(question["sentence"]), bool(question["reason"]))
        qtbot.waitUntil(lambda: (panel.sentence.text(), panel.reason_box.isVisible()) == shown, timeout=3000)
        return panel

    return asked


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reason", ["", LONG_REASON], ids=["first time", "asked again"])
def test_picture_sentence_and_buttons_are_seen_without_scrolling(window, ask, size, reason):
    panel = ask(reason=reason)
    show_at(window, *size)
    seen = [panel.drawing, panel.sentence, panel.done_button, panel.abort_button, panel.hands_button]
    for widget in [*seen, *([panel.anyway_button] if reason else [])]:
        assert is_in_view(widget), widget
    assert_nothing_is_cut(panel)


def test_a_refusal_of_400_characters_leaves_picture_and_buttons_where_they_are(window, ask, fake_host, qtbot):
    panel = ask(reason=LONG_REASON)
    show_at(window, 960, 640)
    fake_host.refuse("answer_operator", LONG_REASON)
    panel.confirm()
    qtbot.waitUntil(panel.trouble.isVisible, timeout=3000)
    show_at(window, 960, 640)
    for widget in (panel.drawing, panel.sentence, panel.done_button, panel.anyway_button, panel.abort_button):
        assert is_in_view(widget), widget


def test_words_that_fit_are_not_scrolled_and_the_drawing_takes_the_rest(window, ask):
    panel = ask(reason=LONG_REASON)
    show_at(window, 1920, 1080)
    assert panel.words_area.verticalScrollBar().maximum() == 0
    assert panel.drawing.height() > 2 * panel.drawing.minimumHeight()


def test_words_shrink_again_after_a_long_reason(window, ask):
    panel = ask(reason=LONG_REASON)
    show_at(window, 1280, 820)
    long = panel.words_area.height()
    ask(reason="")
    show_at(window, 1280, 820)
    assert panel.words_area.height() < long / 2
    assert panel.words_area.verticalScrollBar().maximum() == 0


def test_without_a_picture_the_buttons_stay_at_the_end(window, ask):
    panel = ask(**LAMP)
    show_at(window, 1280, 820)
    below = panel.height() - panel.done_button.geometry().bottom()
    assert below < 30
    assert not panel.place.isVisible()
    assert_nothing_is_cut(panel)


def test_in_the_dark_room_the_panel_is_red_alone(window, ask):
    choice = theme.manager().choice
    panel = ask(reason=LONG_REASON)
    theme.manager().choose("dark-room")
    try:
        show_at(window, 960, 640)
        assert_only_red(panel)
    finally:
        theme.manager().choose(choice)


def test_without_a_connection_nothing_is_said_of_the_shutter_and_nothing_can_be_answered(
    ask, fake_host, fake_session, qtbot
):
    panel = ask()
    assert panel.done_button.isEnabled()
    fake_host.vanish()
    qtbot.waitUntil(lambda: not fake_session.connected, timeout=3000)
    qtbot.waitUntil(lambda: not panel.done_button.isEnabled(), timeout=3000)
    assert not panel.abort_button.isEnabled()
    assert panel.shutter.text() == "? Shutter not known: no connection"
    assert panel.drawing.picture.shutter_closed is None
    assert "no connection to the rig" in panel.next.text()
    fake_host.here = True
    qtbot.waitUntil(panel.done_button.isEnabled, timeout=10_000)
    assert "no connection" not in panel.next.text()
