"""What the Records page says about a folder, and the curves of records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from support.synthetic_runs import Truth, records

from calibration import CheckKind, Record, RecordError, RecordKind, write_record
from plqy_rig.gui.records.curves import record_curve
from plqy_rig.gui.records.reading import read_folder, value_rows

NOW = datetime.now(UTC).replace(microsecond=0)


def sealed(kind, values, made=NOW - timedelta(days=10), lasts=timedelta(days=200), **changes):
    return Record.seal(
        **{
            "kind": kind,
            "created": made,
            "expires": made + lasts,
            "operator": "A. B.",
            "origin": "drawn",
            "instruments": {"spectrometer": "NQ1"},
            "values": values,
            **changes,
        }
    )


WHEEL = {"angle_deg": [0.5, 100.0, 265.0], "optical_density": [0.04, 0.76, 1.96]}


@pytest.fixture
def folder(tmp_path):
    """A valid record of every kind."""
    documents = records(Truth(), np.random.default_rng(1))
    for kind, document in documents.items():
        write_record(sealed(RecordKind(kind), document["values"]), tmp_path)
    write_record(sealed(RecordKind.WHEEL, WHEEL), tmp_path)
    return tmp_path


def choice(reading, kind):
    return next(one for one in reading.choices if one.kind == kind)


def test_a_sound_folder_has_no_problems_and_every_kind_is_used(folder):
    reading = read_folder(folder, {})
    assert reading.problems == ()
    assert all(line.used and line.state == ("good", "valid") for line in reading.lines)
    assert {one.word for one in reading.choices} == {"valid"}
    assert choice(reading, "Beam").sentence.endswith("the only one.")


def test_the_newest_valid_record_is_used_and_said_why(folder):
    newer = sealed(RecordKind.WHEEL, WHEEL, made=NOW - timedelta(days=1))
    path = write_record(newer, folder)
    reading = read_folder(folder, {})
    assert choice(reading, "Wheel").path == path
    assert "newest valid one of 2" in choice(reading, "Wheel").sentence
    assert [line.used for line in reading.lines if line.kind == "Wheel"] == [True, False]


def test_an_expired_record_is_used_only_when_none_is_left_and_results_are_stamped(tmp_path):
    old = sealed(RecordKind.WHEEL, WHEEL, made=NOW - timedelta(days=300))
    write_record(old, tmp_path)
    reading = read_folder(tmp_path, {})
    found = choice(reading, "Wheel")
    assert (found.state, found.word) == ("warning", "expired")
    assert "stamped" in found.sentence
    assert "Wheel: expired." in reading.problems
    assert "Response: missing." in reading.problems


def test_a_record_that_the_rig_file_names_is_used_and_said_why(folder):
    old = write_record(sealed(RecordKind.WHEEL, WHEEL, made=NOW - timedelta(days=100)), folder)
    reading = read_folder(folder, {}, (old.name,))
    assert choice(reading, "Wheel").path == old
    assert choice(reading, "Wheel").sentence == "The rig file names it (calibration.records)."
    with pytest.raises(RecordError, match="can't be read"):
        read_folder(folder, {}, ("gone.json",))


def test_a_record_of_another_instrument_is_not_used_and_told(folder):
    reading = read_folder(folder, {"spectrometer": "NQ2"})
    assert not any(line.used for line in reading.lines)
    assert any("isn't used: it is of spectrometer NQ1" in remark for remark in reading.remarks)


def test_a_damaged_file_blocks_every_choice(folder):
    (folder / "response_x.json").write_text("{", encoding="utf-8")
    reading = read_folder(folder, {})
    assert reading.lines[0].state == ("bad", "damaged")
    assert {one.word for one in reading.choices} == {"blocked"}
    assert any("damaged" in problem for problem in reading.problems)


def test_what_ends_within_a_month_is_told_but_not_at_the_beginning_of_a_short_life(tmp_path):
    soon = sealed(RecordKind.WHEEL, WHEEL, made=NOW - timedelta(days=190))
    short = sealed(CheckKind.LASER_CHECK, {}, made=NOW, lasts=timedelta(days=30))
    for record in (soon, short):
        write_record(record, tmp_path)
    words = {line.kind: line.state[1] for line in read_folder(tmp_path, {}).lines}
    assert words == {"Wheel": "valid, expires soon", "Laser check": "valid"}


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RecordError, match="doesn't exist"):
        read_folder(tmp_path / "gone", {})


@pytest.mark.parametrize("kind", ["response", "long_pass", "linearity"])
def test_a_curve_has_its_uncertainty_in_the_unit_of_its_values(kind):
    document = records(Truth(), np.random.default_rng(1))[kind]
    curve = record_curve(sealed(RecordKind(kind), document["values"]))
    assert len(curve.x) == len(curve.y) == len(curve.sigma)
    assert np.isfinite(curve.y).all()
    assert (curve.sigma >= 0).all()
    if kind == "response":
        assert np.allclose(curve.sigma / curve.y, 0.012)
        assert "pJ per count" in curve.y_label


def test_numbers_that_a_file_calls_null_are_gaps():
    values = {
        "wavelength_nm": [1.0, 2.0, 3.0],
        "transmission": [None, 0.9, 0.95],
        "transmission_uncertainty_relative": 0.01,
    }
    curve = record_curve(sealed(RecordKind.LONG_PASS, values))
    assert np.isnan(curve.y[0])
    assert curve.y[1] == pytest.approx(90.0)


def test_a_beam_has_no_curve_but_its_numbers():
    values = {"diameter_x_mm": 4.6, "diameter_y_mm": 4.4, "diameter_uncertainty_mm": 0.05}
    record = sealed(RecordKind.BEAM, values)
    assert record_curve(record) is None
    assert ("Diameter x, mm", "4.6") in value_rows(record)


def test_long_arrays_are_shortened():
    record = sealed(RecordKind.WHEEL, {"angle_deg": [float(k) for k in range(40)], "flag": True})
    assert dict(value_rows(record)) == {"Angle, °": "0 … 39 (40 values)", "Flag": "yes"}
