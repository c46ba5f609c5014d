"""The dry run of a recipe: what is wrong with it, and what running it at this rig would mean.

A pure function of rig file, recipe, calibration folder and disk: no instrument is asked, so that it can be
called at every key that is pressed, also while a run is under way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from calibration import CurveError, Record, RecordError, RecordKind, select_records
from calibration.roles import REQUIRED_ROLES
from drivers.errors import RigError
from plqy_rig.config import RigFile
from plqy_rig.data import JOURNAL_NAME, NEXUS_NAME, RECIPE_NAME, RIG_NAME, sample_slug
from plqy_rig.host.expected_duration import PassForecast, RigScale, forecast_pass
from procedures import SweepSettings
from procedures.recipe_problems import RecipeProblem, recipe_problems

_SOON = timedelta(days=7)
_PIXELS = 512
_BYTES_OF_TEXT = 4 / 3
"""Arrays stand in the journal as text that is a third longer than their bytes."""
_NEXUS_SHARE = 0.5
_MB = 1e6
_TIMES_FULL_DISK = 5.0


@dataclass(frozen=True)
class RigState:
    """What is known of the instruments without asking them; every part may be unknown.

    Attributes:
        wavelength_range_nm: first and last pixel of the spectrometer.
        integration_time_range_s: of the spectrometer, s.
        full_scale_counts: of the spectrometer.
        serial_numbers: of the instruments in use, by role; records of other instruments aren't taken.
        warnings: sentences that belong before every start, e.g. that an instrument is missing.
    """

    wavelength_range_nm: tuple[float, float] | None = None
    integration_time_range_s: tuple[float, float] = (0.0, float("inf"))
    full_scale_counts: float | None = None
    serial_numbers: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()


def check_recipe(
    rig_file: RigFile,
    rig_state: RigState | None,
    recipe: Mapping[str, Any],
    out: Path,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Dry-run a recipe.

    Args:
        rig_file: its limits and calibration folder.
        rig_state: what is known of the instruments; None: nothing.
        recipe: keys and values as TOML gives them; what is missing has its default.
        out: folder in which the run folder would be made.
        now: the time for which records have to hold; None: the present.

    Returns:
        `{"problems": [{key, keys, message}], "summary": {...} or None}`; with any problem a start is refused.
        The summary is there as soon as the recipe itself is sound.
    """
    state, at = rig_state or RigState(), now or datetime.now(UTC)
    settings, problems = recipe_problems(recipe)
    if settings is None:
        return {"problems": [problem.to_document() for problem in problems], "summary": None}
    records, record_problems, warnings = _records_in_force(rig_file, state, at)
    scale, scale_problems = _scale(records, settings)
    free_mb = _free_disk_mb(out)
    needed_mb = disk_needed_mb(settings)
    found = [
        *record_problems,
        *scale_problems,
        *_limit_problems(rig_file, state, settings, scale),
        *_disk_problems(out, free_mb, rig_file),
    ]
    summary = _summary(settings, scale, state) | {
        "out": str(out),
        "folder_pattern": f"<UTC time>_{sample_slug(settings.sample)}",
        "files": [JOURNAL_NAME, NEXUS_NAME, RECIPE_NAME, RIG_NAME],
        "needed_disk_mb": needed_mb,
        "free_disk_mb": free_mb,
        "power_density_limit_mw_per_cm2": rig_file.configuration.limits.power_density_mw_per_cm2,
        "records": [_record_row(record, at) for record in records.values()],
        "warnings": [
            *state.warnings,
            *warnings,
            *_expiry_warnings(records.values(), at),
            *_recipe_warnings(settings),
            *_disk_warnings(free_mb, needed_mb),
        ],
    }
    return {"problems": [problem.to_document() for problem in found], "summary": summary}


def disk_needed_mb(settings: SweepSettings) -> float:
    """Room the run's files will take, 10⁶ bytes."""
    size = 0.0
    for role in settings.passes:
        single = settings.scans(role) * _PIXELS * 4
        means = 4 * _PIXELS * 8
        size += settings.steps * (single + means) * _BYTES_OF_TEXT
    return size * (1 + _NEXUS_SHARE) / _MB


def _summary(settings: SweepSettings, scale: RigScale | None, state: RigState) -> dict[str, Any]:
    estimate = settings.estimate()
    passes = [] if scale is None else [_forecast(role, settings, scale, state) for role in settings.passes]
    known = bool(passes)
    expected = sum(one.expected_duration_s for one in passes) + settings.laser_warm_up_s
    return {
        "steps": estimate.exposures,
        "passes": [_pass_row(one) for one in passes],
        "expected_duration_s": expected if known else estimate.longest_duration_s,
        "longest_duration_s": estimate.longest_duration_s,
        "dose_j": sum(one.energy_on_sample_j for one in passes) if known else None,
        "highest_power_density_mw_per_cm2": estimate.highest_power_density_mw_per_cm2,
        "power_densities_mw_per_cm2": list(settings.power_densities_mw_per_cm2),
    }


def _forecast(role: Any, settings: SweepSettings, scale: RigScale, state: RigState) -> PassForecast:
    low, high = state.integration_time_range_s
    try:
        return forecast_pass(role, settings, scale, (low, high))
    except RigError:
        # The spectrometer can't do what the recipe wants; `_limit_problems` says so.
        return forecast_pass(role, settings, scale)


def _pass_row(forecast: PassForecast) -> dict[str, Any]:
    return {
        "role": forecast.role.value,
        "steps": len(forecast.integration_times_s),
        "longest_duration_s": forecast.longest_duration_s,
        "expected_duration_s": forecast.expected_duration_s,
        "integration_time_range_s": [min(forecast.integration_times_s), max(forecast.integration_times_s)],
    }


def _records_in_force(
    rig_file: RigFile, state: RigState, at: datetime
) -> tuple[Mapping[RecordKind, Record], list[RecipeProblem], list[str]]:
    folder = rig_file.calibration_folder
    try:
        chosen = rig_file.configuration.calibration.records
        selection = select_records(folder, state.serial_numbers or {}, at, chosen)
    except RecordError as error:
        return {}, [RecipeProblem((), str(error))], []
    missing = [str(kind) for kind in RecordKind if kind not in selection.records]
    problems = []
    if missing:
        words = f"No calibration record for {', '.join(missing)} in {folder}: calibrate first."
        problems.append(RecipeProblem((), words))
    # Expiry has a sentence of its own below, with the date.
    others = [warning for warning in selection.warnings if not warning.endswith("calibration expired")]
    return selection.records, problems, others


def _scale(
    records: Mapping[RecordKind, Record], settings: SweepSettings
) -> tuple[RigScale | None, list[RecipeProblem]]:
    if any(kind not in records for kind in RecordKind):
        return None, []
    try:
        return RigScale.of(records, settings.laser_window_nm), []
    except (CurveError, RigError) as error:
        return None, [RecipeProblem((), f"The calibration records can't be used: {error}")]


def _limit_problems(
    rig_file: RigFile, state: RigState, settings: SweepSettings, scale: RigScale | None
) -> Iterable[RecipeProblem]:
    highest = settings.power_density_max_mw_per_cm2
    limit = rig_file.configuration.limits.power_density_mw_per_cm2
    if highest > limit:
        words = f"{highest:g} mW/cm² is above this rig's limit of {limit:g} mW/cm²."
        yield RecipeProblem(("power_density_max_mw_per_cm2",), words)
    seen_nm = state.wavelength_range_nm or (None if scale is None else scale.wavelength_range_nm)
    low, high = settings.laser_window_nm
    if seen_nm is not None and (high < seen_nm[0] or low > seen_nm[1]):
        words = (
            f"The spectrometer sees {seen_nm[0]:.0f} to {seen_nm[1]:.0f} nm: no laser line to be found here."
        )
        yield RecipeProblem(("laser_window_low_nm", "laser_window_high_nm"), words)
    for role in settings.passes:
        try:
            settings.integration_limits(role, 1.0, state.integration_time_range_s)
        except RigError as error:
            key = f"integration_time_max_{'emission' if role.is_emission else 'excitation'}_s"
            yield RecipeProblem((key, "integration_time_min_s"), f"The spectrometer can't do that: {error}")
            return


def _free_disk_mb(out: Path) -> float:
    present = next(parent for parent in (out, *out.resolve().parents) if parent.exists())
    return shutil.disk_usage(present).free / _MB


def _disk_problems(out: Path, free_mb: float, rig_file: RigFile) -> Iterable[RecipeProblem]:
    least_mb = rig_file.configuration.safety.least_free_disk_mb
    if free_mb < least_mb:
        words = (
            f"Only {free_mb:.0f} MB are free in {out}; a run begins with {least_mb:.0f} MB or more. "
            "Make room."
        )
        yield RecipeProblem((), words)


def _disk_warnings(free_mb: float, needed_mb: float) -> Iterable[str]:
    if free_mb < _TIMES_FULL_DISK * needed_mb:
        yield f"The disk is nearly full: {free_mb:.0f} MB are free, this run takes about {needed_mb:.1f} MB."


def _record_row(record: Record, at: datetime) -> dict[str, Any]:
    return {
        "kind": str(record.kind),
        "sha256": record.sha256,
        "created": record.created.isoformat(),
        "expires": record.expires.isoformat(),
        "expired": record.expired_at(at),
    }


def _expiry_warnings(records: Iterable[Record], at: datetime) -> Iterable[str]:
    for record in records:
        name = str(record.kind).replace("_", " ")
        if record.expired_at(at):
            yield (
                f"The {name} record expired on {record.expires:%d %B %Y}: "
                "results will be stamped. Calibrate again."
            )
        elif record.expires - at < _SOON:
            yield f"The {name} record expires on {record.expires:%d %B %Y}."


def _recipe_warnings(settings: SweepSettings) -> Iterable[str]:
    absent = [role.value.replace("_", " ") for role in REQUIRED_ROLES if role not in settings.passes]
    if absent:
        yield (
            f"Without {', '.join(absent)} this run alone gives no quantum yield; "
            "the missing passes can be measured later."
        )
