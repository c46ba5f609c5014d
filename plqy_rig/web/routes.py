"""Routes of the status page. None of them takes a command, or anything else, from who looks."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from plqy_rig.host import RigHost
from plqy_rig.web.status_picture import StatusPicture

log = logging.getLogger(__name__)

_ASSETS = {
    "status.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
}
_INTERVAL_S = 0.5
_HEARTBEAT_S = 10.0
_MOST_VIEWERS = 16
_LONGEST_QUERY = 512
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def status_routes(host: RigHost, token: str) -> list[BaseRoute]:
    """Make the routes of the status page.

    `/?token=TOKEN` puts the token into a cookie and leads to `/`, so that it stands in no history and on no
    screenshot; page and stream are for who brings that cookie.

    Args:
        host: looked at, never commanded.
        token: opens the page.
    """
    return _StatusPage(StatusPicture(host), token).routes()


class _StatusPage:
    def __init__(self, picture: StatusPicture, token: str) -> None:
        self._picture = picture
        self._token = token
        self._viewers = 0

    def routes(self) -> list[BaseRoute]:
        assets = [Route(f"/{name}", _asset(name, kind)) for name, kind in _ASSETS.items()]
        return [Route("/", self._page), Route("/status", self._stream), *assets]

    async def _page(self, request: Request) -> Response:
        if len(request.url.query) > _LONGEST_QUERY:
            return self._refused(request, "a query too long", 414)
        given = request.query_params.get("token")
        if given is not None:
            if not self._opens(given):
                return self._refused(request, "a wrong token")
            answer = RedirectResponse("/", status_code=303, headers=_HEADERS)
            answer.set_cookie(_cookie(request), self._token, httponly=True, samesite="strict")
            return answer
        if not self._is_let_in(request):
            return self._refused(request, "no token")
        return Response(_read("status.html"), media_type="text/html; charset=utf-8", headers=_HEADERS)

    async def _stream(self, request: Request) -> Response:
        """Server-sent events: a line of JSON whenever something has changed, at most twice a second."""
        if not self._is_let_in(request):
            return self._refused(request, "no token, or a wrong one")
        if self._viewers >= _MOST_VIEWERS:
            return self._refused(request, f"{self._viewers} viewers are there already", 503)
        headers = {**_HEADERS, "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=headers)

    async def _events(self) -> AsyncIterator[str]:
        self._viewers += 1
        told, told_at = -1, time.monotonic()
        try:
            while True:
                sequence = self._picture.sequence
                if sequence != told:
                    told, told_at = sequence, time.monotonic()
                    yield f"data: {self._picture.text()}\n\n"
                elif time.monotonic() - told_at > _HEARTBEAT_S:
                    told_at = time.monotonic()
                    yield "event: alive\ndata: yes\n\n"
                await asyncio.sleep(_INTERVAL_S)
        finally:
            self._viewers -= 1

    def _opens(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _is_let_in(self, request: Request) -> bool:
        return self._opens(request.cookies.get(_cookie(request), ""))

    def _refused(self, request: Request, why: str, status: int = 401) -> Response:
        peer = request.client.host if request.client else "somebody"
        log.warning("status page: refused %s (%s): %s", peer, request.url.path, why)
        words = f"Refused: {why}. Open the whole address that was printed when the host began.\n"
        return PlainTextResponse(words, status_code=status, headers=_HEADERS)


def _cookie(request: Request) -> str:
    """Browsers keep one set of cookies for all ports of a machine."""
    return f"plqy-status-{request.url.port or 80}"


def _asset(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return Response(_read(name), media_type=kind, headers=_HEADERS)

    return serve


def _read(name: str) -> bytes:
    return files("plqy_rig.web").joinpath("static", name).read_bytes()
