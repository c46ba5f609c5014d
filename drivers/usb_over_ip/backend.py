"""A pyusb backend whose devices are on a USB/IP bus."""

from __future__ import annotations

import array
import errno
import logging
import struct
import threading
from dataclasses import dataclass, field
from typing import Any

import usb.backend
import usb.core

from drivers.usb_over_ip import descriptors, wire
from drivers.usb_over_ip.link import DeviceLink, list_devices, no_device

_log = logging.getLogger(__name__)

_DESCRIBE_TIMEOUT_MS = 2000
_RESET_TIMEOUT_MS = 500
_STANDARD_IN = 0x80
_STANDARD_OUT = 0x00
_TO_INTERFACE = 0x01
_TO_ENDPOINT = 0x02
_TO_PORT = 0x23
_CLEAR_FEATURE, _SET_FEATURE, _GET_DESCRIPTOR = 0x01, 0x03, 0x06
_GET_CONFIGURATION, _SET_CONFIGURATION, _SET_INTERFACE = 0x08, 0x09, 0x0B
_ENDPOINT_HALT, _PORT_RESET = 0, 4
_CONTROL_IN = 0x80

_Buffer = array.array


@dataclass(eq=False)
class DeviceHandle:
    """One opening of a device; several share the connection, as several handles share a cable."""

    device: wire.BusDevice
    link: DeviceLink
    claimed: set[int] = field(default_factory=set)


class UsbOverIpBackend(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """What `usb.core.find` and everything above it needs, over USB/IP.

    One TCP connection per opened device and process; transfers from any thread.
    """

    # seabreeze looks for this module name to know whether it must reset a device before it lets go.
    __module__ = "usb.backend.libusb1"

    def __init__(self, server: tuple[str, int]) -> None:
        """Make a backend; nothing is sent yet.

        Args:
            server: host and port of the USB/IP server; may be changed later with `retarget`.
        """
        super().__init__()
        self._server = server
        self._lock = threading.RLock()
        self._handles: dict[wire.BusDevice, list[DeviceHandle]] = {}
        self._descriptions: dict[wire.BusDevice, descriptors.DeviceDescription] = {}

    @property
    def server(self) -> tuple[str, int]:
        """Get host and port in use."""
        return self._server

    def retarget(self, server: tuple[str, int]) -> None:
        """Look at another server from now on; devices already open stay where they are."""
        with self._lock:
            self._server = server
            self._descriptions.clear()

    def enumerate_devices(self) -> list[wire.BusDevice]:
        """List what is on the bus; a server that doesn't answer is an empty bus, as for libusb."""
        server = self._server
        try:
            return list_devices(server)
        except OSError as error:
            _log.warning("USB/IP server %s:%d does not answer: %s", *server, error)
            with self._lock:
                self._descriptions.clear()
            return []

    def get_parent(self, dev: wire.BusDevice) -> None:
        """There are no hubs on this bus."""

    def get_device_descriptor(self, dev: wire.BusDevice) -> descriptors.DeviceDescriptor:
        """Describe the device; one in use elsewhere by what the server lists."""
        try:
            return self._describe(dev).device
        except usb.core.USBError as error:
            _log.debug("%s can't be described: %s", dev.bus_id, error)
            return descriptors.device_from_bus(dev)

    def get_configuration_descriptor(
        self, dev: wire.BusDevice, config: int
    ) -> descriptors.ConfigurationDescriptor:
        """Return configuration number `config`; IndexError past the last, which ends pyusb's loops."""
        return self._describe(dev).configurations[config]

    def get_interface_descriptor(
        self, dev: wire.BusDevice, intf: int, alt: int, config: int
    ) -> descriptors.InterfaceDescriptor:
        """Return one alternate setting of one interface."""
        return self._describe(dev).configurations[config].interfaces[intf][alt]

    def get_endpoint_descriptor(
        self, dev: wire.BusDevice, ep: int, intf: int, alt: int, config: int
    ) -> descriptors.EndpointDescriptor:
        """Return one endpoint of one alternate setting."""
        return self._describe(dev).configurations[config].interfaces[intf][alt].endpoints[ep]

    def _describe(self, dev: wire.BusDevice) -> descriptors.DeviceDescription:
        with self._lock:
            known = self._descriptions.get(dev)
            if known is not None:
                return known
            handle = self.open_device(dev)
            try:
                description = self._read_description(handle)
            finally:
                self.close_device(handle)
            self._descriptions[dev] = description
            return description

    def _read_description(self, handle: DeviceHandle) -> descriptors.DeviceDescription:
        def read(kind: int, index: int, length: int) -> bytes:
            value = kind << 8 | index
            setup = struct.pack("<BBHHH", _STANDARD_IN, _GET_DESCRIPTOR, value, 0, length)
            return handle.link.transfer(0, setup=setup, read_length=length, timeout_ms=_DESCRIBE_TIMEOUT_MS)[
                1
            ]

        try:
            raw = read(descriptors.DEVICE_DESCRIPTOR, 0, descriptors.DEVICE_DESCRIPTOR_LENGTH)
            device = descriptors.parse_device(raw, handle.device)
            configurations = []
            for index in range(device.bNumConfigurations):
                header = read(
                    descriptors.CONFIGURATION_DESCRIPTOR, index, descriptors.CONFIGURATION_HEADER_LENGTH
                )
                total = struct.unpack_from("<H", header, 2)[0]
                whole = read(descriptors.CONFIGURATION_DESCRIPTOR, index, total)
                configurations.append(descriptors.parse_configuration(whole))
        except struct.error as error:
            raise usb.core.USBError("a broken descriptor", errno=errno.EPROTO) from error
        return descriptors.DeviceDescription(device, tuple(configurations))

    def open_device(self, dev: wire.BusDevice) -> DeviceHandle:
        """Open it, sharing the connection with other openings in this process."""
        with self._lock:
            shared = [handle for handle in self._handles.get(dev, []) if handle.link.alive]
            link = shared[0].link if shared else DeviceLink(dev)
            handle = DeviceHandle(dev, link)
            self._handles[dev] = [*shared, handle]
            return handle

    def close_device(self, dev_handle: DeviceHandle) -> None:
        """Close it; the last opening closes the connection."""
        with self._lock:
            dev_handle.claimed.clear()
            left = [handle for handle in self._handles.get(dev_handle.device, []) if handle is not dev_handle]
            if left:
                self._handles[dev_handle.device] = left
            else:
                self._handles.pop(dev_handle.device, None)
            if not any(handle.link is dev_handle.link for handle in left):
                dev_handle.link.close()

    def _others(self, dev_handle: DeviceHandle) -> set[int]:
        """Return the interfaces that other openings have claimed."""
        claimed: set[int] = set()
        for handle in self._handles.get(dev_handle.device, []):
            if handle is not dev_handle:
                claimed |= handle.claimed
        return claimed

    def claim_interface(self, dev_handle: DeviceHandle, intf: int) -> None:
        """Reserve an interface; errno 16 when another opening has it."""
        with self._lock:
            if not dev_handle.link.alive:
                raise no_device("the connection is gone")
            if intf in self._others(dev_handle):
                raise usb.core.USBError("Resource busy: claimed in this program", errno=errno.EBUSY)
            dev_handle.claimed.add(intf)

    def release_interface(self, dev_handle: DeviceHandle, intf: int) -> None:
        """Give an interface back."""
        with self._lock:
            dev_handle.claimed.discard(intf)

    def set_configuration(self, dev_handle: DeviceHandle, config_value: int) -> None:
        """Choose a configuration; errno 16 while another opening uses an interface."""
        with self._lock:
            if self._others(dev_handle):
                raise usb.core.USBError("Resource busy: in use in this program", errno=errno.EBUSY)
        self._control_out(dev_handle, _STANDARD_OUT, _SET_CONFIGURATION, config_value, 0)

    def get_configuration(self, dev_handle: DeviceHandle) -> int:
        """Ask which configuration is active; 0 is none."""
        setup = struct.pack("<BBHHH", _STANDARD_IN, _GET_CONFIGURATION, 0, 0, 1)
        _, data = dev_handle.link.transfer(0, setup=setup, read_length=1, timeout_ms=_DESCRIBE_TIMEOUT_MS)
        return data[0] if data else 0

    def set_interface_altsetting(self, dev_handle: DeviceHandle, intf: int, altsetting: int) -> None:
        """Choose an alternate setting."""
        self._control_out(dev_handle, _TO_INTERFACE, _SET_INTERFACE, altsetting, intf)

    def clear_halt(self, dev_handle: DeviceHandle, ep: int) -> None:
        """End a stall."""
        self._control_out(dev_handle, _TO_ENDPOINT, _CLEAR_FEATURE, _ENDPOINT_HALT, ep)

    def reset_device(self, dev_handle: DeviceHandle) -> None:
        """Ask for a port reset the way the kernel's server understands; others may ignore it."""
        try:
            self._control_out(dev_handle, _TO_PORT, _SET_FEATURE, _PORT_RESET, 0, _RESET_TIMEOUT_MS)
        except usb.core.USBError as error:
            if error.errno == errno.ENODEV:
                raise
            _log.debug("%s does not know a port reset: %s", dev_handle.device.bus_id, error)

    @staticmethod
    def _control_out(
        dev_handle: DeviceHandle,
        request_type: int,
        request: int,
        value: int,
        index: int,
        timeout_ms: int = _DESCRIBE_TIMEOUT_MS,
    ) -> None:
        setup = struct.pack("<BBHHH", request_type, request, value, index, 0)
        dev_handle.link.transfer(0, setup=setup, timeout_ms=timeout_ms)

    def is_kernel_driver_active(self, dev_handle: DeviceHandle, intf: int) -> bool:
        """No kernel driver can sit on such a device."""
        return False

    def detach_kernel_driver(self, dev_handle: DeviceHandle, intf: int) -> None:
        """Nothing to detach."""

    def attach_kernel_driver(self, dev_handle: DeviceHandle, intf: int) -> None:
        """Nothing to attach."""

    def bulk_write(
        self, dev_handle: DeviceHandle, ep: int, intf: int, data: _Buffer[Any], timeout: int
    ) -> int:
        """Write; returns the number of bytes taken."""
        return dev_handle.link.transfer(ep, data=data.tobytes(), timeout_ms=timeout)[0]

    def bulk_read(
        self, dev_handle: DeviceHandle, ep: int, intf: int, buff: _Buffer[Any], timeout: int
    ) -> int:
        """Read into `buff`; returns the number of bytes got."""
        return self._read_into(dev_handle, ep, buff, timeout, interval=0)

    def intr_write(
        self, dev_handle: DeviceHandle, ep: int, intf: int, data: _Buffer[Any], timeout: int
    ) -> int:
        """Write to an interrupt endpoint."""
        return dev_handle.link.transfer(ep, data=data.tobytes(), interval=1, timeout_ms=timeout)[0]

    def intr_read(
        self, dev_handle: DeviceHandle, ep: int, intf: int, buff: _Buffer[Any], timeout: int
    ) -> int:
        """Read from an interrupt endpoint."""
        return self._read_into(dev_handle, ep, buff, timeout, interval=1)

    @staticmethod
    def _read_into(dev_handle: DeviceHandle, ep: int, buff: _Buffer[Any], timeout: int, interval: int) -> int:
        wanted = len(buff) * buff.itemsize
        _, data = dev_handle.link.transfer(ep, read_length=wanted, interval=interval, timeout_ms=timeout)
        return _fill(buff, data)

    def ctrl_transfer(
        self,
        dev_handle: DeviceHandle,
        bmRequestType: int,  # noqa: N803 - pyusb's names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: _Buffer[Any],
        timeout: int,
    ) -> int:
        """Do a control transfer; IN fills `data`. Returns the number of bytes."""
        length = len(data) * data.itemsize
        setup = struct.pack("<BBHHH", bmRequestType, bRequest, wValue, wIndex, length)
        if bmRequestType & _CONTROL_IN:
            _, received = dev_handle.link.transfer(0, setup=setup, read_length=length, timeout_ms=timeout)
            return _fill(data, received)
        return dev_handle.link.transfer(0, setup=setup, data=data.tobytes(), timeout_ms=timeout)[0]


def _fill(buffer: _Buffer[Any], data: bytes) -> int:
    """Copy into pyusb's buffer; more than it asked for is an overflow, as for libusb."""
    view = memoryview(buffer).cast("B")
    if len(data) > len(view):
        raise usb.core.USBError("Overflow", errno=errno.EOVERFLOW)
    view[: len(data)] = data
    return len(data)
