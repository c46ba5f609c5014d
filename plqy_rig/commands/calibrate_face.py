"""A session of calibrations at the terminal."""

from __future__ import annotations

import sys

from plqy_rig import terminal
from plqy_rig.calibration_session import Kept, should_be_kept
from plqy_rig.config import RigFile
from procedures import OperatorAnswer
from procedures.calibrations import (
    CalibrationHands,
    CalibrationOperator,
    CalibrationRequest,
    CalibrationResult,
    CalibrationTerminal,
    Plot,
)


class TerminalFace:
    """Tells and asks a person at the terminal; at a bench, simulated hands do the moves."""

    def __init__(self, rig_file: RigFile, *, yes: bool) -> None:
        """Sit down.

        Args:
            rig_file: of the rig; a bench's names its console.
            yes: keep what passes its gate without asking.
        """
        bench = rig_file.configuration.bench
        self._yes = yes
        self._operator: CalibrationOperator = (
            CalibrationTerminal(output=sys.stderr, answers=sys.stdin)
            if bench is None
            else CalibrationHands(bench.console)
        )

    def tell(self, sentence: str) -> None:
        """Write a line."""
        terminal.say(sentence)

    def begun(self, name: str) -> None:
        """Write a heading."""
        terminal.say(f"\n{name}")

    def draw(self, plot: Plot) -> None:
        """A terminal draws nothing."""

    def show(self, result: CalibrationResult) -> None:
        """Write what was found."""
        for sentence in result.summary:
            terminal.say(f"  {sentence}")
        for sentence in result.warnings:
            terminal.say(f"  warning: {sentence}")
        if result.setting is not None:
            setting = result.setting
            terminal.say(
                f"  Keeping it changes the rig file: {setting.section}.{setting.key} {setting.old:g} "
                f"becomes {setting.new:g}."
            )

    def decide(self, result: CalibrationResult) -> bool:
        """Read one line; with `--yes` the gate decides."""
        if self._yes:
            return should_be_kept(result)
        gate = "" if result.passed else "The quality gates did NOT let it through. "
        sys.stderr.write(f"{gate}Keep this {result.kind} record? y + Enter, anything else refuses: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def decided(self, result: CalibrationResult, kept: Kept | None) -> None:
        """Write the record's name."""
        if kept is not None:
            terminal.say(f"  kept: {kept.path.name}")

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Have it done by hands, and wait."""
        return self._operator.prepare(request)
