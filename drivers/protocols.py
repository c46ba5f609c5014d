"""What a procedure may ask of an instrument, whatever its maker.

Procedures know these capabilities and never a model name. All values are in the units their names
say; every method may raise the errors of `drivers.errors` and returns only when the thing is done
and read back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Identity:
    """Who an instrument says it is."""

    manufacturer: str
    model: str
    serial_number: str
    """Empty where the instrument doesn't tell one (SC10)."""
    firmware: str


@dataclass(frozen=True)
class LaserState:
    """One look at the laser driver."""

    output_enabled: bool
    current_a: float
    """Measured diode current."""
    temperature_c: float
    temperature_in_window: bool
    temperature_control_enabled: bool
    protections: tuple[str, ...]
    """What forbids light right now, in an operator's words; empty when nothing does."""


class Instrument(Protocol):
    """What every instrument of the rig can do."""

    @property
    def identity(self) -> Identity:
        """Get who the instrument says it is."""
        ...

    def make_safe(self) -> None:
        """Bring it into its safe state and verify that by reading back.

        Tries however often is harmless; raises `SafetyError` (or an `InstrumentError`) when the safe
        state could not be verified. Callable in any state, from any thread, any number of times.
        """
        ...

    def close(self) -> None:
        """Give the connection back. Changes nothing at the instrument. Callable twice."""
        ...


class LaserDriver(Instrument, Protocol):
    """A diode current source with temperature control. Safe state: output off."""

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        """Switch temperature control on at `temperature_c` and wait until it is in its window."""
        ...

    def switch_on(self, current_a: float) -> None:
        """Light: refused unless temperature is in window and no protection is active.

        Raises `OutOfRangeError` above the current limit, `InterlockError` for a protection.
        """
        ...

    def switch_off(self) -> None:
        """No light; verified. Temperature control stays as it is."""
        ...

    def read_state(self) -> LaserState:
        """Look once."""
        ...


class Shutter(Instrument, Protocol):
    """A blade in the beam. Safe state: closed."""

    def open(self) -> None:
        """Open it and return when the blade sensor says so."""
        ...

    @property
    def longest_timed_opening_s(self) -> float:
        """Get the longest time `open_for` can keep, s."""
        ...

    def open_for(self, duration_s: float) -> None:
        """Open it for a time that the controller keeps: it closes by itself even without this computer.

        The time bounds the dose; who opened closes it before. Raises `OutOfRangeError` above
        `longest_timed_opening_s`.
        """
        ...

    def close_blade(self) -> None:
        """Close it and return when the blade sensor says so."""
        ...

    @property
    def blade_closed(self) -> bool:
        """Get what the blade sensor says now."""
        ...


class Attenuator(Instrument, Protocol):
    """A wheel whose optical density grows with its angle. Safe state: at its darkest."""

    @property
    def homed(self) -> bool:
        """Get whether the position can be trusted."""
        ...

    def home(self) -> None:
        """Find the reference; only with the beam shut: it may cross the clear sector."""
        ...

    @property
    def angle_deg(self) -> float:
        """Get the angle, raising `InstrumentError` when not homed."""
        ...

    @property
    def angle_range_deg(self) -> tuple[float, float]:
        """Get the soft limits, clearest first."""
        ...

    def move_to(self, angle_deg: float) -> None:
        """Go there, arriving always from the same side; returns when it stands."""
        ...


class PowerMonitor(Instrument, Protocol):
    """A power meter behind a wedge. Has no dangerous state: `make_safe` only checks that it answers."""

    def prepare(self, wavelength_nm: float) -> None:
        """Set wavelength and automatic range, read back."""
        ...

    def read_power_w(self) -> float:
        """Measure the power now, W. `InvalidReadingError` rather than a number that is none."""
        ...


class Spectrometer(Instrument, Protocol):
    """An array spectrometer that runs freely. `make_safe` only checks that it answers."""

    @property
    def wavelengths_nm(self) -> FloatArray:
        """Get the wavelength of each pixel, nm, shape [pixels]."""
        ...

    @property
    def full_scale_counts(self) -> float:
        """Get the count at which a pixel is saturated."""
        ...

    @property
    def integration_time_range_s(self) -> tuple[float, float]:
        """Get the shortest and the longest integration time, s."""
        ...

    @property
    def linearity_coefficients(self) -> FloatArray | None:
        """Get the maker's polynomial c0..c7 (counts / polynomial = linear), None if there is none."""
        ...

    def set_integration_time_s(self, duration_s: float) -> float:
        """Set it; returns the time really in force (whole milliseconds)."""
        ...

    def note_light_changed(self) -> None:
        """Tell that the light was changed just now: spectra begun before are stale."""
        ...

    def acquire(self, scans: int) -> FloatArray:
        """Take `scans` spectra, raw counts, shape [scans, pixels].

        All were begun after the last change of light or of integration time; stale ones are read and
        thrown away first.
        """
        ...

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> float:
        """Cool the detector towards `temperature_c` and wait until it is stable.

        Returns:
            Where it is stable, °C: in a warm room that may be elsewhere.
        """
        ...

    def read_temperature_c(self) -> float:
        """Measure the detector temperature, °C."""
        ...
