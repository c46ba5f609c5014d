"""What the guardian does when its engine is gone: opens the instruments, makes them safe, writes it down."""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from drivers.clock import Clock
from drivers.errors import ConfigurationError, SafetyError
from drivers.protocols import Instrument
from plqy_rig.config import RigConfiguration, check_rig_text
from plqy_rig.rig import Connect, Connections, make_safe_connecting
from plqy_rig.safe_state import SafeVerdict

log = logging.getLogger(__name__)

LOG_NAME = "guardian.log"
_ATTEMPTS = 2
_CONNECT_PATIENCE_S = 6.0
"""How long an instrument may stay busy: the system takes a moment to close what a dead program held."""
_BENCH_TIMEOUT_S = 2.0


def act(rig_path: Path, rig_text: str, folder: Path | None, why: str) -> int:
    """Make a rig safe from scratch; returns 0 when that was verified, else 4.

    Args:
        rig_path: the rig file, for messages.
        rig_text: its text as it was when the engine began; it may have been changed or deleted since.
        folder: the run folder, for the log.
        why: why it has to be done.
    """
    _log_to(folder)
    log.warning("acting: %s", why)
    try:
        configuration = check_rig_text(rig_text, rig_path)
    except ConfigurationError as error:
        log.critical("NOT SAFE: %s", error)
        return 4
    try:
        return _make_safe(configuration)
    except Exception:
        log.exception("failed in an unforeseen way; trying again")
        return _make_safe(configuration)


def _make_safe(configuration: RigConfiguration) -> int:
    speed = configuration.bench.speed if configuration.bench else 1.0
    connections = Connections(configuration, Clock(speed))

    def connect(name: str) -> Instrument:
        if configuration.bench is not None:
            _require_bench(configuration.bench.console)
        instrument: Instrument = getattr(connections, name)()
        return instrument

    return 0 if attempts(connect).safe else 4


def attempts(connect: Connect, sleep: Callable[[float], None] = time.sleep) -> SafeVerdict:
    """Try the whole list, and once more if anything could not be verified; logs every verdict."""
    for attempt in range(1, _ATTEMPTS + 1):
        verdict = make_safe_connecting(connect, patience_s=_CONNECT_PATIENCE_S, sleep=sleep)
        log.log(logging.WARNING if verdict.safe else logging.CRITICAL, "attempt %d: %s", attempt, verdict)
        if verdict.safe:
            break
    return verdict


def _require_bench(console: str) -> None:
    """A bench that has ended has no light; its serial lines may be another bench's by now.

    Raises:
        SafetyError: it has ended.
    """
    host, _, port = console.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_BENCH_TIMEOUT_S).close()
    except OSError as error:
        raise SafetyError("the simulated bench has ended") from error


def _log_to(folder: Path | None) -> None:
    """Log into the run folder, or into the user's log folder where there is no run yet."""
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    for place in (folder, Path(platformdirs.user_log_dir("plqy-rig")), Path(tempfile.gettempdir())):
        if place is None:
            continue
        try:
            if place is not folder:
                place.mkdir(parents=True, exist_ok=True)
            handler = logging.FileHandler(place / LOG_NAME, encoding="utf-8")
        except OSError:
            continue
        handler.setFormatter(form)
        logging.basicConfig(level=logging.INFO, handlers=[handler])
        logging.getLogger("pymeasure").setLevel(logging.WARNING)
        return
