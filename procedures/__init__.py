"""What is done at the rig, and in which order."""

from __future__ import annotations

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Arrangement, Role, SamplePosition
from procedures.context import Record
from procedures.hands import ConsoleHands, TerminalOperator
from procedures.history import StepSummary
from procedures.instruments import Instruments
from procedures.operator import Operator, OperatorAnswer, OperatorRequest, OperatorStep
from procedures.plqy_sweep import PlqySweep
from procedures.power_steps import PowerCalibration
from procedures.settings import SweepEstimate, SweepSettings

__all__ = [
    "PASS_ORDER",
    "REQUIRED_ROLES",
    "Arrangement",
    "ConsoleHands",
    "Instruments",
    "Operator",
    "OperatorAnswer",
    "OperatorRequest",
    "OperatorStep",
    "PlqySweep",
    "PowerCalibration",
    "Record",
    "Role",
    "SamplePosition",
    "StepSummary",
    "SweepEstimate",
    "SweepSettings",
    "TerminalOperator",
]
