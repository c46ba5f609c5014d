"""What the engine is given to run, and what came of it."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from calibration import (
    Beam,
    CheckKind,
    MonitorRatio,
    Record,
    RecordError,
    RecordKind,
    Selection,
    WheelCurve,
    foreign_instruments,
    select_checks,
    select_records,
)
from drivers.errors import ConfigurationError, RigError
from plqy_rig.data import ExitStatus, RunMetadata
from plqy_rig.engine.observed_sweep import ObservedSweep
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict
from procedures import Operator, PowerCalibration, StepSummary


@dataclass(frozen=True, eq=False)
class Job:
    """One run to be made or gone on with.

    Attributes:
        sweep: with its parameters set; the engine runs copies of it.
        records: the calibration records in force.
        out: folder the run folder is made in.
        recipe_text: the recipe as given.
        operator: who moves sample and filter; None puts the questions into the stream only, where
            `Engine.answer_operator` answers them.
        resume_folder: the run to go on with; None begins a new one.
        previous: what that run has saved already.
    """

    sweep: ObservedSweep
    records: Mapping[RecordKind, Record]
    out: Path
    recipe_text: str
    operator: Operator | None = None
    resume_folder: Path | None = None
    previous: tuple[StepSummary, ...] = ()

    @property
    def exposures_wanted(self) -> int:
        """How many exposures the run has when it is complete, as far as this job goes."""
        return len(self.sweep.passes) * self.sweep.settings().steps


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        folder: the run folder; None when the run ended before it was made.
        exit_status: success, abort or fail; interrupted where not even that could be saved.
        error: what ended it early; None for a success.
        verdict: the safe state at its end.
        warnings: sentences the operator should read.
    """

    folder: Path | None
    exit_status: ExitStatus
    error: RigError | None
    verdict: SafeVerdict
    warnings: tuple[str, ...]


class LoadedRecords(dict[RecordKind, Record]):
    """The records of a run by kind, with what has to be said about them.

    Attributes:
        warnings: sentences: an expired one was taken, a newer one wasn't because it is of another instrument.
        expired: kinds whose record is past its date: results are stamped.
        chosen: kinds that somebody chose by hand; they may be of other instruments.
    """

    def __init__(
        self,
        records: Mapping[RecordKind, Record],
        *,
        warnings: Sequence[str] = (),
        expired: Sequence[RecordKind] = (),
        chosen: Sequence[RecordKind] = (),
    ) -> None:
        super().__init__(records)
        self.warnings = tuple(warnings)
        self.expired = tuple(expired)
        self.chosen = tuple(chosen)


def load_records(
    folder: Path, serial_numbers: Mapping[str, str] | None = None, chosen: Sequence[str | Path] = ()
) -> LoadedRecords:
    """The newest valid record of every kind a sweep needs; an expired one only where there is no other.

    Args:
        folder: of records.
        serial_numbers: of the connected instruments by role; records of others aren't taken. None as long
            as nothing is connected.
        chosen: records to use whatever their age and instruments, by path or beginning of their hash.

    Raises:
        RecordError: a kind is missing, or a file in the folder is damaged.
    """
    return _complete(select_records(folder, serial_numbers or {}, datetime.now(UTC), chosen), folder)


def _complete(selection: Selection, folder: Path) -> LoadedRecords:
    missing = [str(kind) for kind in RecordKind if kind not in selection.records]
    if missing:
        why = "".join(f"; {sentence}" for sentence in selection.warnings)
        raise RecordError(f"{folder}: no calibration record for {', '.join(missing)}{why}")
    return LoadedRecords(
        selection.records,
        warnings=selection.warnings,
        expired=selection.expired,
        chosen=selection.chosen,
    )


def records_for(rig: Rig) -> LoadedRecords:
    """The records for the connected instruments; those that the rig file names go first.

    Raises:
        RecordError: as `load_records`.
    """
    return _complete(selection_for(rig), rig.rig_file.calibration_folder)


def selection_for(rig: Rig) -> Selection:
    """The same, whatever is missing; raises `RecordError` where a file is damaged."""
    chosen = rig.rig_file.configuration.calibration.records
    serials = known_serials(rig.identities())
    return select_records(rig.rig_file.calibration_folder, serials, datetime.now(UTC), chosen)


def known_serials(identities: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Serial numbers by role, of those instruments that have one."""
    serials = {name: identity["serial_number"] for name, identity in identities.items()}
    return {name: serial for name, serial in serials.items() if serial}


def require_own_records(job: Job, identities: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """What has to be said about a job's records, for its run to keep.

    Args:
        job: about to begin.
        identities: of the connected instruments, by role.

    Raises:
        ConfigurationError: a record is of another instrument and nobody chose it by hand.
    """
    known = known_serials(identities)
    records = job.records
    chosen = records.chosen if isinstance(records, LoadedRecords) else ()
    said = list(records.warnings) if isinstance(records, LoadedRecords) else []
    for kind, record in records.items():
        foreign = foreign_instruments(record, known)
        if not foreign or kind in chosen:
            continue
        sentence = f"the {kind} record {record.sha256[:8]} is of {foreign}"
        if job.resume_folder is None:
            raise ConfigurationError(
                f"{sentence}: calibrate, or name it in the rig file's calibration.records"
            )
        said.append(f"{sentence}; the run began with it")
    return tuple(said)


def power_calibration(records: Mapping[RecordKind, Record]) -> PowerCalibration:
    """What a sweep needs to set its powers, from the records of beam, monitor ratio and wheel."""
    wheel = WheelCurve.from_values(records[RecordKind.WHEEL].values)
    return PowerCalibration(
        beam_area_cm2=Beam.from_values(records[RecordKind.BEAM].values).area_cm2,
        monitor_ratio=MonitorRatio.from_values(records[RecordKind.MONITOR_RATIO].values).ratio,
        wheel_angle_deg=tuple(float(angle) for angle in wheel.angle_deg),
        wheel_optical_density=tuple(float(density) for density in wheel.optical_density),
    )


def missing_steps(sweep: ObservedSweep, previous: Iterable[StepSummary]) -> int:
    """How many exposures a sweep still has to take when these are saved."""
    there = {(summary.role, summary.step) for summary in previous}
    steps = range(sweep.settings().steps)
    return sum((role, step) not in there for role in sweep.passes for step in steps)


def program_versions() -> dict[str, str]:
    """Versions of this program and of what it stands on."""
    return {"plqy-rig": version("plqy-rig"), "python": platform.python_version()}


def _last_laser_check(rig: Rig) -> tuple[Record, ...]:
    """The newest laser check of this rig: what it says of the air in the sphere belongs to its day's runs."""
    folder = rig.rig_file.calibration_folder
    if not folder.is_dir():
        return ()
    check = select_checks(folder, known_serials(rig.identities()), datetime.now(UTC)).get(
        CheckKind.LASER_CHECK
    )
    return () if check is None else (check,)


def run_metadata(job: Job, rig: Rig) -> RunMetadata:
    """All that is known before the first exposure; raises `RigError` when an instrument is missing."""
    settings = job.sweep.settings()
    spectrometer = rig.instruments().spectrometer
    return RunMetadata(
        sample=settings.sample,
        recipe=job.sweep.recipe(),
        rig=rig.rig_file.configuration.model_dump(mode="json", exclude_none=True),
        instruments=rig.identities(),
        wavelength_nm=spectrometer.wavelengths_nm,
        full_scale_counts=spectrometer.full_scale_counts,
        target_power_density_mw_per_cm2=settings.power_densities_mw_per_cm2,
        linearity_coefficients=spectrometer.linearity_coefficients,
        calibration_records=[
            record.to_document() for record in (*job.records.values(), *_last_laser_check(rig))
        ],
        versions=program_versions(),
        operator=settings.operator_name,
        recipe_toml=job.recipe_text,
        rig_toml=rig.rig_file.text,
    )
