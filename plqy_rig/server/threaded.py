"""A web server in a thread of its own: begun, waited for, ended."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn

from drivers.errors import RigError

_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.01


class ThreadedServer:
    """Runs uvicorn on a socket that listens already."""

    def __init__(self, configuration: uvicorn.Config, listening: socket.socket, name: str) -> None:
        """Prepare it.

        Args:
            configuration: with the application.
            listening: closed at the end.
            name: of the thread, and in what is said when it doesn't start.
        """
        self._server = uvicorn.Server(configuration)
        self._socket = listening
        self._name = name
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name=name, daemon=True
        )

    def start(self) -> None:
        """Begin to serve; raises `RigError` when that fails."""
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RigError(f"the {self._name} does not start")
            time.sleep(_POLL_S)

    def close(self, *, at_once: bool = False) -> None:
        """Stop serving. Callable twice.

        Args:
            at_once: don't wait for answers under way: some streams never end by themselves.
        """
        self._server.should_exit = True
        self._server.force_exit = at_once
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)
        self._socket.close()
