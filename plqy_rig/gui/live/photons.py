"""Counts of single exposures as photon flux, with the calibration records that the run holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationError, CalibrationSet
from drivers.errors import RigError
from plqy_rig.evaluation.chain import photons_per_second
from plqy_rig.evaluation.windows import pixel_edges_nm

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PhotonScale:
    """Turns counts into photons per second and nm that enter the sphere (method, steps 4 to 8).

    Attributes:
        calibration: the run's records.
        wavelength_nm: [pixels].
    """

    calibration: CalibrationSet
    wavelength_nm: FloatArray

    @classmethod
    def of_start(cls, start: Mapping[str, Any]) -> tuple[PhotonScale | None, str]:
        """The scale of a run, by its start document; or None and the reason why there is none."""
        records = start.get("calibration_records") or {}
        wavelength_nm = np.asarray(start.get("wavelength_nm", ()), dtype=float)
        try:
            calibration = CalibrationSet.from_documents(records, "this run")
            calibration.response.require_grid(wavelength_nm)
        except (CalibrationError, RigError, ValueError) as error:
            return None, str(error)
        return cls(calibration, wavelength_nm), ""

    def flux_per_nm(
        self, counts_without_dark: FloatArray, integration_time_s: float, *, behind_long_pass: bool
    ) -> FloatArray:
        """Photons per second and nm, [pixels]; NaN where the long-pass lets nothing through.

        Args:
            counts_without_dark: mean counts with the dark taken off, [pixels].
            integration_time_s: of the exposure.
            behind_long_pass: whether the long-pass was in: its transmission is taken out.
        """
        transmission = self.calibration.long_pass.usable_at(self.wavelength_nm) if behind_long_pass else None
        photons = photons_per_second(
            self.calibration.linearity.linear(counts_without_dark)[None, :],
            integration_time_s=np.array([integration_time_s]),
            joules_per_count=self.calibration.response.joules_per_count,
            wavelength_nm=self.wavelength_nm,
            transmission=transmission,
            power_scaling=np.ones(1),
        )[0]
        per_nm = np.asarray(photons / np.diff(pixel_edges_nm(self.wavelength_nm)), dtype=np.float64)
        return per_nm if transmission is None else np.where(np.isfinite(transmission), per_nm, np.nan)

    def power_in_sphere_w(self, monitor_power_w: float) -> float:
        """Power into the sphere by the monitor's reading."""
        return float(self.calibration.monitor_ratio.ratio * monitor_power_w)
