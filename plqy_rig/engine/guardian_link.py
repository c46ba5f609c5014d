"""The engine's side of the guardian: starts it, beats, notices when it dies, starts it again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

log = logging.getLogger(__name__)

BEAT_INTERVAL_S = 0.25
_READY_TIMEOUT_S = 15.0
_ANSWER_TIMEOUT_S = 10.0
"""A guardian that doesn't answer for so long hangs, or was stopped: a new one takes its place."""
_GOODBYE_TIMEOUT_S = 2.0
_PAUSE_BEFORE_RESTART_S = 0.2


class Guardian(Protocol):
    """What the engine needs of its guardian."""

    @property
    def watching(self) -> bool:
        """Get whether a guardian watches now."""
        ...

    @property
    def lost(self) -> bool:
        """Get whether it is missing; the first one has a while to begin."""
        ...

    def tell_folder(self, folder: Path) -> None:
        """Say where its log shall go."""
        ...

    def wait_until_watching(self, timeout_s: float = _READY_TIMEOUT_S) -> bool:
        """Wait for it to be ready; returns whether it is."""
        ...

    def close(self, *, all_well: bool) -> None:
        """Send it away; without `all_well` it acts as soon as this program has ended."""
        ...


class NoGuardian:
    """Where there is none: on systems without the means, and in tests."""

    watching = True
    lost = False

    def tell_folder(self, folder: Path) -> None:
        """Nobody listens."""

    def wait_until_watching(self, timeout_s: float = _READY_TIMEOUT_S) -> bool:
        """Nothing to wait for."""
        return True

    def close(self, *, all_well: bool) -> None:
        """Nothing to do."""


class GuardianLink:
    """A guardian process and the thread that beats for it.

    Starting costs the engine nothing: nobody waits before `wait_until_watching`. The beats say that the
    program can still run its threads; that a step takes too long is the engine's own affair.
    """

    def __init__(self, rig_path: Path, patience_s: float, tell: Callable[[str], None]) -> None:
        """Start the first guardian.

        Args:
            rig_path: the rig file.
            patience_s: real seconds of silence after which it acts.
            tell: takes a sentence when a guardian was lost and replaced.
        """
        self._rig_path = rig_path
        self._patience_s = patience_s
        self._tell = tell
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._watching = threading.Event()
        self._watched = False
        self._made_s = time.monotonic()
        self._closing = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._run, name="guardian beat", daemon=True)
        self._thread.start()

    @property
    def watching(self) -> bool:
        """Get whether a guardian watches now."""
        return self._watching.is_set()

    @property
    def lost(self) -> bool:
        """Get whether it is missing; the first one has a while to begin."""
        return not self.watching and (self._watched or time.monotonic() - self._made_s > _READY_TIMEOUT_S)

    @property
    def process_id(self) -> int:
        """Get the number of the present guardian's process."""
        return self._process.pid

    def wait_until_watching(self, timeout_s: float = _READY_TIMEOUT_S) -> bool:
        """Wait for the guardian to be ready; returns whether it is."""
        return self._watching.wait(timeout_s)

    def tell_folder(self, folder: Path) -> None:
        """Say where its log shall go, now and after a restart."""
        self._folder = folder
        self._send(folder=str(folder))

    def close(self, *, all_well: bool) -> None:
        """Send it away; callable twice.

        Args:
            all_well: False leaves it watching: it acts when this program ends, with the connections of
                this program out of its way.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join(_GOODBYE_TIMEOUT_S)
        if not all_well:
            # The end of this program closes the pipe, which is what it waits for.
            self._send(beat=_FOR_EVER_S)
            return
        self._send(goodbye=True)
        _reap(self._process)

    def _start(self, *patience: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            # -P: a folder "plqy_rig" where the user happens to stand must not be taken for the program.
            [sys.executable, "-P", "-m", "plqy_rig.engine.guardian", str(self._rig_path), *patience],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C and a closed terminal are for the engine; the guardian outlives it.
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        self._answered_s = time.monotonic()
        return process

    def _run(self) -> None:
        while not self._closing.wait(BEAT_INTERVAL_S if self.watching else BEAT_INTERVAL_S / 10):
            lost = self._listen()
            if self._process.poll() is not None or lost:
                self._replace(lost or f"it ended with {self._process.returncode}")
            elif self.watching:
                self._send(beat=self._patience_s)

    def _listen(self) -> str:
        """Read its answers; returns why it counts as lost, empty as long as it doesn't."""
        output = self._process.stdout
        assert output is not None
        with contextlib.suppress(BlockingIOError):
            received = os.read(output.fileno(), 4096)
            if not received:
                return "it closed its output"
            self._answered_s = time.monotonic()
            if not self.watching:
                self._send(beat=self._patience_s)
                if self._folder is not None:
                    self._send(folder=str(self._folder))
                self._watched = True
                self._watching.set()
        if time.monotonic() - self._answered_s > _ANSWER_TIMEOUT_S:
            return f"it didn't answer for {_ANSWER_TIMEOUT_S:g} s"
        return ""

    def _replace(self, why: str) -> None:
        self._watching.clear()
        self._tell(f"The guardian was lost ({why}); another one is being started.")
        self._process.kill()
        _reap(self._process)
        while not self._closing.wait(_PAUSE_BEFORE_RESTART_S):
            try:
                # This program may be stopped before it has heard of the new one, with light on the sample.
                self._process = self._start(str(self._patience_s))
            except OSError as error:
                # No room for a process, or for open files: a thread that ended here would never try again.
                log.warning("no guardian could be started: %s", error)
            else:
                return

    def _send(self, **message: Any) -> None:
        """Send one line; never waits: a guardian that doesn't read will be replaced."""
        stream = self._process.stdin
        if stream is None or stream.closed:
            return
        with self._lock, contextlib.suppress(OSError):
            os.write(stream.fileno(), json.dumps(message).encode() + b"\n")


_FOR_EVER_S = 86400.0


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that ends, and close its pipes."""
    try:
        process.wait(_GOODBYE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def start_guardian(rig_path: Path, patience_s: float, tell: Callable[[str], None]) -> Guardian:
    """Start the guardian of a rig; where the system can't have one, that is told."""
    if sys.platform == "win32":
        tell("There is no guardian on this system: nobody makes the rig safe if this program is killed.")
        return NoGuardian()
    return GuardianLink(rig_path, patience_s, tell)
