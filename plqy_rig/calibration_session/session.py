"""One session of calibrations: which, in which order, with which records, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from calibration import (
    CheckKind,
    CurveError,
    Record,
    make_record,
    save_record,
    select_checks,
    select_records,
)
from calibration.records import AnyKind
from drivers.errors import ConfigurationError, MeasurementError, RunAbortedError
from plqy_rig.calibration_session.between_safe_states import End, between_safe_states, with_looks
from plqy_rig.calibration_session.face import Face, Kept
from plqy_rig.calibration_session.from_files import beam_result, lamp_result
from plqy_rig.calibration_session.request import SessionRequest
from plqy_rig.calibration_session.result_document import result_document
from plqy_rig.calibration_session.rig_file_edit import write_setting
from plqy_rig.calibration_session.station import AskedOperator, make_station
from plqy_rig.calibration_session.stop import StopRequest, Waited
from plqy_rig.calibration_session.which import FROM_FILES, procedures_of
from plqy_rig.config import RigFile
from plqy_rig.engine.guardian_link import Guardian
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict
from procedures.calibrations import CalibrationProcedure, CalibrationResult, ProposedSetting, Station


def _nothing() -> None:
    """Look nowhere."""


class CalibrationSession:
    """Runs calibrations and keeps what is accepted. Callable once.

    Attributes:
        folder: where records are looked for and written.
        kept: records written so far.
        verdict: the safe state at the end; None where the rig wasn't needed.
        changed_settings: what accepted results changed in the rig file, which has to be read anew then.
    """

    def __init__(self, rig_file: RigFile, request: SessionRequest, face: Face) -> None:
        """Check parameters and files before anything moves.

        Args:
            rig_file: of the rig.
            request: what is to be done (`completed_request` fills in what can be known).
            face: who is told and asked.

        Raises:
            ConfigurationError: no such calibration or parameter, or the rig file has no lamp.
            CurveError: a file that can't be used, with its line.
            RecordError: a record in the folder is damaged, or one that the rig file names isn't there.
        """
        self._rig_file = rig_file
        self._request = request
        self._face = face
        self._stop = StopRequest()
        self.folder = rig_file.calibration_folder if request.folder is None else request.folder.resolve()
        self.kept: list[Kept] = []
        self.verdict: SafeVerdict | None = None
        self.changed_settings: list[ProposedSetting] = []
        self._told: list[dict[str, Any]] = []
        self._connected: dict[str, str] = {}
        self._serials: dict[str, str] = {}
        self._procedures = procedures_of(request.names, request.changes)
        lamp = rig_file.configuration.lamp
        if "lamp" in request.names and lamp is None:
            raise ConfigurationError(
                f"{rig_file.path}: lamp: missing; calibrating needs serial_number, certificate, unit"
            )
        if lamp is not None:
            self._serials["lamp"] = lamp.serial_number
        # Files are read now: what is wrong with them is said before anything moves.
        readers = {
            "lamp": lambda: lamp_result(rig_file, request.lamp),
            "beam": lambda: beam_result(request.beam),
        }
        self._from_files = {name: readers[name]() for name in request.names if name in FROM_FILES}
        if self.needs_rig:
            self._records()

    @property
    def needs_rig(self) -> bool:
        """Get whether instruments are needed; a certificate or a beam profile needs none."""
        return not set(self._request.names) <= set(FROM_FILES)

    @property
    def aborting(self) -> bool:
        """Get whether the end was asked for: questions that stand are withdrawn."""
        return self._stop.asked

    def abort(self, reason: str = "aborted by the operator") -> None:
        """End the session: light off at once, no record of what is under way; from any thread."""
        self._stop.ask(reason)

    def emergency_off(self, reason: str = "emergency off") -> None:
        """End it without waiting for anything that hangs; from any thread."""
        self._stop.ask(reason, urgent=True)

    def run(
        self,
        rig: Rig | None = None,
        *,
        guardian: Guardian | None = None,
        look: Callable[[], None] = _nothing,
    ) -> None:
        """Do every calibration of the request, between two verified safe states; blocks.

        Args:
            rig: the rig, connected and idle; None where `needs_rig` is False.
            guardian: one that watches already; None starts one for the session.
            look: called all the while in the caller's thread, twenty times a second; may call `abort`.

        Raises:
            MeasurementError: a gate stopped it, or the laser check failed.
            RunAbortedError: somebody aborted, or refused a result.
            SafetyError: the safe state couldn't be verified, before or after.
            RigError: whatever an instrument raised; what was accepted before is kept.
        """
        if not self.needs_rig:
            with_looks(lambda: self._run_all(None), self._stop, look)
            return
        if rig is None:
            raise ConfigurationError("these calibrations need the rig")
        end, station = End(), None
        try:
            with between_safe_states(rig, guardian, self._face.tell, look, end):
                station = self._station(rig)
                with_looks(lambda: self._run_all(station), self._stop, look, rig.make_dark)
        finally:
            self.verdict = end.verdict
            if station is not None and station.lamp_may_burn:
                self._face.tell("The calibration lamp may still be on: switch it off, its hours count.")

    def document(self) -> dict[str, Any]:
        """What happened, for `--json`."""
        return {
            "folder": str(self.folder),
            "results": self._told,
            "safe_state": None if self.verdict is None else self.verdict.to_document(),
        }

    def _station(self, rig: Rig) -> Station:
        for name, identity in rig.identities().items():
            if identity["serial_number"]:
                self._connected[name] = self._serials[name] = identity["serial_number"]
        return make_station(rig, AskedOperator(self._face, self._stop), self._face)

    def _run_all(self, station: Station | None) -> None:
        try:
            for name in self._request.names:
                self._face.begun(name)
                for result in self._results(name, station):
                    self._decide(result)
        except MeasurementError:
            if station is not None:
                station.put_away()
            raise
        if station is not None:
            station.put_away()

    def _results(self, name: str, station: Station | None) -> Sequence[CalibrationResult]:
        if name in self._from_files:
            return (self._from_files[name],)
        procedure = self._procedures[name]
        procedure.station, procedure.records = station, self._records()
        procedure.should_stop = lambda: self._stop.asked  # type: ignore[method-assign]
        if name in ("monitor", "laser-check"):
            self._serials["reference_head"] = str(getattr(procedure, "reference_head", ""))
        try:
            procedure.startup()
            procedure.execute()
        except CurveError as error:
            # What was measured can't be used: that is no bad input.
            raise MeasurementError(f"{name}: {error}") from error
        finally:
            _shut_down(procedure, self._stop)
        return [_stamped(result, datetime.now(UTC)) for result in procedure.results]

    def _records(self) -> dict[AnyKind, Record]:
        """The records that a run would use, and valid checks; those of this session before all others.

        Who made a record with which lamp or reference head doesn't matter for its use; whose certificate a
        lamp record is does.
        """
        found: dict[AnyKind, Record] = {}
        now = datetime.now(UTC)
        if self.folder.is_dir():
            own = self._request.folder is None
            chosen = self._rig_file.configuration.calibration.records if own else ()
            found.update(dict(select_records(self.folder, self._connected, now, chosen).records.items()))
            found.update(dict(select_checks(self.folder, self._serials, now).items()))
        found.update({one.record.kind: one.record for one in self.kept})
        return found

    def _decide(self, result: CalibrationResult) -> None:
        """Show a result; keep it when it is accepted."""
        self._face.show(result)
        accepted = Waited(lambda: self._face.decide(result)).answer(self._stop)
        kept = self._keep(result) if accepted else None
        self._told.append(result_document(result, accepted, kept, with_plot=False))
        self._face.decided(result, kept)
        check = result.kind is CheckKind.LASER_CHECK
        if not result.passed and (check or not accepted):
            raise MeasurementError(f"{result.kind}: {' '.join(result.summary)}")
        if not accepted:
            raise RunAbortedError(f"{result.kind}: not accepted, no record was written")

    def _keep(self, result: CalibrationResult) -> Kept:
        new = make_record(
            result.kind,
            result.values,
            operator=self._request.operator,
            origin=result.origin,
            instruments={role: self._serials[role] for role in result.roles if self._serials.get(role)},
            created=datetime.now(UTC),
            expires=result.expires,
            used_records=result.used,
            raw=result.raw,
        )
        kept = Kept(save_record(new, self.folder), new.record)
        self.kept.append(kept)
        if result.setting is not None:
            self._change(result.setting)
        return kept

    def _change(self, setting: ProposedSetting) -> None:
        """Write a setting into the rig file; the record is written already, whatever comes of it."""
        old = write_setting(self._rig_file.path, setting)
        self.changed_settings.append(setting)
        key = f"{setting.section}.{setting.key}"
        self._face.tell(f"{self._rig_file.path.name}: {key} was {old:g}, is {setting.new:g} now.")


def _stamped(result: CalibrationResult, at: datetime) -> CalibrationResult:
    """A result that stands on expired records says so, now and in its record: stamped, not blocked."""
    # A certificate's lapse is said by what is made with the lamp, together with its hours.
    said = tuple(
        f"made with a {name} record that expired on {record.expires:%Y-%m-%d}"
        for name, record in result.used.items()
        if record.kind is not CheckKind.LAMP and record.expired_at(at)
    )
    if not said:
        return result
    values = {**result.values, "warnings": [*result.values.get("warnings", ()), *said]}
    return replace(result, values=values, warnings=(*result.warnings, *said))


def _shut_down(procedure: CalibrationProcedure, stop: StopRequest) -> None:
    """End a procedure; where nothing is waited for, the safe state is being made already."""
    if not stop.urgent:
        procedure.shutdown()
