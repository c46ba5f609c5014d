"""A session of calibrations on a rig in memory: what is kept, and that every end is a safe one."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from support.rig_in_memory import LiveWorld, RigInMemory

from calibration import (
    CheckKind,
    CurveError,
    RecordError,
    RecordKind,
    make_record,
    read_raw_data,
    read_record,
    save_record,
)
from drivers.errors import ConfigurationError, MeasurementError, RunAbortedError, SafetyError
from plqy_rig.calibration_session import (
    ORDER,
    BeamInput,
    CalibrationSession,
    SessionRequest,
    parameters_of,
    result_document,
    should_be_kept,
)
from plqy_rig.config import read_rig_file
from plqy_rig.engine.guardian_link import NoGuardian
from procedures import OperatorAnswer
from procedures.calibrations import CalibrationResult, WheelMeasurement


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


def test_what_a_measurement_misses_in_the_dark_of_an_abort_is_no_fault_of_the_rig(tmp_path):
    made = Made(tmp_path)
    dark = threading.Event()

    def hook(name):
        if name == "monitor read" and made.face.heard and not dark.is_set():
            made.session.emergency_off("enough")
            dark.set()
            raise MeasurementError("the power monitor sees no light with the shutter open")

    made.world.hooks.append(hook)
    with pytest.raises(RunAbortedError, match="enough") as ended:
        made.run()
    assert isinstance(ended.value.__cause__, MeasurementError)
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


def test_a_scan_that_ends_within_the_beam_does_not_pass_the_gate(tmp_path):
    position_mm = np.linspace(-1.0, 1.0, 41)
    path = tmp_path / "cut.csv"
    rows = zip(position_mm, np.exp(-0.5 * (position_mm / 1.15) ** 2), strict=True)
    path.write_text("\n".join(f"{x:.3f},{intensity:.5f}" for x, intensity in rows), encoding="utf-8")
    beam = BeamInput(profile_x=(path,), profile_y=(path,))
    made = Made(tmp_path, names=("beam",), changes=(), beam=beam)
    with pytest.raises(MeasurementError, match="ends within the beam"):
        made.session.run()
    assert made.files == []


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


def kept_record(folder, kind, days_old=10, **instruments):
    new = make_record(
        kind,
        {},
        operator="A. Person",
        origin="a test",
        instruments=instruments,
        created=datetime.now(UTC) - timedelta(days=days_old),
    )
    return save_record(new, folder)


@pytest.fixture
def seen(monkeypatch):
    """The records that a calibration was given; what it finds stands on all of them."""
    seen = {}

    def measure(self):
        seen.update(self.records)
        used = {str(kind): record for kind, record in self.records.items()}
        return (
            CalibrationResult(RecordKind.WHEEL, {"warnings": ["dirt"]}, "a test", (), ("dirt",), (), used),
        )

    monkeypatch.setattr(WheelMeasurement, "measure", measure)
    return seen


def test_another_lamp_s_certificate_and_another_spectrometer_s_lines_are_never_used(tmp_path, seen):
    made = Made(tmp_path)
    made.session._serials["lamp"] = "HL-2"
    folder = made.session.folder
    kept_record(folder, CheckKind.LAMP, lamp="HL-1")
    kept_record(folder, CheckKind.WAVELENGTH, spectrometer="another")
    # Made with a lamp that is gone: as good as ever, a run would use it too.
    response = kept_record(folder, RecordKind.RESPONSE, lamp="HL-1")
    made.run()
    assert {kind: record.sha256 for kind, record in seen.items()} == {
        RecordKind.RESPONSE: read_record(response).sha256
    }


def test_what_stands_on_an_expired_record_says_so_for_ever(tmp_path, seen):
    made = Made(tmp_path)
    kept_record(made.session.folder, RecordKind.LINEARITY, days_old=400)
    made.run()
    dirt, expired = made.session.kept[0].record.values["warnings"]
    assert dirt == "dirt"
    assert "linearity record that expired on" in expired
    assert made.session.document()["results"][0]["warnings"] == ["dirt", expired]


def test_a_record_that_the_rig_file_names_goes_before_a_newer_one(tmp_path, seen):
    made = Made(tmp_path)
    old = kept_record(made.session.folder, RecordKind.LINEARITY, days_old=20)
    kept_record(made.session.folder, RecordKind.LINEARITY, days_old=2)
    path = made.rig.rig_file.path
    text = path.read_text(encoding="utf-8").replace(
        "[calibration]\n", f'[calibration]\nrecords = ["{old.name}"]\n'
    )
    path.write_text(text, encoding="utf-8")
    made.session._rig_file = read_rig_file(path)
    made.run()
    assert seen[RecordKind.LINEARITY].sha256 == read_record(old).sha256


def test_a_damaged_record_is_told_with_the_way_out_before_anything_moves(tmp_path):
    path = kept_record(Made(tmp_path).session.folder, RecordKind.LINEARITY)
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(RecordError, match="move it out of the folder"):
        Made(tmp_path)
    beam = BeamInput(diameter_x_mm=4.5, diameter_y_mm=4.4)
    made = Made(tmp_path, names=("beam",), changes=(), beam=beam)
    made.session.run()
    assert len(made.session.kept) == 1


LAMP_TOML = """
[lamp]
serial_number = "HL-1"
certificate = "certificate.txt"
unit = "uW/nm"
certified = 2020-01-01
"""


def lamp_session(folder, wavelengths_nm, lamp_toml=LAMP_TOML):
    made = Made(folder)
    path = made.rig.rig_file.path
    path.write_text(path.read_text(encoding="utf-8") + lamp_toml, encoding="utf-8")
    rows = "\n".join(f"{nm}\t{100 + nm / 100}\t3" for nm in wavelengths_nm)
    path.with_name("certificate.txt").write_text(rows, encoding="utf-8")
    request = SessionRequest(names=("lamp",), operator="A. Tester")
    return CalibrationSession(read_rig_file(path), request, WrittenFace())


@pytest.mark.parametrize(
    ("wavelengths_nm", "says"),
    [
        (range(1000, 1800, 50), "line 1: the table covers 1000 to 1750 nm, 962 to 1650 nm is needed"),
        (range(700, 1650, 50), "line 19: the table covers 700 to 1600 nm"),
        ((0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7), "are the wavelengths in nm"),
    ],
)
def test_a_lamp_that_does_not_cover_laser_and_emission_is_refused_by_its_line(tmp_path, wavelengths_nm, says):
    with pytest.raises(CurveError, match=says):
        lamp_session(tmp_path, wavelengths_nm)


def test_a_certificate_is_as_old_as_it_says_and_lies_beside_its_record(tmp_path):
    session = lamp_session(tmp_path, range(700, 1800, 50), LAMP_TOML + "valid_days = 100\nvalid_hours = 20.0")
    session.run()
    path, record = session.kept[0].path, session.kept[0].record
    assert record.expires.date() == date(2020, 4, 10)
    assert record.values["valid_hours"] == 20.0
    assert any("lapsed on 2020-04-10" in said for said in session.document()["results"][0]["summary"])
    assert str(read_raw_data(path)["certificate_1"]).startswith("700\t107.0\t3")
    without_date = lamp_session(tmp_path, range(700, 1800, 50), LAMP_TOML.replace("certified", "# "))
    without_date.run()
    assert without_date.kept[0].record.expires > datetime.now(UTC) + timedelta(days=360)


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
