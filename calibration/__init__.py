"""From counts to photons: calibration records and the curves in them. No instruments here."""

from calibration.calibration_set import CalibrationSet
from calibration.curves import Beam, Linearity, LongPass, MonitorRatio, Response, WheelCurve
from calibration.errors import CalibrationError, CurveError, RecordError
from calibration.records import (
    Record,
    RecordKind,
    newest_records,
    read_record,
    write_record,
)

__all__ = [
    "Beam",
    "CalibrationError",
    "CalibrationSet",
    "CurveError",
    "Linearity",
    "LongPass",
    "MonitorRatio",
    "Record",
    "RecordError",
    "RecordKind",
    "Response",
    "WheelCurve",
    "newest_records",
    "read_record",
    "write_record",
]
