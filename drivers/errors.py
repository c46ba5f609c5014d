"""The errors of the rig, drawn once.

    RigError
    ├── ConfigurationError          a file or an option that can't be used          exit code 2
    ├── OutOfRangeError             a value refused before anything moved           exit code 2
    ├── InstrumentError             something is wrong with an instrument           exit code 3
    │   ├── InstrumentConnectionError   not found, busy, no permission, unplugged
    │   ├── InstrumentTimeoutError      no answer in time
    │   ├── InstrumentProtocolError     an answer that makes no sense
    │   ├── InstrumentReportedError     the instrument itself reports an error
    │   ├── InvalidReadingError         an answer that is no number (overflow, NaN, empty)
    │   └── InterlockError              key, interlock, temperature window ... forbid it
    ├── SafetyError                 a safe state that could not be verified         exit code 4
    ├── MeasurementError            the measurement can't give a good number        exit code 3
    └── RunAbortedError             the operator (or a signal) ended it             exit code 130

Every message says what happened, at which instrument, and what the operator can do.
"""

from __future__ import annotations

from typing import ClassVar


class RigError(Exception):
    """Anything that stops the rig, with a sentence for the operator."""

    exit_code: ClassVar[int] = 3


class ConfigurationError(RigError):
    """A rig file, recipe or option that can't be used; names file, key, value and what is allowed."""

    exit_code = 2


class OutOfRangeError(RigError, ValueError):
    """A value outside its limits: refused with the limit in the message, never clipped."""

    exit_code = 2


class InstrumentError(RigError):
    """Something is wrong with an instrument.

    Attributes:
        instrument: what the operator calls it, e.g. ``"shutter (SC10)"``.
    """

    def __init__(self, instrument: str, message: str) -> None:
        super().__init__(f"{instrument}: {message}")
        self.instrument = instrument


class InstrumentConnectionError(InstrumentError):
    """The instrument isn't there: not found, busy, no permission, unplugged."""


class InstrumentTimeoutError(InstrumentError):
    """The instrument did not answer in time."""


class InstrumentProtocolError(InstrumentError):
    """The instrument answered something that makes no sense."""


class InstrumentReportedError(InstrumentError):
    """The instrument reports an error of its own (error queue, status word)."""


class InvalidReadingError(InstrumentError):
    """A reading that is no number: overflow, NaN, empty. Never replaced by 0."""


class InterlockError(InstrumentError):
    """Key, interlock, temperature window or another protection forbids it."""


class SafetyError(RigError):
    """A safe state that was asked for and could not be verified."""

    exit_code = 4


class MeasurementError(RigError):
    """The measurement can't give a good number; nothing was recorded as good."""


class RunAbortedError(RigError):
    """The operator or a signal ended the run."""

    exit_code = 130
