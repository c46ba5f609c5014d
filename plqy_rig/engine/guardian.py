"""The guardian: a small process that watches the engine and makes the rig safe when the engine can't.

Started as ``python -P -m plqy_rig.engine.guardian RIG_FILE [PATIENCE]``. The engine writes a line now and
then to its standard input; what isn't understood still counts as a sign of life:

    {"beat": 2.5}          I live; act if you hear nothing for 2.5 s
    {"folder": "..."}      the run folder, for the log
    {"act": "why"}         act now
    {"goodbye": true}      all is well, end

The guardian answers every line with one of its own. The end of the input without a goodbye means that the
engine is dead. Silence means that it hangs: then it is killed first, because it holds the instruments.
Nothing heavy is imported before there is something to do.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from plqy_rig.guardian_lock import guardian_at_work

_FIRST_PATIENCE_S = 60.0
"""Until the first beat: the engine is being imported and connects its instruments. One that takes another's
place is told the patience from the start: there is light already."""
_SECOND_LOOK_S = 0.2
_READ_SIZE = 1 << 16


class Watch:
    """What the guardian knows of its engine.

    Attributes:
        patience_s: real seconds of silence it bears.
        folder: the run folder, once there is one.
        act: why it has to act; empty as long as all is well.
        over: whether the engine said goodbye.
    """

    def __init__(self, patience_s: float = _FIRST_PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.folder: Path | None = None
        self.act = ""
        self.over = False

    def hear(self, line: bytes) -> None:
        """Take one line of the engine."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if isinstance(message.get("beat"), int | float):
            self.patience_s = float(message["beat"])
        if isinstance(message.get("folder"), str):
            self.folder = Path(message["folder"])
        if isinstance(message.get("act"), str):
            self.act = message["act"] or "the engine asked for it"
        self.over = self.over or bool(message.get("goodbye"))


def watch_engine(
    incoming: int, outgoing: int, kill: Callable[[], None], patience_s: float = _FIRST_PATIENCE_S
) -> Watch:
    """Watch until there is something to do or the engine says goodbye.

    Args:
        incoming: descriptor the engine's lines come from.
        outgoing: descriptor the answers go to.
        kill: kills a silent engine.
        patience_s: real seconds of silence it bears before the first beat.
    """
    watch, buffer = Watch(patience_s), b""
    _say(outgoing, b"ready\n")
    while not (watch.over or watch.act):
        # The second look is for a guardian that was stopped itself: what came meanwhile lies there.
        if not (_heard_within(incoming, watch.patience_s) or _heard_within(incoming, _SECOND_LOOK_S)):
            watch.act = f"the engine gave no sign of life for {watch.patience_s:g} s"
            kill()
            break
        received = os.read(incoming, _READ_SIZE)
        if not received:
            watch.act = "the engine is dead"
            break
        *lines, buffer = (buffer + received).split(b"\n")
        for line in lines:
            watch.hear(line)
        _say(outgoing, b".\n" * len(lines))
    return watch


def _heard_within(incoming: int, duration_s: float) -> bool:
    ready, _, _ = select.select([incoming], [], [], duration_s)
    return bool(ready)


def _say(outgoing: int, answer: bytes) -> None:
    try:
        os.write(outgoing, answer)
    except OSError:
        # The engine doesn't listen any more; the end of the input will tell whether it died. It may have
        # died before this process was ready, with the laser on: another guardian watched before.
        return


def kill_parent(engine: int) -> Callable[[], None]:
    """Make what kills the engine; only while it still is this process's parent, whose number is its own."""

    def kill() -> None:
        if os.getppid() == engine:
            os.kill(engine, getattr(signal, "SIGKILL", signal.SIGTERM))

    return kill


def main(arguments: list[str]) -> int:
    """Watch, and act if need be; returns the exit code: 0 all well or made safe, 4 not verified."""
    rig_path = Path(arguments[0])
    rig_text = rig_path.read_text(encoding="utf-8")  # the file may be gone when it is needed
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    patience_s = float(arguments[1]) if len(arguments) > 1 else _FIRST_PATIENCE_S
    watch = watch_engine(sys.stdin.fileno(), sys.stdout.fileno(), kill_parent(os.getppid()), patience_s)
    if not watch.act:
        return 0
    # At once: whoever starts now has to find the lock, and what is imported next takes its time.
    with guardian_at_work(rig_path):
        from plqy_rig.engine.guardian_acts import act

        return act(rig_path, rig_text, watch.folder, watch.act)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
