"""Calibrations as they are done at the rig: guided, with gates, shown before they are kept."""

from __future__ import annotations

from procedures.calibrations.base import CalibrationProcedure, CalibrationResult, ProposedSetting
from procedures.calibrations.detector import DetectorCalibration
from procedures.calibrations.from_files import (
    CertificateValidity,
    beam_as_typed,
    beam_of_profiles,
    lamp_certificate,
)
from procedures.calibrations.hands import CalibrationHands, CalibrationTerminal
from procedures.calibrations.laser_check import LaserCheckMeasurement
from procedures.calibrations.long_pass import LongPassMeasurement
from procedures.calibrations.mode_hops import ModeHopScan
from procedures.calibrations.monitor import MonitorMeasurement
from procedures.calibrations.plot import Draw, Plot, Series
from procedures.calibrations.response import ResponseMeasurement
from procedures.calibrations.setup import CalibrationOperator, CalibrationRequest, LabStep, Setup
from procedures.calibrations.station import PowerReader, Station
from procedures.calibrations.wavelength import WavelengthMeasurement
from procedures.calibrations.wheel import WheelMeasurement

__all__ = [
    "CalibrationHands",
    "CalibrationOperator",
    "CalibrationProcedure",
    "CalibrationRequest",
    "CalibrationResult",
    "CalibrationTerminal",
    "CertificateValidity",
    "DetectorCalibration",
    "Draw",
    "LabStep",
    "LaserCheckMeasurement",
    "LongPassMeasurement",
    "ModeHopScan",
    "MonitorMeasurement",
    "Plot",
    "PowerReader",
    "ProposedSetting",
    "ResponseMeasurement",
    "Series",
    "Setup",
    "Station",
    "WavelengthMeasurement",
    "WheelMeasurement",
    "beam_as_typed",
    "beam_of_profiles",
    "lamp_certificate",
]
