"""Instruments behind VISA: one place that turns every transport's trouble into our errors."""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NoReturn

import pyvisa
import pyvisa.errors
import usb.core
from pymeasure.adapters import VISAAdapter
from pymeasure.instruments import Channel, Instrument

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentTimeoutError,
    InvalidReadingError,
    RigError,
)
from drivers.protocols import Identity
from drivers.scpi_identity import ask_identity
from drivers.usbtmc_clear import clear_usbtmc
from drivers.visa_diagnosis import explain_missing

_log = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S = 3.0
_GONE_ERRNOS = frozenset({errno.ENODEV, errno.EIO, errno.ENOENT, errno.ESHUTDOWN, errno.ENXIO})
_TIMEOUT_ERRNOS = frozenset({errno.ETIMEDOUT, -errno.ETIMEDOUT})
_GONE_CODES = frozenset(
    {
        pyvisa.constants.StatusCode.error_connection_lost,
        pyvisa.constants.StatusCode.error_resource_not_found,
        pyvisa.constants.StatusCode.error_invalid_object,
        pyvisa.constants.StatusCode.error_closing_failed,
        pyvisa.constants.StatusCode.error_system_error,
        pyvisa.constants.StatusCode.error_io,
    }
)
TRANSPORT_ERRORS = (
    pyvisa.errors.Error,
    OSError,  # usb.core.USBError is one
    ValueError,  # pyvisa-py's way to say that a USB write failed
    struct.error,  # a USBTMC header cut short
    IndexError,
    AttributeError,  # pyvisa-py after its session was closed
    UserWarning,  # pyvisa-py about a foreign USBTMC header, where warnings are errors
)


def raise_translated(error: BaseException, instrument: str, action: str) -> NoReturn:
    """Raise the one of our errors that `error` means.

    Args:
        error: what pyvisa, pyvisa-py or pyusb raised.
        instrument: who it happened at.
        action: what was being done, in words that follow "while".
    """
    if isinstance(error, RigError):
        raise error
    if isinstance(error, pyvisa.errors.VisaIOError):
        _raise_for_code(error, instrument, action)
    usb_error = _usb_error_within(error)
    if usb_error is not None:
        raise_usb_error(usb_error, instrument, action)
    if isinstance(error, (pyvisa.errors.InvalidSession, AttributeError)):
        raise InstrumentConnectionError(
            instrument, f"the connection is closed (while {action}); connect again"
        ) from error
    if isinstance(error, OSError):
        raise InstrumentConnectionError(instrument, f"connection lost while {action}: {error}") from error
    raise InstrumentProtocolError(instrument, f"while {action}: {in_words(error)}") from error


def in_words(error: BaseException) -> str:
    """Return its message; for bytes that are no text the bytes, not the codec's complaint."""
    if isinstance(error, UnicodeDecodeError):
        return f"garbled reply {bytes(error.object)[:60]!r}"
    return str(error)


def _raise_for_code(error: pyvisa.errors.VisaIOError, instrument: str, action: str) -> NoReturn:
    if error.error_code == pyvisa.constants.StatusCode.error_timeout:
        raise InstrumentTimeoutError(instrument, f"no answer in time while {action}") from error
    if error.error_code in _GONE_CODES:
        raise InstrumentConnectionError(
            instrument, f"connection lost while {action}; check cable and power, then connect again"
        ) from error
    raise InstrumentProtocolError(instrument, f"while {action}: {error.abbreviation}") from error


def _usb_error_within(error: BaseException) -> usb.core.USBError | None:
    """Find the USB error that pyvisa-py wrapped into something else."""
    seen: BaseException | None = error
    for _ in range(4):
        if isinstance(seen, usb.core.USBError):
            return seen
        if seen is None:
            return None
        seen = seen.__cause__ or seen.__context__
    return None


def raise_usb_error(error: OSError, instrument: str, action: str) -> NoReturn:
    """Raise the one of our errors that a `usb.core.USBError` means, by its errno."""
    if error.errno in _TIMEOUT_ERRNOS:
        raise InstrumentTimeoutError(instrument, f"no answer in time while {action}") from error
    if error.errno == errno.EACCES:
        raise InstrumentConnectionError(
            instrument,
            f"no permission for the USB device (while {action}); install its udev rule and plug it in again",
        ) from error
    if error.errno == errno.EBUSY:
        raise InstrumentConnectionError(
            instrument, f"in use by another program (while {action}); close that one first"
        ) from error
    if error.errno == errno.EPIPE:
        raise InstrumentProtocolError(instrument, f"refused the transfer while {action}") from error
    if error.errno in _GONE_ERRNOS:
        raise InstrumentConnectionError(
            instrument, f"unplugged or switched off (while {action}); check cable and power"
        ) from error
    raise InstrumentConnectionError(instrument, f"USB trouble while {action}: {error}") from error


@contextlib.contextmanager
def translated(instrument: str, action: str) -> Iterator[None]:
    """Let only our errors out of the block."""
    try:
        yield
    except TRANSPORT_ERRORS as error:
        raise_translated(error, instrument, action)


def open_visa_adapter(
    resource: str, *, visa_library: str, timeout_s: float, instrument: str, **settings: Any
) -> VISAAdapter:
    """Open a VISA resource for a line-oriented instrument.

    Args:
        resource: VISA resource name.
        visa_library: ``"@py"``, ``""`` for the system's library, or a path.
        timeout_s: wire time-out, real seconds.
        instrument: who it is, for messages.
        settings: more of pyvisa's attributes.

    Raises:
        InstrumentConnectionError: not there (says what is), busy, no permission.
    """
    options = {"timeout": round(timeout_s * 1000), "write_termination": "\n", **settings}
    try:
        return VISAAdapter(resource, visa_library=visa_library, **options)
    except Exception as error:
        # pyvisa-py raises bare Exceptions here; all of them mean "could not be opened".
        reason = explain_missing(resource, visa_library, error)
        raise InstrumentConnectionError(instrument, f"could not open {resource}: {reason}") from error


class VisaInstrument(Instrument):  # type: ignore[misc]  # pymeasure has no types
    """A pymeasure Instrument that raises only our errors and may be used from several threads.

    A query is one locked exchange. After a time-out or a senseless answer the device is cleared before
    the next exchange, so that a late answer is never taken for the next one's.
    """

    resettable_queries: frozenset[str] = frozenset()
    """Queries that change something (they take an entry out of a queue): never asked twice."""
    model: ClassVar[str]
    """What is expected at the address, as the operator knows it."""
    identity_pattern: ClassVar[re.Pattern[str]]
    """Matches the beginning of its answer to *IDN?."""

    def __init__(
        self, adapter: Any, name: str = "VISA instrument", *, query_attempts: int = 2, **kwargs: Any
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a VISA resource name or a pymeasure Adapter.
            name: what the operator calls the instrument.
            query_attempts: how often a harmless query is asked before its time-out is raised.
            kwargs: go to the VISA adapter untouched.
        """
        kwargs.setdefault("write_termination", "\n")
        kwargs.setdefault("timeout", round(DEFAULT_TIMEOUT_S * 1000))
        super().__init__(adapter, name, includeSCPI=False, **kwargs)
        self._exchange_lock = threading.RLock()
        self._query_attempts = query_attempts
        self._unclean = False
        self._identity: Identity | None = None
        self._open_again: Callable[[], VISAAdapter] | None = None
        self._line_ends_are_ours = self._keeps_line_ends()

    def _keeps_line_ends(self) -> bool:
        return isinstance(self.adapter, VISAAdapter) and not self.adapter.connection.read_termination

    @property
    def identity(self) -> Identity:
        """Get who the instrument says it is; asked once.

        Raises:
            InstrumentConnectionError: another instrument answers, or none.
        """
        if self._identity is None:
            self._identity = ask_identity(lambda: str(self.id), self.name, self.model, self.identity_pattern)
        return self._identity

    def open_with(self, opener: Callable[[], VISAAdapter]) -> None:
        """Say how to open the connection anew, for `reconnect`."""
        self._open_again = opener

    def reconnect(self) -> None:
        """Open the connection anew, after the instrument was unplugged or its program restarted.

        Raises:
            InstrumentConnectionError: it is still not there.
        """
        if self._open_again is None:
            raise InstrumentConnectionError(self.name, "was not opened by `connect`; make a new driver")
        with self._exchange_lock:
            self.close()
            self.adapter = self._open_again()
            self._line_ends_are_ours = self._keeps_line_ends()
            self._unclean = False

    def write(self, command: str, **kwargs: Any) -> None:
        """Send a command."""
        with self._exchange_lock, self._exchange(f"sending {command!r}"):
            super().write(command, **kwargs)

    def read(self, **kwargs: Any) -> str:
        """Read a reply."""
        with self._exchange_lock, self._exchange("reading a reply"):
            return self._whole(str(super().read(**kwargs)))

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send a query and read its reply; a lost one is asked again where that is harmless.

        Raises:
            InstrumentTimeoutError: no answer, every time.
            InstrumentConnectionError: the instrument is gone.
            InstrumentProtocolError: the answer makes no sense.
        """
        attempts = 1 if command in self.resettable_queries else max(self._query_attempts, 1)
        ask_once = self._ask_once
        with self._exchange_lock:
            for attempt in range(1, attempts + 1):
                try:
                    return ask_once(command)
                except InstrumentTimeoutError:
                    if attempt == attempts:
                        raise
                    _log.warning("%s: no answer to %s, asking again", self.name, command)
        raise AssertionError("the last attempt returns or raises")

    def _ask_once(self, command: str) -> str:
        # The most frequent call of all: what `_exchange` does, without its context managers, and with few
        # looks at `self`, each of which pymeasure makes dear.
        if self._unclean:
            self.clear_device()
        adapter = self.adapter
        try:
            adapter.write(command)
            return self._whole(str(adapter.read()))
        except RigError:
            self._unclean = True
            raise
        except TRANSPORT_ERRORS as error:
            self._unclean = True
            raise_translated(error, self.name, f"asking {command!r}")
        except BaseException:
            # A signal's exception between question and answer: the answer is still to come.
            self._unclean = True
            raise

    def _whole(self, reply: str) -> str:
        """Check that a reply is all there and take its line end off.

        A number cut short is a number still, and a wrong one: nothing but the line end tells. Where the
        adapter was set to take it off (or is a test's), it has been checked there.
        """
        if self._line_ends_are_ours and not reply.endswith("\n"):
            raise InstrumentProtocolError(self.name, f"a reply was cut short: {reply[:60]!r}")
        return reply.rstrip("\r\n")

    @contextlib.contextmanager
    def _exchange(self, action: str) -> Iterator[None]:
        """Translate errors, and clear the device before the exchange that follows a failed one."""
        if self._unclean:
            self.clear_device()
        try:
            with translated(self.name, action):
                yield
        except InstrumentError:
            self._unclean = True
            raise

    def values(
        self,
        command: str,
        cast: Callable[[str], Any] = str,
        preprocess_reply: Callable[[str], str] | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Ask and convert; unlike pymeasure's own, a reply that can't be converted is an error.

        Args:
            command: the query.
            cast: converts the reply; raises one of our errors.
            preprocess_reply: applied before.
            kwargs: pymeasure's cutting of lists, which none of these instruments needs.

        Returns:
            One value.

        Raises:
            InstrumentProtocolError: senseless, every time; the device is cleared before each next one.
            InvalidReadingError: no number.
        """
        attempts = 1 if command in self.resettable_queries else max(self._query_attempts, 1)
        ask = self.ask
        with self._exchange_lock:
            for attempt in range(1, attempts + 1):
                try:
                    reply = ask(command).strip()
                    return [cast(reply if preprocess_reply is None else preprocess_reply(reply))]
                except InstrumentProtocolError as error:
                    self._unclean = True
                    if attempt == attempts:
                        raise
                    _log.warning("%s; asking again", error)
        raise AssertionError("the last attempt returns or raises")

    def clear_device(self) -> None:
        """Throw away what the instrument still has to say (USBTMC device clear).

        Raises:
            InstrumentConnectionError: it is gone.
        """
        self._unclean = False
        connection = getattr(self.adapter, "connection", None)
        if not isinstance(connection, pyvisa.resources.Resource):
            return
        try:
            with translated(self.name, "clearing the device"):
                clear_usbtmc(connection)
        except (InstrumentTimeoutError, InstrumentProtocolError, InvalidReadingError) as error:
            # Not every firmware can: the exchange that follows shows whether it matters.
            _log.warning("%s", error)

    def close(self) -> None:
        """Give the connection back; changes nothing at the instrument; callable twice."""
        with self._exchange_lock:
            try:
                self.adapter.close()
            except TRANSPORT_ERRORS as error:
                # Closing a connection that is already gone is what was wanted.
                _log.debug("%s: while closing: %s", self.name, error)


class VisaChannel(Channel):  # type: ignore[misc]  # pymeasure has no types
    """A channel whose queries are its instrument's: one locked exchange, with the same care."""

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send a query and read its reply."""
        return str(self.parent.ask(self.insert_id(command), query_delay))

    def values(self, command: str, **kwargs: Any) -> list[Any]:
        """Ask and convert; a reply that can't be converted is an error."""
        converted: list[Any] = self.parent.values(self.insert_id(command), **kwargs)
        return converted
