"""Who an instrument that speaks SCPI says it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from drivers.errors import InstrumentConnectionError, InstrumentError
from drivers.protocols import Identity

_ATTEMPTS = 3
"""Two independent clients report that the first query after connecting may go unanswered."""


def ask_identity(ask: Callable[[], str], name: str, model: str, pattern: re.Pattern[str]) -> Identity:
    """Ask for the identification and take it apart.

    Args:
        ask: sends *IDN? and gives the answer.
        name: what the operator calls the instrument.
        model: what is expected, as the operator knows it.
        pattern: matches the beginning of that model's answer.

    Raises:
        InstrumentConnectionError: another instrument answers, or it isn't there.
        InstrumentError: no answer.
    """
    reply = _first_answer(ask)
    if not pattern.match(reply):
        raise InstrumentConnectionError(
            name, f"expected a {model}, but {reply[:80]!r} answers; check the resource name"
        )
    # Not every sister documents the text: the first fields are what they are with all of them.
    fields = [field.strip() for field in reply.split(",", 3)] + ["", "", ""]
    return Identity(*fields[:4])


def _first_answer(ask: Callable[[], str]) -> str:
    for _ in range(_ATTEMPTS - 1):
        try:
            return ask()
        except InstrumentConnectionError:
            raise
        except InstrumentError:
            continue
    return ask()
