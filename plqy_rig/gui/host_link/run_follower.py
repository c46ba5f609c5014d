"""Keeps a `LiveRun` complete: fetches what happened before, then follows the events, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plqy_rig.gui.host_link.live_run import LiveRun

_TIMEOUT_S = 60.0


class RunFollower:
    """Documents of events that arrive while older ones are being fetched wait until those are there."""

    def __init__(self, run: LiveRun, command: Callable[..., None]) -> None:
        """Follow nothing yet.

        Args:
            run: what is kept complete.
            command: `Session.command`.
        """
        self._run = run
        self._command = command
        self._fetching: str | None = None
        self._late: list[tuple[str, Mapping[str, Any]]] = []

    def stop(self) -> None:
        """Give up a fetch that is under way."""
        self._fetching, self._late = None, []

    def take(self, event: Mapping[str, Any]) -> None:
        """Take a document event."""
        name, document, uid = str(event["name"]), event["document"], str(event["uid"])
        if name == "start":
            self.stop()
        elif self._fetching == uid:
            self._late.append((name, document))
            return
        elif uid != self._run.uid:
            # A run of another day goes on: what it had before is fetched first.
            self.fetch(uid)
            self._late.append((name, document))
            return
        self._run.take_document(name, document)

    def fetch(self, uid: str) -> None:
        """Fetch every document of a run that the host has."""
        self._fetching, self._late = uid, []
        if self._run.uid and self._run.uid != uid:
            self._run.clear()
        self._fetch_after(uid, 0)

    def _fetch_after(self, uid: str, number: int) -> None:
        def done(result: dict[str, Any]) -> None:
            if self._fetching != uid:
                return
            for entry in result["documents"]:
                self._run.take_document(entry["name"], entry["document"])
            if not result["complete"]:
                self._fetch_after(uid, int(result["next"]))
                return
            late = self._late
            self.stop()
            for name, document in late:
                self._run.take_document(name, document)
            self._run.loaded.emit()

        self._command("run_documents", {"after": number}, done, timeout_s=_TIMEOUT_S)
