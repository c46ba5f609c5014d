"""What the operator's panel makes of a question."""

from __future__ import annotations

import pytest
from gui_support.protocol import engine, run_part, snapshot

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Arrangement, Role, SamplePosition
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.operator.panel import OperatorPanel
from plqy_rig.gui.operator.question import passes_of, picture_of, place_of, shutter_closed
from procedures.operator import make_request


def question_of(role: Role, present: Arrangement | None, reason: str = "", **changes) -> dict:
    request = make_request(role, present, sample="HET-Ce", power_steps=3, reason=reason)
    return {
        "kind": "sweep",
        "role": str(role),
        "target": {
            "sample": str(request.target.sample),
            "long_pass": request.target.long_pass_inserted,
        },
        "steps": [str(step) for step in request.steps],
        "sentence": request.sentence,
        "reason": request.reason,
        "next": request.next,
        "answers": ["done", "continue_anyway", "abort"],
        "simulated_hands": False,
        **changes,
    }


def model(**changes) -> RigModel:
    made = RigModel()
    made.take_snapshot(snapshot(run=run_part(), **changes))
    return made


@pytest.mark.parametrize("index", range(1, 5))
def test_what_stands_now_is_what_the_pass_before_left(qtbot, index):
    before, role = REQUIRED_ROLES[index - 1], REQUIRED_ROLES[index]
    picture = picture_of(question_of(role, before.arrangement), model())
    assert picture.present == before.arrangement
    assert picture.target == role.arrangement
    assert picture.moves_sample is (before.arrangement.sample is not role.arrangement.sample)
    assert picture.moves_filter is (
        before.arrangement.long_pass_inserted is not role.arrangement.long_pass_inserted
    )


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (None, ""),
        (Role.INDIRECT_EXCITATION.arrangement, "the sample isn't in the beam"),
        (Arrangement(SamplePosition.OUT, True), ""),
    ],
    ids=["unknown", "a check failed", "moves that don't fit the pass before"],
)
def test_nothing_is_claimed_about_what_stands_now_when_nobody_knows(qtbot, present, reason):
    picture = picture_of(question_of(Role.DIRECT_EXCITATION, present, reason), model())
    assert picture.present is None


def test_the_words_for_who_cannot_see_the_drawing_name_what_moves(qtbot):
    question = question_of(Role.DIRECT_EMISSION, Role.DIRECT_EXCITATION.arrangement)
    words = picture_of(question, model(engine=engine(safety="dark"))).words
    assert words == "Sample in the beam; long-pass in (move it); shutter closed."


def test_a_question_of_a_calibration_has_no_picture(qtbot):
    question = {"kind": "calibration", "role": None, "target": None, "sentence": "Switch the lamp on."}
    assert picture_of(question, model()) is None
    assert place_of(question, None) == ""


def test_the_passes_are_those_of_the_recipe(qtbot):
    assert passes_of({"recipe": {"passes": ["direct_emission", "empty_excitation"]}}) == [
        Role.EMPTY_EXCITATION,
        Role.DIRECT_EMISSION,
    ]
    assert passes_of(None) == list(REQUIRED_ROLES)
    every = {"recipe": {"passes": [str(role) for role in PASS_ORDER]}}
    assert place_of(question_of(Role.EMPTY_EMISSION, None), every).startswith("pass 6 of 6, ")


def shutter_reading(is_open: bool) -> dict:
    reading = {"name": "open", "value": is_open, "unit": "", "time_s": 1.0, "state": "good"}
    return {"shutter": {"connected": True, "readings": [reading]}}


@pytest.mark.parametrize(
    ("parts", "closed"),
    [
        ({"instruments": shutter_reading(False), "engine": engine(safety="in use")}, True),
        ({"instruments": shutter_reading(True), "engine": engine(safety="safe")}, False),
        ({"instruments": {}, "engine": engine(safety="dark")}, True),
        ({"instruments": {}, "engine": engine(safety="in use")}, None),
    ],
)
def test_the_shutter_counts_as_closed_only_when_something_says_so(qtbot, parts, closed):
    assert shutter_closed(model(**parts)) is closed


def test_a_shutter_read_open_before_the_question_was_put_is_not_said_to_be_open(qtbot):
    change = {"old": "running", "new": "waiting for operator", "reason": "", "time_s": 50.0}
    asking = engine(question=question_of(Role.DIRECT_EXCITATION, None), safety="in use")
    parts = {"engine": asking, "history": [change], "instruments": shutter_reading(True)}
    assert shutter_closed(model(**parts)) is None
    parts["instruments"]["shutter"]["readings"][0]["time_s"] = 51.0
    assert shutter_closed(model(**parts)) is False


@pytest.fixture
def panel(qtbot, fake_session):
    made = OperatorPanel(fake_session)
    qtbot.addWidget(made)
    return made


def ask(fake_host, qtbot, panel, question) -> None:
    fake_host.say("engine", engine=engine(state="waiting for operator", question=question))
    qtbot.waitUntil(lambda: panel.is_asking and panel.isVisible(), timeout=3000)


def test_an_answer_that_is_refused_is_said_and_can_be_given_again(qtbot, fake_host, panel):
    ask(fake_host, qtbot, panel, question_of(Role.EMPTY_EXCITATION, None))
    fake_host.refuse("answer_operator", "nobody asked: there is no question to answer")
    panel.confirm()
    qtbot.waitUntil(panel.trouble.isVisible, timeout=3000)
    assert panel.trouble.text() == "nobody asked: there is no question to answer"
    assert panel.done_button.isEnabled()


def test_one_question_is_answered_once(qtbot, fake_host, panel):
    ask(fake_host, qtbot, panel, question_of(Role.EMPTY_EXCITATION, None))
    panel.confirm()
    panel.confirm()
    qtbot.waitUntil(lambda: bool(fake_host.asked("answer_operator")), timeout=3000)
    assert len(fake_host.asked("answer_operator")) == 1
    assert not panel.done_button.isEnabled()


def test_the_same_question_asked_again_at_once_can_be_answered_again(qtbot, fake_host, panel):
    question = question_of(Role.DIRECT_EXCITATION, None, "the sample isn't in the beam")
    ask(fake_host, qtbot, panel, question)
    panel.confirm()
    qtbot.waitUntil(lambda: len(fake_host.asked("answer_operator")) == 1, timeout=3000)
    assert not panel.is_asking
    fake_host.say("engine", engine=engine(state="running"))
    ask(fake_host, qtbot, panel, dict(question))
    assert panel.done_button.isEnabled()
    panel.confirm()
    qtbot.waitUntil(lambda: len(fake_host.asked("answer_operator")) == 2, timeout=3000)


def test_hands_that_failed_once_are_not_used_by_themselves_again(qtbot, fake_host, panel):
    panel.always_box.setChecked(True)
    failed = question_of(Role.DIRECT_EXCITATION, None, "the sample isn't in the beam")
    ask(fake_host, qtbot, panel, failed)
    qtbot.wait(200)
    assert not fake_host.asked("bench_hands")
    panel.use_hands()
    qtbot.waitUntil(lambda: bool(fake_host.asked("answer_operator")), timeout=3000)
    assert fake_host.asked("bench_hands") == [{"place": "direct", "long_pass": False}]


def test_a_calibrations_question_is_asked_without_drawing_and_hands(qtbot, fake_host, panel):
    question = {
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
    ask(fake_host, qtbot, panel, question)
    assert panel.sentence.text() == "Switch the lamp on."
    assert not panel.drawing.isVisible()
    assert not panel.hands_button.isVisible()


def test_without_a_connection_nothing_is_said_of_the_shutter_and_nothing_can_be_answered(
    make_window, fake_host, fake_session, qtbot
):
    panel = make_window(fake_session).findChild(OperatorPanel)
    question = question_of(Role.DIRECT_EXCITATION, None)
    asking = engine(state="waiting for operator", question=question)
    # As the host has it, which tells it again when it is back.
    fake_host.snapshot["engine"] = asking
    fake_host.say("engine", engine=asking)
    qtbot.waitUntil(lambda: panel.isVisible() and panel.done_button.isEnabled(), timeout=5000)
    fake_host.vanish()
    qtbot.waitUntil(lambda: not panel.done_button.isEnabled(), timeout=5000)
    assert not panel.abort_button.isEnabled()
    assert panel.shutter.text() == "? Shutter not known: no connection"
    assert panel.drawing.picture.shutter_closed is None
    assert "no connection to the rig" in panel.next.text()
    fake_host.here = True
    qtbot.waitUntil(panel.done_button.isEnabled, timeout=10_000)
    assert "no connection" not in panel.next.text()
