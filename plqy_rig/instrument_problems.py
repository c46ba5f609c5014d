"""What is wrong with an instrument, in an operator's words, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    RigError,
)


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong.

    Attributes:
        problem: what, in a sentence.
        mend: what to do about it, in a sentence.
    """

    problem: str
    mend: str


_ADDRESS_KEY = {
    "shutter": "port under [shutter]",
    "laser": "resource under [laser]",
    "attenuator": "port under [attenuator]",
    "monitor": "resource under [monitor]",
    "spectrometer": "serial_number under [spectrometer]",
}
_READING = {
    "laser": "Check the cable between laser driver and laser mount and what the driver's display shows",
    "monitor": "Check that the power head is plugged in and not overloaded",
    "spectrometer": "Unplug the spectrometer's USB cable and its 5 V supply, plug both in again",
}
_SEARCH = "`plqy instruments` without --rig lists what there is"

_CONNECTION = (
    (
        r"no permission; put this line",
        "Put the line above into the file it names, then unplug the instrument and plug it in again.",
    ),
    (
        r"install its udev rule",
        "Install the udev rule of docs/how-to/use-real-instruments.md, then unplug the instrument and plug "
        "it in again.",
    ),
    (
        r"no permission for",
        "Add yourself to the group dialout (sudo usermod -a -G dialout $USER), log out and in again.",
    ),
    (
        r"in use|[Bb]usy|lock",
        "Close the other program that uses it (the vendor's, or another plqy), then try again.",
    ),
    (r"the USB bus .* does not answer", "Start the bench again, or correct usb_bus in the rig file."),
    (
        r"expected .* but .* answers",
        "Another instrument is at this address: correct {key} in the rig file; {search}.",
    ),
    (
        r"one could not be opened",
        "Unplug the spectrometer's USB cable and its 5 V supply, plug both in again, then try again; "
        "switch the instrument off and on if it has a switch.",
    ),
    (
        r"; found: |serial ports found: (?!none)",
        "If it is one of those found, correct {key} in the rig file; if not, check its cable and power.",
    ),
    (
        r"no instrument was found|none at all|serial ports found: none|could not open",
        "Check the instrument's power and its cable at both ends; {search}.",
    ),
    (r"install libusb", "Install libusb 1.0 (Debian: sudo apt install libusb-1.0-0)."),
    (
        r"no wavelength calibration",
        "Ask the maker for the EEPROM's content; without it nothing can be measured.",
    ),
)
_OTHER_KINDS = (
    (
        InstrumentTimeoutError,
        "Check that it is switched on and its cable is in; if it hangs, switch it off and on; check that "
        "{key} names the right instrument.",
    ),
    (InvalidReadingError, "{reading}, then read again."),
    (InstrumentReportedError, "Look at the instrument's own display, clear what it shows, then try again."),
    (InstrumentProtocolError, "Check cable and address; switch the instrument off and on if it stays."),
    (InstrumentConnectionError, "Check the instrument's power and its cable at both ends; {search}."),
)


def trouble_of(name: str, error: RigError) -> Trouble:
    """Say what an error of an instrument means and how to mend it.

    Args:
        name: of the instrument in the rig file.
        error: what its driver raised.
    """
    text = str(error)
    words = {
        "key": _ADDRESS_KEY.get(name, "its address"),
        "reading": _READING.get(name, "Switch the instrument off and on"),
        "search": _SEARCH,
    }
    for pattern, mend in _CONNECTION:
        if isinstance(error, (InstrumentConnectionError, InstrumentReportedError)) and re.search(
            pattern, text
        ):
            return Trouble(text, mend.format(**words))
    for kind, mend in _OTHER_KINDS:
        if isinstance(error, kind):
            return Trouble(text, mend.format(**words))
    return Trouble(text, "Correct what the message names, then try again.")


_PROTECTION_MENDS = {
    "key switch is locked": "Turn the key switch of the laser driver.",
    "interlock is open": "Close the door, or whatever the laser driver's interlock watches.",
    "LD-ENABLE input inhibits the output": "Check what is plugged into LD ENABLE at the laser driver's back.",
    "temperature protection is active": "Let the diode come to its temperature; a run waits for it.",
    "diode temperature is outside its window": "Wait until it is in its window; a run waits for it.",
    "temperature sensor failure": "Check the cable to the laser mount: its temperature sensor isn't seen.",
    "TEC cable failure": "Check the cable between laser driver and laser mount.",
    "instrument is too hot": "Let the laser driver cool; check that its fan and vents are free.",
}


def protection_trouble(protection: str) -> Trouble:
    """What forbids light at the laser driver, and how to mend it."""
    mend = _PROTECTION_MENDS.get(protection, "Look at the laser driver's display.")
    return Trouble(protection, mend)
