"""A session of calibrations on a rig in memory: what is kept, and that every end is a safe one."""

from __future__ import annotations

import threading

import pytest
from support.rig_in_memory import LiveWorld, RigInMemory

from calibration import CheckKind, read_record
from drivers.errors import ConfigurationError, RunAbortedError, SafetyError
from plqy_rig.calibration_session import (
    ORDER,
    BeamInput,
    CalibrationSession,
    SessionRequest,
    parameters_of,
    result_document,
    should_be_kept,
)
from plqy_rig.engine.guardian_link import NoGuardian
from procedures import OperatorAnswer


class WrittenFace:
    """Notes what it is told; answers as it was told to, or never."""

    def __init__(self, *, keep=should_be_kept, answer=OperatorAnswer.DONE) -> None:
        self.keep, self.answer = keep, answer
        self.heard, self.plots, self.results = [], [], []
        self.waiting, self.never = threading.Event(), threading.Event()

    def tell(self, sentence):
        self.heard.append(("tell", sentence))

    def begun(self, name):
        self.heard.append(("begun", name))

    def draw(self, plot):
        self.plots.append(plot)

    def show(self, result):
        self.heard.append(("show", str(result.kind)))
        self.results.append(result_document(result, None))

    def decide(self, result):
        return self._given(self.keep, lambda keep: keep(result))

    def decided(self, result, kept):
        self.heard.append(("decided", kept is not None))

    def prepare(self, request):
        return self._given(self.answer, lambda answer: answer)

    def _given(self, prepared, give):
        if prepared is None:
            self.waiting.set()
            self.never.wait(60)
        return give(prepared)


class Made:
    """A session on a rig in memory."""

    def __init__(self, folder, face=None, names=("wheel",), changes=("laser_warm_up_s=0",), **request):
        self.world = LiveWorld()
        self.rig = RigInMemory(self.world, folder / "rig")
        self.face = face or WrittenFace()
        wanted = SessionRequest(names=tuple(names), operator="A. Tester", changes=tuple(changes), **request)
        self.session = CalibrationSession(self.rig.rig_file, wanted, self.face)

    def run(self, **options):
        self.session.run(self.rig, guardian=NoGuardian(), **options)

    def assert_dark(self):
        assert not self.world.shutter_open
        assert not self.world.laser_on

    @property
    def files(self):
        folder = self.session.folder
        return sorted(path.name for path in folder.glob("*.json")) if folder.exists() else []


def test_an_accepted_result_becomes_a_record_of_these_instruments(tmp_path):
    made = Made(tmp_path)
    made.run()
    made.assert_dark()
    assert [what for what, _ in made.face.heard if what != "tell"] == ["begun", "show", "decided"]
    record = read_record(made.session.kept[0].path)
    assert record.operator == "A. Tester"
    assert record.instruments["attenuator"] == made.rig.identities()["attenuator"]["serial_number"]
    document = made.session.document()
    assert document["safe_state"]["safe"]
    assert [one["accepted"] for one in document["results"]] == [True]


def test_a_refused_result_leaves_no_record(tmp_path):
    made = Made(tmp_path, WrittenFace(keep=lambda result: False))
    with pytest.raises(RunAbortedError, match="not accepted"):
        made.run()
    assert made.files == []
    assert ("decided", False) in made.face.heard
    made.assert_dark()


@pytest.mark.parametrize("silent", ["keep", "answer"])
def test_an_abort_ends_a_session_while_a_person_is_asked(tmp_path, silent):
    face = WrittenFace(**{silent: None})
    made = Made(tmp_path, face)

    def look():
        if face.waiting.is_set():
            made.session.abort("enough")

    with pytest.raises(RunAbortedError, match="enough"):
        made.run(look=look)
    assert made.session.aborting
    assert made.files == []
    made.assert_dark()
    face.never.set()


def test_an_abort_in_the_middle_of_a_measurement_ends_between_exchanges(tmp_path):
    made = Made(tmp_path)
    reads = []

    def hook(name):
        reads.append(name)
        if reads.count("monitor read") == 20:
            made.session.abort("enough")

    made.world.hooks.append(hook)
    with pytest.raises(RunAbortedError):
        made.run()
    made.assert_dark()
    assert made.files == []


def test_an_emergency_off_does_not_wait_for_what_hangs(tmp_path):
    made = Made(tmp_path)
    hanging, for_ever = threading.Event(), threading.Event()

    def hook(name):
        if name == "monitor read":
            hanging.set()
            for_ever.wait(60)

    made.world.hooks.append(hook)

    def look():
        if hanging.is_set():
            made.session.emergency_off("emergency")

    with pytest.raises(RunAbortedError, match="left behind"):
        made.run(look=look)
    made.assert_dark()
    assert made.session.verdict.safe
    for_ever.set()


def test_a_rig_that_cannot_be_made_safe_ends_with_that(tmp_path):
    made = Made(tmp_path)
    made.world.hooks.append(
        lambda name: made.world.unplugged.add("shutter") if name == "monitor read" else None
    )
    with pytest.raises(SafetyError):
        made.run()
    assert not made.session.verdict.safe


def test_what_was_accepted_before_is_there_for_what_comes_after(tmp_path):
    made = Made(tmp_path, names=("wheel", "wavelength"))
    made.run()
    assert [str(one.record.kind) for one in made.session.kept] == ["wheel", "wavelength"]


def test_a_beam_needs_no_rig(tmp_path):
    beam = BeamInput(diameter_x_mm=4.5, diameter_y_mm=4.4)
    made = Made(tmp_path, names=("beam",), changes=(), beam=beam)
    assert not made.session.needs_rig
    made.session.run()
    assert made.files[0].startswith("beam_")
    assert made.world.calls == 0


@pytest.mark.parametrize(
    ("names", "changes", "says"),
    [
        (("wheels",), (), "no calibration 'wheels'"),
        (("wheel",), ("positions=2",), "positions=2"),
        (("wheel",), ("position=20",), "positions"),
        (("lamp",), (), "lamp: missing"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_moves(tmp_path, names, changes, says):
    with pytest.raises(ConfigurationError, match=says):
        Made(tmp_path, names=names, changes=changes)


def test_every_calibration_says_what_can_be_set():
    for name in ORDER:
        for parameter in parameters_of(name):
            assert parameter["label"]
    names = {parameter["name"] for parameter in parameters_of("mode-hop")}
    assert {"scan", "step_c", "both_ways"} <= names


def test_curves_are_given_for_a_window_to_draw(tmp_path):
    made = Made(tmp_path)
    made.run()
    plot = made.face.results[0]["plot"]
    assert plot["x_label"].endswith("°")
    assert {"title", "x_label", "y_label", "series"} == set(plot)
    assert len(made.face.plots) > 10
    assert CheckKind.MODE_HOPS == "mode_hops"
