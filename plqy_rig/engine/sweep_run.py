"""One run from the safe state to the safe state: connect, measure, save, evaluate, and tell."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from calibration import Beam, MonitorRatio, Record, RecordError, RecordKind, WheelCurve, newest_records
from drivers.errors import RigError, RunAbortedError, SafetyError
from plqy_rig.data import ExitStatus, RunMetadata, RunRecorder
from plqy_rig.engine.observed_sweep import ObservedSweep, StopRequest
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict
from procedures import Operator, PowerCalibration

log = logging.getLogger(__name__)

Listener = Callable[[str, Mapping[str, Any]], None]
_ABORT_PATIENCE_S = 60.0


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        folder: the run folder.
        exit_status: success, abort or fail.
        error: what ended it early; None for a success.
        verdict: the safe state at its end.
        warnings: sentences the operator should read.
    """

    folder: Path
    exit_status: ExitStatus
    error: RigError | None
    verdict: SafeVerdict
    warnings: tuple[str, ...]


def load_records(folder: Path) -> dict[RecordKind, Record]:
    """The newest record of every kind a sweep needs; raises `RecordError` naming what is missing."""
    records = newest_records(folder)
    missing = [str(kind) for kind in RecordKind if kind not in records]
    if missing:
        raise RecordError(f"{folder}: no calibration record for {', '.join(missing)}")
    return records


def run_sweep(
    rig: Rig,
    sweep: ObservedSweep,
    *,
    operator: Operator,
    records: Mapping[RecordKind, Record],
    out: Path,
    recipe_text: str,
    stop: StopRequest,
    listeners: Sequence[Listener] = (),
) -> RunOutcome:
    """Run one sweep. Whatever happens, it ends in the safe state, verified, with one stop document.

    Args:
        rig: connected.
        sweep: with its parameters set.
        operator: who moves sample and filter.
        records: the calibration records in force.
        out: folder the run folder is made in.
        recipe_text: the recipe as given.
        stop: asks it to end early.
        listeners: hear of every document after it was saved.

    Raises:
        SafetyError: the rig wasn't safe before anything began; nothing was recorded.
        StorageError: the run folder can't be made.
    """
    rig.require_safe()
    sweep.instruments = rig.instruments()
    sweep.operator = operator
    sweep.beam = _power_calibration(records)
    recorder = RunRecorder.create(out, _metadata(rig, sweep, records, recipe_text), listeners=listeners)
    with recorder:
        sweep.record = recorder.record
        sweep.stop = stop
        error = _measure(rig, sweep, stop)
        verdict = rig.make_safe()
        status, reason = _ending(sweep, stop, error)
        if not verdict.safe and error is None:
            error = SafetyError(str(verdict))
        recorder.finish(status, reason, {**verdict.to_document(), "warnings": list(sweep.warnings)})
    return RunOutcome(recorder.folder, status, error, verdict, tuple(sweep.warnings))


def _power_calibration(records: Mapping[RecordKind, Record]) -> PowerCalibration:
    wheel = WheelCurve.from_values(records[RecordKind.WHEEL].values)
    return PowerCalibration(
        beam_area_cm2=Beam.from_values(records[RecordKind.BEAM].values).area_cm2,
        monitor_ratio=MonitorRatio.from_values(records[RecordKind.MONITOR_RATIO].values).ratio,
        wheel_angle_deg=tuple(float(angle) for angle in wheel.angle_deg),
        wheel_optical_density=tuple(float(density) for density in wheel.optical_density),
    )


def _measure(rig: Rig, sweep: ObservedSweep, stop: StopRequest) -> RigError | None:
    """Run the procedure in a thread of its own, so that a signal is answered while it waits."""
    errors: list[RigError] = []

    def work() -> None:
        try:
            try:
                sweep.startup()
                sweep.execute()
            finally:
                sweep.shutdown()
        except RigError as error:
            errors.append(error)
        except Exception as error:
            log.exception("the sweep failed in an unforeseen way")
            errors.append(RigError(f"unforeseen {type(error).__name__}: {error}"))
        finally:
            done.set()

    done = threading.Event()
    thread = threading.Thread(target=work, name="sweep", daemon=True)
    thread.start()
    while not done.wait(0.05):
        if stop.asked:
            # Light off at once; the sweep itself notices between two steps or at its next exchange.
            rig.make_safe()
            if not done.wait(_ABORT_PATIENCE_S):
                return RigError(f"the sweep did not end within {_ABORT_PATIENCE_S:g} s after {stop.reason}")
            break
    return errors[0] if errors else None


def _ending(sweep: ObservedSweep, stop: StopRequest, error: RigError | None) -> tuple[ExitStatus, str]:
    if stop.asked:
        return ExitStatus.ABORT, stop.reason
    if isinstance(error, RunAbortedError):
        return ExitStatus.ABORT, str(error)
    if error is not None:
        return ExitStatus.FAIL, str(error)
    if not sweep.finished:
        return ExitStatus.ABORT, "stopped between two steps"
    return ExitStatus.SUCCESS, ""


def _metadata(
    rig: Rig, sweep: ObservedSweep, records: Mapping[RecordKind, Record], recipe_text: str
) -> RunMetadata:
    settings = sweep.settings()
    assert sweep.instruments is not None
    spectrometer = sweep.instruments.spectrometer
    return RunMetadata(
        sample=settings.sample,
        recipe=sweep.recipe(),
        rig=rig.rig_file.configuration.model_dump(mode="json", exclude_none=True),
        instruments=rig.identities(),
        wavelength_nm=spectrometer.wavelengths_nm,
        full_scale_counts=spectrometer.full_scale_counts,
        target_power_density_mw_per_cm2=settings.power_densities_mw_per_cm2,
        linearity_coefficients=spectrometer.linearity_coefficients,
        calibration_records=[record.to_document() for record in records.values()],
        versions={"plqy-rig": version("plqy-rig"), "python": platform.python_version()},
        operator=settings.operator_name,
        recipe_toml=recipe_text,
        rig_toml=rig.rig_file.text,
    )
