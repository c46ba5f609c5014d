"""Emergency off, whatever state the host is in.

    1. ask the host, on a connection of its own; it must answer within `ANSWER_TIMEOUT_S`
    2. no answer: end the host's process hard, so that its guardian makes the rig safe
    3. make the rig safe ourselves (`plqy safe`), which waits for the guardian and verifies every step

Blocks; runs in a thread of its own, which nothing else in the window uses.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import RigError
from plqy_rig.gui.host_link.wire import Client, Connect, connect_to_host

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 1.5
"""Real seconds until a host that says nothing counts as hanging."""
VERDICT_TIMEOUT_S = 20.0
"""Real seconds that a host which did answer has for the verdict: the wheel has to turn."""
SAFE_TIMEOUT_S = 90.0
BENCH_END_TIMEOUT_S = 5.0
"""Real seconds until a bench that still answers isn't taken for one that ends."""

_LIGHT_IS_BEING_TAKEN_OFF = frozenset({"aborting", "aborted", "failed", "interrupted"})


@dataclass(frozen=True)
class EmergencyOutcome:
    """What became of it.

    Attributes:
        safe: whether the safe state was verified.
        sentence: for the operator.
        steps: of the verdict: name, safe, problem.
        way: how it was done: by the host, or without it.
    """

    safe: bool
    sentence: str
    steps: tuple[Mapping[str, Any], ...] = ()
    way: str = "host"


_BENCH_ENDED = EmergencyOutcome(
    True, "The host was ended; its simulated bench ended with it: there is no light.", way="without the host"
)


class EmergencyOff:
    """One press of the button."""

    def __init__(
        self,
        address: Any,
        tell: Callable[[str], None],
        connect: Connect = connect_to_host,
        safe_command: Callable[[Path], list[str]] | None = None,
    ) -> None:
        """Nothing happens yet.

        Args:
            address: of the host, from `plqy_rig.server.discovery`.
            tell: takes sentences on how far it is; called in a thread.
            connect: makes a client.
            safe_command: command line that makes a rig safe; `plqy safe` when None.
        """
        self._address = address
        self._tell = tell
        self._connect = connect
        self._safe_command = safe_command or _safe_command
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._reply: dict[str, Any] | None = None
        self._console = _console_of(Path(address.rig))

    def run(self) -> EmergencyOutcome:
        """Do it; returns when there is a verdict. Never raises for what the rig or the host does."""
        self._tell("Asking the host to take the light off …")
        threading.Thread(target=self._ask, name="emergency off", daemon=True).start()
        if self._answered.wait(ANSWER_TIMEOUT_S):
            self._tell("The host takes the light off and verifies …")
            self._ended.wait(VERDICT_TIMEOUT_S)
        verdict = (self._reply or {}).get("verdict")
        if verdict is not None:
            return EmergencyOutcome(bool(verdict["safe"]), str(verdict["sentence"]), tuple(verdict["steps"]))
        return self._without_the_host()

    def _ask(self) -> None:
        client: Client | None = None
        try:
            client = self._connect(self._address, self._hear, lambda _: None)
            arguments = {"reason": "emergency off at the window"}
            self._reply = client.command("emergency_off", arguments, VERDICT_TIMEOUT_S)
            self._answered.set()
        except (RigError, OSError) as error:
            log.warning("emergency off: the host: %s", error)
        finally:
            self._ended.set()
            if client is not None:
                client.close()

    def _hear(self, event: dict[str, Any]) -> None:
        """A host whose engine is taking the light off has answered, even before its verdict."""
        state = event.get("state") or (event.get("engine") or {}).get("state")
        if event.get("event") in ("state", "engine") and state in _LIGHT_IS_BEING_TAKEN_OFF:
            self._answered.set()

    def _without_the_host(self) -> EmergencyOutcome:
        self._tell("The host doesn't answer: its process is being ended, its guardian makes the rig safe …")
        self._end_host()
        if self._bench_has_ended(within_s=0.0):
            return _BENCH_ENDED
        self._tell("Making the rig safe and verifying …")
        outcome = self._run_safe_command()
        if not outcome.safe and self._bench_has_ended(BENCH_END_TIMEOUT_S):
            return _BENCH_ENDED
        return outcome

    def _bench_has_ended(self, within_s: float) -> bool:
        """Whether the rig was a bench that its host had started: it ends with it, but takes its time."""
        if self._console is None:
            return False
        end_s = time.monotonic() + within_s
        while _somebody_listens(self._console):
            if time.monotonic() > end_s:
                return False
            time.sleep(0.1)
        return True

    def _end_host(self) -> None:
        pid = int(self._address.pid)
        if not _is_a_host(pid):
            log.warning("emergency off: process %d isn't a host any more", pid)
            return
        try:
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        except OSError as error:
            log.warning("emergency off: the host could not be ended: %s", error)

    def _run_safe_command(self) -> EmergencyOutcome:
        way = "without the host"
        command = self._safe_command(Path(self._address.rig))
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=SAFE_TIMEOUT_S,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return EmergencyOutcome(False, f"NOT SAFE: the rig could not be made safe: {error}", way=way)
        try:
            verdict = json.loads(done.stdout)
        except ValueError:
            said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            return EmergencyOutcome(False, f"NOT SAFE: {said[0].removeprefix('plqy: ')}", way=way)
        return EmergencyOutcome(bool(verdict["safe"]), str(verdict["sentence"]), tuple(verdict["steps"]), way)


def _safe_command(rig_path: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "plqy_rig.cli", "safe", "--rig", str(rig_path), "--json"]


def _is_a_host(pid: int) -> bool:
    """Whether a process number is still that of one of our programs, where the system can tell."""
    status = Path(f"/proc/{pid}/cmdline")
    if not Path("/proc/self/cmdline").exists():
        return True
    try:
        return b"plqy" in status.read_bytes()
    except OSError:
        return False


def _console_of(rig_path: Path) -> tuple[str, int] | None:
    """Where the console of a rig's bench is; None for a rig without one."""
    try:
        with rig_path.open("rb") as file:
            console = str(tomllib.load(file)["bench"]["console"])
        host, port = console.rsplit(":", 1)
        return host, int(port)
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _somebody_listens(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, timeout=1.0):
            return True
    except OSError:
        return False
