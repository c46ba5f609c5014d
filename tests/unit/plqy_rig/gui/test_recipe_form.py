"""The form: every mistake is shown at its field, nothing is clipped, nothing is swallowed."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Role
from plqy_rig.gui.measure.recipe_form import RecipeForm
from procedures.plqy_sweep import PlqySweep


@pytest.fixture
def form(qtbot):
    form = RecipeForm()
    form.set_recipe({})
    qtbot.addWidget(form)
    form.resize(700, 900)
    form.show()
    return form


def type_into(form, key, text):
    line = form.rows[key].input.line
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def test_it_begins_with_the_defaults_and_no_red_field(form):
    recipe = form.recipe()
    assert recipe["power_steps"] == 20
    assert recipe["passes"] == [role.value for role in REQUIRED_ROLES]
    assert not any(row.error.isVisible() for row in form.rows.values())
    assert [problem.keys for problem in form.problems] == [("sample",)]


def test_a_complete_form_makes_a_recipe_the_sweep_takes(form):
    type_into(form, "sample", "HET-Ce")
    assert form.problems == ()
    assert PlqySweep.from_recipe(form.recipe()).settings().sample == "HET-Ce"


def test_a_value_beyond_its_limits_stays_and_is_red_with_symbol_and_sentence(form):
    type_into(form, "power_steps", "501")
    row = form.rows["power_steps"]
    assert row.input.line.text() == "501"
    assert form.recipe()["power_steps"] == 501
    assert row.error.isVisible()
    assert row.error.text() == "✖ Allowed is 1 to 500."
    assert row.input.line.property("state") == "bad"
    row.input.line.editingFinished.emit()
    assert row.input.line.text() == "501"
    type_into(form, "power_steps", "50")
    assert not row.error.isVisible()
    assert not row.input.line.property("state")


def test_a_text_where_a_number_belongs_stays_as_typed(form):
    type_into(form, "laser_warm_up_s", "soon")
    assert form.recipe()["laser_warm_up_s"] == "soon"
    assert form.rows["laser_warm_up_s"].problem == "Must be a number."


def test_a_fraction_where_a_whole_number_belongs_is_refused_not_rounded(form):
    type_into(form, "scans_emission", "2.5")
    assert form.recipe()["scans_emission"] == 2.5
    assert form.rows["scans_emission"].problem == "Must be a whole number."


def test_values_that_contradict_each_other_are_told_at_both_fields(form):
    type_into(form, "sample", "x")
    type_into(form, "power_density_min_mw_per_cm2", "2000")
    for key in ("power_density_min_mw_per_cm2", "power_density_max_mw_per_cm2"):
        assert "“Lowest power density” <= “Highest power density”" in form.rows[key].problem


def test_a_mistake_in_a_folded_group_unfolds_it(form):
    section = next(one for one in form.sections if one.group.title == "Exposure")
    assert section.folded
    form.set_recipe({"sample": "x", "peak_low_fraction": 0.9})
    assert not section.folded
    assert form.rows["peak_low_fraction"].error.isVisible()


def test_what_was_changed_is_marked_and_can_be_put_back(form, qtbot):
    row = form.rows["scans_emission"]
    assert not row.reset_button.isEnabled()
    type_into(form, "scans_emission", "9")
    assert row.mark.text() == "●"
    assert form.changed_keys == ("scans_emission",)
    qtbot.mouseClick(row.reset_button, Qt.MouseButton.LeftButton)
    assert form.recipe()["scans_emission"] == 4
    assert row.mark.text() == ""


def test_passes_are_always_in_pass_order(form, qtbot):
    boxes = form.rows["passes"].input.boxes
    form.set_recipe({"passes": ["indirect_emission", "empty_excitation"]})
    boxes[Role.DIRECT_EXCITATION].click()
    assert form.recipe()["passes"] == ["empty_excitation", "direct_excitation", "indirect_emission"]
    for role in PASS_ORDER:
        boxes[role].setChecked(False)
    boxes[Role.EMPTY_EMISSION].click()
    boxes[Role.EMPTY_EMISSION].click()
    assert form.recipe()["passes"] == []
    assert form.rows["passes"].problem.startswith("Must be one or more of")


def test_an_unknown_key_of_a_file_is_shown_and_can_be_left_out(form, qtbot):
    form.set_recipe({"sample": "x", "powersteps": 3})
    assert form.recipe()["powersteps"] == 3
    assert any("powersteps" in problem.keys for problem in form.problems)
    qtbot.mouseClick(form._strangers.button, Qt.MouseButton.LeftButton)
    assert "powersteps" not in form.recipe()
    assert form.problems == ()


def test_what_the_host_found_is_shown_until_the_field_is_changed(form):
    type_into(form, "sample", "x")
    key = "power_density_max_mw_per_cm2"
    form.show_host_problems([{"key": key, "message": "1000 mW/cm² is above this rig's limit."}])
    assert form.rows[key].problem == "1000 mW/cm² is above this rig's limit."
    type_into(form, key, "900")
    assert form.problems == ()


def test_arrow_keys_step_within_the_limits_and_never_move_a_wrong_value(form):
    line = form.rows["power_steps"].input.line
    QTest.keyClick(line, Qt.Key.Key_Up)
    assert form.recipe()["power_steps"] == 21
    type_into(form, "power_steps", "1")
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert form.recipe()["power_steps"] == 1
    type_into(form, "power_steps", "900")
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert form.recipe()["power_steps"] == 900


def test_arrow_keys_step_wide_ranges_by_ratio(form):
    line = form.rows["power_density_max_mw_per_cm2"].input.line
    QTest.keyClick(line, Qt.Key.Key_Up)
    assert form.recipe()["power_density_max_mw_per_cm2"] == 1250.0


def test_a_unit_that_was_typed_is_turned_into_the_fields_own(form):
    type_into(form, "integration_time_max_emission_s", "1500 ms")
    form.rows["integration_time_max_emission_s"].input.line.editingFinished.emit()
    assert form.rows["integration_time_max_emission_s"].input.line.text() == "1.5"
    assert form.recipe()["integration_time_max_emission_s"] == 1.5


def test_a_missing_sample_is_told_when_a_start_was_tried(form):
    form.show_all_problems()
    assert form.rows["sample"].error.text() == "✖ Sample must be given: the name of what is measured."
    assert form.rows["sample"].input.line.hasFocus() or not form.isActiveWindow()
