"""The self-test finds what builders get wrong."""

from __future__ import annotations

import pytest
from nd_wheel_far_ends.in_process import make_rig

from drivers.errors import InstrumentReportedError
from drivers.nd_wheel import run_self_test
from sim.instruments.nd_wheel import MechanicsOptions, NdWheelOptions, SwitchFault


def test_a_good_wheel_passes() -> None:
    rig = make_rig()
    result = run_self_test(rig.wheel)
    assert result.microsteps_per_revolution == (3200, 3200, 3200)
    assert result.microsteps_lost == 0
    assert result.complaints == ()
    assert rig.wheel.request("GET HDIR") == ("0",)


def test_another_gear_ratio_is_counted() -> None:
    rig = make_rig(options=NdWheelOptions(mechanics=MechanicsOptions(steps_per_revolution=3333.3)))
    result = run_self_test(rig.wheel)
    assert result.microsteps_per_revolution[0] == pytest.approx(3333, abs=1)
    assert "microsteps_per_revolution" in result.complaints[0]


def test_a_weak_motor_is_found() -> None:
    rig = make_rig(options=NdWheelOptions(mechanics=MechanicsOptions(highest_step_rate=1500.0)))
    assert any("lost in moves" in complaint for complaint in run_self_test(rig.wheel).complaints)


def test_a_missing_switch_is_found() -> None:
    rig = make_rig()
    rig.model.set_switch_fault(SwitchFault.MISSING, 0.0)
    with pytest.raises(InstrumentReportedError, match="home switch"):
        run_self_test(rig.wheel)
