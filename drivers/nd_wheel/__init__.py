"""ND wheel: neutral-density wheel on a stepper motor, behind a board with our own firmware (NDW/1)."""

from __future__ import annotations

from drivers.nd_wheel.driver import NdWheel
from drivers.nd_wheel.status import Status, WheelFlag, WheelState

__all__ = ["NdWheel", "Status", "WheelFlag", "WheelState"]
