"""Thorlabs SC10, shutter controller."""

from drivers.sc10.driver import SC10
from drivers.sc10.line import PromptInstrument
from drivers.sc10.settings import Mode

__all__ = ["SC10", "Mode", "PromptInstrument"]
