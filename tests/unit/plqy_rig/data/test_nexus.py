import errno
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from plqy_rig.data import (
    PASS_ORDER,
    Evaluation,
    MissingPathError,
    NotWritableError,
    Role,
    Run,
    StorageError,
    UnreadableRunError,
    WindowResult,
    load_run,
    read_evaluation,
    read_nexus,
    write_nexus,
)

NewEvaluation = Callable[..., Evaluation]


@pytest.fixture
def run(record_run: Callable[..., Path]) -> Run:
    return load_run(record_run(PASS_ORDER))


@pytest.fixture
def path(run: Run, new_evaluation: NewEvaluation) -> Path:
    path = run.folder / "run.nxs"
    write_nexus(run, new_evaluation(run.uid), path)
    return path


def test_run_and_results_come_back_as_they_were(run: Run, path: Path, new_evaluation: NewEvaluation) -> None:
    assert read_nexus(path) == run
    assert read_evaluation(path) == new_evaluation(run.uid)


def test_the_fixed_paths_are_there_with_shape_and_units(run: Run, path: Path) -> None:
    per_pixel = {"counts": "counts", "counts_std": "counts", "dark": "counts"}
    per_step = {
        "integration_time": "s",
        "scans": "1",
        "dark_scans": "1",
        "monitor_power": "W",
        "monitor_power_std": "W",
        "wheel_position": "deg",
        "laser_current": "A",
        "laser_temperature": "°C",
        "detector_temperature": "°C",
        "time": "s",
        "saturated": "1",
    }
    results = {"power_density": "mW/cm^2"} | dict.fromkeys(
        ("plqy", "plqy_errors", "absorptance", "mu", "plqy_2m"), "1"
    )
    with h5py.File(path) as file:
        for role in PASS_ORDER:
            group = file[f"/entry/spectra/{role}"]
            shapes = {name: ((3, 512), units) for name, units in per_pixel.items()}
            shapes |= {name: ((3,), units) for name, units in per_step.items()}
            for name, (shape, units) in shapes.items():
                assert group[name].shape == shape, name
                assert group[name].attrs["units"] == units, name
        assert file["/entry/spectra/wavelength"].shape == (512,)
        assert file["/entry/spectra/wavelength"].attrs["units"] == "nm"
        for window in ("er", "total", "1500:1600 nm"):
            group = file[f"/entry/result/{window}"]
            for name, units in results.items():
                assert group[name].shape == (3,)
                assert group[name].attrs["units"] == units
            assert list(group["flags"].asstr()[()]) == ["", "saturated;weak_signal", "monitor_unsteady"]
            assert group["mean_plqy"][()] == 0.495
            assert group["mean_plqy_errors"][()] == 0.01
            assert list(group["range"][()]) == [50.0, 900.0]


def test_the_calibration_stands_in_the_file_with_the_hash_of_each_record(
    run: Run, path: Path, rig: Any
) -> None:
    with h5py.File(path) as file:
        group = file["/entry/calibration"]
        assert np.array_equal(group["response"][()], rig.response)
        assert np.array_equal(group["long_pass"][()], rig.long_pass)
        assert group["linearity"].shape == (8,)
        assert group["monitor_ratio"][()] == 24.0
        assert list(group["beam"][()]) == [4.6, 4.4]
        units = {
            "response": "J/count",
            "long_pass": "1",
            "linearity": "1",
            "monitor_ratio": "1",
            "beam": "mm",
        }
        for name, unit in units.items():
            assert group[name].attrs["units"] == unit
            assert group[name].attrs["record_sha256"] == run.calibration[name]["sha256"]
        assert group["monitor_ratio_errors"][()] == pytest.approx(0.24)
        relative = group["response_errors"][()] / group["response"][()]
        assert relative == pytest.approx(np.hypot(0.02, 0.01))


def test_without_a_linearity_record_the_spectrometers_own_polynomial_stands_there(
    record_run: Callable[..., Path], rig: Any
) -> None:
    records = [record for record in rig.records() if record["kind"] != "linearity"]
    run = load_run(record_run(metadata=rig.metadata(calibration_records=records)))
    write_nexus(run, None, run.folder / "run.nxs")
    with h5py.File(run.folder / "run.nxs") as file:
        assert file["/entry/calibration/linearity"][1] == -1e-6
        assert file["/entry/calibration/linearity"].attrs["record_sha256"] == ""


def test_a_run_without_any_calibration_is_stored_as_well(record_run: Callable[..., Path], rig: Any) -> None:
    metadata = rig.metadata(calibration_records=[], linearity_coefficients=None, instruments={}, operator="")
    run = load_run(record_run(metadata=metadata))
    write_nexus(run, None, run.folder / "run.nxs")
    assert read_nexus(run.folder / "run.nxs") == run


def test_a_run_without_any_exposure_is_stored_as_well(record_run: Callable[..., Path]) -> None:
    run = load_run(record_run([], finish=False))
    write_nexus(run, None, run.folder / "run.nxs")
    assert read_nexus(run.folder / "run.nxs") == run


def test_every_number_has_units_and_every_array_a_checksum(path: Path) -> None:
    without_units: list[str] = []
    without_checksum: list[str] = []

    def look(name: str, thing: h5py.Group | h5py.Dataset) -> None:
        if isinstance(thing, h5py.Dataset) and thing.dtype.kind in "fiub":
            if "units" not in thing.attrs:
                without_units.append(name)
            if thing.shape and not (thing.fletcher32 and thing.compression == "gzip"):
                without_checksum.append(name)
        if isinstance(thing, h5py.Group):
            assert "NX_class" in thing.attrs, name

    with h5py.File(path) as file:
        file.visititems(look)
    assert without_units == []
    assert without_checksum == []


def test_the_file_says_what_it_is(run: Run, path: Path) -> None:
    with h5py.File(path) as file:
        entry = file["entry"]
        assert entry["definition"].asstr()[()] == "NXoptical_spectroscopy"
        assert entry["experiment_type"].asstr()[()] == "photoluminescence"
        assert entry["sample/name"].asstr()[()] == "HET-Ce"
        assert entry["user/name"].asstr()[()] == "Márta"
        assert entry["journal/uid"].asstr()[()] == run.uid
        assert entry["program_name"].attrs["version"] == "0.1.0"
        assert bytes(entry["recipe/data"][()]).decode() == (run.folder / "recipe.toml").read_text("utf-8")
        assert bytes(entry["rig/data"][()]).decode() == (run.folder / "rig.toml").read_text("utf-8")
        assert entry["start_time"].asstr()[()] == "2026-09-21T14:13:21.250+00:00"
        laser = entry["instrument/source_laser/device_information"]
        assert laser["model"].asstr()[()] == "ITC4001"


def test_the_file_has_the_oldest_format_that_every_program_reads(path: Path) -> None:
    with h5py.File(path) as file:
        assert file.id.get_create_plist().get_version()[0] == 0


def followed_default(file: h5py.File) -> h5py.Group:
    group: h5py.Group = file
    while "default" in group.attrs:
        group = group[group.attrs["default"]]
    return group


def test_the_default_plot_is_the_yield_of_the_er_window_with_errors(path: Path) -> None:
    with h5py.File(path) as file:
        group = followed_default(file)
        assert group.name == "/entry/result/er"
        assert group.attrs["NX_class"] == "NXdata"
        assert group.attrs["signal"] == "plqy"
        assert list(group.attrs["axes"]) == ["power_density"]
        assert "plqy_errors" in group


def test_without_an_er_window_the_first_one_is_plotted(
    run: Run, new_evaluation: NewEvaluation, new_window_result: Callable[..., WindowResult]
) -> None:
    windows = {name: new_window_result(name) for name in ("total", "a")}
    write_nexus(run, new_evaluation(run.uid, windows), run.folder / "run.nxs")
    with h5py.File(run.folder / "run.nxs") as file:
        assert followed_default(file).name == "/entry/result/total"


def test_without_results_the_spectra_are_plotted(run: Run) -> None:
    write_nexus(run, None, run.folder / "run.nxs")
    assert read_evaluation(run.folder / "run.nxs") is None
    with h5py.File(run.folder / "run.nxs") as file:
        group = followed_default(file)
        assert group.name == "/entry/data"
        assert group["counts"] == file[f"/entry/spectra/{Role.DIRECT_EMISSION}/counts"]


def test_silx_finds_the_default_plot_and_every_plot_is_valid(path: Path) -> None:
    nxdata = pytest.importorskip("silx.io.nxdata", reason="silx isn't installed")
    with h5py.File(path) as file:
        plot = nxdata.get_default(file)
        assert plot.group.name == "/entry/result/er"
        assert plot.signal.name == "/entry/result/er/plqy"
        assert plot.errors.name == "/entry/result/er/plqy_errors"
        assert plot.axes_names == ["excitation power density (mW/cm^2)"]
        assert plot.is_curve
        plots: list[str] = []

        def look(name: str, thing: h5py.Group | h5py.Dataset) -> None:
            if thing.attrs.get("NX_class") == "NXdata":
                assert nxdata.is_valid_nxdata(thing), name
                plots.append(name)

        file.visititems(look)
    assert len(plots) == 3 + 6 + 1


def test_an_older_file_is_replaced_in_one_step(run: Run, path: Path) -> None:
    write_nexus(run, None, path)
    assert read_evaluation(path) is None
    assert [file.name for file in run.folder.iterdir() if file.suffix == ".part"] == []


def test_the_file_is_flushed_before_it_takes_its_name(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real_replace = Path.replace

    def note_replace(part: Path, target: Path) -> Path:
        done.append("rename")
        return real_replace(part, target)

    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append("fsync"))
    monkeypatch.setattr(Path, "replace", note_replace)
    write_nexus(run, None, path)
    assert done == (["fsync", "rename"] if os.name == "nt" else ["fsync", "rename", "fsync"])


def test_a_file_that_is_not_what_was_measured_never_takes_the_name(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    wrong = replace(run, wavelength_nm=run.wavelength_nm + 1e-9)
    monkeypatch.setattr("plqy_rig.data.nexus._read", lambda part: (wrong, None))
    with pytest.raises(StorageError, match="wavelength_nm"):
        write_nexus(run, None, path)
    assert path.read_bytes() == before
    assert not path.with_name("run.nxs.part").exists()


def test_a_changed_byte_in_an_array_is_noticed(path: Path) -> None:
    with h5py.File(path) as file:
        place = file["/entry/spectra/direct_emission/counts"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 20] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableRunError, match="plqy recover"):
        read_nexus(path)


def test_a_truncated_file_is_noticed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableRunError, match="plqy recover"):
        read_nexus(path)


def test_another_hdf5_file_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(UnreadableRunError, match="not of a PLQY run"):
        read_nexus(path)


def test_a_folder_that_is_gone_is_a_sentence(run: Run, tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="isn't there"):
        write_nexus(run, None, tmp_path / "gone" / "run.nxs")
    with pytest.raises(MissingPathError, match="isn't there"):
        read_nexus(tmp_path / "gone" / "run.nxs")


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files")
@pytest.mark.parametrize("room_bytes", [0, 5_000, 20_000])
def test_a_disk_that_takes_no_more_is_a_sentence_and_leaves_the_older_file_and_the_program_alone(
    path: Path, room_bytes: int
) -> None:
    before = path.read_bytes()
    assert len(before) > 20_000
    done = subprocess.run(
        [sys.executable, "-c", _WRITES_WITH_LITTLE_ROOM, str(path.parent), str(room_bytes)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "make room, then run `plqy recover`" in done.stdout
    assert path.read_bytes() == before
    assert not path.with_name("run.nxs.part").exists()


_WRITES_WITH_LITTLE_ROOM = """
import pathlib, resource, sys
from plqy_rig.data import DiskFullError, load_run, write_nexus
folder, room = pathlib.Path(sys.argv[1]), int(sys.argv[2])
run = load_run(folder)
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    write_nexus(run, None, folder / "run.nxs")
except DiskFullError as error:
    print(error)
"""


def test_a_file_that_may_not_be_written_is_a_sentence_and_leaves_the_older_one(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def refuse(part: Path, content: bytes) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(NotWritableError, match="permitted"):
        write_nexus(run, None, path)
    assert path.read_bytes() == before


def test_texts_that_hdf5_cannot_hold_do_not_stop_the_file(record_run: Callable[..., Path], rig: Any) -> None:
    run = load_run(record_run(metadata=rig.metadata(sample="a\0b", operator="\udcff")))
    write_nexus(run, None, run.folder / "run.nxs")
    assert read_nexus(run.folder / "run.nxs").sample == "a\0b"


@pytest.mark.parametrize(
    "changes",
    [
        {"plqy": np.zeros(2)},
        {"ci68": np.zeros(3)},
        {"mu": np.zeros(3, dtype=np.float32)},
        {"flags": ((),)},
        {"flags": (("a;b",), (), ())},
        {"name": "a/b"},
        {"budget": {"a/b": 0.1}},
    ],
    ids=str,
)
def test_results_that_do_not_fit_are_refused(
    new_window_result: Callable[..., WindowResult], changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"instead|not float64|semicolon|slash"):
        new_window_result(**changes)
