import errno
import logging
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plqy_rig.data import (
    MissingPathError,
    NotWritableError,
    Role,
    RunRecorder,
    StorageError,
    UnreadableRunError,
    read_journal,
    sample_slug,
)
from plqy_rig.data.run import differences

Create = Callable[..., RunRecorder]


def test_the_run_folder_is_named_after_time_and_sample(new_recorder: Create) -> None:
    folder = new_recorder().folder
    assert folder.name == "20260921T141321Z_het-ce"
    assert sorted(file.name for file in folder.iterdir()) == ["recipe.toml", "rig.toml", "run.jsonl"]


def test_a_second_run_within_a_second_gets_a_folder_of_its_own(tmp_path: Path, rig: Any) -> None:
    folders = []
    for _ in range(3):
        with RunRecorder.create(tmp_path, rig.metadata(), now=lambda: 1_790_000_000.0) as recorder:
            folders.append(recorder.folder.name)
    stamp = "20260921T141320Z_het-ce"
    assert folders == [stamp, f"{stamp}-2", f"{stamp}-3"]


@pytest.mark.parametrize(
    ("sample", "slug"),
    [
        ("HET-Ce", "het-ce"),
        ("../../etc", "etc"),
        ("Yb³⁺ Ä/ö", "yb3-a-o"),
        ("...", "sample"),
        ("x" * 99, "x" * 60),
    ],
)
def test_any_sample_name_makes_a_safe_folder_name(sample: str, slug: str) -> None:
    assert sample_slug(sample) == slug


def test_recipe_and_rig_are_kept_as_they_were_given(new_recorder: Create, rig: Any) -> None:
    texts = {"recipe_toml": "# mine\nscans = 3\n", "rig_toml": 'name = "°"\r\n'}
    folder = new_recorder(metadata=rig.metadata(**texts)).folder
    assert (folder / "recipe.toml").read_bytes().decode() == texts["recipe_toml"]
    assert (folder / "rig.toml").read_bytes().decode() == texts["rig_toml"]


def test_without_texts_recipe_and_rig_are_written_as_toml(new_recorder: Create) -> None:
    folder = new_recorder().folder
    recipe = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
    assert recipe == {"sample": "HET-Ce", "scans": 3, "integration_time_s": 0.01}


def test_documents_have_the_shape_of_the_event_model(new_recorder: Create, rig: Any) -> None:
    with new_recorder() as recorder:
        for step in (0, 1):
            recorder.record("exposure", rig.exposure(Role.DIRECT_EMISSION, step))
            recorder.record("dark", rig.dark(Role.DIRECT_EMISSION, step))
        recorder.finish("success", "", {})
    entries = read_journal(recorder.folder / "run.jsonl").entries
    names = [entry.name for entry in entries]
    assert names == ["start", "descriptor", "event", "descriptor", "event", "event", "event", "stop"]
    start, exposures, first = (entries[index].document for index in range(3))
    assert exposures["run_start"] == start["uid"]
    assert first["descriptor"] == exposures["uid"]
    assert set(first["data"]) == set(first["timestamps"]) == set(exposures["data_keys"])
    assert exposures["data_keys"]["counts"] == {
        "source": "procedure",
        "dtype": "array",
        "dtype_numpy": "<f8",
        "shape": [512],
        "units": "counts",
    }
    assert exposures["data_keys"]["scan_counts"]["shape"] == [None, 512]
    assert exposures["data_keys"]["laser_temperature_c"]["units"] == "°C"
    assert [entry.document["seq_num"] for entry in entries if entry.name == "event"] == [1, 1, 2, 2]
    assert entries[-1].document["num_events"] == {"exposure": 2, "dark": 2}


def test_a_listener_sees_exactly_what_a_reader_will_see_and_only_after_it_is_on_the_disk(
    tmp_path: Path, rig: Any
) -> None:
    heard: list[tuple[str, Mapping[str, Any]]] = []

    def listen(name: str, document: Mapping[str, Any]) -> None:
        journals = list(tmp_path.rglob("run.jsonl"))
        last = read_journal(journals[0]).entries[-1]
        assert last.name == name
        assert differences(last.document, document) == []
        heard.append((name, document))

    with RunRecorder.create(tmp_path, rig.metadata(), listeners=[listen]) as recorder:
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
        recorder.finish("abort", "operator", {"safe": True})
    assert [name for name, _ in heard] == ["start", "descriptor", "event", "stop"]


def test_a_listener_that_fails_is_logged_and_loses_nothing(
    new_recorder: Create, rig: Any, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def fail(name: str, document: Mapping[str, Any]) -> None:
        raise RuntimeError("the window was closed")

    with new_recorder(listeners=[fail]) as recorder, caplog.at_level(logging.ERROR):
        recorder.subscribe(lambda name, document: heard.append(name))
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
    assert heard == ["descriptor", "event"]
    assert "the window was closed" in caplog.text
    assert len(read_journal(recorder.folder / "run.jsonl").entries) == 3


def test_nobody_hears_of_an_exposure_that_could_not_be_saved(
    new_recorder: Create, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    with new_recorder() as recorder:
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
        recorder.subscribe(lambda name, document: heard.append(name))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda descriptor, content: 0)
            with pytest.raises(StorageError, match="disk"):
                recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 1))
        assert heard == []
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 1))
    assert heard == ["event"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"counts": np.zeros(511)}, r"counts: shape \(511,\) instead of \(512,\)"),
        ({"counts": np.zeros(512, dtype=str)}, "counts: <U1 instead of <f8"),
        ({"scans": 4}, r"scan_counts: shape \(3, 512\) instead of \(4, 512\)"),
        ({"step": 3}, "step is 3, the run has steps 0 to 2"),
        ({"step": -1}, "step is -1"),
        ({"step": 1.5}, "step: float64 instead of <i8"),
        ({"role": "direct"}, "role: 'direct' is not a valid Role"),
        ({"saturated": 1}, "saturated: int64 instead of |b1"),
        ({"monitor_power_w": None}, "monitor_power_w: object"),
        ({"extra": 1}, "extra is unknown"),
    ],
    ids=str,
)
def test_wrong_data_is_refused_by_name_and_nothing_is_written(
    new_recorder: Create, rig: Any, changes: dict[str, Any], words: str
) -> None:
    with new_recorder() as recorder:
        path = recorder.folder / "run.jsonl"
        before = path.read_bytes()
        with pytest.raises(ValueError, match=words):
            recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0) | changes)
        assert path.read_bytes() == before


def test_all_that_is_missing_is_told_at_once(new_recorder: Create, rig: Any) -> None:
    data = rig.dark(Role.EMPTY_EXCITATION, 0)
    del data["dark"], data["scans"]
    with new_recorder() as recorder, pytest.raises(ValueError, match=r"scans is missing; dark is missing"):
        recorder.record("dark", data)


def test_an_unknown_stream_is_refused(new_recorder: Create) -> None:
    with new_recorder() as recorder, pytest.raises(ValueError, match="no stream 'lamp'"):
        recorder.record("lamp", {})


def test_what_was_recorded_does_not_change_when_the_procedure_uses_its_array_again(
    new_recorder: Create, rig: Any
) -> None:
    heard: list[Mapping[str, Any]] = []
    data = rig.exposure(Role.EMPTY_EXCITATION, 0)
    expected = data["counts"].copy()
    with new_recorder() as recorder:
        recorder.subscribe(lambda name, document: heard.append(document))
        recorder.record("exposure", data)
    data["counts"][:] = 0
    assert np.array_equal(heard[-1]["data"]["counts"], expected)


def test_a_run_has_exactly_one_stop_document(new_recorder: Create, rig: Any) -> None:
    recorder = new_recorder()
    recorder.finish("fail", "the laser went off", {"safe": False, "not_safe": ["laser"]})
    assert recorder.finished
    with pytest.raises(RuntimeError, match="stop document already"):
        recorder.finish("success", "", {})
    with pytest.raises(RuntimeError, match="stop document already"):
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
    stop = read_journal(recorder.folder / "run.jsonl").stop
    assert stop is not None
    assert stop["exit_status"] == "fail"
    assert stop["reason"] == "the laser went off"
    assert stop["safe_state"] == {"safe": False, "not_safe": ["laser"]}


@pytest.mark.parametrize("status", ["interrupted", "done"])
def test_only_the_three_ways_to_end_can_be_written(new_recorder: Create, status: str) -> None:
    with new_recorder() as recorder:
        with pytest.raises(ValueError, match=status):
            recorder.finish(status, "", {})
        assert not recorder.finished


def test_a_resumed_run_goes_on_where_it_was(new_recorder: Create, rig: Any) -> None:
    with new_recorder() as recorder:
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
        recorder.finish("abort", "lunch", {})
    heard: list[str] = []
    with RunRecorder.resume(
        recorder.folder, operator="Anna", listeners=[lambda name, document: heard.append(name)]
    ) as resumed:
        assert resumed.uid == recorder.uid
        resumed.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 1))
        resumed.record("dark", rig.dark(Role.EMPTY_EXCITATION, 1))
        resumed.finish("success", "", {})
    assert heard == ["resume", "event", "descriptor", "event", "stop"]
    journal = read_journal(recorder.folder / "run.jsonl")
    assert journal.problems == ()
    events = [entry.document for entry in journal.entries if entry.name == "event"]
    assert [event["seq_num"] for event in events] == [1, 2, 1]
    assert journal.stop is not None
    assert journal.stop["num_events"] == {"exposure": 2, "dark": 1}


def test_a_run_that_never_began_cannot_be_resumed(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(UnreadableRunError, match="Begin a new one"):
        RunRecorder.resume(tmp_path)
    with pytest.raises(MissingPathError, match="isn't there"):
        RunRecorder.resume(tmp_path / "gone")


def test_two_records_of_one_kind_are_a_mistake(tmp_path: Path, rig: Any) -> None:
    records = rig.records()
    with pytest.raises(ValueError, match="'response'"):
        RunRecorder.create(tmp_path, rig.metadata(calibration_records=[*records, records[0]]))
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_a_file_is_a_sentence(tmp_path: Path, rig: Any) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(MissingPathError, match="a file where a folder is needed"):
        RunRecorder.create(tmp_path / "out", rig.metadata())


def test_a_read_only_output_folder_is_a_sentence(
    tmp_path: Path, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, **options: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NotWritableError, match="--out"):
        RunRecorder.create(tmp_path, rig.metadata())


def test_how_long_saving_took_can_be_shown(new_recorder: Create, rig: Any) -> None:
    with new_recorder() as recorder:
        recorder.record("exposure", rig.exposure(Role.EMPTY_EXCITATION, 0))
        assert 0 < recorder.last_save_duration_s < 10
