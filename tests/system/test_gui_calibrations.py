"""Calibrations done from the window on a bench: the real host, the real wires, the real widgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration import RecordKind, read_record

PATIENCE_MS = 90_000


@pytest.fixture
def page(qtbot, start_plqy_host):
    """The page, connected to a host with a bench of its own."""
    from plqy_rig.gui.calibrations.page import CalibrationsPage
    from plqy_rig.gui.host_link.session import Session

    address = start_plqy_host(speed=200)
    session = Session()
    page = CalibrationsPage(session)
    qtbot.addWidget(page)
    page.messages = []
    session.message.connect(page.messages.append)
    page.resize(1300, 900)
    page.show()
    session.attach(address)
    qtbot.waitUntil(lambda: session.connected and bool(session.rig.rig), timeout=PATIENCE_MS)
    page.activated()
    qtbot.waitUntil(lambda: page.reading is not None and session.rig.idle, timeout=PATIENCE_MS)
    yield page
    session.close()


def part(page):
    return page.session.rig.calibration or {}


def records(page, kind):
    folder = Path(page.session.rig.rig["calibration_folder"])
    return {path.name: read_record(path) for path in folder.glob(f"{kind}_*.json")}


def fill_in(page, qtbot, name, **values):
    page.list.choose([name])
    page.form.operator.setText("A. Tester")
    for key, value in values.items():
        page.form.rows[key].enter(value)
    # A host that has just started verifies its safe state first.
    wait(page, qtbot, page.form.start.isEnabled)


def wait(page, qtbot, fulfilled):
    qtbot.waitUntil(lambda: bool(fulfilled()), timeout=PATIENCE_MS)  # None would count as fulfilled


def test_the_list_says_what_is_done_and_what_stands_on_what(page):
    rows = page.list.rows
    assert rows["response"].state.text() == "✔ done"
    assert "valid until" in rows["response"].sentence.text()
    assert rows["lamp"].state.text() == "? not done"
    assert rows["mode-hop"].state.text() == "? not done"


def test_the_wheel_is_calibrated_by_hand_and_its_record_kept(page, qtbot):
    before = records(page, RecordKind.WHEEL)
    fill_in(page, qtbot, "wheel", positions=12, positions_back=10, laser_warm_up_s=1.0)
    page.form.hands.setChecked(False)
    page.form.start.click()
    wait(page, qtbot, lambda: page.progress.question.isVisible())
    assert page.progress.question.heading.text() == "Your turn"
    assert "1. Make sure that no sample is in the sphere." in page.progress.question.sentence.text()
    page.progress.question.done.click()
    wait(page, qtbot, lambda: bool(page.progress.plots))
    assert not page.progress.question.isVisible()
    wait(page, qtbot, lambda: page.progress.cards and page.progress.cards[-1].accept_button.isVisible())
    (card,) = page.progress.cards
    assert card.gate.text() == "✔ gates passed"
    assert "per degree" in card.summary.text()
    assert len(card.plot.document["series"][0]["x"]) == 12
    assert records(page, RecordKind.WHEEL) == before
    card.accept_button.click()
    wait(page, qtbot, lambda: page.progress.back.isVisible() and page.session.rig.idle)
    (new,) = set(records(page, RecordKind.WHEEL)) - set(before)
    assert records(page, RecordKind.WHEEL)[new].operator == "A. Tester"
    assert new in card.fate.text()
    wait(page, qtbot, lambda: "A. Tester" in page.list.rows["wheel"].sentence.text())
    page.progress.back.click()
    assert page.form.isVisible()
    assert page.session.rig.safety == "safe"


def test_the_monitor_ratio_that_is_refused_leaves_no_record(page, qtbot):
    before = records(page, RecordKind.MONITOR_RATIO)
    fill_in(page, qtbot, "monitor", positions=10, readings=3, laser_warm_up_s=1.0)
    page.form.hands.setChecked(True)
    page.form.start.click()
    wait(page, qtbot, lambda: page.progress.cards and page.progress.cards[-1].accept_button.isVisible())
    (card,) = page.progress.cards
    assert "k = " in card.summary.text()
    card.refuse_button.click()
    wait(page, qtbot, lambda: page.progress.back.isVisible() and page.session.rig.idle)
    assert records(page, RecordKind.MONITOR_RATIO) == before
    assert card.fate.text() == "✖ Refused: no record was written."
    assert "refused" in page.progress.steps.text()
    assert page.progress.error.isVisible()
    assert page.session.rig.safety == "safe"


def test_an_abort_at_the_question_ends_in_the_safe_state(page, qtbot):
    before = records(page, RecordKind.WHEEL)
    fill_in(page, qtbot, "wheel")
    page.form.hands.setChecked(False)
    page.form.start.click()
    wait(page, qtbot, lambda: page.progress.question.isVisible())
    page.progress.abort.click()
    wait(page, qtbot, lambda: page.progress.back.isVisible() and page.session.rig.idle)
    assert page.progress.title.text() == "The calibration ended early"
    assert page.progress.error.isVisible()
    assert not page.progress.question.isVisible()
    assert records(page, RecordKind.WHEEL) == before
    assert page.session.rig.safety == "safe"


def test_a_value_out_of_its_limits_is_told_at_its_field_and_nothing_begins(page, qtbot):
    fill_in(page, qtbot, "wheel", positions=3)
    page.form.start.click()
    assert "10 to 1000" in page.form.rows["positions"].problem
    assert page.form.problem.isVisible()
    assert not part(page)


def test_the_lamp_certificate_is_read_from_its_file(page, qtbot):
    fill_in(page, qtbot, "lamp")
    page.form.start.click()
    wait(page, qtbot, lambda: page.progress.cards and page.progress.cards[-1].accept_button.isVisible())
    page.progress.cards[0].accept_button.click()
    wait(page, qtbot, lambda: page.progress.back.isVisible() and page.session.rig.idle)
    assert len(records(page, "lamp")) == 1
    wait(page, qtbot, lambda: page.list.rows["lamp"].state.text() == "✔ done")
