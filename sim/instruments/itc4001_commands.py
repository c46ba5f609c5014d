"""Which command of the ITC4001 does what: fills the parser's table for a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.instruments import scpi
from sim.instruments.itc4001_settings import (
    LONGER_TEMPERATURE_UNITS,
    SETTINGS,
    TEMPERATURE_UNITS,
    BoolSetting,
    ChoiceSetting,
    NumberSetting,
    difference_scale,
    to_celsius,
    to_outside,
    within,
)
from sim.instruments.scpi import CommandTable, ScpiError

if TYPE_CHECKING:
    from sim.instruments.itc4001 import Itc4001Model

_MEASUREMENTS = {
    "CURRent[1][:DC]": "current",
    "VOLTage[1][:DC]": "voltage",
    "POWer[1]": "electrical_power",
    "CURRent2[:DC]": "photodiode_current",
    "POWer2": "optical_power",
    "VOLTage2[:DC]": "thermopile_voltage",
    "POWer3": "thermopile_power",
    "CURRent3[:DC]": "tec_current",
    "VOLTage3[:DC]": "tec_voltage",
    "POWer4": "tec_power",
    "TEMPerature": "temperature",
    "TSENsor": "sensor",
}
_TRIPS = {
    "OUTPut[1]:PROTection:INTLock": "interlock",
    "OUTPut[1]:PROTection:KEYLock": "key",
    "OUTPut[1]:PROTection:OTEMp": "over_temperature",
    "OUTPut[1]:PROTection:VOLTage": "voltage",
    "OUTPut[1]:PROTection:EXTernal": "ld_enable",
    "OUTPut[1]:PROTection:INTernal": "temperature_protection",
    "SENSe3:TEMPerature:PROTection": "window",
    "[SOURce[1]:]CURRent:LIMit": "current_limit",
}


def build_table(model: Itc4001Model) -> CommandTable:
    """The command table of one instrument."""
    table = CommandTable()
    for setting in SETTINGS:
        if isinstance(setting, NumberSetting):
            _add_number(table, model, setting)
        elif isinstance(setting, BoolSetting):
            _add_bool(table, model, setting)
        else:
            _add_choice(table, model, setting)
    _add_common(table, model)
    _add_system(table, model)
    _add_outputs(table, model)
    _add_status(table, model)
    _add_measurements(table, model)
    return table


def no_parameters(action: Callable[[], str | None]) -> scpi.Handler:
    """A handler that refuses parameters."""

    def handle(parameters: list[str]) -> str | None:
        if parameters:
            raise ScpiError(*scpi.PARAMETER_NOT_ALLOWED)
        return action()

    return handle


def _do(action: Callable[[], object]) -> scpi.Handler:
    def run() -> None:
        action()

    return no_parameters(run)


def _bounds(model: Itc4001Model, setting: NumberSetting) -> dict[str, float]:
    low, high = model.bounds(setting)
    words = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high}
    if setting.has_default:
        words |= {"DEF": setting.default, "DEFAULT": setting.default}
    return words


def _outside(model: Itc4001Model, setting: NumberSetting, inside: float) -> str:
    unit = str(model.values["unit"])
    if setting.temperature:
        inside = to_outside(inside, unit)
    elif setting.temperature_difference:
        inside *= difference_scale(unit)
    return model.format(inside)


def _inside(model: Itc4001Model, setting: NumberSetting, text: str) -> float:
    words = _bounds(model, setting)
    if text.upper() in words:
        return words[text.upper()]
    value, suffix = scpi.number_and_suffix(text)
    if not (setting.temperature or setting.temperature_difference):
        return value * scpi.suffix_factor(suffix, setting.unit)
    unit = TEMPERATURE_UNITS.get(suffix) if suffix else str(model.values["unit"])
    if unit is None:
        raise ScpiError(*scpi.INVALID_SUFFIX)
    return to_celsius(value, unit) if setting.temperature else value / difference_scale(unit)


def _add_number(table: CommandTable, model: Itc4001Model, setting: NumberSetting) -> None:
    def command(parameters: list[str]) -> None:
        value = _inside(model, setting, scpi.single(parameters))
        low, high = model.bounds(setting)
        if not within(value, low, high):
            raise ScpiError(*scpi.DATA_OUT_OF_RANGE)
        model.change(setting.key, min(max(value, low), high))

    def query(parameters: list[str]) -> str:
        if not parameters:
            return _outside(model, setting, float(model.values[setting.key]))
        words = _bounds(model, setting)
        word = scpi.single(parameters).upper()
        if word not in words:
            raise ScpiError(*scpi.ILLEGAL_PARAMETER)
        return _outside(model, setting, words[word])

    table.add(setting.pattern, command=command, query=query)


def _add_bool(table: CommandTable, model: Itc4001Model, setting: BoolSetting) -> None:
    def command(parameters: list[str]) -> None:
        model.change(setting.key, scpi.boolean(scpi.single(parameters)))

    table.add(
        setting.pattern,
        command=command,
        query=no_parameters(lambda: str(int(bool(model.values[setting.key])))),
    )


def _add_choice(table: CommandTable, model: Itc4001Model, setting: ChoiceSetting) -> None:
    def command(parameters: list[str]) -> None:
        word = scpi.choice(scpi.single(parameters), setting.words)
        model.change(setting.key, setting.stands_for.get(word, word))

    def query() -> str:
        word = str(model.values[setting.key])
        longer = setting.key == "unit" and model.options.temperature_unit_in_three_letters
        return LONGER_TEMPERATURE_UNITS[word] if longer else word

    table.add(setting.pattern, command=command, query=no_parameters(query))


def _add_common(table: CommandTable, model: Itc4001Model) -> None:
    def integer(parameters: list[str], low: int, high: int) -> int:
        value = round(scpi.number(scpi.single(parameters)))
        if not low <= value <= high:
            raise ScpiError(*scpi.DATA_OUT_OF_RANGE)
        return value

    def set_event_enable(parameters: list[str]) -> None:
        model.ieee488.event_enable = integer(parameters, 0, 255)

    def set_service_enable(parameters: list[str]) -> None:
        model.ieee488.service_enable = integer(parameters, 0, 255) & ~0x40

    def complete() -> None:
        model.ieee488.event_status |= 0x01

    table.add("*IDN", query=no_parameters(lambda: model.options.identity))
    table.add("*RST", command=_do(model.reset))
    table.add("*CLS", command=_do(model.clear_status))
    table.add("*ESE", command=set_event_enable, query=no_parameters(lambda: str(model.ieee488.event_enable)))
    table.add("*ESR", query=no_parameters(lambda: str(model.ieee488.read_event_status())))
    table.add(
        "*SRE", command=set_service_enable, query=no_parameters(lambda: str(model.ieee488.service_enable))
    )
    table.add("*STB", query=no_parameters(lambda: str(model.status_byte())))
    table.add("*OPC", command=no_parameters(complete), query=no_parameters(lambda: "1"))
    table.add("*WAI", command=no_parameters(lambda: None))
    table.add("*TST", query=no_parameters(lambda: "0"))
    table.add("*SAV", command=lambda p: model.save_preset(integer(p, 0, 15)))
    table.add("*RCL", command=lambda p: model.recall_preset(integer(p, 0, 15)))
    table.add("*SDS", command=lambda p: model.default_preset(integer(p, 0, 15)))


def _add_system(table: CommandTable, model: Itc4001Model) -> None:
    def name_preset(parameters: list[str]) -> None:
        if len(parameters) != 2:
            raise ScpiError(*scpi.MISSING_PARAMETER)
        model.preset_names[round(scpi.number(parameters[0]))] = parameters[1].strip("\"'")

    def preset_name(parameters: list[str]) -> str:
        number = round(scpi.number(scpi.single(parameters)))
        return f'"{model.preset_names.get(number, "")}"'

    def set_modulation_source(parameters: list[str]) -> None:
        words = sorted({scpi.choice(p, ("INTernal", "EXTernal")) for p in parameters}, reverse=True)
        if not words:
            raise ScpiError(*scpi.MISSING_PARAMETER)
        model.change("am_source", ",".join(words))

    table.add("SYSTem:ERRor[:NEXT]", query=no_parameters(model.errors.pop))
    table.add("SYSTem:BEEPer[:IMMediate]", command=no_parameters(lambda: None))
    table.add("SYSTem:VERSion", query=no_parameters(lambda: "1999.0"))
    table.add("MEMory:STATe:NAME", command=name_preset, query=preset_name)
    table.add(
        "[SOURce[1]:]AM:SOURce",
        command=set_modulation_source,
        query=no_parameters(lambda: str(model.values["am_source"])),
    )


def _add_outputs(table: CommandTable, model: Itc4001Model) -> None:
    def laser(parameters: list[str]) -> None:
        model.switch_laser(scpi.boolean(scpi.single(parameters)))

    def tec(parameters: list[str]) -> None:
        model.switch_tec(scpi.boolean(scpi.single(parameters)))

    def trip_query(name: str) -> scpi.Handler:
        return no_parameters(lambda: str(int(model.tripped(name))))

    table.add("OUTPut[1][:STATe]", command=laser, query=no_parameters(lambda: str(int(model.laser_on))))
    table.add("OUTPut2[:STATe]", command=tec, query=no_parameters(lambda: str(int(model.tec_on))))
    for pattern, name in _TRIPS.items():
        table.add(f"{pattern}:TRIPped", query=trip_query(name))
    branch = "SOURce2:TEMPerature:ATUNe"
    table.add(f"{branch}:INITiate", command=_do(model.start_auto_tune))
    table.add(f"{branch}:CANCel", command=_do(lambda: model.auto_tune.cancel(model.now_s)))
    table.add(f"{branch}:STATe", query=no_parameters(lambda: model.auto_tune.reply(model.now_s)))


def _add_status(table: CommandTable, model: Itc4001Model) -> None:
    def setter(group: str, attribute: str) -> scpi.Handler:
        def command(parameters: list[str]) -> None:
            value = round(scpi.number(scpi.single(parameters)))
            if not 0 <= value <= 0xFFFF:
                raise ScpiError(*scpi.DATA_OUT_OF_RANGE)
            setattr(model.status[group], attribute, value & 0x7FFF)

        return command

    def getter(group: str, attribute: str) -> scpi.Handler:
        return no_parameters(lambda: str(getattr(model.status[group], attribute)))

    def event(group: str) -> scpi.Handler:
        return no_parameters(lambda: str(model.status[group].read_event()))

    def preset() -> None:
        for group in model.status.values():
            group.preset()

    table.add("STATus:PRESet", command=_do(preset))
    names = {"OPERation": "oper", "QUEStionable": "ques", "MEASurement": "meas", "AUXiliary": "aux"}
    registers = {
        "PTRansition": "positive_transition",
        "NTRansition": "negative_transition",
        "ENABle": "enable",
    }
    for pattern, group in names.items():
        table.add(f"STATus:{pattern}[:EVENt]", query=event(group))
        table.add(f"STATus:{pattern}:CONDition", query=getter(group, "condition"))
        for register, attribute in registers.items():
            table.add(
                f"STATus:{pattern}:{register}",
                command=setter(group, attribute),
                query=getter(group, attribute),
            )


def _short_header(measurement: str) -> str:
    """``CURR``, ``CURR3``, ``TEMP``: how a query names what is measured."""
    pattern = next(pattern for pattern, name in _MEASUREMENTS.items() if name == measurement)
    return "".join(c for c in pattern.partition("[")[0] if not c.islower())


def _add_measurements(table: CommandTable, model: Itc4001Model) -> None:
    def measure(name: str) -> scpi.Handler:
        return no_parameters(lambda: model.format(model.readings.measure(name)))

    def configure(name: str) -> scpi.Handler:
        return _do(lambda: model.readings.configure(name))

    def fetch(name: str) -> scpi.Handler:
        return no_parameters(lambda: model.format(model.readings.fetch(name)))

    table.add(
        "CONFigure[:SCALar]",
        query=no_parameters(lambda: _short_header(model.readings.configured)),
    )
    for pattern, name in _MEASUREMENTS.items():
        table.add(f"MEASure[:SCALar]:{pattern}", query=measure(name))
        table.add(f"CONFigure[:SCALar]:{pattern}", command=configure(name))
        table.add(f"FETCh[:SCALar]:{pattern}", query=fetch(name))
    table.add("INITiate[:IMMediate]", command=_do(model.readings.initiate))
    table.add("READ", query=no_parameters(lambda: model.format(model.readings.read())))
    table.add("ABORt", command=no_parameters(lambda: None))
