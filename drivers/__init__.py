"""Drivers: one instrument each, in its own words, behind the protocols of `drivers.protocols`.

A driver is loaded when its name is first asked for, so that importing the errors does not import VISA.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.itc4001 import ITC4001
    from drivers.nd_wheel import NdWheel
    from drivers.nirquest512 import NIRQuest512
    from drivers.pm320 import PM320
    from drivers.protocols import (
        Attenuator,
        Identity,
        Instrument,
        LaserDriver,
        LaserState,
        PowerMonitor,
        Shutter,
        Spectrometer,
    )
    from drivers.sc10 import SC10
    from drivers.usb_over_ip import register_usb_bus

__all__ = [
    "ITC4001",
    "PM320",
    "SC10",
    "Attenuator",
    "Clock",
    "Identity",
    "Instrument",
    "LaserDriver",
    "LaserState",
    "NIRQuest512",
    "NdWheel",
    "PowerMonitor",
    "Shutter",
    "Spectrometer",
    "register_usb_bus",
]

_HOMES = {
    "Attenuator": "drivers.protocols",
    "Clock": "drivers.clock",
    "ITC4001": "drivers.itc4001",
    "Identity": "drivers.protocols",
    "Instrument": "drivers.protocols",
    "LaserDriver": "drivers.protocols",
    "LaserState": "drivers.protocols",
    "NIRQuest512": "drivers.nirquest512",
    "NdWheel": "drivers.nd_wheel",
    "PM320": "drivers.pm320",
    "PowerMonitor": "drivers.protocols",
    "SC10": "drivers.sc10",
    "Shutter": "drivers.protocols",
    "Spectrometer": "drivers.protocols",
    "register_usb_bus": "drivers.usb_over_ip",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'drivers' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
