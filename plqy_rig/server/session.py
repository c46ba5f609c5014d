"""One face's connection: its commands one after the other, the urgent ones at once, every event to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from functools import partial

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from plqy_rig.host import News, RigHost
from plqy_rig.server.limits import Limits, RateLimit
from plqy_rig.server.outgoing import Outgoing
from plqy_rig.server.requests import (
    MalformedRequestError,
    Request,
    TooManyRequestsError,
    parse_request,
    refusal,
    reply,
)

log = logging.getLogger(__name__)

_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013
_CLOSE_PATIENCE_S = 2.0


class Session:
    """Serves one accepted connection until it ends."""

    def __init__(self, websocket: WebSocket, host: RigHost, limits: Limits) -> None:
        """Prepare it, in the server's loop.

        Args:
            websocket: not yet accepted, its token checked.
            host: carries the commands out.
            limits: of this connection.
        """
        self._websocket = websocket
        self._host = host
        self._limits = limits
        self._outgoing = Outgoing(asyncio.get_running_loop(), limits.outgoing_bytes)
        self._rate = RateLimit(limits.requests_per_s, limits.request_burst)
        self._urgent_rate = RateLimit(limits.urgent_per_s, limits.urgent_burst)
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        peer = websocket.client
        self._who = f"face at {peer.host}:{peer.port}" if peer else "face"

    async def run(self) -> None:
        """Serve it; returns when the connection is over."""
        await self._websocket.accept()
        log.info("%s joined", self._who)
        threading.Thread(target=self._carry_out, name=self._who, daemon=True).start()
        unsubscribe = self._host.subscribe(self._hear)
        tasks = [
            asyncio.create_task(self._send()),
            asyncio.create_task(self._receive()),
            asyncio.create_task(self._outgoing.wait_until_over()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
            self._requests.put(None)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._leave()

    async def _leave(self) -> None:
        why = self._outgoing.over
        if why:
            log.warning("%s was cut off: %s", self._who, why)
        else:
            log.info("%s left", self._who)
        self._outgoing.end("it left")
        if self._websocket.application_state is WebSocketState.CONNECTED and why:
            # One that reads nothing doesn't read this either.
            with contextlib.suppress(TimeoutError, RuntimeError, OSError):
                await asyncio.wait_for(self._websocket.close(_TRY_AGAIN_LATER), _CLOSE_PATIENCE_S)

    # -- out --------------------------------------------------------------------------------------

    def _hear(self, news: News) -> None:
        try:
            self._outgoing.put(news.text)
        except TypeError:
            log.exception("%s can't be said in JSON", news.name)
            self._outgoing.end("the host has something to say that can't be said")

    async def _send(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            while (text := await self._outgoing.take()) is not None:
                await self._websocket.send_text(text)

    # -- in ---------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            try:
                self._take(text if text is not None else "")
            except MalformedRequestError as error:
                log.warning("%s: malformed request: %s", self._who, error)
                self._outgoing.put(refusal(error.number, error, error.exit_code))

    def _take(self, text: str) -> None:
        """Check a request and put it where it is carried out; raises `MalformedRequestError`."""
        if len(text) > self._limits.request_bytes:
            raise MalformedRequestError(
                f"{len(text)} characters; a request has at most {self._limits.request_bytes}"
            )
        request = parse_request(text)
        command = self._host.commands.get(request.command)
        urgent = command is not None and command.urgent
        problem = self._too_many(urgent=urgent)
        if problem:
            log.warning("%s: %s refused: %s", self._who, request.command, problem)
            error = TooManyRequestsError(problem)
            self._outgoing.put(refusal(request.number, error, error.exit_code))
        elif urgent:
            # In a thread of its own: what was asked before may hang in an instrument.
            threading.Thread(target=self._answer, args=(request,), name="urgent", daemon=True).start()
        else:
            self._requests.put(request)

    def _too_many(self, *, urgent: bool) -> str:
        rate = self._urgent_rate if urgent else self._rate
        if not rate.allows():
            return "too many requests; wait a moment"
        if not urgent and self._requests.qsize() >= self._limits.pending_requests:
            return "too many requests wait for the one under way"
        return ""

    def _carry_out(self) -> None:
        """One request after the other; what was asked for is done even if the face is gone by then."""
        while (request := self._requests.get()) is not None:
            self._answer(request)

    def _answer(self, request: Request) -> None:
        act = partial(self._host.command, request.command, request.arguments)
        self._outgoing.put(reply(request.number, act))
