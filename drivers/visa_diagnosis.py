"""Why an instrument could not be opened, in words an operator can act on."""

from __future__ import annotations

import errno
import logging
import re

import pyvisa
import usb.core

from drivers.usb_over_ip import list_devices, parse_bus_address, registered_usb_bus

_log = logging.getLogger(__name__)

UDEV_RULE = (
    'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor:04x}", ATTR{{idProduct}}=="{product:04x}", MODE="0666"'
)
UDEV_FILE = "/etc/udev/rules.d/99-plqy-rig.rules"
_USB_RESOURCE = re.compile(
    r"USB\d*::(0[xX][0-9a-fA-F]+|\d+)::(0[xX][0-9a-fA-F]+|\d+)::([^:]+)(::\d+)?::INSTR"
)


def explain_missing(resource: str, visa_library: str, error: BaseException) -> str:
    """Say why `resource` could not be opened and what is there instead.

    Args:
        resource: the VISA resource name asked for.
        visa_library: the library it was asked of.
        error: what the library raised.
    """
    bus = _dead_bus()
    if bus is not None:
        return bus
    if visa_library == "@py":
        on_the_bus = _usb_trouble(resource, error)
        if on_the_bus is not None:
            return on_the_bus
    there = list_visa_resources(visa_library)
    found = (
        "found: " + ", ".join(there) if there else "no instrument was found at all; check cables and power"
    )
    return f"{error}; {found}"


def _dead_bus() -> str | None:
    """Tell when the simulated bus itself doesn't answer."""
    address = registered_usb_bus()
    if address is None:
        return None
    try:
        list_devices(parse_bus_address(address))
    except OSError as error:
        return f"the USB bus {address} does not answer ({error}); is the bench running?"
    return None


def _usb_trouble(resource: str, error: BaseException) -> str | None:
    """Look below VISA: is the device there but busy, or there without permission?"""
    match = _USB_RESOURCE.fullmatch(resource)
    if match is None:
        return None
    vendor, product = int(match[1], 0), int(match[2], 0)
    if isinstance(error, OSError):
        known = _known_trouble(error, vendor, product)
        if known is not None:
            return known
    try:
        devices = list(usb.core.find(find_all=True, idVendor=vendor, idProduct=product))
    except (usb.core.NoBackendError, usb.core.USBError) as missing:
        return f"USB can't be used on this computer: {missing} (install libusb 1.0)"
    for device in devices:
        try:
            device.get_active_configuration()
        except usb.core.USBError as trouble:
            known = _known_trouble(trouble, vendor, product)
            if known is not None:
                return known
            _log.debug("%s: %s", device, trouble)
    return None


def _known_trouble(error: OSError, vendor: int, product: int) -> str | None:
    if error.errno == errno.EACCES:
        return no_permission(vendor, product)
    if error.errno == errno.EBUSY:
        return "in use by another program (or twice in this one); close that one first"
    return None


def no_permission(vendor: int, product: int) -> str:
    """Say which udev rule is missing."""
    rule = UDEV_RULE.format(vendor=vendor, product=product)
    return f"no permission; put this line into {UDEV_FILE} and plug the instrument in again: {rule}"


def list_visa_resources(visa_library: str) -> list[str]:
    """List every USB instrument that VISA sees; empty when it can't look.

    Args:
        visa_library: ``"@py"``, ``""`` for the system's library, or a path.
    """
    try:
        if visa_library == "@py":
            # Asking pyvisa-py for everything would search the network for a second.
            from pyvisa_py.usb import USBInstrSession

            names = USBInstrSession.list_resources()
        else:
            names = pyvisa.ResourceManager(visa_library).list_resources("USB?*::INSTR")
    except (pyvisa.errors.Error, ImportError, OSError, ValueError) as error:
        _log.warning("VISA resources can't be listed: %s", error)
        return []
    return sorted(_usual_spelling(name) for name in names)


def _usual_spelling(resource: str) -> str:
    """Write the ids in hexadecimal, as they stand on the vendors' pages and in rig files."""
    match = _USB_RESOURCE.fullmatch(resource)
    if match is None:
        return resource
    return f"USB0::0x{int(match[1], 0):04X}::0x{int(match[2], 0):04X}::{match[3]}::INSTR"
