"""Each instrument's own faults: which word does what to which model."""

from __future__ import annotations

import math

from sim.faults import Condition, FaultError
from sim.instruments.itc4001 import Itc4001Model
from sim.instruments.nd_wheel import NdWheelModel, SwitchFault
from sim.instruments.nirquest512 import NirQuest512Model
from sim.instruments.optics_seam import MonitorSeam
from sim.instruments.pm320 import Pm320Model, PowerHead
from sim.instruments.sc10 import LineFault, Sc10Model

_SYSTEM_ERROR = -310
_FEVER_K = 5.0
_LOST_STEPS = 100
_STALE_FRAMES = 1
_WARMING_C_PER_MIN = 2.0
_LASER_CAUSES = {
    "interlock": "interlock",
    "key": "key",
    "over_temperature": "over_temperature",
    "compliance": "voltage",
    "ld_enable": "ld_enable",
    "sensor": "sensor",
    "tec_cable": "tec_cable",
}


def laser_conditions(model: Itc4001Model) -> dict[str, Condition]:
    """Protections, device error, temperature excursion."""

    def cause(name: str) -> Condition:
        return Condition(
            begin=lambda value, now_s: model.set_cause(name, True, now_s),
            end=lambda now_s: model.set_cause(name, False, now_s),
        )

    def error(value: float | None, now_s: float) -> None:
        model.report(_SYSTEM_ERROR if value is None else int(value), "System error")

    def temperature(value: float | None, now_s: float) -> None:
        model.push_temperature(model.actual_temperature_c + (_FEVER_K if value is None else value), now_s)

    conditions = {word: cause(name) for word, name in _LASER_CAUSES.items()}
    return conditions | {"error": Condition(error), "temperature": Condition(temperature)}


def monitor_conditions(model: Pm320Model, light: MonitorSeam) -> dict[str, Condition]:
    """Overflow, pulled head, a console that hates haste."""

    def set_overflow(on: bool) -> None:
        model.overflows = on

    def set_hurried(on: bool) -> None:
        model.hangs_when_hurried = on
        if not on:
            model.reset_hang()

    return {
        "overflow": Condition(lambda value, now_s: set_overflow(True), lambda now_s: set_overflow(False)),
        "no_head": Condition(
            lambda value, now_s: model.plug_head(1, None, None, now_s),
            lambda now_s: model.plug_head(1, PowerHead(), light, now_s),
        ),
        "hurried": Condition(lambda value, now_s: set_hurried(True), lambda now_s: set_hurried(False)),
    }


def shutter_conditions(model: Sc10Model) -> dict[str, Condition]:
    """Stuck blade, interlock, one error line, one lost echo byte, the front panel, a power cut."""

    def line(fault: LineFault) -> Condition:
        def begin(value: float | None, now_s: float) -> None:
            model.line_fault = fault

        return Condition(begin)

    return {
        "stuck": Condition(
            lambda value, now_s: model.set_stuck(True, now_s), lambda now_s: model.set_stuck(False, now_s)
        ),
        "interlock": Condition(
            lambda value, now_s: model.set_interlock(True, now_s),
            lambda now_s: model.set_interlock(False, now_s),
        ),
        "button": Condition(lambda value, now_s: model.press_enable(now_s)),
        "power_cycle": Condition(lambda value, now_s: model.power_cycle(now_s)),
        "error": line(LineFault.ERROR),
        "echo": line(LineFault.MISSING_ECHO_BYTE),
    }


def wheel_conditions(model: NdWheelModel) -> dict[str, Condition]:
    """Lost steps, a broken home switch, a board reset."""

    def lost_steps(value: float | None, now_s: float) -> None:
        model.lose_steps(_LOST_STEPS if value is None else int(value))

    def switch(fault: SwitchFault) -> Condition:
        return Condition(
            lambda value, now_s: model.set_switch_fault(fault, now_s),
            lambda now_s: model.set_switch_fault(SwitchFault.NONE, now_s),
        )

    return {
        "lost_steps": Condition(lost_steps),
        "reset": Condition(lambda value, now_s: model.reset_board(now_s)),
        "switch_stuck_on": switch(SwitchFault.STUCK_ON),
        "switch_stuck_off": switch(SwitchFault.STUCK_OFF),
        "switch_missing": switch(SwitchFault.MISSING),
    }


def spectrometer_conditions(model: NirQuest512Model) -> dict[str, Condition]:
    """Saturation, stale spectra, wrong sync, wrong EEPROM slot, a detector that isn't cooled any more."""

    def flag(name: str) -> Condition:
        if not isinstance(getattr(model, name), bool):
            raise FaultError(f"the spectrometer has no switch {name!r}")
        return Condition(
            lambda value, now_s: setattr(model, name, True), lambda now_s: setattr(model, name, False)
        )

    def stale(value: float | None, now_s: float) -> None:
        model.stale_frames = _STALE_FRAMES if value is None else int(value)

    def fresh(now_s: float) -> None:
        model.stale_frames = 0

    def tec_failing(value: float | None, now_s: float) -> None:
        rate = _WARMING_C_PER_MIN if value is None else value
        if rate <= 0.0:
            raise FaultError(f"tec_failing needs degrees per minute above 0, {rate} was given")
        model.fail_tec(rate, now_s)

    def tec_healed(now_s: float) -> None:
        model.fail_tec(0.0, now_s)

    return {
        "tec_off": Condition(lambda value, now_s: model.fail_tec(math.inf, now_s), tec_healed),
        "tec_failing": Condition(tec_failing, tec_healed),
        "saturation": flag("saturated"),
        "bad_sync": flag("bad_sync"),
        "wrong_slot": flag("wrong_slot_echo"),
        "stale": Condition(stale, fresh),
    }
