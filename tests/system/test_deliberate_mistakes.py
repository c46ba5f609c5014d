"""Deliberate mistakes at the bench, over all wires: each raises its flag in what `plqy run` prints.

The other half of the table, over many benches, is `benchmarks/mistakes.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.benches import SHORT_RECIPE

from calibration import CheckKind, Record, write_record

BAD_RIG = {"monitor": ("wavelength_nm = 977.0", "wavelength_nm = 808.0")}


def flags_of(document):
    return {
        flag
        for window in document["runs"][0]["windows"].values()
        for step in window["steps"]
        for flag in step["flags"]
    }


def notes_of(document):
    return {flag for flag, known in document["runs"][0]["flags"].items() if known["kind"] == "note"}


def measured(plqy, bench, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(SHORT_RECIPE, encoding="utf-8")
    return plqy.json("run", recipe, "--rig", bench.rig, "--out", tmp_path / "runs")


def set_condition(bench, name, value):
    assert "error" not in bench.ask("condition", name=name, value=value)


def test_an_undisturbed_run_raises_notes_alone(make_bench, plqy, tmp_path):
    document = measured(plqy, make_bench(seed=11), tmp_path)
    assert flags_of(document) <= notes_of(document)


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("filter_angle_deg", 10.0, "laser_behind_filter"),
        ("ase_fraction", 0.02, "leakage"),
        ("absorptance", 0.03, "absorptance_low"),
        ("laser_drift", 0.08, "laser_drift"),
    ],
)
def test_a_condition_raises_its_flag(make_bench, plqy, tmp_path, name, value, flag):
    bench = make_bench(seed=11)
    set_condition(bench, name, value)
    assert flag in flags_of(measured(plqy, bench, tmp_path))


def test_a_monitor_set_to_another_wavelength_is_flagged(make_bench, plqy, tmp_path):
    bench = make_bench(seed=11)
    right, wrong = BAD_RIG["monitor"]
    text = bench.rig.read_text(encoding="utf-8")
    assert right in text
    bench.rig.write_text(text.replace(right, wrong), encoding="utf-8")
    assert "monitor_wavelength" in flags_of(measured(plqy, bench, tmp_path))


def test_a_laser_check_that_saw_water_vapour_is_carried_by_the_runs_of_its_day(make_bench, plqy, tmp_path):
    """Its gate refuses it (docs/how-to/calibrate.md); an operator may keep it all the same."""
    bench = make_bench(seed=11)
    now = datetime.now(UTC).replace(microsecond=0)
    kept = Record.seal(
        kind=CheckKind.LASER_CHECK,
        created=now - timedelta(hours=1),
        expires=now + timedelta(days=30),
        operator="test",
        origin="kept although it failed",
        instruments={},
        values={"passed": False, "water_vapour_change_relative": -0.11},
    )
    write_record(kept, bench.rig.parent / "calibration")
    assert "water_vapour" in flags_of(measured(plqy, bench, tmp_path))
