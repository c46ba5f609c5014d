from __future__ import annotations

import csv

import numpy as np
import pytest

from sim.bench import Bench, BenchSetup
from sim.clock import ManualClock
from sim.hand_outs import write_hand_outs
from sim.rig_file import draw_records


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(BenchSetup(seed=3), ManualClock())


def test_the_certificate_lies_beside_the_rig_file_and_belongs_to_the_lamp(bench: Bench, tmp_path) -> None:
    outs = write_hand_outs(tmp_path / "rig", bench)
    assert outs.lamp_certificate == tmp_path / "rig" / "lamp_certificate.txt"
    assert bench.optics.lamp.serial_number in outs.lamp_certificate.read_text(encoding="utf-8")
    assert set(outs.announced()) == {"lamp_certificate", "beam_profile_x", "beam_profile_y"}


@pytest.mark.parametrize("axis", [0, 1])
def test_the_scans_have_the_true_diameters_within_noise(bench: Bench, tmp_path, axis: int) -> None:
    outs = write_hand_outs(tmp_path, bench)
    path = (outs.beam_profile_x, outs.beam_profile_y)[axis]
    with path.open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["slit_position_mm", "intensity"]
    position, intensity = np.array(rows, dtype=float).T
    centre = (position * intensity).sum() / intensity.sum()
    variance = ((position - centre) ** 2 * intensity).sum() / intensity.sum()
    assert 4.0 * np.sqrt(variance) == pytest.approx(bench.optics.true_beam_d4sigma_mm[axis], abs=0.04)


def test_the_same_seed_hands_out_the_same_files_and_the_same_records_as_ever(bench: Bench, tmp_path) -> None:
    again = Bench(BenchSetup(seed=3), ManualClock())
    write_hand_outs(tmp_path / "again", again)
    first, second = write_hand_outs(tmp_path, bench), write_hand_outs(tmp_path / "again", again)
    for name in first.announced():
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()
    assert draw_records(again) == draw_records(bench)
