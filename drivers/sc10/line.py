"""The SC10's serial line: echo, reply, prompt.

Every line sent comes back first, then perhaps reply lines, then the prompt ``"> "``. A command is over
when the prompt is there, and only then.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pyvisa
import pyvisa.errors
import serial
from pymeasure.adapters import SerialAdapter
from pymeasure.instruments import Instrument

from drivers.errors import (
    ConfigurationError,
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    RigError,
)

try:
    import termios
except ImportError:  # Windows has none, and nothing that raises its error
    termios = None  # type: ignore[assignment]

_log = logging.getLogger(__name__)

SHUTTER_NAME = "shutter (SC10)"
PROMPT = b"> "
_END_OF_REPLY = b"\r> "
_ERROR_WORDS = b"Command error"
_LONGEST_REPLY = 4096
DEFAULT_TIMEOUT_S = 2.0
BAUD_RATES = (9600, 115200)
_POLL_TIMEOUT_S = 0.05
"""A read returns at least this often, so that the deadline of a whole reply is kept."""
_RESYNC_ATTEMPTS = 3
_VISA_TIMEOUT = pyvisa.constants.StatusCode.error_timeout

_TERMINAL_ERROR: type[Exception] = OSError if termios is None else termios.error
_TRANSPORT_ERRORS = (OSError, pyvisa.errors.Error, TypeError, AttributeError, _TERMINAL_ERROR)
"""pyserial raises TypeError and AttributeError from a port that was closed under it."""


def open_serial_adapter(port: str, baud: int) -> SerialAdapter:
    """Open a serial port (or pyserial URL) for one program alone, with all its lines at rest.

    Raises:
        InstrumentConnectionError: not there, no permission, in use.
        ConfigurationError: a baud rate the instrument does not have.
    """
    if baud not in BAUD_RATES:
        raise ConfigurationError(f"{SHUTTER_NAME}: baud {baud} is none of {BAUD_RATES}")
    try:
        line = serial.serial_for_url(port, do_not_open=True, baudrate=baud, timeout=_POLL_TIMEOUT_S)
        line.dtr = False
        line.rts = False
        line.write_timeout = DEFAULT_TIMEOUT_S
        if "://" not in port:
            line.exclusive = True
        line.open()
    except (OSError, ValueError) as error:
        raise InstrumentConnectionError(SHUTTER_NAME, _why_not_open(port, error)) from error
    return SerialAdapter(line)


def _why_not_open(port: str, error: Exception) -> str:
    from serial.tools import list_ports

    text = str(error)
    if "Permission" in text:
        return f"no permission for {port}; add the user to the group dialout and log in again"
    if "lock" in text or "busy" in text.lower():
        return f"{port} is in use by another program; close that one first"
    present = ", ".join(sorted(info.device for info in list_ports.comports())) or "none"
    return f"could not open {port} ({text}); serial ports found: {present}"


class SilentLineError(InstrumentTimeoutError):
    """Not even an empty line is answered, after several tries: asking again at once would only cost time."""


class PromptInstrument(Instrument):  # type: ignore[misc]  # pymeasure has no types
    """A pymeasure Instrument that reads to the prompt and checks the echo.

    `ask` returns the one reply line; `write` accepts none. Both are one locked exchange. After a failed
    one the line is brought back into step before the next.
    """

    def __init__(
        self,
        adapter: Any,
        name: str = SHUTTER_NAME,
        *,
        reply_timeout_s: float = DEFAULT_TIMEOUT_S,
        **kwargs: Any,
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a pymeasure Adapter or a VISA resource name (``ASRL...``).
            name: what the operator calls the instrument.
            reply_timeout_s: how long a whole reply may take, real seconds.
            kwargs: go to the VISA adapter.
        """
        kwargs.setdefault("asrl", {"baud_rate": BAUD_RATES[0]})
        kwargs.setdefault("timeout", round(reply_timeout_s * 1000))
        super().__init__(adapter, name, includeSCPI=False, **kwargs)
        self._line_lock = threading.RLock()
        self._reply_timeout_s = reply_timeout_s
        self._out_of_step = False

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send a query and return its reply line.

        Raises:
            InstrumentTimeoutError: no answer in time.
            InstrumentProtocolError: echo or reply make no sense.
            InstrumentReportedError: the instrument refuses the command.
            InstrumentConnectionError: the line is gone.
        """
        with self._line_lock:
            lines = self._exchange(command)
            if len(lines) != 1:
                self._out_of_step = True
                raise InstrumentProtocolError(self.name, f"{command}: one line expected, got {lines!r}")
            return lines[0]

    def ask_lines(self, command: str) -> list[str]:
        """Send a query and return all its reply lines."""
        with self._line_lock:
            return self._exchange(command)

    def write(self, command: str, **kwargs: Any) -> None:
        """Send a command that has no reply.

        Raises:
            InstrumentError: as `ask`.
        """
        with self._line_lock:
            lines = self._exchange(command)
            if lines:
                self._out_of_step = True
                raise InstrumentProtocolError(self.name, f"{command}: no reply expected, got {lines!r}")

    def values(self, command: str, cast: Any = str, **kwargs: Any) -> list[Any]:
        """Ask and convert; a reply that can't be converted is an error."""
        reply = self.ask(command).strip()
        try:
            return [cast(reply)]
        except InstrumentProtocolError:
            self._out_of_step = True
            raise

    def _exchange(self, command: str) -> list[str]:
        if self._out_of_step:
            self.resynchronise()
        line = command.encode("ascii") + b"\r"
        try:
            with self._translated(f"sending {command!r}"):
                self.adapter.flush_read_buffer()
                self.write_bytes(line)
                reply = self._read_to_prompt(command, line)
        except InstrumentError:
            self._out_of_step = True
            raise
        return self._split(command, reply)

    def _read_to_prompt(self, command: str, echo: bytes) -> bytes:
        """Read one reply and return what is between echo and prompt."""
        deadline = time.monotonic() + self._reply_timeout_s
        # Echo and prompt are the least that must come; asking for them at once saves system calls.
        received = self._read_some(len(echo) + len(PROMPT), deadline, command)
        while not self._complete(received, echo):
            received += self._read_some(1, deadline, command)
            if len(received) > _LONGEST_REPLY:
                raise InstrumentProtocolError(self.name, f"{command}: the reply does not end")
        if not received.startswith(echo):
            raise InstrumentProtocolError(
                self.name, f"{command}: echo {received[: len(echo) + 8]!r} is not what was sent"
            )
        return received[len(echo) : -len(PROMPT)]

    @staticmethod
    def _complete(received: bytes, echo: bytes) -> bool:
        return received == echo + PROMPT or received.endswith(_END_OF_REPLY)

    def _read_some(self, count: int, deadline: float, command: str) -> bytes:
        """Read exactly `count` bytes before the deadline."""
        received = b""
        while len(received) < count:
            received += self.read_bytes(count - len(received))
            if len(received) < count and time.monotonic() >= deadline:
                raise InstrumentTimeoutError(
                    self.name, f"no answer to {command!r} in time; check cable, power and baud rate"
                )
        return received

    def _split(self, command: str, reply: bytes) -> list[str]:
        lines = [part for part in reply.split(b"\r") if part.strip()]
        for part in lines:
            if part.startswith(_ERROR_WORDS):
                raise InstrumentReportedError(
                    self.name, f"{command}: {part.decode('ascii', 'backslashreplace')}"
                )
        try:
            return [part.decode("ascii") for part in lines]
        except UnicodeDecodeError as error:
            self._out_of_step = True
            raise InstrumentProtocolError(self.name, f"{command}: garbled reply {reply[:60]!r}") from error

    def resynchronise(self) -> None:
        """Send an empty line and read until its error message: everything from before is over then.

        The manual's own link test; it changes nothing at the instrument.

        Raises:
            SilentLineError: no prompt.
            InstrumentConnectionError: the line is gone.
        """
        with self._line_lock, self._translated("resynchronising"):
            for attempt in range(1, _RESYNC_ATTEMPTS + 1):
                self.write_bytes(b"\r")
                if self._read_empty_line_reply():
                    self._out_of_step = False
                    return
                _log.warning("%s: not in step yet (attempt %d)", self.name, attempt)
        raise SilentLineError(self.name, "does not answer an empty line; check cable, power and baud rate")

    def _read_empty_line_reply(self) -> bool:
        deadline = time.monotonic() + self._reply_timeout_s / 2
        received = b""
        while time.monotonic() < deadline and len(received) < _LONGEST_REPLY:
            received += self.read_bytes(1)
            if received.endswith(PROMPT) and _ERROR_WORDS in received:
                return True
        # A firmware that answers an empty line with the prompt alone would be in step as well.
        return received.endswith(PROMPT)

    @contextlib.contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        """Let only our errors out."""
        try:
            yield
        except RigError:
            raise
        except (serial.SerialTimeoutException, pyvisa.errors.VisaIOError) as error:
            if isinstance(error, pyvisa.errors.VisaIOError) and error.error_code != _VISA_TIMEOUT:
                raise InstrumentConnectionError(self.name, f"line lost while {action} ({error})") from error
            raise InstrumentTimeoutError(self.name, f"no answer in time while {action}") from error
        except _TRANSPORT_ERRORS as error:
            raise InstrumentConnectionError(
                self.name, f"line lost while {action} ({error}); check the cable, then connect again"
            ) from error

    def close(self) -> None:
        """Give the port back; changes nothing at the instrument; callable twice."""
        with self._line_lock:
            try:
                self.adapter.close()
            except _TRANSPORT_ERRORS as error:
                # Closing a line that is already gone is what was wanted.
                _log.debug("%s: while closing: %s", self.name, error)
