"""What each role contributes to a window: its integral, and how every error reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plqy_rig.evaluation.chain import RolePhotons
from plqy_rig.evaluation.windows import Window, pixel_edges_nm

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class WindowContent:
    """One role cut to its window; rows are power steps.

    Attributes:
        integral: window integral in photons/s (method, step 11), [steps].
        scan_variance: variance of the integral from scan, dark and baseline noise, [steps].
        monitor_noise_relative: one sigma of the exposure's power scaling, [steps].
        counts_weighted: Σ photons × linear counts, for errors that grow with the counts, [steps].
        shape: what unit errors of the response's shape do to the integral, [steps, rank].
    """

    integral: FloatArray
    scan_variance: FloatArray
    monitor_noise_relative: FloatArray
    counts_weighted: FloatArray
    shape: FloatArray

    @classmethod
    def of(cls, role: RolePhotons, weights: FloatArray, shape_factor: FloatArray) -> WindowContent:
        """Cut a role to a window.

        Args:
            role: after the correction chain.
            weights: how each pixel enters the integral, [pixels].
            shape_factor: unit errors of the response's shape times their size, [pixels, rank].
        """
        inside = np.flatnonzero(weights)
        weight = weights[inside]
        photons = role.photons_per_s[:, inside] * weight
        noise = role.noise_per_s[:, inside] * weight
        offset = role.offset_noise_per_s[:, inside] @ weight if role.offset_noise_per_s is not None else 0.0
        return cls(
            integral=photons.sum(axis=1),
            scan_variance=np.einsum("sp,sp->s", noise, noise) + np.square(offset),
            monitor_noise_relative=role.monitor_noise_relative,
            counts_weighted=np.einsum("sp,sp->s", photons, role.linear_counts[:, inside]),
            shape=photons @ shape_factor[inside],
        )

    def at(self, steps: NDArray[np.bool_]) -> WindowContent:
        """Only these steps."""
        if steps.all():
            return self
        return WindowContent(
            self.integral[steps],
            self.scan_variance[steps],
            self.monitor_noise_relative[steps],
            self.counts_weighted[steps],
            self.shape[steps],
        )

    @cached_property
    def monitor_variance(self) -> FloatArray:
        """Variance of the integral from the power scaling, [steps]."""
        return np.asarray((self.integral * self.monitor_noise_relative) ** 2, dtype=np.float64)

    @cached_property
    def random_variance(self) -> FloatArray:
        """Variance of the integral from all that is random, [steps]."""
        return np.asarray(self.scan_variance + self.monitor_variance, dtype=np.float64)


def window_weights(
    window: Window, wavelength_nm: FloatArray, flanks: tuple[Window, Window] | None = None
) -> FloatArray:
    """How each pixel's photons enter a window's integral, [pixels].

    Without flanks the fraction of the pixel inside the window. With them the integral is taken above a
    straight line between the mean fluxes of the two flanks (method, step 12); as this is linear in the
    spectrum it is a matter of weights, and every uncertainty follows by itself.
    """
    inside = window.pixel_fractions(wavelength_nm)
    if flanks is None:
        return inside
    width = np.diff(pixel_edges_nm(wavelength_nm))
    fractions = [flank.pixel_fractions(wavelength_nm) for flank in flanks]
    widths = [float(fraction @ width) for fraction in fractions]
    low, high = (
        float((fraction * width) @ wavelength_nm) / total
        for fraction, total in zip(fractions, widths, strict=True)
    )
    towards_high = (wavelength_nm - low) / (high - low)
    parts = float((inside * width) @ (1 - towards_high)), float((inside * width) @ towards_high)
    weights = inside.copy()
    for fraction, total, part in zip(fractions, widths, parts, strict=True):
        weights -= fraction * part / total
    return weights
