"""HTTP with few open connections: whoever opens many and asks for nothing takes no files from the rig."""

from __future__ import annotations

import asyncio
import logging

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
REQUEST_PATIENCE_S = 10.0
"""So long a connection may take to bring its first request."""


class BoundedHttp(H11Protocol):
    """uvicorn's HTTP, of which only so many connections may be open at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection, or end it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            log.warning("refused a connection: %d are open already", MOST_CONNECTIONS)
            transport.abort()
            return
        self.loop.call_later(REQUEST_PATIENCE_S, self._require_request)

    def _require_request(self) -> None:
        asked: object = self.cycle  # uvicorn forgets to say that it may be None
        # One that became a WebSocket isn't among these any more.
        if asked is None and self in self.connections:
            log.info("ended a connection that asked for nothing")
            self.transport.abort()
