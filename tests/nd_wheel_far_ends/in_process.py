"""The driver and the bench's model in one process and one made-up time: no port, no waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pymeasure.adapters import Adapter

from drivers.clock import Clock
from drivers.nd_wheel import NdWheel
from sim.instruments.nd_wheel import NdWheelModel, NdWheelOptions

Mangle = Callable[[bytes], bytes]


@dataclass
class Time:
    now_s: float = 0.0


@dataclass(frozen=True)
class MadeUpClock(Clock):
    """Sleeping moves the made-up time on."""

    time: Time = field(default_factory=Time)

    def sleep(self, duration_s: float) -> None:
        self.time.now_s += max(duration_s, 0.0)


class ModelAdapter(Adapter):  # type: ignore[misc]
    """A port whose far end is the model. `outgoing` and `incoming` spoil bytes on their way."""

    connection = None

    def __init__(self, model: NdWheelModel, time: Time) -> None:
        super().__init__()
        self.model = model
        self.time = time
        self.outgoing: list[Mangle] = []
        self.incoming: list[Mangle] = []
        self.sent: list[str] = []
        self.broken = False
        self._pending = b""

    def _write(self, command: str, **_options: object) -> None:
        self._check()
        self.sent.append(command)
        data = command.encode() + b"\n"
        if self.outgoing:
            data = self.outgoing.pop(0)(data)
        self.time.now_s += 0.002
        self.model.feed(data, self.time.now_s)

    def _read(self, **_options: object) -> str:
        self._check()
        self.time.now_s += 0.005
        data = self.model.take_output(self.time.now_s)
        if data and self.incoming:
            data = self.incoming.pop(0)(data)
        self._pending += data
        if b"\n" not in self._pending:
            self.time.now_s += 0.25
            return ""
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("latin-1")

    def _check(self) -> None:
        if self.broken:
            raise OSError("device reports readiness to read but returned no data")

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Rig:
    """A wheel driver and its far end."""

    wheel: NdWheel
    adapter: ModelAdapter
    model: NdWheelModel
    time: Time
    angles: list[float]


def make_rig(*, seed: int = 1, options: NdWheelOptions | None = None, **keywords: object) -> Rig:
    time = Time()
    angles: list[float] = []
    model = NdWheelModel(seed, lambda _time, angle: angles.append(angle), options)
    adapter = ModelAdapter(model, time)
    wheel = NdWheel(adapter, clock=MadeUpClock(time=time), **keywords)
    return Rig(wheel, adapter, model, time, angles)
