"""Faults ordered at the console, seen at the far end of the wires."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import serial
import usbip

ROOT = Path(__file__).parents[2]
SPEED = 50.0


class BenchAtHand:
    """A bench process, its console, its wires."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim", "--speed", str(SPEED), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.announcement = json.loads(self.process.stdout.readline())
        host, port = self.announcement["usbip"].split(":")
        self.bus = usbip.USBIP(host, int(port))
        host, port = self.announcement["console"].split(":")
        self._connection = socket.create_connection((host, int(port)), timeout=10)
        self._lines = self._connection.makefile("rw")

    def ask(self, command: str, **arguments: object) -> dict:
        self._lines.write(json.dumps({"command": command, **arguments}) + "\n")
        self._lines.flush()
        return json.loads(self._lines.readline())

    def fault(self, spec: str) -> None:
        reply = self.ask("fault", spec=spec)
        assert "error" not in reply, reply

    def attach(self, busid: str, timeout_s: float = 1.0):
        handle = usbip.open(busid=busid, transport=self.bus)
        handle.conn.sock.settimeout(timeout_s)
        return handle

    def close(self) -> None:
        self._lines.close()
        self._connection.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def shared_bench():
    bench = BenchAtHand("--seed", "5")
    yield bench
    bench.close()


@pytest.fixture
def bench(shared_bench):
    yield shared_bench
    shared_bench.ask("fault", clear=True)


@pytest.fixture
def spectrometer(bench):
    handle = bench.attach("1-3")
    yield handle
    handle.conn.close()


@pytest.fixture
def shutter(bench):
    with serial.Serial(bench.announcement["sc10"], 9600, timeout=0.5) as port:
        yield port


def say(port: serial.Serial, command: bytes) -> bytes:
    port.write(command + b"\r")
    return port.read_until(b"> ")


def spectrum(handle) -> bytes:
    handle.bulk_out(0x01, b"\x09")
    return handle.bulk_in(0x82, 2048)


def test_a_short_spectrum_is_short_and_the_next_is_whole(bench, spectrometer) -> None:
    bench.fault("spectrometer:short=600")
    assert [len(spectrum(spectrometer)) for _ in range(2)] == [600, 1025]


def test_a_stale_spectrum_repeats_the_one_before(bench, spectrometer) -> None:
    first = spectrum(spectrometer)
    bench.fault("spectrometer:stale")
    assert spectrum(spectrometer) == first
    assert spectrum(spectrometer) != first


def test_saturation_lasts_until_cleared(bench, spectrometer) -> None:
    bench.fault("spectrometer:saturation")
    counts = [v ^ 0x8000 for v in struct.unpack_from("<512H", spectrum(spectrometer))]
    assert set(counts) == {65535}
    bench.ask("fault", clear="spectrometer")
    counts = [v ^ 0x8000 for v in struct.unpack_from("<512H", spectrum(spectrometer))]
    assert set(counts) != {65535}


def test_a_silent_spectrometer_leaves_the_transfer_waiting(bench, spectrometer) -> None:
    bench.fault("spectrometer:silence")
    spectrometer.bulk_out(0x01, b"\x72")
    spectrometer.conn.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        spectrometer.bulk_in(0x81, 64)


def test_a_hanging_spectrometer_comes_back_after_its_time(bench, spectrometer) -> None:
    bench.fault("spectrometer:hang+10s")
    spectrometer.bulk_out(0x01, b"\x72")
    spectrometer.conn.sock.settimeout(0.4)
    with pytest.raises(TimeoutError):
        spectrometer.bulk_in(0x81, 64)
    spectrometer.conn.close()
    again = bench.attach("1-3")
    again.bulk_out(0x01, b"\x72")
    assert len(again.bulk_in(0x81, 64)) == 2
    again.conn.close()


def test_a_stuck_blade_is_enabled_but_stays_closed(bench, shutter) -> None:
    bench.fault("shutter:stuck")
    say(shutter, b"mode=1")
    say(shutter, b"ens")
    assert say(shutter, b"ens?") == b"ens?\r1\r> "
    assert say(shutter, b"closed?") == b"closed?\r1\r> "
    assert bench.ask("observe")["shutter_open"] is False
    say(shutter, b"ens")


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("silence", b""),
        ("short=4", b"ens?"),
        ("duplicated", b"ens?\r0\r> "),
        ("error", b"ens?\rCommand error\r> "),
        ("echo", b"es?\r0\r> "),
    ],
)
def test_a_serial_reply_is_spoiled_once(bench, shutter, kind: str, reply: bytes) -> None:
    bench.fault(f"shutter:{kind}")
    assert say(shutter, b"ens?") == reply
    shutter.reset_input_buffer()
    if kind == "duplicated":
        return
    assert say(shutter, b"ens?") == b"ens?\r0\r> "


def test_a_pulled_serial_cable_comes_back(bench, shutter) -> None:
    bench.fault("shutter:disconnect+50s")
    assert say(shutter, b"ens?") == b""
    assert b"0\r> " in say(shutter, b"ens?") + say(shutter, b"ens?")


def test_the_button_at_the_front_panel_opens_the_shutter(bench, shutter) -> None:
    assert say(shutter, b"ens?") == b"ens?\r0\r> "
    bench.ask("front_panel_button", instrument="shutter")
    assert say(shutter, b"ens?") == b"ens?\r1\r> "
    bench.ask("front_panel_button", instrument="shutter")


def test_an_interlock_ends_the_light(bench, shutter) -> None:
    say(shutter, b"ens")
    bench.fault("shutter:interlock")
    assert say(shutter, b"interlock?") == b"interlock?\r1\r> "
    assert say(shutter, b"ens?") == b"ens?\r0\r> "


def test_the_wheel_loses_steps_without_noticing(bench) -> None:
    with serial.Serial(bench.announcement["nd_wheel"], 57600, timeout=5) as wheel:
        before = wheel_position_after(bench, wheel, b"HOME")
        bench.fault("nd_wheel:lost_steps=50")
        after = wheel_position_after(bench, wheel, b"MOVE 200")
    assert after - before == pytest.approx(150 * 360 / 3200, abs=0.3)


def wheel_position_after(bench, wheel: serial.Serial, verb: bytes) -> float:
    wheel_position_after.sequence += 1
    request = b"%d %s" % (wheel_position_after.sequence, verb)
    wheel.write(b"@%s*%02X\n" % (request, crc8(request)))
    while not wheel.readline().startswith(b"!DONE"):
        pass
    return bench.ask("observe")["wheel_angle_deg"]


wheel_position_after.sequence = 100


def crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ 0x107 if value & 0x80 else value << 1
    return value


def test_faults_may_be_ordered_at_the_start() -> None:
    bench = BenchAtHand("--fault", "laser:key", "--fault", "shutter:silence@2")
    try:
        assert bench.ask("observe")["laser_conditions"] == ["key"]
        with serial.Serial(bench.announcement["sc10"], 9600, timeout=0.5) as port:
            assert [say(port, b"ens?")[:4] for _ in range(3)] == [b"ens?", b"", b"ens?"]
    finally:
        bench.close()
