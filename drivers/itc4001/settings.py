"""What the ITC4001 can be asked and told: one property per command."""

from __future__ import annotations

from functools import partial
from typing import Any

from pymeasure.instruments import Instrument

from drivers.itc4001.status import LASER_NAME, Protection
from drivers.itc4001.temperature import TemperatureController
from drivers.readings import finite_number, one_of, truth_value, whole_number, within, word_for
from drivers.visa_link import VisaInstrument

RATED_CURRENT_A = 1.01
_SOURCE_MODES = {"current": "CURR", "power": "POW"}
_SOURCE_SHAPES = {"continuous": "DC", "pulsed": "PULS"}
_PROTECTION_MODES = {"off": "OFF", "protect": "PROT", "enable": "ENAB"}
_TEMPERATURE_UNITS = {"C": "C", "CEL": "C", "F": "F", "FAR": "F", "K": "K", "KEL": "K"}
"""The manual allows both short forms; which one is answered, public clients disagree about."""


def _number(what: str) -> Any:
    return partial(finite_number, instrument=LASER_NAME, what=what)


def _truth(what: str) -> Any:
    return partial(truth_value, instrument=LASER_NAME, what=what)


def _word(words: dict[str, str], what: str) -> Any:
    return partial(word_for, words=words, instrument=LASER_NAME, what=what)


class LaserSettings(VisaInstrument):
    """The commands of the ITC4001; what to do with them in which order is `ITC4001`'s."""

    resettable_queries = frozenset({"SYST:ERR?"})

    tec = Instrument.ChannelCreator(TemperatureController, 2)

    def __init__(self, adapter: Any, name: str = LASER_NAME, **kwargs: Any) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a VISA resource name or a pymeasure Adapter.
            name: what the operator calls the instrument.
            kwargs: go to the VISA adapter.
        """
        super().__init__(adapter, name, **kwargs)

    id = Instrument.measurement(
        "*IDN?",
        """Get the identification: maker, model, serial number, firmware (str).""",
        cast=str,
    )

    output_enabled = Instrument.control(
        "OUTP?",
        "OUTP %d",
        """Control whether the diode output is on (bool); `switch_on` keeps the order, this doesn't.""",
        validator=one_of,
        values=(True, False),
        cast=_truth("diode output"),
        check_set_errors=True,
    )

    output_delay = Instrument.control(
        "OUTP:DEL?",
        "OUTP:DEL %.9g",
        """Control the switch-on delay, s (float from 0 to 60).""",
        validator=within,
        values=(0.0, 60.0),
        cast=_number("switch-on delay, s"),
        check_set_errors=True,
    )

    current_setpoint = Instrument.control(
        "SOUR:CURR?",
        "SOUR:CURR %.9g",
        """Control the diode current that is set, A (float from 0 to the current limit).""",
        validator=within,
        values=(0.0, RATED_CURRENT_A),
        dynamic=True,
        cast=_number("diode current set point, A"),
        check_set_errors=True,
    )

    current_limit = Instrument.control(
        "SOUR:CURR:LIM?",
        "SOUR:CURR:LIM %.9g",
        """Control the limit kept by the instrument itself, A (float from 0 to its own maximum).""",
        validator=within,
        values=(0.0, RATED_CURRENT_A),
        dynamic=True,
        cast=_number("diode current limit, A"),
        check_set_errors=True,
    )

    current_limit_maximum = Instrument.measurement(
        "SOUR:CURR:LIM? MAX",
        """Get the highest current limit the instrument takes, A (float).""",
        cast=_number("highest diode current limit, A"),
    )

    compliance_voltage = Instrument.control(
        "OUTP:PROT:VOLT?",
        "OUTP:PROT:VOLT %.9g",
        """Control the highest diode voltage, V (float from 0 to 12).""",
        validator=within,
        values=(0.0, 12.0),
        cast=_number("compliance voltage, V"),
        check_set_errors=True,
    )

    source_mode = Instrument.control(
        "SOUR:FUNC:MODE?",
        "SOUR:FUNC:MODE %s",
        """Control what is kept constant ('current' or 'power').""",
        validator=one_of,
        values=tuple(_SOURCE_MODES),
        cast=_word(_SOURCE_MODES, "source mode"),
        set_process=_SOURCE_MODES.__getitem__,
        check_set_errors=True,
    )

    source_shape = Instrument.control(
        "SOUR:FUNC:SHAP?",
        "SOUR:FUNC:SHAP %s",
        """Control whether the light is 'continuous' or 'pulsed'.""",
        validator=one_of,
        values=tuple(_SOURCE_SHAPES),
        cast=_word(_SOURCE_SHAPES, "source shape"),
        set_process=_SOURCE_SHAPES.__getitem__,
        check_set_errors=True,
    )

    modulation_enabled = Instrument.control(
        "SOUR:AM?",
        "SOUR:AM %d",
        """Control amplitude modulation (bool).""",
        validator=one_of,
        values=(True, False),
        cast=_truth("amplitude modulation"),
        check_set_errors=True,
    )

    enable_input_mode = Instrument.control(
        "OUTP:PROT:EXT?",
        "OUTP:PROT:EXT %s",
        """Control what the LD-ENABLE input does ('off', 'protect' or 'enable').""",
        validator=one_of,
        values=tuple(_PROTECTION_MODES),
        cast=_word(_PROTECTION_MODES, "LD-ENABLE mode"),
        set_process=_PROTECTION_MODES.__getitem__,
        check_set_errors=True,
    )

    window_protection_mode = Instrument.control(
        "OUTP:PROT:INT?",
        "OUTP:PROT:INT %s",
        """Control what leaving the temperature window does ('off', 'protect' or 'enable').""",
        validator=one_of,
        values=tuple(_PROTECTION_MODES),
        cast=_word(_PROTECTION_MODES, "temperature window mode"),
        set_process=_PROTECTION_MODES.__getitem__,
        check_set_errors=True,
    )

    temperature_unit = Instrument.control(
        "UNIT:TEMP?",
        "UNIT:TEMP %s",
        """Control the unit of all temperatures ('C', 'F' or 'K'); the driver works in 'C'.""",
        validator=one_of,
        values=("C", "F", "K"),
        cast=lambda reply: _TEMPERATURE_UNITS[
            word_for(
                reply,
                {word: word for word in _TEMPERATURE_UNITS},
                instrument=LASER_NAME,
                what="temperature unit",
            )
        ],
        check_set_errors=True,
    )

    protections = Instrument.measurement(
        "STAT:MEAS:COND?",
        """Get every protection at once (`Protection` flags).""",
        cast=lambda reply: Protection(
            whole_number(reply, instrument=LASER_NAME, what="protection word") & sum(Protection)
        ),
    )

    key_locked = Instrument.measurement(
        "OUTP:PROT:KEYL:TRIP?",
        """Get whether the key switch is locked (bool).""",
        cast=_truth("key switch"),
    )

    interlock_open = Instrument.measurement(
        "OUTP:PROT:INTL:TRIP?",
        """Get whether the interlock is open (bool).""",
        cast=_truth("interlock"),
    )

    current = Instrument.measurement(
        "MEAS:CURR?",
        """Measure the diode current, A (float).""",
        cast=_number("diode current, A"),
    )

    voltage = Instrument.measurement(
        "MEAS:VOLT?",
        """Measure the diode voltage, V (float).""",
        cast=_number("diode voltage, V"),
    )

    photodiode_current = Instrument.measurement(
        "MEAS:CURR2?",
        """Measure the current of the monitor photodiode, A (float).""",
        cast=_number("photodiode current, A"),
    )

    optical_power = Instrument.measurement(
        "MEAS:POW2?",
        """Measure the optical power by the monitor photodiode, W (float); needs its responsivity set.""",
        cast=_number("optical power, W"),
    )
