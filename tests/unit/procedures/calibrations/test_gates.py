"""Quality gates of the calibrations: what is repeated, what is refused, what is worked out before."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from calibration import CurveError, Linearity
from drivers.errors import ConfigurationError, MeasurementError
from procedures.calibrations import (
    LaserCheckMeasurement,
    LongPassMeasurement,
    ResponseMeasurement,
    Station,
)
from procedures.calibrations.lamp_light import LampLight
from procedures.calibrations.laser_check import linearity_applied
from procedures.calibrations.wheel import _scatter
from procedures.operator import OperatorAnswer

PIXELS = 64
FULL_SCALE = 65535.0


class LampSpectrometer:
    """A lamp on a detector whose dark jumps in the first rounds."""

    full_scale_counts = FULL_SCALE
    integration_time_range_s = (0.001, 60.0)
    wavelengths_nm = np.linspace(900.0, 1700.0, PIXELS)

    def __init__(self, operator, drifting_rounds=0, rate=20000.0):
        self.operator, self.rate, self.drifting_rounds = operator, rate, drifting_rounds
        self.random = np.random.default_rng(1)
        self.time_s, self.acquired = 0.0, 0

    def set_integration_time_s(self, duration_s):
        self.time_s = duration_s
        return duration_s

    def note_light_changed(self):
        pass

    def acquire(self, scans):
        self.acquired += 1
        drift = 50.0 * self.acquired if self.acquired <= 3 * self.drifting_rounds else 0.0
        light = 0.0 if self.operator.blocked else self.rate * self.time_s
        return 1500.0 + drift + light + 4.0 * self.random.standard_normal((scans, PIXELS))


class LampOperator:
    blocked = False

    def prepare(self, request):
        for step in request.steps:
            if step in {"block_lamp", "unblock_lamp"}:
                self.blocked = step == "block_lamp"
        return OperatorAnswer.DONE


def make_light(**options):
    operator = LampOperator()
    silent = SimpleNamespace(close_blade=lambda: None, switch_off=lambda: None)
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda duration_s: None)
    rig = SimpleNamespace(
        shutter=silent, laser=silent, clock=clock, spectrometer=LampSpectrometer(operator, **options)
    )
    return LampLight(Station(rig, operator, None, lambda sentence: None), scans=10)


def test_an_exposure_whose_dark_drifted_is_repeated():
    light = make_light(drifting_rounds=1)
    exposures = light.expose((1.0,), "lamp")
    assert light.repeated == 1
    assert exposures[0].light.mean.mean() == pytest.approx(21500.0, abs=5)
    assert set(light.raw) == {"lamp_dark_before_1s", "lamp_light_1s", "lamp_dark_after_1s"}


def test_a_dark_that_goes_on_drifting_stops_the_calibration():
    with pytest.raises(CurveError, match="drifted"):
        make_light(drifting_rounds=10).expose((1.0,), "lamp")


def test_the_integration_time_brings_the_lamp_to_the_upper_part_of_the_scale():
    time_s = make_light().brightest_time_s()
    assert 0.8 < (1500 + 20000 * time_s) / FULL_SCALE < 0.9


def test_a_lamp_that_is_off_is_said_to_be_off():
    with pytest.raises(MeasurementError, match="is it on"):
        make_light(rate=0.0).brightest_time_s()


def test_the_scatter_of_a_wheel_scan_is_its_noise_not_its_curve():
    angle = np.linspace(0, 265, 400)
    noise = 0.002 * np.random.default_rng(3).standard_normal(400)
    assert _scatter(10 ** (-0.00726 * angle) * (1 + noise)) == pytest.approx(0.002, rel=0.2)
    assert _scatter(10 ** (-0.00726 * angle)) == 1e-4


def test_saturated_pixels_are_left_out_and_the_rest_is_linearised():
    linearity = Linearity(np.array([1.0, -1e-6, *[0.0] * 6]), FULL_SCALE, 0.0)
    scans = np.array([[1000.0, 41000.0, 65535.0], [1000.0, 41000.0, 65000.0]])
    net = linearity_applied(scans, np.full(3, 1000.0), linearity)
    assert net[0] == 0
    assert net[1] == pytest.approx(40000 / (1 - 0.04))
    assert np.isnan(net[2])


@pytest.mark.parametrize(
    ("procedure", "names"),
    [
        (ResponseMeasurement, "plqy calibrate lamp"),
        (LaserCheckMeasurement, "plqy calibrate response"),
        (LongPassMeasurement, "plqy calibrate detector"),
    ],
)
def test_a_missing_record_is_named_with_its_command_before_the_detector_is_cooled(procedure, names):
    # Without a station: nothing can have been waited for.
    with pytest.raises(ConfigurationError, match=names):
        procedure().startup()
