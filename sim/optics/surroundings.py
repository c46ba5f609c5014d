"""What may be wrong at the bench, or not, at one moment; and the humid air in the sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sim.optics.long_pass import VAPOUR_REFERENCE_PATH_M

_HUMIDITY_STEPS = 1000.0
_RANGES: dict[str, tuple[float, float]] = {
    "absorptance": (0.0, 0.95),
    "filter_angle_deg": (0.0, 30.0),
    "filter_leakage": (0.0, 0.1),
    "ase_fraction": (0.0, 1.0),
    "stray_light_fraction": (0.0, 1.0),
    "fibre_throughput": (0.0, 2.0),
    "laser_drift": (0.0, 0.2),
    "hop_distance_c": (-10.0, 10.0),
}


@dataclass(frozen=True)
class Surroundings:
    """Deliberate disturbances; all of them may change in time.

    Raises:
        ValueError: a value is out of its range (the message names the field and what is allowed).
    """

    absorptance: float
    """Of the direct beam over the 10 mm path, 0 up to 0.95; the dilution of the sample."""
    laser_drift: float
    """Relative SD of the slow power drift."""
    ase_fraction: float
    """Share of the laser's power in a broad pedestal around 985 nm."""
    stray_light_fraction: float
    """Share of the light inside the spectrograph that is spread evenly over all pixels."""
    filter_angle_deg: float = 0.0
    """Angle of the light on the long-pass: its edge moves to the blue and gets softer."""
    filter_leakage: float = 0.0
    """Share of the light that goes past the long-pass at all wavelengths."""
    fibre_throughput: float = 1.0
    """Light through the fibre relative to the time of calibration."""
    hop_distance_c: float | None = None
    """Where the first mode hop above 25 degrees Celsius lies (all hops move with it); None: as drawn."""
    entrance_blocked: bool = False
    """Something stands in the sphere's entrance (the second power head)."""
    line_lamp: bool = False
    """An argon lamp burns at the sphere's port."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name == "hop_distance_c":
                continue
            if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
                raise ValueError(f"{name} must be from {low:g} to {high:g}, {value} was given")


class Air(NamedTuple):
    """Path through humid air as an exponential approach since some moment."""

    since_s: float
    path_m: float
    """Effective path at that moment."""
    target_m: float
    """Where it goes to."""
    time_constant_s: float

    @property
    def is_steady(self) -> bool:
        """Whether it stays as it is."""
        return self.path_m == self.target_m

    def path_at_m(self, time_s: float) -> float:
        """Effective path at a time."""
        if self.is_steady:
            return self.target_m
        decay = math.exp(-max(time_s - self.since_s, 0.0) / self.time_constant_s)
        return self.target_m + (self.path_m - self.target_m) * decay

    def humidity_at(self, time_s: float) -> float:
        """Depth of the vapour bands relative to the reference path, in steps of 0.001.

        It goes with the square root of the path, because the strong lines inside a band are saturated.
        """
        depth = math.sqrt(self.path_at_m(time_s) / VAPOUR_REFERENCE_PATH_M)
        return round(depth * _HUMIDITY_STEPS) / _HUMIDITY_STEPS
