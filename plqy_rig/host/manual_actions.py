"""What manual control does with single instruments."""

from __future__ import annotations

import logging
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from calibration import Beam, CalibrationError, MonitorRatio, RecordKind
from drivers.errors import InvalidReadingError, OutOfRangeError, RigError
from drivers.protocols import Instrument, LaserDriver, PowerMonitor, Spectrometer
from plqy_rig.engine import CommandRefusedError, selection_for
from plqy_rig.host.manual_arguments import LONGEST_SPECTRUM_S
from plqy_rig.rig import Rig

log = logging.getLogger(__name__)

TEMPERATURE_TIMEOUT_S = 600.0
_LIMIT_TOLERANCE = 1.02
"""The monitor's pointing noise: a power at the very limit isn't above it."""

AnInstrument = TypeVar("AnInstrument", bound=Instrument)


class _TemperatureController(Protocol):
    output_enabled: bool


@runtime_checkable
class _HasTemperatureController(Protocol):
    @property
    def tec(self) -> _TemperatureController: ...


def present(instrument: AnInstrument | None, name: str) -> AnInstrument:
    """The instrument; raises `CommandRefusedError` where it is missing."""
    if instrument is None:
        raise CommandRefusedError(f"the {name} isn't connected: connect it first")
    return instrument


def require_within(key: str, value: float, limits: tuple[float, float], unit: str) -> None:
    """Refuse a value outside its limits; raises `OutOfRangeError` that names them."""
    low, high = limits
    if not low <= value <= high:
        raise OutOfRangeError(f"{key} = {value:g} {unit} is outside {low:g} to {high:g} {unit} of this rig")


def switch_temperature_control(laser: LaserDriver | None, *, on: bool) -> None:
    """Switch the diode's temperature control; its set point stays.

    Raises:
        CommandRefusedError: this laser driver can't be asked that.
        RigError: it didn't switch.
    """
    driver: object = present(laser, "laser")
    if not isinstance(driver, _HasTemperatureController):
        raise CommandRefusedError("this laser driver's temperature control can't be switched alone")
    driver.tec.output_enabled = on
    if driver.tec.output_enabled is not on:
        raise RigError(f"the laser's temperature control does not switch {'on' if on else 'off'}")


def prepare_monitor(monitor: PowerMonitor, rig: Rig) -> None:
    """Set the monitor to the rig's wavelength."""
    monitor.prepare(rig.rig_file.configuration.monitor.wavelength_nm)


def read_power_w(monitor: PowerMonitor) -> float | None:
    """The power now, W; None where the monitor has no valid reading: without light that is usual."""
    try:
        return monitor.read_power_w()
    except InvalidReadingError as error:
        log.info("%s", error)
        return None


def require_power_within_limit(rig: Rig) -> float | None:
    """Compare the light on the sample with the rig's limit, by the monitor and the records in force.

    Returns:
        The monitor's power, W; None if it has no valid reading.

    Raises:
        PowerAboveLimitError: there is more light than the rig file allows.
    """
    power_w = read_power_w(present(rig.monitor, "monitor"))
    if power_w is None:
        return None
    try:
        records = selection_for(rig).records
    except CalibrationError as error:
        log.warning("the power density on the sample isn't known: %s", error)
        return power_w
    missing = {RecordKind.MONITOR_RATIO, RecordKind.BEAM} - set(records)
    if missing:
        log.warning("the power density on the sample isn't known: no record for %s", ", ".join(missing))
        return power_w
    ratio = MonitorRatio.from_values(records[RecordKind.MONITOR_RATIO].values).ratio
    beam = Beam.from_values(records[RecordKind.BEAM].values)
    density = float(beam.power_density_mw_per_cm2(np.array(ratio * power_w)))
    limit = rig.rig_file.configuration.limits.power_density_mw_per_cm2
    if density > limit * _LIMIT_TOLERANCE:
        raise PowerAboveLimitError(
            f"{density:.0f} mW/cm² on the sample, above this rig's limit of {limit:g} mW/cm²"
        )
    return power_w


class PowerAboveLimitError(RigError):
    """More light on the sample than the rig file allows: it was taken off."""


def take_spectrum(spectrometer: Spectrometer, integration_time_s: float, scans: int) -> dict[str, Any]:
    """Take a spectrum as it is, without a dark.

    Returns:
        `wavelength_nm`, `counts` (mean of the scans), `saturated`, `full_scale_counts`,
        `integration_time_s` as it was in force.

    Raises:
        OutOfRangeError: the spectrometer can't, or it would take too long.
    """
    require_within("integration_time_s", integration_time_s, spectrometer.integration_time_range_s, "s")
    if integration_time_s * scans > LONGEST_SPECTRUM_S:
        raise OutOfRangeError(
            f"{scans} scans of {integration_time_s:g} s take longer than {LONGEST_SPECTRUM_S:g} s"
        )
    in_force_s = spectrometer.set_integration_time_s(integration_time_s)
    spectra = spectrometer.acquire(scans)
    full_scale = spectrometer.full_scale_counts
    return {
        "wavelength_nm": np.asarray(spectrometer.wavelengths_nm),
        "counts": spectra.mean(axis=0),
        "saturated": bool(np.any(spectra >= full_scale)),
        "full_scale_counts": float(full_scale),
        "integration_time_s": float(in_force_s),
    }
