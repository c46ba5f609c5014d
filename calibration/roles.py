"""What a spectrum is for, and how sample and filter must stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SamplePosition(StrEnum):
    """Where the sample is."""

    OUT = "out"
    """Not in the sphere."""
    INDIRECT = "indirect"
    """In the sphere, beside the beam: lit only by light that the wall scattered."""
    DIRECT = "direct"
    """In the sphere and in the beam."""


@dataclass(frozen=True)
class Arrangement:
    """What the operator sets up by hand.

    Attributes:
        sample: where the sample is.
        long_pass_inserted: whether the long-pass filter stands between sphere and fibre.
    """

    sample: SamplePosition
    long_pass_inserted: bool


class Role(StrEnum):
    """The spectra of one run, in the order in which they are measured.

    The order needs the fewest operator moves: the sample goes in once, the filter goes in once, and each
    pass differs from the one before it by one move.
    """

    EMPTY_EXCITATION = "empty_excitation"
    """L_a: no sample, long-pass out, short exposure."""
    INDIRECT_EXCITATION = "indirect_excitation"
    """L_b: sample in the sphere, lit by scattered light alone."""
    DIRECT_EXCITATION = "direct_excitation"
    """L_c: the beam hits the sample."""
    DIRECT_EMISSION = "direct_emission"
    """P_c: the beam hits the sample, long-pass in, long exposure."""
    INDIRECT_EMISSION = "indirect_emission"
    """P_b: sample lit by scattered light alone, long-pass in."""
    EMPTY_EMISSION = "empty_emission"
    """P_a, optional: no sample, long-pass in; sees leakage and stray light."""

    @property
    def is_emission(self) -> bool:
        """Get whether the long-pass is in and the light looked for is the sample's own."""
        return self in (Role.DIRECT_EMISSION, Role.INDIRECT_EMISSION, Role.EMPTY_EMISSION)

    @property
    def arrangement(self) -> Arrangement:
        """Get how sample and long-pass must stand for this role."""
        return Arrangement(_SAMPLE_OF_PREFIX[self.value.split("_")[0]], self.is_emission)


_SAMPLE_OF_PREFIX = {
    "empty": SamplePosition.OUT,
    "indirect": SamplePosition.INDIRECT,
    "direct": SamplePosition.DIRECT,
}

PASS_ORDER: tuple[Role, ...] = tuple(Role)
"""All roles in the order in which they are measured."""

REQUIRED_ROLES: tuple[Role, ...] = PASS_ORDER[:5]
"""The five spectra the evaluation needs; the sixth (empty_emission) measures leakage and is optional."""
