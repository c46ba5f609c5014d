"""The host on a loopback WebSocket: a server in a thread of its own."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from drivers.errors import ConfigurationError, RigError
from plqy_rig.host import RigHost
from plqy_rig.server.bounded_http import BoundedHttp
from plqy_rig.server.discovery import HostAddress, announce, withdraw
from plqy_rig.server.gate import OwnPagesOnly, is_authorised
from plqy_rig.server.limits import Limits
from plqy_rig.server.session import Session
from plqy_rig.server.threaded import ThreadedServer

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_TOKEN_BYTES = 32
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013

ExtraRoutes = Callable[[RigHost, str], Sequence[BaseRoute]]
"""Gives further routes of a server: (host, token that opens them) -> routes.

The token stands in the query of `HostAddress.status_url` as `token`; the routes check it themselves
(`hmac.compare_digest`). Requests that come from another site's page never reach them.
"""


class RigServer:
    """Serves a host to the faces of this user on this computer. `start` begins."""

    def __init__(
        self,
        host: RigHost,
        *,
        port: int = 0,
        extra_routes: ExtraRoutes | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Take a port of the loopback interface.

        Args:
            host: what is served; stays the caller's to close, before the server.
            port: 0 takes a free one.
            extra_routes: of the status page.
            limits: of every connection.

        Raises:
            ConfigurationError: the port is taken.
        """
        self._host = host
        self._limits = limits
        self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        status_token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.address = self._address(status_token if extra_routes is not None else "")
        routes: list[BaseRoute] = [WebSocketRoute("/session", self._session)]
        if extra_routes is not None:
            routes.extend(extra_routes(host, status_token))
        app = Starlette(routes=routes, middleware=[Middleware(OwnPagesOnly, port=self.port)])
        self._server = ThreadedServer(
            _configuration(app, limits), self._socket, f"server on port {self.port}"
        )
        self._faces = 0

    def _address(self, status_token: str) -> HostAddress:
        rig_file = self._host.rig.rig_file
        query = f"?token={status_token}" if status_token else ""
        return HostAddress(
            url=f"ws://{LOOPBACK}:{self.port}/session",
            token=self._token,
            status_url=f"http://{LOOPBACK}:{self.port}/{query}",
            pid=os.getpid(),
            rig=str(rig_file.path),
            rig_name=rig_file.configuration.name,
            started_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            simulated=rig_file.configuration.bench is not None,
        )

    def start(self) -> None:
        """Begin to serve, and say where.

        Raises:
            RigError: the server doesn't start, or the file that says where can't be written.
        """
        self._server.start()
        try:
            path = announce(self.address)
        except OSError as error:
            raise RigError(f"the file that says where the host is can't be written: {error}") from error
        log.info("serving %s; %s says where", self.address.url, path)

    def close(self) -> None:
        """End every connection and stop serving. Callable twice."""
        withdraw(self.address)
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _session(self, websocket: WebSocket) -> None:
        if not is_authorised(websocket.headers, self._token):
            log.warning("refused a connection without the right token")
            await websocket.close(_POLICY_VIOLATION)
            return
        if self._faces >= self._limits.connections:
            log.warning("refused a connection: %d faces are there already", self._faces)
            await websocket.close(_TRY_AGAIN_LATER)
            return
        self._faces += 1
        try:
            await Session(websocket, self._host, self._limits).run()
        finally:
            self._faces -= 1


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"port {port} can't be used: {error}; leave --port out") from error


def _configuration(app: Starlette, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        # The other implementation of uvicorn stands on a part of websockets that is going away.
        ws="websockets-sansio",
        ws_max_size=limits.frame_bytes,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
