"""A run as evaluation reads it: per role one array of each quantity, a row per power step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Role
from plqy_rig.data.documents import ExitStatus
from plqy_rig.data.journal import Document

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_NOT_COMPARED = ("folder",)
"""Where a run lies isn't part of what it says."""


@dataclass(frozen=True, eq=False)
class RoleSpectra:
    """What one role measured. Steps that weren't measured are NaN (numbers: 0, booleans: False).

    A step counts as measured when an exposure AND a dark of the same integration time were saved for it;
    of several such pairs the last one is here.

    Attributes:
        measured: [steps], whether the step has an exposure with its dark.
        counts: [steps, pixels], mean of the scans, raw counts.
        counts_std: [steps, pixels], standard deviation of single scans, counts.
        scan_counts: [steps, most scans, pixels], every scan; NaN where a step had fewer.
        dark: [steps, pixels], mean of the dark scans, counts.
        dark_std: [steps, pixels], standard deviation of single dark scans, counts.
        integration_time_s: [steps], s; of exposure and dark.
        scans: [steps], number of scans.
        dark_scans: [steps], number of dark scans.
        monitor_power_w: [steps], mean power at the monitor, W.
        monitor_power_std_w: [steps], standard deviation of its readings, W.
        monitor_readings: [steps], number of its readings.
        wheel_position_deg: [steps], degrees.
        laser_current_a: [steps], A.
        laser_temperature_c: [steps], °C.
        detector_temperature_c: [steps], °C, during the exposure.
        dark_detector_temperature_c: [steps], °C, during the dark.
        light_on_s: [steps], how long light was on the sample for this exposure, s.
        time: [steps], when the exposure was saved, s since 1970 UTC.
        dark_time: [steps], when the dark was saved, s since 1970 UTC.
        saturated: [steps], whether a pixel was at full scale.
    """

    measured: BoolArray
    counts: FloatArray
    counts_std: FloatArray
    scan_counts: NDArray[np.float32]
    dark: FloatArray
    dark_std: FloatArray
    integration_time_s: FloatArray
    scans: IntArray
    dark_scans: IntArray
    monitor_power_w: FloatArray
    monitor_power_std_w: FloatArray
    monitor_readings: IntArray
    wheel_position_deg: FloatArray
    laser_current_a: FloatArray
    laser_temperature_c: FloatArray
    detector_temperature_c: FloatArray
    dark_detector_temperature_c: FloatArray
    light_on_s: FloatArray
    time: FloatArray
    dark_time: FloatArray
    saturated: BoolArray

    def __eq__(self, other: object) -> bool:
        return differences(self, other) == [] if isinstance(other, RoleSpectra) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Run:
    """One run, complete or not, from its journal or its NeXus file.

    Two runs are equal when they say the same, NaN equal to NaN; the folder doesn't count.

    Attributes:
        folder: where it lies.
        uid: its identifier, the same in journal and NeXus file.
        sample: the sample's name.
        operator: who measured.
        recipe: values under their parameter names, as used.
        rig: the rig file's content, as used.
        recipe_toml: text of the recipe.
        rig_toml: text of the rig file.
        instruments: identity of every instrument.
        versions: of the program and of what it stands on.
        calibration: complete calibration records by kind.
        wavelength_nm: [pixels], nm.
        full_scale_counts: counts at which a pixel is saturated.
        linearity_coefficients: c0..c7 as the spectrometer itself holds them; None if it has none.
        target_power_density_mw_per_cm2: [steps], mW/cm².
        started: s since 1970 UTC.
        finished: s since 1970 UTC; None when interrupted.
        resumed: when the run was gone on with, s since 1970 UTC.
        exit_status: how it ended.
        spectra: what each role measured; only roles with at least one measured step.
        stop: the stop document; None when interrupted.
        warnings: what an operator should know: damage, exposures without dark.
        documents: the journal's start, resume and stop documents in their order, as (name, document);
            the start document without wavelengths and calibration records, which stand above.
    """

    folder: Path
    uid: str
    sample: str
    operator: str
    recipe: Mapping[str, Any]
    rig: Mapping[str, Any]
    recipe_toml: str
    rig_toml: str
    instruments: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    calibration: Mapping[str, Mapping[str, Any]]
    wavelength_nm: FloatArray
    full_scale_counts: float
    linearity_coefficients: FloatArray | None
    target_power_density_mw_per_cm2: FloatArray
    started: float
    finished: float | None
    resumed: tuple[float, ...]
    exit_status: ExitStatus
    spectra: Mapping[Role, RoleSpectra]
    stop: Document | None
    warnings: tuple[str, ...]
    documents: tuple[tuple[str, Document], ...]

    @property
    def power_steps(self) -> int:
        """Number of power steps."""
        return len(self.target_power_density_mw_per_cm2)

    def missing_steps(self, role: Role) -> tuple[int, ...]:
        """Steps (from 0) of `role` that still have to be measured."""
        if role not in self.spectra:
            return tuple(range(self.power_steps))
        return tuple(int(step) for step in np.flatnonzero(~self.spectra[role].measured))

    def next_role(self) -> Role | None:
        """The first of the five required roles, in pass order, with a step missing; None if complete."""
        return next(
            (role for role in PASS_ORDER if role in REQUIRED_ROLES and self.missing_steps(role)), None
        )

    def __eq__(self, other: object) -> bool:
        return differences(self, other) == [] if isinstance(other, Run) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def same_measurement(left: Run, right: Run) -> bool:
    """Whether two readings of a run hold the same spectra, end alike and are warned of as often.

    The words of a warning don't count: another version of the program may choose others.
    """
    parts = ("uid", "exit_status", "resumed", "target_power_density_mw_per_cm2", "spectra")
    if any(differences(getattr(left, part), getattr(right, part)) for part in parts):
        return False
    return len(left.warnings) == len(right.warnings)


def differences(left: Any, right: Any, where: str = "") -> list[str]:
    """List where two runs (or parts of them) differ; empty when they say the same.

    Numbers are compared exactly, NaN equal to NaN, arrays with their type; lists and tuples are the same.
    """
    if dataclasses.is_dataclass(left) and type(left) is type(right):
        names = [item.name for item in dataclasses.fields(left) if item.name not in _NOT_COMPARED]
        pairs = [(name, getattr(left, name), getattr(right, name)) for name in names]
        return [text for name, a, b in pairs for text in differences(a, b, f"{where}/{name}")]
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return [] if _same_arrays(left, right) else [where]
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if set(left) != set(right):
            return [where]
        return [text for key in left for text in differences(left[key], right[key], f"{where}/{key}")]
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return [where]
        pairs = [(str(index), a, b) for index, (a, b) in enumerate(zip(left, right, strict=True))]
        return [text for name, a, b in pairs for text in differences(a, b, f"{where}/{name}")]
    same = left == right or (left != left and right != right)
    return [] if same else [where]


def _same_arrays(left: Any, right: Any) -> bool:
    if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray) or left.dtype != right.dtype:
        return False
    return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))
