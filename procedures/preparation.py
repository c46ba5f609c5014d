"""From a rig in any state to one that may let light out: what comes before the first pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivers.errors import OutOfRangeError, SafetyError
from procedures.context import PowerAnchor
from procedures.exposure import ExposureTaker, StopRequestedError
from procedures.instruments import Instruments
from procedures.power_control import first_anchor
from procedures.power_steps import PowerCalibration
from procedures.settings import SweepSettings

TEMPERATURE_TIMEOUT_S = 600.0
"""Longest wait for the laser and for the detector to reach their temperatures, rig seconds."""

DETECTOR_TOLERANCE_K = 0.5
"""So far from its set point the detector may be stable without a word."""


def check_limits(settings: SweepSettings, rig: Instruments) -> None:
    """Compare a recipe with what the rig allows, before anything moves.

    Raises:
        OutOfRangeError: names the key, its value and what is allowed.
    """
    highest, limit = settings.power_density_max_mw_per_cm2, rig.power_density_limit_mw_per_cm2
    if highest > limit:
        raise OutOfRangeError(
            f"power_density_max_mw_per_cm2 = {highest:g} is above the rig's limit of {limit:g} mW/cm²"
        )
    wavelengths = rig.spectrometer.wavelengths_nm
    low, high = settings.laser_window_nm
    if np.count_nonzero((wavelengths >= low) & (wavelengths <= high)) < 2:
        raise OutOfRangeError(
            f"laser_window_low_nm = {low:g}, laser_window_high_nm = {high:g}: the spectrometer sees "
            f"{wavelengths[0]:.0f} to {wavelengths[-1]:.0f} nm, fewer than two pixels are in the window"
        )
    for role in settings.passes:
        settings.integration_limits(
            role, rig.spectrometer.full_scale_counts, rig.spectrometer.integration_time_range_s
        )


def prepare(
    settings: SweepSettings,
    rig: Instruments,
    calibration: PowerCalibration,
    should_stop: Callable[[], bool],
    warn: Callable[[str], None],
) -> PowerAnchor:
    """Bring temperatures, wheel and laser to work with the shutter closed, then look at the power once.

    The wheel is homed while the laser may still be off, and the laser goes on with the wheel at its
    darkest: the first light is the weakest.

    Args:
        settings: the recipe.
        rig: the instruments.
        calibration: power scale and wheel curve.
        should_stop: asked before light is let out.
        warn: takes a sentence that belongs with the data.

    Returns:
        The first monitor reading with its wheel position.

    Raises:
        SafetyError: the shutter doesn't stay closed.
        StopRequestedError: a stop was asked for meanwhile.
        MeasurementError: no light, or a power density out of the wheel's reach.
        RigError: whatever an instrument raised.
    """
    rig.shutter.close_blade()
    rig.spectrometer.note_light_changed()
    rig.monitor.prepare(rig.monitor_wavelength_nm)
    rig.attenuator.home()
    limits_deg = rig.attenuator.angle_range_deg
    rig.attenuator.move_to(limits_deg[1])
    _cool_detector(rig, warn)
    _switch_laser_on(rig, should_stop)
    rig.clock.sleep(settings.laser_warm_up_s)
    return first_anchor(
        ExposureTaker(rig, settings.settle_time_s, should_stop),
        rig.attenuator.angle_deg,
        calibration,
        settings.power_densities_mw_per_cm2,
        limits_deg,
    )


def _cool_detector(rig: Instruments, warn: Callable[[str], None]) -> None:
    wanted_c = rig.detector_temperature_c
    reached_c = rig.spectrometer.stabilise_temperature(wanted_c, timeout_s=TEMPERATURE_TIMEOUT_S)
    if abs(reached_c - wanted_c) > DETECTOR_TOLERANCE_K:
        warn(
            f"The detector is stable at {reached_c:.1f} °C, {reached_c - wanted_c:+.1f} K from the "
            f"{wanted_c:.1f} °C asked for. Its dark grows with that; the calibration was made colder or "
            "warmer than this run."
        )


def _switch_laser_on(rig: Instruments, should_stop: Callable[[], bool]) -> None:
    rig.laser.stabilise_temperature(rig.laser_temperature_c, timeout_s=TEMPERATURE_TIMEOUT_S)
    if not rig.shutter.blade_closed:
        raise SafetyError("the shutter isn't closed any more: the laser stays off. Check the shutter.")
    if should_stop():
        raise StopRequestedError("stopped before the laser was switched on")
    rig.laser.switch_on(rig.working_current_a)
