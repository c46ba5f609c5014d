"""Every mistake has its message and its exit code, and nothing moves because of it."""

from __future__ import annotations

import shutil

import pytest


def refused(plqy, *arguments, code, says):
    message = plqy(*arguments, code=code).stderr
    for words in says:
        assert words in message, message
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("power_steps = 3", "power_step = 3", ["recipe.toml", "power_step", "power_steps"]),
        ("scans_emission = 2", "scans_emission = 0", ["recipe.toml", "scans_emission", "2"]),
        ("power_steps = 3", 'power_steps = "many"', ["recipe.toml", "power_steps", "many"]),
        ("laser_warm_up_s = 1.0", "laser_warm_up_ms = 1000", ["recipe.toml", "laser_warm_up_ms"]),
        ("power_steps = 3", "power_steps = ", ["recipe.toml", "TOML"]),
        ('sample = "HET-Ce"', "", ["recipe", "sample"]),
        (
            "power_density_max_mw_per_cm2 = 800.0",
            "power_density_max_mw_per_cm2 = 100.0",
            ["recipe.toml", "power_density_min_mw_per_cm2 <= power_density_max"],
        ),
    ],
)
def test_a_recipe_with_a_mistake_is_refused_before_a_bench_is_asked(plqy, recipe, old, new, says):
    path = recipe((old, new))
    refused(plqy, "run", path, "--rig", "no-rig.toml", code=2, says=says)


def test_missing_files_are_named(plqy, recipe):
    refused(plqy, "run", "none.toml", "--sim", code=2, says=["none.toml", "can't be read"])
    refused(plqy, "run", recipe(), "--rig", "none.toml", code=2, says=["none.toml", "can't be read"])


def test_a_rig_and_a_bench_at_once_or_neither_is_refused(plqy, recipe):
    refused(plqy, "run", recipe(), code=2, says=["--rig", "--sim"])
    refused(plqy, "run", recipe(), "--rig", "a.toml", "--sim", code=2, says=["--rig", "--sim"])


def test_an_unknown_role_is_refused(plqy, recipe):
    refused(plqy, "run", recipe(), "--sim", "--pass", "empty", code=2, says=["empty", "empty_excitation"])


def test_an_unknown_sample_of_the_bench_is_refused(plqy):
    refused(plqy, "demo", "--sample", "HEX", code=2, says=["HEX"])


def test_an_unknown_assumption_is_refused_with_those_there_are(plqy):
    says = ["laser.nonsense", "needs_remote_enable"]
    refused(plqy, "simulate", "--assume", "laser.nonsense=1", code=2, says=says)


@pytest.fixture
def rig(make_bench, tmp_path):
    """A bench, and its rig file to be changed."""
    bench = make_bench()
    shutil.copytree(bench.rig.parent / "calibration", tmp_path / "calibration")

    def write(old: str = "", new: str = ""):
        text = bench.rig.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "rig.toml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    write.bench = bench
    return write


def test_a_rig_file_that_goes_wrong_is_told_by_key_and_leaves_the_bench_dark(rig, plqy, recipe):
    path = recipe()
    cases = [
        ("current_limit_a", "current_limit_ma", 2, ["rig.toml", "laser.current_limit_ma: unknown key"]),
        ("power_density_mw_per_cm2 = 1200", "power_density_mw_per_cm2 = 500", 2, ["800", "limit of 500"]),
        ('folder = "calibration"', 'folder = "nowhere"', 2, ["nowhere", "doesn't exist"]),
        ("0x804A::M00404162", "0x804A::M99999999", 3, ["M99999999", "M00404162"]),
        ("0x804A::M00404162", "0x8022::M00297531", 3, ["ITC4001", "PM320"]),
        ('serial_number = "NQ', 'serial_number = "XX', 3, ["NIRQuest", "XX"]),
    ]
    for old, new, code, says in cases:
        refused(plqy, "run", path, "--rig", rig(old, new), code=code, says=says)
        rig.bench.assert_safe()


def test_a_changed_calibration_record_is_refused(rig, plqy, recipe, tmp_path):
    record = next((tmp_path / "calibration").glob("beam_*.json"))
    record.write_text(record.read_text().replace("diameter_x_mm", "diameter_y_nm", 1))
    refused(plqy, "run", recipe(), "--rig", rig(), code=2, says=[record.name, "changed after it was made"])


def test_what_is_no_run_is_told(plqy, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.nxs").write_bytes(b"no HDF5")
    for path in ("nothing-here", "empty", "other.nxs"):
        refused(plqy, "evaluate", path, code=5, says=[path])


def test_bad_windows_and_ranges_are_refused(plqy):
    refused(plqy, "evaluate", "x", "--window", "1600:1500", code=2, says=["window"])
    refused(plqy, "evaluate", "x", "--range", "50", code=2, says=["range"])
