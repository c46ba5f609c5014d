from __future__ import annotations

import contextlib
import os
import threading

import pytest
import serial

from sim.wires.serial_line import PseudoTerminal, SerialPump, SocketLine


class Shouter:
    """Answers in capitals, one event later."""

    def __init__(self) -> None:
        self.output = b""
        self.bauds: list[int | None] = []

    def feed(self, data: bytes, now_s: float) -> None:
        self.output += data.upper()

    def take_output(self, now_s: float) -> bytes:
        output, self.output = self.output, b""
        return output

    def next_event_s(self, now_s: float) -> float | None:
        return None


def start(far_end, end: Shouter) -> SerialPump:
    lock = threading.Lock()

    @contextlib.contextmanager
    def guard():
        with lock:
            yield 0.0

    pump = SerialPump(far_end, end, guard, lambda s: s, end.bauds.append)
    pump.start()
    return pump


@pytest.fixture(params=[lambda: PseudoTerminal(9600), SocketLine], ids=["pty", "socket"])
def pump(request):
    end = Shouter()
    pump = start(request.param(), end)
    pump.shouter = end
    yield pump
    pump.stop()


def test_pyserial_talks_through_it_and_may_come_again(pump) -> None:
    for _ in range(2):
        with serial.serial_for_url(pump.far_end.address, baudrate=9600, timeout=2) as port:
            port.write(b"abc\r\n\x03")
            assert port.read(6) == b"ABC\r\n\x03"


def test_a_pulled_cable_swallows_bytes(pump) -> None:
    with serial.serial_for_url(pump.far_end.address, timeout=0.2) as port:
        port.write(b"a")
        assert port.read(1) == b"A"
        pump.unplug()
        port.write(b"b")
        assert port.read(1) == b""
        pump.replug()
        port.write(b"c")
        assert port.read(1) == b"C"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")
def test_the_far_end_knows_the_speed_of_the_host() -> None:
    end = Shouter()
    pump = start(PseudoTerminal(9600), end)
    try:
        for baud in (9600, 115200):
            with serial.Serial(pump.far_end.address, baud, timeout=2) as port:
                port.write(b"x")
                assert port.read(1) == b"X"
        assert end.bauds == [9600, 115200]
    finally:
        pump.stop()
