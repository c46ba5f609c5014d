"""The pyusb backend: pyusb unmodified on top of it."""

from __future__ import annotations

import errno
import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import usb.backend
import usb.core
import usb.util

from drivers.errors import ConfigurationError
from drivers.usb_over_ip import (
    UsbOverIpBackend,
    parse_bus_address,
    register_usb_bus,
    registered_usb_bus,
)


@pytest.fixture
def backend(server: Any) -> UsbOverIpBackend:
    return UsbOverIpBackend(server.address)


@pytest.fixture
def device(backend: UsbOverIpBackend) -> Iterator[usb.core.Device]:
    found = usb.core.find(backend=backend)
    yield found
    usb.util.dispose_resources(found)


@pytest.fixture
def unregistered() -> Iterator[None]:
    """Keep what other tests registered, or did not."""
    before, module = registered_usb_bus(), sys.modules.get("usb.backend.libusb1")
    register_usb_bus(None)
    sys.modules.pop("usb.backend.libusb1", None)
    yield
    register_usb_bus(None)
    if before is not None:
        register_usb_bus(before)
    elif module is not None:
        sys.modules["usb.backend.libusb1"] = module


def test_pyusb_finds_the_device_with_its_descriptors(device: usb.core.Device) -> None:
    assert (device.idVendor, device.idProduct, device.bus, device.address) == (0x1209, 1, 1, 2)
    assert [endpoint.bEndpointAddress for endpoint in device[0][(0, 0)]] == [0x01, 0x81, 0x82, 0x83]
    assert [endpoint.wMaxPacketSize for endpoint in device[0][(0, 0)]] == [512] * 4


def test_pyusb_writes_and_reads(device: usb.core.Device) -> None:
    assert device.write(0x01, b"abc", timeout=1000) == 3
    assert device.read(0x81, 64, timeout=1000).tobytes() == b"abc"


def test_a_read_that_expires_is_pyusbs_timeout(device: usb.core.Device) -> None:
    with pytest.raises(usb.core.USBTimeoutError) as caught:
        device.read(0x82, 64, timeout=20)
    assert caught.value.errno == errno.ETIMEDOUT


def test_descriptors_are_read_once_and_one_connection_serves_all_openings(
    backend: UsbOverIpBackend, server: Any
) -> None:
    first, second = usb.core.find(backend=backend), usb.core.find(backend=backend)
    first.set_configuration()
    second.get_active_configuration()
    assert server.imports == 2, "one for the descriptors, one for both openings"
    usb.util.dispose_resources(first)
    second.get_active_configuration()
    usb.util.dispose_resources(second)


def test_an_interface_claimed_by_one_opening_is_busy_for_another(backend: UsbOverIpBackend) -> None:
    first, second = usb.core.find(backend=backend), usb.core.find(backend=backend)
    usb.util.claim_interface(first, 0)
    with pytest.raises(usb.core.USBError) as caught:
        usb.util.claim_interface(second, 0)
    assert caught.value.errno == errno.EBUSY
    usb.util.dispose_resources(first)
    usb.util.claim_interface(second, 0)
    usb.util.dispose_resources(second)


def test_a_device_in_use_elsewhere_is_listed_and_says_so_when_opened(server: Any) -> None:
    server.busy = True
    device = usb.core.find(backend=UsbOverIpBackend(server.address))
    assert device.idProduct == 1
    with pytest.raises(usb.core.USBError) as caught:
        device.set_configuration()
    assert caught.value.errno == errno.EBUSY


def test_an_empty_bus_where_no_server_answers(server: Any) -> None:
    server.stop()
    assert list(usb.core.find(find_all=True, backend=UsbOverIpBackend(server.address))) == []


def test_pyusb_uses_a_registered_bus_without_being_told(server: Any, unregistered: None) -> None:
    host, port = server.address
    register_usb_bus(f"usbip://{host}:{port}")
    assert usb.core.find(idVendor=0x1209) is not None
    module = importlib.import_module("usb.backend.libusb1")
    assert module is usb.backend.libusb1
    assert inspect.getmodule(module.get_backend()) is module, "seabreeze looks for this name"


def test_registering_again_looks_at_another_bus(server: Any, unregistered: None) -> None:
    register_usb_bus("usbip://127.0.0.1:1")
    module = sys.modules["usb.backend.libusb1"]
    assert list(usb.core.find(find_all=True)) == []
    host, port = server.address
    register_usb_bus(f"usbip://{host}:{port}")
    assert sys.modules["usb.backend.libusb1"] is module
    assert registered_usb_bus() == f"usbip://{host}:{port}"
    assert usb.core.find(idVendor=0x1209) is not None


def test_a_program_that_already_uses_its_own_usb_is_refused(unregistered: None) -> None:
    sys.modules["usb.backend.libusb1"] = sys  # anything that is not ours
    try:
        with pytest.raises(ConfigurationError, match="own USB"):
            register_usb_bus("usbip://127.0.0.1:1")
    finally:
        del sys.modules["usb.backend.libusb1"]


@pytest.mark.parametrize("address", ["127.0.0.1:3240", "http://127.0.0.1", "usbip://", "usbip://h:x", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="usb_bus"):
        parse_bus_address(address)


def test_the_port_has_the_kernels_default() -> None:
    assert parse_bus_address("usbip://bench.local") == ("bench.local", 3240)
