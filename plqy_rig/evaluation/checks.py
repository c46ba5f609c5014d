"""The sanity checks of each step: which flags its number carries (method, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plqy_rig.data import Role
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.uncertainty import WindowContent
from plqy_rig.evaluation.windows import Window

if TYPE_CHECKING:
    from plqy_rig.evaluation.window_result import CorrectedRun

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_NEAR_SATURATION = 0.95
_WEAK_PEAK = 0.1
_LOW_ABSORPTANCE = 0.05
_UNCERTAIN_ABSORPTANCE = 0.1
_MONITOR_SPREAD = 0.01
_LEAKAGE = 0.01
_ROLES_WITH_SIGNAL = (
    Role.EMPTY_EXCITATION,
    Role.INDIRECT_EXCITATION,
    Role.DIRECT_EXCITATION,
    Role.DIRECT_EMISSION,
)
"""Indirect emission is weak by nature and enters with a small weight; it isn't asked for a strong peak."""


@dataclass(frozen=True)
class StepValues:
    """The numbers of one window, [steps] each, NaN where a step has none."""

    plqy: FloatArray
    u_plqy: FloatArray
    absorptance: FloatArray
    u_absorptance: FloatArray
    mu: FloatArray
    plqy_2m: FloatArray
    u_plqy_2m_random: FloatArray


def check_steps(
    corrected: CorrectedRun,
    window: Window,
    contents: Mapping[Role, WindowContent],
    values: StepValues,
) -> tuple[tuple[str, ...], ...]:
    """The flags of every step, as codes in the order of `Flag`."""
    raised = {
        **_value_flags(values),
        **_signal_flags(corrected, window),
        **_arrangement_flags(corrected, window, contents),
    }
    count = len(values.plqy)
    return tuple(
        tuple(str(flag) for flag in Flag if flag in raised and bool(raised[flag][step]))
        for step in range(count)
    )


def _value_flags(values: StepValues) -> dict[Flag, BoolArray]:
    absorptance = values.absorptance
    return {
        Flag.MU_NEGATIVE: values.mu < 0,
        Flag.ABSORPTANCE_UNPHYSICAL: (absorptance <= 0) | (absorptance >= 1),
        Flag.ABSORPTANCE_LOW: (absorptance > 0) & (absorptance < _LOW_ABSORPTANCE),
        Flag.ABSORPTANCE_UNCERTAIN: values.u_absorptance > _UNCERTAIN_ABSORPTANCE * np.abs(absorptance),
        Flag.PLQY_ABOVE_ONE: values.plqy > 1,
        Flag.TWO_MEASUREMENT_DISAGREES: np.abs(values.plqy - values.plqy_2m)
        > 2 * np.hypot(values.u_plqy, values.u_plqy_2m_random),
    }


def _signal_flags(corrected: CorrectedRun, window: Window) -> dict[Flag, BoolArray]:
    run = corrected.run
    steps = len(corrected.reference_power_w)
    saturated, near, weak, bad = (np.zeros(steps, dtype=bool) for _ in range(4))
    for role, spectra in run.spectra.items():
        role_window = window if role.is_emission else corrected.laser_window
        inside = role_window.pixel_fractions(run.wavelength_nm) > 0
        highest = np.max(np.where(np.isfinite(spectra.counts), spectra.counts, -np.inf)[:, inside], axis=1)
        net = np.where(np.isfinite(spectra.counts), spectra.counts - spectra.dark, -np.inf)[:, inside]
        photons = corrected.photons[role]
        saturated |= photons.saturated[:, inside].any(axis=1)
        near |= highest >= _NEAR_SATURATION * run.full_scale_counts
        if role in _ROLES_WITH_SIGNAL:
            weak |= spectra.measured & (net.max(axis=1) < _WEAK_PEAK * run.full_scale_counts)
        bad |= bool(photons.bad_pixels[inside].any())
    return {
        Flag.SATURATED: saturated,
        Flag.NEAR_SATURATION: near,
        Flag.WEAK_SIGNAL: weak,
        Flag.BAD_PIXEL_IN_WINDOW: bad,
    }


def _arrangement_flags(
    corrected: CorrectedRun, window: Window, contents: Mapping[Role, WindowContent]
) -> dict[Flag, BoolArray]:
    run, power = corrected.run, corrected.reference_power_w
    steps = len(power)
    unsteady, incomplete, single = (np.zeros(steps, dtype=bool) for _ in range(3))
    for spectra in run.spectra.values():
        within = spectra.monitor_power_std_w > _MONITOR_SPREAD * spectra.monitor_power_w
        unsteady |= within | (np.abs(spectra.monitor_power_w / power - 1) > 2 * _MONITOR_SPREAD)
        incomplete |= ~spectra.measured
        single |= spectra.measured & (spectra.scans < 2)
    inside = window.pixel_fractions(run.wavelength_nm) > 0
    transmission = corrected.calibration.long_pass.usable_at(run.wavelength_nm)
    leakage = np.zeros(steps, dtype=bool)
    if Role.EMPTY_EMISSION in contents:
        leakage = contents[Role.EMPTY_EMISSION].integral > _LEAKAGE * contents[Role.DIRECT_EMISSION].integral
    return {
        Flag.MONITOR_UNSTEADY: unsteady,
        Flag.INCOMPLETE: incomplete,
        Flag.SINGLE_SCANS: single,
        Flag.WINDOWS_OVERLAP: np.full(steps, window.overlaps(corrected.laser_window)),
        Flag.FILTER_EDGE_IN_WINDOW: np.full(steps, bool(np.isnan(transmission[inside]).any())),
        Flag.LEAKAGE: leakage,
    }
