"""`plqy records` says what a run would take, and what keeps it from taking anything."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from support.rig_in_memory import RIG_TOML, make_records

from calibration import CheckKind, RecordKind, make_record, save_record
from drivers.errors import ConfigurationError
from plqy_rig.commands import records as commands
from plqy_rig.data import StorageError


@pytest.fixture
def rig(tmp_path):
    """A rig file with a record of every kind, all of its own spectrometer."""
    path = tmp_path / "rig.toml"
    path.write_text(RIG_TOML, encoding="utf-8")
    for kind in RecordKind:
        keep(path, kind)
    return path


def keep(rig, kind, days_old=10.0, serial="memory", values=None, **options):
    new = make_record(
        kind,
        make_records()[kind].values if values is None else values,
        operator="A. Person",
        origin="a test",
        instruments={"spectrometer": serial},
        created=datetime.now(UTC) - timedelta(days=days_old),
        **options,
    )
    return save_record(new, rig.parent / "calibration")


def checked(rig, capsys):
    """Problems and records used, by `plqy records check`."""
    with contextlib.suppress(StorageError):
        commands.check(None, rig, as_json=True)
    said = json.loads(capsys.readouterr().out)
    return said["problems"], said["used"]


def named(rig, *records):
    text = rig.read_text(encoding="utf-8")
    names = ", ".join(f'"{path.name}"' for path in records)
    rig.write_text(text.replace("[calibration]\n", f"[calibration]\nrecords = [{names}]\n"), encoding="utf-8")


def test_a_folder_with_all_that_a_run_needs_is_good(rig, capsys):
    assert checked(rig, capsys)[0] == []


def test_only_another_spectrometer_s_record_is_as_good_as_none(rig, capsys):
    next((rig.parent / "calibration").glob("response_*.json")).unlink()
    other = keep(rig, RecordKind.RESPONSE, serial="another")
    problems, used = checked(rig, capsys)
    assert any(f"{other.name} isn't used: it is of spectrometer another" in one for one in problems)
    assert "response: no record" in problems
    assert "response" not in used


def test_a_record_that_the_rig_file_names_is_the_one_that_is_used(rig, capsys):
    old = keep(rig, RecordKind.RESPONSE, days_old=30)
    named(rig, old)
    assert checked(rig, capsys) == ([], {**checked(rig, capsys)[1], "response": str(old)})


def test_the_list_marks_what_a_run_takes_and_says_how_checks_ended(rig, capsys):
    newest = keep(rig, RecordKind.WHEEL, days_old=1, raw={"angle_deg": np.arange(3.0)})
    newest.with_name(f"{newest.stem}.raw.npz").unlink()
    for days_old, passed, deviation in ((2, False, -0.10), (1, True, 0.004)):
        values = {"passed": passed, "slope_minus_one": deviation}
        keep(rig, CheckKind.LASER_CHECK, days_old, values=values)
    commands.list_records(None, rig, as_json=False)
    lines = capsys.readouterr().err.splitlines()
    wheels = [line for line in lines if " wheel " in line]
    assert [line[0] for line in wheels] == ["*", " "]
    assert "raw data are missing" in wheels[0]
    checks = [line.split("  ")[-1] for line in lines if "laser_check " in line]
    assert checks == ["passed, +0.4%", "FAILED, -10.0%"]


def test_a_damaged_record_is_on_top_and_nothing_is_said_to_be_used(rig, capsys):
    path = next((rig.parent / "calibration").glob("wheel_*.json"))
    path.write_text(path.read_text(encoding="utf-8").replace("A. Person", "B. Person"), encoding="utf-8")
    commands.list_records(None, rig, as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert "damaged" in lines[0]
    assert path.name in lines[0]
    assert not any(line.startswith("*") for line in lines)
    problems, used = checked(rig, capsys)
    assert len(problems) == 1
    assert used == {}


def test_a_name_that_no_record_has_is_told(rig):
    with pytest.raises(ConfigurationError, match="no record is named '0123abcd'"):
        commands.show("0123abcd", None, rig, as_json=False)
