from __future__ import annotations

import pytest

from sim.assumptions import AssumptionError, assume
from sim.bench import BenchSetup


def test_an_assumption_changes_one_field_of_one_part() -> None:
    setup = assume(
        BenchSetup(),
        [
            "laser.needs_remote_enable=true",
            "monitor.absent_head_text=nan",
            "monitor.overflow_text=9.9E37",
            "optics.laser_drift=0",
        ],
    )
    assert setup.laser.needs_remote_enable is True
    assert setup.monitor.absent_head_text == "nan"
    assert setup.monitor.overflow_text == "9.9E37"
    assert setup.optics.laser_drift == 0.0
    assert setup.shutter == BenchSetup().shutter


@pytest.mark.parametrize(
    "text",
    [
        "laser",
        "laser.needs_remote_enable",
        "toaster.x=1",
        "laser.colour=red",
        "laser.needs_remote_enable=maybe",
        "laser.number_digits=0.5",
        "optics.laser_drift=-1",
    ],
)
def test_what_cannot_be_assumed_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(AssumptionError, match=text.split("=")[0]):
        assume(BenchSetup(), [text])
