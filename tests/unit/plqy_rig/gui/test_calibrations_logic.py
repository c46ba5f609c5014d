"""The plan of calibrations, their form, and a session as the window shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calibration import CheckKind, Record, RecordKind, write_record
from plqy_rig.calibration_session import CALIBRATIONS, FROM_FILES, ORDER
from plqy_rig.gui.calibrations.plan import PLAN, in_order, planned, standing
from plqy_rig.gui.records.reading import read_folder

NOW = datetime.now(UTC).replace(microsecond=0)


def put(folder, kind, values=None, *, age=timedelta(days=5), lasts=timedelta(days=100)):
    made = NOW - age
    record = Record.seal(
        kind=kind, created=made, expires=made + lasts, operator="A. B.", origin="drawn",
        instruments={}, values=values or {},
    )  # fmt: skip
    write_record(record, folder)


def test_every_calibration_of_a_session_is_planned_in_the_session_s_order():
    names = [one.name for one in PLAN]
    assert set(names) == {*CALIBRATIONS, *FROM_FILES}
    assert [name for name in names if name in ORDER] == list(ORDER)
    assert in_order(["response", "lamp", "wheel"]) == ("wheel", "lamp", "response")


def test_each_stands_on_what_is_made_before_it():
    made = set()
    for one in PLAN:
        assert set(one.needs) <= made, one.name
        made.update(one.makes)


def test_nothing_is_known_without_a_folder():
    assert standing(planned("wheel"), None).state == "unknown"


def test_what_a_run_needs_is_missing_and_what_it_does_not_is_merely_not_done(tmp_path):
    reading = read_folder(tmp_path, {})
    assert standing(planned("wheel"), reading).word == "missing"
    assert standing(planned("wavelength"), reading).word == "not done"


def test_a_calibration_names_what_has_to_come_first(tmp_path):
    reading = read_folder(tmp_path, {})
    assert standing(planned("response"), reading).blocked_by == ("Lamp certificate", "Detector")
    put(tmp_path, RecordKind.LINEARITY)
    put(tmp_path, CheckKind.LAMP)
    assert standing(planned("response"), read_folder(tmp_path, {})).blocked_by == ()


def test_done_says_when_by_whom_and_until_when(tmp_path):
    put(tmp_path, RecordKind.WHEEL)
    found = standing(planned("wheel"), read_folder(tmp_path, {}))
    assert (found.state, found.word) == ("good", "done")
    made, until = (f"{NOW + timedelta(days=days):%Y-%m-%d}" for days in (-5, 95))
    assert found.sentence == f"Made {made} by A. B., valid until {until}."


def test_an_expired_one_is_due(tmp_path):
    put(tmp_path, RecordKind.WHEEL, age=timedelta(days=120))
    assert standing(planned("wheel"), read_folder(tmp_path, {})).word == "expired"


def test_a_failed_laser_check_is_no_done_check(tmp_path):
    put(tmp_path, CheckKind.LASER_CHECK, {"passed": False})
    assert standing(planned("laser-check"), read_folder(tmp_path, {})).word == "failed"


@pytest.fixture
def form(qtbot):
    from plqy_rig.gui.calibrations.form import CalibrationForm

    form = CalibrationForm()
    qtbot.addWidget(form)
    form.set_rig(simulated=True, why_not="")
    form.show()
    form.heard = []
    form.started.connect(form.heard.append)
    return form


def test_the_form_asks_for_every_parameter_once_and_sends_only_what_was_changed(form):
    form.show_names(("response", "detector"), {}, None)
    expected = {key for name in form.names for key in CALIBRATIONS[name]().parameter_objects()}
    assert set(form.rows) == expected
    form.rows["seatings"].enter(4)
    form.operator.setText(" A. B. ")
    form.start.click()
    (arguments,) = form.heard
    assert arguments["names"] == ["detector", "response"]
    assert arguments["parameters"] == {"seatings": 4}
    assert arguments["operator"] == "A. B."
    assert arguments["lamp"] is None


def test_a_text_where_a_number_belongs_is_told_at_its_field(form):
    form.show_names(("wheel",), {}, None)
    form.rows["positions"].input.enter("many")
    form.start.click()
    assert form.heard == []
    assert form.rows["positions"].problem
    assert form.problem.isVisible()


def test_a_beam_needs_both_axes_or_two_diameters(form):
    form.set_rig(simulated=False, why_not="")
    form.show_names(("beam",), {}, None)
    form.start.click()
    assert "both axes" in form.problem.text()
    form.beam.way.setCurrentIndex(1)
    form.start.click()
    assert "both diameters" in form.problem.text()
    form.beam.diameter_x.setValue(4.6)
    form.beam.diameter_y.setValue(4.4)
    form.start.click()
    assert form.heard[0]["beam"]["diameter_x_mm"] == 4.6


def test_nothing_can_be_started_while_the_rig_is_in_use(form):
    form.show_names(("wheel",), {}, None)
    form.set_rig(simulated=True, why_not="A run uses the rig: wait for its end, or end it.")
    assert not form.start.isEnabled()
    assert "A run uses the rig" in form.problem.text()
    form.set_rig(simulated=True, why_not="")
    assert form.start.isEnabled()


PLOT = {
    "title": "k",
    "x_label": "Power / mW",
    "y_label": "k",
    "series": [{"name": "k", "x": [1, 2], "y": [24, None]}],
}
RESULT = {
    "kind": "monitor_ratio",
    "passed": False,
    "accepted": None,
    "summary": ["k = 24.1"],
    "warnings": ["drift"],
    "plot": PLOT,
}
QUESTION = {
    "kind": "calibration",
    "sentence": "Please switch the lamp on, then block its light.",
    "next": "Next: darks.",
    "reason": "",
    "answers": ["done", "abort"],
    "simulated_hands": False,
}


@pytest.fixture
def progress(qtbot):
    from plqy_rig.gui.calibrations.progress import SessionView

    view = SessionView()
    qtbot.addWidget(view)
    view.show()
    return view


def session(**changes):
    part = {
        "names": ["wheel", "monitor"],
        "name": "wheel",
        "stage": "",
        "results": [],
        "plots": [],
        "deciding": False,
    }
    return {**part, "error": None, "over": False, **changes}


def test_moves_are_numbered_and_answered(progress):
    heard = []
    progress.answered.connect(heard.append)
    progress.show_session(session(), QUESTION, 1.0)
    assert progress.question.sentence.text() == "1. Switch the lamp on.\n2. Block its light."
    progress.question.done.click()
    progress.question.done.click()
    assert heard == ["done"]
    progress.show_session(session(), {**QUESTION, "kind": "sweep"}, 1.0)
    assert not progress.question.isVisible()


def test_a_result_that_failed_its_gates_says_so_and_can_still_be_decided(progress):
    heard = []
    progress.decided.connect(heard.append)
    progress.show_session(session(results=[RESULT], deciding=True), None, 1.0)
    (card,) = progress.cards
    assert card.gate.text() == "✖ the gates did NOT let it through"
    assert card.warnings.text() == "▲ drift"
    card.refuse_button.click()
    assert heard == [False]
    progress.show_session(session(results=[{**RESULT, "accepted": False}], over=True, name=None), None, 1.0)
    assert card.fate.text() == "✖ Refused: no record was written."
    assert "✖ Monitor ratio: refused" in progress.steps.text()
    assert "○ Wheel: not done" in progress.steps.text()
    assert progress.back.isVisible()


def test_gaps_in_a_curve_are_no_error(progress):
    progress.show_session(session(plots=[PLOT]), None, 1.0)
    (plot,) = progress.plots
    assert plot.columns()[1].values[0] == 24
    progress.show_session(session(plots=[]), None, 1.0)
    assert progress.plots == []


def test_a_proposed_temperature_is_told_with_what_keeping_it_does(progress):
    setting = {"key": "laser.temperature_c", "old": 25.0, "new": 23.5, "written": False}
    result = {
        "kind": "mode_hops",
        "passed": True,
        "accepted": None,
        "summary": [],
        "warnings": [],
        "setting": setting,
    }
    progress.show_session(session(names=["mode-hop"], results=[result], deciding=True), None, 1.0)
    text = progress.cards[0].setting.text()
    assert text.startswith("Proposed laser temperature: 23.5 °C instead of 25 °C.")
    assert text.endswith("It goes into the rig file when you keep this.")


def test_the_lamp_s_warm_up_is_counted_down(progress):
    progress.show_session(session(stage="the lamp warms up, 20 min to go"), None, 1.0)
    assert progress.warm_up.isVisible()
    assert "20:00" in progress.warm_up.left.text()
    progress.show_session(session(stage="darks"), None, 1.0)
    assert not progress.warm_up.isVisible()
