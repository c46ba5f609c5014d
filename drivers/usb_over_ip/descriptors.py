"""USB descriptors as pyusb wants them: objects whose fields have the names of the specification."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from drivers.usb_over_ip.wire import BusDevice

DEVICE_DESCRIPTOR = 1
CONFIGURATION_DESCRIPTOR = 2
INTERFACE_DESCRIPTOR = 4
ENDPOINT_DESCRIPTOR = 5
DEVICE_DESCRIPTOR_LENGTH = 18
CONFIGURATION_HEADER_LENGTH = 9

_KERNEL_TO_LIBUSB_SPEED = {1: 1, 2: 2, 3: 3, 5: 4, 6: 5}
_UNREAD_STRING_INDEX = 3
"""Stands for a serial number that can't be asked now, so that asking for it tells why."""


@dataclass(frozen=True)
class DeviceDescriptor:
    """Standard device descriptor, with the place on the bus that libusb adds."""

    bLength: int  # noqa: N815 - the names of the specification, which pyusb asks for
    bDescriptorType: int  # noqa: N815
    bcdUSB: int  # noqa: N815
    bDeviceClass: int  # noqa: N815
    bDeviceSubClass: int  # noqa: N815
    bDeviceProtocol: int  # noqa: N815
    bMaxPacketSize0: int  # noqa: N815
    idVendor: int  # noqa: N815
    idProduct: int  # noqa: N815
    bcdDevice: int  # noqa: N815
    iManufacturer: int  # noqa: N815
    iProduct: int  # noqa: N815
    iSerialNumber: int  # noqa: N815
    bNumConfigurations: int  # noqa: N815
    bus: int
    address: int
    port_number: int
    port_numbers: tuple[int, ...]
    speed: int | None


@dataclass(frozen=True)
class EndpointDescriptor:
    """Standard endpoint descriptor."""

    bLength: int  # noqa: N815
    bDescriptorType: int  # noqa: N815
    bEndpointAddress: int  # noqa: N815
    bmAttributes: int  # noqa: N815
    wMaxPacketSize: int  # noqa: N815
    bInterval: int  # noqa: N815
    bRefresh: int = 0  # noqa: N815
    bSynchAddress: int = 0  # noqa: N815
    extra_descriptors: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class InterfaceDescriptor:
    """Standard interface descriptor with its endpoints."""

    bLength: int  # noqa: N815
    bDescriptorType: int  # noqa: N815
    bInterfaceNumber: int  # noqa: N815
    bAlternateSetting: int  # noqa: N815
    bNumEndpoints: int  # noqa: N815
    bInterfaceClass: int  # noqa: N815
    bInterfaceSubClass: int  # noqa: N815
    bInterfaceProtocol: int  # noqa: N815
    iInterface: int  # noqa: N815
    extra_descriptors: list[int] = field(default_factory=list)
    endpoints: list[EndpointDescriptor] = field(default_factory=list)


@dataclass(frozen=True)
class ConfigurationDescriptor:
    """Standard configuration descriptor with its interfaces: [interface][alternate setting]."""

    bLength: int  # noqa: N815
    bDescriptorType: int  # noqa: N815
    wTotalLength: int  # noqa: N815
    bNumInterfaces: int  # noqa: N815
    bConfigurationValue: int  # noqa: N815
    iConfiguration: int  # noqa: N815
    bmAttributes: int  # noqa: N815
    bMaxPower: int  # noqa: N815
    extra_descriptors: list[int] = field(default_factory=list)
    interfaces: list[list[InterfaceDescriptor]] = field(default_factory=list)


@dataclass(frozen=True)
class DeviceDescription:
    """Everything pyusb asks about a device before it opens it."""

    device: DeviceDescriptor
    configurations: tuple[ConfigurationDescriptor, ...]


def parse_device(raw: bytes, bus_device: BusDevice) -> DeviceDescriptor:
    """Read the 18-byte device descriptor."""
    fields: tuple[Any, ...] = struct.unpack("<BBHBBBBHHHBBBB", raw[:DEVICE_DESCRIPTOR_LENGTH])
    return DeviceDescriptor(*(fields + _place(bus_device)))


def device_from_bus(bus_device: BusDevice) -> DeviceDescriptor:
    """Describe a device that can't be asked (in use elsewhere) by what the server lists."""
    return DeviceDescriptor(
        DEVICE_DESCRIPTOR_LENGTH,
        DEVICE_DESCRIPTOR,
        0x0200,
        bus_device.device_class,
        bus_device.device_subclass,
        bus_device.device_protocol,
        64,
        bus_device.vendor_id,
        bus_device.product_id,
        bus_device.release,
        0,
        0,
        _UNREAD_STRING_INDEX,
        bus_device.configurations,
        *_place(bus_device),
    )


def _place(bus_device: BusDevice) -> tuple[int, int, int, tuple[int, ...], int | None]:
    _, _, port = bus_device.bus_id.rpartition("-")
    ports = tuple(int(part) for part in port.split(".") if part.isdigit()) or (0,)
    speed = _KERNEL_TO_LIBUSB_SPEED.get(bus_device.speed)
    return bus_device.bus_number, bus_device.device_number, ports[-1], ports, speed


def parse_configuration(raw: bytes) -> ConfigurationDescriptor:
    """Read a whole configuration: interfaces, alternate settings, endpoints, the rest as extra bytes."""
    fields = struct.unpack("<BBHBBBBB", raw[:CONFIGURATION_HEADER_LENGTH])
    configuration = ConfigurationDescriptor(*fields)
    by_number: dict[int, list[InterfaceDescriptor]] = {}
    extra = configuration.extra_descriptors
    interface: InterfaceDescriptor | None = None
    for block in _blocks(raw[fields[0] :]):
        if block[1] == INTERFACE_DESCRIPTOR and len(block) >= 9:
            interface = InterfaceDescriptor(*block[:9])
            by_number.setdefault(interface.bInterfaceNumber, []).append(interface)
            extra = interface.extra_descriptors
        elif block[1] == ENDPOINT_DESCRIPTOR and len(block) >= 7 and interface is not None:
            endpoint = EndpointDescriptor(*struct.unpack("<BBBBHB", block[:7]))
            interface.endpoints.append(endpoint)
            extra = endpoint.extra_descriptors
        else:
            extra.extend(block)
    configuration.interfaces.extend(by_number.values())
    return configuration


def _blocks(raw: bytes) -> Iterator[bytes]:
    """Split into descriptors; a broken length ends it rather than looping for ever."""
    while len(raw) >= 2 and 2 <= raw[0] <= len(raw):
        yield raw[: raw[0]]
        raw = raw[raw[0] :]
