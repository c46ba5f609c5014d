"""The exact bytes of every property of the ITC4001: read, set, refused."""

from __future__ import annotations

from typing import Any

import pytest
from pymeasure.test import expected_protocol

from drivers.errors import InstrumentReportedError, OutOfRangeError
from drivers.itc4001 import ITC4001, AutoTuneProgress, AutoTuneState, Protection

NO_ERROR = ("SYST:ERR?", '+0,"No error"')


def of(laser: ITC4001, path: str) -> tuple[Any, str]:
    """Resolve ``tec.setpoint`` and the like."""
    *parents, name = path.split(".")
    target: Any = laser
    for parent in parents:
        target = getattr(target, parent)
    return target, name


GETTERS = [
    ("id", "*IDN?", "Thorlabs,ITC4001,M1,1.8.0/1.5.0/2.3.0", "Thorlabs,ITC4001,M1,1.8.0/1.5.0/2.3.0"),
    ("output_enabled", "OUTP?", "1", True),
    ("output_delay", "OUTP:DEL?", "1.000000E+00", 1.0),
    ("current_setpoint", "SOUR:CURR?", "1.500000E-01", 0.15),
    ("current_limit", "SOUR:CURR:LIM?", "0.35", 0.35),
    ("current_limit_maximum", "SOUR:CURR:LIM? MAX", "1.01", 1.01),
    ("compliance_voltage", "OUTP:PROT:VOLT?", "2.0", 2.0),
    ("source_mode", "SOUR:FUNC:MODE?", "CURR", "current"),
    ("source_shape", "SOUR:FUNC:SHAP?", "PULS", "pulsed"),
    ("modulation_enabled", "SOUR:AM?", "0", False),
    ("enable_input_mode", "OUTP:PROT:EXT?", "PROT", "protect"),
    ("window_protection_mode", "OUTP:PROT:INT?", "ENAB", "enable"),
    ("temperature_unit", "UNIT:TEMP?", "C", "C"),
    ("temperature_unit", "UNIT:TEMP?", "CEL", "C"),
    ("temperature_unit", "UNIT:TEMP?", "FAR", "F"),
    ("protections", "STAT:MEAS:COND?", "+5", Protection.KEY_LOCKED | Protection.INTERLOCK_OPEN),
    ("key_locked", "OUTP:PROT:KEYL:TRIP?", "0", False),
    ("interlock_open", "OUTP:PROT:INTL:TRIP?", "1", True),
    ("current", "MEAS:CURR?", "0.2999", 0.2999),
    ("voltage", "MEAS:VOLT?", "1.7", 1.7),
    ("photodiode_current", "MEAS:CURR2?", "5.2E-04", 5.2e-4),
    ("optical_power", "MEAS:POW2?", "0.2", 0.2),
    ("tec.output_enabled", "OUTP2?", "1", True),
    ("tec.mode", "SOUR2:FUNC?", "TEMP", "temperature"),
    ("tec.setpoint", "SOUR2:TEMP?", "2.500000E+01", 25.0),
    ("tec.setpoint_minimum", "SOUR2:TEMP? MIN", "5", 5.0),
    ("tec.setpoint_maximum", "SOUR2:TEMP? MAX", "45", 45.0),
    ("tec.lower_limit", "SOUR2:TEMP:LIM:LOW?", "15", 15.0),
    ("tec.upper_limit", "SOUR2:TEMP:LIM:HIGH?", "35", 35.0),
    ("tec.current_limit", "SOUR2:CURR:LIM?", "3", 3.0),
    ("tec.gain", "SOUR2:TEMP:LCON:GAIN?", "1.0", 1.0),
    ("tec.integral", "SOUR2:TEMP:LCON:INT?", "0.1", 0.1),
    ("tec.derivative", "SOUR2:TEMP:LCON:DER?", "0", 0.0),
    ("tec.period", "SOUR2:TEMP:LCON:PER?", "1", 1.0),
    ("tec.window", "SENS3:TEMP:PROT:WIND?", "0.5", 0.5),
    ("tec.window_delay", "SENS3:TEMP:PROT:DEL?", "2", 2.0),
    ("tec.outside_window", "SENS3:TEMP:PROT:TRIP?", "1", True),
    ("tec.temperature", "MEAS:TEMP?", "24.99", 24.99),
    ("tec.current", "MEAS:CURR3?", "-0.18", -0.18),
    ("tec.voltage", "MEAS:VOLT3?", "0.3", 0.3),
]
SETTERS = [
    ("output_enabled", True, "OUTP 1"),
    ("output_enabled", False, "OUTP 0"),
    ("output_delay", 0.5, "OUTP:DEL 0.5"),
    ("current_setpoint", 0.1234567, "SOUR:CURR 0.1234567"),
    ("current_limit", 0.35, "SOUR:CURR:LIM 0.35"),
    ("compliance_voltage", 2, "OUTP:PROT:VOLT 2"),
    ("source_mode", "power", "SOUR:FUNC:MODE POW"),
    ("source_shape", "continuous", "SOUR:FUNC:SHAP DC"),
    ("modulation_enabled", False, "SOUR:AM 0"),
    ("enable_input_mode", "off", "OUTP:PROT:EXT OFF"),
    ("window_protection_mode", "protect", "OUTP:PROT:INT PROT"),
    ("temperature_unit", "C", "UNIT:TEMP C"),
    ("tec.output_enabled", True, "OUTP2 1"),
    ("tec.mode", "temperature", "SOUR2:FUNC TEMP"),
    ("tec.setpoint", 25.125, "SOUR2:TEMP 25.125"),
    ("tec.lower_limit", 15, "SOUR2:TEMP:LIM:LOW 15"),
    ("tec.upper_limit", 35, "SOUR2:TEMP:LIM:HIGH 35"),
    ("tec.current_limit", 3, "SOUR2:CURR:LIM 3"),
    ("tec.gain", 1.5, "SOUR2:TEMP:LCON:GAIN 1.5"),
    ("tec.integral", 0.2, "SOUR2:TEMP:LCON:INT 0.2"),
    ("tec.derivative", 0.1, "SOUR2:TEMP:LCON:DER 0.1"),
    ("tec.period", 2, "SOUR2:TEMP:LCON:PER 2"),
    ("tec.window", 0.5, "SENS3:TEMP:PROT:WIND 0.5"),
    ("tec.window_delay", 1, "SENS3:TEMP:PROT:DEL 1"),
]
REFUSED = [
    ("output_enabled", 1),
    ("output_delay", 61),
    ("current_setpoint", 1.02),
    ("current_setpoint", -0.001),
    ("current_setpoint", True),
    ("current_setpoint", float("nan")),
    ("current_limit", 2),
    ("compliance_voltage", 13),
    ("source_mode", "CURR"),
    ("source_shape", "burst"),
    ("modulation_enabled", "off"),
    ("enable_input_mode", True),
    ("window_protection_mode", "on"),
    ("temperature_unit", "R"),
    ("tec.output_enabled", 0),
    ("tec.mode", "power"),
    ("tec.setpoint", 151),
    ("tec.lower_limit", -56),
    ("tec.upper_limit", 151),
    ("tec.current_limit", 8.1),
    ("tec.gain", -1),
    ("tec.integral", -1),
    ("tec.derivative", -1),
    ("tec.period", 0),
    ("tec.window", 0),
    ("tec.window_delay", -1),
]


@pytest.mark.parametrize(("path", "query", "reply", "value"), GETTERS, ids=[row[0] for row in GETTERS])
def test_a_property_is_read_with_its_command(path: str, query: str, reply: str, value: object) -> None:
    with expected_protocol(ITC4001, [(query, reply)]) as laser:
        target, name = of(laser, path)
        assert getattr(target, name) == value


@pytest.mark.parametrize(("path", "value", "command"), SETTERS, ids=[row[2] for row in SETTERS])
def test_a_property_is_set_and_the_error_queue_read(path: str, value: object, command: str) -> None:
    with expected_protocol(ITC4001, [(command, None), NO_ERROR]) as laser:
        target, name = of(laser, path)
        setattr(target, name, value)


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=[f"{row[0]}={row[1]}" for row in REFUSED])
def test_a_value_out_of_range_is_refused_before_anything_is_sent(path: str, value: object) -> None:
    with expected_protocol(ITC4001, []) as laser:
        target, name = of(laser, path)
        with pytest.raises(OutOfRangeError):
            setattr(target, name, value)


def test_every_settable_property_has_its_rows() -> None:
    def settable(owner: type, prefix: str) -> set[str]:
        names = set()
        for name in dir(owner):
            documentation = getattr(getattr(owner, name), "__doc__", None) or ""
            if isinstance(getattr(owner, name), property) and documentation.startswith("Control"):
                names.add(prefix + name)
        return names

    from drivers.itc4001 import TemperatureController

    wanted = settable(ITC4001, "") | settable(TemperatureController, "tec.")
    for rows in ({row[0] for row in GETTERS}, {row[0] for row in SETTERS}, {row[0] for row in REFUSED}):
        assert wanted <= rows


def test_an_error_in_the_queue_is_raised_and_the_queue_emptied() -> None:
    exchange = [
        ("SOUR:CURR 0.3", None),
        ("SYST:ERR?", '-222,"Data out of range, limit 0.2 A"'),
        ("SYST:ERR?", '-113,"Undefined header"'),
        NO_ERROR,
    ]
    with (
        expected_protocol(ITC4001, exchange) as laser,
        pytest.raises(InstrumentReportedError, match=r"-222 Data out of range, limit 0\.2 A; -113"),
    ):
        laser.current_setpoint = 0.3


def test_auto_tune_is_started_watched_and_cancelled() -> None:
    exchange = [
        ("SOUR2:TEMP:ATUN:INIT", None),
        NO_ERROR,
        ("SOUR2:TEMP:ATUN:STAT?", "1,0,3"),
        ("SOUR2:TEMP:ATUN:CANC", None),
        NO_ERROR,
    ]
    with expected_protocol(ITC4001, exchange) as laser:
        laser.tec.start_auto_tune()
        assert laser.tec.auto_tune_progress() == AutoTuneProgress(AutoTuneState.RUNNING, 0, 3)
        laser.tec.cancel_auto_tune()


def test_the_current_limit_is_kept_by_the_instrument_and_before_the_set_point() -> None:
    exchange = [
        ("SOUR:CURR:LIM? MAX", "1.01"),
        ("SOUR:CURR:LIM?", "1.0"),
        ("SOUR:CURR:LIM 0.35", None),
        NO_ERROR,
        ("SOUR:CURR:LIM?", "0.35"),
    ]
    with expected_protocol(ITC4001, exchange) as laser:
        assert laser.limit_current(0.35) == 0.35
        with pytest.raises(OutOfRangeError, match=r"0 to 0\.35"):
            laser.current_setpoint = 0.36
        with pytest.raises(OutOfRangeError, match=r"0 to 0\.35"):
            laser.switch_on(0.36)


def test_a_limit_that_was_not_taken_is_an_error() -> None:
    exchange = [
        ("SOUR:CURR:LIM? MAX", "1.01"),
        ("SOUR:CURR:LIM?", "1.0"),
        ("SOUR:CURR:LIM 0.35", None),
        NO_ERROR,
        ("SOUR:CURR:LIM?", "1.0"),
    ]
    with expected_protocol(ITC4001, exchange) as laser, pytest.raises(InstrumentReportedError, match="limit"):
        laser.limit_current(0.35)


def test_temperatures_are_bounded_by_instrument_and_rig() -> None:
    with expected_protocol(ITC4001, [("SOUR2:TEMP? MIN", "20"), ("SOUR2:TEMP? MAX", "45")]) as laser:
        assert laser.tec.read_limits((15.0, 35.0)) == (20.0, 35.0)
        with pytest.raises(OutOfRangeError):
            laser.tec.setpoint = 35.1
