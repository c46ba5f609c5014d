"""Flags and sentences about one result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calibration.roles import Role
from plqy_rig.evaluation import flags as evaluation_flags
from plqy_rig.evaluation.flags import Flag
from plqy_rig.evaluation.intervals import MOST_SYMMETRIC

if TYPE_CHECKING:
    from plqy_rig.foreign.evaluate import WindowYield

_LOW_ABSORPTANCE = 0.05
_UNCERTAIN_ABSORPTANCE = 0.1
_LEAKAGE = 0.01
_SENSITIVE_ABSORPTANCE = 0.1
_UNPROVEN_STABILITY = 0.005
"""Two spectra taken one after the other and never repeated are hardly known to agree better than this."""

SENTENCES = {
    **evaluation_flags.SENTENCES,
    Flag.MU_NEGATIVE: (
        "More laser light with the sample in the sphere than without (L_b > L_a): the sphere changed between "
        "the measurements; compare with a solvent-filled cuvette as the empty reference."
    ),
    Flag.ABSORPTANCE_UNUSUAL: (
        "The absorptance is between 0.05 and 0.10: a relative error of the laser line counts nine- to "
        "nineteen-fold."
    ),
    Flag.LEAKAGE: (
        "The empty sphere or the blank shows more than 1 % of the sample's light in the emission window: the "
        "laser's tail, stray light, or what glows there. It was subtracted; --leakage says how."
    ),
    Flag.SATURATED: "A spectrum looks saturated inside a window: the number can't be trusted.",
    Flag.SINGLE_SCANS: "Not every spectrum was repeated: the uncertainty is a lower bound or isn't known.",
}
"""What each flag means for spectra of other programs."""


def flags_of(
    result: WindowYield,
    *,
    overlaps: bool,
    masked: bool,
    saturated: bool,
    repeated: bool,
    uncorrected: bool,
) -> tuple[Flag, ...]:
    """What is doubtful about a result, in the order of `Flag`.

    Args:
        result: its numbers.
        overlaps: whether emission and laser window overlap.
        masked: whether the long-pass masks part of the emission window.
        saturated: whether a spectrum looks saturated inside a window.
        repeated: whether every part was measured at least twice.
        uncorrected: whether counts were taken without a response.
    """
    yields, integrals = result.yields, result.integrals
    absorptance = yields.absorptance
    known = result.absorptance.sigma if result.absorptance.is_known else 0.0
    unproven = 0.0
    if not repeated and absorptance:
        unproven = _UNPROVEN_STABILITY * math.sqrt(2) * abs((1 - absorptance) / absorptance)
    mu_noise = result.mu.sigma if repeated and result.mu.is_known else 0.0
    leaked, emitted = integrals.get(Role.EMPTY_EMISSION, 0.0), integrals[Role.DIRECT_EMISSION]
    apart = abs(yields.plqy - yields.plqy_2m)
    if repeated:
        u_apart = result.difference.sigma
    else:  # what is known is the noise alone, if anything: a lower bound
        noise = result.difference.sigma if result.difference.is_known else 0.0
        u_apart = math.hypot(noise, _unproven_difference(result))
    raised = {
        Flag.SATURATED: saturated,
        Flag.MU_NEGATIVE: yields.mu < -2 * mu_noise,
        Flag.ABSORPTANCE_UNPHYSICAL: absorptance <= 0 or absorptance >= 1,
        Flag.ABSORPTANCE_LOW: 0 < absorptance < _LOW_ABSORPTANCE,
        Flag.ABSORPTANCE_UNUSUAL: _LOW_ABSORPTANCE <= absorptance < _SENSITIVE_ABSORPTANCE,
        Flag.ABSORPTANCE_UNCERTAIN: max(known, unproven) > _UNCERTAIN_ABSORPTANCE,
        Flag.INTERVAL_ONLY: known > MOST_SYMMETRIC,
        Flag.PLQY_ABOVE_ONE: yields.plqy > 1,
        Flag.TWO_MEASUREMENT_DISAGREES: apart > 2 * u_apart,
        Flag.WINDOWS_OVERLAP: overlaps,
        Flag.LEAKAGE: abs(leaked) > _LEAKAGE * abs(emitted),
        Flag.UNCORRECTED_RESPONSE: uncorrected,
        Flag.SINGLE_SCANS: not repeated,
        Flag.NOISE_ESTIMATED: not repeated and result.plqy.is_known,
        Flag.FILTER_EDGE_IN_WINDOW: masked,
    }
    return tuple(flag for flag in Flag if raised.get(flag, False))


def _unproven_difference(result: WindowYield) -> float:
    """What errors of unproven stability in each spectrum do to the yield less the two-measurement yield."""
    first, second = result.yields.by_integral, result.yields.plqy_2m_by_integral
    parts = [
        (first.get(role, 0.0) - second.get(role, 0.0)) * integral * _UNPROVEN_STABILITY
        for role, integral in result.integrals.items()
    ]
    return math.hypot(*parts)


def result_notes(result: WindowYield) -> list[str]:
    """Sentences about the numbers of one window."""
    name, yields = f"{result.window.name} window", result.yields
    if not math.isfinite(yields.plqy):
        return [
            f"{name}: no number: the laser window holds no light in one of the files, or the sample absorbs "
            "nothing; check the files' roles and --laser"
        ]
    notes = []
    if abs(yields.absorptance) < _SENSITIVE_ABSORPTANCE:
        change = (1 - yields.absorptance) / abs(yields.absorptance)
        notes.append(
            f"{name}: absorptance {yields.absorptance:.4f}: an error of 1 % in the laser line of one file "
            f"changes the yield by about {change:.0f} %"
        )
    if yields.plqy <= 0:
        notes.append(f"{name}: no emission: the sample shows no more light there than the rest")
    return notes
