"""The bench in one object: optics, five instruments, their wires, their faults."""

from __future__ import annotations

import contextlib
import logging
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sim.bench_faults import (
    laser_conditions,
    monitor_conditions,
    shutter_conditions,
    spectrometer_conditions,
    wheel_conditions,
)
from sim.clock import BenchClock, Clock
from sim.faults import Condition, FaultGate, FaultSpec, parse_fault
from sim.instruments.itc4001 import Itc4001Model
from sim.instruments.itc4001_options import Itc4001Options
from sim.instruments.nd_wheel import NdWheelModel, NdWheelOptions
from sim.instruments.nirquest512 import EepromContent, NirQuest512Model, NirQuestOptions
from sim.instruments.pm320 import Pm320Model, Pm320Options, PowerHead
from sim.instruments.sc10 import PROMPT, Sc10Model, Sc10Options
from sim.optics import BenchOptions, EntranceHead, OpticalBench
from sim.optics.lamp_state import LampState
from sim.optics.settings import FIRST_LAMP_HOURS
from sim.wires.gated_line import GatedLine
from sim.wires.serial_line import FarEnd, SerialPump, open_far_end
from sim.wires.timers import Timers
from sim.wires.usb_bus import UsbBus, UsbIdentity, UsbPort
from sim.wires.usb_devices import EndpointDevice, TmcDevice, TmcHooks

_LOG = logging.getLogger(__name__)

_THORLABS, _OCEAN = 0x1313, 0x2457
_ITC4001, _PM320E, _NIRQUEST512 = 0x804A, 0x8022, 0x1026
_SC10_BAUD, _WHEEL_BAUD = 9600, 57600
_SECOND_INPUT = 2
_THERMAL_HEAD = PowerHead(
    serial_number="2003117",
    wavelength_range_nm=(250.0, 11000.0),
    ranges=("R10MW", "R100MW", "R1W", "R10W"),
    wavelength_nm=(250.0, 11000.0),
    responsivity_a_per_w=(1.0, 1.0),
)


@dataclass(frozen=True)
class BenchSetup:
    """What a bench is made of."""

    sample: str = "HET-Ce"
    seed: int = 1
    optics: BenchOptions = field(default_factory=BenchOptions)
    laser: Itc4001Options = field(default_factory=Itc4001Options)
    monitor: Pm320Options = field(default_factory=Pm320Options)
    shutter: Sc10Options = field(default_factory=Sc10Options)
    spectrometer: NirQuestOptions = field(default_factory=NirQuestOptions)
    wheel: NdWheelOptions | None = None


@dataclass(frozen=True)
class Addresses:
    """Where the wires end."""

    usbip: str
    sc10: str
    nd_wheel: str


class Bench:
    """Optics and instruments under one lock; wires when started.

    Args:
        setup: what it is made of.
        clock: bench time.
        make_wheel: builds the far end of the ND wheel, so that another one can take its place.
    """

    def __init__(
        self,
        setup: BenchSetup,
        clock: Clock,
        make_wheel: Callable[
            [int, Callable[[float, float], None], NdWheelOptions | None], NdWheelModel
        ] = NdWheelModel,
    ) -> None:
        self.setup = setup
        self.clock = clock
        self._lock = threading.RLock()
        self._now_s = 0.0
        self.sample_place, self.long_pass_inserted, self.purge_on = "out", False, True
        self.optics = OpticalBench(setup.sample, setup.seed, setup.optics)
        self._drawn = self.optics.last_surroundings
        self.second_power_head = EntranceHead(self.optics, setup.seed, setup.sample)
        noise_seed = zlib.crc32(f"{setup.sample} {setup.seed}".encode())
        self.laser = Itc4001Model(self.optics, setup.laser, seed=noise_seed)
        self.monitor = Pm320Model(self.optics, setup.monitor, seed=noise_seed)
        self.shutter = Sc10Model(self.optics, setup.shutter)
        self.wheel = make_wheel(setup.seed, self.optics.set_wheel_angle, setup.wheel)
        eeprom = EepromContent(
            self.optics.eeprom_wavelength_coefficients, self.optics.eeprom_linearity_coefficients
        )
        self.spectrometer = NirQuest512Model(self.optics, eeprom, setup.spectrometer, seed=noise_seed)
        self.timers = Timers(clock)
        self._ports: dict[str, UsbPort] = {}
        self._pumps: dict[str, SerialPump] = {}
        self._bus: UsbBus | None = None
        self.gates = self._make_gates()
        self.tmc_laser, self.tmc_monitor, self.usb_spectrometer = self._make_usb_devices()
        self.line_shutter = GatedLine(
            self.shutter, self.gates["shutter"], b"\r", lambda data: data.endswith(PROMPT)
        )
        self.line_wheel = GatedLine(
            self.wheel, self.gates["nd_wheel"], b"\n", lambda data: data.endswith(b"\n")
        )

    @contextlib.contextmanager
    def at_now(self) -> Iterator[float]:
        """Hold the bench still: everything due has happened; yields the bench time."""
        with self._lock:
            self._now_s = max(self._now_s, self.clock.now_s())
            now_s = self._now_s
            self.laser.advance(now_s)
            self.shutter.advance(now_s)
            self.wheel.next_event_s(now_s)
            self.spectrometer.advance(now_s)
            yield now_s

    # --- assembly ---

    def _make_gates(self) -> dict[str, FaultGate]:
        own: dict[str, dict[str, Condition]] = {
            "laser": laser_conditions(self.laser),
            "monitor": monitor_conditions(self.monitor, self.optics),
            "shutter": shutter_conditions(self.shutter),
            "nd_wheel": wheel_conditions(self.wheel),
            "spectrometer": spectrometer_conditions(self.spectrometer),
        }
        return {
            name: FaultGate(name, self._call_at, conditions | {"disconnect": self._disconnect(name)})
            for name, conditions in own.items()
        }

    def _call_at(self, time_s: float, action: Callable[[], None]) -> None:
        def guarded() -> None:
            with self.at_now():
                action()

        self.timers.call_at(time_s, guarded)

    def _disconnect(self, name: str) -> Condition:
        def begin(value: float | None, now_s: float) -> None:
            if name in self._ports and self._bus is not None:
                self._bus.unplug(self._ports[name])
            elif name in self._pumps:
                self._pumps[name].unplug()

        def end(now_s: float) -> None:
            if name in self._ports and self._bus is not None:
                self._bus.replug(self._ports[name])
            elif name in self._pumps:
                self._pumps[name].replug()

        return Condition(begin, end)

    def _make_usb_devices(self) -> tuple[TmcDevice, TmcDevice, EndpointDevice]:
        laser_hooks = TmcHooks(
            read_without_query=self.laser.read_without_query,
            remote=self.laser.set_remote,
            status_byte=self.laser.status_byte,
        )
        return (
            TmcDevice(self.laser, self.gates["laser"], self.at_now, self.timers, laser_hooks),
            TmcDevice(self.monitor, self.gates["monitor"], self.at_now, self.timers, TmcHooks()),
            EndpointDevice(self.spectrometer, self.gates["spectrometer"], self.at_now, self.timers),
        )

    # --- wires ---

    def start(self) -> Addresses:
        """Put the instruments on their wires."""
        bus = UsbBus()
        self._bus = bus
        laser_serial = self.setup.laser.identity.split(",")[2]
        monitor_serial = self.setup.monitor.identity.split(",")[2]
        laser = TmcDevice.identity(_THORLABS, _ITC4001, "ITC4001", laser_serial)
        monitor = TmcDevice.identity(_THORLABS, _PM320E, "PM320E", monitor_serial)
        self._ports["laser"] = self.tmc_laser.port = bus.add(laser, self.tmc_laser)
        self._ports["monitor"] = self.tmc_monitor.port = bus.add(monitor, self.tmc_monitor)
        spectrometer = bus.add(self._spectrometer_identity(), self.usb_spectrometer)
        self._ports["spectrometer"] = self.usb_spectrometer.port = spectrometer
        sc10, wheel = open_far_end(_SC10_BAUD), open_far_end(_WHEEL_BAUD)
        self._pumps["shutter"] = self._pump(sc10, self.line_shutter, shutter_baud=True)
        self._pumps["nd_wheel"] = self._pump(wheel, self.line_wheel, shutter_baud=False)
        self.timers.start()
        return Addresses(usbip=bus.start(), sc10=sc10.address, nd_wheel=wheel.address)

    def _pump(self, far_end: FarEnd, line: GatedLine, *, shutter_baud: bool) -> SerialPump:
        set_baud = self._set_shutter_baud if shutter_baud else None
        pump = SerialPump(far_end, line, self.at_now, self.clock.real_s, set_baud)
        pump.start()
        return pump

    def _set_shutter_baud(self, baud: int | None) -> None:
        self.shutter.line_baud = baud

    def _spectrometer_identity(self) -> UsbIdentity:
        return UsbIdentity(
            vendor=_OCEAN,
            product=_NIRQUEST512,
            manufacturer_name="Ocean Optics Inc.",
            product_name="Ocean Optics NIRQuest512",
            serial_number=self.setup.spectrometer.serial_number,
            interface_class=(0xFF, 0x00, 0x00),
            bulk_out=(0x01,),
            bulk_in=(0x01, 0x02, 0x06),
        )

    def stop(self) -> None:
        """Take everything off its wires."""
        self.timers.stop()
        if self._bus is not None:
            self._bus.stop()
        for pump in self._pumps.values():
            pump.stop()

    def wake_lines(self) -> None:
        """Something was done at the bench: let the serial instruments tell what follows from it."""
        for pump in self._pumps.values():
            pump.wake()

    # --- what a person at the bench does and sees ---

    def inject(self, text: str) -> FaultSpec:
        """Arm a fault; `FaultError` says what is wrong with the specification."""
        spec = parse_fault(text)
        with self.at_now() as now_s:
            self.gates[spec.instrument].arm(spec, now_s)
        self.wake_lines()
        return spec

    def clear_faults(self, instrument: str | None = None) -> None:
        """End the faults of one instrument, or of all."""
        with self.at_now() as now_s:
            for name, gate in self.gates.items():
                if instrument in (None, name):
                    gate.clear(now_s)
        self.wake_lines()

    def place(self, sample: str) -> None:
        """Put the sample out, indirect or direct; ValueError for another word."""
        with self.at_now() as now_s:
            self.optics.place_sample(now_s, sample)
            self.sample_place = sample

    def set_long_pass(self, inserted: bool) -> None:
        """Put the long-pass in or take it out."""
        with self.at_now() as now_s:
            self.optics.set_long_pass(now_s, inserted)
            self.long_pass_inserted = inserted

    def set_purge(self, on: bool, settled: bool = False) -> None:
        """Switch the nitrogen; settled: the air has become dry, or humid, already."""
        with self.at_now() as now_s:
            self.optics.set_purge(now_s, on, settled)
            self.purge_on = on

    def set_lamp(self, on: bool, settled: bool = False) -> None:
        """Switch the calibration lamp; settled: a lamp that burns is warm already."""
        with self.at_now() as now_s:
            self.optics.set_lamp(now_s, on, settled)

    def reseat_lamp(self) -> None:
        """Take the lamp off the sphere and put it back."""
        with self.at_now() as now_s:
            self.optics.reseat_lamp(now_s)

    def set_lamp_block(self, blocked: bool) -> None:
        """Put a blade between lamp and sphere, or take it away."""
        with self.at_now() as now_s:
            self.optics.set_lamp_block(now_s, blocked)

    def set_lamp_hours(self, hours: float | None) -> None:
        """Set the lamp's age; None: as at the bench's beginning. ValueError for a negative one."""
        with self.at_now() as now_s:
            self.optics.set_lamp_hours(now_s, FIRST_LAMP_HOURS if hours is None else hours)

    def set_second_power_head(self, inserted: bool) -> None:
        """Hold the second head before the sphere's entrance and plug it in, or take it away."""
        head, light = (_THERMAL_HEAD, self.second_power_head) if inserted else (None, None)
        with self.at_now() as now_s:
            self.optics.change_surroundings(now_s, entrance_blocked=inserted)
            self.monitor.plug_head(_SECOND_INPUT, head, light, now_s)

    def change_surrounding(self, name: str, value: float | None) -> None:
        """Change a disturbance by its name in `sim.optics.Surroundings`; None: as drawn.

        Raises:
            ValueError: the value is out of range.
        """
        wanted = getattr(self._drawn, name) if value is None else value
        with self.at_now() as now_s:
            self.optics.change_surroundings(now_s, **{name: wanted})

    @property
    def lamp_state(self) -> LampState:
        """What was done to the lamp last."""
        return self.optics.lamp_state(self._now_s)

    @property
    def lamp_hours(self) -> float:
        """The lamp's hour meter."""
        with self.at_now() as now_s:
            return self.optics.lamp_state(now_s).hours_at(now_s)

    @property
    def second_power_head_in(self) -> bool:
        """Whether the second head is at the sphere's entrance."""
        return self.optics.last_surroundings.entrance_blocked

    def observe(self) -> dict[str, object]:
        """What somebody standing there with a card and a voltmeter would find."""
        with self.at_now() as now_s:
            current_a = self.laser.actual_current_a
            return {
                "light_on_sample": bool(self.optics.light_on_sample(now_s)),
                "shutter_open": self.shutter.blade.passes_light(now_s),
                "laser_on": self.laser.laser_on,
                "laser_current_a": current_a,
                "laser_temperature_c": self.laser.actual_temperature_c,
                "tec_on": self.laser.tec_on,
                "wheel_angle_deg": self.wheel.true_angle_deg,
                "sample": self.sample_place,
                "long_pass": self.long_pass_inserted,
                "purge": self.purge_on,
                "lamp_on": self.lamp_state.on,
                "lamp_blocked": self.lamp_state.blocked,
                "lamp_hours": self.lamp_hours,
                "second_power_head": self.second_power_head_in,
                "power_on_sample_w": float(self.optics.power_on_sample_w(now_s)),
                "dose_j": float(self.optics.dose_j(now_s)),
                "detector_temperature_c": self.spectrometer.detector_temperature_c(now_s),
                "laser_conditions": sorted(self.laser.causes),
                "shutter_interlock_open": self.shutter.sequencer.interlock_open,
                "exchanges": {name: gate.exchanges for name, gate in self.gates.items()},
                "bench_time_s": now_s,
            }


def make_bench(setup: BenchSetup, speed: float) -> Bench:
    """A bench on the wall clock."""
    return Bench(setup, BenchClock(speed))
