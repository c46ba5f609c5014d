from __future__ import annotations

import struct
import time

import pytest
import usbip
from usbip.core import NotFound, Stall, USBError

from sim.wires.usb_bus import UsbBus, UsbIdentity, UsbPort, UsbStallError

IDENTITY = UsbIdentity(0x1313, 0x804A, "Thorlabs", "ITC4001", "M1", (0xFE, 3, 1), (2,), (2,), (1,))


class Echo:
    """Sends back what comes in."""

    port: UsbPort | None = None
    resets = 0

    def bulk_out(self, endpoint: int, data: bytes) -> None:
        if data == b"refuse":
            raise UsbStallError("refused")
        if data == b"break":
            raise RuntimeError("a bug")
        assert self.port is not None
        self.port.send(0x82, data)

    def control(self, request: int, value: int, index: int, length: int, data: bytes) -> bytes:
        return struct.pack("<BH", request, value)

    def bus_reset(self) -> None:
        self.resets += 1


def try_import(bus, busid: bytes) -> None:
    with bus.transport.connect() as connection:
        usbip.protocol.client_import(connection, busid)


@pytest.fixture
def bus():
    bus = UsbBus()
    echo = Echo()
    echo.port = bus.add(IDENTITY, echo)
    bus.add(UsbIdentity(0x2457, 0x1026, "Ocean", "NIRQuest", "N1", (255, 0, 0), (1,), (1, 2, 6)), Echo())
    host, port = bus.start().split(":")
    bus.echo = echo
    bus.transport = usbip.USBIP(host, int(port))
    yield bus
    bus.stop()


def test_every_device_is_listed(bus) -> None:
    listed = usbip.host.list_devices(bus.transport)
    assert [(d["busid"], d["idVendor"], d["idProduct"]) for d in listed] == [
        ("1-1", 0x1313, 0x804A),
        ("1-2", 0x2457, 0x1026),
    ]
    assert listed[0]["interfaces"] == [(0xFE, 3, 1)]


def test_transfers_go_both_ways(bus) -> None:
    handle = usbip.open(busid="1-1", transport=bus.transport)
    assert handle.bulk_out(0x02, b"hello") == 5
    assert handle.bulk_in(0x82, 512) == b"hello"
    assert handle.control(0xA1, 7, 5, 0, 24) == b"\x07\x05\x00"
    handle.conn.close()


@pytest.mark.parametrize("payload", [b"refuse", b"break"])
def test_a_refusal_or_a_bug_stalls_the_pipe_and_keeps_the_wire(bus, payload: bytes) -> None:
    handle = usbip.open(busid="1-1", transport=bus.transport)
    with pytest.raises(Stall):
        handle.bulk_out(0x02, payload)
    handle.bulk_out(0x02, b"fine")
    assert handle.bulk_in(0x82, 512) == b"fine"
    handle.conn.close()


def test_a_second_user_is_told_that_the_device_is_busy(bus) -> None:
    first = usbip.open(busid="1-1", transport=bus.transport)
    with pytest.raises(NotFound, match="status 2"):
        try_import(bus, b"1-1")
    first.conn.close()
    try_import(bus, b"1-1")


def test_an_unplugged_device_vanishes_and_comes_back(bus) -> None:
    handle = usbip.open(busid="1-1", transport=bus.transport)
    bus.unplug(bus.echo.port)
    with pytest.raises((USBError, OSError)):
        handle.bulk_out(0x02, b"x")
    handle.conn.close()
    assert [d["busid"] for d in usbip.host.list_devices(bus.transport)] == ["1-2"]
    with pytest.raises(NotFound, match="status 4"):
        try_import(bus, b"1-1")
    bus.replug(bus.echo.port)
    try_import(bus, b"1-1")


def test_a_port_reset_flushes_what_was_queued(bus) -> None:
    handle = usbip.open(busid="1-1", transport=bus.transport)
    handle.bulk_out(0x02, b"stale")
    before = bus.echo.resets
    handle.control(0x23, 3, 4, 0, b"")
    assert bus.echo.resets == before + 1
    handle.bulk_out(0x02, b"fresh")
    assert handle.bulk_in(0x82, 512) == b"fresh"
    handle.conn.close()


def test_a_transfer_never_waits_for_an_acknowledgement(bus) -> None:
    handle = usbip.open(busid="1-1", transport=bus.transport)
    handle.conn.sock.setsockopt(6, 1, 1)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        handle.control(0xA1, 7, 0, 0, 24)
        times.append(time.perf_counter() - start)
    handle.conn.close()
    assert sorted(times)[100] < 10e-3  # delayed acknowledgements take 40 ms
