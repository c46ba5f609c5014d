"""A recipe as one typed, checked value: what the parts of a sweep read."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.roles import Role
from drivers.errors import ConfigurationError, OutOfRangeError
from procedures.integration_time import IntegrationLimits
from procedures.power_steps import power_densities_mw_per_cm2


@dataclass(frozen=True)
class SweepSettings:
    """The parameters of one sweep. The names are those of the recipe; see there for their meaning.

    Raises:
        OutOfRangeError: values that contradict each other; the message names the keys.
    """

    sample: str
    operator_name: str
    comment: str
    passes: tuple[Role, ...]
    power_density_min_mw_per_cm2: float
    power_density_max_mw_per_cm2: float
    power_steps: int
    power_tolerance: float
    scans_excitation: int
    scans_emission: int
    dark_scans: int
    integration_time_min_s: float
    integration_time_max_excitation_s: float
    integration_time_max_emission_s: float
    peak_low_fraction: float
    peak_high_fraction: float
    laser_window_low_nm: float
    laser_window_high_nm: float
    settle_time_s: float
    laser_warm_up_s: float
    repeat_first_step: bool = False

    def __post_init__(self) -> None:
        if not self.sample.strip():
            raise ConfigurationError("sample must be given: the name of what is measured")
        if self.dark_scans == 1:
            raise OutOfRangeError("dark_scans must be 0 (as many as scans) or 2 and more, got 1")
        if not self.laser_window_low_nm < self.laser_window_high_nm:
            raise OutOfRangeError(
                f"laser_window_low_nm must be below laser_window_high_nm, got {self.laser_window_low_nm} and "
                f"{self.laser_window_high_nm}"
            )
        for role in Role:
            self.integration_limits(role, full_scale_counts=1.0, range_s=(0.0, float("inf")))
        power_densities_mw_per_cm2(
            self.power_density_min_mw_per_cm2, self.power_density_max_mw_per_cm2, self.power_steps
        )

    @property
    def power_densities_mw_per_cm2(self) -> tuple[float, ...]:
        """Get the targets of all steps, lowest first, mW/cm²; the first again at the end where asked for."""
        densities = power_densities_mw_per_cm2(
            self.power_density_min_mw_per_cm2, self.power_density_max_mw_per_cm2, self.power_steps
        )
        return (*densities, densities[0]) if self.repeat_first_step else densities

    @property
    def steps(self) -> int:
        """Get how many steps each pass has, the repeated one included."""
        return len(self.power_densities_mw_per_cm2)

    @property
    def laser_window_nm(self) -> tuple[float, float]:
        """Get the lower and upper end of the laser window, nm."""
        return self.laser_window_low_nm, self.laser_window_high_nm

    def scans(self, role: Role) -> int:
        """Scans per exposure."""
        return self.scans_emission if role.is_emission else self.scans_excitation

    def scans_of_dark(self, role: Role) -> int:
        """Scans per dark."""
        return self.dark_scans or self.scans(role)

    def integration_limits(
        self, role: Role, full_scale_counts: float, range_s: tuple[float, float]
    ) -> IntegrationLimits:
        """What bounds the integration time of a role at a spectrometer.

        Args:
            role: excitation and emission have limits of their own.
            full_scale_counts: count at which a pixel of the spectrometer is saturated.
            range_s: shortest and longest integration time of the spectrometer, s.

        Raises:
            OutOfRangeError: the recipe's limits leave nothing; names the keys.
        """
        key = "integration_time_max_emission_s" if role.is_emission else "integration_time_max_excitation_s"
        longest_s = min(float(getattr(self, key)), range_s[1])
        shortest_s = max(self.integration_time_min_s, range_s[0])
        if shortest_s > longest_s:
            raise OutOfRangeError(f"integration_time_min_s ({shortest_s} s) is above {key} ({longest_s} s)")
        return IntegrationLimits(
            shortest_s, longest_s, full_scale_counts, self.peak_low_fraction, self.peak_high_fraction
        )

    def step_duration_s(self, role: Role, integration_time_s: float) -> float:
        """How long one step takes, exposure and dark, at an integration time, s."""
        # One spectrum is lost at each change of light: it was begun before.
        frames = self.scans(role) + self.scans_of_dark(role) + 2
        return frames * integration_time_s + _OVERHEAD_PER_STEP_S

    def estimate(self) -> SweepEstimate:
        """What running it will take, for a dry run."""
        spectra_s = 0.0
        for role in self.passes:
            longest_s = (
                self.integration_time_max_emission_s
                if role.is_emission
                else self.integration_time_max_excitation_s
            )
            spectra_s += self.steps * self.step_duration_s(role, longest_s)
        return SweepEstimate(
            exposures=self.steps * len(self.passes),
            longest_duration_s=spectra_s + self.laser_warm_up_s,
            highest_power_density_mw_per_cm2=self.power_density_max_mw_per_cm2,
        )


_OVERHEAD_PER_STEP_S = 0.2


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep will take.

    Attributes:
        exposures: how many will be saved, each with its dark.
        longest_duration_s: if every exposure needs its longest integration time, without the operator's moves
            and without waiting for temperatures, s.
        highest_power_density_mw_per_cm2: highest irradiance of the sample, mW/cm².
    """

    exposures: int
    longest_duration_s: float
    highest_power_density_mw_per_cm2: float
