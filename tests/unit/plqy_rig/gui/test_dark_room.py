"""The dark room gets red light alone, whatever the window shows, also when the theme is chosen late."""

from __future__ import annotations

import numpy as np
import pytest
from gui_support.fits import show_at
from gui_support.protocol import (
    ROLES,
    dark_document,
    engine,
    exposure_document,
    run_documents,
    run_part,
    snapshot,
)
from PyQt6.QtGui import QImage

from plqy_rig.gui.emergency.off import EmergencyOutcome
from plqy_rig.gui.themes import theme

QUESTION = {
    "kind": "sweep",
    "role": "direct_emission",
    "target": {"sample": "direct", "long_pass": True},
    "steps": ["insert_long_pass"],
    "sentence": "Please insert the long-pass filter.",
    "reason": "The test exposure saw laser light.",
    "next": "",
    "answers": ["done", "continue_anyway", "abort"],
    "simulated_hands": False,
}
PROGRESS = {
    "passes": [{"role": role, "steps_done": 1, "steps": 3} for role in ROLES],
    "remaining_s": 754.0,
    "finish_s": None,
}
PLOT = {
    "title": "Density",
    "x_label": "Angle (°)",
    "y_label": "Density",
    "series": [
        {"name": "measured", "x": [0, 135, 270], "y": [0, 2, 4], "y_error": [0.1, 0.1, 0.1]},
        {"name": "line", "x": [0, 270], "y": [0, 4]},
    ],
}
RESULT = {"kind": "wheel", "passed": True, "accepted": None, "summary": ["well"], "warnings": ["drift"]}
SESSION = {
    "names": ["wheel", "detector"],
    "name": "wheel",
    "stage": "",
    "results": [{**RESULT, "plot": PLOT}],
    "plots": [],
    "deciding": True,
    "error": None,
    "over": False,
}


@pytest.fixture(autouse=True)
def light_again(qapp):
    yield
    theme.manager().choose("light")


def not_red(widget) -> int:
    """How many pixels of a widget's picture have green or blue in them."""
    picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = picture.constBits()
    bits.setsize(picture.sizeInBytes())
    pixels = np.frombuffer(bits, dtype=np.uint8).reshape(picture.height(), -1, 4)[:, : picture.width()]
    return int(np.count_nonzero(pixels[..., :2].any(axis=2)))


@pytest.fixture
def window(make_window, fake_session):
    """Made in the light: what is drawn once only would keep its colours."""
    theme.manager().choose("light")
    made = make_window(fake_session)
    run = fake_session.run
    for name, document in run_documents():
        run.take_document(name, document)
    for role in ROLES[1:]:
        for name, document in (exposure_document("run-1", role, 2), dark_document("run-1", role, 2)):
            run.take_document(name, document)
    return made


def test_every_page_in_the_dark_room_is_red_alone(window):
    parts = {"run": run_part(), "occupation": "run", "progress": PROGRESS}
    state = engine(state="waiting for operator", safety="not safe", question=QUESTION, holds=["No purge."])
    window.session.rig.take_snapshot(snapshot(engine=state, calibration=SESSION, **parts))
    window.session.tell("it broke", hint="Mend it.")
    window.toasts.show_notice("The laser is warm.", True)
    theme.manager().choose("dark-room")
    found = {}
    for page in window.pages:
        window.show_page(page.title)
        for width, height in ((960, 640), (1920, 1080)):
            show_at(window, width, height)
            # Qt draws the blinking bar in a line of text inverted, in every theme: it isn't looked at.
            window.setFocus()
            found[page.title, width] = not_red(window)
    assert {where: pixels for where, pixels in found.items() if pixels} == {}


def test_every_dialog_in_the_dark_room_is_red_alone(window):
    window.session.rig.take_snapshot(snapshot(engine=engine(state="running"), run=run_part()))
    theme.manager().choose("dark-room")
    window.ask_abort()
    keys = window.show_keys()
    window.emergency._begin()
    assert not_red(window.emergency) == 0
    step = {"name": "laser off", "safe": False, "problem": "no answer"}
    window.emergency.finished_with.emit(EmergencyOutcome(False, "NOT SAFE", (step,)))
    for dialog in (window.question, keys, window.emergency):
        assert not_red(dialog) == 0
        dialog.close()
