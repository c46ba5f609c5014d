import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plqy_rig.data import (
    PASS_ORDER,
    ExitStatus,
    MissingPathError,
    Role,
    Run,
    RunRecorder,
    StorageError,
    UnreadableRunError,
    load_run,
    run_from_documents,
    write_nexus,
)
from plqy_rig.data.journal import format_line

Create = Callable[..., RunRecorder]
ROLE = Role.DIRECT_EMISSION


def run_of(recorder: RunRecorder, *events: tuple[str, Mapping[str, Any]]) -> Run:
    with recorder:
        for stream, data in events:
            recorder.record(stream, data)
    return load_run(recorder.folder)


def test_a_run_holds_what_was_recorded(record_run: Callable[..., Path], rig: Any) -> None:
    run = load_run(record_run())
    assert run.sample == "HET-Ce"
    assert run.exit_status is ExitStatus.SUCCESS
    assert run.recipe["scans"] == 3
    assert run.power_steps == 3
    assert list(run.target_power_density_mw_per_cm2) == [50.0, 200.0, 900.0]
    assert np.array_equal(run.wavelength_nm, rig.wavelength_nm)
    assert list(run.spectra) == list(PASS_ORDER[:5])
    assert run.finished is not None
    assert run.finished > run.started
    assert run.warnings == ()
    assert run.next_role() is None
    spectra = run.spectra[Role.DIRECT_EMISSION]
    for step in range(3):
        exposure, dark = rig.exposure(ROLE, step), rig.dark(ROLE, step)
        assert np.array_equal(spectra.counts[step], exposure["counts"])
        assert np.array_equal(spectra.scan_counts[step], exposure["scan_counts"])
        assert np.array_equal(spectra.dark[step], dark["dark"])
        assert spectra.monitor_power_w[step] == exposure["monitor_power_w"]
        assert spectra.dark_detector_temperature_c[step] == -10.1
    assert spectra.measured.all()
    assert (spectra.dark_time > spectra.time).all()


def test_the_records_of_a_run_keep_their_hashes(record_run: Callable[..., Path], rig: Any) -> None:
    run = load_run(record_run())
    assert run.calibration == {record["kind"]: record for record in rig.records()}


def test_steps_that_were_not_measured_are_nan_rows(new_recorder: Create, rig: Any) -> None:
    run = run_of(new_recorder(), ("exposure", rig.exposure(ROLE, 1)), ("dark", rig.dark(ROLE, 1)))
    spectra = run.spectra[ROLE]
    assert list(spectra.measured) == [False, True, False]
    assert np.isnan(spectra.counts[[0, 2]]).all()
    assert np.isfinite(spectra.counts[1]).all()
    assert np.isnan(spectra.time[[0, 2]]).all()
    assert list(spectra.scans) == [0, 3, 0]
    assert list(run.spectra) == [ROLE]
    assert run.missing_steps(ROLE) == (0, 2)
    assert run.missing_steps(Role.EMPTY_EXCITATION) == (0, 1, 2)
    assert run.next_role() is Role.EMPTY_EXCITATION


def test_fewer_scans_than_another_step_are_padded_with_nan(new_recorder: Create, rig: Any) -> None:
    run = run_of(
        new_recorder(),
        *(("exposure", rig.exposure(ROLE, step, scans)) for step, scans in ((0, 2), (1, 5))),
        *(("dark", rig.dark(ROLE, step)) for step in (0, 1)),
    )
    scans = run.spectra[ROLE].scan_counts
    assert scans.shape == (3, 5, 512)
    assert np.isfinite(scans[0, :2]).all()
    assert np.isnan(scans[0, 2:]).all()
    assert np.isfinite(scans[1]).all()


def test_of_a_step_measured_twice_the_last_complete_pair_counts(new_recorder: Create, rig: Any) -> None:
    run = run_of(
        new_recorder(),
        ("exposure", rig.exposure(ROLE, 0, monitor_power_w=1.0)),
        ("dark", rig.dark(ROLE, 0, detector_temperature_c=1.0)),
        ("exposure", rig.exposure(ROLE, 0, monitor_power_w=2.0)),
        ("dark", rig.dark(ROLE, 0, detector_temperature_c=2.0)),
    )
    assert run.spectra[ROLE].monitor_power_w[0] == 2.0
    assert run.spectra[ROLE].dark_detector_temperature_c[0] == 2.0
    assert run.warnings == ()


def test_a_repeated_exposure_without_its_dark_does_not_replace_a_complete_one(
    new_recorder: Create, rig: Any
) -> None:
    run = run_of(
        new_recorder(),
        ("exposure", rig.exposure(ROLE, 0, monitor_power_w=1.0)),
        ("dark", rig.dark(ROLE, 0)),
        ("exposure", rig.exposure(ROLE, 0, monitor_power_w=2.0)),
    )
    assert run.spectra[ROLE].monitor_power_w[0] == 1.0
    assert "step 0" in run.warnings[0]
    assert "the complete one before it is used" in run.warnings[0]


def test_a_dark_may_come_before_its_exposure(new_recorder: Create, rig: Any) -> None:
    run = run_of(
        new_recorder(),
        ("dark", rig.dark(ROLE, 0, detector_temperature_c=1.0)),
        ("exposure", rig.exposure(ROLE, 0, monitor_power_w=1.0)),
        ("dark", rig.dark(ROLE, 0, detector_temperature_c=2.0)),
    )
    assert run.spectra[ROLE].dark_detector_temperature_c[0] == 1.0


def test_a_dark_of_another_integration_time_does_not_count(new_recorder: Create, rig: Any) -> None:
    run = run_of(
        new_recorder(),
        ("exposure", rig.exposure(ROLE, 0)),
        ("dark", rig.dark(ROLE, 0, integration_time_s=1.0)),
    )
    assert run.spectra == {}
    assert "counts as not measured" in run.warnings[0]


def test_a_dark_of_another_step_or_role_does_not_count(new_recorder: Create, rig: Any) -> None:
    run = run_of(
        new_recorder(),
        ("exposure", rig.exposure(ROLE, 0)),
        ("dark", rig.dark(ROLE, 1)),
        ("dark", rig.dark(Role.INDIRECT_EMISSION, 0)),
    )
    assert run.spectra == {}


def test_without_a_stop_document_a_run_is_interrupted(record_run: Callable[..., Path]) -> None:
    run = load_run(record_run(finish=False))
    assert run.exit_status is ExitStatus.INTERRUPTED
    assert run.stop is None
    assert run.finished is None


def test_a_resumed_run_is_one_run(record_run: Callable[..., Path], rig: Any) -> None:
    folder = record_run(PASS_ORDER[:3])
    with RunRecorder.resume(folder, operator="Anna") as recorder:
        recorder.record("exposure", rig.exposure(ROLE, 0))
        recorder.record("dark", rig.dark(ROLE, 0))
        assert load_run(folder).exit_status is ExitStatus.INTERRUPTED
        recorder.finish("success", "", {})
    run = load_run(folder)
    assert run.exit_status is ExitStatus.SUCCESS
    assert len(run.resumed) == 1
    assert list(run.spectra) == list(PASS_ORDER[:4])


def test_a_live_run_is_the_same_as_the_run_read_from_its_file(new_recorder: Create, rig: Any) -> None:
    heard: list[tuple[str, Mapping[str, Any]]] = []
    with new_recorder(listeners=[lambda *document: heard.append(document)]) as recorder:
        recorder.record("exposure", rig.exposure(ROLE, 0))
        recorder.record("dark", rig.dark(ROLE, 0))
        live = run_from_documents(heard, recorder.folder)
        assert live == load_run(recorder.folder)
        assert live.spectra[ROLE].measured[0]


def test_runs_that_differ_in_one_number_are_not_equal(record_run: Callable[..., Path]) -> None:
    folder = record_run()
    run, other = load_run(folder), load_run(folder)
    assert run == other
    counts = other.spectra[ROLE].counts
    counts.flags.writeable = True
    counts[1, 100] = np.nextafter(counts[1, 100], 1e9)
    assert run != other
    assert run != "a run"


def test_arrays_of_a_run_cannot_be_changed(record_run: Callable[..., Path]) -> None:
    run = load_run(record_run())
    with pytest.raises(ValueError, match="read-only"):
        run.spectra[ROLE].counts[0] = 0


def test_a_damaged_line_costs_its_step_alone(record_run: Callable[..., Path]) -> None:
    folder = record_run()
    path = folder / "run.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"step":0', b'"step":1')
    path.write_bytes(b"".join(lines))
    run = load_run(folder)
    assert run.missing_steps(Role.EMPTY_EXCITATION) == (0,)
    assert run.missing_steps(Role.INDIRECT_EXCITATION) == ()
    assert "line 3 is damaged" in run.warnings[0]


def test_a_damaged_descriptor_costs_nothing(record_run: Callable[..., Path]) -> None:
    folder = record_run()
    path = folder / "run.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"x" + lines[1], *lines[2:]]))
    assert load_run(folder).next_role() is None


@pytest.fixture
def complete_folder(record_run: Callable[..., Path]) -> Path:
    folder = record_run()
    write_nexus(load_run(folder), None, folder / "run.nxs")
    return folder


def test_folder_journal_and_nexus_file_give_the_same_run(complete_folder: Path) -> None:
    run = load_run(complete_folder)
    assert load_run(complete_folder / "run.jsonl") == run
    assert load_run(complete_folder / "run.nxs") == run
    assert run.folder == complete_folder


def test_the_nexus_file_is_enough(complete_folder: Path) -> None:
    run = load_run(complete_folder)
    (complete_folder / "run.jsonl").unlink()
    assert load_run(complete_folder) == run


def test_an_unreadable_journal_beside_a_good_nexus_file_does_no_harm(complete_folder: Path) -> None:
    run = load_run(complete_folder)
    (complete_folder / "run.jsonl").write_bytes(b"nonsense")
    assert load_run(complete_folder) == run


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("gone", None, MissingPathError, "isn't there"),
        ("", None, UnreadableRunError, "neither run.jsonl nor run.nxs"),
        ("notes.txt", b"hello", UnreadableRunError, "give a run folder"),
        ("run.jsonl", b"", UnreadableRunError, "nothing was measured"),
        ("run.jsonl", b"hello\n", UnreadableRunError, "no journal"),
        ("run.nxs", b"hello", UnreadableRunError, "plqy recover"),
    ],
)
def test_what_is_no_run_is_said_to_be_none(
    tmp_path: Path, name: str, content: bytes | None, kind: type[StorageError], words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind, match=words) as caught:
        load_run(path)
    assert caught.value.exit_code == 5
    assert str(tmp_path) in str(caught.value)


def test_a_journal_of_another_version_says_so(tmp_path: Path, record_run: Callable[..., Path]) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(format_line(1, "start", {"uid": "x", "format": "plqy-journal/9"}))
    with pytest.raises(UnreadableRunError, match="another program or version"):
        load_run(path)
    start = dict(load_run(record_run()).documents[0][1])
    start |= {"format": "plqy-journal/9", "wavelength_nm": [1.0], "calibration_records": {}}
    path.write_bytes(format_line(1, "start", start))
    with pytest.raises(UnreadableRunError, match="plqy-journal/9"):
        load_run(path)


def test_a_run_can_be_moved(complete_folder: Path, tmp_path: Path) -> None:
    run = load_run(complete_folder)
    moved = tmp_path / "elsewhere"
    shutil.move(complete_folder, moved)
    assert load_run(moved) == run
    assert load_run(moved).folder == moved
