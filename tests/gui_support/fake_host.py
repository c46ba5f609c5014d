"""A host's end of the wire for unit tests: says what a test has it say, and keeps what it was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from gui_support.protocol import snapshot

from plqy_rig.server.client import HostCommandError


class FakeHost:
    """Give `connect` and `find` to a Session.

    Attributes:
        commands: (name, arguments) of everything asked, in order; `run_documents` isn't kept.
        replies: per command its result, an exception, or a function of the arguments.
        documents: (name, document) pairs that `run_documents` gives, `chunk` at a time.
        snapshot: what the next connection is told first.
        here: whether somebody answers.
    """

    def __init__(self) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.replies: dict[str, Any] = {
            "instruments_report": {"instruments": []},
            "check_recipe": {"problems": [], "summary": None},
            "queue_list": {"queue": {"state": "idle", "reason": "", "entries": []}},
        }
        self.documents: list[tuple[str, Mapping[str, Any]]] = []
        self.chunk = 2
        self.snapshot: dict[str, Any] = snapshot()
        self.here = True
        self.address = SimpleNamespace(
            url="ws://127.0.0.1:1/session",
            token="secret-token",
            pid=1,
            rig="/rig.toml",
            rig_name="bench",
            simulated=True,
        )
        self._on_event: Callable[[dict[str, Any]], None] | None = None
        self._on_closed: Callable[[str], None] | None = None
        self._sequence = 0

    def connect(self, address: Any, on_event: Any, on_closed: Any) -> FakeHost:
        """As HostClient's constructor."""
        if not self.here:
            raise OSError("nobody answers")
        self._on_event, self._on_closed = on_event, on_closed
        self.say("snapshot", snapshot=copy.deepcopy(self.snapshot))
        return self

    def find(self, rig_path: Any) -> Any:
        """As find_host."""
        return self.address if self.here else None

    def say(self, event: str, **fields: Any) -> None:
        """Send an event."""
        self._sequence += 1
        assert self._on_event is not None
        self._on_event({"event": event, "sequence": self._sequence, "time_s": 1.0 + self._sequence, **fields})

    def vanish(self, reason: str = "it was killed") -> None:
        """The connection breaks; nobody answers until `here` is set again."""
        self.here = False
        assert self._on_closed is not None
        self._on_closed(reason)

    def command(self, name: str, arguments: Any = None, timeout_s: float = 30.0) -> dict[str, Any]:
        """As HostClient.command."""
        given = dict(arguments or {})
        if name == "run_documents":
            return self._run_documents(int(given["after"]))
        self.commands.append((name, given))
        reply = self.replies.get(name, {})
        if isinstance(reply, Exception):
            raise reply
        return reply(given) if callable(reply) else reply

    def refuse(self, name: str, message: str) -> None:
        """Have a command refused."""
        self.replies[name] = HostCommandError("CommandRefusedError", message, 2)

    def asked(self, name: str) -> list[dict[str, Any]]:
        """Arguments of every time a command was given."""
        return [arguments for command, arguments in self.commands if command == name]

    def close(self) -> None:
        """As HostClient.close."""

    def _run_documents(self, after: int) -> dict[str, Any]:
        part = self.documents[after : after + self.chunk]
        end = after + len(part)
        documents = [{"name": name, "document": document} for name, document in part]
        return {"documents": documents, "next": end, "complete": end >= len(self.documents)}
