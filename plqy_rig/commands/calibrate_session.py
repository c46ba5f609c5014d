"""One session of calibrations: which, in which order, with which records, and what is kept of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calibration import (
    CheckKind,
    CurveError,
    LampUncertainty,
    LampUnit,
    LengthUnit,
    Record,
    UncertaintyColumn,
    make_record,
    records_of_kind,
    save_record,
    select_records,
)
from calibration.records import AnyKind
from drivers.errors import ConfigurationError, MeasurementError, RunAbortedError
from plqy_rig import terminal
from plqy_rig.commands.calibrate_inputs import CalibrateRequest
from plqy_rig.config import RigFile
from plqy_rig.safe_state import SafeVerdict
from procedures.calibrations import (
    CalibrationProcedure,
    CalibrationResult,
    DetectorCalibration,
    LaserCheckMeasurement,
    LongPassMeasurement,
    MonitorMeasurement,
    ResponseMeasurement,
    Station,
    WavelengthMeasurement,
    WheelMeasurement,
    beam_as_typed,
    beam_of_profiles,
    lamp_certificate,
)

CALIBRATIONS: Mapping[str, type[CalibrationProcedure]] = {
    "wavelength": WavelengthMeasurement,
    "wheel": WheelMeasurement,
    "monitor": MonitorMeasurement,
    "detector": DetectorCalibration,
    "response": ResponseMeasurement,
    "long-pass": LongPassMeasurement,
    "laser-check": LaserCheckMeasurement,
}
FROM_FILES = ("lamp", "beam")
ORDER = (
    "wavelength",
    "wheel",
    "monitor",
    "beam",
    "lamp",
    "detector",
    "response",
    "long-pass",
    "laser-check",
)
"""Each after what it stands on, and all that need the lamp together: it warms up once."""


@dataclass(frozen=True)
class Kept:
    """A record that was written.

    Attributes:
        path: of its file.
        record: itself.
    """

    path: Path
    record: Record


class Session:
    """Runs calibrations and keeps what is accepted.

    Attributes:
        folder: where records are looked for and written.
        kept: records written so far.
        verdict: the safe state at the end; None where the rig wasn't needed.
    """

    def __init__(self, rig_file: RigFile, request: CalibrateRequest) -> None:
        """Check parameters and files before anything moves; raises `ConfigurationError`, `CurveError`."""
        self._rig_file = rig_file
        self._request = request
        self.folder = rig_file.calibration_folder if request.folder is None else request.folder.resolve()
        self.kept: list[Kept] = []
        self.verdict: SafeVerdict | None = None
        self._told: list[dict[str, Any]] = []
        self._serials: dict[str, str] = {}
        self._procedures = _procedures(request.names, request.changes)
        lamp = rig_file.configuration.lamp
        if "lamp" in request.names and lamp is None:
            raise ConfigurationError(
                f"{rig_file.path}: lamp: missing; calibrating needs serial_number, certificate, unit"
            )
        if lamp is not None:
            self._serials["lamp"] = lamp.serial_number
        # Files are read now: what is wrong with them is said before anything moves.
        readers = {"lamp": self._lamp, "beam": self._beam}
        self._from_files = {name: readers[name]() for name in request.names if name in FROM_FILES}

    def run_all(
        self, station: Station | None, identities: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Do every calibration of the request; the lamp is put away at the end.

        Args:
            station: the rig; None where only files are read.
            identities: who the instruments say they are, by name.

        Raises:
            MeasurementError: a gate stopped it, or the laser check failed.
            RunAbortedError: the operator aborted, or refused a result.
        """
        for name, identity in (identities or {}).items():
            if identity["serial_number"]:
                self._serials[name] = identity["serial_number"]
        try:
            for name in self._request.names:
                terminal.say(f"\n{name}")
                for result in self._results(name, station):
                    self._decide(result)
        except MeasurementError:
            if station is not None:
                station.put_away()
            raise
        except BaseException:
            if station is not None and station.lamp_may_burn:
                terminal.say("The calibration lamp may still be on: switch it off, its hours count.")
            raise
        if station is not None:
            station.put_away()

    def document(self) -> dict[str, Any]:
        """What happened, for `--json`."""
        return {
            "folder": str(self.folder),
            "results": self._told,
            "safe_state": None if self.verdict is None else self.verdict.to_document(),
        }

    def _results(self, name: str, station: Station | None) -> Sequence[CalibrationResult]:
        if name in self._from_files:
            return (self._from_files[name],)
        procedure = self._procedures[name]
        procedure.station, procedure.records = station, self._records()
        if name in ("monitor", "laser-check"):
            self._serials["reference_head"] = str(getattr(procedure, "reference_head", ""))
        try:
            procedure.startup()
            procedure.execute()
        except CurveError as error:
            # What was measured can't be used: that is no bad input.
            raise MeasurementError(f"{name}: {error}") from error
        finally:
            procedure.shutdown()
        return procedure.results

    def _records(self) -> dict[AnyKind, Record]:
        """What may be used: valid records of these instruments, those of this session before all others."""
        found: dict[AnyKind, Record] = {}
        now = datetime.now(UTC)
        if self.folder.is_dir():
            selection = select_records(self.folder, self._serials, now)
            found.update(dict(selection.records.items()))
            for kind in CheckKind:
                valid = [one for one in records_of_kind(self.folder, kind) if not one.expired_at(now)]
                if valid:
                    found[kind] = valid[-1]
        found.update({one.record.kind: one.record for one in self.kept})
        return found

    def _decide(self, result: CalibrationResult) -> None:
        """Show a result; keep it when it is accepted."""
        for sentence in result.summary:
            terminal.say(f"  {sentence}")
        for sentence in result.warnings:
            terminal.say(f"  warning: {sentence}")
        check = result.kind is CheckKind.LASER_CHECK
        accepted = (result.passed or check) if self._request.yes else self._asked(result)
        told: dict[str, Any] = {
            "kind": str(result.kind),
            "passed": result.passed,
            "accepted": accepted,
            "summary": list(result.summary),
            "warnings": list(result.warnings),
            "record": None,
            "sha256": None,
        }
        self._told.append(told)
        if accepted:
            kept = self._keep(result)
            told.update(record=str(kept.path), sha256=kept.record.sha256)
        if not result.passed and (check or not accepted):
            raise MeasurementError(f"{result.kind}: {' '.join(result.summary)}")
        if not accepted:
            raise RunAbortedError(f"{result.kind}: not accepted, no record was written")

    def _asked(self, result: CalibrationResult) -> bool:
        gate = "" if result.passed else "The quality gates did NOT let it through. "
        sys.stderr.write(f"{gate}Keep this {result.kind} record? y + Enter, anything else refuses: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _keep(self, result: CalibrationResult) -> Kept:
        new = make_record(
            result.kind,
            result.values,
            operator=self._request.operator,
            origin=result.origin,
            instruments={role: self._serials[role] for role in result.roles if self._serials.get(role)},
            created=datetime.now(UTC),
            used_records=result.used,
            raw=result.raw,
        )
        kept = Kept(save_record(new, self.folder), new.record)
        self.kept.append(kept)
        terminal.say(f"  kept: {kept.path.name}")
        return kept

    def _lamp(self) -> CalibrationResult:
        section, given = self._rig_file.configuration.lamp, self._request.lamp
        assert section is not None
        column = UncertaintyColumn.ABSOLUTE if given.absolute_column else UncertaintyColumn.RELATIVE_PERCENT
        uncertainty = LampUncertainty(
            None if given.uncertainty_percent is not None else column,
            given.uncertainty_percent,
            given.coverage_factor,
        )
        path = self._rig_file.path.parent / section.certificate
        return lamp_certificate(path, LampUnit(section.unit), uncertainty, given.collecting_area_cm2)

    def _beam(self) -> CalibrationResult:
        beam = self._request.beam
        if beam.diameter_x_mm is not None and beam.diameter_y_mm is not None:
            return beam_as_typed(
                beam.diameter_x_mm, beam.diameter_y_mm, beam.diameter_uncertainty_mm, beam.plane
            )
        unit = LengthUnit.MICROMETRE if beam.micrometres else LengthUnit.MILLIMETRE
        x, y = list(beam.profile_x), list(beam.profile_y)
        return beam_of_profiles(x, y, unit, beam.slit_width_mm, beam.plane)


def _procedures(names: Sequence[str], changes: Sequence[str]) -> dict[str, CalibrationProcedure]:
    """The procedures with their parameters; raises `ConfigurationError` naming key and value."""
    procedures = {name: CALIBRATIONS[name]() for name in names if name in CALIBRATIONS}
    known = {key for one in procedures.values() for key in one.parameter_objects()}
    for change in changes:
        name, separator, value = change.partition("=")
        takers = [one for one in procedures.values() if name in one.parameter_objects()]
        if not separator or not takers:
            raise ConfigurationError(
                f"--set {change!r}: must be NAME=VALUE, NAME one of {', '.join(sorted(known)) or 'nothing'}"
            )
        for procedure in takers:
            try:
                procedure.set_parameters({name: value})
            except ValueError as error:
                raise ConfigurationError(f"--set {change!r}: {error}") from error
    return procedures
