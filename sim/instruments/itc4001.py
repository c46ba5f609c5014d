"""The ITC4001's firmware: program messages in, response messages out, light as a consequence.

Sources: Thorlabs Series 4000 SCPI Programmer's Reference (headers, status model), vendor driver TL4000
(protections), and clients that run on real units (reply forms). What none of them decides is in
`Itc4001Options`.
"""

from __future__ import annotations

import logging
import math

import numpy as np

from sim.instruments import scpi
from sim.instruments.itc4001_commands import build_table
from sim.instruments.itc4001_options import Itc4001Options
from sim.instruments.itc4001_plant import AutoTune, DiodeCurrent, DiodeMount
from sim.instruments.itc4001_readings import Readings
from sim.instruments.itc4001_settings import SETTINGS, NumberSetting, Value
from sim.instruments.itc4001_status import ErrorQueue, Ieee488, Measurement, Operation, StatusGroup
from sim.instruments.optics_seam import LaserSeam
from sim.instruments.scpi import ScpiError

_LOG = logging.getLogger(__name__)
_LASER_SETTINGS = {"current", "current_limit"}
_TEC_SETTINGS = {"temperature", "tec_mode", "tec_current", "tec_current_limit"}
_INHIBITING = ("key", "interlock", "over_temperature", "voltage", "optical_power", "sensor")


class Itc4001Model:
    """One laser driver.

    Args:
        optics: what its outputs drive.
        options: the undecided facts.
        seed: of the reading noise.
        now_s: bench time at which it is switched on.
    """

    def __init__(
        self,
        optics: LaserSeam,
        options: Itc4001Options = Itc4001Options(),  # noqa: B008 - frozen
        *,
        seed: int = 0,
        now_s: float = 0.0,
    ) -> None:
        self.options = options
        self._optics = optics
        self._now_s = now_s
        self.errors = ErrorQueue()
        self.ieee488 = Ieee488()
        self.status = {name: StatusGroup() for name in ("oper", "ques", "meas", "aux")}
        self.values: dict[str, Value] = self._defaults()
        self.values["current_limit"] = options.current_limit_at_power_up_a
        self.values["window"], self.values["window_delay"] = options.window_k, options.window_delay_s
        self.preset_names: dict[int, str] = {}
        self._presets: dict[int, dict[str, Value]] = {}
        self.laser_on = False
        self.tec_on = False
        self.remote = False
        self.causes: set[str] = set()
        """Conditions put there from outside; `set_cause` names them."""
        self._diode = DiodeCurrent(optics, options)
        self._mount = DiodeMount(optics, options, now_s)
        self._outside_since_s: float | None = now_s
        self.auto_tune = AutoTune()
        self.readings = Readings(self, optics, np.random.default_rng([seed, 0x4001]))
        self._table = build_table(self)
        self._refresh()

    # --- the wire ---

    def handle(self, message: bytes, now_s: float) -> list[bytes]:
        """Carry out one program message; returns the response messages, each ending with LF."""
        self.advance(now_s)
        if self.options.needs_remote_enable and not self.remote:
            return []
        replies: list[str] = []
        for line in message.decode("latin-1").replace("\r", "\n").split("\n"):
            one_line: list[str] = []
            for unit in scpi.split_message(line):
                reply = self._execute(unit)
                if reply is not None:
                    one_line.append(reply)
            if self.options.answers_compound_queries_in_one_line and one_line:
                one_line = [";".join(one_line)]
            replies += one_line
        self._refresh()
        return [f"{reply}\n".encode("latin-1") for reply in replies]

    def _execute(self, unit: scpi.Unit) -> str | None:
        try:
            return self._table.find(unit.header)(unit.parameters)
        except ScpiError as error:
            _LOG.info("ITC4001 refuses %s %s: %s", unit.header, unit.parameters, error)
            self.report(error.code, error.text)
            return None
        finally:
            self._refresh()

    def report(self, code: int, text: str) -> None:
        """Queue an error."""
        self.errors.push(code, text)
        self.ieee488.note_error(code)

    def read_without_query(self, now_s: float) -> None:
        """The host reads although nothing was asked."""
        self.advance(now_s)
        if self.options.reports_unterminated_query:
            self.report(*scpi.QUERY_UNTERMINATED)

    def set_remote(self, enabled: bool) -> None:
        """REN as the host set it."""
        self.remote = enabled

    @property
    def actual_current_a(self) -> float:
        """Current that flows through the diode, A."""
        return self._diode.value_a

    @property
    def tec_target_c(self) -> float:
        """Where the mount's temperature is going, °C."""
        return self._mount.target_c

    @property
    def now_s(self) -> float:
        """Bench time of the last thing that happened."""
        return self._now_s

    @property
    def actual_temperature_c(self) -> float:
        """Temperature of the diode's mount, °C."""
        return self._mount.temperature_c(self._now_s)

    # --- time ---

    def next_event_s(self, now_s: float) -> float | None:
        """Bench time of the next change that happens by itself."""
        times = [self._diode.next_event_s(), self._mount.next_event_s(), self._window_due_s()]
        return min((t for t in times if t is not None), default=None)

    def advance(self, now_s: float) -> None:
        """Let everything happen that is due until `now_s`, each at its own time."""
        while (due_s := self.next_event_s(now_s)) is not None and due_s <= now_s:
            self._now_s = max(self._now_s, due_s)
            self._diode.advance(due_s)
            self._mount.advance(due_s)
            self._refresh()
        self._now_s = max(self._now_s, now_s)
        self.auto_tune.advance(self._now_s)
        self._refresh()

    def _window_due_s(self) -> float | None:
        """When an excursion that is under way becomes a window failure."""
        if self._outside_since_s is None or self.tripped("window"):
            return None
        due_s = self._outside_since_s + float(self.values["window_delay"])
        return due_s if due_s > self._now_s else None

    # --- outputs ---

    def switch_laser(self, on: bool) -> None:
        """``OUTP ON|OFF``."""
        if not on:
            self.laser_on = False
            self._diode.cut(self._now_s)
        elif self._inhibited():
            if self.options.reports_refused_output:
                raise ScpiError(*scpi.SETTINGS_CONFLICT)
        elif self.values["mode"] != "CURR" or self.values["shape"] != "DC" or self.values["am"]:
            # Constant power, pulses and modulation can be set but not run here: refuse rather than shine
            # something else than was asked for.
            raise ScpiError(*scpi.SETTINGS_CONFLICT)
        elif not self.laser_on:
            self.laser_on = True
            self._diode.approach(self._now_s, self._target_a(), delay_s=float(self.values["delay"]))

    def switch_tec(self, on: bool) -> None:
        """``OUTP2 ON|OFF``."""
        self.tec_on = on
        self._steer_tec()

    def _target_a(self) -> float:
        if self._blanked():
            return 0.0
        return min(float(self.values["current"]), float(self.values["current_limit"]))

    def _blanked(self) -> bool:
        external = "ld_enable" in self.causes and self.values["ld_enable_role"] == "ENAB"
        return external or (self.tripped("window") and self.values["window_role"] == "ENAB")

    def _inhibited(self) -> bool:
        if any(self.tripped(name) for name in _INHIBITING):
            return True
        external = self.tripped("ld_enable") and self.values["ld_enable_role"] == "PROT"
        return external or (self.tripped("window") and self.values["window_role"] == "PROT")

    def _steer_tec(self) -> None:
        options = self.options
        if not self.tec_on or "tec_cable" in self.causes:
            self._mount.approach(self._now_s, options.ambient_c, options.passive_time_constant_s)
        elif self.values["tec_mode"] == "TEMP":
            reach_k = options.tec_gain_k_per_a * float(self.values["tec_current_limit"])
            low, high = options.ambient_c - reach_k, options.ambient_c + reach_k
            target_c = min(max(float(self.values["temperature"]), low), high)
            self._mount.approach(self._now_s, target_c, options.thermal_time_constant_s)
        else:
            target_c = options.ambient_c + options.tec_gain_k_per_a * float(self.values["tec_current"])
            self._mount.approach(self._now_s, target_c, options.passive_time_constant_s)

    # --- settings ---

    def _defaults(self) -> dict[str, Value]:
        return {setting.key: setting.default for setting in SETTINGS} | {"am_source": "INT"}

    def bounds(self, setting: NumberSetting) -> tuple[float, float]:
        """What may be set now, in SI units and °C."""
        low, high = setting.minimum, setting.maximum
        if setting.key in ("current", "current_limit"):
            high = self.options.maximum_current_a
        if setting.key == "current" and self.options.current_maximum_follows_limit:
            high = float(self.values["current_limit"])
        if setting.key == "temperature":
            low, high = float(self.values["temperature_low"]), float(self.values["temperature_high"])
        if setting.key == "tec_current":
            high = float(self.values["tec_current_limit"])
            low = -high
        return low, high

    def change(self, key: str, value: Value) -> None:
        """Take a new value that is in range; settings that exclude each other raise -221."""
        if key in ("filter", "polarity") and self.laser_on:
            raise ScpiError(*scpi.SETTINGS_CONFLICT)
        if self.laser_on and key in ("mode", "shape", "am") and value != self.values[key]:
            raise ScpiError(*scpi.SETTINGS_CONFLICT)
        if (key == "am" and value and self.values["shape"] == "PULS") or (
            key == "shape" and value == "PULS" and self.values["am"]
        ):
            raise ScpiError(*scpi.SETTINGS_CONFLICT)
        self.values[key] = value
        if key in _LASER_SETTINGS and self.laser_on:
            self._diode.approach(self._now_s, self._target_a())
        if key in _TEC_SETTINGS:
            self._steer_tec()

    def reset(self) -> None:
        """``*RST``: both outputs off, settings to their defaults."""
        self.switch_laser(False)
        kept = {s.key for s in SETTINGS if isinstance(s, NumberSetting) and s.limit}
        old = self.values
        self.values = self._defaults()
        if self.options.reset_keeps_limits:
            self.values |= {key: old[key] for key in kept}
        self.switch_tec(False)

    def clear_status(self) -> None:
        """``*CLS``."""
        self.errors.clear()
        self.ieee488.read_event_status()
        for group in self.status.values():
            group.read_event()

    def save_preset(self, number: int) -> None:
        """``*SAV n``."""
        self._presets[number] = dict(self.values)

    def recall_preset(self, number: int) -> None:
        """``*RCL n``: switches the outputs off first."""
        self.switch_laser(False)
        self.values = dict(self._presets.get(number, self._defaults()))
        self.switch_tec(False)

    def default_preset(self, number: int) -> None:
        """``*SDS n``."""
        self._presets.pop(number, None)

    def start_auto_tune(self) -> None:
        """``ATUN:INIT``: needs the TEC."""
        if not self.tec_on:
            raise ScpiError(*scpi.SETTINGS_CONFLICT)
        self.auto_tune.start(self._now_s)

    # --- protections and status ---

    def set_cause(self, name: str, present: bool, now_s: float) -> None:
        """Put a condition there or take it away from outside (key, interlock, a fault).

        Names: key, interlock, over_temperature, voltage, ld_enable, sensor, tec_cable, tec_voltage.
        """
        self.advance(now_s)
        (self.causes.add if present else self.causes.discard)(name)
        if name == "tec_cable":
            self._steer_tec()
        self._refresh()

    def push_temperature(self, celsius: float, now_s: float) -> None:
        """Disturb the mount's temperature."""
        self.advance(now_s)
        self._mount.jump(self._now_s, celsius)
        self._refresh()

    def tripped(self, name: str) -> bool:
        """Whether a protection's condition is present now."""
        if name == "window":
            if self._outside_since_s is None:
                return False
            return self._now_s >= self._outside_since_s + float(self.values["window_delay"])
        if name == "temperature_protection":
            return self.values["window_role"] != "OFF" and self.tripped("window")
        if name == "current_limit":
            return self.laser_on and float(self.values["current"]) > float(self.values["current_limit"])
        if name == "optical_power":
            return self._too_bright()
        if name == "voltage" and self.laser_on and self._diode.value_a > 0.0:
            voltage_v = self._optics.laser_voltage_v(self._diode.value_a)
            return "voltage" in self.causes or voltage_v > float(self.values["compliance"])
        return name in self.causes

    def _too_bright(self) -> bool:
        """Whether the photodiode sees more than ``SENS:POW:PROT``; the highest setting switches that off."""
        limit_w = float(self.values["power_limit"])
        if not self.laser_on or limit_w >= self.options.highest_power_limit_w:
            return False
        photodiode_a = self._optics.laser_photodiode_current_a(self._now_s)
        return photodiode_a / self.options.photodiode_responsivity_a_per_w > limit_w

    def _refresh(self) -> None:
        """Judge the window, let protections act, latch the status."""
        outside_k = abs(self._mount.temperature_c(self._now_s) - float(self.values["temperature"]))
        judged = self.tec_on or self.options.window_counts_without_tec
        if judged and (outside_k > float(self.values["window"]) or "sensor" in self.causes):
            if self._outside_since_s is None:
                self._outside_since_s = self._now_s
        else:
            self._outside_since_s = None
        if self.laser_on and self._inhibited():
            # Latched before it acts: some conditions exist only while current flows.
            self.status["meas"].update(self._measurement_condition())
            self._diode.cut(self._now_s)
            if self.options.protection_trip_latches_off:
                self.laser_on = False
        elif self.laser_on and self._blanked():
            self._diode.cut(self._now_s)
        elif self.laser_on and self._diode.rests_at_zero and self._target_a() > 0.0:
            self._diode.approach(self._now_s, self._target_a())
        self.status["meas"].update(self._measurement_condition())
        self.status["oper"].update(self._operation_condition())

    def _measurement_condition(self) -> int:
        bits = {
            "key": Measurement.KEY_LOCK,
            "voltage": Measurement.COMPLIANCE_VOLTAGE,
            "interlock": Measurement.INTERLOCK,
            "current_limit": Measurement.CURRENT_LIMIT,
            "ld_enable": Measurement.LD_ENABLE,
            "optical_power": Measurement.OPTICAL_POWER_LIMIT,
            "temperature_protection": Measurement.TEMPERATURE_PROTECTION,
            "window": Measurement.TEMPERATURE_WINDOW,
            "sensor": Measurement.SENSOR_FAILURE,
            "tec_voltage": Measurement.TEC_VOLTAGE,
            "tec_cable": Measurement.TEC_CABLE,
            "over_temperature": Measurement.OVER_TEMPERATURE,
        }
        condition = 0
        for name, bit in bits.items():
            if self.tripped(name):
                condition |= bit
        return condition

    def _operation_condition(self) -> int:
        condition = Operation.LASER_ON if self.laser_on else 0
        condition |= Operation.TEC_ON if self.tec_on else 0
        return int(condition | (Operation.AUTO_TUNE if self.auto_tune.running else 0))

    def status_byte(self) -> int:
        """The status byte as ``*STB?`` and a serial poll give it."""
        byte = 0x01 if self.status["aux"].summary else 0
        byte |= 0x02 if self.status["meas"].summary else 0
        byte |= 0x04 if len(self.errors) else 0
        byte |= 0x08 if self.status["ques"].summary else 0
        byte |= 0x20 if self.ieee488.summary else 0
        byte |= 0x80 if self.status["oper"].summary else 0
        return byte | (0x40 if byte & self.ieee488.service_enable else 0)

    def format(self, value: float) -> str:
        """A number as a reply; NaN and infinities as SCPI spells them."""
        if math.isnan(value):
            value = 9.91e37
        elif math.isinf(value):
            value = math.copysign(9.9e37, value)
        return f"{value:.{self.options.number_digits}E}"
