"""The bench's optics behind the drivers' protocols: no wires, and time passes only when somebody waits."""

from __future__ import annotations

import numpy as np

from drivers.clock import Clock
from drivers.protocols import Identity, LaserState
from procedures import Instruments, OperatorAnswer
from procedures.calibrations import LabStep, Station
from sim.optics import OpticalBench

LIMITS_DEG = (0.0, 270.0)
DETECTOR_C = -10.0
HANDS_S = 10.0
"""What a move takes."""


class WaitedClock(Clock):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        super().__init__(speed=1e6)
        object.__setattr__(self, "now_s", 100.0)

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        object.__setattr__(self, "now_s", self.now_s + max(duration_s, 0.0))


class Part:
    """An instrument at the bench, with noise of its own."""

    identity = Identity("bench", "model", "1", "1")

    def __init__(self, world: BenchInMemory, random: np.random.Generator) -> None:
        self.world = world
        self.random = random

    def make_safe(self) -> None: ...

    def close(self) -> None: ...


class Laser(Part):
    current_a, temperature_c = 0.0, 25.0

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        self.temperature_c = temperature_c
        self.world.clock.sleep(5.0)
        self.world.optics.set_laser_temperature(self.world.now_s, temperature_c)

    def switch_on(self, current_a: float) -> None:
        self.current_a = current_a
        self.world.optics.set_laser_current(self.world.now_s, current_a)

    def switch_off(self) -> None:
        self.switch_on(0.0)

    def read_state(self) -> LaserState:
        noise = 0.0008 * self.random.standard_normal()
        return LaserState(self.current_a > 0, self.current_a, self.temperature_c + noise, True, True, ())


class Blade(Part):
    longest_timed_opening_s = 999.0
    blade_closed = True

    def _set(self, is_open: bool) -> None:
        self.blade_closed = not is_open
        self.world.clock.sleep(0.01)
        self.world.optics.set_blade(self.world.now_s, is_open)
        self.world.monitor.see()

    def open(self) -> None:
        self._set(True)

    def open_for(self, duration_s: float) -> None:
        self._set(True)

    def close_blade(self) -> None:
        self._set(False)


class Wheel(Part):
    homed, angle_deg, angle_range_deg = True, LIMITS_DEG[1], LIMITS_DEG

    def home(self) -> None: ...

    def move_to(self, angle_deg: float) -> None:
        self.angle_deg = angle_deg
        self.world.clock.sleep(1.0)
        self.world.optics.set_wheel_angle(self.world.now_s, angle_deg)


class Monitor(Part):
    """Shows what it saw when the blade moved: a thread reads it, and when that runs nobody knows."""

    power_w = 0.0

    def see(self) -> None:
        noise = 1.0 + 1e-4 * self.random.standard_normal()
        self.power_w = self.world.optics.monitor_power_w(self.world.now_s) * noise

    def prepare(self, wavelength_nm: float) -> None: ...

    def read_power_w(self) -> float:
        return self.power_w


class Array(Part):
    full_scale_counts = 65535.0
    integration_time_range_s = (0.001, 1600.0)
    linearity_coefficients = None
    time_s = 0.1

    @property
    def wavelengths_nm(self):
        coefficients = self.world.optics.eeprom_wavelength_coefficients
        return np.polynomial.polynomial.polyval(np.arange(512), coefficients)

    def set_integration_time_s(self, duration_s: float) -> float:
        self.time_s = max(round(duration_s, 3), 0.001)
        return self.time_s

    def note_light_changed(self) -> None: ...

    def acquire(self, scans: int):
        frames = []
        for _ in range(scans):
            begun_s = self.world.now_s
            self.world.clock.sleep(self.time_s)
            frames.append(self.world.optics.expose(begun_s, self.world.now_s, DETECTOR_C, self.random))
        return np.array(frames, dtype=np.float64)

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None: ...

    def read_temperature_c(self) -> float:
        return DETECTOR_C


class BenchInMemory:
    """One bench with its instruments."""

    def __init__(self, sample: str = "HET-Ce", seed: int = 1) -> None:
        self.clock = WaitedClock()
        self.optics = OpticalBench(sample, seed)
        streams = iter(np.random.default_rng(seed).spawn(5))
        self.laser, self.shutter, self.attenuator, self.monitor, self.spectrometer = (
            part(self, next(streams)) for part in (Laser, Blade, Wheel, Monitor, Array)
        )

    @property
    def now_s(self) -> float:
        return self.clock.monotonic()

    def prepare(self, request) -> OperatorAnswer:
        """Lamps are put where they are wanted; what is asked for with lasers stands already."""
        for step in request.steps:
            self.clock.sleep(HANDS_S)
            optics, now_s = self.optics, self.now_s
            match step:
                case LabStep.LINE_LAMP_ON | LabStep.LINE_LAMP_OFF:
                    optics.change_surroundings(now_s, line_lamp=step is LabStep.LINE_LAMP_ON)
                case LabStep.LAMP_ON | LabStep.LAMP_OFF:
                    optics.set_lamp(now_s, step is LabStep.LAMP_ON)
                case LabStep.BLOCK_LAMP | LabStep.UNBLOCK_LAMP:
                    optics.set_lamp_block(now_s, step is LabStep.BLOCK_LAMP)
                case LabStep.RESEAT_LAMP:
                    optics.reseat_lamp(now_s)
        return OperatorAnswer.DONE

    def station(self, laser_temperature_c: float = 25.0) -> Station:
        instruments = Instruments(
            self.laser,
            self.shutter,
            self.attenuator,
            self.monitor,
            self.spectrometer,
            self.clock,
            working_current_a=0.300,
            laser_temperature_c=laser_temperature_c,
            monitor_wavelength_nm=977.0,
            detector_temperature_c=DETECTOR_C,
            power_density_limit_mw_per_cm2=1200.0,
        )
        station = Station(instruments, self, None, lambda sentence: None)
        station.laser_temperature_range_c = (15.0, 35.0)
        return station
