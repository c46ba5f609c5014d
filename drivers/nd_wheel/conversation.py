"""Requests that survive a bad line: numbered, check-summed, repeated safely."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from pymeasure.instruments import Instrument
from pyvisa.errors import VisaIOError

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
)
from drivers.nd_wheel.status import IN_WORDS, WheelError
from drivers.nd_wheel.wire import Event, Reply, parse, request

_log = logging.getLogger(__name__)

WHEEL_NAME = "ND wheel"
ATTEMPTS = 10
"""Times the read time-out of 0.25 s: longer than a boot loader takes (2 s)."""
_MOST_LINES = 64
"""Between a request and its reply; more is babble."""


@dataclass(frozen=True)
class Answer:
    """A reply, and whether it took more than one attempt to get it."""

    reply: Reply
    repeated: bool


class NumberedInstrument(Instrument):  # type: ignore[misc]
    """Speaks NDW/1 with a board: one request, one reply, events noted on the way."""

    adapter: Any

    def __init__(self, adapter: Any, name: str = WHEEL_NAME, **kwargs: Any) -> None:
        kwargs.setdefault("read_termination", "\n")
        kwargs.setdefault("write_termination", "\n")
        super().__init__(adapter, name, includeSCPI=False, **kwargs)
        self._sequence = 0
        self._exchange_lock = threading.RLock()
        self._connection_lost = False

    def request(self, text: str) -> tuple[str, ...]:
        """Ask; returns the fields of the reply.

        Raises:
            InstrumentReportedError: the board refuses.
            InstrumentTimeoutError: no reply, however often asked.
            InstrumentProtocolError: nothing but damaged lines.
            InstrumentConnectionError: the port is gone.
        """
        answer = self._exchange(text)
        if answer.reply.refused:
            raise self._refusal(text, answer.reply)
        return answer.reply.fields

    def _refusal(self, text: str, reply: Reply) -> InstrumentReportedError:
        meaning = IN_WORDS.get(reply.code, f"error {' '.join(reply.fields)}")
        return InstrumentReportedError(
            self.name, f"{meaning} (request {text.split(' ')[0]}, code {reply.code})"
        )

    def _exchange(self, text: str, attempts: int = ATTEMPTS) -> Answer:
        """Send until a reply comes; the repeats carry the same number, so nothing is done twice."""
        with self._exchange_lock:
            self._reconnect_if_lost()
            self._sequence = (self._sequence + 1) % 256
            line = request(self._sequence, text)
            damaged = False
            for attempt in range(attempts):
                try:
                    self.write(line)
                    reply, heard = self._await_reply()
                except VisaIOError as error:
                    raise InstrumentConnectionError(self.name, f"connection lost: {error}") from error
                except OSError as error:
                    self._connection_lost = True
                    raise InstrumentConnectionError(
                        self.name,
                        f"connection lost ({error}): check the USB cable, then home the wheel again",
                    ) from error
                if reply is not None:
                    return Answer(reply, repeated=attempt > 0)
                damaged = damaged or heard
                _log.info("%s: no good reply to %r, attempt %d", self.name, line, attempt + 1)
        if damaged:
            raise InstrumentProtocolError(self.name, f"only damaged or foreign lines in reply to {text!r}")
        raise InstrumentTimeoutError(
            self.name, f"no reply to {text!r}: is the board powered, and is this its port?"
        )

    def _await_reply(self) -> tuple[Reply | None, bool]:
        """The reply to the present number or None, and whether anything at all was heard."""
        heard = False
        for _ in range(_MOST_LINES):
            line = self._read_line()
            if not line:
                return None, heard
            heard = True
            message = parse(line)
            match message:
                case Event():
                    self._note_event(message)
                    if message.name == "BOOT":
                        return None, heard
                case Reply(sequence=None) | None:
                    return None, heard
                case Reply() if message.sequence == self._sequence:
                    return message, heard
                case _:
                    _log.debug("%s: reply to an earlier request dropped: %r", self.name, line)
        return None, heard

    def _read_line(self) -> str:
        try:
            line = self.read()
        except UnicodeDecodeError as error:
            return str(error.object, "latin-1")
        except VisaIOError as error:
            if error.abbreviation == "VI_ERROR_TMO":
                return ""
            raise
        return str(line)

    def _note_event(self, event: Event) -> None:
        """Called with every event; for the subclass."""

    def _reconnect_if_lost(self) -> None:
        """Called before every request; for the subclass."""


def was_busy(answer: Answer) -> bool:
    """Whether a repeated request was refused because its first copy is being carried out."""
    return answer.repeated and answer.reply.code == WheelError.BUSY
