"""What all guided calibrations share: collaborators, the frame around the measurement, the result."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from numpy.typing import NDArray
from pymeasure.experiment import Procedure

from calibration import Linearity, Record, RecordKind
from calibration.records import AnyKind
from drivers.errors import ConfigurationError, RigError
from procedures.calibrations.plot import Plot
from procedures.calibrations.station import Station

_LOGGER = logging.getLogger(__name__)

TEMPERATURE_TIMEOUT_S = 600.0
"""Longest wait for the laser and for the detector to reach their temperatures, rig seconds."""


@dataclass(frozen=True)
class ProposedSetting:
    """A value of the rig file that a calibration found a better one for.

    Attributes:
        section: of the rig file.
        key: in the section.
        old: the value in force while it was measured.
        new: the value proposed; written when the result is accepted.
    """

    section: str
    key: str
    old: float
    new: float


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """What a calibration found, to be shown before it becomes a record.

    Attributes:
        kind: of the record.
        values: of the record.
        origin: how it was got, a sentence.
        summary: sentences for the operator who accepts or refuses it.
        warnings: sentences.
        roles: instruments the record belongs to, by their name in the rig file.
        used: records that went into it, by name.
        raw: raw arrays by name.
        passed: whether the quality gates let it through.
        plot: its curves; None where there are none.
        setting: what accepting it changes in the rig file; None: nothing.
        expires: until when the record holds, where its source lays that down; None: as usual for its kind.
    """

    kind: AnyKind
    values: Mapping[str, Any]
    origin: str
    summary: tuple[str, ...]
    warnings: tuple[str, ...]
    roles: tuple[str, ...]
    used: Mapping[str, Record] = field(default_factory=dict)
    raw: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    passed: bool = True
    plot: Plot | None = None
    setting: ProposedSetting | None = None
    expires: datetime | None = None


class CalibrationProcedure(Procedure):  # type: ignore[misc]
    """A guided calibration.

    Collaborators are plain attributes, set before it is run: `station`; `records`, those that may be used,
    by kind. Afterwards `results` holds what was found; nothing is written.
    """

    DATA_COLUMNS: ClassVar[list[str]] = []
    NEEDS: ClassVar[tuple[tuple[AnyKind, str], ...]] = ()
    """Records that it stands on, each with the command that makes it; asked for before anybody waits."""
    station: Station | None = None
    records: Mapping[AnyKind, Record] = MappingProxyType({})
    results: tuple[CalibrationResult, ...] = ()

    def startup(self) -> None:
        """Shutter closed, detector cold; raises `RigError`, at once where a record is missing."""
        for kind, how in self.NEEDS:
            self.need(kind, how)
        self.rig.should_stop = lambda: bool(self.should_stop())
        rig = self.rig.instruments
        rig.shutter.close_blade()
        rig.spectrometer.note_light_changed()
        rig.spectrometer.stabilise_temperature(rig.detector_temperature_c, timeout_s=TEMPERATURE_TIMEOUT_S)

    def execute(self) -> None:
        """Measure; raises `RigError`, or `CurveError` where a gate stops it."""
        self.results = self.measure()

    def measure(self) -> tuple[CalibrationResult, ...]:
        """What the calibration does."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """Close the shutter and switch the laser off, whatever happened; never raises a `RigError`.

        The verified safe state of the whole rig is the caller's.
        """
        if self.station is None:
            return
        rig = self.station.instruments
        for words, action in (
            ("close the shutter", rig.shutter.close_blade),
            ("laser", rig.laser.switch_off),
        ):
            try:
                action()
            except RigError:
                _LOGGER.exception("the calibration's end failed: %s", words)

    def should_stop(self) -> bool:
        """Say whether to stop; an engine or a Worker puts its own function here."""
        return False

    @property
    def rig(self) -> Station:
        """The station; raises `ConfigurationError` where none was set."""
        if self.station is None:
            raise ConfigurationError("the calibration has no station: set `station` before it is run")
        return self.station

    def linearity(self) -> Linearity:
        """The linearity record's correction; raises `ConfigurationError` where there is none."""
        return Linearity.from_values(self.need(RecordKind.LINEARITY, "calibrate detector").values)

    def need(self, kind: AnyKind, how: str) -> Record:
        """A record that this calibration stands on.

        Raises:
            ConfigurationError: there is none; names the command that makes it.
        """
        record = self.records.get(kind)
        if record is None:
            raise ConfigurationError(
                f"this calibration needs a valid {kind} record, and there is none: plqy {how} makes one"
            )
        return record

    def used(self, *kinds: AnyKind) -> dict[str, Record]:
        """Those of the records that there are, by name."""
        return {str(kind): self.records[kind] for kind in kinds if kind in self.records}
