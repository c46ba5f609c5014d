"""The device clear of a USB test and measurement instrument."""

from __future__ import annotations

import logging
from typing import Any

import pyvisa.errors
import usb.core

from drivers.errors import InstrumentProtocolError

_log = logging.getLogger(__name__)

_INITIATE_CLEAR, _CHECK_CLEAR_STATUS = 5, 6
_STATUS_SUCCESS, _STATUS_PENDING = 1, 2
_CLASS_INTERFACE_IN = 0xA1
_CLEAR_POLLS = 50


def clear_usbtmc(connection: Any) -> None:
    """Do a device clear, by VISA where it can, else with USBTMC's own requests.

    pyvisa-py has no viClear for USB. The requests are those of the USBTMC specification 1.0,
    sections 4.2.1.6 and 4.2.1.7.
    """
    try:
        connection.clear()
    except (pyvisa.errors.VisaIOError, NotImplementedError) as error:
        interface = _pyvisa_py_interface(connection)
        if interface is None:
            raise InstrumentProtocolError("VISA", f"no device clear: {error}") from error
    else:
        return
    device, number = interface.usb_dev, interface.usb_intf.bInterfaceNumber
    timeout_ms = min(int(connection.timeout), 2000)
    status = device.ctrl_transfer(_CLASS_INTERFACE_IN, _INITIATE_CLEAR, 0, number, 1, timeout_ms)
    if status[0] != _STATUS_SUCCESS:
        raise InstrumentProtocolError("VISA", f"device clear refused (status {status[0]})")
    for _ in range(_CLEAR_POLLS):
        reply = device.ctrl_transfer(_CLASS_INTERFACE_IN, _CHECK_CLEAR_STATUS, 0, number, 2, timeout_ms)
        if reply[0] != _STATUS_PENDING:
            break
        if reply[1] & 1:
            _discard(interface)
    device.clear_halt(interface.usb_send_ep.bEndpointAddress)


def _pyvisa_py_interface(connection: Any) -> Any:
    """Return pyvisa-py's USBTMC object behind a resource, None for another library."""
    sessions = getattr(connection.visalib, "sessions", None)
    try:
        return sessions[connection.session].interface if sessions is not None else None
    except (KeyError, AttributeError):
        return None


def _discard(interface: Any) -> None:
    try:
        interface.usb_recv_ep.read(interface.usb_recv_ep.wMaxPacketSize, 100)
    except usb.core.USBTimeoutError:
        _log.debug("nothing to discard after all")
