"""Results in words that every face and `--json` share."""

from __future__ import annotations

from typing import Any

from calibration import CheckKind
from plqy_rig.calibration_session.face import Kept
from procedures.calibrations import CalibrationResult


def should_be_kept(result: CalibrationResult) -> bool:
    """Whether a result is kept where nobody is asked: it passed, or it is a check, which tells either way."""
    return result.passed or result.kind is CheckKind.LASER_CHECK


def result_document(
    result: CalibrationResult, accepted: bool | None, kept: Kept | None = None, *, with_plot: bool = True
) -> dict[str, Any]:
    """Give a result as plain values.

    Args:
        result: what was found.
        accepted: what was decided; None as long as nobody has.
        kept: the record written.
        with_plot: also its curves, which are long.
    """
    document: dict[str, Any] = {
        "kind": str(result.kind),
        "passed": result.passed,
        "accepted": accepted,
        "summary": list(result.summary),
        "warnings": list(result.warnings),
        "record": None if kept is None else str(kept.path),
        "sha256": None if kept is None else kept.record.sha256,
    }
    if result.setting is not None:
        setting = result.setting
        document["setting"] = {
            "key": f"{setting.section}.{setting.key}",
            "old": setting.old,
            "new": setting.new,
            "written": kept is not None,
        }
    if with_plot:
        document["plot"] = None if result.plot is None else result.plot.to_document()
    return document
