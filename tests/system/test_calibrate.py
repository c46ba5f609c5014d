"""A bench that starts without records is calibrated from nothing, then measured with what was found there."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.benches import SHORT_RECIPE, Bench, Plqy
from support.engine_runs import wait_for

from plqy_rig.bench_process import BenchProcess, BenchRequest

WHOLE_SET_S = 300.0
"""Time for `calibrate all`: half a minute on an idle machine, several on one where others work, too."""
pytestmark = pytest.mark.timeout(WHOLE_SET_S + 60.0)

SWEEP_KINDS = {"response", "long_pass", "linearity", "monitor_ratio", "beam", "wheel"}


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A bench with nothing but what `calibrate all` found, and what that said."""
    folder = tmp_path_factory.mktemp("calibrated")
    plqy = Plqy(folder)
    with BenchProcess(BenchRequest(speed=100.0, with_records=False)) as process:
        bench = Bench(process)
        said = plqy.json(
            "calibrate", "all", "--rig", bench.rig, "--yes", "--operator", "A. Tester", timeout=WHOLE_SET_S
        )
        bench.assert_safe()
        yield SimpleNamespace(bench=bench, plqy=plqy, folder=folder, said=said)


def values(calibrated, kind):
    path = next(one["record"] for one in calibrated.said["results"] if one["kind"] == kind)
    return json.loads(Path(path).read_text(encoding="utf-8"))["values"]


def test_calibrate_all_makes_every_record_in_an_order_in_which_each_finds_what_it_needs(calibrated):
    kinds = [one["kind"] for one in calibrated.said["results"]]
    assert set(kinds) >= SWEEP_KINDS
    assert all(one["passed"] and one["accepted"] for one in calibrated.said["results"])
    assert calibrated.said["safe_state"]["safe"]
    assert set(values(calibrated, "response")["used_records"]) == {"lamp", "linearity", "wavelength"}
    seen = calibrated.bench.ask("observe")
    assert not seen["lamp_on"]
    assert not seen["second_power_head"]


def test_what_was_found_is_the_truth_within_what_it_says(calibrated):
    truth = calibrated.bench.ask("truth")
    monitor, beam = values(calibrated, "monitor_ratio"), values(calibrated, "beam")
    deviation = monitor["ratio"] / truth["monitor_ratio"] - 1
    assert abs(deviation) < 3 * monitor["ratio_uncertainty_relative"]
    for axis in ("diameter_x_mm", "diameter_y_mm"):
        assert abs(beam[axis] - truth["beam"][axis]) < 3 * beam["diameter_uncertainty_mm"]
    response = values(calibrated, "response")
    found = np.array(response["response_j_per_count"], dtype=float)
    true = np.array(calibrated.bench.ask("truth", detail="response")["response_j_per_count"])
    ratio = found / true
    assert abs(np.nanmedian(ratio) - 1) < 3 * response["scale_uncertainty_relative"]
    shape = np.array(response["shape_uncertainty_relative"], dtype=float)
    assert np.nanmean(np.abs(ratio / np.nanmedian(ratio) - 1) < 3 * shape) > 0.95


def test_a_sweep_after_it_finds_the_true_yield(calibrated):
    recipe = calibrated.folder / "recipe.toml"
    recipe.write_text(SHORT_RECIPE, encoding="utf-8")
    run = calibrated.plqy.json("run", recipe, "--rig", calibrated.bench.rig)["runs"][0]
    window = run["windows"]["er"]
    pull = (window["mean_plqy"] - calibrated.bench.truth["plqy"]["er"]) / window["u_mean_plqy"]
    assert abs(pull) < 4


def test_records_are_listed_shown_and_checked(calibrated):
    plqy, rig = calibrated.plqy, calibrated.bench.rig
    listed = plqy.json("records", "list", "--rig", rig)["records"]
    assert {line["kind"] for line in listed} >= SWEEP_KINDS
    assert {line["operator"] for line in listed} == {"A. Tester"}
    assert all(line["state"] == "valid" and line["raw_data"] in {"sound", "none"} for line in listed)
    shown = plqy.json("records", "show", listed[0]["sha256"][:8], "--rig", rig)
    assert shown["record"]["sha256"] == listed[0]["sha256"]
    assert plqy.json("records", "check", "--rig", rig)["good"]


@pytest.mark.parametrize(
    ("condition", "options", "says"),
    [
        ({"name": "fibre_throughput", "value": 0.9}, (), "fibre moved"),
        ({}, ("--set", "use_linearity=false"), "no linearity correction was applied"),
        (
            {"name": "purge", "value": False, "settled": True},
            ("--set", "compare_lamp=true", "--set", "warm_up_s=600"),
            "more water vapour now",
        ),
    ],
)
def test_the_laser_check_says_what_is_wrong(calibrated, condition, options, says):
    bench = calibrated.bench
    if condition:
        assert bench.ask("condition", **condition)["ok"]
    try:
        failed = calibrated.plqy("calibrate", "laser-check", "--rig", bench.rig, "--yes", *options, code=3)
    finally:
        if condition:
            undone = True if condition["name"] == "purge" else None
            bench.ask("condition", name=condition["name"], value=undone, settled=True)
    assert says in failed.stderr
    bench.assert_safe()


def test_a_certificate_read_in_the_wrong_unit_is_recognised_by_the_laser_check(calibrated):
    text = calibrated.bench.rig.read_text(encoding="utf-8")
    rig = calibrated.bench.rig.with_name("wrong_unit.toml")
    rig.write_text(text.replace('unit = "uW/nm"', 'unit = "uW/cm2/nm"'), encoding="utf-8")
    common = ("--rig", rig, "--yes", "--folder", calibrated.folder / "wrong")
    plqy = calibrated.plqy
    plqy("calibrate", "lamp", *common, "--collecting-area-cm2", 5)
    plqy("calibrate", "detector", *common, "--set", "warm_up_s=600", "--set", "longest_dark_s=1")
    plqy("calibrate", "response", *common, "--set", "warm_up_s=600", "--set", "seatings=2")
    failed = plqy("calibrate", "laser-check", *common, code=3)
    assert "collecting area" in failed.stderr
    assert "once too often" in failed.stderr


def test_without_an_answer_nothing_is_written(make_bench, plqy):
    bench = make_bench(with_records=False)
    folder = plqy.folder / "records"
    refused = plqy.json("calibrate", "beam", "--rig", bench.rig, "--folder", folder, code=130)
    assert [(one["kind"], one["accepted"], one["record"]) for one in refused["results"]] == [
        ("beam", False, None)
    ]
    plqy("calibrate", "wheel", "--rig", bench.rig, "--folder", folder, code=130)
    assert not folder.exists()
    bench.assert_safe()


def test_an_answer_at_the_terminal_keeps_a_record(plqy, tmp_path, make_bench):
    bench = make_bench(with_records=False)
    done = subprocess.run(
        plqy.command("calibrate", "beam", "--rig", bench.rig, "--folder", tmp_path / "records"),
        input="y\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "D4σ" in done.stderr
    assert len(list((tmp_path / "records").glob("beam_*.json"))) == 1


def test_a_damaged_certificate_is_refused_before_anything_moves(make_bench, plqy):
    bench = make_bench(with_records=False)
    path = bench.rig.with_name("lamp_certificate.txt")
    path.write_text(path.read_text(encoding="utf-8").replace("375.0\t", "340.0\t"), encoding="utf-8")
    failed = plqy("calibrate", "all", "--rig", bench.rig, "--yes", code=2)
    assert "lamp_certificate.txt" in failed.stderr
    assert bench.ask("observe")["exchanges"]["shutter"] == 0


def test_what_a_calibration_stands_on_is_named_where_it_is_missing(make_bench, plqy):
    bench = make_bench(with_records=False)
    failed = plqy("calibrate", "response", "--rig", bench.rig, "--yes", code=2)
    assert "plqy calibrate lamp" in failed.stderr
    failed = plqy("calibrate", "wheel", "--rig", bench.rig, "--set", "positions=3", code=2)
    assert "positions=3" in failed.stderr
    bench.assert_safe()


@pytest.mark.parametrize(("signal_number", "code"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_calibration_that_is_ended_leaves_the_bench_safe(make_bench, plqy, signal_number, code):
    bench = make_bench(with_records=False, speed=20.0)
    process = plqy.start("calibrate", "wheel", "--rig", bench.rig, "--yes")
    wait_for(lambda: bench.ask("observe")["laser_on"] or process.poll() is not None, "the laser")
    process.send_signal(signal_number)
    assert process.wait(60) == code
    for stream in (process.stdout, process.stderr):
        stream.close()
    wait_for(lambda: not bench.ask("observe")["laser_on"], "darkness")
    bench.assert_safe()
