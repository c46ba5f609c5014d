"""Guided calibrations without a face: the terminal and the local server use the same session."""

from __future__ import annotations

from plqy_rig.calibration_session.face import Face, Kept
from plqy_rig.calibration_session.request import (
    BeamInput,
    LampInput,
    SessionRequest,
    completed_request,
    operator_name,
)
from plqy_rig.calibration_session.result_document import result_document, should_be_kept
from plqy_rig.calibration_session.session import CalibrationSession
from plqy_rig.calibration_session.which import CALIBRATIONS, FROM_FILES, ORDER, parameters_of

__all__ = [
    "CALIBRATIONS",
    "FROM_FILES",
    "ORDER",
    "BeamInput",
    "CalibrationSession",
    "Face",
    "Kept",
    "LampInput",
    "SessionRequest",
    "completed_request",
    "operator_name",
    "parameters_of",
    "result_document",
    "should_be_kept",
]
