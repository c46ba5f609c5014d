"""What is recorded of an exposure and of its dark: names, units, types and shapes, listed once.

The recorder checks against this table and makes the descriptors of it; reading and the NeXus file use it
too, so that a quantity has one unit everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Axis = Literal["scans", "pixels"]


@dataclass(frozen=True)
class Field:
    """One recorded quantity.

    Attributes:
        key: its name in event documents.
        units: as written to files; ``"1"`` for a number without unit, empty for text.
        dtype: numpy type of the stored value; ``"str"`` for text.
        shape: names of the axes of one event's value; empty for a scalar.
    """

    key: str
    units: str
    dtype: str
    shape: tuple[Axis, ...] = ()


EXPOSURE_FIELDS: tuple[Field, ...] = (
    Field("role", "", "str"),
    Field("step", "1", "<i8"),
    Field("target_power_density_mw_per_cm2", "mW/cm^2", "<f8"),
    Field("integration_time_s", "s", "<f8"),
    Field("scans", "1", "<i8"),
    Field("counts", "counts", "<f8", ("pixels",)),
    Field("counts_std", "counts", "<f8", ("pixels",)),
    Field("scan_counts", "counts", "<f4", ("scans", "pixels")),
    Field("monitor_power_w", "W", "<f8"),
    Field("monitor_power_std_w", "W", "<f8"),
    Field("monitor_readings", "1", "<i8"),
    Field("wheel_position_deg", "deg", "<f8"),
    Field("laser_current_a", "A", "<f8"),
    Field("laser_temperature_c", "°C", "<f8"),
    Field("detector_temperature_c", "°C", "<f8"),
    Field("saturated", "1", "|b1"),
    Field("light_on_s", "s", "<f8"),
)
"""One exposure: n scans with the shutter open, the monitor read all the while."""

DARK_FIELDS: tuple[Field, ...] = (
    Field("role", "", "str"),
    Field("step", "1", "<i8"),
    Field("integration_time_s", "s", "<f8"),
    Field("scans", "1", "<i8"),
    Field("dark", "counts", "<f8", ("pixels",)),
    Field("dark_std", "counts", "<f8", ("pixels",)),
    Field("detector_temperature_c", "°C", "<f8"),
)
"""The dark of an exposure: the same with the shutter closed."""

STREAMS: dict[str, tuple[Field, ...]] = {"exposure": EXPOSURE_FIELDS, "dark": DARK_FIELDS}
"""The fields of each stream of events."""


@dataclass(frozen=True)
class StepArray:
    """One array of a role with a row per power step, in memory and in the NeXus file.

    Attributes:
        attribute: its name in `RoleSpectra`.
        stream: where it comes from: ``"exposure"`` or ``"dark"``.
        key: the event's key; ``"time"`` is the event's own time.
        nexus_name: its name under /entry/spectra/<role>.
        units: as in `Field`.
        dtype: numpy type.
        shape: axes after the steps.
        long_name: for axis labels.
    """

    attribute: str
    stream: str
    key: str
    nexus_name: str
    units: str
    dtype: str
    shape: tuple[Axis, ...]
    long_name: str


def _step_array(stream: str, key: str, nexus_name: str, long_name: str, attribute: str = "") -> StepArray:
    known = {field.key: field for field in STREAMS[stream]} | {"time": Field("time", "s", "<f8")}
    field = known[key]
    return StepArray(
        attribute or key, stream, key, nexus_name, field.units, field.dtype, field.shape, long_name
    )


STEP_ARRAYS: tuple[StepArray, ...] = (
    _step_array("exposure", "counts", "counts", "mean of the scans"),
    _step_array("exposure", "counts_std", "counts_std", "standard deviation of single scans"),
    _step_array("exposure", "scan_counts", "scan_counts", "every scan"),
    _step_array("dark", "dark", "dark", "mean of the dark scans"),
    _step_array("dark", "dark_std", "dark_std", "standard deviation of single dark scans"),
    _step_array("exposure", "integration_time_s", "integration_time", "integration time"),
    _step_array("exposure", "scans", "scans", "number of scans"),
    _step_array("dark", "scans", "dark_scans", "number of dark scans", "dark_scans"),
    _step_array("exposure", "monitor_power_w", "monitor_power", "power at the monitor"),
    _step_array(
        "exposure", "monitor_power_std_w", "monitor_power_std", "standard deviation of monitor readings"
    ),
    _step_array("exposure", "monitor_readings", "monitor_readings", "number of monitor readings"),
    _step_array("exposure", "wheel_position_deg", "wheel_position", "angle of the ND wheel"),
    _step_array("exposure", "laser_current_a", "laser_current", "laser diode current"),
    _step_array("exposure", "laser_temperature_c", "laser_temperature", "laser diode temperature"),
    _step_array("exposure", "detector_temperature_c", "detector_temperature", "detector temperature"),
    _step_array(
        "dark",
        "detector_temperature_c",
        "dark_detector_temperature",
        "detector temperature during the dark",
        "dark_detector_temperature_c",
    ),
    _step_array("exposure", "light_on_s", "light_on_time", "light on the sample"),
    _step_array("exposure", "time", "time", "when the exposure was saved"),
    _step_array("dark", "time", "dark_time", "when the dark was saved", "dark_time"),
    _step_array("exposure", "saturated", "saturated", "a pixel was at full scale"),
)
"""Every array of a role, in the order of the NeXus file."""
