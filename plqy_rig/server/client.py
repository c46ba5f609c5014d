"""A face's end of the wire: commands that block, events in a thread of their own. Knows no Qt."""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from drivers.errors import RigError
from plqy_rig.data.encoding import decode_json, encode_json
from plqy_rig.server.discovery import HostAddress

log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0
_MOST_BYTES = 256 * 1024 * 1024


class HostCommandError(RigError):
    """The host refused a command, or it failed there.

    Attributes:
        kind: name of the error at the host.
        message: its sentence.
        exit_code: what a command line ends with.
    """

    def __init__(self, kind: str, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.exit_code = exit_code  # type: ignore[misc]  # each error has its own


class HostGoneError(RigError):
    """There is no host (any more), or it doesn't answer."""


@dataclass(frozen=True)
class _Waiting:
    """Somebody who waits for the answer to a command."""

    answer: Future[dict[str, Any]]
    at_once: bool
    """Whether it can't wait for events to be handed on, because it is they who wait for it."""

    def give(self, reply: dict[str, Any]) -> None:
        """Answer."""
        self.answer.set_result(reply)

    def fail(self, why: str) -> None:
        """No answer will come; nothing happens where one has come already."""
        with contextlib.suppress(InvalidStateError):
            self.answer.set_exception(HostGoneError(why))


class HostClient:
    """A connection to a host; use it from any thread.

    Events are handed on in their order, in one thread; `on_event` may give commands. The first event is the
    snapshot. When a command returns, whatever it changed has been handed on: who asked sees it. (Not so for
    commands of `on_event` itself: it would wait for its own return.)
    """

    def __init__(
        self,
        address: HostAddress,
        *,
        on_event: Callable[[dict[str, Any]], None],
        on_closed: Callable[[str], None],
    ) -> None:
        """Connect.

        Args:
            address: where the host is.
            on_event: takes every event.
            on_closed: called once, after the last event, with why the connection ended; empty after `close`.

        Raises:
            HostGoneError: nobody answers there, or not to this token.
        """
        self._on_event = on_event
        self._on_closed = on_closed
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._heard: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._closing = False
        self._gone = ""
        # Entered here and left in `close`: websockets wants its connections used as context managers.
        self._socket = self._connect(address).__enter__()
        self._reader = threading.Thread(target=self._read, name="host client", daemon=True)
        self._teller = threading.Thread(target=self._hand_on, name="host events", daemon=True)
        self._reader.start()
        self._teller.start()

    @staticmethod
    def _connect(address: HostAddress) -> Any:
        try:
            return connect(
                address.url,
                additional_headers={"Authorization": f"Bearer {address.token}"},
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=_MOST_BYTES,
                compression=None,
                # The host is this computer: no proxy has any business in between.
                proxy=None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            raise HostGoneError(f"the host at {address.url} refused the connection ({status})") from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise HostGoneError(f"no host answers at {address.url}: {error}") from error

    def command(
        self, name: str, arguments: Mapping[str, Any] | None = None, timeout_s: float = 30.0
    ) -> dict[str, Any]:
        """Give a command and wait for its answer.

        Args:
            name: of the command.
            arguments: by name.
            timeout_s: longest wait, real seconds; the command isn't taken back.

        Raises:
            HostCommandError: it was refused or failed.
            HostGoneError: the host is gone, or didn't answer in time.
        """
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._gone:
                raise HostGoneError(self._gone)
            number = next(self._numbers)
            at_once = threading.current_thread() is self._teller
            self._waiting[number] = _Waiting(answer, at_once)
        try:
            self._socket.send(
                encode_json({"id": number, "command": name, "arguments": dict(arguments or {})})
            )
            reply = answer.result(timeout_s)
        except FutureTimeoutError as error:
            raise HostGoneError(f"{name}: the host didn't answer within {timeout_s:g} s") from error
        except (ConnectionClosed, OSError) as error:
            raise HostGoneError(f"{name}: {_why_lost(error)}") from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        return _result_of(reply)

    def close(self) -> None:
        """Leave; the host goes on. Callable twice, also from `on_event`."""
        self._closing = True
        self._socket.close()
        for thread in (self._reader, self._teller):
            if thread is not threading.current_thread():
                thread.join(_CLOSE_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        why = "the connection to the host is closed"
        try:
            for text in self._socket:
                self._take(decode_json(text))
        except (ConnectionClosed, OSError) as error:
            why = _why_lost(error)
        except Exception as error:
            log.exception("the host said something that makes no sense")
            why = f"the host said something that makes no sense ({error})"
        with self._lock:
            self._gone = why
            waiting = list(self._waiting.values())
        for one in waiting:
            self._in_order(one, partial(one.fail, why))
        self._heard.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._heard.put(partial(self._tell, message))
            return
        with self._lock:
            waiting = self._waiting.get(message.get("reply_to", 0))
        if waiting is not None:
            self._in_order(waiting, partial(waiting.give, message))

    def _in_order(self, waiting: _Waiting, end: Callable[[], None]) -> None:
        """End somebody's waiting after the events that were heard before, where he can wait for them."""
        if waiting.at_once:
            end()
        else:
            self._heard.put(end)

    def _hand_on(self) -> None:
        while (hand_on := self._heard.get()) is not None:
            hand_on()
        try:
            self._on_closed("" if self._closing else self._gone)
        except Exception:
            log.exception("%r failed", self._on_closed)

    def _tell(self, event: dict[str, Any]) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("%r failed on %s", self._on_event, event.get("event"))


def _why_lost(error: ConnectionClosed | OSError) -> str:
    """Why the connection ended, in words of the rig rather than of the protocol."""
    if isinstance(error, ConnectionClosed) and error.rcvd is None:
        return "the connection to the host is lost: the host ended or was killed, or its line is cut"
    return f"the connection to the host is lost ({error})"


def _result_of(reply: dict[str, Any]) -> dict[str, Any]:
    if reply["ok"]:
        result: dict[str, Any] = reply["result"]
        return result
    error = reply["error"]
    raise HostCommandError(str(error["kind"]), str(error["message"]), int(error["exit_code"]))
