"""`plqy serve`: a host with its server, until it is told to end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import ConfigurationError, RunAbortedError, SafetyError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchRequest
from plqy_rig.commands.run_view import Signals, noted_signals
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.host import RigHost
from plqy_rig.rig import Rig
from plqy_rig.rig_lock import hold_rig
from plqy_rig.safe_state import SafeVerdict
from plqy_rig.server import HostAddress, RigServer
from plqy_rig.web import StatusServer, status_routes

_POLL_S = 0.05


def serve(
    rig_path: Path | None,
    bench_request: BenchRequest | None,
    out: Path,
    port: int,
    status_page: str | None,
    *,
    as_json: bool,
) -> None:
    """Serve a rig until a signal, or a face's `shutdown`, ends it.

    Args:
        rig_path: the rig file; or
        bench_request: the bench to start.
        out: default folder of runs.
        port: of the loopback interface; 0 takes a free one.
        status_page: ``HOST:PORT`` at which other machines may look; None: none may.
        as_json: whether the first line is one JSON object.

    Raises:
        RigHeldError: another program holds the rig.
        SafetyError: the rig couldn't be verified safe at the end.
        RigError: the host or its server can't begin.
    """
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"--port must be 0 (a free one) to 65535, got {port}")
    with (
        noted_signals() as signals,
        opened_rig_file(rig_path, bench_request) as rig_file,
        hold_rig(rig_file, "plqy serve"),
        Rig(rig_file) as rig,
    ):
        host = RigHost(rig, out.resolve())
        try:
            server = RigServer(host, port=port, extra_routes=status_routes)
            others = None if status_page is None else StatusServer(host, status_page)
        except BaseException:
            host.close()
            raise
        with server, others or contextlib.nullcontext():
            verdict = _serve(host, server, others, signals, as_json=as_json)
    if not verdict.safe:
        raise SafetyError(f"{verdict}. Check the instruments named.")
    if host.ended_a_run:
        raise RunAbortedError(f"the run was {host.end_reason}")


def _serve(
    host: RigHost, server: RigServer, others: StatusServer | None, signals: Signals, *, as_json: bool
) -> SafeVerdict:
    """Serve until the end; whatever happens, that is a verified safe state."""
    try:
        server.start()
        if others is not None:
            others.start()
            terminal.say(f"Status page for other machines: {others.url}")
        _announce(server.address, as_json=as_json)
        # In threads: a signal has to be heard also while an instrument hangs.
        threading.Thread(target=host.start, name="begin", daemon=True).start()
        while not host.end_asked.wait(_POLL_S):
            _act(signals, host)
    finally:
        closing = threading.Thread(target=host.close, name="end", daemon=True)
        closing.start()
        while closing.is_alive():
            closing.join(_POLL_S)
            _act(signals, host)
    verdict = host.close()
    _leave_dead_pipes()
    terminal.say(f"rig: {verdict}")
    return verdict


@dataclass(frozen=True)
class _End:
    """What signals end: the host."""

    host: RigHost

    def abort(self, reason: str) -> None:
        self.host.ask_to_end(reason)

    def emergency_off(self, reason: str) -> object:
        return self.host.emergency_off(reason)


def _act(signals: Signals, host: RigHost) -> None:
    _leave_dead_pipes()
    signals.act(_End(host))


def _leave_dead_pipes() -> None:
    """Whoever started the host may be gone, and nobody reads what it says: then it says it to nobody."""
    if not hasattr(select, "poll"):  # Windows: a pipe without a reader can't be told from one with
        return
    for number in (1, 2):
        look = select.poll()
        look.register(number, 0)
        if any(seen & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, seen in look.poll(0)):
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            os.close(nowhere)


def _announce(address: HostAddress, *, as_json: bool) -> None:
    """The one line that says that it is ready, and where."""
    if as_json:
        line = json.dumps(address.to_document())
    else:
        line = (
            f"Serving {address.rig_name} ({address.rig}), process {address.pid}: "
            f"attach with `plqy gui`, end with Ctrl-C. Status page: {address.status_url}"
        )
    # Whoever started this may be gone already: that is no reason to end.
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
