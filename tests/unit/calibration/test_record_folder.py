"""Which records hold, and what becomes of their raw data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from calibration import (
    DEFAULT_VALIDITY,
    CalibrationSet,
    CheckKind,
    RawState,
    RecordError,
    RecordKind,
    RecordState,
    check_records,
    lamp_warnings,
    make_record,
    raw_data_path,
    read_raw_data,
    read_record,
    save_record,
    select_checks,
    select_records,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RIG = {"spectrometer": "NQ1", "monitor": "M1"}
MONITOR = {"ratio": 24.0, "ratio_uncertainty_relative": 0.03, "reading_noise_relative": 0.001}


def saved(folder, *, days_ago=10, serial="M1", ratio=24.0, kind=RecordKind.MONITOR_RATIO, **options):
    values = {**MONITOR, "ratio": ratio} if kind is RecordKind.MONITOR_RATIO else {"deviation": [ratio]}
    new = make_record(
        kind,
        values,
        operator="A. Person",
        origin="a test",
        instruments={"monitor": serial} if serial else {},
        created=NOW - timedelta(days=days_ago),
        **options,
    )
    return save_record(new, folder)


def chosen_ratio(folder, **options):
    selection = select_records(folder, RIG, NOW, **options)
    return selection.records[RecordKind.MONITOR_RATIO].values["ratio"], selection


def test_every_kind_has_a_validity():
    assert set(DEFAULT_VALIDITY) == {*RecordKind, *CheckKind}
    assert DEFAULT_VALIDITY[RecordKind.RESPONSE] == timedelta(days=182)


def test_the_newest_valid_record_of_the_right_instrument_is_taken(tmp_path):
    saved(tmp_path, days_ago=30, ratio=1.0)
    saved(tmp_path, days_ago=20, ratio=2.0)
    saved(tmp_path, days_ago=5, ratio=3.0, serial="M2")
    ratio, selection = chosen_ratio(tmp_path)
    assert ratio == 2.0
    assert selection.expired == ()
    assert selection.warnings == ()


def test_a_record_without_serial_numbers_belongs_to_any_instrument(tmp_path):
    saved(tmp_path, serial=None, ratio=5.0)
    assert chosen_ratio(tmp_path)[0] == 5.0


def test_an_expired_record_is_taken_only_where_no_valid_one_is_left(tmp_path):
    saved(tmp_path, days_ago=200, ratio=1.0, validity=timedelta(days=365))
    saved(tmp_path, days_ago=100, ratio=2.0, validity=timedelta(days=30))
    assert chosen_ratio(tmp_path)[0] == 1.0
    other = tmp_path / "other"
    saved(other, days_ago=400, ratio=1.0)
    saved(other, days_ago=300, ratio=2.0)
    ratio, selection = chosen_ratio(other)
    assert ratio == 2.0
    assert selection.expired == (RecordKind.MONITOR_RATIO,)
    assert "calibration expired" in selection.warnings[0]


def test_records_of_other_instruments_and_of_the_future_are_named_when_nothing_is_left(tmp_path):
    saved(tmp_path, serial="M2")
    saved(tmp_path, days_ago=-3)
    selection = select_records(tmp_path, RIG, NOW)
    assert RecordKind.MONITOR_RATIO not in selection.records
    assert any("it is of monitor M2 (in use: M1)" in warning for warning in selection.warnings)
    assert any("in the future" in warning for warning in selection.warnings)


def test_a_record_can_be_chosen_by_path_or_hash_against_all_rules(tmp_path):
    saved(tmp_path, ratio=1.0)
    old = saved(tmp_path, days_ago=900, ratio=2.0, serial="M2")
    sha256 = read_record(old).sha256
    for reference in (old, str(old), old.name, sha256, sha256[:8].upper()):
        ratio, selection = chosen_ratio(tmp_path, chosen=[reference])
        assert ratio == 2.0
        assert selection.expired == (RecordKind.MONITOR_RATIO,)
        assert any("chosen by hand but is of monitor M2" in warning for warning in selection.warnings)
    for reference, message in (
        ("abc", "at least 6"),
        ("0123456789", "0 records"),
        ("none.json", "can't be read"),
    ):
        with pytest.raises(RecordError, match=message):
            chosen_ratio(tmp_path, chosen=[reference])
    check = saved(tmp_path, kind=CheckKind.LASER_CHECK)
    with pytest.raises(RecordError, match="is a check"):
        chosen_ratio(tmp_path, chosen=[check])


def test_a_damaged_record_is_never_passed_over_in_silence(tmp_path):
    saved(tmp_path, days_ago=30, ratio=1.0)
    newer = saved(tmp_path, days_ago=5, ratio=2.0)
    newer.write_text(newer.read_text(encoding="utf-8")[:200], encoding="utf-8")
    with pytest.raises(RecordError, match="damaged"):
        chosen_ratio(tmp_path)
    statuses = check_records(tmp_path, NOW)
    assert {status.state for status in statuses} == {RecordState.VALID, RecordState.DAMAGED}
    assert str(newer) in next(status.message for status in statuses if status.record is None)


def test_checks_are_listed_but_not_taken_for_calibrations(tmp_path):
    saved(tmp_path)
    for days_ago, deviation in ((1, 0.02), (40, 0.01)):
        saved(tmp_path, days_ago=days_ago, ratio=deviation, kind=CheckKind.LASER_CHECK)
    assert set(select_records(tmp_path, RIG, NOW).records) == {RecordKind.MONITOR_RATIO}
    newest = select_checks(tmp_path, RIG, NOW)[CheckKind.LASER_CHECK]
    assert newest.values["deviation"] == [0.02]
    states = [status.state for status in check_records(tmp_path, NOW)]
    assert sorted(states) == [RecordState.EXPIRED, RecordState.VALID, RecordState.VALID]
    documents = {str(newest.kind): newest.to_document()}
    with pytest.raises(RecordError, match="no calibration record for"):
        CalibrationSet.from_documents(documents, "a run")


def test_a_check_is_taken_by_the_same_rules_and_never_another_lamp_s(tmp_path):
    lamp = {"kind": CheckKind.LAMP}
    saved(tmp_path, days_ago=20, ratio=1.0, **lamp)
    saved(tmp_path, days_ago=2, ratio=2.0, serial="M2", **lamp)
    saved(tmp_path, days_ago=-3, ratio=3.0, **lamp)
    saved(tmp_path, days_ago=1, ratio=4.0, validity=timedelta(hours=1), **lamp)
    saved(tmp_path, days_ago=1, serial="M2", kind=CheckKind.WAVELENGTH)
    found = select_checks(tmp_path, RIG, NOW)
    assert {kind: record.values["deviation"] for kind, record in found.items()} == {CheckKind.LAMP: [1.0]}
    later = select_checks(tmp_path, RIG, NOW + timedelta(days=400))
    assert later[CheckKind.LAMP].values["deviation"] == [3.0]


def test_a_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordError, match="No space left"):
        saved(tmp_path, raw={"power_w": np.arange(5.0)})
    assert list(tmp_path.iterdir()) == []


def test_raw_data_lie_beside_the_record_under_its_hash(tmp_path):
    raw = {"power_w": np.arange(5.0), "scans": np.ones((2, 3), dtype=np.uint16)}
    path = saved(tmp_path, raw=raw)
    assert raw_data_path(path).name == f"{path.stem}.raw.npz"
    found = read_raw_data(path)
    np.testing.assert_array_equal(found["power_w"], raw["power_w"])
    assert found["scans"].dtype == np.uint16
    assert check_records(tmp_path, NOW)[0].raw is RawState.SOUND
    raw_data_path(path).write_bytes(raw_data_path(path).read_bytes()[:-1])
    assert check_records(tmp_path, NOW)[0].raw is RawState.CHANGED
    with pytest.raises(RecordError, match="changed"):
        read_raw_data(path)
    raw_data_path(path).unlink()
    assert check_records(tmp_path, NOW)[0].raw is RawState.MISSING
    # The record stands on its own: a run can be evaluated without its raw data.
    assert chosen_ratio(tmp_path)[0] == 24.0


def test_a_record_names_the_records_it_was_made_with(tmp_path):
    lamp = read_record(saved(tmp_path, kind=CheckKind.LAMP))
    path = saved(tmp_path, used_records={"lamp": lamp})
    assert read_record(path).values["used_records"] == {"lamp": lamp.sha256}
    assert check_records(tmp_path, NOW)[0].raw is RawState.NONE


def test_nothing_is_overwritten_and_nonsense_refused(tmp_path):
    saved(tmp_path)
    with pytest.raises(RecordError, match="never overwritten"):
        saved(tmp_path)
    with pytest.raises(RecordError, match="isn't above 0"):
        saved(tmp_path, validity=timedelta(0))
    for call in (
        lambda: check_records(Path("nowhere"), NOW),
        lambda: select_records(Path("nowhere"), RIG, NOW),
    ):
        with pytest.raises(RecordError, match="doesn't exist"):
            call()


def test_a_lamp_lapses_by_date_and_by_hours(tmp_path):
    lamp = read_record(saved(tmp_path, kind=CheckKind.LAMP))
    assert lamp_warnings(lamp, at=NOW, hours_used=10.0) == ()
    assert "expired" in lamp_warnings(lamp, at=NOW + timedelta(days=400), hours_used=10.0)[0]
    assert "51 h" in lamp_warnings(lamp, at=NOW, hours_used=51.0)[0]
