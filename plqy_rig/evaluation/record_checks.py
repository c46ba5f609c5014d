"""What the calibration records say about themselves, and the last laser check about the air in the sphere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calibration import CheckKind, RecordKind
from plqy_rig.evaluation.flags import Flag

if TYPE_CHECKING:
    from plqy_rig.evaluation.corrected_run import CorrectedRun

CHECK_COUNTS_FOR_S = 86400.0
"""A laser check speaks for the day: purge and alignment change from one to the next."""
_WATER_CHANGE = 0.01
_ENTER_THE_YIELD = (RecordKind.RESPONSE, RecordKind.LONG_PASS, RecordKind.LINEARITY, RecordKind.MONITOR_RATIO)


def record_flags(corrected: CorrectedRun) -> dict[Flag, bool]:
    """Which flags the records raise: their dates, their own warnings, and a laser check of the day."""
    moment = _moment(corrected)
    check = laser_check_values(corrected, moment)
    water = check.get("water_vapour_change_relative")
    return {
        Flag.CALIBRATION_EXPIRED: bool(corrected.calibration.expired_at(moment)),
        Flag.CALIBRATION_WARNING: bool(record_warnings(corrected)),
        Flag.WATER_VAPOUR: isinstance(water, int | float) and abs(water) > _WATER_CHANGE,
    }


def record_warnings(corrected: CorrectedRun) -> tuple[str, ...]:
    """What was written into the records that enter the yield when they were made."""
    return tuple(
        f"{kind} record: {sentence}"
        for kind in _ENTER_THE_YIELD
        if kind in corrected.calibration.records
        for sentence in corrected.calibration.records[kind].values.get("warnings", ())
    )


def laser_check_values(corrected: CorrectedRun, moment: datetime) -> Mapping[str, Any]:
    """The values of the laser check that the run carries, where it is of the same day; else nothing."""
    document = corrected.run.calibration.get(str(CheckKind.LASER_CHECK))
    if document is None:
        return {}
    made = datetime.fromisoformat(str(document.get("created", "")).replace("Z", "+00:00"))
    if abs((moment - made).total_seconds()) > CHECK_COUNTS_FOR_S:
        return {}
    values: Mapping[str, Any] = document.get("values", {})
    return values


def _moment(corrected: CorrectedRun) -> datetime:
    """When the run was last gone on with: a resumed run is as old as its newest part."""
    run = corrected.run
    return datetime.fromtimestamp(max((run.started, *run.resumed)), tz=UTC)
