"""The dry run: what is wrong with a recipe, and what running it would mean, without an instrument."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.rig_in_memory import RIG_TOML, make_records

from calibration import Record, RecordKind
from calibration.roles import Role
from plqy_rig.config import read_rig_file
from plqy_rig.data.encoding import encode_json
from plqy_rig.host.expected_duration import RigScale, forecast_pass
from plqy_rig.host.recipe_check import RigState, check_recipe
from procedures import PlqySweep

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ONE_SECOND = {"integration_time_min_s": 1.0, "integration_time_max_emission_s": 1.0}
EXAMPLE = Path(__file__).parents[4] / "examples" / "sweep.toml"


@pytest.fixture
def recipe():
    return tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))


@pytest.fixture
def rig_file(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(RIG_TOML, encoding="utf-8")
    file = read_rig_file(path)
    file.calibration_folder.mkdir()
    for kind, record in make_records().items():
        write(file, kind, record)
    return file


def write(rig_file, kind, record):
    for old in rig_file.calibration_folder.glob(f"{kind}_*.json"):
        old.unlink()
    path = rig_file.calibration_folder / f"{kind}_20261101_{record.sha256[:8]}.json"
    path.write_text(json.dumps(record.to_document()), encoding="utf-8")


def resealed(record, **changes):
    return Record.seal(
        **{
            "kind": record.kind,
            "created": record.created,
            "expires": record.expires,
            "operator": record.operator,
            "origin": record.origin,
            "instruments": record.instruments,
            "values": record.values,
            **changes,
        }
    )


@pytest.fixture
def check(rig_file, tmp_path):
    def check(recipe, state=None, now=NOW):
        reply = check_recipe(rig_file, state, recipe, tmp_path / "runs", now)
        encode_json(reply)  # it goes over a wire
        return reply

    return check


def test_the_example_has_no_problem_and_a_whole_summary(check, recipe, tmp_path):
    reply = check(recipe)
    summary = reply["summary"]
    assert reply["problems"] == []
    assert summary["steps"] == 100
    assert [one["role"] for one in summary["passes"]] == recipe["passes"]
    assert summary["highest_power_density_mw_per_cm2"] == 1000.0
    assert summary["power_density_limit_mw_per_cm2"] == 1200.0
    assert len(summary["power_densities_mw_per_cm2"]) == 20
    assert summary["folder_pattern"] == "<UTC time>_het-ce"
    assert summary["out"] == str(tmp_path / "runs")
    assert summary["free_disk_mb"] > 0
    assert {one["kind"] for one in summary["records"]} == {str(kind) for kind in RecordKind}


def test_no_pass_is_expected_to_take_longer_than_its_longest(check, recipe):
    summary = check(recipe)["summary"]
    for one in summary["passes"]:
        assert one["expected_duration_s"] <= one["longest_duration_s"] + 1e-9
    longest = sum(one["longest_duration_s"] for one in summary["passes"]) + recipe["laser_warm_up_s"]
    assert summary["longest_duration_s"] == pytest.approx(longest)
    assert summary["longest_duration_s"] == PlqySweep.from_recipe(recipe).estimate().longest_duration_s


def test_more_scans_take_longer_in_proportion_to_the_frames(check, recipe):
    def seconds(scans):
        changed = {**recipe, "passes": ["direct_emission"], "scans_emission": scans, **ONE_SECOND}
        return check(changed)["summary"]["passes"][0]["expected_duration_s"]

    # Twenty steps of one second: exposure and dark get one frame more each.
    assert seconds(5) - seconds(4) == pytest.approx(40.0)


def test_the_dose_is_power_density_times_beam_area_times_time(check, recipe):
    one = {
        **recipe,
        "passes": ["direct_emission"],
        "power_steps": 1,
        "power_density_min_mw_per_cm2": 500.0,
        "power_density_max_mw_per_cm2": 500.0,
        **ONE_SECOND,
    }
    area_cm2 = 3.14159265 * 0.46 * 0.443 / 4
    summary = check(one)["summary"]
    assert summary["passes"][0]["integration_time_range_s"] == [1.0, 1.0]
    assert summary["dose_j"] == pytest.approx(0.5 * area_cm2 * (recipe["scans_emission"] + 1), rel=1e-6)


def test_only_passes_with_the_sample_in_the_beam_dose_it(check, recipe):
    for role in Role:
        dose = check({**recipe, "passes": [role.value]})["summary"]["dose_j"]
        assert (dose > 0) == role.value.startswith("direct")


def test_a_brighter_step_is_forecast_a_shorter_time(rig_file, recipe):
    settings = PlqySweep.from_recipe(recipe).settings()
    scale = RigScale.of(make_records(), settings.laser_window_nm)
    bright = RigScale(**{**vars(scale), "laser_joules_per_count": 1e-8})
    times = forecast_pass(Role.EMPTY_EXCITATION, settings, bright).integration_times_s
    assert list(times) == sorted(times, reverse=True)
    # One twentieth of the power takes twenty times as long (whole milliseconds).
    assert times[0] / times[-1] == pytest.approx(20.0, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "keys", "words"),
    [
        ({"sample": " "}, ["sample"], "must be given"),
        ({"power_steps": 2.5}, ["power_steps"], "whole number"),
        ({"power_steps": 501}, ["power_steps"], "1 to 500"),
        ({"laser_warm_up_s": "5"}, ["laser_warm_up_s"], "must be a number"),
        ({"passes": ["direct"]}, ["passes"], "one or more of"),
        ({"powersteps": 3}, ["powersteps"], "did you mean power_steps"),
        ({"dark_scans": 1}, ["dark_scans"], "2 and more"),
        (
            {"peak_low_fraction": 0.9},
            ["peak_low_fraction", "peak_high_fraction"],
            "peak_low_fraction < peak_high_fraction",
        ),
        ({"power_density_max_mw_per_cm2": 1500.0}, ["power_density_max_mw_per_cm2"], "limit of 1200"),
        (
            {"laser_window_low_nm": 400.0, "laser_window_high_nm": 420.0},
            ["laser_window_low_nm", "laser_window_high_nm"],
            "no laser line",
        ),
    ],
)
def test_a_problem_names_its_keys_and_what_is_allowed(check, recipe, changes, keys, words):
    (problem,) = check({**recipe, **changes})["problems"]
    assert problem["keys"] == keys
    assert problem["key"] == keys[0]
    assert words.lower() in problem["message"].lower()


def test_every_wrong_value_is_told_at_once(check, recipe):
    reply = check({**recipe, "power_steps": 0, "scans_emission": 1, "settle_time_s": 11.0})
    assert [one["key"] for one in reply["problems"]] == ["power_steps", "scans_emission", "settle_time_s"]
    assert reply["summary"] is None


def test_an_integration_time_that_the_spectrometer_cannot_do_is_a_problem(check, recipe):
    state = RigState(integration_time_range_s=(2.0, 60.0))
    (problem,) = check(recipe, state)["problems"]
    assert problem["key"] == "integration_time_max_excitation_s"


def test_a_missing_record_is_a_problem_and_the_longest_duration_is_still_told(check, rig_file, recipe):
    next(rig_file.calibration_folder.glob("beam_*.json")).unlink()
    reply = check(recipe)
    (problem,) = reply["problems"]
    assert problem["key"] is None
    assert "beam" in problem["message"]
    assert reply["summary"]["expected_duration_s"] == reply["summary"]["longest_duration_s"]
    assert reply["summary"]["dose_j"] is None


def test_a_damaged_record_is_a_problem(check, rig_file, recipe):
    next(rig_file.calibration_folder.glob("beam_*.json")).write_text("{", encoding="utf-8")
    (problem,) = check(recipe)["problems"]
    assert problem["key"] is None
    assert "beam_" in problem["message"]


def test_an_expired_record_is_a_warning_with_its_date(check, rig_file, recipe):
    record = make_records()[RecordKind.BEAM]
    write(rig_file, RecordKind.BEAM, resealed(record, expires=NOW - timedelta(days=3)))
    summary = check(recipe)["summary"]
    assert [one["kind"] for one in summary["records"] if one["expired"]] == ["beam"]
    (warning,) = summary["warnings"]
    assert "beam record expired on 19 November 2026" in warning


def test_a_record_that_expires_within_a_week_is_told(check, rig_file, recipe):
    record = make_records()[RecordKind.WHEEL]
    write(rig_file, RecordKind.WHEEL, resealed(record, expires=NOW + timedelta(days=3)))
    assert check(recipe)["summary"]["warnings"] == ["The wheel record expires on 25 November 2026."]


def test_a_recipe_without_all_passes_is_told_to_give_no_yield(check, recipe):
    warnings = check({**recipe, "passes": ["direct_emission", "indirect_emission"]})["summary"]["warnings"]
    assert warnings[0].startswith("Without empty excitation, indirect excitation, direct excitation")


def test_warnings_of_the_rig_come_first(check, recipe):
    assert check(recipe, RigState(warnings=("No laser.",)))["summary"]["warnings"] == ["No laser."]


def test_a_disk_below_the_rigs_least_room_is_a_problem(tmp_path, rig_file, recipe, check):
    text = RIG_TOML.replace("least_free_disk_mb = 0.0", "least_free_disk_mb = 1e15")
    rig_file.path.write_text(text, encoding="utf-8")
    reply = check_recipe(read_rig_file(rig_file.path), None, recipe, tmp_path / "runs", NOW)
    assert "MB are free" in reply["problems"][0]["message"]
    assert reply["summary"] is not None
