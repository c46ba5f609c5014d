"""What a session of calibrations needs of whoever sits in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from calibration import Record
from procedures.calibrations import CalibrationOperator, CalibrationResult, Plot


@dataclass(frozen=True, eq=False)
class Kept:
    """A record that was written.

    Attributes:
        path: of its file.
        record: itself.
    """

    path: Path
    record: Record


class Face(CalibrationOperator, Protocol):
    """A terminal, a window, or the host that speaks to them.

    Everything is called in the session's own thread, one call after the other. `prepare` (the operator's
    moves) and `decide` may wait for a person as long as they like: they run in a thread that an abort leaves
    behind, so that a face needn't know how to withdraw a question. What comes back after an abort is
    dropped; a face that shows the question takes it away when `CalibrationSession.aborting` says so.
    """

    def tell(self, sentence: str) -> None:
        """Say what is going on now."""
        ...

    def begun(self, name: str) -> None:
        """A calibration of the request begins."""
        ...

    def draw(self, plot: Plot) -> None:
        """Draw what has been measured so far; each plot of the same title replaces the one before."""
        ...

    def show(self, result: CalibrationResult) -> None:
        """Show what was found, with its warnings; the decision comes next."""
        ...

    def decide(self, result: CalibrationResult) -> bool:
        """Whether to keep the result shown."""
        ...

    def decided(self, result: CalibrationResult, kept: Kept | None) -> None:
        """What became of it: the record written, or None where it was refused."""
        ...
