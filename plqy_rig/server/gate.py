"""Who may come in: requests without the token, or made by a web page of somebody else, are turned away."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

_SCHEME = "bearer"


def is_authorised(headers: Mapping[str, str], token: str) -> bool:
    """Whether the request brings the token in its `Authorization` header.

    Args:
        headers: of the request.
        token: the one that opens.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == _SCHEME and hmac.compare_digest(given.strip().encode(), token.encode())


class OwnPagesOnly:
    """ASGI middleware: refuses what a browser sends on behalf of another site.

    A browser names the page a request comes from (Origin), and the name it looked up (Host). Another site's
    page, or a name that was made to point here, has no business with the rig.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        """Wrap it.

        Args:
            app: behind the gate.
            port: of the server on the loopback interface.
        """
        self._app = app
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through, or turn it away."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        problem = self._problem(scope)
        if not problem:
            await self._app(scope, receive, send)
            return
        log.warning("refused %s %s: %s", scope["type"], scope["path"], problem)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": b"refused\n"})

    def _problem(self, scope: Scope) -> str:
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        foreign = [origin for origin in origins if origin not in self._origins]
        if foreign:
            return f"it comes from {foreign[0]!r}"
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if any(host not in self._hosts for host in hosts):
            return f"it is meant for {hosts[0]!r}"
        return ""
