"""What a procedure gets of the rig: its instruments and what the rig file says about them."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.clock import Clock
from drivers.protocols import Attenuator, LaserDriver, PowerMonitor, Shutter, Spectrometer


@dataclass(frozen=True)
class Instruments:
    """The connected instruments, with the values of the rig file that a procedure needs.

    Attributes:
        laser: the diode driver.
        shutter: the blade in the beam.
        attenuator: the wheel that sets the power.
        monitor: the power meter behind the wedge.
        spectrometer: the array spectrometer at the sphere.
        clock: the rig's time; every wait of a procedure goes through it.
        working_current_a: diode current of a sweep, A; power is set by the wheel alone.
        laser_temperature_c: diode temperature of a sweep, °C.
        monitor_wavelength_nm: wavelength the monitor's responsivity is taken at, nm.
        detector_temperature_c: temperature of the spectrometer's detector, °C.
        power_density_limit_mw_per_cm2: highest power density the rig allows on a sample, mW/cm².
    """

    laser: LaserDriver
    shutter: Shutter
    attenuator: Attenuator
    monitor: PowerMonitor
    spectrometer: Spectrometer
    clock: Clock
    working_current_a: float
    laser_temperature_c: float
    monitor_wavelength_nm: float
    detector_temperature_c: float
    power_density_limit_mw_per_cm2: float
