"""ND wheel: neutral-density wheel on a stepper motor, behind a board with our own firmware (NDW/1)."""

from __future__ import annotations

from drivers.nd_wheel.commissioning import SelfTest, run_self_test
from drivers.nd_wheel.driver import NdWheel
from drivers.nd_wheel.status import Status, WheelFlag, WheelState

__all__ = ["NdWheel", "SelfTest", "Status", "WheelFlag", "WheelState", "run_self_test"]
