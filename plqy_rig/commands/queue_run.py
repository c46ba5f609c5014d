"""`plqy queue run`: the queue, one run after the other, until nothing is left; others may look on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from drivers.errors import ConfigurationError, RigError, RunAbortedError, SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchRequest
from plqy_rig.commands.queue import DEFAULT_OUT, WhichQueue, clock_words, print_queue, stored_document
from plqy_rig.commands.run_view import RunView, Signals, noted_signals
from plqy_rig.commands.shared_terminal import SharedTerminal
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile
from plqy_rig.host import RigHost
from plqy_rig.rig import Rig
from plqy_rig.rig_lock import hold_rig
from plqy_rig.run_queue import QueueState
from plqy_rig.server import RigServer
from plqy_rig.web import status_routes
from procedures import ConsoleHands, Operator

_POLL_S = 0.05


class QueueFailedError(RigError):
    """Entries of the queue failed, or it stopped before its end."""


@dataclass(frozen=True)
class Ending:
    """How a night ended.

    Attributes:
        queue: the last look at it.
        reason: why it stopped.
        ended_by: the signal or face that ended it; empty when it came to its end by itself.
        safe: whether the rig was verified safe at the end.
        verdict: that, in words.
    """

    queue: Mapping[str, Any]
    ended_by: str
    safe: bool
    verdict: str


def run(
    which: WhichQueue,
    bench_request: BenchRequest | None,
    *,
    purge_confirmed: bool,
    operator_patience_s: float,
    as_json: bool,
) -> None:
    """Run the queue until nothing is left, somebody ends it, or the rig isn't verified safe.

    Raises:
        SafetyError: the rig wasn't verified safe; the queue stopped there.
        RunAbortedError: a signal ended it.
        QueueFailedError: entries failed, or it stopped early.
    """
    if which.rig is None and bench_request is None:
        raise ConfigurationError("give either --rig FILE (the real rig) or --sim (a simulated bench)")
    with (
        noted_signals() as signals,
        opened_rig_file(which.rig, bench_request) as rig_file,
        hold_rig(rig_file, "plqy queue run"),
        Rig(rig_file) as rig,
    ):
        if rig.failures:
            terminal.say(str(rig.make_safe()))
        rig.require_all()
        host = RigHost(rig, DEFAULT_OUT.resolve())
        try:
            server = RigServer(host, extra_routes=status_routes)
        except BaseException:
            host.close()
            raise
        with server:
            night = _Night(host, signals)
            before = {entry["id"] for entry in _entries(host) if entry["status"] in _ENDED}
            if purge_confirmed:
                host.engine.confirm_purge()
            ending = night.run(server, _operator(rig_file), operator_patience_s)
    if ending.ended_by:
        # The entry it was at has been put back since.
        with which.open() as store:
            entries = stored_document(store)["entries"]
        ending = replace(ending, queue={**ending.queue, "entries": entries, "reason": ending.ended_by})
    _tell(ending, as_json=as_json)
    _raise_ending(ending, [one for one in ending.queue["entries"] if one["id"] not in before])


_ENDED = ("finished", "failed", "skipped", "aborted")


def _entries(host: RigHost) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = host.queue.runner.snapshot()["entries"]
    return entries


class _Night:
    """The host with its signals, from the safe state to the safe state."""

    def __init__(self, host: RigHost, signals: Signals) -> None:
        self._host = host
        self._signals = signals
        self._told = ""

    def run(self, server: RigServer, operator: Operator, operator_patience_s: float) -> Ending:
        """Run the queue and end."""
        host, runner = self._host, self._host.queue.runner
        try:
            server.start()
            terminal.say(f"attach with `plqy gui`; status page: {server.address.status_url}")
            host.start()
            if isinstance(operator, SharedTerminal):
                operator.unasked = runner.operator_is_here
            with terminal.progress_view() as progress:
                host.engine.subscribe(RunView(progress).hear)
                host.queue.start(operator, operator_patience_s)
                while not runner.wait(_POLL_S) and not host.end_asked.is_set():
                    self._signals.act(_End(host))
                    self._tell_entry()
            queue = runner.snapshot()
        finally:
            self._close()
        verdict = host.close()
        return Ending(queue, host.end_reason, verdict.safe, str(verdict))

    def _close(self) -> None:
        """In a thread: a signal has to be heard also while an instrument hangs."""
        closing = threading.Thread(target=self._host.close, name="end", daemon=True)
        closing.start()
        while closing.is_alive():
            closing.join(_POLL_S)
            self._signals.act(_End(self._host))

    def _tell_entry(self) -> None:
        current = self._host.queue.runner.current
        if current is None or f"{current} {current.attempts}" == self._told:
            return
        self._told = f"{current} {current.attempts}"
        finish_s = next(
            (one["predicted_finish_s"] for one in _entries(self._host) if one["id"] == current.id), None
        )
        terminal.say(f"{current}, attempt {current.attempts}: expected to end at {clock_words(finish_s)}")


@dataclass(frozen=True)
class _End:
    """What signals end: the host; the entry it is at goes on at the next start."""

    host: RigHost

    def abort(self, reason: str) -> None:
        """End it."""
        self.host.ask_to_end(reason)

    def emergency_off(self, reason: str) -> object:
        """End it without waiting."""
        return self.host.emergency_off(reason)


def _operator(rig_file: RigFile) -> Operator:
    bench = rig_file.configuration.bench
    return SharedTerminal(sys.stderr, sys.stdin) if bench is None else ConsoleHands(bench.console)


def _tell(ending: Ending, *, as_json: bool) -> None:
    if as_json:
        terminal.print_json({**ending.queue, "safe": ending.safe})
    else:
        print_queue({"entries": ending.queue["entries"]})
        if ending.queue["reason"]:
            terminal.say(f"queue: {ending.queue['reason']}")
    terminal.say(f"rig: {ending.verdict}")


def _raise_ending(ending: Ending, entries: list[dict[str, Any]]) -> None:
    queue = ending.queue
    if queue["not_safe"] or not ending.safe:
        raise SafetyError(f"{queue['reason']}. The queue stopped; check the instruments named.")
    if ending.ended_by:
        raise RunAbortedError(f"the queue was {ending.ended_by}; it goes on with `plqy queue run`")
    if queue["state"] == QueueState.PAUSED:
        raise QueueFailedError(f"the queue stopped: {queue['reason']}")
    failed = [entry for entry in entries if entry["status"] in ("failed", "aborted")]
    if failed:
        sentences = "\n  ".join(
            f"entry {entry['id']} ({entry['name']}): {entry['message']}" for entry in failed
        )
        raise QueueFailedError(f"{len(failed)} of the entries failed:\n  {sentences}")
