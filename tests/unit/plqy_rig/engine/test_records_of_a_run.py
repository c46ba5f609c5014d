"""Which calibration records a run takes: those of the connected instruments, never another's unasked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.rig_in_memory import RIG_TOML, EngineInMemory, LiveWorld, RigInMemory, make_records

from calibration import Record, RecordError, RecordKind, write_record
from drivers.errors import ConfigurationError
from plqy_rig.data import ExitStatus
from plqy_rig.engine import LoadedRecords, load_records, records_for

NOW = datetime.now(UTC).replace(microsecond=0)


def remade(record, *, serial=None, age=timedelta(days=10), expired=False):
    made = NOW - age
    return Record.seal(
        kind=record.kind,
        created=made,
        expires=made + (timedelta(days=1) if expired else timedelta(days=180)),
        operator="test",
        origin="made up for a test",
        instruments={} if serial is None else {"spectrometer": serial},
        values=record.values,
    )


@pytest.fixture
def rig(tmp_path):
    rig = RigInMemory(LiveWorld(), tmp_path / "rig")
    folder = rig.rig_file.calibration_folder
    folder.mkdir()
    for record in make_records().values():
        if record.kind is not RecordKind.RESPONSE:
            write_record(remade(record), folder)
    return rig


def keep(rig, **options):
    record = remade(make_records()[RecordKind.RESPONSE], **options)
    write_record(record, rig.rig_file.calibration_folder)
    return record


def own_serial(rig):
    return rig.identities()["spectrometer"]["serial_number"]


def test_the_record_of_the_connected_spectrometer_is_taken_although_another_s_is_newer(rig):
    own = keep(rig, serial=own_serial(rig), age=timedelta(days=20))
    keep(rig, serial="another", age=timedelta(days=1))
    assert records_for(rig)[RecordKind.RESPONSE].sha256 == own.sha256


def test_only_another_s_record_is_as_good_as_none_and_that_is_said(rig):
    keep(rig, serial="another")
    with pytest.raises(
        RecordError, match=r"no calibration record for response; .* is of spectrometer another"
    ):
        records_for(rig)


def test_an_expired_record_is_taken_with_a_warning_where_there_is_no_other(rig):
    keep(rig, serial=own_serial(rig), expired=True)
    records = records_for(rig)
    assert records.expired == (RecordKind.RESPONSE,)
    assert any("expired" in sentence for sentence in records.warnings)


def test_a_record_named_in_the_rig_file_goes_first_and_is_told(tmp_path, rig):
    keep(rig, serial=own_serial(rig))
    chosen = keep(rig, serial="another")
    toml = RIG_TOML.replace(
        'folder = "calibration"', f'folder = "calibration"\nrecords = ["{chosen.sha256[:10]}"]'
    )
    again = RigInMemory(LiveWorld(), tmp_path / "rig", toml)
    records = records_for(again)
    assert records[RecordKind.RESPONSE].sha256 == chosen.sha256
    assert records.chosen == (RecordKind.RESPONSE,)
    assert any("chosen by hand" in sentence for sentence in records.warnings)


def test_before_anything_is_connected_no_serial_number_is_asked_for(rig):
    keep(rig, serial="another")
    assert RecordKind.RESPONSE in load_records(rig.rig_file.calibration_folder)


def run_with(tmp_path, records):
    made = EngineInMemory(tmp_path)
    made.start(records=records)
    outcome = made.finish()
    made.engine.close()
    return made, outcome


def with_response(**options):
    records = make_records()
    records[RecordKind.RESPONSE] = remade(records[RecordKind.RESPONSE], **options)
    return records


def test_a_run_with_another_s_record_is_refused_before_the_laser_is_on(tmp_path):
    made, outcome = run_with(tmp_path, with_response(serial="another"))
    assert isinstance(outcome.error, ConfigurationError)
    assert "response record" in str(outcome.error)
    assert "laser on" not in made.world.events
    assert outcome.folder is None


def test_what_is_to_be_said_of_the_records_is_kept_with_the_run(tmp_path):
    records = LoadedRecords(
        with_response(serial="another"),
        warnings=("response.json was chosen by hand but is of spectrometer another",),
        chosen=(RecordKind.RESPONSE,),
    )
    _, outcome = run_with(tmp_path, records)
    assert outcome.exit_status is ExitStatus.SUCCESS
    assert any("chosen by hand" in sentence for sentence in outcome.warnings)
