"""The files of one measurement by what they were taken for, as the options of the command name them."""

from __future__ import annotations

from enum import StrEnum

from calibration.roles import Role


class Part(StrEnum):
    """What a file shows; the values are the options' names."""

    EMPTY = "empty"
    INDIRECT = "indirect"
    DIRECT = "direct"
    EMPTY_EMISSION = "empty-emission"
    INDIRECT_EMISSION = "indirect-emission"
    DIRECT_EMISSION = "direct-emission"

    @property
    def is_emission(self) -> bool:
        """Whether it is a file of its own for the emission."""
        return self.value.endswith("-emission")

    @property
    def emission(self) -> Part:
        """The emission part of the same arrangement."""
        return self if self.is_emission else Part(f"{self.value}-emission")

    @property
    def role(self) -> Role:
        """The role in the five-spectrum method that the part's own kind of light plays."""
        return Role(self.value.replace("-", "_") if self.is_emission else f"{self.value}_excitation")
