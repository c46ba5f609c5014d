"""The integrating sphere: wall, ports, and what becomes of light that has left the wall.

A Lambertian wall of a sphere lights every part of the sphere evenly, so a photon that leaves the wall ends
its flight on a port with a probability equal to the port's share of the sphere's surface. A flight may be cut
short by the sample. The fates of a photon are then a geometric series that is summed here in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.optics.units import FloatArray


@dataclass(frozen=True)
class Fates:
    """Probabilities of a photon's ends; the four add up to one. Arrays of one shape."""

    detector: FloatArray
    """Went out through the detector port."""
    other_ports: FloatArray
    """Was lost through another port."""
    wall: FloatArray
    """Was absorbed by the wall."""
    sample: FloatArray
    """Was absorbed by the sample."""

    @property
    def total(self) -> FloatArray:
        """Sum of the four, one for a photon that must end somewhere."""
        return self.detector + self.other_ports + self.wall + self.sample

    def scaled(self, factor: FloatArray) -> Fates:
        """The same fates of a part of the light."""
        return Fates(
            self.detector * factor, self.other_ports * factor, self.wall * factor, self.sample * factor
        )


@dataclass(frozen=True)
class Sphere:
    """A sphere with an entrance port and a baffled detector port."""

    diameter_mm: float = 150.0
    entrance_port_diameter_mm: float = 7.0
    detector_port_diameter_mm: float = 6.0
    reflectance_at_1000_nm: float = 0.981
    reflectance_slope_per_nm: float = -4.0e-6

    @property
    def radius_mm(self) -> float:
        """Inner radius."""
        return 0.5 * self.diameter_mm

    @property
    def surface_mm2(self) -> float:
        """Inner surface with the ports' caps."""
        return 4.0 * math.pi * self.radius_mm**2

    @property
    def entrance_share(self) -> float:
        """Share of the surface taken by the entrance port."""
        return self._cap_share(self.entrance_port_diameter_mm)

    @property
    def detector_share(self) -> float:
        """Share of the surface taken by the detector port."""
        return self._cap_share(self.detector_port_diameter_mm)

    @property
    def port_share(self) -> float:
        """Share of the surface taken by both ports."""
        return self.entrance_share + self.detector_share

    def _cap_share(self, port_diameter_mm: float) -> float:
        half_angle_sine = 0.5 * port_diameter_mm / self.radius_mm
        return 0.5 * (1.0 - math.sqrt(1.0 - half_angle_sine**2))

    def reflectance(self, wavelength_nm: FloatArray) -> FloatArray:
        """Diffuse reflectance of the wall, mildly falling towards long wavelengths."""
        return self.reflectance_at_1000_nm + self.reflectance_slope_per_nm * (wavelength_nm - 1000.0)

    def fates_from_wall(self, wavelength_nm: FloatArray, absorbed_per_flight: FloatArray) -> Fates:
        """Fates of a photon that has just been reflected by the wall.

        Args:
            wavelength_nm: any shape.
            absorbed_per_flight: probability that the sample absorbs the photon on one wall-to-wall flight.
        """
        reflectance = self.reflectance(wavelength_nm)
        arrives = 1.0 - absorbed_per_flight
        flights = 1.0 / (1.0 - arrives * (1.0 - self.port_share) * reflectance)
        return Fates(
            detector=flights * arrives * self.detector_share,
            other_ports=flights * arrives * self.entrance_share,
            wall=flights * arrives * (1.0 - self.port_share) * (1.0 - reflectance),
            sample=flights * absorbed_per_flight,
        )

    def fates_of_beam(self, wavelength_nm: FloatArray, absorbed_per_flight: FloatArray) -> Fates:
        """Fates of a photon of a beam that strikes the bare wall."""
        reflectance = self.reflectance(wavelength_nm)
        later = self.fates_from_wall(wavelength_nm, absorbed_per_flight).scaled(reflectance)
        return Fates(later.detector, later.other_ports, later.wall + 1.0 - reflectance, later.sample)

    def fates_from_sample(self, wavelength_nm: FloatArray, absorbed_per_flight: FloatArray) -> Fates:
        """Fates of a photon that has left the sample in a random direction.

        A baffle of wall material hides the detector port from the sample, so only the entrance port can be
        met before the first reflection.
        """
        reflectance = self.reflectance(wavelength_nm)
        meets_wall = np.full_like(reflectance, 1.0 - self.entrance_share)
        later = self.fates_from_wall(wavelength_nm, absorbed_per_flight).scaled(meets_wall * reflectance)
        return Fates(
            later.detector,
            later.other_ports + self.entrance_share,
            later.wall + meets_wall * (1.0 - reflectance),
            later.sample,
        )
