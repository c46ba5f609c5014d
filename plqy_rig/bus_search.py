"""Looking at every bus without a rig file: what is there, and the rig file's lines for it.

Nothing is switched or set. Serial ports are listed, not talked to: whoever listens there may be
somebody else's motor.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from drivers.errors import RigError

log = logging.getLogger(__name__)

_KNOWN_USB = {
    (0x1313, 0x804A): "laser",
    (0x1313, 0x8042): "laser",
    (0x1313, 0x8022): "monitor",
}
_MODELS = (("itc400", "laser"), ("pm320", "monitor"))
_RESOURCE = re.compile(r"USB\d*::0x([0-9A-Fa-f]{4})::0x([0-9A-Fa-f]{4})::")
_ARDUINO_VENDORS = (0x2341, 0x2A03, 0x1A86)


@dataclass(frozen=True)
class Found:
    """Something on a bus.

    Attributes:
        bus: "VISA", "serial port" or "spectrometer".
        address: as it is written in a rig file.
        identity: who it says it is, empty where it wasn't asked.
        problem: why it couldn't be asked, empty otherwise.
        mend: what to do about that.
        rig_lines: lines for the rig file, empty where it is no instrument of a rig.
    """

    bus: str
    address: str
    identity: str
    problem: str = ""
    mend: str = ""
    rig_lines: tuple[str, ...] = ()


def search_buses(visa_library: str = "@py") -> list[Found]:
    """Look for VISA instruments, spectrometers and serial ports; takes a few seconds.

    Args:
        visa_library: ``"@py"``, ``""`` for the system's library, or a path.
    """
    return [*_visa(visa_library), *_spectrometers(), *_serial_ports()]


def rig_file_lines(found: Iterable[Found]) -> str:
    """The found instruments as the beginning of a rig file."""
    return "\n\n".join("\n".join(item.rig_lines) for item in found if item.rig_lines)


def _visa(visa_library: str) -> list[Found]:
    from drivers.visa_diagnosis import list_visa_resources

    return [_asked(resource, visa_library) for resource in list_visa_resources(visa_library)]


def _asked(resource: str, visa_library: str) -> Found:
    from drivers.visa_link import VisaInstrument, open_visa_adapter
    from plqy_rig.instrument_problems import trouble_of

    section = _section_by_id(resource)
    try:
        instrument = VisaInstrument(
            open_visa_adapter(resource, visa_library=visa_library, timeout_s=2.0, instrument=resource),
            resource,
        )
        try:
            identity = instrument.ask("*IDN?").strip()
        finally:
            instrument.close()
    except RigError as error:
        trouble = trouble_of(section or "", error)
        lines = _visa_lines(section, resource)
        return Found("VISA", resource, "", trouble.problem, trouble.mend, lines)
    section = next((name for model, name in _MODELS if model in identity.lower()), section)
    return Found("VISA", resource, identity, rig_lines=_visa_lines(section, resource))


def _section_by_id(resource: str) -> str | None:
    match = _RESOURCE.match(resource)
    return _KNOWN_USB.get((int(match[1], 16), int(match[2], 16))) if match else None


def _visa_lines(section: str | None, resource: str) -> tuple[str, ...]:
    return (f"[{section}]", f'resource = "{resource}"') if section else ()


def _spectrometers() -> list[Found]:
    from drivers.nirquest512 import list_spectrometers
    from plqy_rig.instrument_problems import trouble_of

    try:
        present = list_spectrometers()
    except RigError as error:
        trouble = trouble_of("spectrometer", error)
        return [Found("spectrometer", "USB", "", trouble.problem, trouble.mend)]
    found = []
    for serial_number, failure in present:
        if failure is not None:
            trouble = trouble_of("spectrometer", failure)
            found.append(Found("spectrometer", "USB", "", trouble.problem, trouble.mend))
        else:
            lines = ("[spectrometer]", f'serial_number = "{serial_number}"')
            found.append(Found("spectrometer", serial_number, "Ocean Insight NIRQuest512", rig_lines=lines))
    return found


def _serial_ports() -> list[Found]:
    from serial.tools import list_ports

    found = []
    for port in sorted(list_ports.comports(), key=lambda info: str(info.device)):
        arduino = port.vid in _ARDUINO_VENDORS
        section, guess = ("attenuator", "the ND wheel") if arduino else ("shutter", "the shutter controller")
        description = port.description if port.description not in (None, "n/a") else "serial port"
        lines = (f"[{section}]", f'port = "{port.device}"  # perhaps {guess}')
        found.append(Found("serial port", port.device, description, rig_lines=lines if port.vid else ()))
    return found
