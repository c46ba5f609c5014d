"""The measure page keeps everything readable: small windows, long names, long errors."""

from __future__ import annotations

from copy import deepcopy

import pytest
from gui_support.fits import assert_nothing_is_cut, is_in_view, show_at
from gui_support.protocol import engine
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QWidget

from calibration.roles import PASS_ORDER
from plqy_rig.gui.measure.presets import preset_path
from plqy_rig.gui.widgets.breakable import breakable

LONG_NAME = ("HET-Ce batch 2026-11 vial 7b, core-shell in cyclohexane, annealed " * 3)[:120]
LONG_ERROR = ("The wheel answered 'ERR 17' three times; the light is off and the shutter is closed. " * 6)[
    :400
]
LONG_FOLDER = "/home/operator/" + "x" * 90 + "/runs"
SIZES = ((960, 640), (1280, 820), (1920, 1080))


def summary(**changes):
    one = {
        "steps": 20,
        "longest_duration_s": 1600.0,
        "expected_duration_s": 1300.0,
        "integration_time_range_s": [0.0123, 12.5],
    }
    record = {
        "kind": "monitor_ratio",
        "sha256": "ab" * 32,
        "created": "2026-01-01T00:00:00+00:00",
        "expires": "2026-02-01T00:00:00+00:00",
        "expired": True,
    }
    return {
        "steps": 120,
        "passes": [{"role": str(role), **one} for role in PASS_ORDER],
        "expected_duration_s": 7360.0,
        "longest_duration_s": 11000.0,
        "dose_j": 5.6,
        "highest_power_density_mw_per_cm2": 1150.0,
        "power_density_limit_mw_per_cm2": 1200.0,
        "power_densities_mw_per_cm2": [50.0] * 20,
        "out": LONG_FOLDER,
        "folder_pattern": f"<UTC time>_{LONG_NAME}",
        "files": ["run.jsonl"],
        "needed_disk_mb": 6.4,
        "free_disk_mb": 79000.0,
        "records": [record],
        "warnings": ["The beam record expired."],
        **changes,
    }


@pytest.fixture
def window(make_window, fake_host, fake_session):
    fake_host.replies["check_recipe"] = {"problems": [], "summary": summary()}
    made = make_window(fake_session)
    made.show_page("Measure")
    return made


def page_of(window):
    return window.shown_page


def checked(window, qtbot, **changes):
    page = page_of(window)
    if changes:
        page.form.enter(changes)
    qtbot.waitUntil(lambda: not page.dry_run.busy, timeout=5000)
    return page


def edges(widget: QWidget, page: QWidget) -> tuple[int, int]:
    left = widget.mapTo(page, QPoint(0, 0)).x()
    return left, left + widget.width()


def cards(page) -> list[QWidget]:
    return [page.form.sections[0], page.panel.duration, page.panel.light, page.start_card]


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_at_any_size(window, qtbot, size):
    checked(window, qtbot)
    show_at(window, *size)
    assert_nothing_is_cut(window)


def test_below_each_other_form_dry_run_and_buttons_have_the_pages_margins(window, qtbot):
    page = checked(window, qtbot)
    show_at(window, 960, 640)
    assert page.splitter.orientation() is Qt.Orientation.Vertical
    form, duration, light, start = (edges(card, page) for card in cards(page))
    assert form == start == (16, page.width() - 16)
    assert duration[0] == 16
    assert light[1] == page.width() - 16


def test_beside_each_other_the_gap_is_that_of_the_cards_and_the_right_edges_are_one(window, qtbot):
    page = checked(window, qtbot)
    show_at(window, 1280, 820)
    assert page.splitter.orientation() is Qt.Orientation.Horizontal
    form, duration, light, start = (edges(card, page) for card in cards(page))
    assert form[0] == 16
    assert duration[0] - form[1] == 12
    assert duration == light == start
    assert start[1] == page.width() - 16


def test_the_layout_comes_back_when_the_window_is_made_wide_again(window, qtbot):
    page = checked(window, qtbot)
    for size in (SIZES[1], SIZES[0], SIZES[1]):
        show_at(window, *size)
    form, panel = page.splitter.sizes()
    assert form >= panel
    assert_nothing_is_cut(page)


def test_in_a_small_window_duration_power_and_buttons_are_seen_without_scrolling(window, qtbot):
    page = checked(window, qtbot)
    show_at(window, 960, 640)
    for widget in (
        page.panel.duration.total,
        page.panel.light.density,
        page.panel.light.bar,
        page.start_card.start_button,
        page.start_card.queue_button,
        page.form.rows["sample"].input,
    ):
        assert is_in_view(widget), widget


def test_a_wider_summary_makes_room_for_itself(window, fake_host, qtbot):
    page = checked(window, qtbot)
    show_at(window, 1200, 820)
    many = deepcopy(summary())
    for one in many["passes"]:
        one["integration_time_range_s"] = [0.000123456, 12345.678]
        one["steps"] = 100000
    fake_host.replies["check_recipe"] = {"problems": [], "summary": many}
    checked(window, qtbot, power_steps=21)
    show_at(window, 1200, 820)
    assert_nothing_is_cut(page)


@pytest.mark.parametrize("size", SIZES[:2])
def test_long_names_and_long_errors_do_not_break_the_page(window, fake_host, qtbot, size):
    problem = {"key": "power_steps", "keys": ["power_steps"], "message": LONG_ERROR}
    long = summary(warnings=[LONG_ERROR, "Another."])
    fake_host.replies["check_recipe"] = {"problems": [problem], "summary": long}
    page = checked(window, qtbot, sample=LONG_NAME, operator_name=LONG_NAME, comment=LONG_NAME)
    qtbot.waitUntil(lambda: page.form.rows["power_steps"].problem != "", timeout=5000)
    page.start_card.say(f"✖ {LONG_ERROR}", "bad")
    show_at(window, *size)
    assert_nothing_is_cut(window)


@pytest.mark.parametrize("size", SIZES[:2])
def test_errors_at_several_fields_are_all_readable_at_once(window, qtbot, size):
    page = page_of(window)
    wrong = {"scans_excitation": 0, "scans_emission": "many", "dark_scans": -1, "power_tolerance": 3.0}
    page.form.enter(wrong)
    show_at(window, *size)
    assert all(page.form.rows[key].error.isVisible() for key in wrong)
    assert len(page.panel.problems.lines) == len(wrong)
    assert_nothing_is_cut(window)


def test_a_long_error_at_a_field_is_short_and_whole_in_its_tooltip(window, qtbot):
    row = page_of(window).form.rows["power_steps"]
    row.show_problem(LONG_ERROR)
    assert len(row.error.text()) < 150
    assert row.error.text().endswith("…")
    assert row.error.toolTip() == LONG_ERROR
    row.show_problem("Allowed is 1 to 500.")
    assert row.error.toolTip() == ""


def test_a_name_longer_than_its_line_is_whole_in_the_tooltip(window, qtbot):
    page = page_of(window)
    show_at(window, 960, 640)
    line = page.form.rows["sample"].input.line
    page.form.enter({"sample": f"<{LONG_NAME}>"})
    assert line.toolTip().startswith(f"&lt;{LONG_NAME}&gt;<hr>")
    page.form.enter({"sample": "HET-Ce"})
    assert line.toolTip() == ""


def test_without_a_rig_the_dry_run_says_what_would_stand_there(make_window):
    window = make_window()
    window.show_page("Measure")
    panel = page_of(window).panel
    assert panel.hint.isVisible()
    show_at(window, 960, 640)
    assert_nothing_is_cut(window)


def test_the_hint_gives_way_to_the_summary(window, qtbot):
    page = checked(window, qtbot)
    qtbot.waitUntil(page.panel.duration.isVisible, timeout=5000)
    assert not page.panel.hint.isVisible()


def test_a_path_breaks_at_its_signs_and_never_in_the_middle_of_a_short_word():
    parts = breakable("/home/operator/" + "x" * 50).split("\u200b")
    assert parts == ["/", "home/", "operator/", "x" * 24, "x" * 24, "xx"]
    assert breakable("a sentence of short words.") == "a sentence of short words."


QUESTION = {
    "kind": "calibration",
    "role": None,
    "target": None,
    "steps": [],
    "sentence": "Switch the lamp on.",
    "reason": "",
    "next": "",
    "answers": ["done", "abort"],
    "simulated_hands": False,
}


@pytest.mark.parametrize("size", SIZES[:2])
def test_beside_the_operators_panel_the_page_is_still_whole(window, fake_host, qtbot, size):
    page = checked(window, qtbot)
    fake_host.say("engine", engine=engine(state="waiting for operator", question=QUESTION))
    qtbot.waitUntil(window.operator_dock.isVisible, timeout=3000)
    show_at(window, *size)
    assert_nothing_is_cut(page)


def test_labels_stand_above_their_inputs_only_as_long_as_it_is_narrow(window, fake_host, qtbot):
    page = checked(window, qtbot)
    row = page.form.rows["power_steps"]
    for question in (None, QUESTION, None):
        fake_host.say("engine", engine=engine(question=question))
        qtbot.waitUntil(lambda asked=question: window.operator_dock.isVisible() is bool(asked), timeout=3000)
        show_at(window, 960, 640)
        above = row.label.mapTo(page, QPoint(0, 0)).y() + row.label.height()
        assert (above <= row.input.mapTo(page, QPoint(0, 0)).y()) is bool(question)
        assert_nothing_is_cut(page)


def test_the_name_of_a_recipe_gives_way_and_edited_stays(window, qtbot, tmp_path):
    page = checked(window, qtbot)
    path = tmp_path / f"{LONG_NAME.strip()}.toml"
    page.files.save_to(path)
    page.form.enter({"power_steps": 7})
    show_at(window, 960, 640)
    assert page.files.state.text() == "● edited"
    assert page.files.name.text().endswith("…")
    assert path.name in page.files.name.toolTip()
    assert_nothing_is_cut(page.files)


def test_presets_with_long_names_leave_the_menu_narrower_than_the_window(window, qtbot):
    page = checked(window, qtbot)
    page.files.save_to(preset_path(f"Tom & Ada, {LONG_NAME}"))
    for button in (page.files.preset_button, page.files.open_button):
        menu = button.menu()
        menu.aboutToShow.emit()
        assert menu.sizeHint().width() < 640
        (long,) = [action for action in menu.actions() if action.text().startswith("Tom && Ada")]
        assert LONG_NAME.strip() in long.toolTip()
