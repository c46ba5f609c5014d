"""How a bench may be disturbed or idealised."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

LINEARITY_ERROR_SD = 0.002
"""Default SD over seeds of the stored linearity correction's relative error at full scale."""


@dataclass(frozen=True)
class BenchOptions:
    """Settings of the simulated physics; the defaults are an undisturbed bench.

    Raises:
        ValueError: a value is out of its range (the message names the field and what is allowed).
    """

    absorptance: float | None = None
    """Absorptance of the direct beam over the 10 mm path, 0 up to 0.95; None takes the sample preset's."""

    monitor_pointing_noise: float = 0.001
    """Relative SD of the monitor's share of the light, redrawn when the wheel moves or the blade re-opens."""

    laser_drift: float = 0.003
    """Relative SD of the slow power drift (Ornstein-Uhlenbeck)."""

    laser_drift_time_s: float = 300.0
    """Correlation time of the slow drift."""

    laser_fast_noise: float = 0.0003
    """Relative SD of the power noise, independent every 10 ms, without a part slower than 1 s."""

    mode_hops: bool = True
    """Whether the diode hops between modes at certain junction temperatures."""

    linearity_error_sd: float = LINEARITY_ERROR_SD
    """SD over seeds of the relative error, at full scale, of counts corrected by the stored coefficients."""

    nonlinearity_acts_on_dark: bool = False
    """Whether dark charge takes up part of the non-linear range. False: the curve acts on the light alone, as
    the usual correction of dark-subtracted counts assumes."""

    reabsorption_strength: float = 1.0
    """Factor on the absorption of emitted light by the sample; 0 switches re-absorption off."""

    decline_density_mw_per_cm2: float | None = None
    """Power density that halves the yield under the direct beam: eta0 / (1 + density / this)."""

    water_vapour_path_m: float = 0.0
    """Effective path of the light through humid room air while the purge is on: 0 in a tight sphere."""

    humid_path_m: float = 3.0
    """Effective path that is reached when the purge is off."""

    purge_time_constant_s: float = 120.0
    """Time in which all but 1/e of the humid air goes when the purge is switched on, or comes when off."""

    ase_fraction: float = 0.0
    """Share of the laser's power in a broad pedestal around 985 nm, part of which passes the long-pass."""

    stray_light_fraction: float = 0.0
    """Share of the light inside the spectrograph that is spread evenly over all pixels."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or isinstance(value, bool):
                continue
            if not math.isfinite(value) or value < 0.0:
                raise ValueError(f"bench option {field.name} must be 0 or more and finite, {value} was given")
        for name, highest in _HIGHEST.items():
            value = getattr(self, name)
            if value is not None and value > highest:
                raise ValueError(f"bench option {name} must be at most {highest}, {value} was given")
        for name in ("laser_drift_time_s", "purge_time_constant_s"):
            if getattr(self, name) == 0.0:
                raise ValueError(f"bench option {name} must be above 0")
        if self.decline_density_mw_per_cm2 == 0.0:
            raise ValueError("bench option decline_density_mw_per_cm2 must be above 0 (None: no decline)")


_HIGHEST = {
    "absorptance": 0.95,
    "monitor_pointing_noise": 0.5,
    "laser_drift": 0.2,
    "laser_fast_noise": 0.2,
    "linearity_error_sd": 0.1,
    "ase_fraction": 1.0,
    "stray_light_fraction": 1.0,
}
