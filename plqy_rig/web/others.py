"""The status page for other machines: switched on on purpose, on a port and with a token of its own."""

from __future__ import annotations

import logging
import secrets
import socket
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from drivers.errors import ConfigurationError
from plqy_rig.host import RigHost
from plqy_rig.server.bounded_http import BoundedHttp
from plqy_rig.server.threaded import ThreadedServer
from plqy_rig.web.routes import status_routes

log = logging.getLogger(__name__)

_TOKEN_BYTES = 32


class StatusServer:
    """Serves the status page, and nothing else, to a network. There is no way from here to a command.

    The connection isn't encrypted: who can read the network's traffic can read the page and its token.

    Attributes:
        url: with the token, to be given to who may look.
    """

    def __init__(self, host: RigHost, address: str) -> None:
        """Take the port.

        Args:
            host: looked at.
            address: ``HOST:PORT`` to listen at; ``0.0.0.0:8080`` is every network of this computer.

        Raises:
            ConfigurationError: no such address, or the port is taken.
        """
        name, port = _parse(address)
        try:
            listening = socket.create_server((name, port))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"--status-page {address!r} can't be used: {error}") from error
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        shown = socket.gethostname() if name in ("", "0.0.0.0") else name
        self.url = f"http://{shown}:{listening.getsockname()[1]}/?token={token}"
        app = Starlette(routes=status_routes(host, token), middleware=[Middleware(LookOnly)])
        configuration = uvicorn.Config(
            app,
            http=BoundedHttp,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        self._server = ThreadedServer(configuration, listening, "status page's server")

    def start(self) -> None:
        """Begin to serve; raises `RigError` when that fails."""
        self._server.start()

    def close(self) -> None:
        """Stop serving. Callable twice."""
        self._server.close(at_once=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class LookOnly:
    """ASGI middleware: only GET, nothing longer than it needs to be, nothing on behalf of another site."""

    _LONGEST_HEADERS = 16 * 1024

    def __init__(self, app: ASGIApp) -> None:
        """Wrap it."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or turn it away."""
        if scope["type"] != "http":
            return
        problem = self._problem(scope)
        if not problem:
            await self._app(scope, receive, send)
            return
        log.warning("status page: refused %s %s: %s", scope["method"], scope["path"], problem)
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": b"refused\n"})

    def _problem(self, scope: Scope) -> str:
        headers = dict(scope["headers"])
        if scope["method"] != "GET":
            return "only GET is answered"
        if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
            return "a request with a body"
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._LONGEST_HEADERS:
            return "too long"
        origin = headers.get(b"origin", b"")
        if origin and origin != b"http://" + headers.get(b"host", b""):
            return f"it comes from {origin.decode('latin-1')!r}"
        return ""


def _parse(address: str) -> tuple[str, int]:
    name, separator, port = address.rpartition(":")
    if not separator or not port.isdigit():
        raise ConfigurationError(f"--status-page {address!r}: must be HOST:PORT, e.g. 0.0.0.0:8080")
    return name, int(port)
