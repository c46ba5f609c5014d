"""The instruments as the procedure gets them: the shutter opens and the laser goes on only by permission.

Whoever aborts a run changes the engine's state first. From then on nothing lets light out any more, whatever
the procedure is just doing; a shutter that was being opened at that very moment is closed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from drivers.protocols import FloatArray, Identity, LaserDriver, LaserState, Shutter, Spectrometer
from plqy_rig.engine.interlocks import good
from plqy_rig.engine.readings import SHUTTER_OPEN, Readings
from procedures import Instruments
from procedures.exposure import StopRequestedError


class Permission(Protocol):
    """Says whether light is allowed now."""

    def light(self) -> bool:
        """Whether the shutter may be opened now; the engine is running afterwards."""
        ...

    def laser(self) -> bool:
        """Whether the laser may be switched on now."""
        ...


@dataclass(frozen=True)
class GatedShutter:
    """A shutter that opens by permission only (protocol `Shutter`)."""

    shutter: Shutter
    permission: Permission
    readings: Readings

    def open(self) -> None:
        """Open it.

        Raises:
            StopRequestedError: light isn't allowed (any more); the blade is closed.
            RigError: whatever the shutter raised.
        """
        self._let_out(self.shutter.open)

    @property
    def longest_timed_opening_s(self) -> float:
        """Get the longest time `open_for` can keep, s."""
        return self.shutter.longest_timed_opening_s

    def open_for(self, duration_s: float) -> None:
        """Open it for a time that the controller keeps; raises as `open` does."""
        self._let_out(lambda: self.shutter.open_for(duration_s))

    def _let_out(self, open_it: Callable[[], None]) -> None:
        if not self.permission.light():
            raise StopRequestedError("stopped before light was let out")
        open_it()
        self.readings.note(SHUTTER_OPEN, good(True))
        if not self.permission.light():
            self.close_blade()
            raise StopRequestedError("stopped while the shutter was being opened; it is closed again")

    def close_blade(self) -> None:
        """Close it."""
        self.shutter.close_blade()
        self.readings.note(SHUTTER_OPEN, good(False))

    @property
    def blade_closed(self) -> bool:
        """Get what the blade sensor says."""
        return self.shutter.blade_closed

    @property
    def identity(self) -> Identity:
        """Get who it is."""
        return self.shutter.identity

    def make_safe(self) -> None:
        """Close and verify."""
        self.shutter.make_safe()
        self.readings.note(SHUTTER_OPEN, good(False))

    def close(self) -> None:
        """Give the connection back."""
        self.shutter.close()


@dataclass(frozen=True)
class GatedLaser:
    """A laser driver that switches on by permission only, and whose looks are noted (`LaserDriver`)."""

    driver: LaserDriver
    permission: Permission
    readings: Readings

    def switch_on(self, current_a: float) -> None:
        """Switch on.

        Raises:
            StopRequestedError: not allowed (any more); the output is off.
            RigError: whatever the driver raised.
        """
        if not self.permission.laser():
            raise StopRequestedError("stopped before the laser was switched on")
        self.driver.switch_on(current_a)
        if not self.permission.laser():
            self.driver.switch_off()
            raise StopRequestedError("stopped while the laser was being switched on; it is off again")

    def read_state(self) -> LaserState:
        """Look once."""
        state = self.driver.read_state()
        self.readings.note_laser(state)
        return state

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        """Bring it to its temperature."""
        self.driver.stabilise_temperature(temperature_c, timeout_s=timeout_s)

    def switch_off(self) -> None:
        """No light."""
        self.driver.switch_off()

    @property
    def identity(self) -> Identity:
        """Get who it is."""
        return self.driver.identity

    def make_safe(self) -> None:
        """Switch off and verify."""
        self.driver.make_safe()

    def close(self) -> None:
        """Give the connection back."""
        self.driver.close()


@dataclass(frozen=True)
class ObservedSpectrometer:
    """A spectrometer whose temperature is noted when the procedure looks (protocol `Spectrometer`)."""

    driver: Spectrometer
    readings: Readings

    @property
    def wavelengths_nm(self) -> FloatArray:
        """Get the wavelength of each pixel, nm."""
        return self.driver.wavelengths_nm

    @property
    def full_scale_counts(self) -> float:
        """Get the count at which a pixel is saturated."""
        return self.driver.full_scale_counts

    @property
    def integration_time_range_s(self) -> tuple[float, float]:
        """Get the shortest and the longest integration time, s."""
        return self.driver.integration_time_range_s

    @property
    def linearity_coefficients(self) -> FloatArray | None:
        """Get the maker's polynomial."""
        return self.driver.linearity_coefficients

    def set_integration_time_s(self, duration_s: float) -> float:
        """Set it; returns the time in force."""
        return self.driver.set_integration_time_s(duration_s)

    def note_light_changed(self) -> None:
        """Tell that the light was changed just now."""
        self.driver.note_light_changed()

    def acquire(self, scans: int) -> FloatArray:
        """Take spectra."""
        return self.driver.acquire(scans)

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> float:
        """Cool the detector; returns the temperature reached, °C."""
        reached_c = self.driver.stabilise_temperature(temperature_c, timeout_s=timeout_s)
        self.readings.note_detector_stable(reached_c, temperature_c)
        return reached_c

    def read_temperature_c(self) -> float:
        """Measure the detector temperature, °C."""
        temperature_c = self.driver.read_temperature_c()
        self.readings.note_detector(temperature_c)
        return temperature_c

    @property
    def identity(self) -> Identity:
        """Get who it is."""
        return self.driver.identity

    def make_safe(self) -> None:
        """Check that it answers."""
        self.driver.make_safe()

    def close(self) -> None:
        """Give the connection back."""
        self.driver.close()


def gated(instruments: Instruments, permission: Permission, readings: Readings) -> Instruments:
    """The same instruments behind the gate."""
    return replace(
        instruments,
        shutter=GatedShutter(instruments.shutter, permission, readings),
        laser=GatedLaser(instruments.laser, permission, readings),
        spectrometer=ObservedSpectrometer(instruments.spectrometer, readings),
    )
