"""Calibrations with laser light, on a rig in memory: what they find, and that no light is left on."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from procedure_fakes import FULL_SCALE, MONITOR_RATIO, WAVELENGTHS_NM, World, make_instruments
from pymeasure.experiment import Procedure, Results, Worker

from calibration import CheckKind, RecordKind
from drivers.errors import InstrumentTimeoutError
from procedures.calibrations import (
    LaserCheckMeasurement,
    MonitorMeasurement,
    Station,
    WavelengthMeasurement,
    WheelMeasurement,
)
from procedures.operator import OperatorAnswer

LINE = np.exp(-0.5 * ((WAVELENGTHS_NM - 977.0) / 1.7) ** 2)


class Reference:
    """A head before the sphere that reads the power into it."""

    def __init__(self, world):
        self.world = world

    def prepare(self, wavelength_nm):
        pass

    def read_power_w(self):
        return self.world.power_w() if self.world.shutter_open else 0.0


class Willing:
    def prepare(self, request):
        return OperatorAnswer.DONE


def response_record(world, scale=1.0):
    per_count = scale / (world.laser_counts_per_s_per_w * LINE.sum())
    values = {
        "wavelength_nm": WAVELENGTHS_NM.tolist(),
        "response_j_per_count": [per_count] * 512,
        "scale_uncertainty_relative": 0.02,
        "shape_uncertainty_relative": [0.005] * 512,
        "shape_correlation_length_nm": 100.0,
    }
    return SimpleNamespace(values=values)


def linearity_record():
    coefficients = [1.0, *[0.0] * 7]
    values = {
        "coefficients": coefficients,
        "full_scale_counts": FULL_SCALE,
        "uncertainty_relative_at_full_scale": 0.001,
    }
    return SimpleNamespace(values=values)


def prepared(procedure, world, scale=1.0):
    procedure.station = Station(make_instruments(world), Willing(), Reference(world), lambda sentence: None)
    procedure.records = {
        RecordKind.RESPONSE: response_record(world, scale),
        RecordKind.LINEARITY: linearity_record(),
    }
    return procedure


def measured(procedure, world, scale=1.0):
    prepared(procedure, world, scale)
    try:
        procedure.startup()
        procedure.execute()
    finally:
        procedure.shutdown()
    assert not world.shutter_open
    assert not world.laser_on
    return procedure.results[0]


def test_the_wheel_is_found_as_it_is():
    world = World()
    result = measured(WheelMeasurement(), world)
    angle, density = (np.array(result.values[key]) for key in ("angle_deg", "optical_density"))
    true = np.array([world.optical_density(one) for one in angle])
    assert np.abs((density - density[0]) - (true - true[0])).max() < 0.003
    assert result.kind is RecordKind.WHEEL
    assert result.passed


def test_the_shutter_is_open_only_while_something_is_read():
    world = World()
    measured(WheelMeasurement(), world)
    lit = False
    for event in world.events:
        if event in {"shutter open", "shutter close"}:
            lit = event == "shutter open"
        if event.startswith(("wheel", "laser")):
            assert not lit, event


def test_the_monitor_ratio_is_found_with_its_noise():
    result = measured(MonitorMeasurement(), World(monitor_noise=0.002))
    assert result.values["ratio"] == pytest.approx(MONITOR_RATIO, rel=0.003)
    assert result.values["reference_uncertainty_relative"] == 0.03
    assert result.raw["reference_w"].shape == (12, 10)


def test_the_laser_line_tells_how_far_the_wavelengths_are_off():
    procedure = WavelengthMeasurement()
    procedure.set_parameters({"laser_wavelength_nm": 976.0})
    result = measured(procedure, World())
    assert result.kind is CheckKind.WAVELENGTH
    assert result.values["mean_offset_nm"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("scale", "passed"), [(1.0, True), (1.1, False)])
def test_the_laser_check_tells_a_scale_that_is_off(scale, passed):
    result = measured(LaserCheckMeasurement(), World(monitor_noise=0.0005), scale)
    assert result.passed is passed
    assert result.values["slope_minus_one"] == pytest.approx(scale - 1, abs=0.01)
    assert any("coupling changed" in sentence for sentence in result.summary) is not passed


@pytest.mark.parametrize(("used", "says"), [("abc", "the same response"), ("older", "another response")])
def test_a_check_is_compared_with_the_one_before(used, says):
    world, procedure = World(monitor_noise=0.0005), LaserCheckMeasurement()
    before = SimpleNamespace(
        created=datetime(2026, 3, 1, tzinfo=UTC),
        values={"slope_minus_one": 0.02, "used_records": {"response": used}},
    )
    prepared(procedure, world)
    procedure.records = {**procedure.records, CheckKind.LASER_CHECK: before}
    procedure.records[RecordKind.RESPONSE].sha256 = "abc"
    procedure.execute()
    procedure.shutdown()
    (sentence,) = (one for one in procedure.results[0].summary if "The check before" in one)
    assert f"on 2026-03-01 with {says}, found +2.00%" in sentence
    deviation = procedure.results[0].values["slope_minus_one"]
    assert sentence.endswith(f"{deviation - 0.02:+.2%} since.")


def test_a_check_without_linearity_correction_says_so():
    procedure = LaserCheckMeasurement()
    procedure.set_parameters({"use_linearity": False})
    assert "no linearity correction was applied" in measured(procedure, World()).warnings


@pytest.mark.parametrize("kind", [WheelMeasurement, MonitorMeasurement, LaserCheckMeasurement])
def test_no_light_is_left_on_whatever_call_fails(kind):
    calls = World()
    measured(kind(), calls)
    for fail_at in range(1, calls.calls):
        world = World(fail_at=fail_at)
        procedure = prepared(kind(), world)
        try:
            procedure.startup()
            procedure.execute()
        except InstrumentTimeoutError:
            pass
        failed_before = world.failed
        procedure.shutdown()
        assert not world.shutter_open, fail_at
        # A failure of the last "off" itself is the business of the rig's safe state.
        assert not world.laser_on or not failed_before, fail_at


@pytest.mark.parametrize("kind", [WheelMeasurement, MonitorMeasurement, WavelengthMeasurement])
def test_a_plain_worker_runs_a_calibration(tmp_path, kind):
    world = World()
    procedure = prepared(kind(), world)
    worker = Worker(Results(procedure, str(tmp_path / "results.csv")))
    worker.start()
    worker.join(timeout=30)
    assert procedure.status == Procedure.FINISHED
    assert procedure.results[0].passed
    assert not world.laser_on
