"""USB devices over TCP: a pyusb backend for a USB/IP bus.

pyvisa-py, seabreeze and everything else above pyusb run unmodified on it.
"""

from drivers.usb_over_ip.backend import UsbOverIpBackend
from drivers.usb_over_ip.link import DeviceLink, list_devices
from drivers.usb_over_ip.registration import parse_bus_address, register_usb_bus, registered_usb_bus
from drivers.usb_over_ip.wire import BusDevice

__all__ = [
    "BusDevice",
    "DeviceLink",
    "UsbOverIpBackend",
    "list_devices",
    "parse_bus_address",
    "register_usb_bus",
    "registered_usb_bus",
]
