from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ConfigurationError, MeasurementError, OutOfRangeError
from procedures.power_steps import PowerCalibration, power_densities_mw_per_cm2

LINEAR = PowerCalibration(math.pi * 0.4**2 / 4, 24.0, (0.0, 270.0), (0.04, 2.0))
LIMITS = (0.0, 270.0)


def test_power_density_of_a_known_beam() -> None:
    # 2.000 mW at the monitor, k = 24: 48 mW on a beam of 4 mm D4σ.
    assert LINEAR.power_density_mw_per_cm2(2e-3) == pytest.approx(381.97, rel=1e-4)
    assert LINEAR.monitor_power_w(381.97) == pytest.approx(2e-3, rel=1e-4)


def test_a_factor_of_twenty_is_1_301_in_density() -> None:
    angle = LINEAR.angle_for_power_deg(20e-3, 10.0, 1e-3, LIMITS)
    assert angle - 10.0 == pytest.approx(math.log10(20) / (1.96 / 270), rel=1e-9)


def test_steps_are_even_in_the_logarithm_and_rise() -> None:
    steps = power_densities_mw_per_cm2(50.0, 1000.0, 20)
    assert steps[0] == pytest.approx(50.0)
    assert steps[-1] == pytest.approx(1000.0)
    assert np.diff(np.log(steps)) == pytest.approx(np.full(19, math.log(20) / 19))
    assert power_densities_mw_per_cm2(60.0, 60.0, 1) == (pytest.approx(60.0),)


@given(now=st.floats(1e-5, 1e-2), angle=st.floats(0, 270), goal=st.floats(0, 270))
def test_the_angle_for_the_power_of_an_angle_is_that_angle(now, angle, goal) -> None:
    target = LINEAR.monitor_power_at_angle_w(now, angle, goal)
    assert LINEAR.angle_for_power_deg(now, angle, target, LIMITS) == pytest.approx(goal, abs=1e-6)


def test_a_curve_that_falls_in_places_still_gives_an_angle() -> None:
    curve = PowerCalibration(0.16, 24.0, (0.0, 90.0, 100.0, 270.0), (0.04, 0.70, 0.69, 2.0))
    angle = curve.angle_for_power_deg(1e-2, 0.0, 1e-3, LIMITS)
    assert curve.optical_density(angle) == pytest.approx(1.04, abs=0.01)


def test_a_power_out_of_reach_names_what_can_be_reached() -> None:
    with pytest.raises(MeasurementError, match=r"the wheel gives .* to .* mW/cm²"):
        LINEAR.angle_for_power_deg(1e-3, 0.0, 2e-3, LIMITS)
    with pytest.raises(MeasurementError, match="no light"):
        LINEAR.angle_for_power_deg(0.0, 0.0, 2e-3, LIMITS)


@pytest.mark.parametrize("bad", [(0.0, 10.0, 5), (20.0, 10.0, 5), (1.0, 10.0, 0), (1.0, math.inf, 3)])
def test_power_densities_that_make_no_sense_are_refused(bad) -> None:
    with pytest.raises(OutOfRangeError):
        power_densities_mw_per_cm2(*bad)


@pytest.mark.parametrize(
    "bad",
    [
        (0.0, 24.0, (0.0, 1.0), (0.0, 1.0)),
        (0.1, math.nan, (0.0, 1.0), (0.0, 1.0)),
        (0.1, 24.0, (0.0,), (0.0,)),
        (0.1, 24.0, (1.0, 0.0), (0.0, 1.0)),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(bad) -> None:
    with pytest.raises(ConfigurationError):
        PowerCalibration(*bad)
