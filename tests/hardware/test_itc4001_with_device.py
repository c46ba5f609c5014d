"""A real ITC4001. Reads, and writes back what was read; never switches an output on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from drivers.itc4001 import ITC4001

pytestmark = pytest.mark.hardware
QUANTITIES = ["current", "voltage", "photodiode_current", "output_delay", "compliance_voltage"]
MODES = ["source_mode", "source_shape", "modulation_enabled", "enable_input_mode", "window_protection_mode"]
TEC_QUANTITIES = ["temperature", "setpoint", "current", "voltage", "lower_limit", "upper_limit", "gain"]


@pytest.fixture(scope="module")
def laser(address: Callable[[str], str], visa_library: str) -> Iterator[ITC4001]:
    instrument = ITC4001.connect(address("--itc4001-resource"), visa_library=visa_library)
    yield instrument
    instrument.close()


def test_it_says_who_it_is(laser: ITC4001) -> None:
    assert laser.identity.model.startswith("ITC400")
    assert laser.identity.serial_number


def test_it_can_be_made_safe(laser: ITC4001) -> None:
    laser.make_safe()
    assert not laser.output_enabled


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_can_be_read(laser: ITC4001, name: str) -> None:
    assert math.isfinite(getattr(laser, name))


@pytest.mark.parametrize("name", TEC_QUANTITIES)
def test_a_tec_quantity_can_be_read(laser: ITC4001, name: str) -> None:
    assert math.isfinite(getattr(laser.tec, name))


@pytest.mark.parametrize("name", ["window", "window_delay"])
def test_the_window_whose_commands_are_assumed(laser: ITC4001, name: str) -> None:
    assert math.isfinite(getattr(laser.tec, name))


@pytest.mark.parametrize(
    "name",
    ["source_mode", "source_shape", "modulation_enabled", "enable_input_mode", "window_protection_mode"],
)
def test_a_mode_has_a_word_we_know(laser: ITC4001, name: str) -> None:
    assert getattr(laser, name) is not None


def test_protections_agree_with_single_queries(laser: ITC4001) -> None:
    state = laser.read_state()
    assert laser.key_locked == ("key switch is locked" in state.protections)
    assert laser.interlock_open == ("interlock is open" in state.protections)


def test_the_limit_is_taken_back_as_it_is(laser: ITC4001) -> None:
    limit_a = laser.current_limit
    laser.current_limit = limit_a
    assert laser.current_limit == pytest.approx(limit_a, rel=1e-3)


def test_an_unknown_command_ends_up_in_the_error_queue(laser: ITC4001) -> None:
    laser.write("PLQY:NOSUCH 1")
    with pytest.raises(Exception, match="reports"):
        laser.check_errors()
    assert laser.check_errors() == []
