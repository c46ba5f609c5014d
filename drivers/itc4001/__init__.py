"""Thorlabs ITC4001, laser diode and temperature controller."""

from drivers.itc4001.driver import ITC4001
from drivers.itc4001.status import AutoTuneProgress, AutoTuneState, Protection, QueuedError
from drivers.itc4001.temperature import TemperatureController

__all__ = [
    "ITC4001",
    "AutoTuneProgress",
    "AutoTuneState",
    "Protection",
    "QueuedError",
    "TemperatureController",
]
