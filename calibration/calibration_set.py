"""The records that one evaluation uses, as curves, with their hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calibration.curves import Beam, Linearity, LongPass, MonitorRatio, Response
from calibration.errors import RecordError
from calibration.records import Record, RecordKind

_NEEDED = (
    RecordKind.RESPONSE,
    RecordKind.LONG_PASS,
    RecordKind.LINEARITY,
    RecordKind.MONITOR_RATIO,
    RecordKind.BEAM,
)


@dataclass(frozen=True)
class CalibrationSet:
    """Everything between counts and photons.

    Attributes:
        response: counts to joules.
        long_pass: transmission of the emission filter.
        linearity: the detector's polynomial.
        monitor_ratio: monitor power to power into the sphere.
        beam: power to power density.
        records: the records the above came from, by kind.
    """

    response: Response
    long_pass: LongPass
    linearity: Linearity
    monitor_ratio: MonitorRatio
    beam: Beam
    records: Mapping[RecordKind, Record]

    @classmethod
    def from_records(cls, records: Mapping[RecordKind, Record]) -> CalibrationSet:
        """From records by kind.

        Raises:
            RecordError: a kind that is needed isn't there.
            CurveError: a record's numbers make no calibration.
        """
        missing = [str(kind) for kind in _NEEDED if kind not in records]
        if missing:
            raise RecordError(
                f"no calibration record for: {', '.join(missing)}; the calibration folder needs one of each"
            )
        return cls(
            response=Response.from_values(records[RecordKind.RESPONSE].values),
            long_pass=LongPass.from_values(records[RecordKind.LONG_PASS].values),
            linearity=Linearity.from_values(records[RecordKind.LINEARITY].values),
            monitor_ratio=MonitorRatio.from_values(records[RecordKind.MONITOR_RATIO].values),
            beam=Beam.from_values(records[RecordKind.BEAM].values),
            records=dict(records),
        )

    @classmethod
    def from_documents(cls, documents: Mapping[str, Mapping[str, Any]], source: str) -> CalibrationSet:
        """From the documents of records, as a run holds them; each is checked against its hash."""
        records = [
            Record.from_document(document, f"{source}: record {kind}") for kind, document in documents.items()
        ]
        return cls.from_records(
            {record.kind: record for record in records if isinstance(record.kind, RecordKind)}
        )

    def expired_at(self, moment: datetime) -> tuple[RecordKind, ...]:
        """The kinds of record that were past their date at `moment`."""
        return tuple(kind for kind, record in self.records.items() if record.expired_at(moment))
