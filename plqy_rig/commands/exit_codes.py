"""Errors of the rig as exit codes: 2 bad input, 3 instrument, 4 not safe, 5 data, 130 aborted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

ABORTED = 130
"""As a shell calls what was ended by Ctrl-C."""


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """Errors of the rig become their sentence on stderr and their exit code."""
    from calibration import CalibrationError
    from drivers.errors import RigError

    try:
        yield
    except RigError as error:
        typer.echo(f"plqy: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except CalibrationError as error:
        typer.echo(f"plqy: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        typer.echo("plqy: aborted", err=True)
        raise typer.Exit(ABORTED) from error
