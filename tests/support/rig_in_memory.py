"""A whole rig in memory for the engine: the procedures' fakes, with cables that can be pulled and hooks."""

from __future__ import annotations

import importlib.util
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from calibration import Record, RecordKind
from drivers.errors import InstrumentConnectionError, SafetyError
from plqy_rig.config import read_rig_file
from plqy_rig.engine import Engine, Job, ObservedSweep
from plqy_rig.rig import NAMES, Rig

_NAME = "procedure_fakes"
if _NAME not in sys.modules:
    _path = Path(__file__).parents[1] / "unit" / "procedures" / "fakes.py"
    _spec = importlib.util.spec_from_file_location(_NAME, _path)
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[_NAME] = _module
    _spec.loader.exec_module(_module)
fakes = sys.modules[_NAME]

RIG_TOML = """
format = "plqy-rig/1"
name = "rig in memory"
[laser]
resource = "memory"
current_a = 0.300
current_limit_a = 0.350
temperature_c = 25.0
temperature_range_c = [15.0, 35.0]
[monitor]
resource = "memory"
wavelength_nm = 977.0
head_wavelength_range_nm = [400.0, 1100.0]
head_power_range_w = [5e-8, 5e-2]
[shutter]
port = "memory"
[attenuator]
port = "memory"
[spectrometer]
serial_number = "memory"
temperature_c = -10.0
[limits]
power_density_mw_per_cm2 = 1200.0
[calibration]
folder = "calibration"
[safety]
fallback_folder = "fallback"
least_free_disk_mb = 0.0
"""

_PART = {"wheel": "attenuator", "detector": "spectrometer"}
SMALL = {
    "sample": "test",
    "power_steps": 3,
    "scans_excitation": 3,
    "scans_emission": 3,
    "integration_time_max_emission_s": 2.0,
    "laser_warm_up_s": 0.0,
}


class LiveWorld(fakes.World):
    """A world in which cables are pulled and somebody looks on."""

    def __init__(self, **keywords) -> None:
        super().__init__(**keywords)
        self.unplugged: set[str] = set()
        self.hooks = []
        self.protections: tuple[str, ...] = ()
        self.laser_temperature_c = 25.0

    def call(self, name, action=None, *, act_before_failing=False):
        for hook in tuple(self.hooks):
            hook(name)
        part = name.split()[0]
        part = _PART.get(part, part)
        if part in self.unplugged:
            raise InstrumentConnectionError(part, "unplugged")
        return super().call(name, action, act_before_failing=act_before_failing)


class Laser(fakes.FakeLaser):
    def read_state(self):
        self.world.call("laser state")
        return fakes.LaserState(
            self.world.laser_on, 0.3, self.world.laser_temperature_c, True, True, self.world.protections
        )

    def make_safe(self) -> None:
        self.switch_off()


class Shutter(fakes.FakeShutter):
    def make_safe(self) -> None:
        self.close_blade()
        if not self.blade_closed:
            raise SafetyError("the blade stays open")


class Attenuator(fakes.FakeAttenuator):
    def make_safe(self) -> None:
        self.move_to(fakes.LIMITS_DEG[1])


class Monitor(fakes.FakeMonitor):
    def make_safe(self) -> None:
        self.world.call("monitor look")


class Spectrometer(fakes.FakeSpectrometer):
    def make_safe(self) -> None:
        self.world.call("spectrometer look")


class _Connections:
    def __init__(self, world: LiveWorld) -> None:
        self._world = world

    def __getattr__(self, name: str):
        def connect():
            if name in self._world.unplugged:
                raise InstrumentConnectionError(name, "unplugged")
            kinds = {
                "shutter": Shutter,
                "laser": Laser,
                "attenuator": Attenuator,
                "monitor": Monitor,
                "spectrometer": Spectrometer,
            }
            return kinds[name](self._world)

        return connect


class RigInMemory(Rig):
    """The product's rig with fakes for drivers."""

    def __init__(self, world: LiveWorld, folder: Path, rig_toml: str = RIG_TOML) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rig.toml").write_text(rig_toml, encoding="utf-8")
        self.world = world
        self.rig_file = read_rig_file(folder / "rig.toml")
        self.clock = world.clock
        self.failures = {}
        self._connections = _Connections(world)
        for name in NAMES:
            setattr(self, name, getattr(self._connections, name)())


def make_records() -> dict[RecordKind, Record]:
    grid = fakes.WAVELENGTHS_NM.tolist()
    curve = fakes.make_calibration()
    values = {
        RecordKind.RESPONSE: {
            "wavelength_nm": grid,
            "response_j_per_count": np.full(512, 1e-18).tolist(),
            "scale_uncertainty_relative": 0.03,
            "shape_uncertainty_relative": [0.02] * 512,
            "shape_correlation_length_nm": 150.0,
        },
        RecordKind.LONG_PASS: {
            "wavelength_nm": grid,
            "transmission": [0.97] * 512,
            "transmission_uncertainty_relative": 0.005,
        },
        RecordKind.LINEARITY: {
            "coefficients": [1.0, *[0.0] * 7],
            "full_scale_counts": 65535.0,
            "uncertainty_relative_at_full_scale": 0.001,
        },
        RecordKind.MONITOR_RATIO: {
            "ratio": fakes.MONITOR_RATIO,
            "ratio_uncertainty_relative": 0.03,
            "reading_noise_relative": 0.001,
        },
        RecordKind.BEAM: {
            "diameter_x_mm": 4.6,
            "diameter_y_mm": 4.43,
            "diameter_uncertainty_mm": 0.05,
            "definition": "D4sigma",
        },
        RecordKind.WHEEL: {
            "angle_deg": list(curve.wheel_angle_deg),
            "optical_density": list(curve.wheel_optical_density),
        },
    }
    moment = datetime(2026, 11, 1, 9, tzinfo=UTC)
    return {
        kind: Record.seal(
            kind=kind,
            created=moment,
            expires=moment.replace(year=2027),
            operator="test",
            origin="made up for a test",
            instruments={},
            values=value,
        )
        for kind, value in values.items()
    }


class Recorder:
    """Keeps the engine's events, and lets a test wait for one."""

    def __init__(self) -> None:
        self.events = []
        self._news = threading.Condition()

    def __call__(self, event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait_for(self, matches, timeout_s: float = 20.0, *, after: int = 0):
        """The first event that matches, among those after so many."""

        def found():
            return next((event for event in self.events[after:] if matches(event)), None)

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, timeout_s), self.events[-10:]
            return found()

    def of(self, kind) -> list:
        return [event for event in self.events if isinstance(event, kind)]


class EngineInMemory:
    """An engine on a rig in memory, with what a test needs around it."""

    def __init__(self, folder: Path, *, rig_toml: str = RIG_TOML, operator=True, **parameters) -> None:
        self.folder = folder
        self.world = LiveWorld()
        self.rig = RigInMemory(self.world, folder / "rig", rig_toml)
        self.engine = Engine(self.rig, guarded=False)
        self.heard = Recorder()
        self.engine.subscribe(self.heard)
        self.operator = fakes.ScriptedOperator(self.world) if operator else None
        self.parameters = {**SMALL, **parameters}

    def job(self, **changes) -> Job:
        sweep = ObservedSweep.from_recipe(self.parameters)
        job = Job(sweep, make_records(), self.folder / "runs", "", self.operator)
        return job if not changes else type(job)(**{**job.__dict__, **changes})

    def start(self, **changes) -> None:
        self.engine.submit(self.job(**changes))
        self.engine.start()

    def finish(self, timeout_s: float = 30.0):
        assert self.engine.wait(timeout_s), (self.engine.status, self.engine.history[-5:])
        self.engine.flush()
        return self.engine.outcome

    def at(self, call: str, number: int, action) -> threading.Event:
        """Do something at the n-th call of that name (from 1), in the thread of the caller."""
        done = threading.Event()
        seen = []

        def hook(name: str) -> None:
            if name == call:
                seen.append(name)
                if len(seen) == number:
                    action()
                    done.set()

        self.world.hooks.append(hook)
        return done
