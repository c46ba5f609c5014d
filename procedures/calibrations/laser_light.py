"""Laser light for calibrations: from a safe rig to the first light at the wheel's darkest, and readings."""

from __future__ import annotations

from collections.abc import Callable

from drivers.errors import MeasurementError, SafetyError
from drivers.protocols import FloatArray
from procedures.calibrations.base import TEMPERATURE_TIMEOUT_S
from procedures.calibrations.setup import Setup
from procedures.calibrations.station import Station
from procedures.exposure import ExposureTaker, StopRequestedError
from procedures.integration_time import IntegrationLimits, is_saturated, predict_integration_time_s

_SETTLE_TIME_S = 0.2
_TEST_SCANS = 3
_LONGEST_S = 1.0
_AIM = (0.88, 0.95)


class LaserLight:
    """The laser on behind a closed shutter; light only while something is read."""

    def __init__(self, station: Station, should_stop: Callable[[], bool]) -> None:
        self._station = station
        self._should_stop = should_stop
        self.taker = ExposureTaker(station.instruments, _SETTLE_TIME_S, should_stop)

    def switch_on(
        self, setup: Setup, warm_up_s: float, following: str, temperature_c: float | None = None
    ) -> None:
        """Have the setup arranged (lamp off), then wheel to its darkest and laser on, shutter closed.

        Args:
            setup: how things shall stand.
            warm_up_s: to wait after the laser was switched on.
            following: what will be measured then, in words.
            temperature_c: of the laser; None: the rig file's.

        Raises:
            SafetyError: the shutter doesn't stay closed.
            StopRequestedError: a stop was asked for.
            RigError: whatever an instrument raised.
        """
        rig = self._station.instruments
        self._station.arrange(setup, following)
        rig.monitor.prepare(rig.monitor_wavelength_nm)
        if rig.laser.read_state().output_enabled:
            return
        rig.attenuator.home()
        rig.attenuator.move_to(rig.attenuator.angle_range_deg[1])
        celsius = rig.laser_temperature_c if temperature_c is None else temperature_c
        rig.laser.stabilise_temperature(celsius, timeout_s=TEMPERATURE_TIMEOUT_S)
        if not rig.shutter.blade_closed:
            raise SafetyError("the shutter isn't closed any more: the laser stays off. Check the shutter.")
        if self._should_stop():
            raise StopRequestedError("stopped before the laser was switched on")
        rig.laser.switch_on(rig.working_current_a)
        self._station.pause(warm_up_s)

    def angles_deg(self, positions: int, part: float = 1.0) -> list[float]:
        """Evenly spaced wheel angles from the clearest over a part of the wheel's range, rising."""
        low, high = self._station.instruments.attenuator.angle_range_deg
        step = (high - low) * part / (positions - 1)
        return [round(low + index * step, 3) for index in range(positions)]

    def monitor_readings_w(self, angle_deg: float, readings: int) -> list[float]:
        """Monitor powers at a wheel angle, W; the shutter is open for them only."""
        rig = self._station.instruments
        rig.attenuator.move_to(angle_deg)
        with self.taker.light.on():
            return [rig.monitor.read_power_w() for _ in range(readings)]

    def paired_readings_w(self, angle_deg: float, readings: int) -> list[tuple[float, float]]:
        """Reference and monitor, read one after the other, W, at a wheel angle.

        Raises:
            MeasurementError: there is no reference head.
        """
        rig, reference = self._station.instruments, self._station.reference
        if reference is None:
            raise MeasurementError("this calibration needs a reference head in the power meter's other input")
        rig.attenuator.move_to(angle_deg)
        with self.taker.light.on():
            # A first reading of each finds its range.
            reference.read_power_w(), rig.monitor.read_power_w()
            return [(reference.read_power_w(), rig.monitor.read_power_w()) for _ in range(readings)]

    def brightest_time_s(self) -> float:
        """The integration time at which the laser's line reaches 91 % of full scale, at the present angle.

        Raises:
            MeasurementError: the line is saturated in the shortest time.
        """
        spectrometer = self._station.instruments.spectrometer
        shortest_s, longest_s = spectrometer.integration_time_range_s
        full_scale = spectrometer.full_scale_counts
        dark = self.taker.dark(shortest_s, _TEST_SCANS)
        test = self.taker.expose(shortest_s, _TEST_SCANS)
        if is_saturated(test.scan_counts, dark.counts, full_scale):
            raise MeasurementError(
                f"the laser's line is saturated in {shortest_s * 1e3:g} ms: begin at a darker wheel position"
            )
        limits = IntegrationLimits(shortest_s, min(longest_s, _LONGEST_S), full_scale, *_AIM)
        rate: FloatArray = (test.scan_counts.mean(axis=0) - dark.counts) / test.integration_time_s
        return predict_integration_time_s(rate, dark.counts, 1.0, limits)
