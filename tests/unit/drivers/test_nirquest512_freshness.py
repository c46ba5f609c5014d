"""No spectrum is ever handed out that was begun before the light or the time changed: light is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.virtual_spectrometer import DARK_PER_S, OFFSET, Delays, VirtualLink

from drivers.nirquest512 import NIRQuest512
from drivers.nirquest512.fresh import alike
from sim.instruments.nirquest512 import NirQuestOptions

NEXT_FRAME = NirQuestOptions()
FIRMWARES = {
    "time changes with the next frame": NEXT_FRAME,
    "time change restarts": replace(NEXT_FRAME, time_change_restarts=True),
    "dead time between frames": replace(NEXT_FRAME, readout_time_s=0.003),
}
BUFFERING = {
    "one frame waits": replace(NEXT_FRAME, hands_out_finished=True),
    "one frame waits, time change restarts": replace(
        NEXT_FRAME, hands_out_finished=True, time_change_restarts=True
    ),
}
TROUBLED = Delays(host_stalls=0.03, wire_stalls=0.01, longest_stall_s=2.0)


class Session:
    """Exposures and darks with ever other light, every count of which is accounted for."""

    def __init__(self, options: NirQuestOptions, delays: Delays, speed: float, seed: int) -> None:
        self.link = VirtualLink(options, delays, speed, seed)
        self.spectrometer = NIRQuest512(self.link, clock=self.link.clock, margin_s=5.0)
        self.spectrometer.reconnect()
        self.random = np.random.default_rng([seed, 1])
        self.acquisitions = 0
        self.wrong: list[str] = []
        self.beyond_s: list[float] = []
        self.time_s = 0.01

    def go(self, acquisitions: int, times_s: tuple[float, ...]) -> None:
        lit = False
        for _ in range(acquisitions):
            if self.random.random() < 0.3:
                self.time_s = float(self.random.choice(times_s))
                self.spectrometer.set_integration_time_s(self.time_s)
            lit = not lit
            level = float(self.random.uniform(2000, 20000)) / self.time_s if lit else 0.0
            self.link.change_light(level)
            self.spectrometer.note_light_changed()
            self.link.clock.sleep(float(self.random.choice([0.0, 0.05, 0.7])))
            self._acquire(int(self.random.integers(1, 7)), level)

    def _acquire(self, scans: int, level: float) -> None:
        began_s = self.link.time.now_s
        rows = self.spectrometer.acquire(scans)
        self.acquisitions += 1
        self.beyond_s.append(self.link.time.now_s - began_s - scans * self.time_s)
        expected = OFFSET + (DARK_PER_S + level) * self.time_s
        for number, row in enumerate(rows):
            if abs(row.mean() - expected) > 1.5 + 0.001 * (expected - OFFSET):
                self.wrong.append(
                    f"acquisition {self.acquisitions}, scan {number + 1} of {scans} at {self.time_s:g} s: "
                    f"{row.mean():.1f} instead of {expected:.1f}"
                )


@pytest.mark.parametrize("speed", [1.0, 20.0, 100.0])
@pytest.mark.parametrize("firmware", FIRMWARES)
def test_no_half_lit_frame_whatever_stalls(firmware: str, speed: float) -> None:
    session = Session(FIRMWARES[firmware], TROUBLED, speed, seed=int(speed))
    session.go(700, (0.004, 0.02, 0.1, 0.5, 2.0, 8.0, 30.0))
    assert session.acquisitions == 700
    assert session.wrong == []


@pytest.mark.parametrize("seed", [101, 102])
def test_a_short_frame_of_another_light_is_no_measure(seed: int) -> None:
    """Two sessions in which a short frame of the light before once passed for a dark scan."""
    session = Session(NEXT_FRAME, TROUBLED, 1.0, seed)
    session.go(300, (0.004, 0.02, 0.1, 0.5, 2.0, 8.0, 30.0))
    assert session.wrong == []


@pytest.mark.parametrize("speed", [1.0, 20.0, 100.0])
@pytest.mark.parametrize("firmware", BUFFERING)
def test_a_firmware_that_keeps_a_finished_frame_is_found_out_by_time(firmware: str, speed: float) -> None:
    session = Session(BUFFERING[firmware], Delays(typical_s=0.0001), speed, seed=3)
    session.go(300, (0.1, 0.5, 2.0, 8.0))
    assert session.wrong == []


def test_a_change_of_light_costs_milliseconds() -> None:
    session = Session(NEXT_FRAME, Delays(), 1.0, seed=5)
    session.spectrometer.set_integration_time_s(1.0)
    session.time_s = 1.0
    beyond_s = []
    for lit in (True, False) * 40:
        session.link.change_light(20000.0 * lit)
        session.spectrometer.note_light_changed()
        session._acquire(4, 20000.0 * lit)
        beyond_s.append(session.beyond_s[-1])
    assert session.wrong == []
    assert np.median(beyond_s) < 0.02
    assert np.percentile(beyond_s, 90) < 0.05


def test_a_device_that_cuts_the_frame_under_way_is_not_parked_again() -> None:
    session = Session(FIRMWARES["time change restarts"], Delays(), 1.0, seed=6)
    session.spectrometer.set_integration_time_s(0.5)
    session.time_s = 0.5
    for lit in (True, False) * 20:
        session.link.change_light(20000.0 * lit)
        session.spectrometer.note_light_changed()
        session._acquire(4, 20000.0 * lit)
    assert session.wrong == []
    assert max(session.beyond_s[8:]) <= 0.51, "the plain way from then on"


def test_a_scan_is_told_from_a_short_frame_by_its_level() -> None:
    random = np.random.default_rng(1)
    shape = np.linspace(0.5, 1.5, 512)
    short = 300 + random.normal(0, 5, 512)
    long = 300 + 100 * shape + random.normal(0, 5, 512)
    again = 300 + 103 * shape + random.normal(0, 5, 512)
    assert alike(again, long, short)
    assert not alike(short + random.normal(0, 5, 512), long, short)


def test_a_laser_line_alone_tells_them_apart() -> None:
    random = np.random.default_rng(2)
    line = np.zeros(512)
    line[40:43] = 30000
    short, long = 300 + random.normal(0, 5, 512), 300 + line + random.normal(0, 5, 512)
    assert not alike(short, long, 300 + random.normal(0, 5, 512))
    assert alike(300 + 1.01 * line + random.normal(0, 5, 512), long, short)
