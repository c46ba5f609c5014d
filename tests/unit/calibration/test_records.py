"""Records: sealed, dated, refused when changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from calibration import Record, RecordError, RecordKind, read_record, write_record

MADE = datetime(2026, 5, 1, 9, tzinfo=UTC)


def beam_record(created=MADE, diameter=4.6):
    return Record.seal(
        kind=RecordKind.BEAM,
        created=created,
        expires=created.replace(year=created.year + 1),
        operator="A. Person",
        origin="scanning slits at the cuvette's place",
        instruments={"profiler": "M00300000"},
        values={
            "diameter_x_mm": diameter,
            "diameter_y_mm": 4.4,
            "diameter_uncertainty_mm": 0.05,
            "definition": "D4sigma",
        },
    )


def test_a_record_comes_back_from_its_file_unchanged(tmp_path):
    record = beam_record()
    assert read_record(write_record(record, tmp_path)) == record


def test_a_record_is_never_overwritten(tmp_path):
    write_record(beam_record(), tmp_path)
    with pytest.raises(RecordError, match="never overwritten"):
        write_record(beam_record(), tmp_path)


def test_a_changed_value_is_refused_and_the_file_named(tmp_path):
    path = write_record(beam_record(), tmp_path)
    path.write_text(path.read_text().replace("4.6", "4.7"))
    with pytest.raises(RecordError, match="changed after it was made") as refused:
        read_record(path)
    assert str(path) in str(refused.value)


def test_every_truncation_of_a_record_is_refused(tmp_path):
    path = write_record(beam_record(), tmp_path)
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordError):
            read_record(path)


def test_a_missing_key_is_refused_even_with_a_fitting_hash(tmp_path):
    document = beam_record().to_document()
    del document["expires"], document["sha256"]
    with pytest.raises(RecordError):
        Record.from_document(document, "a test")


def test_something_else_than_a_record_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"format": "something/1"}))
    with pytest.raises(RecordError, match="not a calibration record"):
        read_record(path)
    path.write_text("[1, 2]")
    with pytest.raises(RecordError, match="no JSON object"):
        read_record(path)


def test_not_a_number_can_not_be_sealed():
    with pytest.raises(RecordError, match="finite"):
        beam_record(diameter=float("nan"))


def test_a_record_expires_after_its_date():
    record = beam_record()
    assert not record.expired_at(record.expires)
    assert record.expired_at(record.expires.replace(year=2028))
