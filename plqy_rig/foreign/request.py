"""What is to be evaluated, checked as far as it can be without opening a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calibration import ResponseUnit
from drivers.errors import ConfigurationError
from plqy_rig.evaluation.choices import LeakageModel
from plqy_rig.evaluation.windows import Window
from plqy_rig.foreign.quantity import Per, Quantity
from plqy_rig.foreign.roles import Part


@dataclass(frozen=True)
class FilesRequest:
    """Files of one measurement and how to read them.

    Attributes:
        files: by part, several are repeats; `Part.EMPTY` and `Part.DIRECT` at least.
        laser: laser window.
        windows: emission windows.
        quantity: what the values are; None takes what the files say, else counts.
        response: file by which counts are multiplied.
        response_unit: of its values; must be given with it. Of one over its values where counts are divided.
        divides_by_response: whether counts are divided by the curve, a sensitivity, instead of multiplied.
        response_uncertainty_relative: one sigma of the response's ratio emission / laser.
        columns: names or 1-based numbers of intensity columns by part; the key None stands for all others;
            several are repeats.
        integration_times_s: by part; the key None stands for all others.
        darks: by part; the key None stands for all others, matched by integration time where known.
        powers: laser power by part in any one unit; for all parts or none.
        long_pass: transmission of the filter that was in for the emission files.
        per: whether values are contents of pixels or densities per nm; None takes the usual.
        baseline: region without light whose mean is subtracted from each spectrum.
        leakage: how the empty sphere's emission is subtracted; None: as leaking laser light with
            --indirect, else as a fixed background.
        sample: name for the result.
    """

    files: Mapping[Part, Sequence[Path]]
    laser: Window
    windows: Mapping[str, Window]
    quantity: Quantity | None = None
    response: Path | None = None
    response_unit: ResponseUnit | None = None
    divides_by_response: bool = False
    response_uncertainty_relative: float = 0.0
    columns: Mapping[Part | None, Sequence[str]] = field(default_factory=dict)
    integration_times_s: Mapping[Part | None, float] = field(default_factory=dict)
    darks: Mapping[Part | None, Sequence[Path]] = field(default_factory=dict)
    powers: Mapping[Part, float] = field(default_factory=dict)
    long_pass: Path | None = None
    per: Per | None = None
    baseline: Window | None = None
    leakage: LeakageModel | None = None
    sample: str | None = None

    def __post_init__(self) -> None:
        self._check_parts()
        self._check_response()
        self._check_by_part()
        for part, paths in self.files.items():
            if len({path.resolve() for path in paths}) != len(paths):
                raise ConfigurationError(f"--{part}: the same file twice is no repeat")
        if not self.windows:
            raise ConfigurationError("--window: give at least one emission window, as lo:hi in nm")

    @property
    def is_two_measurement(self) -> bool:
        """Whether there is no indirect spectrum, so that the empty one is the blank (method, equation 4)."""
        return Part.INDIRECT not in self.files

    def columns_of(self, part: Part) -> Sequence[str]:
        """Which columns of a part's files hold its intensity; none: the one that is plain."""
        return self.columns.get(part, self.columns.get(None, ()))

    @property
    def has_emission_files(self) -> bool:
        """Whether the emission was measured in exposures of its own."""
        return any(part.is_emission for part in self.files)

    @property
    def leakage_used(self) -> LeakageModel:
        """How leakage is subtracted."""
        default = LeakageModel.FIXED if self.is_two_measurement else LeakageModel.LASER
        return self.leakage or default

    def _check_parts(self) -> None:
        for part in (Part.EMPTY, Part.DIRECT):
            if part not in self.files:
                raise ConfigurationError(f"--{part}: the spectrum is missing")
        if self.is_two_measurement and Part.INDIRECT_EMISSION in self.files:
            raise ConfigurationError("--indirect-emission needs --indirect: the laser line in that position")
        if not self.has_emission_files:
            if self.long_pass is not None:
                raise ConfigurationError(
                    "--long-pass: its transmission belongs to emission files of their own; the emission is "
                    "read from the same files as the laser line here"
                )
            return
        needed = [Part.DIRECT_EMISSION]
        needed += [] if self.is_two_measurement else [Part.INDIRECT_EMISSION]
        for part in needed:
            if part not in self.files:
                raise ConfigurationError(
                    f"--{part} is missing: give emission files for all positions, or for none to read the "
                    "emission from the same files as the laser line"
                )

    def _check_response(self) -> None:
        if (self.response is None) != (self.response_unit is None):
            raise ConfigurationError(
                "--response and --response-unit go together: the same numbers mean other things in other "
                f"units ({', '.join(ResponseUnit)})"
            )
        if self.divides_by_response and self.response is None:
            raise ConfigurationError("--divide-by-response: there is no --response")
        if self.response is not None and self.quantity not in (None, Quantity.COUNTS):
            raise ConfigurationError(
                f"--response corrects counts; spectra that are {self.quantity} are corrected already"
            )
        if not 0 <= self.response_uncertainty_relative < 1:
            raise ConfigurationError("--response-uncertainty: a fraction from 0 to 1, e.g. 0.03 for 3 %")

    def _check_by_part(self) -> None:
        for option, given in (
            ("--column", self.columns),
            ("--integration-time", self.integration_times_s),
            ("--dark", self.darks),
            ("--power", self.powers),
        ):
            for part in given:
                if part is not None and part not in self.files:
                    raise ConfigurationError(f"{option} {part}=...: there is no --{part}")
        for option, numbers in (
            ("--integration-time", list(self.integration_times_s.values())),
            ("--power", list(self.powers.values())),
        ):
            if any(not 0 < number < float("inf") for number in numbers):
                raise ConfigurationError(f"{option}: must be above 0")
        missing = [str(part) for part in self.files if part not in self.powers]
        if self.powers and missing:
            raise ConfigurationError(
                f"--power: missing for {', '.join(missing)}; give it for all or for none"
            )
