from __future__ import annotations

import hashlib
import json
import tomllib

import numpy as np
import pytest

from sim.bench import Addresses, Bench, BenchSetup
from sim.clock import ManualClock
from sim.rig_file import draw_records, write_rig

ADDRESSES = Addresses("127.0.0.1:1", "/dev/pts/1", "/dev/pts/2")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(BenchSetup(seed=3), ManualClock())


def values(bench: Bench) -> dict[str, dict]:
    return {record.kind: record.values for record in draw_records(bench)}


def test_the_rig_file_holds_every_section(bench: Bench, tmp_path) -> None:
    path = write_rig(tmp_path, bench, ADDRESSES, "127.0.0.1:2", 100.0)
    rig = tomllib.loads(path.read_text(encoding="utf-8"))
    assert path.is_absolute()
    assert rig["format"] == "plqy-rig/1"
    assert rig["connection"] == {"visa_library": "@py", "usb_bus": "usbip://127.0.0.1:1"}
    assert rig["bench"] == {"console": "127.0.0.1:2", "speed": 100.0}
    assert rig["laser"]["resource"] == "USB0::0x1313::0x804A::M00404162::INSTR"
    assert rig["shutter"] == {"port": "/dev/pts/1", "baud": 9600}
    assert rig["attenuator"]["port"] == "/dev/pts/2"
    assert rig["spectrometer"]["serial_number"] == "NQ5120427"


def test_records_carry_their_own_hash_in_content_and_name(bench: Bench, tmp_path) -> None:
    write_rig(tmp_path, bench, ADDRESSES, "127.0.0.1:2", 1.0)
    files = sorted((tmp_path / "calibration").iterdir())
    assert len(files) == 6
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        digest = record.pop("sha256")
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        day = record["created"][:10].replace("-", "")
        assert file.name == f"{record['kind']}_{day}_{digest[:8]}.json"
        assert record["created"] < record["expires"]


def test_the_same_seed_draws_the_same_records_and_another_sample_others(bench: Bench) -> None:
    again = Bench(BenchSetup(seed=3), ManualClock())
    other = Bench(BenchSetup(sample="HOM", seed=3), ManualClock())
    assert values(again) == values(bench)
    ratio_error = values(bench)["monitor_ratio"]["ratio"] / bench.optics.true_monitor_ratio
    assert values(other)["monitor_ratio"]["ratio"] / other.optics.true_monitor_ratio != ratio_error


def test_no_record_is_the_exact_truth_and_none_is_far_off() -> None:
    deviations: dict[str, list[float]] = {"scale": [], "ratio": [], "beam": []}
    for seed in range(25):
        bench = Bench(BenchSetup(seed=seed), ManualClock())
        drawn = values(bench)
        response = np.array(drawn["response"]["response_j_per_count"])
        error = response / bench.optics.true_response_j_per_count() - 1.0
        deviations["scale"].append(float(error.mean()) / 0.03)
        deviations["ratio"].append(
            (drawn["monitor_ratio"]["ratio"] / bench.optics.true_monitor_ratio - 1) / 0.03
        )
        deviations["beam"].append(
            (drawn["beam"]["diameter_x_mm"] - bench.optics.true_beam_d4sigma_mm[0]) / 0.05
        )
    for drawn_deviations in deviations.values():
        assert 0.0 not in drawn_deviations
        assert 0.6 < np.std(drawn_deviations) < 1.5
        assert np.max(np.abs(drawn_deviations)) < 4.0


def test_the_response_error_is_smooth_over_the_stated_length() -> None:
    from sim.rig_file import _smooth_errors

    wavelength_nm = np.linspace(900.0, 1700.0, 200)
    random = np.random.default_rng(0)
    draws = np.array([_smooth_errors(wavelength_nm, random) for _ in range(400)])
    lag = int(np.argmin(np.abs(wavelength_nm - 1050.0)))
    correlation = np.corrcoef(draws[:, 0], draws[:, lag])[0, 1]
    assert draws.std() == pytest.approx(1.0, abs=0.1)
    assert correlation == pytest.approx(np.exp(-0.5), abs=0.12)


def test_a_folder_used_again_holds_the_new_records_and_those_of_others(bench: Bench, tmp_path) -> None:
    folder = tmp_path / "calibration"
    folder.mkdir()
    (folder / "beam_20250101_00000000.json").write_text('{"operator": "Ada"}', encoding="utf-8")
    (folder / "notes.json").write_text("not JSON", encoding="utf-8")
    for seed in (3, 4):
        write_rig(tmp_path, Bench(BenchSetup(seed=seed), ManualClock()), ADDRESSES, "127.0.0.1:2", 1.0)
    assert len(list(folder.iterdir())) == 8
