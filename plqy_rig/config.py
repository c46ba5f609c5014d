"""The rig file: which instruments at which addresses, and their limits. Checked before anything moves.

The keys are described in docs/reference/rig-file.md. Every message of a refused file names the file, the
key, what was given and what is allowed.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from drivers.errors import ConfigurationError

RIG_FORMAT = "plqy-rig/1"
_USB_SERIAL = 3
"""Place of the serial number in a VISA resource: USB0::vendor::product::serial::INSTR."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Interval = tuple[Finite, Finite]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ConnectionSection(_Section):
    """How USB instruments are reached."""

    visa_library: str = "@py"
    usb_bus: Annotated[str, Field(pattern=r"^usbip://[^:/]+:\d+$")] | None = None
    """A USB bus over TCP (USB/IP); absent where the instruments hang on this computer."""


class BenchSection(_Section):
    """Only in the rig file of a simulated bench."""

    console: Annotated[str, Field(pattern=r"^[^:/]+:\d+$")]
    speed: Positive = 1.0


class LaserSection(_Section):
    """Laser driver, Thorlabs ITC4001."""

    resource: str
    current_a: Positive
    current_limit_a: Positive
    temperature_c: Finite
    temperature_range_c: Interval

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        if self.current_a > self.current_limit_a:
            raise ValueError(f"current_a {self.current_a} is above current_limit_a {self.current_limit_a}")
        low, high = self.temperature_range_c
        if not low <= self.temperature_c <= high:
            raise ValueError(
                f"temperature_c {self.temperature_c} is outside temperature_range_c {low}-{high}"
            )
        return self


class MonitorSection(_Section):
    """Power meter behind the wedge, Thorlabs PM320."""

    resource: str
    channel: Literal[1, 2] = 1
    wavelength_nm: Positive
    head_wavelength_range_nm: Interval
    head_power_range_w: Interval

    @model_validator(mode="after")
    def _within_head(self) -> Self:
        low, high = self.head_wavelength_range_nm
        if not low <= self.wavelength_nm <= high:
            raise ValueError(
                f"wavelength_nm {self.wavelength_nm} is outside head_wavelength_range_nm {low}-{high}"
            )
        return self


class ShutterSection(_Section):
    """Shutter controller, Thorlabs SC10."""

    port: str
    baud: Literal[9600, 115200] = 9600


class AttenuatorSection(_Section):
    """ND wheel on a stepper, protocol NDW/1."""

    port: str
    microsteps_per_revolution: Annotated[int, Field(gt=0)] = 3200
    angle_range_deg: Interval = (0.5, 265.0)
    """Soft limits. The coating ends at 270° in a seam to the clear sector, where the whole power comes
    through: the range stays away from it by more than half a beam and the error of the home switch."""


class SpectrometerSection(_Section):
    """Spectrometer, Ocean Insight NIRQuest512."""

    serial_number: str
    temperature_c: Finite


class LimitsSection(_Section):
    """What this rig must never exceed."""

    power_density_mw_per_cm2: Positive


class SafetySection(_Section):
    """What is done while nobody is looking. All of it has defaults."""

    laser_off_after_pause_s: NotNegative = 60.0
    """A pause that lasts longer switches the laser off, rig seconds; 0: every pause does."""
    guardian_patience_s: Annotated[float, Field(ge=1, le=60)] = 2.5
    """Real seconds without a sign of life of the program after which its guardian acts."""
    wait_for_instrument_s: NotNegative = 600.0
    """Real seconds a run waits for an instrument that was unplugged, paused in the safe state."""
    least_free_disk_mb: NotNegative = 50.0
    """A run is held, and none begins, with less room than this in its folder, 10⁶ bytes."""
    fallback_folder: Path | None = Field(default=None, strict=False)
    """Takes over when the run folder can't be written to; relative to the rig file. Absent: a folder of the
    user's data."""
    purge_must_be_confirmed: bool = False
    """No light before somebody has said that the sphere is purged."""


class InterlockSection(_Section):
    """Changes one interlock; what isn't given stays as it is. Units as in the interlock's own limits."""

    enabled: bool = True
    low: Finite | None = None
    high: Finite | None = None
    hysteresis: NotNegative | None = None
    settle_time_s: NotNegative | None = None


class CalibrationSection(_Section):
    """Where the calibration records are."""

    folder: Path = Field(strict=False)
    """Relative to the rig file."""
    records: tuple[str, ...] = ()
    """Records to use whatever their age and instruments: file names in the folder, or the first six or more
    characters of their hash; the newest valid ones otherwise."""


class LampSection(_Section):
    """Traceable calibration lamp; only needed to calibrate the response."""

    serial_number: str
    certificate: Path = Field(strict=False)
    """Table of the lamp's output, relative to the rig file."""
    unit: Literal["uW/nm", "uW/cm2/nm"]
    """Total flux into the sphere, or irradiance at a plane; never guessed from the numbers."""
    certified: date | None = None
    """Day of the certificate; None: unknown, its validity counts from when it was read."""
    valid_days: Annotated[int, Field(gt=0)] = 365
    """How long the certificate holds, from its day on."""
    valid_hours: Positive = 50.0
    """Burning hours for which it holds."""


NewsKind = Literal["finished", "failed", "held", "operator_needed", "not_safe", "queue_ended"]


class NotificationsSection(_Section):
    """Who is told outside, and of what."""

    urls: tuple[str, ...] = ()
    """Addresses as apprise writes them, e.g. "mailto://..." or "ntfy://topic"."""
    urls_file: Path | None = Field(default=None, strict=False)
    """A text file with more of them, one a line, relative to the rig file. Addresses that hold a password
    belong there: the rig file is stored with every run."""
    on: tuple[NewsKind, ...] = ("finished", "failed", "held", "operator_needed", "not_safe", "queue_ended")
    tell_after_s: NotNegative = 60.0
    """A hold or a question is told when it has lasted so long, real seconds."""


class RigConfiguration(_Section):
    """A whole rig file."""

    format: Literal["plqy-rig/1"]
    name: str
    connection: ConnectionSection = ConnectionSection()
    bench: BenchSection | None = None
    laser: LaserSection
    monitor: MonitorSection
    shutter: ShutterSection
    attenuator: AttenuatorSection
    spectrometer: SpectrometerSection
    limits: LimitsSection
    calibration: CalibrationSection
    lamp: LampSection | None = None
    safety: SafetySection = SafetySection()
    interlocks: dict[str, InterlockSection] = {}
    """By the interlock's name; the engine refuses a name it doesn't know."""
    notifications: NotificationsSection | None = None


class RigFile:
    """A rig file that was read and checked.

    Attributes:
        path: where it is.
        text: its text as read, to be stored with every run.
        configuration: its content.
    """

    def __init__(self, path: Path, text: str, configuration: RigConfiguration) -> None:
        self.path = path
        self.text = text
        self.configuration = configuration

    @property
    def calibration_folder(self) -> Path:
        """The calibration folder, absolute."""
        return (self.path.parent / self.configuration.calibration.folder).resolve()

    @property
    def serial_numbers(self) -> dict[str, str]:
        """Serial numbers by role, as far as the file itself knows them: a USB resource holds its own."""
        found = {"spectrometer": self.configuration.spectrometer.serial_number}
        for role in ("laser", "monitor"):
            parts = getattr(self.configuration, role).resource.split("::")
            if parts[0].upper().startswith("USB") and len(parts) > _USB_SERIAL:
                found[role] = parts[_USB_SERIAL]
        return found

    @property
    def fallback_folder(self) -> Path | None:
        """Where runs go on when their own folder can't be written to, absolute; None: the user's data."""
        folder = self.configuration.safety.fallback_folder
        return None if folder is None else (self.path.parent / folder).resolve()

    @property
    def notification_urls(self) -> tuple[str, ...]:
        """Where news goes, with those of the file; raises `ConfigurationError` if that can't be read."""
        section = self.configuration.notifications
        if section is None:
            return ()
        if section.urls_file is None:
            return section.urls
        path = self.path.parent / section.urls_file
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"notifications.urls_file {path}: can't be read ({error})") from error
        stripped = [line.strip() for line in lines]
        return (*section.urls, *(line for line in stripped if line and not line.startswith("#")))


def read_rig_file(path: Path) -> RigFile:
    """Read and check a rig file.

    Raises:
        ConfigurationError: missing, no TOML, or a key that is unknown, missing or out of range.
    """
    text = _read_text(path, "rig file")
    return RigFile(path.resolve(), text, check_rig_text(text, path))


def check_rig_text(text: str, path: Path) -> RigConfiguration:
    """The content of a rig file whose text was read already.

    Args:
        text: of the file.
        path: of the file, for messages.

    Raises:
        ConfigurationError: as `read_rig_file`.
    """
    document = _toml_of(text, path, "rig file")
    try:
        return RigConfiguration.model_validate(_tuples(document))
    except ValidationError as error:
        raise ConfigurationError(_explain(path, error)) from error


def read_toml(path: Path, what: str) -> tuple[str, dict[str, Any]]:
    """Text and content of a TOML file; raises `ConfigurationError` naming file, line and reason."""
    text = _read_text(path, what)
    return text, _toml_of(text, path, what)


def _read_text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't UTF-8 text"
        raise ConfigurationError(f"{what} {path}: can't be read ({reason})") from error


def _toml_of(text: str, path: Path, what: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{what} {path}: not valid TOML, {error}") from error


def _tuples(value: Any) -> Any:
    """TOML knows arrays only; the strict model wants its intervals as tuples."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
        match problem["type"]:
            case "extra_forbidden":
                lines.append(f"{key}: unknown key")
            case "missing":
                lines.append(f"{key}: missing")
            case _:
                reason = problem["msg"].removeprefix("Value error, ")
                given = "" if problem["type"] == "value_error" else f", got {problem['input']!r}"
                lines.append(f"{key}: {reason}{given}")
    return f"rig file {path}:\n  " + "\n  ".join(lines)
