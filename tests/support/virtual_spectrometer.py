"""A simulated spectrometer on a wire in virtual time: many acquisitions in seconds, stalls included."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field

import numpy as np

from drivers.clock import Clock
from drivers.errors import InstrumentTimeoutError
from sim.instruments.nirquest512 import EepromContent, NirQuest512Model, NirQuestOptions

OFFSET = 300.0
DARK_PER_S = 40.0


@dataclass
class VirtualTime:
    now_s: float = 0.0


@dataclass(frozen=True)
class VirtualClock(Clock):
    """Rig time that moves only when somebody waits."""

    time: VirtualTime = field(default_factory=VirtualTime)

    def monotonic(self) -> float:
        return self.time.now_s

    def sleep(self, duration_s: float) -> None:
        self.time.now_s += max(duration_s, 0.0)


class CountedLight:
    """Light with a history; a frame's counts are the light that fell into it, to the count."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, float]] = [(-1e9, 0.0)]

    def set(self, time_s: float, counts_per_s: float) -> None:
        self.changes.append((time_s, counts_per_s))

    def collected(self, start_s: float, end_s: float) -> float:
        total = 0.0
        for (begin, level), (until, _) in itertools.pairwise([*self.changes[-8:], (1e12, 0.0)]):
            total += level * max(0.0, min(end_s, until) - max(start_s, begin))
        return total

    def expose(self, start_s: float, end_s: float, detector_temperature_c: float, random):
        level = OFFSET + DARK_PER_S * (end_s - start_s) + self.collected(start_s, end_s)
        noisy = np.round(level + random.normal(0.0, 5.0, 512))
        return np.clip(noisy, 0, 65535).astype(np.uint16)


@dataclass
class Delays:
    """How late computer and wire are, real seconds; a stall is that many integration times long at most."""

    typical_s: float = 0.0003
    host_stalls: float = 0.0
    wire_stalls: float = 0.0
    longest_stall_s: float = 1.0


class VirtualLink:
    """The driver's wire: firmware model at the far end, virtual time between."""

    serial_number = "NQ5120427"

    def __init__(self, options: NirQuestOptions, delays: Delays, speed: float, seed: int) -> None:
        self.time = VirtualTime()
        self.clock = VirtualClock(speed, self.time)
        self.light = CountedLight()
        self.random = np.random.default_rng(seed)
        self.delays = delays
        eeprom = EepromContent((900.0, 1.7, -1e-4, -2e-8), (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        self.model = NirQuest512Model(self.light, eeprom, options, seed=seed)
        self._arriving: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()

    def _delay_s(self, stalls: float) -> float:
        """Rig seconds."""
        delays = self.delays
        if self.random.random() < stalls:
            return float(self.random.uniform(0, delays.longest_stall_s)) * self.clock.speed
        return float(self.random.exponential(delays.typical_s)) * self.clock.speed

    def _host_works(self) -> None:
        self._run_to(self.time.now_s + self._delay_s(self.delays.host_stalls))

    def _run_to(self, until_s: float) -> None:
        while True:
            due_s = self.model.next_event_s(self.time.now_s)
            if due_s is None or due_s > until_s:
                break
            self.time.now_s = max(due_s, self.time.now_s)
            self._collect()
        self.time.now_s = max(until_s, self.time.now_s)

    def _collect(self) -> None:
        for _, data in self.model.take_output(self.time.now_s):
            arrival_s = self.time.now_s + self._delay_s(self.delays.wire_stalls)
            if self._arriving:
                arrival_s = max(arrival_s, max(entry[0] for entry in self._arriving))
            heapq.heappush(self._arriving, (arrival_s, next(self._order), data))

    def send(self, command: bytes) -> None:
        self._host_works()
        self.model.feed(command, self.time.now_s)
        self._collect()
        self._host_works()

    def read_spectrum(self, timeout_s: float) -> bytes:
        self._host_works()
        deadline_s = self.time.now_s + timeout_s * self.clock.speed
        while not (self._arriving and self._arriving[0][0] <= self.time.now_s):
            due = [self.model.next_event_s(self.time.now_s)] + [entry[0] for entry in self._arriving[:1]]
            next_s = min((t for t in due if t is not None), default=float("inf"))
            if next_s > deadline_s:
                self._run_to(deadline_s)
                raise InstrumentTimeoutError("spectrometer", "no spectrum")
            self._run_to(next_s)
            self._collect()
        packet = heapq.heappop(self._arriving)[2]
        self._host_works()
        return packet

    def discard_spectra(self) -> int:
        count = 0
        while self._arriving and self._arriving[0][0] <= self.time.now_s:
            heapq.heappop(self._arriving)
            count += 1
        return count

    def change_light(self, counts_per_s: float) -> None:
        self._host_works()
        self.light.set(self.time.now_s, counts_per_s)
        self._host_works()

    def reopen(self) -> None:
        self.model.bus_reset(self.time.now_s)
        self._arriving.clear()

    def query(self, command: bytes, length: int) -> bytes:
        raise AssertionError("no queries in virtual time")

    def mark_stale(self) -> None:
        return

    def close(self) -> None:
        return
