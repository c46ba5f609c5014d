"""The errors of calibrations.

    CalibrationError
    ├── RecordError          a record file that can't be used: missing, damaged, tampered with
    └── CurveError           numbers that don't make a calibration

Every message names the file or curve, what is wrong and what to do.
"""

from __future__ import annotations


class CalibrationError(ValueError):
    """A calibration that can't be used."""


class RecordError(CalibrationError):
    """A record file that is missing, damaged or changed after it was made."""


class CurveError(CalibrationError):
    """Numbers that don't make a calibration: wrong shape, sign, order or range."""
