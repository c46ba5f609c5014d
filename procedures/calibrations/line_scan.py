"""The laser's line and power at one temperature or current after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from calibration import CurveError, LineScan
from drivers.errors import MeasurementError
from drivers.protocols import FloatArray
from procedures.calibrations.laser_light import LaserLight
from procedures.calibrations.plot import Plot, Series
from procedures.calibrations.station import Station
from procedures.exposure import Exposure

_HALF_WINDOW_NM = 12.0
"""About the middle of the scan; wide enough for the line and all its way."""
_SETTLE_LOOK_S = 0.5
_SETTLE_TIMEOUT_S = 120.0
_FINEST_TEMPERATURE_C = 0.01
_NOISE_ROUNDS = 4


@dataclass(eq=False)
class LinePoints:
    """Points of one direction, in the order in which they were measured.

    Attributes:
        setting: measured temperature, °C, or current, A.
        scans: net counts of every scan, [scans, pixels] each.
        power_w: monitor power.
        power_noise_relative: of a mean power.
    """

    setting: list[float] = field(default_factory=list)
    scans: list[FloatArray] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    power_noise_relative: list[float] = field(default_factory=list)

    def add(self, setting: float, exposure: Exposure, dark_counts: FloatArray) -> None:
        """Take one point."""
        self.setting.append(setting)
        self.scans.append(exposure.scan_counts - dark_counts)
        self.power_w.append(exposure.monitor.mean_w)
        self.power_noise_relative.append(exposure.monitor.spread / exposure.monitor.readings**0.5)

    @property
    def spectra(self) -> FloatArray:
        """Get the mean net counts of every point, [points, pixels]."""
        return np.array([scans.mean(axis=0) for scans in self.scans])

    def scan(self, wavelength_nm: FloatArray, window: NDArray[np.bool_]) -> LineScan:
        """Work out centroids, over the same pixels for all points, in ascending order of the setting."""
        order = np.argsort(self.setting)
        counts = np.array(self.scans)[:, :, window]
        totals = counts.sum(axis=2)
        if not (totals > 0).all():
            raise CurveError("mode hops: no line in a spectrum of the scan")
        places = wavelength_nm[window]
        mean = counts.mean(axis=1)
        light = mean.sum(axis=1)
        scatter_nm = (counts @ places / totals).std(axis=1, ddof=1) / counts.shape[1] ** 0.5
        return LineScan(
            np.array(self.setting)[order],
            (mean @ places / light)[order],
            np.array(self.power_w)[order],
            centroid_noise_nm(light, scatter_nm)[order],
            float(np.median(self.power_noise_relative)),
        )


def centroid_noise_nm(light_counts: FloatArray, scatter_nm: FloatArray) -> FloatArray:
    """Noise of each centroid, smoothed over the points: a few scans alone tell it too roughly.

    Read noise moves a centroid by 1 / light, shot noise by 1 / √light: σ² light² = read + shot · light.

    Args:
        light_counts: net counts in the window, [points].
        scatter_nm: standard error of each mean centroid from its own scans, [points].

    Returns:
        One sigma, nm, [points].
    """
    light = light_counts / light_counts.mean()
    terms = np.stack([np.ones_like(light), light], axis=1)
    measured = (scatter_nm * light) ** 2
    expected = np.full_like(light, measured.mean())
    for _ in range(_NOISE_ROUNDS):
        # A variance from few scans scatters in proportion to itself.
        shares, _ = nnls(terms / expected[:, None], measured / expected)
        expected = np.maximum(terms @ shares, np.finfo(np.float64).tiny)
    noise_nm: FloatArray = np.sqrt(expected) / light
    return noise_nm


class LineScanner:
    """Goes from setting to setting with the shutter closed, and looks at the line at each."""

    def __init__(self, station: Station, light: LaserLight, integration_time_s: float, scans: int) -> None:
        """Prepare; the laser is on behind the closed shutter.

        Args:
            station: the rig.
            light: of the laser.
            integration_time_s: for every spectrum.
            scans: per point.
        """
        self._station = station
        self._light = light
        self._time_s = integration_time_s
        self._scans = scans

    def temperatures(self, celsius: Sequence[float]) -> LinePoints:
        """Scan the mount's temperature; raises `MeasurementError` where it doesn't settle."""
        rig = self._station.instruments
        tolerance_c = max(abs(celsius[1] - celsius[0]) / 10, _FINEST_TEMPERATURE_C)
        points, dark = LinePoints(), self._dark()
        for target_c in celsius:
            self._station.require_going_on()
            rig.laser.stabilise_temperature(target_c, timeout_s=_SETTLE_TIMEOUT_S)
            measured_c = self._settled(target_c, tolerance_c)
            points.add(measured_c, self._light.taker.expose(self._time_s, self._scans), dark)
            self._draw(points, "Temperature of the laser / °C")
        return points

    def currents(self, amperes: Sequence[float]) -> LinePoints:
        """Scan the diode's current at its temperature."""
        rig = self._station.instruments
        points, dark = LinePoints(), self._dark()
        for target_a in amperes:
            self._station.require_going_on()
            rig.laser.switch_on(target_a)
            points.add(target_a, self._light.taker.expose(self._time_s, self._scans), dark)
            self._draw(points, "Current of the laser / A")
        return points

    def _dark(self) -> FloatArray:
        return self._light.taker.dark(self._time_s, 4 * self._scans).counts

    def _settled(self, target_c: float, tolerance_c: float) -> float:
        """Wait until the mount is nearer than its window asks for, and say where it is."""
        laser = self._station.instruments.laser
        waited_s = 0.0
        while True:
            measured_c = laser.read_state().temperature_c
            if abs(measured_c - target_c) <= tolerance_c:
                return measured_c
            if waited_s >= _SETTLE_TIMEOUT_S:
                raise MeasurementError(
                    f"the laser's mount is at {measured_c:.3f} °C, not within {tolerance_c:.3f} °C of "
                    f"{target_c:.3f} °C after {waited_s:.0f} s: check the temperature controller's PID shares"
                )
            self._station.pause(_SETTLE_LOOK_S)
            waited_s += _SETTLE_LOOK_S

    def _draw(self, points: LinePoints, label: str) -> None:
        series = Series.of("power", points.setting, points.power_w)
        self._station.draw(Plot("Scan of the laser", label, "Monitor power / W", (series,)))


def line_window(wavelength_nm: FloatArray, scans: Sequence[LinePoints]) -> NDArray[np.bool_]:
    """The pixels about the line, the same for all points: a window that moves would make steps of its own."""
    mean = np.concatenate([points.spectra for points in scans]).mean(axis=0)
    return np.asarray(np.abs(wavelength_nm - wavelength_nm[int(np.argmax(mean))]) <= _HALF_WINDOW_NM)
