"""The settings of the ITC4001: header, kind, range, default. One row per command of the manual."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

Value = float | int | bool | str


@dataclass(frozen=True)
class NumberSetting:
    """A numeric setting in SI units (temperatures in °C inside, in the unit in force outside)."""

    key: str
    pattern: str
    minimum: float
    maximum: float
    default: float
    unit: str = ""
    """What may stand behind the number, besides multipliers; temperatures have their own."""
    temperature: bool = False
    """An absolute temperature: converted to and from the unit in force."""
    temperature_difference: bool = False
    """A width in kelvin: scaled for Fahrenheit."""
    has_default: bool = True
    """Setpoints know MINimum and MAXimum only."""
    limit: bool = False
    """A limit, which `*RST` may leave alone."""


@dataclass(frozen=True)
class BoolSetting:
    """An on/off setting."""

    key: str
    pattern: str
    default: bool = False


@dataclass(frozen=True)
class ChoiceSetting:
    """A setting with words; replies are their short upper-case forms."""

    key: str
    pattern: str
    words: tuple[str, ...]
    default: str
    stands_for: dict[str, str] = field(default_factory=dict)
    """Short form of a word -> the value it is a synonym of."""


Setting = NumberSetting | BoolSetting | ChoiceSetting

TEMPERATURE_UNITS = {
    **dict.fromkeys(("C", "CEL", "CELS"), "C"),
    **dict.fromkeys(("F", "FAR", "FAHR"), "F"),
    **dict.fromkeys(("K", "KEL", "KELV"), "K"),
}
"""Every short form of a temperature unit -> the one used here (manual v3.3, section 2.6.2)."""
LONGER_TEMPERATURE_UNITS = {"C": "CEL", "F": "FAR", "K": "K"}
_SOURCE = "[SOURce[1]:]"
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"
_ROLES = ("OFF", "PROTect", "ENABle")

SETTINGS: tuple[Setting, ...] = (
    NumberSetting("current", f"{_SOURCE}CURRent{_LEVEL}", 0.0, 1.01, 0.0, "A", has_default=False),
    NumberSetting("current_limit", f"{_SOURCE}CURRent:LIMit[:AMPLitude]", 0.001, 1.01, 0.5, "A", limit=True),
    NumberSetting("power", f"{_SOURCE}POWer{_LEVEL}", 0.0, 10.0, 0.0, "W", has_default=False),
    ChoiceSetting("mode", f"{_SOURCE}FUNCtion:MODE", ("CURRent", "POWer"), "CURR"),
    ChoiceSetting("shape", f"{_SOURCE}FUNCtion:SHAPe", ("DC", "PULSe"), "DC"),
    BoolSetting("am", f"{_SOURCE}AM[:STATe]"),
    ChoiceSetting("am_shape", f"{_SOURCE}AM:INTernal:SHAPe", ("SINusoid", "SQUare", "TRIangle"), "SIN"),
    NumberSetting("am_frequency", f"{_SOURCE}AM:INTernal:FREQuency", 20.0, 1e5, 1000.0, "HZ"),
    NumberSetting("am_depth", f"{_SOURCE}AM:INTernal:DEPTh", 0.0, 100.0, 0.0, "PCT"),
    NumberSetting("pulse_period", f"{_SOURCE}PULSe:PERiod", 1e-3, 5.0, 0.1, "S"),
    NumberSetting("pulse_width", f"{_SOURCE}PULSe:WIDTh", 1e-4, 1.0, 0.01, "S"),
    NumberSetting("pulse_duty", f"{_SOURCE}PULSe:DCYCle", 0.002, 100.0, 10.0, "PCT"),
    ChoiceSetting("pulse_hold", f"{_SOURCE}PULSe:HOLD", ("WIDTh", "DCYCle"), "WIDT"),
    ChoiceSetting("trigger", "TRIGger:SOURce", ("INTernal", "EXTernal"), "INT"),
    NumberSetting("delay", "OUTPut[1]:DELay", 0.0, 10.0, 0.0, "S"),
    ChoiceSetting("polarity", "OUTPut[1]:POLarity", ("CG", "AG"), "CG"),
    ChoiceSetting("photodiode_polarity", "INPut[1]:POLarity", ("CG", "AG"), "CG"),
    BoolSetting("photodiode_bias", "INPut[1]:BIAS[:STATe]"),
    NumberSetting("compliance", "OUTPut[1]:PROTection:VOLTage", 0.1, 11.0, 5.0, "V", limit=True),
    ChoiceSetting("ld_enable_role", "OUTPut[1]:PROTection:EXTernal[:MODE]", _ROLES, "OFF"),
    ChoiceSetting("window_role", "OUTPut[1]:PROTection:INTernal[:MODE]", _ROLES, "PROT"),
    BoolSetting("filter", "OUTPut[1]:FILTer[:LPASs][:STATe]"),
    NumberSetting("power_limit", "SENSe[1]:POWer:PROTection", 0.0, 10.0, 10.0, "W", limit=True),
    NumberSetting(
        "window", "SENSe3:TEMPerature:PROTection:WINDow", 0.01, 100.0, 0.5, temperature_difference=True
    ),
    NumberSetting("window_delay", "SENSe3:TEMPerature:PROTection:DELay", 0.0, 600.0, 1.0, "S"),
    ChoiceSetting("tec_mode", "SOURce2:FUNCtion", ("TEMPerature", "CURRent"), "TEMP"),
    NumberSetting(
        "temperature",
        "SOURce2:TEMPerature[:SPOint]",
        -55.0,
        150.0,
        25.0,
        temperature=True,
        has_default=False,
    ),
    NumberSetting(
        "temperature_low",
        "SOURce2:TEMPerature:LIMit:LOW",
        -55.0,
        150.0,
        5.0,
        temperature=True,
        limit=True,
    ),
    NumberSetting(
        "temperature_high",
        "SOURce2:TEMPerature:LIMit:HIGH",
        -55.0,
        150.0,
        45.0,
        temperature=True,
        limit=True,
    ),
    NumberSetting("tec_current", "SOURce2:CURRent", -8.0, 8.0, 0.0, "A", has_default=False),
    NumberSetting("tec_current_limit", "SOURce2:CURRent:LIMit", 0.1, 8.0, 4.0, "A", limit=True),
    NumberSetting("pid_gain", "SOURce2:TEMPerature:LCONstants:GAIN", 0.0, 100.0, 1.0),
    NumberSetting("pid_integral", "SOURce2:TEMPerature:LCONstants:INTegral", 0.0, 100.0, 0.1),
    NumberSetting("pid_derivative", "SOURce2:TEMPerature:LCONstants:DERivative", 0.0, 100.0, 0.0),
    NumberSetting("pid_period", "SOURce2:TEMPerature:LCONstants:PERiod", 0.1, 100.0, 1.0, "S"),
    NumberSetting("brightness", "DISPlay:BRIGhtness", 0.0, 1.0, 1.0),
    NumberSetting("contrast", "DISPlay:CONTrast", 0.0, 1.0, 0.5),
    ChoiceSetting("line_frequency", "SYSTem:LFRequency", ("AUTO", "50", "60"), "AUTO"),
    ChoiceSetting(
        "unit",
        "UNIT:TEMPerature",
        ("C", "CEL", "CELSius", "F", "FAR", "FAHRenheit", "K", "KELVin"),
        "C",
        TEMPERATURE_UNITS,
    ),
)


def to_outside(celsius: float, unit: str) -> float:
    """A temperature in the unit in force (``C``, ``F``, ``K``)."""
    return {"C": celsius, "F": celsius * 1.8 + 32.0, "K": celsius + 273.15}[unit]


def to_celsius(outside: float, unit: str) -> float:
    """The reverse of `to_outside`."""
    return {"C": outside, "F": (outside - 32.0) / 1.8, "K": outside - 273.15}[unit]


def difference_scale(unit: str) -> float:
    """How many units in force make a kelvin."""
    return 1.8 if unit == "F" else 1.0


def within(value: float, low: float, high: float) -> bool:
    """Whether a number is allowed, forgiving the last digits of a unit conversion."""
    slack = 1e-9 * max(abs(low), abs(high), 1.0)
    return math.isfinite(value) and low - slack <= value <= high + slack
