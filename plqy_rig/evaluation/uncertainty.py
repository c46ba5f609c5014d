"""From derivatives to uncertainties: every term of the budget, random and common (GUM, first order).

Random terms differ from exposure to exposure and shrink in the mean: scan noise and monitor noise.
Common terms are one unknown number or curve for the whole run and don't: the shape of the response, the
long-pass, what the linearity correction leaves. The scale of the response cancels in every yield.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet
from plqy_rig.data import Role
from plqy_rig.evaluation.chain import RolePhotons

FloatArray = NDArray[np.float64]

RANDOM_TERMS = ("scan_noise", "monitor_noise")
COMMON_TERMS = ("response_shape", "long_pass", "linearity")

Gradient = Mapping[Role, FloatArray]
"""∂target/∂integral, [targets, steps] by role."""


@dataclass(frozen=True)
class WindowContent:
    """What one role contributes to its window.

    Attributes:
        photons: photons/s of each pixel times its fraction inside the window, [steps, pixels].
        scan_variance: variance of the integral from scan and dark noise, [steps].
        monitor_noise_relative: one sigma of the exposure's power scaling, [steps].
        linear_counts: counts behind each pixel, [steps, pixels].
    """

    photons: FloatArray
    scan_variance: FloatArray
    monitor_noise_relative: FloatArray
    linear_counts: FloatArray

    @classmethod
    def of(cls, role_photons: RolePhotons, fractions: FloatArray) -> WindowContent:
        """Cut a role's photons to a window given by its pixel fractions."""
        inside = fractions > 0
        photons = np.where(inside, role_photons.photons_per_s, 0.0) * fractions
        noise = np.where(inside, role_photons.noise_per_s, 0.0) * fractions
        return cls(
            photons=photons,
            scan_variance=np.sum(noise**2, axis=1),
            monitor_noise_relative=role_photons.monitor_noise_relative,
            linear_counts=np.where(inside, role_photons.linear_counts, 0.0),
        )

    def at(self, steps: NDArray[np.bool_]) -> WindowContent:
        """Only these steps."""
        return WindowContent(
            self.photons[steps],
            self.scan_variance[steps],
            self.monitor_noise_relative[steps],
            self.linear_counts[steps],
        )

    @property
    def integral(self) -> FloatArray:
        """Window integral in photons/s (method, step 11), [steps]."""
        return np.asarray(self.photons.sum(axis=1), dtype=np.float64)

    @property
    def random_variance(self) -> FloatArray:
        """Variance of the integral from all that is random, [steps]."""
        return np.asarray(
            self.scan_variance + (self.integral * self.monitor_noise_relative) ** 2, dtype=np.float64
        )


def variance_terms(
    gradient: Gradient, contents: Mapping[Role, WindowContent], calibration: CalibrationSet
) -> dict[str, FloatArray]:
    """Variance of each target by each term of the budget, [targets] by term's name."""
    return {
        "scan_noise": _sum(gradient[role] ** 2 @ contents[role].scan_variance for role in gradient),
        "monitor_noise": _sum(
            gradient[role] ** 2 @ (contents[role].integral * contents[role].monitor_noise_relative) ** 2
            for role in gradient
        ),
        "response_shape": _response_shape(gradient, contents, calibration),
        "long_pass": (
            _sum(gradient[role] @ contents[role].integral for role in gradient if role.is_emission)
            * calibration.long_pass.transmission_uncertainty_relative
        )
        ** 2,
        "linearity": _linearity(gradient, contents, calibration),
    }


def _response_shape(
    gradient: Gradient, contents: Mapping[Role, WindowContent], calibration: CalibrationSet
) -> FloatArray:
    by_pixel = _sum(gradient[role] @ contents[role].photons for role in gradient)
    used = np.flatnonzero(np.any(by_pixel != 0, axis=0))
    covariance = calibration.response.shape_covariance()[np.ix_(used, used)]
    part = by_pixel[:, used]
    return np.asarray(np.einsum("ti,ij,tj->t", part, covariance, part, optimize=True), dtype=np.float64)


def _linearity(
    gradient: Gradient, contents: Mapping[Role, WindowContent], calibration: CalibrationSet
) -> FloatArray:
    linearity = calibration.linearity
    shift = _sum(
        gradient[role] @ np.sum(contents[role].photons * contents[role].linear_counts, axis=1)
        for role in gradient
    )
    at_full_scale = linearity.uncertainty_relative_at_full_scale / linearity.full_scale_counts
    return np.asarray((shift * at_full_scale) ** 2, dtype=np.float64)


def _sum(terms: Iterable[FloatArray]) -> FloatArray:
    return np.asarray(np.sum(np.stack(list(terms)), axis=0), dtype=np.float64)
