"""Firmware models: bytes in, bytes out, no sockets."""

from sim.instruments.itc4001 import Itc4001Model
from sim.instruments.itc4001_options import Itc4001Options
from sim.instruments.nd_wheel import NdWheelModel, NdWheelOptions
from sim.instruments.nirquest512 import EepromContent, NirQuest512Model, NirQuestOptions
from sim.instruments.pm320 import Pm320Model, Pm320Options, PowerHead
from sim.instruments.sc10 import Sc10Model, Sc10Options

__all__ = [
    "EepromContent",
    "Itc4001Model",
    "Itc4001Options",
    "NdWheelModel",
    "NdWheelOptions",
    "NirQuest512Model",
    "NirQuestOptions",
    "Pm320Model",
    "Pm320Options",
    "PowerHead",
    "Sc10Model",
    "Sc10Options",
]
