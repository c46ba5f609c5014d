"""One run, its calibration and a few choices in; quantum yields with uncertainties and flags out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet
from calibration.roles import REQUIRED_ROLES
from plqy_rig.data import Evaluation, Run, WindowResult
from plqy_rig.data.errors import StorageError
from plqy_rig.evaluation.chain import correct_role
from plqy_rig.evaluation.window_result import CorrectedRun, evaluate_window
from plqy_rig.evaluation.windows import NAMED_WINDOWS, Window, named

FloatArray = NDArray[np.float64]

DEFAULT_RANGE_MW_PER_CM2 = (50.0, 900.0)
"""The published averages are over this range."""
_DEFAULT_LASER_WINDOW = Window("laser", 967.0, 987.0)


@dataclass(frozen=True)
class EvaluationChoices:
    """What may be chosen without measuring again.

    Attributes:
        windows: emission windows.
        range_mw_per_cm2: power densities that enter the mean.
        laser_window: where the laser line is; None takes the recipe's.
    """

    windows: Sequence[Window] = field(default_factory=lambda: tuple(NAMED_WINDOWS.values()))
    range_mw_per_cm2: tuple[float, float] = DEFAULT_RANGE_MW_PER_CM2
    laser_window: Window | None = None


def evaluate_run(
    run: Run, choices: EvaluationChoices | None = None, calibration: CalibrationSet | None = None
) -> Evaluation:
    """Evaluate a run that has all five roles.

    Args:
        run: as loaded or as just measured.
        choices: windows and range; the published ones by default.
        calibration: other records than those stored in the run.

    Raises:
        StorageError: the run lacks a role altogether.
        CalibrationError: a record can't be used, or is for another spectrometer.
        ConfigurationError: a window lies outside the spectra.
    """
    choices = choices or EvaluationChoices()
    calibration = calibration or CalibrationSet.from_documents(run.calibration, str(run.folder))
    _require_roles(run)
    calibration.response.require_grid(run.wavelength_nm)
    power = _reference_power_w(run)
    photons = {
        role: correct_role(
            spectra,
            calibration,
            full_scale_counts=run.full_scale_counts,
            reference_power_w=power,
            behind_long_pass=role.is_emission,
        )
        for role, spectra in run.spectra.items()
    }
    laser_window = choices.laser_window or _recipe_laser_window(run)
    corrected = CorrectedRun(run, photons, calibration, power, laser_window)
    windows = {
        name: evaluate_window(corrected, window, choices.range_mw_per_cm2)
        for name, window in named(choices.windows).items()
    }
    return _evaluation(corrected, choices, windows)


def evaluate_if_complete(run: Run) -> Evaluation | None:
    """Evaluate a run with its own records if all five roles have all their steps, else None."""
    return evaluate_run(run) if run.next_role() is None else None


def _evaluation(
    corrected: CorrectedRun, choices: EvaluationChoices, windows: Mapping[str, WindowResult]
) -> Evaluation:
    run, calibration = corrected.run, corrected.calibration
    moment = datetime.fromtimestamp(run.started, tz=UTC)
    warnings = [
        f"calibration expired: {kind} ({calibration.records[kind].expires:%Y-%m-%d})"
        for kind in calibration.expired_at(moment)
    ]
    if run.exit_status != "success":
        reason = run.stop.get("reason", "") if run.stop else "it has no stop document"
        warnings.append(f"the run did not end as planned ({run.exit_status}): {reason}")
    return Evaluation(
        run_uid=run.uid,
        laser_window_nm=(corrected.laser_window.low_nm, corrected.laser_window.high_nm),
        windows=windows,
        records={str(kind): record.sha256 for kind, record in calibration.records.items()},
        warnings=(*run.warnings, *warnings),
        version=version("plqy-rig"),
        evaluated=time.time(),
        settings={"range_mw_per_cm2": list(choices.range_mw_per_cm2)},
    )


def _require_roles(run: Run) -> None:
    missing = [str(role) for role in REQUIRED_ROLES if role not in run.spectra]
    if missing:
        raise StorageError(
            f"{run.folder}: can't be evaluated, it has no {', '.join(missing)}; "
            "measure the missing passes first"
        )


def _reference_power_w(run: Run) -> FloatArray:
    """Common monitor power of each step: the mean over its roles, [steps]; NaN where none was measured."""
    powers = np.stack([spectra.monitor_power_w for spectra in run.spectra.values()])
    measured = np.isfinite(powers)
    total = np.where(measured, powers, 0.0).sum(axis=0)
    count = measured.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _recipe_laser_window(run: Run) -> Window:
    low, high = run.recipe.get("laser_window_low_nm"), run.recipe.get("laser_window_high_nm")
    if low is None or high is None:
        return _DEFAULT_LASER_WINDOW
    return Window("laser", float(low), float(high))
