"""Thorlabs PM320/PM320E, power meter with two inputs."""

from drivers.pm320.channel import RANGES, PowerChannel, PowerHead, PowerRange, PowerReading, ProbeReport
from drivers.pm320.driver import PM320

__all__ = [
    "PM320",
    "RANGES",
    "PowerChannel",
    "PowerHead",
    "PowerRange",
    "PowerReading",
    "ProbeReport",
]
