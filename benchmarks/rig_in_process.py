"""The program's own sweep on the bench's optics, without wires, firmware and waiting.

The drivers' protocols (`drivers.protocols`) are answered by the optics directly and time passes only when
somebody waits. Everything above the drivers is the program's: the procedure with its automatic integration
times, power control, placement checks and darks, the documents, the run made of them. A sweep of 20 steps
takes a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet, CheckKind, Record, RecordKind, lamp_warnings, water_vapour_change
from drivers.clock import Clock
from drivers.protocols import Identity, LaserState
from plqy_rig.data import ExitStatus, RunMetadata
from plqy_rig.data.assemble import run_from_documents
from plqy_rig.data.documents import checked_data, event_document, start_document, stop_document
from plqy_rig.data.run import Run
from procedures import Instruments, OperatorAnswer, OperatorRequest, PlqySweep, PowerCalibration
from sim.bench import Bench, BenchSetup
from sim.clock import ManualClock
from sim.instruments.pm320 import PowerHead
from sim.optics import BenchOptions
from sim.rig_file import draw_records

FloatArray = NDArray[np.float64]

SET_POINT_C = -10.0
LASER_LINE_NM = 977.0
LIMITS_DEG = (0.5, 265.0)
MADE = datetime(2026, 5, 1, tzinfo=UTC)
_MICROSTEP_DEG = 360.0 / 3200
_WHEEL_DEG_PER_S = 60.0
_BLADE_S = 0.01
_HANDS_S = 60.0
_READINGS = 8
_READING_NOISE = 2e-5


class BenchTime(Clock):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        # Readings of the monitor are spaced in real time: at this speed they come one after another.
        super().__init__(speed=1000.0)
        object.__setattr__(self, "manual", ManualClock(60.0))

    def monotonic(self) -> float:
        return float(self.manual.now_s())  # type: ignore[attr-defined]

    def sleep(self, duration_s: float) -> None:
        self.manual.sleep(duration_s)  # type: ignore[attr-defined]


class World:
    """One bench, its time, and what is wrong with its detector."""

    def __init__(self, sample: str, seed: int, options: BenchOptions) -> None:
        self.clock = BenchTime()
        self.bench = Bench(BenchSetup(sample=sample, seed=seed, optics=options), self.clock.manual)  # type: ignore[attr-defined]
        self.optics = self.bench.optics
        self.random = np.random.default_rng([seed, 20260501])
        self.lock = threading.RLock()
        self.warming_c_per_min = 0.0
        self.warming_since_s = 0.0
        self.blade_open = False
        self._reading = threading.Condition()
        self._due: list[float] | None = None

    @property
    def now_s(self) -> float:
        return self.clock.monotonic()

    def detector_c(self, time_s: float) -> float:
        minutes = max(time_s - self.warming_since_s, 0.0) / 60.0
        return min(SET_POINT_C + self.warming_c_per_min * minutes, 20.0)

    @contextmanager
    def measuring(self, moments_s: list[float]) -> Iterator[None]:
        """While spectra are collected, the monitor is read at these moments, one after the other."""
        with self._reading:
            self._due = list(moments_s)
        try:
            with self.lock:
                yield
            if self.blade_open:
                with self._reading:
                    self._reading.wait_for(lambda: not self._due, timeout=10.0)
        finally:
            with self._reading:
                self._due = None
                self._reading.notify_all()

    def moment_of_reading_s(self) -> float:
        """When the reading that is asked for now is taken."""
        with self._reading:
            if not self._due:
                return self.now_s
            moment = self._due.pop(0)
            self._reading.notify_all()
            return moment


@dataclass
class _Instrument:
    world: World

    @property
    def identity(self) -> Identity:
        return Identity("bench", type(self).__name__, "1", "1")

    def make_safe(self) -> None: ...

    def close(self) -> None: ...


class Laser(_Instrument):
    on = False
    temperature_c = 25.0

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        self.temperature_c = temperature_c
        with self.world.lock:
            self.world.optics.set_laser_temperature(self.world.now_s, temperature_c)

    def switch_on(self, current_a: float) -> None:
        self.on = True
        with self.world.lock:
            self.world.optics.set_laser_current(self.world.now_s, current_a)

    def switch_off(self) -> None:
        self.on = False
        with self.world.lock:
            self.world.optics.set_laser_current(self.world.now_s, 0.0)

    def read_state(self) -> LaserState:
        return LaserState(self.on, 0.3, self.temperature_c, True, True, ())


class ShutterBlade(_Instrument):
    longest_timed_opening_s = 1e5

    def open(self) -> None:
        self._set(True)

    def open_for(self, duration_s: float) -> None:
        self._set(True)

    def close_blade(self) -> None:
        self._set(False)

    def _set(self, open_: bool) -> None:
        self.world.clock.sleep(_BLADE_S)
        self.world.blade_open = open_
        with self.world.lock:
            self.world.optics.set_blade(self.world.now_s, open_)

    @property
    def blade_closed(self) -> bool:
        return not self.world.blade_open


class NdWheel(_Instrument):
    homed = False
    _angle_deg = LIMITS_DEG[1]
    angle_range_deg = LIMITS_DEG

    def home(self) -> None:
        self.homed = True
        self.move_to(0.5)

    @property
    def angle_deg(self) -> float:
        return self._angle_deg

    def move_to(self, angle_deg: float) -> None:
        wanted = round(angle_deg / _MICROSTEP_DEG) * _MICROSTEP_DEG
        with self.world.lock:
            self.world.clock.sleep(abs(wanted - self._angle_deg) / _WHEEL_DEG_PER_S)
            self._angle_deg = wanted
            self.world.optics.set_wheel_angle(self.world.now_s, wanted)


class Monitor(_Instrument):
    """A head that is right only at the wavelength it is set to."""

    head = PowerHead()
    wavelength_nm = LASER_LINE_NM

    def prepare(self, wavelength_nm: float) -> None:
        self.wavelength_nm = wavelength_nm

    def read_power_w(self) -> float:
        moment_s = self.world.moment_of_reading_s()
        with self.world.lock:
            power_w = self.world.optics.monitor_power_w(moment_s)
            line_nm = self.world.optics.laser_wavelength_nm(moment_s)
            noise = 1.0 + _READING_NOISE * float(self.world.random.standard_normal())
        taken_for = self.head.responsivity(line_nm) / self.head.responsivity(self.wavelength_nm)
        return float(power_w * taken_for * noise)


class ArraySpectrometer(_Instrument):
    full_scale_counts = 65535.0
    integration_time_range_s = (0.001, 1600.0)
    time_s = 0.1

    @property
    def wavelengths_nm(self) -> FloatArray:
        coefficients = self.world.optics.eeprom_wavelength_coefficients
        return np.asarray(np.polynomial.polynomial.polyval(np.arange(512.0), coefficients), dtype=np.float64)

    @property
    def linearity_coefficients(self) -> FloatArray:
        return np.array(self.world.optics.eeprom_linearity_coefficients)

    def set_integration_time_s(self, duration_s: float) -> float:
        self.time_s = int(duration_s * 1000 + 0.5) / 1000
        return self.time_s

    def note_light_changed(self) -> None: ...

    def acquire(self, scans: int) -> FloatArray:
        start_s = self.world.now_s
        whole_s = scans * self.time_s
        moments_s = [start_s + whole_s * (k + 0.5) / _READINGS for k in range(_READINGS)]
        with self.world.measuring(moments_s if self.world.blade_open else []):
            frames = [self._frame(start_s + k * self.time_s) for k in range(scans)]
        self.world.clock.sleep(whole_s)
        return np.asarray(frames, dtype=np.float64)

    def _frame(self, start_s: float) -> NDArray[np.uint16]:
        world, end_s = self.world, start_s + self.time_s
        return world.optics.expose(start_s, end_s, world.detector_c(start_s), world.random)

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> float:
        return self.read_temperature_c()

    def read_temperature_c(self) -> float:
        return self.world.detector_c(self.world.now_s)


@dataclass
class Hands:
    """Does what the sweep asks for, and whatever the disturbance does at that moment."""

    world: World
    disturb: Callable[[World, OperatorRequest], None]

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        world = self.world
        world.clock.sleep(_HANDS_S)
        with world.lock:
            world.optics.place_sample(world.now_s, request.target.sample.value)
            world.optics.set_long_pass(world.now_s, request.target.long_pass_inserted)
        self.disturb(world, request)
        return OperatorAnswer.CONTINUE_ANYWAY if request.reason else OperatorAnswer.DONE


def _nothing(world: World, request: OperatorRequest | None = None) -> None: ...


@dataclass(frozen=True)
class Arrangement:
    """What is different at one bench or in its rig file.

    Attributes:
        options: of the bench's optics.
        before: done to the bench before the sweep.
        during: done whenever the operator is asked for something.
        monitor_wavelength_nm: as the rig file has it.
        laser_temperature_c: as the rig file has it.
        records_age: of the calibration records when the run begins.
        lamp_hours: that the lamp had burned since its certificate when the response was measured.
        laser_check: whether the lamp is compared with its spectrum of the calibration before the run.
        recipe: keys that differ from the defaults.
    """

    options: BenchOptions = field(default_factory=BenchOptions)
    before: Callable[[World], None] = _nothing
    during: Callable[[World, OperatorRequest], None] = _nothing
    monitor_wavelength_nm: float = LASER_LINE_NM
    laser_temperature_c: float = 25.0
    records_age: timedelta = timedelta(days=21)
    lamp_hours: float = 12.0
    laser_check: bool = False
    recipe: Mapping[str, Any] = field(default_factory=dict)


def measure(
    sample: str, seed: int, arrangement: Arrangement = Arrangement(), **recipe: Any
) -> tuple[Run, dict[str, Any]]:
    """One run by the program's own sweep, and the bench's truth."""
    world = World(sample, seed, arrangement.options)
    records = seal_records(world.bench, arrangement.records_age, arrangement.lamp_hours)
    lamp_then = lamp_spectrum(world) if arrangement.laser_check else None
    arrangement.before(world)
    checks = [] if lamp_then is None else [laser_check(world, lamp_then)]
    sweep = PlqySweep.from_recipe({"sample": sample, **recipe, **arrangement.recipe})
    sweep.instruments = instruments(world, arrangement.monitor_wavelength_nm, arrangement.laser_temperature_c)
    sweep.operator = Hands(world, arrangement.during)
    sweep.beam = _power_calibration(records)
    events: list[tuple[str, dict[str, Any]]] = []
    settings = sweep.settings()
    spectrometer = sweep.instruments.spectrometer

    def record(stream: str, data: Mapping[str, Any]) -> None:
        checked = checked_data(stream, data, pixels=512, steps=settings.steps)
        moment = MADE.timestamp() + world.now_s
        events.append(("event", event_document(checked, stream, len(events) + 1, time_s=moment)))

    sweep.record = record
    try:
        sweep.startup()
        sweep.execute()
    finally:
        sweep.shutdown()
    metadata = RunMetadata(
        sample=sample,
        recipe=sweep.recipe(),
        rig={
            "monitor": {"wavelength_nm": arrangement.monitor_wavelength_nm},
            "spectrometer": {"temperature_c": SET_POINT_C},
        },
        instruments={},
        wavelength_nm=spectrometer.wavelengths_nm,
        full_scale_counts=spectrometer.full_scale_counts,
        target_power_density_mw_per_cm2=settings.power_densities_mw_per_cm2,
        linearity_coefficients=spectrometer.linearity_coefficients,
        calibration_records=[one.to_document() for one in (*records.values(), *checks)],
    )
    return _run(metadata, events, world, f"{sample}-{seed}"), world.optics.truth()


def _run(metadata: RunMetadata, events: list[tuple[str, dict[str, Any]]], world: World, name: str) -> Run:
    start = start_document(metadata, time_s=MADE.timestamp(), recipe_toml="", rig_toml="")
    stop = stop_document(start["uid"], ExitStatus.SUCCESS, "", {}, {}, time_s=MADE.timestamp() + world.now_s)
    return run_from_documents([("start", start), *events, ("stop", stop)], Path(name))


def lamp_spectrum(world: World) -> FloatArray:
    """Linear counts per second of the warm lamp in the empty sphere, [512]."""
    optics, clock = world.optics, world.clock
    optics.set_lamp(world.now_s, True, settled=True)
    time_s, scans = 1.5, 10
    start_s = world.now_s
    light = [
        optics.expose(start_s + k * time_s, start_s + (k + 1) * time_s, SET_POINT_C, world.random)
        for k in range(scans)
    ]
    clock.sleep(scans * time_s)
    optics.set_lamp(world.now_s, False, settled=True)
    start_s = world.now_s
    dark = [
        optics.expose(start_s + k * time_s, start_s + (k + 1) * time_s, SET_POINT_C, world.random)
        for k in range(scans)
    ]
    clock.sleep(scans * time_s)
    net = np.mean(light, axis=0) - np.mean(dark, axis=0)
    divisor = np.polynomial.polynomial.polyval(net, optics.eeprom_linearity_coefficients)
    return np.asarray(net / divisor / time_s, dtype=np.float64)


def laser_check(world: World, lamp_then: FloatArray) -> Record:
    """What the laser check of the day says of the air: the lamp now against the lamp of the calibration."""
    coefficients = world.optics.eeprom_wavelength_coefficients
    wavelength_nm = np.polynomial.polynomial.polyval(np.arange(512.0), coefficients)
    change = water_vapour_change(wavelength_nm, lamp_spectrum(world), lamp_then)
    values = {"water_vapour_change_relative": float(change)}
    return _sealed(CheckKind.LASER_CHECK, values, timedelta(hours=1))


def seal_records(
    bench: Bench, age: timedelta = timedelta(days=21), lamp_hours: float = 12.0
) -> dict[RecordKind, Record]:
    """The records that the bench hands out, so old when a run begins."""
    lamp = _sealed(CheckKind.LAMP, {}, timedelta(days=60))
    said = lamp_warnings(lamp, at=MADE - age, hours_used=lamp_hours)
    found = {}
    for record in draw_records(bench):
        kind = RecordKind(record.kind)
        extra = {"warnings": list(said)} if kind is RecordKind.RESPONSE else {}
        found[kind] = _sealed(kind, {**record.values, **extra}, age)
    return found


def _sealed(kind: Any, values: Mapping[str, Any], age: timedelta) -> Record:
    return Record.seal(
        kind=kind,
        created=MADE - age,
        expires=MADE - age + timedelta(days=182),
        operator="bench",
        origin="the bench",
        instruments={},
        values=values,
    )


def _power_calibration(records: Mapping[RecordKind, Record]) -> PowerCalibration:
    known = CalibrationSet.from_records(records)
    wheel = records[RecordKind.WHEEL].values
    return PowerCalibration(
        known.beam.area_cm2,
        known.monitor_ratio.ratio,
        tuple(wheel["angle_deg"]),
        tuple(wheel["optical_density"]),
    )


def instruments(
    world: World, monitor_wavelength_nm: float = LASER_LINE_NM, laser_temperature_c: float = 25.0
) -> Instruments:
    """The rig's instruments at this bench, as its rig file has them."""
    return Instruments(
        laser=Laser(world),
        shutter=ShutterBlade(world),
        attenuator=NdWheel(world),
        monitor=Monitor(world),
        spectrometer=ArraySpectrometer(world),
        clock=world.clock,
        working_current_a=0.3,
        laser_temperature_c=laser_temperature_c,
        monitor_wavelength_nm=monitor_wavelength_nm,
        detector_temperature_c=SET_POINT_C,
        power_density_limit_mw_per_cm2=1e5,
    )
