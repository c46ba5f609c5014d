"""A rig in memory: the drivers' protocols over a tiny photon model, with a history and failures on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivers.clock import Clock
from drivers.errors import InstrumentTimeoutError
from drivers.protocols import Identity, LaserState
from procedures import (
    Arrangement,
    Instruments,
    OperatorAnswer,
    OperatorRequest,
    PlqySweep,
    PowerCalibration,
    SamplePosition,
)

WAVELENGTHS_NM = np.linspace(900.0, 1700.0, 512)
FULL_SCALE = 65535.0
MONITOR_RATIO = 24.0
BEAM_AREA_CM2 = 0.16
LIMITS_DEG = (0.0, 270.0)

_LASER = np.exp(-0.5 * ((WAVELENGTHS_NM - 977.0) / 1.7) ** 2)
_EMISSION = np.exp(-0.5 * ((WAVELENGTHS_NM - 1530.0) / 25.0) ** 2)


class FakeClock(Clock):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        super().__init__(speed=1e6)
        object.__setattr__(self, "now_s", 0.0)

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        object.__setattr__(self, "now_s", self.now_s + max(duration_s, 0.0))


@dataclass
class World:
    """What is true at the fake rig, and what happened there."""

    seed: int = 1
    absorptance: float = 0.15
    indirect: float = 0.05
    yield_: float = 0.5
    laser_counts_per_s_per_w: float = 1.5e7
    emission_gain: float = 1.0
    long_pass_leak: float = 1e-6
    power_drift: float = 0.0
    monitor_noise: float = 0.001
    wheel_unevenness: float = 0.004
    hot_pixel_counts_per_s: float = 0.0
    monitor_blocked: bool = False
    detector_offset_k: float = 0.0
    fail_at: int | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    shutter_open: bool = False
    shutter_shuts_s: float = float("inf")
    laser_on: bool = False
    angle_deg: float = 100.0
    homed: bool = False
    sample: SamplePosition = SamplePosition.OUT
    long_pass: bool = False
    events: list[str] = field(default_factory=list)
    calls: int = 0
    failed: bool = False

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self._lock = threading.Lock()

    def call(
        self, name: str, action: Callable[[], Any] | None = None, *, act_before_failing: bool = False
    ) -> Any:
        """Count a call of an instrument, note it, fail if it is its turn."""
        with self._lock:
            self.calls += 1
            fails = self.calls == self.fail_at
            if fails and not act_before_failing:
                self.failed = True
                raise InstrumentTimeoutError(name, "no answer (injected)")
            self.events.append(name)
            result = action() if action else None
            if fails:
                self.failed = True
                raise InstrumentTimeoutError(name, "no answer (injected)")
            return result

    def optical_density(self, angle_deg: float) -> float:
        return 0.04 + 0.00726 * angle_deg + self.wheel_unevenness * np.sin(angle_deg / 7)

    def power_w(self) -> float:
        """Power into the sphere while the shutter is open."""
        if not self.laser_on:
            return 0.0
        return float(0.2 * (1 + self.power_drift) * 10 ** -self.optical_density(self.angle_deg))

    def light(self) -> tuple[bool, float, SamplePosition, bool]:
        return self.shutter_open, self.power_w(), self.sample, self.long_pass

    def counts_per_s(self, light: tuple[bool, float, SamplePosition, bool]) -> np.ndarray:
        is_open, power_w, sample, long_pass = light
        if not is_open:
            return np.zeros(512)
        in_sphere = {
            SamplePosition.OUT: 1.0,
            SamplePosition.INDIRECT: 1 - self.indirect,
            SamplePosition.DIRECT: (1 - self.indirect) * (1 - self.absorptance),
        }[sample]
        line = self.laser_counts_per_s_per_w * power_w * in_sphere * _LASER
        absorbed = (1 - in_sphere) * self.laser_counts_per_s_per_w * power_w * _LASER.sum()
        emission = self.emission_gain * self.yield_ * absorbed * _EMISSION / _EMISSION.sum()
        return line * (self.long_pass_leak if long_pass else 1.0) + emission * (0.97 if long_pass else 1.0)


class _Fake:
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def identity(self) -> Identity:
        return Identity("fake", type(self).__name__, "1", "1")

    def make_safe(self) -> None: ...

    def close(self) -> None: ...


class FakeLaser(_Fake):
    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        self.world.call("laser temperature")

    def switch_on(self, current_a: float) -> None:
        def act() -> None:
            self.world.laser_on = True

        self.world.call("laser on", act, act_before_failing=True)

    def switch_off(self) -> None:
        def act() -> None:
            self.world.laser_on = False

        self.world.call("laser off", act)

    def read_state(self) -> LaserState:
        self.world.call("laser state")
        return LaserState(
            self.world.laser_on, 0.3, 25.0, True, True, () if self.world.laser_on else ("interlock",)
        )


class FakeShutter(_Fake):
    def open(self) -> None:
        def act() -> None:
            self.world.shutter_open = True
            self.world.shutter_shuts_s = float("inf")
            self.world.clock.sleep(0.01)

        # The worst case: the blade opens and the reply is lost.
        self.world.call("shutter open", act, act_before_failing=True)

    @property
    def longest_timed_opening_s(self) -> float:
        return 999.0

    def open_for(self, duration_s: float) -> None:
        assert duration_s <= self.longest_timed_opening_s
        self.open()
        self.world.shutter_shuts_s = self.world.clock.monotonic() + duration_s

    def close_blade(self) -> None:
        def act() -> None:
            self.world.shutter_open = False

        self.world.call("shutter close", act)

    @property
    def blade_closed(self) -> bool:
        self.world.call("shutter look")
        if self.world.clock.monotonic() >= self.world.shutter_shuts_s:
            self.world.shutter_open = False
        return not self.world.shutter_open


class FakeAttenuator(_Fake):
    @property
    def homed(self) -> bool:
        return self.world.homed

    def home(self) -> None:
        def act() -> None:
            self.world.homed = True
            self.world.angle_deg = 0.0

        self.world.call("wheel home", act)

    @property
    def angle_deg(self) -> float:
        self.world.call("wheel look")
        return self.world.angle_deg

    @property
    def angle_range_deg(self) -> tuple[float, float]:
        return LIMITS_DEG

    def move_to(self, angle_deg: float) -> None:
        assert LIMITS_DEG[0] <= angle_deg <= LIMITS_DEG[1]

        def act() -> None:
            self.world.angle_deg = round(angle_deg / 0.1125) * 0.1125

        self.world.call("wheel move", act)


class FakeMonitor(_Fake):
    def prepare(self, wavelength_nm: float) -> None:
        self.world.call("monitor prepare")

    def read_power_w(self) -> float:
        self.world.call("monitor read")
        lit = self.world.shutter_open and not self.world.monitor_blocked
        true_w = self.world.power_w() / MONITOR_RATIO if lit else 0.0
        return float(true_w * (1 + self.world.monitor_noise * self.world.random.standard_normal()) + 1e-9)


class FakeSpectrometer(_Fake):
    """Gives spectra of the light at the last `note_light_changed`: who forgets to tell gets stale ones."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.time_s = 0.1
        self.seen = world.light()
        self.pattern = np.random.default_rng(0).normal(0, 30, 512)
        self.acquired: list[tuple[bool, float, int]] = []

    wavelengths_nm = WAVELENGTHS_NM
    full_scale_counts = FULL_SCALE
    integration_time_range_s = (0.001, 1600.0)
    linearity_coefficients = None

    def set_integration_time_s(self, duration_s: float) -> float:
        self.world.call("spectrometer time")
        self.time_s = int(duration_s * 1000 + 0.5) / 1000
        return self.time_s

    def note_light_changed(self) -> None:
        self.world.call("spectrometer note")
        self.seen = self.world.light()

    def acquire(self, scans: int) -> np.ndarray:
        self.world.call("spectrometer acquire")
        if self.world.shutter_open:
            # The wheel moved or the sample was moved with the light on: nobody may do that.
            assert self.seen == self.world.light()
        self.acquired.append((self.seen[0], self.time_s, scans))
        self.world.clock.sleep(scans * self.time_s)
        mean = 1500.0 + self.pattern + 800.0 * self.time_s + self.world.counts_per_s(self.seen) * self.time_s
        mean[100] += self.world.hot_pixel_counts_per_s * self.time_s
        noise = self.world.random.standard_normal((scans, 512)) * np.sqrt(36.0 + 0.05 * mean)
        return np.minimum(np.round(mean + noise), FULL_SCALE)

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> float:
        self.world.call("detector temperature")
        return temperature_c + self.world.detector_offset_k

    def read_temperature_c(self) -> float:
        self.world.call("detector look")
        return -10.0


@dataclass
class ScriptedOperator:
    """Does what is asked, except where a mistake is scripted for the n-th request (from 0)."""

    world: World
    mistakes: dict[int, Arrangement] = field(default_factory=dict)
    answers: dict[int, OperatorAnswer] = field(default_factory=dict)
    requests: list[OperatorRequest] = field(default_factory=list)

    def ask(self, request: OperatorRequest) -> OperatorAnswer:
        assert not self.world.shutter_open
        number = len(self.requests)
        self.requests.append(request)
        target = self.mistakes.get(number, request.target)
        self.world.sample, self.world.long_pass = target.sample, target.long_pass_inserted
        self.world.events.append(f"operator {request.role}")
        return self.answers.get(number, OperatorAnswer.DONE)


@dataclass
class Records:
    """Keeps what a procedure records."""

    world: World
    exposures: list[dict[str, Any]] = field(default_factory=list)
    darks: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, stream: str, data: Any) -> None:
        assert not self.world.shutter_open
        self.world.events.append(f"record {stream}")
        {"exposure": self.exposures, "dark": self.darks}[stream].append(dict(data))

    def keys(self) -> list[tuple[str, int]]:
        return [(exposure["role"], exposure["step"]) for exposure in self.exposures]


def make_instruments(world: World) -> Instruments:
    return Instruments(
        laser=FakeLaser(world),
        shutter=FakeShutter(world),
        attenuator=FakeAttenuator(world),
        monitor=FakeMonitor(world),
        spectrometer=FakeSpectrometer(world),
        clock=world.clock,
        working_current_a=0.3,
        laser_temperature_c=25.0,
        monitor_wavelength_nm=977.0,
        detector_temperature_c=-10.0,
        power_density_limit_mw_per_cm2=1200.0,
    )


def make_calibration() -> PowerCalibration:
    angles = tuple(float(angle) for angle in np.linspace(0, 270, 28))
    return PowerCalibration(BEAM_AREA_CM2, MONITOR_RATIO, angles, tuple(0.04 + 0.00726 * a for a in angles))


def make_sweep(world: World, **parameters: Any) -> tuple[PlqySweep, Records, ScriptedOperator]:
    """A small sweep, ready to run: 3 steps, 2 scans of 0.5 s at most."""
    defaults = {
        "sample": "test",
        "power_steps": 3,
        "scans_excitation": 3,
        "scans_emission": 3,
        "integration_time_max_emission_s": 2.0,
        "laser_warm_up_s": 0.0,
    }
    sweep = PlqySweep.from_recipe({**defaults, **parameters})
    records, operator = Records(world), ScriptedOperator(world)
    sweep.instruments = make_instruments(world)
    sweep.operator = operator
    sweep.record = records
    sweep.beam = make_calibration()
    return sweep, records, operator


def run(sweep: PlqySweep) -> None:
    """Run it as an engine would."""
    try:
        sweep.startup()
        sweep.execute()
    finally:
        sweep.shutdown()
