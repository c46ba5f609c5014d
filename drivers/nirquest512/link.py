"""The NIRQuest512 on its USB wire: python-seabreeze below, our errors above.

seabreeze opens the device and knows its endpoints; bytes are read and checked here, because seabreeze
drops the synchronisation byte unchecked and scales counts by an EEPROM slot that may be empty.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import struct
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import usb.core

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentTimeoutError,
    RigError,
)
from drivers.nirquest512.eeprom import SPECTROMETER_NAME
from drivers.usb_over_ip import registered_usb_bus
from drivers.visa_diagnosis import no_permission
from drivers.visa_link import in_words, raise_usb_error

_log = logging.getLogger(__name__)

VENDOR_ID, PRODUCT_ID = 0x2457, 0x1026
SPECTRUM_BYTES = 1025
REPLY_TIMEOUT_S = 1.0
_MODEL = "NIRQUEST512"
_DRAIN_PACKETS = 16
_QUIET_S = 0.001
_OPEN_ATTEMPTS = 2


class SpectrometerLink(Protocol):
    """What the driver needs of the wire; a test may put its own in place."""

    serial_number: str

    def query(self, command: bytes, length: int) -> bytes:
        """Send a command and read its reply of at most `length` bytes."""
        ...

    def send(self, command: bytes) -> None:
        """Send a command that has no reply."""
        ...

    def read_spectrum(self, timeout_s: float) -> bytes:
        """Read one spectrum packet, real-second time-out."""
        ...

    def discard_spectra(self) -> int:
        """Throw away the spectrum packets that are waiting; returns how many."""
        ...

    def mark_stale(self) -> None:
        """Throw away waiting replies before the next query."""
        ...

    def reopen(self) -> None:
        """Close and open again: what was under way is forgotten."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


@functools.cache
def _seabreeze_errors() -> tuple[type[Any], type[Any], type[Any]]:
    """Its "in use", its transport's error and its own; looked up once, because each exchange needs them."""
    from seabreeze.pyseabreeze.exceptions import SeaBreezeError
    from seabreeze.pyseabreeze.transport import USBTransportDeviceInUse, USBTransportError

    return USBTransportDeviceInUse, USBTransportError, SeaBreezeError


@contextlib.contextmanager
def translated(action: str) -> Iterator[None]:
    """Let only our errors out: one place for everything seabreeze, pyusb and struct may raise."""
    in_use, transport_error, seabreeze_error = _seabreeze_errors()
    try:
        yield
    except RigError:
        raise
    except (usb.core.USBError, transport_error) as error:
        if error.errno == errno.EACCES:
            raise InstrumentConnectionError(
                SPECTROMETER_NAME, no_permission(VENDOR_ID, PRODUCT_ID)
            ) from error
        raise_usb_error(_as_usb_error(error), SPECTROMETER_NAME, action)
    except in_use as error:
        raise InstrumentConnectionError(
            SPECTROMETER_NAME, f"in use by another program (while {action}); close that one first"
        ) from error
    except (ReferenceError, RuntimeError, AttributeError) as error:
        if "backend" in str(error).lower():
            raise InstrumentConnectionError(
                SPECTROMETER_NAME, f"USB can't be used on this computer ({error}); install libusb 1.0"
            ) from error
        # Dead weak references, "device not opened": all of them mean that the device was closed.
        raise InstrumentConnectionError(
            SPECTROMETER_NAME, f"the connection is closed (while {action}); connect again"
        ) from error
    except (seabreeze_error, ValueError, struct.error, IndexError, TypeError) as error:
        raise InstrumentProtocolError(SPECTROMETER_NAME, f"while {action}: {in_words(error)}") from error
    except OSError as error:
        raise InstrumentConnectionError(SPECTROMETER_NAME, f"lost while {action}: {error}") from error


def _as_usb_error(error: Any) -> usb.core.USBError:
    if isinstance(error, usb.core.USBError):
        return error
    return usb.core.USBError(str(error), errno=error.errno)


class SeabreezeLink:
    """One opened NIRQuest512.

    Commands and spectra have locks of their own, so that the device can be asked for its temperature
    while a long exposure is being waited for.
    """

    def __init__(self, serial_number: str | None, pyusb_backend: str | None = None) -> None:
        """Find and open it.

        Args:
            serial_number: None takes the only one there is.
            pyusb_backend: name of a pyusb backend; None takes pyusb's first.

        Raises:
            InstrumentConnectionError: not there (says which are), in use, no permission.
        """
        self._pyusb_backend = pyusb_backend
        self._exchange_lock = threading.RLock()
        self._stale_replies = False
        self._device: Any = find_device(serial_number, pyusb_backend)
        self.serial_number = str(self._device.serial_number)

    @property
    def _protocol(self) -> Any:
        return self._device.features["eeprom"][0].protocol

    def send(self, command: bytes) -> None:
        """Send a command that has no reply (nothing confirms it)."""
        with self._exchange_lock, translated(f"sending command 0x{command[0]:02x}"):
            self._protocol.transport.write(command, timeout_ms=round(REPLY_TIMEOUT_S * 1000))

    def query(self, command: bytes, length: int) -> bytes:
        """Send a command and read its reply of at most `length` bytes.

        Raises:
            InstrumentTimeoutError: no reply; should it come late, it is thrown away.
        """
        with self._exchange_lock, translated(f"asking command 0x{command[0]:02x}"):
            if self._stale_replies:
                self._drain("low_speed", 64)
                self._stale_replies = False
            self._stale_replies = True
            timeout_ms = round(REPLY_TIMEOUT_S * 1000)
            self._protocol.transport.write(command, timeout_ms=timeout_ms)
            reply: bytes = self._protocol.receive(size=length, timeout_ms=timeout_ms, mode="low_speed")
            self._stale_replies = False
            return reply

    def read_spectrum(self, timeout_s: float) -> bytes:
        """Read one spectrum packet.

        Raises:
            InstrumentTimeoutError: none came within `timeout_s` real seconds.
        """
        with translated("reading a spectrum"):
            timeout_ms = max(round(timeout_s * 1000), 1)
            packet: bytes = self._protocol.receive(
                size=SPECTRUM_BYTES, timeout_ms=timeout_ms, mode="high_speed"
            )
            return packet

    def discard_spectra(self) -> int:
        """Throw away the spectrum packets that are waiting; returns how many reads it took."""
        with translated("throwing old spectra away"):
            return self._drain("high_speed", SPECTRUM_BYTES)

    def _drain(self, mode: str, size: int) -> int:
        for count in range(_DRAIN_PACKETS):
            try:
                self._protocol.receive(size=size, timeout_ms=max(round(_QUIET_S * 1000), 1), mode=mode)
            except usb.core.USBTimeoutError:
                return count
        raise InstrumentProtocolError(SPECTROMETER_NAME, "sends without being asked; switch it off and on")

    def mark_stale(self) -> None:
        """Throw away what is waiting before the next query: the last reply did not fit its question."""
        self._stale_replies = True

    def reopen(self) -> None:
        """Close and open again.

        Raises:
            InstrumentConnectionError: it has gone.
        """
        with self._exchange_lock:
            self.close()
            self._device = find_device(self.serial_number, self._pyusb_backend)
            self._stale_replies = False

    def close(self) -> None:
        """Give the device back; callable twice."""
        device, self._device = self._device, None
        if device is None:
            return
        try:
            with translated("closing"):
                device.close()
                release_device(device)
        except RigError as error:
            # Closing what is already gone is what was wanted.
            _log.debug("%s", error)


def release_device(device: Any) -> None:
    """Close the USB handle behind a seabreeze device; its own `close` only resets it."""
    import usb.util

    handle = getattr(device, "_raw_device", None)
    pyusb_device = getattr(handle, "pyusb_device", None)
    if pyusb_device is not None:
        usb.util.dispose_resources(pyusb_device)


def list_spectrometers(pyusb_backend: str | None = None) -> list[tuple[str, RigError | None]]:
    """Serial number of every NIRQuest512 on USB, or why it can't be told; opens and closes each.

    Raises:
        InstrumentConnectionError: USB can't be looked at.
    """
    from seabreeze.pyseabreeze.devices import SeaBreezeDevice
    from seabreeze.pyseabreeze.transport import USBTransport

    with translated("looking for it on USB"):
        handles = list(USBTransport.list_devices(pyusb_backend=pyusb_backend))
    found: list[tuple[str, RigError | None]] = []
    for handle in handles:
        if handle.identity[:2] != (VENDOR_ID, PRODUCT_ID):
            continue
        try:
            device = _open(SeaBreezeDevice, handle)
            found.append((str(device.serial_number), None))
            with translated("closing it"):
                device.close()
                release_device(device)
        except RigError as error:
            found.append(("", error))
    return found


def find_device(serial_number: str | None, pyusb_backend: str | None) -> Any:
    """Open the NIRQuest512 with this serial number and return seabreeze's device.

    seabreeze's own list would also send a multicast into the network and wait a second for answers,
    and reset devices other programs use; its USB transport is asked directly instead.

    Raises:
        InstrumentConnectionError: not there (says which are), in use, no permission.
    """
    from seabreeze.pyseabreeze.devices import SeaBreezeDevice
    from seabreeze.pyseabreeze.transport import USBTransport

    troubles: list[str] = []
    present: list[str] = []
    with translated("looking for it on USB"):
        handles = list(USBTransport.list_devices(pyusb_backend=pyusb_backend))
    for handle in handles:
        if handle.identity[:2] != (VENDOR_ID, PRODUCT_ID):
            continue
        try:
            device = _open(SeaBreezeDevice, handle)
        except RigError as error:
            troubles.append(str(error))
            continue
        if serial_number in (None, device.serial_number):
            return device
        present.append(str(device.serial_number))
        with translated("closing another one"):
            device.close()
            release_device(device)
    raise InstrumentConnectionError(SPECTROMETER_NAME, _not_found(serial_number, present, troubles))


def _open(device_class: Any, handle: Any) -> Any:
    """Open a device; a reply lost on the way is worth one more try."""
    for attempt in range(1, _OPEN_ATTEMPTS + 1):
        try:
            return _open_once(device_class, handle)
        except (InstrumentTimeoutError, InstrumentProtocolError) as error:
            if attempt == _OPEN_ATTEMPTS:
                raise
            _log.warning("%s; opening again", error)
    raise AssertionError("the last attempt returns or raises")


def _open_once(device_class: Any, handle: Any) -> Any:
    with translated("opening it"):
        device = device_class(handle)
        try:
            device.open()
        except BaseException:
            release_device(device)
            raise
        return device


def _not_found(serial_number: str | None, present: list[str], troubles: list[str]) -> str:
    wanted = "no spectrometer" if serial_number is None else f"serial number {serial_number} not found"
    if troubles:
        return f"{wanted}; one could not be opened: {'; '.join(troubles)}"
    if present:
        return f"{wanted}; found: {', '.join(sorted(present))}"
    where = registered_usb_bus() or "this computer's USB"
    return f"{wanted}; none at all on {where}; check its USB cable and its 5 V supply"
