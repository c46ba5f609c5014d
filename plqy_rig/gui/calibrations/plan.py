"""The calibrations in their order: what each is for, what it needs, and how its record stands. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration import CheckKind, RecordKind
from calibration.records import AnyKind
from plqy_rig.gui.records.reading import FolderReading, RecordLine, kind_words


@dataclass(frozen=True)
class PlannedCalibration:
    """One calibration as it is offered.

    Attributes:
        name: for the host's command.
        title: for people.
        purpose: what it finds, a sentence.
        by_hand: what the operator does, a sentence.
        gate: what its result must fulfil, a sentence.
        makes: kinds of record it makes.
        needs: kinds of record it stands on.
        lamp: whether the calibration lamp has to burn.
    """

    name: str
    title: str
    purpose: str
    by_hand: str
    gate: str
    makes: tuple[AnyKind, ...]
    needs: tuple[AnyKind, ...] = ()
    lamp: bool = False


@dataclass(frozen=True)
class Standing:
    """How one calibration stands.

    Attributes:
        state: of the theme: "good", "warning", "bad", "unknown".
        word: "done", "expired", "missing", "not done".
        sentence: since when and until when, or what to do first.
        blocked_by: titles of calibrations that have to come first.
    """

    state: str
    word: str
    sentence: str
    blocked_by: tuple[str, ...] = ()


PLAN: tuple[PlannedCalibration, ...] = (
    PlannedCalibration(
        "wavelength",
        "Wavelength",
        "Checks the pixels' wavelengths against the laser's line.",
        "Leave the sphere empty.",
        "The line lies within 1 pixel of its known wavelength.",
        (CheckKind.WAVELENGTH,),
    ),
    PlannedCalibration(
        "mode-hop",
        "Mode hops",
        "Maps where the laser jumps between modes and proposes a quiet temperature.",
        "Leave the sphere empty.",
        "There is a temperature far enough from every hop.",
        (CheckKind.MODE_HOPS,),
    ),
    PlannedCalibration(
        "wheel",
        "Wheel",
        "Measures the attenuator's optical density against its angle.",
        "Leave the sphere empty.",
        "Density rises, at most 0.2 off a straight line.",
        (RecordKind.WHEEL,),
    ),
    PlannedCalibration(
        "monitor",
        "Monitor ratio",
        "Finds the power into the sphere for each watt at the monitor.",
        "Hold the reference head before the sphere's entrance, in the power meter's other input.",
        "Wheel positions scatter by 2 % at most.",
        (RecordKind.MONITOR_RATIO,),
        (RecordKind.WHEEL,),
    ),
    PlannedCalibration(
        "beam",
        "Beam",
        "Takes the beam's diameters, from a profiler's files or typed.",
        "Measure the beam with the profiler at the sample's place.",
        "",
        (RecordKind.BEAM,),
    ),
    PlannedCalibration(
        "lamp",
        "Lamp certificate",
        "Reads the certificate that the rig file names.",
        "Check unit and coverage factor against the paper.",
        "Rows sorted, positive, enough of them.",
        (CheckKind.LAMP,),
    ),
    PlannedCalibration(
        "detector",
        "Detector",
        "Measures darks and linearity.",
        "Switch the lamp on, block its light and let it in again.",
        "Counts over time are flat within 1 %.",
        (RecordKind.LINEARITY, CheckKind.DETECTOR),
        lamp=True,
    ),
    PlannedCalibration(
        "response",
        "Response",
        "Calibrates sphere, fibre and spectrometer against the lamp.",
        "As for the detector, and seat the lamp anew twice.",
        "Exposures agree within 1 %.",
        (RecordKind.RESPONSE,),
        (CheckKind.LAMP, RecordKind.LINEARITY),
        lamp=True,
    ),
    PlannedCalibration(
        "long-pass",
        "Long-pass",
        "Measures the emission filter with the lamp.",
        "Lamp without, with, and without the filter.",
        "Common uncertainty 2 % at most.",
        (RecordKind.LONG_PASS,),
        (RecordKind.LINEARITY,),
        lamp=True,
    ),
    PlannedCalibration(
        "laser-check",
        "Laser check",
        "Compares the absolute scale with the laser's power, and says what is wrong if it fails.",
        "Reference head in, then out.",
        "Deviation 3 % at most, none that depends on power.",
        (CheckKind.LASER_CHECK,),
        (RecordKind.RESPONSE, RecordKind.LINEARITY),
    ),
)


def planned(name: str) -> PlannedCalibration:
    """The calibration of this name; raises `StopIteration` for none."""
    return next(one for one in PLAN if one.name == name)


def standing(one: PlannedCalibration, reading: FolderReading | None) -> Standing:
    """How a calibration stands.

    Args:
        one: which.
        reading: of the calibration folder; None where it can't be read.
    """
    if reading is None:
        return Standing("unknown", "unknown", "The calibration folder isn't known yet.")
    blocked = tuple(_maker_title(kind) for kind in one.needs if not _valid(kind, reading))
    first = f" First: {', '.join(dict.fromkeys(blocked))}." if blocked else ""
    lines = [_newest(kind, reading) for kind in one.makes]
    known = [line for line in lines if line is not None and line.record is not None]
    missing = [kind for kind, line in zip(one.makes, lines, strict=True) if line is None]
    if any(isinstance(kind, RecordKind) for kind in missing):
        return Standing("bad", "missing", f"No record yet: no run can be evaluated without.{first}", blocked)
    if missing:
        there = [kind_words(str(kind)).lower() for kind in one.makes if kind not in missing]
        said = (
            f"Not done here; the {' and '.join(there)} record is from elsewhere."
            if there
            else "Not done yet."
        )
        return Standing("unknown", "not done", f"{said}{first}", blocked)
    oldest = min(known, key=lambda line: line.record.expires if line.record else line.at)
    assert oldest.record is not None
    made = f"{oldest.record.created:%Y-%m-%d} by {oldest.record.operator or 'nobody named'}"
    if oldest.status.state != "valid":
        return Standing("warning", "expired", f"Made {made}, expired {oldest.expires}.{first}", blocked)
    state = oldest.state[0]
    failed = any(line.record and line.record.values.get("passed") is False for line in known)
    if failed:
        return Standing("bad", "failed", f"Failed on {made}. Valid until a new one is made.", blocked)
    return Standing(state, "done", f"Made {made}, valid until {oldest.record.expires:%Y-%m-%d}.", blocked)


def in_order(names: Sequence[str]) -> tuple[str, ...]:
    """These calibrations in the order in which they stand on each other."""
    return tuple(one.name for one in PLAN if one.name in names)


def _newest(kind: AnyKind, reading: FolderReading) -> RecordLine | None:
    """The record that holds: the one a run would use, else the newest; lines are sorted that way."""
    of_kind = [line for line in reading.lines if line.record is not None and line.record.kind is kind]
    used = [line for line in of_kind if line.used]
    return next(iter(used or of_kind), None)


def _valid(kind: AnyKind, reading: FolderReading) -> bool:
    line = _newest(kind, reading)
    return line is not None and line.status.state == "valid"


def _maker_title(kind: AnyKind) -> str:
    makers = [one.title for one in PLAN if kind in one.makes]
    return makers[0] if makers else kind_words(str(kind))
