"""The command `plqy notify-test`. Light: `plqy --help` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plqy_rig.commands.exit_codes import errors_as_exit_codes

RigOption = Annotated[Path, typer.Option("--rig", help="Rig file with a section [notifications].")]


def notify_test(rig: RigOption) -> None:
    """Send a test message to every address of the rig file; nothing else is touched."""
    with errors_as_exit_codes():
        from drivers.errors import ConfigurationError
        from plqy_rig import terminal
        from plqy_rig.config import read_rig_file
        from plqy_rig.notifications import Notifier, NotSentError

        notifier = Notifier.of(read_rig_file(rig), terminal.say)
        if notifier is None:
            raise ConfigurationError(f"rig file {rig}: [notifications] names no address")
        with notifier:
            problems = notifier.test()
        if problems:
            raise NotSentError("; ".join(problems))
        terminal.say("The test message was sent.")
