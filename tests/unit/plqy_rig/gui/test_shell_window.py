"""The window's frame: what it shows of the rig, what its keys do, and how it goes."""

from __future__ import annotations

import pytest
from gui_support.protocol import engine, run_part, snapshot
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication

from plqy_rig.gui.host_link.wire import Message
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.page_list import BrokenPage
from plqy_rig.gui.window.settings import Settings

RUNNING = {
    "run": run_part(),
    "occupation": "run",
    "engine": engine(state="running", safety="in use"),
    "progress": {
        "passes": [
            {"role": "empty_excitation", "steps_done": 3, "steps": 3},
            {"role": "direct_emission", "steps_done": 1, "steps": 3},
        ],
        "remaining_s": 754.0,
        "finish_s": 1_000_000.0,
    },
}
VERDICT = {
    "safe": True,
    "sentence": "safe: shutter closed",
    "steps": [{"name": "shutter closed", "safe": True, "problem": ""}],
}


@pytest.fixture
def window(make_window, fake_session):
    return make_window(fake_session)


def show(window, **parts):
    window.session.rig.take_snapshot(snapshot(**parts))


def press(question, words):
    next(button for button in question.buttons() if button.text() == words).click()


def test_every_page_can_be_made(window):
    assert [page.title for page in window.pages if isinstance(page, BrokenPage)] == []


def test_pages_are_shown_by_their_keys_and_told_so(window, qtbot):
    first, last = window.pages[0], window.pages[-1]
    assert first.is_active
    qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + len(window.pages)), Qt.KeyboardModifier.ControlModifier)
    assert window.shown_page is last
    assert (first.is_active, last.is_active) == (False, True)
    assert window.navigation.button(last.title).isChecked()


def test_the_header_says_what_is_measured_and_how_long_it_takes(window):
    show(window, **RUNNING)
    header = window.header
    assert header.state.value.text() == "Measuring"
    assert header.safety.value.text() == "IN USE"
    assert header.progress_label.whole == "HET-Ce: direct (emission) 1/3"
    assert (header.progress_bar.value(), header.progress_bar.maximum()) == (4, 6)
    assert header.time_left.text().startswith("13 min left")
    assert header.pause_button.isVisible()


def test_the_header_says_what_holds_the_run(window):
    show(window, **{**RUNNING, "engine": engine(state="paused", holds=["The purge is off."])})
    assert window.header.holds.isVisible()
    assert "The purge is off." in window.header.holds.text()
    assert window.header.pause_button.text() == "Continue"


def test_not_safe_is_told_by_word_symbol_and_sentence(window):
    verdict = {"safe": False, "sentence": "NOT SAFE: shutter closed: no answer", "steps": []}
    show(window, engine=engine(safety="not safe", verdict=verdict))
    assert window.header.safety.value.text() == "NOT SAFE"
    assert window.header.safety.value.property("state") == "bad"
    assert "no answer" in window.header.safety.toolTip()


def test_pause_and_continue_are_one_key(window, fake_host, qtbot):
    show(window, **RUNNING)
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(fake_host.asked("pause")) == 1, timeout=2000)
    show(window, **{**RUNNING, "engine": engine(state="paused")})
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(fake_host.asked("resume")) == 1, timeout=2000)


def test_abort_asks_first(window, fake_host, qtbot):
    show(window, **RUNNING)
    window.header.abort_button.click()
    assert fake_host.asked("abort") == []
    press(window.question, "Go on measuring")
    window.header.abort_button.click()
    press(window.question, "Abort the run")
    qtbot.waitUntil(lambda: len(fake_host.asked("abort")) == 1, timeout=2000)


def test_space_never_presses_emergency_off_by_accident(window):
    assert window.header.emergency_button.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_a_closing_window_with_an_idle_rig_just_closes(window, fake_host):
    window.close()
    assert not window.isVisible()
    assert fake_host.asked("shutdown") == []


def test_an_idle_bench_that_the_window_started_is_shut_down_with_it(window, fake_host, qtbot):
    window.session.host_is_ours = True
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=2000)
    assert len(fake_host.asked("shutdown")) == 1


def test_a_real_rig_that_the_window_started_is_left_alone(window, fake_host):
    show(window, rig={**snapshot()["rig"], "simulated": False})
    window.session.host_is_ours = True
    window.close()
    assert not window.isVisible()
    assert fake_host.asked("shutdown") == []


def test_closing_during_a_run_asks_and_cancel_keeps_the_window(window, fake_host):
    show(window, **RUNNING)
    window.close()
    assert window.isVisible()
    press(window.closing.question, "Cancel")
    assert window.isVisible()
    assert not {"pause", "abort", "shutdown"} & {name for name, _ in fake_host.commands}


def test_pause_it_and_close_pauses_before_it_closes(window, fake_host, qtbot):
    show(window, **RUNNING)
    window.close()
    press(window.closing.question, "Pause it and close")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=2000)
    assert len(fake_host.asked("pause")) == 1


def test_abort_it_and_close_waits_for_the_end(window, fake_host, qtbot):
    show(window, **RUNNING)
    window.close()
    press(window.closing.question, "Abort it and close")
    qtbot.waitUntil(lambda: len(fake_host.asked("abort")) == 1, timeout=2000)
    assert window.isVisible()
    show(window, engine=engine(state="aborted"))
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=2000)


def test_a_refused_pause_keeps_the_window_open_and_says_why(window, fake_host, qtbot):
    fake_host.refuse("pause", "can't pause: the run is finishing")
    show(window, **RUNNING)
    window.close()
    press(window.closing.question, "Pause it and close")
    qtbot.waitUntil(lambda: window.message_bar.texts != [], timeout=2000)
    assert "the run is finishing" in window.message_bar.texts[0]
    assert window.isVisible()


def test_a_lost_host_is_told_and_the_message_goes_when_it_is_back(window, fake_host, qtbot):
    fake_host.vanish("it was killed")
    qtbot.waitUntil(lambda: window.message_bar.texts != [], timeout=2000)
    assert "EMERGENCY OFF works nevertheless" in window.message_bar.texts[0]
    assert window.header.rig_caption.whole.startswith("connection lost")
    fake_host.here = True
    qtbot.waitUntil(lambda: window.message_bar.texts == [], timeout=5000)


def test_the_same_message_again_only_counts(window):
    for _ in range(3):
        window.session.tell("the shutter is stuck", where="open the shutter", hint="Push it.")
    assert window.message_bar.texts == ["Open the shutter: The shutter is stuck.  (×3)\nPush it."]
    window.close_message()
    assert window.message_bar.texts == []


def test_what_was_under_way_goes_with_the_message_of_its_end(window):
    window.session.tell("Writing the files of 2 runs…", "info")
    assert window.message_bar.texts == ["Writing the files of 2 runs…"]
    window.session.tell("the shutter is stuck", where="open the shutter")
    window.session.tell("Written: report.html", "good")
    assert window.message_bar.texts == ["Written: report.html.", "Open the shutter: The shutter is stuck."]


def test_only_the_newest_messages_stay(window):
    for number in range(6):
        window.session.tell(f"fault {number}")
    assert [text.split(".")[0] for text in window.message_bar.texts] == ["Fault 5", "Fault 4", "Fault 3"]


def test_notices_are_toasts_and_a_click_takes_them_away(window, fake_host, qtbot):
    fake_host.say("notice", sentence="The purge is off.", warning=True)
    qtbot.waitUntil(lambda: window.toasts.texts == ["The purge is off."], timeout=2000)
    window.toasts.clear()
    assert window.toasts.texts == []


def test_the_list_of_keys_has_those_of_the_window_and_of_the_pages(window):
    dialog = window.show_keys()
    keys = [key.keys for key in window.menus.key_help]
    assert {"F1", "F12", "Ctrl+P", "Ctrl+."} <= set(keys)
    assert len(keys) == len(set(keys))
    dialog.close()


def test_the_operators_panel_comes_with_the_question_and_goes_with_it(window):
    question = {
        "kind": "sweep",
        "role": "direct_emission",
        "target": {"sample": "direct", "long_pass": True},
        "steps": [],
        "sentence": "Please insert the long-pass filter.",
        "reason": "",
        "next": "",
        "answers": ["done", "continue_anyway", "abort"],
        "simulated_hands": False,
    }
    show(window, **{**RUNNING, "engine": engine(state="waiting for operator", question=question)})
    assert window.operator_dock.isVisible()
    show(window, **RUNNING)
    assert not window.operator_dock.isVisible()


def test_pages_that_need_a_rig_say_so_until_there_is_one(make_window):
    window = make_window()
    live = window.page("Live")
    window.show_page("Live")
    assert not live.isVisible()


def test_the_window_remembers_its_theme_and_where_it_was(make_window):
    window = make_window()
    theme.manager().choose("dark")
    window.close()
    assert Settings().text("theme") == "dark"
    assert Settings().data("geometry") == window.saveGeometry()
    assert not Settings().data("docks").isEmpty()
    theme.manager().choose("light")


def test_rig_files_that_are_gone_are_not_offered(gui_surroundings, tmp_path):
    kept, gone = tmp_path / "a.toml", tmp_path / "b.toml"
    for path in (kept, gone):
        path.write_text("")
        Settings().remember_rig(path)
    gone.unlink()
    assert Settings().recent_rigs == [kept]


def test_the_instruments_report_shows_light_sentence_and_mend(window, fake_host, qtbot):
    entries = [
        {"name": "laser", "state": "bad", "sentence": "No answer.", "mend": "Plug it in.", "identity": None},
        {
            "name": "shutter",
            "state": "good",
            "sentence": "Closed.",
            "mend": "",
            "identity": {"model": "SC10"},
        },
    ]
    fake_host.replies["instruments_report"] = {"instruments": entries}
    report = window.rig_page.report
    report.ask()
    qtbot.waitUntil(lambda: len(report.cards) == 2, timeout=2000)
    assert report.cards[0].light.text() == "✖ bad"
    assert report.cards[0].mend.text() == "→ Plug it in."
    assert report.cards[1].mend.isHidden()


def test_the_log_has_what_host_engine_and_window_said_and_can_be_searched(window, fake_host, qtbot):
    fake_host.say("notice", sentence="The purge is off.", warning=True)
    fake_host.say("state", state="preparing", old="idle", reason="run of HET-Ce")
    window.session.message.emit(Message("it broke", "bad", "open"))
    window.show_page("Log")
    log = window.log_page
    qtbot.waitUntil(lambda: any("preparing" in line for line in log.lines()), timeout=2000)
    assert any("engine idle → preparing: run of HET-Ce" in line for line in log.lines())
    assert any("window bad: open: it broke" in line for line in log.lines())
    log.level.setCurrentIndex(1)
    assert not any("preparing" in line for line in log.lines())
    log.search.setText("purge")
    assert len(log.lines()) == 1
    log.copy_lines()
    assert "The purge is off." in QApplication.clipboard().text()


def test_the_diagnostics_hold_versions_and_state_but_no_token(window, qtbot):
    show(window, **RUNNING)
    window.session.tell("refused: Bearer secret-token")
    window.log_page.copy_diagnostics()
    text = QApplication.clipboard().text()
    assert "Qt " in text
    assert "State: running" in text
    assert "refused" in text
    assert "secret-token" not in text
