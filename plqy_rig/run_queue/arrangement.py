"""How the rig stands by hand, and an order of entries that needs few hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.roles import PASS_ORDER, Arrangement, Role, SamplePosition
from plqy_rig.run_queue.entry import Entry


@dataclass(frozen=True)
class Setup:
    """What stands in the rig.

    Attributes:
        sample: name of the sample in the sphere; empty when there is none.
        arrangement: where it is, and the filter.
    """

    sample: str
    arrangement: Arrangement

    @classmethod
    def of(cls, sample: str, arrangement: Arrangement) -> Setup:
        """Make it; without a sample in the sphere all samples are alike."""
        return cls("" if arrangement.sample is SamplePosition.OUT else sample, arrangement)


def setups(entry: Entry) -> tuple[Setup, ...]:
    """What an entry needs, pass by pass."""
    return tuple(Setup.of(entry.sample, role.arrangement) for role in entry.passes)


def hands(entries: Sequence[Entry], present: Setup | None) -> int:
    """How often somebody has to move something when these run in this order.

    Args:
        entries: in their order.
        present: how the rig stands; None when nobody knows.
    """
    moves = 0
    for entry in entries:
        for setup in setups(entry):
            moves += setup != present
            present = setup
    return moves


def grouped(entries: Sequence[Entry], present: Setup | None = None) -> tuple[Entry, ...]:
    """Order entries so that those that stand alike run after one another, never with more moves than before.

    Args:
        entries: those waiting, in their order.
        present: how the rig stands; None when nobody knows.
    """
    by_pass = sorted(entries, key=lambda entry: _rank(entry, entries))
    candidates = (tuple(entries), tuple(by_pass), _chained(by_pass, present))
    return min(candidates, key=lambda order: hands(order, present))


def _rank(entry: Entry, entries: Sequence[Entry]) -> tuple[int, int, int]:
    """The empty sphere first, then sample after sample, pass by pass, then the empty sphere, filtered."""
    if set(entry.passes) == {Role.EMPTY_EXCITATION}:
        return 0, 0, 0
    if set(entry.passes) == {Role.EMPTY_EMISSION}:
        return 2, 0, 0
    samples = list(dict.fromkeys(other.sample for other in entries))
    return 1, samples.index(entry.sample), PASS_ORDER.index(entry.passes[0])


def _chained(entries: Sequence[Entry], present: Setup | None) -> tuple[Entry, ...]:
    """Always what begins as the one before ended, else the next in rank."""
    left, chain = list(entries), []
    while left:
        following = next((entry for entry in left if setups(entry)[0] == present), left[0])
        left.remove(following)
        chain.append(following)
        present = setups(following)[-1]
    return tuple(chain)
