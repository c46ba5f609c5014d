"""The measure page against a host's end of the wire that answers as the test says."""

from __future__ import annotations

import threading
import time

import pytest
from gui_support.protocol import engine
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtTest import QTest

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.measure.page import MeasurePage
from plqy_rig.gui.measure.presets import built_in_presets, own_presets, preset_path
from plqy_rig.gui.measure.recipe_handover import RecipeHandover

SUMMARY = {
    "steps": 100,
    "passes": [
        {
            "role": "direct_emission",
            "steps": 20,
            "longest_duration_s": 600.0,
            "expected_duration_s": 300.0,
            "integration_time_range_s": [0.5, 2.0],
        }
    ],
    "expected_duration_s": 360.0,
    "longest_duration_s": 660.0,
    "dose_j": 5.6,
    "highest_power_density_mw_per_cm2": 1150.0,
    "power_density_limit_mw_per_cm2": 1200.0,
    "power_densities_mw_per_cm2": [50.0, 1150.0],
    "out": "/runs",
    "folder_pattern": "<UTC time>_het-ce",
    "files": ["run.jsonl"],
    "needed_disk_mb": 6.4,
    "free_disk_mb": 79000.0,
    "records": [
        {
            "kind": "beam",
            "sha256": "ab" * 32,
            "created": "2026-01-01T00:00:00+00:00",
            "expires": "2026-02-01T00:00:00+00:00",
            "expired": True,
        }
    ],
    "warnings": ["The beam record expired."],
}


@pytest.fixture
def host(fake_host):
    fake_host.replies["check_recipe"] = {"problems": [], "summary": SUMMARY}
    return fake_host


@pytest.fixture
def make_page(qtbot, host, fake_session):
    def make(session=None) -> MeasurePage:
        page = MeasurePage(session or fake_session)
        qtbot.addWidget(page)
        page.resize(1100, 800)
        page.show()
        return page

    return make


@pytest.fixture
def page(make_page):
    return make_page()


def complete(page, qtbot, sample="HET-Ce"):
    page.form.rows["sample"].input.line.selectAll()
    QTest.keyClicks(page.form.rows["sample"].input.line, sample)
    qtbot.waitUntil(lambda: not page.dry_run.busy and page.panel.duration.isVisible(), timeout=5000)


def test_the_dry_run_shows_duration_dose_power_and_records(page, qtbot):
    complete(page, qtbot)
    assert page.panel.duration.total.text() == "about 6 min"
    assert "100 times as fast: about 3.6 s here" in page.panel.duration.finish.text()
    assert page.panel.light.dose.text().startswith("5.6 J")
    assert page.panel.light.bar.state == "warning"
    assert "1150 mW/cm² of 1200 mW/cm²" in page.panel.light.density.text()
    assert "expired 1 Feb 2026" in page.panel.records.text.text()
    assert page.panel.warnings.text.text() == "▲ The beam record expired."


def test_an_answer_about_values_that_cannot_be_read_any_more_is_not_shown(page, host, qtbot):
    complete(page, qtbot)
    asked, may_answer = threading.Event(), threading.Event()

    def late(_arguments):
        asked.set()
        may_answer.wait(10)
        return {"problems": [], "summary": SUMMARY}

    host.replies["check_recipe"] = late
    QTest.keyClicks(page.form.rows["comment"].input.line, "x")
    qtbot.waitUntil(asked.is_set, timeout=5000)
    QTest.keyClicks(page.form.rows["power_steps"].input.line, "x")
    assert not page.panel.duration.isVisible()
    may_answer.set()
    qtbot.waitUntil(lambda: not page.dry_run.busy, timeout=5000)
    qtbot.wait(50)
    assert not page.panel.duration.isVisible()


def test_typing_asks_the_host_once_for_many_keys(page, host, qtbot):
    complete(page, qtbot)
    before = len(host.asked("check_recipe"))
    QTest.keyClicks(page.form.rows["comment"].input.line, "with a cold trap")
    qtbot.waitUntil(lambda: not page.dry_run.busy, timeout=5000)
    assert 1 <= len(host.asked("check_recipe")) - before <= 3
    assert host.asked("check_recipe")[-1]["recipe"]["comment"] == "with a cold trap"


def test_what_the_host_finds_is_shown_at_the_field_and_keeps_it_from_starting(page, host, qtbot):
    problem = {"key": "power_steps", "keys": ["power_steps"], "message": "Too many for today."}
    host.replies["check_recipe"] = {"problems": [problem], "summary": None}
    page.form.enter({"sample": "x"})
    qtbot.waitUntil(lambda: page.form.rows["power_steps"].problem != "", timeout=5000)
    assert page.form.rows["power_steps"].problem == "Too many for today."
    assert not page.start_card.start_button.isEnabled()
    assert "mended" in page.start_card.why.text()


def test_start_sends_the_recipe_and_shows_the_live_page(page, host, qtbot):
    complete(page, qtbot)
    with qtbot.waitSignal(page.session.page_wanted, timeout=5000) as wanted:
        page.activateWindow()
        QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wanted.args == ["Live"]
    (arguments,) = host.asked("start_run")
    assert 'sample = "HET-Ce"' in arguments["recipe_toml"]
    assert arguments["simulated_hands"] is True
    assert arguments["out"] is None


def test_a_refused_start_says_why_at_the_button(page, host, qtbot):
    complete(page, qtbot)
    host.refuse("start_run", "the rig isn't verified safe: check the shutter")
    qtbot.mouseClick(page.start_card.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "check the shutter" in page.start_card.why.text(), timeout=5000)
    assert page.start_card.why.property("state") == "bad"


def test_no_second_run_can_be_started_but_one_can_be_queued(page, host, qtbot):
    complete(page, qtbot)
    host.say("engine", engine=engine(state="running"))
    host.say("occupation", occupation="run")
    qtbot.waitUntil(lambda: not page.start_card.start_button.isEnabled(), timeout=5000)
    assert "A run is under way" in page.start_card.why.text()
    page.start_card.start()
    assert not host.asked("start_run")
    qtbot.mouseClick(page.start_card.queue_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(host.asked("queue_add")) == 1, timeout=5000)


def test_a_missing_instrument_is_named_at_the_button(page, host, qtbot):
    complete(page, qtbot)
    gone = {"connected": False, "problem": "unplugged", "mend": "", "identity": None, "readings": []}
    host.say("readings", instrument="laser", instrument_state=gone)
    qtbot.waitUntil(lambda: "laser" in page.start_card.why.text(), timeout=5000)
    assert not page.start_card.start_button.isEnabled()


def test_a_fresh_form_at_a_bench_is_filled_in(page, qtbot):
    assert page.form.recipe()["sample"] == "HET-Ce"
    assert not any(row.problem for row in page.form.rows.values())


def test_a_start_without_a_sample_leads_to_the_field(page, host, qtbot):
    page.form.enter({"sample": ""})
    qtbot.waitUntil(lambda: not page.dry_run.busy, timeout=5000)
    page.start_card.start()
    assert page.form.rows["sample"].error.isVisible()
    assert not host.asked("start_run")


def test_without_a_host_the_recipe_can_be_made_but_not_started(make_page, gui_surroundings, qtbot):
    session = Session()
    page = make_page(session)
    QTest.keyClicks(page.form.rows["sample"].input.line, "HET-Ce")
    assert page.form.problems == ()
    assert "Not connected" in page.start_card.why.text()
    assert not page.start_card.start_button.isEnabled()
    session.close()


def test_edits_survive_closing(page, make_page, qtbot):
    page.form.enter({"sample": "HOM-Ce", "power_steps": 7})
    QTest.keyClicks(page.form.rows["laser_warm_up_s"].input.line, "x")
    assert page.can_close() == ""
    again = make_page()
    assert again.form.recipe()["sample"] == "HOM-Ce"
    assert again.form.recipe()["power_steps"] == 7
    assert again.form.recipe()["laser_warm_up_s"] == "5x"
    assert again.form.rows["laser_warm_up_s"].problem
    assert again.desk.edited


def test_a_preset_leaves_sample_and_operator_alone(page):
    page.form.enter({"sample": "HOM", "operator_name": "Ada"})
    quick = next(preset for preset in built_in_presets() if preset.name == "Quick look")
    page.files.take_preset(quick)
    recipe = page.form.recipe()
    assert (recipe["sample"], recipe["operator_name"], recipe["power_steps"]) == ("HOM", "Ada", 3)
    assert page.form.problems == ()


def test_every_built_in_preset_is_a_recipe_without_a_problem(page):
    for preset in built_in_presets():
        page.form.enter({"sample": "HET"})
        page.files.take_preset(preset)
        assert page.form.problems == (), preset.name


def test_an_own_preset_is_kept_and_found_again(page):
    page.form.enter({"sample": "HET", "power_steps": 9})
    page.files.save_to(preset_path("My/usual"))
    (own,) = own_presets()
    assert own.name == "My-usual"
    assert own.values["power_steps"] == 9


def test_a_dropped_recipe_file_is_opened_and_keeps_its_comments(page, qtbot, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('# ours\nsample = "HET"  # blue cap\npower_steps = 4\n', encoding="utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(event)
    qtbot.waitUntil(lambda: page.form.recipe()["power_steps"] == 4, timeout=5000)
    assert not page.desk.edited
    page.form.enter({"power_steps": 6})
    assert page.files.state.text() == "● edited"
    page.files.save()
    text = path.read_text(encoding="utf-8")
    assert text.startswith('# ours\nsample = "HET"  # blue cap\npower_steps = 6\n')
    assert not page.desk.edited
    assert page.desk.recent == [path]


def test_a_file_that_is_no_recipe_is_told_and_changes_nothing(page, qtbot, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("sample = ", encoding="utf-8")
    page.form.enter({"sample": "HET"})
    with qtbot.waitSignal(page.session.message, timeout=5000) as told:
        page.files.open_path(path)
    assert "not valid TOML" in told.args[0].text
    assert page.form.recipe()["sample"] == "HET"


def test_a_queue_entry_is_edited_here_and_the_draft_comes_back(page, host, qtbot):
    page.form.enter({"sample": "draft"})
    recipe = {**page.form.recipe(), "sample": "queued", "power_steps": 3}
    handover = RecipeHandover.of(page.session)
    handover.edit({"id": 7, "position": 2, "name": "", "sample": "queued", "recipe": recipe})
    assert page.form.recipe()["sample"] == "queued"
    assert page.banner.isVisible()
    page.form.enter({"power_steps": 5})
    qtbot.waitUntil(lambda: page.start_card.update_button.isEnabled(), timeout=5000)
    qtbot.mouseClick(page.start_card.update_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.banner.isVisible(), timeout=5000)
    assert host.asked("queue_edit") == [{"id": 7, "changes": {"power_steps": 5}}]
    assert page.form.recipe()["sample"] == "draft"


def test_a_key_is_taken_within_a_frame(page, qtbot):
    complete(page, qtbot)
    line = page.form.rows["comment"].input.line
    QTest.keyClicks(line, "warm")
    times = []
    for character in "a comment":
        began = time.perf_counter()
        QTest.keyClicks(line, character)
        times.append(time.perf_counter() - began)
    assert sorted(times)[len(times) // 2] < 0.05
