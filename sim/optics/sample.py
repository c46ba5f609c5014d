"""The sample body: a box of absorbing liquid at the sphere's centre, and the path lengths of light in it.

Rays are straight (no refraction, no reflection at the cuvette). For diffuse light the statistics of a convex
body in an isotropic field apply (Cauchy): the share of flights that meet it is its surface over the sphere's,
the mean chord 4 V / S. The distributions of chord and escape lengths are found once by a low-discrepancy
sampling and kept as histograms, so that a mean transmission for thousands of absorption values costs
milliseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from sim.optics.units import FloatArray

SAMPLES = 1 << 15
BINS = 192


@dataclass(frozen=True)
class LengthDistribution:
    """Histogram of path lengths in the body."""

    length_mm: FloatArray
    """Mean length in each bin."""
    weight: FloatArray
    """Share of the paths in each bin; sums to one."""

    def mean_transmission(self, absorption_per_mm: FloatArray) -> FloatArray:
        """Mean of exp(-absorption x length) for each absorption value (any one-dimensional shape)."""
        return np.asarray(np.exp(-np.multiply.outer(absorption_per_mm, self.length_mm)) @ self.weight)

    @property
    def mean_mm(self) -> float:
        """Mean length."""
        return float(self.length_mm @ self.weight)


@dataclass(frozen=True)
class SampleBody:
    """An upright box, the beam along its first side through the centre."""

    depth_mm: float = 10.0
    width_mm: float = 10.0
    height_mm: float = 14.0

    @property
    def sides_mm(self) -> FloatArray:
        """Side lengths along the beam, across it and upwards, shape [3]."""
        return np.array([self.depth_mm, self.width_mm, self.height_mm])

    @property
    def volume_mm3(self) -> float:
        """Volume."""
        return self.depth_mm * self.width_mm * self.height_mm

    @property
    def surface_mm2(self) -> float:
        """Outer surface."""
        depth, width, height = self.depth_mm, self.width_mm, self.height_mm
        return 2.0 * (depth * width + depth * height + width * height)

    @property
    def mean_chord_mm(self) -> float:
        """Mean chord of isotropic light, 4 V / S."""
        return 4.0 * self.volume_mm3 / self.surface_mm2

    def absorption_per_mm(self, absorptance: float) -> float:
        """Absorption coefficient (base e) that gives this absorptance of the direct beam."""
        return -math.log1p(-absorptance) / self.depth_mm

    def chords(self) -> LengthDistribution:
        """Chord lengths of diffuse light that meets the body."""
        return _chords(self)

    def escape_from_anywhere(self) -> LengthDistribution:
        """Ways out of light emitted evenly in the whole volume, in all directions."""
        return _escape_from_anywhere(self)

    def escape_from_beam(
        self, absorption_per_mm: float, diameter_x_mm: float, diameter_y_mm: float
    ) -> LengthDistribution:
        """Ways out of light emitted where the direct beam is absorbed.

        Args:
            absorption_per_mm: absorption at the laser's wavelength: deeper places get less light.
            diameter_x_mm: D4sigma across the beam, horizontal.
            diameter_y_mm: D4sigma upwards.
        """
        return _escape_from_beam(self, absorption_per_mm, diameter_x_mm, diameter_y_mm)


def _even_points(dimensions: int) -> FloatArray:
    """Points that fill the unit cube evenly, shape [SAMPLES, dimensions] (additive recurrence).

    The steps are powers of the root of x^(d+1) = x + 1, as the golden ratio generalises.
    """
    root = 1.5
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1.0)
    return np.asarray((0.5 + np.arange(1, SAMPLES + 1)[:, np.newaxis] * steps) % 1.0)


def _directions(first: FloatArray, second: FloatArray) -> FloatArray:
    """Isotropic unit vectors from two even numbers each, shape [n, 3]."""
    cosine = 2.0 * first - 1.0
    sine = np.sqrt(1.0 - cosine * cosine)
    angle = 2.0 * math.pi * second
    return np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=1)


def way_out_mm(position_mm: FloatArray, direction: FloatArray, sides_mm: FloatArray) -> FloatArray:
    """Distance from points inside a centred box to its surface along unit vectors, shape [n]."""
    with np.errstate(divide="ignore"):
        to_planes = (np.copysign(0.5 * sides_mm, direction) - position_mm) / direction
    return np.asarray(np.min(np.abs(to_planes), axis=1))


def _histogram(length_mm: FloatArray, weight: FloatArray) -> LengthDistribution:
    edges = np.linspace(0.0, float(length_mm.max()) * (1.0 + 1e-12), BINS + 1)
    weights, _ = np.histogram(length_mm, edges, weights=weight)
    moments, _ = np.histogram(length_mm, edges, weights=weight * length_mm)
    used = weights > 0.0
    return LengthDistribution(moments[used] / weights[used], weights[used] / weights.sum())


@lru_cache(maxsize=8)
def _chords(body: SampleBody) -> LengthDistribution:
    """Rays entering evenly over the surface with a cosine law: the isotropic field's chords."""
    points = _even_points(5)
    sides = body.sides_mm
    areas = np.array([sides[1] * sides[2], sides[0] * sides[2], sides[0] * sides[1]])
    axis = np.searchsorted(np.cumsum(areas) / areas.sum(), points[:, 0], side="right")
    rows = np.arange(SAMPLES)
    inward = np.sqrt(points[:, 3])
    across = np.sqrt(1.0 - points[:, 3])
    turn = 2.0 * math.pi * points[:, 4]
    direction = np.empty((SAMPLES, 3))
    position = np.empty((SAMPLES, 3))
    direction[rows, axis] = inward
    position[rows, axis] = -0.5 * sides[axis]
    for step, part in ((1, np.cos(turn)), (2, np.sin(turn))):
        other = (axis + step) % 3
        direction[rows, other] = across * part
        position[rows, other] = (points[:, step] - 0.5) * sides[other]
    return _histogram(way_out_mm(position, direction, sides), np.ones(SAMPLES))


@lru_cache(maxsize=8)
def _escape_from_anywhere(body: SampleBody) -> LengthDistribution:
    points = _even_points(5)
    position = (points[:, :3] - 0.5) * body.sides_mm
    length = way_out_mm(position, _directions(points[:, 3], points[:, 4]), body.sides_mm)
    return _histogram(length, np.ones(SAMPLES))


@lru_cache(maxsize=16)
def _escape_from_beam(
    body: SampleBody, absorption_per_mm: float, diameter_x_mm: float, diameter_y_mm: float
) -> LengthDistribution:
    points = _even_points(5)
    depth = points[:, 0] * body.depth_mm
    across = ndtri(points[:, 1]) * 0.25 * diameter_x_mm
    upwards = ndtri(points[:, 2]) * 0.25 * diameter_y_mm
    position = np.stack([depth - 0.5 * body.depth_mm, across, upwards], axis=1)
    inside = np.all(np.abs(position) < 0.5 * body.sides_mm, axis=1)
    length = way_out_mm(position[inside], _directions(points[inside, 3], points[inside, 4]), body.sides_mm)
    return _histogram(length, np.exp(-absorption_per_mm * depth[inside]))
