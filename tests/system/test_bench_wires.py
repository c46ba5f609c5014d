"""Unmodified client libraries on the bench's wires: pyvisa-py, pyserial, seabreeze."""

from __future__ import annotations

import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import pyvisa
import serial
import usb.core
import usb.util

from drivers.usb_over_ip import register_usb_bus
from drivers.usb_over_ip.backend import UsbOverIpBackend
from drivers.usbtmc_clear import clear_usbtmc

ROOT = Path(__file__).parents[2]
LASER = "USB0::0x1313::0x804A::M00404162::INSTR"
MONITOR = "USB0::0x1313::0x8022::M00297531::INSTR"


class BenchAtHand:
    """A bench process and a person standing at it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim", "--seed", "2", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.announcement = json.loads(self.process.stdout.readline())
        host, port = self.announcement["console"].split(":")
        self._connection = socket.create_connection((host, int(port)), timeout=10)
        self._lines = self._connection.makefile("rw")

    def ask(self, command: str, **arguments: object) -> dict:
        self._lines.write(json.dumps({"command": command, **arguments}) + "\n")
        self._lines.flush()
        return json.loads(self._lines.readline())

    def fault(self, spec: str) -> None:
        assert "error" not in self.ask("fault", spec=spec)

    def close(self) -> None:
        self._lines.close()
        self._connection.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def bench():
    bench = BenchAtHand("--speed", "50")
    register_usb_bus(f"usbip://{bench.announcement['usbip']}")
    yield bench
    register_usb_bus(None)
    bench.close()


@pytest.fixture
def visa(bench):
    manager = pyvisa.ResourceManager("@py")
    yield manager
    manager.close()
    bench.ask("fault", clear=True)


def open_instrument(visa, resource: str, timeout_ms: int = 3000):
    instrument = visa.open_resource(resource, read_termination="\n", write_termination="\n")
    instrument.timeout = timeout_ms
    return instrument


def test_pyvisa_lists_both_usbtmc_instruments(visa) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        listed = visa.list_resources("USB?*")
    assert set(listed) == {
        "USB0::4883::32842::M00404162::0::INSTR",
        "USB0::4883::32802::M00297531::0::INSTR",
    }


def test_a_device_is_configured_from_the_beginning_as_a_kernel_leaves_it() -> None:
    bench = BenchAtHand()
    try:
        host, port = bench.announcement["usbip"].split(":")
        devices = list(usb.core.find(find_all=True, backend=UsbOverIpBackend((host, int(port)))))
        assert [device.get_active_configuration().bConfigurationValue for device in devices] == [1, 1, 1]
        for device in devices:
            usb.util.dispose_resources(device)
    finally:
        bench.close()


def test_both_instruments_say_who_they_are(visa) -> None:
    assert open_instrument(visa, LASER).query("*IDN?") == "Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0"
    assert "PM320" in open_instrument(visa, MONITOR).query("*IDN?")


def test_a_reply_can_be_read_in_pieces(visa) -> None:
    laser = open_instrument(visa, LASER)
    laser.write("*IDN?")
    assert laser.read_bytes(8, chunk_size=8) == b"Thorlabs"
    assert laser.read() == ",ITC4001,M00404162,1.8.0/1.5.0/2.3.0"


def test_silence_is_a_timeout_and_the_wire_stays_good(visa) -> None:
    monitor = open_instrument(visa, MONITOR, 300)
    start = time.monotonic()
    with pytest.raises(pyvisa.errors.VisaIOError):
        monitor.query("SYST:ERR?")
    assert 0.25 < time.monotonic() - start < 2.0
    assert "PM320" in monitor.query("*IDN?")


def test_a_reply_after_the_timeout_is_met_by_the_next_read(visa, bench) -> None:
    laser = open_instrument(visa, LASER, 200)
    bench.fault("laser:late=20")  # bench seconds: 0.4 s
    with pytest.raises(pyvisa.errors.VisaIOError):
        laser.query("SOUR2:TEMP?")
    time.sleep(0.4)
    assert float(laser.query("SOUR:CURR:LIM? MAX")) == pytest.approx(25.0)
    assert float(laser.read()) == pytest.approx(1.01)


def test_nothing_sent_before_a_device_clear_is_read_after_it(visa) -> None:
    laser = open_instrument(visa, LASER)
    wire = visa.visalib.sessions[laser.session].interface
    laser.write("*IDN?")
    wire.usb_send_ep.write(struct.pack("<BBBxIBxxx", 2, 99, 99 ^ 0xFF, 1024, 0))  # asked for, never read
    time.sleep(0.05)
    clear_usbtmc(laser)
    assert laser.query("OUTP?") == "0"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("short", "Thorlabs,ITC4001"), ("duplicated", "Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0")],
)
def test_spoiled_replies_arrive_spoiled(visa, bench, kind: str, seen: str) -> None:
    laser = open_instrument(visa, LASER)
    bench.fault(f"laser:{kind}@2")
    laser.query("OUTP?")
    laser.write("*IDN?")
    assert laser.read_raw().decode().startswith(seen)
    if kind == "duplicated":
        assert laser.read() == seen


def test_an_unplugged_instrument_fails_fast_and_comes_back(visa, bench) -> None:
    laser = open_instrument(visa, LASER)
    bench.fault("laser:disconnect@2+25s")
    laser.query("OUTP?")
    start = time.monotonic()
    with pytest.raises((pyvisa.errors.VisaIOError, ValueError, OSError)):
        laser.query("OUTP?")
    assert time.monotonic() - start < 3.0
    laser.close()
    time.sleep(0.6)
    assert open_instrument(visa, LASER).query("OUTP?") == "0"


def test_a_query_stays_within_its_budget(visa) -> None:
    laser = open_instrument(visa, LASER)
    medians = []
    for _ in range(5):
        times = []
        for _ in range(100):
            start = time.perf_counter()
            laser.query("OUTP?")
            times.append(time.perf_counter() - start)
        medians.append(statistics.median(times))
    assert min(medians) <= 1.5e-3


def test_light_reaches_the_monitor_through_all_the_wires(visa, bench) -> None:
    laser, monitor = open_instrument(visa, LASER), open_instrument(visa, MONITOR)
    laser.write("OUTP2 ON")
    time.sleep(0.5)
    laser.write("SOUR:CURR:LIM 0.35;:SOUR:CURR 0.3;:OUTP ON")
    monitor.write(":WAVEL1:VAL 977")
    monitor.write(":PRANGE1 AUTO")
    with serial.Serial(bench.announcement["sc10"], 9600, timeout=2) as shutter:
        shutter.write(b"mode=1\r")
        shutter.read_until(b"> ")
        shutter.write(b"ens\r")
        shutter.read_until(b"> ")
        time.sleep(0.1)
        seen = bench.ask("observe")
        assert seen["light_on_sample"]
        monitor.write(":MEAS:INIT1")
        while monitor.query(":MEAS:CHECK1?") != "0":
            pass
        ratio = seen["power_on_sample_w"] / float(monitor.query(":FETCH:POW1:VAL?"))
        assert ratio == pytest.approx(bench.announcement["truth"]["monitor_ratio"], rel=0.02)
        shutter.write(b"ens\r")
        shutter.read_until(b"> ")
    laser.write("OUTP OFF")
    assert laser.query("OUTP?") == "0"
    assert not bench.ask("observe")["laser_on"]


def test_the_shutter_answers_byte_for_byte(bench) -> None:
    with serial.Serial(bench.announcement["sc10"], 9600, timeout=2) as shutter:
        for sent, received in (
            (b"\r", b"\rCommand error CMD_NOT_DEFINED\r> "),
            (b"id?\r", b"id?\rTHORLABS SC10 VERSION 1.07\r> "),
            (b"ens?\r", b"ens?\r0\r> "),
            (b"closed?\r", b"closed?\r1\r> "),
        ):
            shutter.write(sent)
            assert shutter.read_until(b"> ") == received


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="raw TCP has no line speed")
def test_the_wrong_baud_rate_makes_garbage(bench) -> None:
    with serial.Serial(bench.announcement["sc10"], 115200, timeout=0.3) as shutter:
        shutter.write(b"id?\r")
        assert b"SC10" not in shutter.read(64)
    with serial.Serial(bench.announcement["sc10"], 9600, timeout=1) as shutter:
        shutter.write(b"\r")
        assert shutter.read_until(b"> ").endswith(b"Command error CMD_NOT_DEFINED\r> ")


def test_the_wheel_answers_a_framed_request(bench) -> None:
    with serial.Serial(bench.announcement["nd_wheel"], 57600, timeout=2) as wheel:
        wheel.write(b"@nonsense\n")
        assert wheel.readline().startswith(b"#? ERR")


def test_seabreeze_reads_spectra_wavelengths_and_temperature(bench) -> None:
    import seabreeze

    seabreeze.use("pyseabreeze", pyusb_backend="libusb1")
    from seabreeze.spectrometers import Spectrometer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        spectrometer = Spectrometer.from_serial_number("NQ5120427")
        try:
            spectrometer.integration_time_micros(20_000)
            frames = np.array([spectrometer.intensities() for _ in range(4)])
            assert frames.shape == (4, 512)
            assert (np.diff(frames, axis=0) != 0).any()
            assert 880 < spectrometer.wavelengths()[0] < 920
            assert 1680 < spectrometer.wavelengths()[-1] < 1730
            cooler = spectrometer.f.thermo_electric
            cooler.set_temperature_setpoint_degrees_celsius(-10.0)
            assert cooler.read_temperature_degrees_celsius() == pytest.approx(-10.0, abs=0.3)
            coefficients = [
                float(spectrometer.f.eeprom.eeprom_read_slot(6 + k).split("\0")[0]) for k in range(8)
            ]
            assert coefficients[0] == pytest.approx(1.0, abs=0.2)
        finally:
            spectrometer.close()
